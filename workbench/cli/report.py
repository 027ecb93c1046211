"""Commands of the report: write it, sign it, and check that nothing has changed since."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.errors import InputError, NotFoundError

ReportPath = Annotated[Path, typer.Argument(help="A report's folder, or any file in it.")]
SHOWN = 20
keys = typer.Typer(name="keys", help="Keys that sign reports.", no_args_is_help=True, rich_markup_mode=None)


class Form(StrEnum):
    """What `workbench report` prints."""

    html = "html"
    json = "json"
    md = "md"


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "report")(report)
    command(app, "verify")(verify)
    app.add_typer(keys)


def report(
    run_id: Annotated[str | None, typer.Argument(help="Evaluation run id, or its beginning.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to.")] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Candidate (default: the last one).")] = None,
    form: Annotated[
        Form, typer.Option("--format", help="What to print: the path, the Markdown, or the JSON.")
    ] = Form.html,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of report.json.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the release report: one self-contained HTML file, its JSON, and Markdown."""
    from workbench.report.building import build_report
    from workbench.report.document import schema as report_schema
    from workbench.report.document import schema_text
    from workbench.runs import open_run

    _ = as_json
    if schema:
        return Answer(report_schema(), schema_text())
    if run_id is None:
        raise InputError("name an evaluation run", remedy="see `workbench runs`; --schema needs none")
    here = opened(project)
    found = build_report(here, open_run(here, run_id), out, arm)
    data = {
        "html": str(found.html),
        "json": str(found.json),
        "markdown": str(found.markdown),
        "chain": str(found.chain),
        "sha256": found.sha256,
        "verdict": found.verdict,
    }
    printed = {Form.md: found.markdown, Form.json: found.json}
    if form in printed:
        return Answer(data, printed[form].read_text(encoding="utf-8"))
    return Answer(data, f"{found.verdict}: {found.html}\nevidence chain {found.sha256}")


def verify(
    report_path: ReportPath,
    key: Annotated[
        str | None, typer.Option("--key", help="Public key that must have signed it: file, or its line.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say whether anything a report rests on has changed since: unchanged (exit 0), changed (1), incomplete (3)."""
    from workbench.projects import find_project
    from workbench.signing.verifying import verify_report

    _ = as_json
    try:
        root: Path | None = find_project(project or _beside(report_path)).root
    except NotFoundError:
        if project is not None:
            raise
        root = None
    found = verify_report(report_path, root, key)
    data = found.as_dict()
    return Answer(data, verification_text(data), found.exit_code)


@command(keys, "new")
def new_key_command(
    to: Annotated[Path, typer.Option("--to", help="Folder to write the two files to.")],
    name: Annotated[str, typer.Option("--name", help="Name of the files.")] = "report",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Keep the secret key in the clear.")
    ] = False,
    as_json: JsonOption = False,
) -> Answer:
    """Make an Ed25519 key: NAME.key stays with you, NAME.pub goes to whoever checks."""
    from workbench.signing.keys import new_key

    password = None if no_password else _password(as_json=as_json, again=True)
    made = new_key(to, name, password)
    data = {
        "secret": str(made.secret),
        "public": str(made.public),
        "key": made.key.name,
        "line": made.key.line(),
    }
    return Answer(data, f"secret key  {made.secret}\npublic key  {made.public}\n{made.key.line()}")


@command(keys, "sign")
def sign_command(
    report_path: ReportPath,
    key: Annotated[Path, typer.Option("--key", help="The secret key's file.")],
    by: Annotated[str, typer.Option("--by", help="Who signs.")],
    as_json: JsonOption = False,
) -> Answer:
    """Sign a report's chain: the signature stands beside it, and minisign can check it too."""
    from workbench.signing.keys import password_from, secret_is_locked
    from workbench.signing.verifying import sign_report

    password = password_from()
    if password is None and secret_is_locked(key):
        password = _password(as_json=as_json, again=False)
    path, public = sign_report(report_path, key, by, password)
    data = {"signature": str(path), "key": public.name, "line": public.line()}
    return Answer(data, f"signed by key {public.name}: {path}")


def verification_text(data: dict[str, Any]) -> str:
    """What became of a report, in words."""
    words = {
        "unchanged": f"UNCHANGED: all {data['files']} files are as they were",
        "changed": "CHANGED since the report was built",
        "incomplete": f"INCOMPLETE: {len(data['not_here'])} of {data['files']} files are not here to be checked",
    }
    lines = [words[data["verdict"]]]
    if data["chain_edited"]:
        lines.append("  the chain itself was edited")
    rows = [[state, name] for state in ("changed", "missing", "grown") for name in data[state][:SHOWN]]
    if data["verdict"] == "incomplete":
        lines.append("  name the project that it was made from with --project")
    signature = {
        "none": "not signed",
        "good": f"signature good: key {data['key']}, {_said(data['comment'])}",
        "bad": f"SIGNATURE DOES NOT HOLD: it names key {data['key']}",
        "not checked": f"signature by key {data['key']} not checked: name the public key with --key",
    }
    lines.append(f"  {signature[data['signature']]}")
    lines.append(f"  head of the chain {data['head']}")
    return "\n".join(lines) + ("\n\n" + table(rows, ["state", "file"]) if rows else "")


def _said(comment: str | None) -> str:
    return (comment or "").replace("\t", ", ")


def _beside(report_path: Path) -> Path:
    folder = report_path if report_path.is_dir() else report_path.parent
    return folder if folder.exists() else Path.cwd()


def _password(*, as_json: bool, again: bool) -> str:
    """The password from the environment, else asked for where somebody can answer."""
    from workbench.signing.keys import VARIABLE, password_from

    found = password_from()
    if found is None and not as_json and sys.stdin.isatty():
        found = str(typer.prompt("Password of the key", hide_input=True, confirmation_prompt=again))
    if not found:
        remedy = f"put it into {VARIABLE}" + (", or say --no-password" if again else "")
        raise InputError("the key needs a password", remedy=remedy)
    return found
