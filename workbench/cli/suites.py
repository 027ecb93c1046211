"""Commands on suites: what there is, whether it can be asked, and fetching items for offline use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, table
from workbench.errors import InputError, NotFoundError
from workbench.projects import Project, find_project

SuiteName = Annotated[str, typer.Argument(help="Suite name or YAML file.")]


def register(app: typer.Typer) -> None:
    """Mount ``suites`` on ``workbench``."""
    suites = typer.Typer(help="Suites: list, show, check, and fetch items.", no_args_is_help=True)
    for name, function in (
        ("list", list_command),
        ("show", show_command),
        ("check", check_command),
        ("fetch", fetch_command),
    ):
        command(suites, name)(function)
    app.add_typer(suites, name="suites")


def list_command(project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """List the suites: the project's own and those that are shipped."""
    from workbench.suites import load_suite, suite_names

    _ = as_json
    here = _project(project)
    rows = []
    for name in suite_names(here):
        suite = load_suite(name, here)
        rows.append({"suite": name, "tasks": len(suite.file.tasks), "doc": suite.file.doc})
    shown = [[row["suite"], row["tasks"], row["doc"]] for row in rows]
    return Answer({"suites": rows}, table(shown, ["suite", "tasks", "what it asks"]))


def show_command(suite: SuiteName, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Show a suite's tasks with roles, margins and the files they read."""
    from workbench.suite_data.checking import suite_overview
    from workbench.suites import load_suite

    _ = as_json
    data = suite_overview(load_suite(suite, _project(project)))
    shown = [
        [row["task"], row["role"], row["kind"], row["margin"], row["limit"] or "all", len(row["files"])]
        for row in data["tasks"]
    ]
    head = f"{data['suite']}: {data['doc']}".rstrip(": ")
    return Answer(data, f"{head}\n\n" + table(shown, ["task", "role", "kind", "margin", "items", "files"]))


def check_command(suite: SuiteName, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Load every task of a suite as an evaluation would; exit 1 when one cannot be asked."""
    from workbench.suite_data.checking import check_suite
    from workbench.suites import load_suite

    _ = as_json
    here = _project(project)
    found = load_suite(suite, here)
    rows = check_suite(found, here)
    shown = [
        [
            row["task"],
            "ok" if row["ok"] else "NO",
            row.get("items", ""),
            row.get("metric") or "",
            row["problem"],
        ]
        for row in rows
    ]
    failed = [row for row in rows if not row["ok"]]
    advice = "".join(f"\n{row['task']}: {row['remedy']}" for row in failed if row["remedy"])
    text = table(shown, ["task", "ok", "items", "score", "problem"]) + advice
    return Answer({"suite": found.name, "ok": not failed, "tasks": rows}, text, 1 if failed else 0)


def fetch_command(
    tasks: Annotated[list[str], typer.Argument(help="Tasks, groups or tags of the harness.")],
    to: Annotated[Path, typer.Option("--to", help="Folder to write to.")],
    file: Annotated[
        list[str] | None,
        typer.Option("--file", help="Rows at hand instead of a download, as split=FILE; one task only."),
    ] = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the items of harness tasks as JSONL with SHA-256, to be read without a network."""
    from workbench.suite_data.fetching import fetch_from_files, fetch_task

    _ = as_json
    files = _files(file or [])
    if files and len(tasks) != 1:
        raise InputError("--file goes with one task", remedy="fetch the tasks one by one")
    rows = []
    for task in tasks:
        found = fetch_from_files(task, files, to) if files else fetch_task(task, to)
        rows.append(
            {
                "task": task,
                "manifest": str(found.manifest),
                "subtasks": len(found.leaves),
                "files": len(found.sha256),
            }
        )
    text = "\n".join(f"{row['task']}: {row['files']} files, {row['manifest']}" for row in rows)
    return Answer({"fetched": rows}, f"{text}\nread them with `data: {to}` in a suite")


def _files(given: list[str]) -> dict[str, Path]:
    files = {}
    for entry in given:
        split, separator, path = entry.partition("=")
        if not separator or not split or not path:
            raise InputError(f"'{entry[:60]}' is no split=FILE", remedy="write test=items.jsonl")
        files[split] = Path(path)
    return files


def _project(given: Path | None) -> Project | None:
    """The project, if there is one: shipped suites can be looked at without."""
    try:
        return find_project(given)
    except NotFoundError:
        if given is not None:
            raise
        return None
