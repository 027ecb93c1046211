"""Commands on findings: look, decide, publish, compare, restore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.answers import (
    Answer,
    JsonOption,
    ProjectOption,
    Ref,
    command,
    opened,
    table,
)
from workbench.cli.progress import progress
from workbench.errors import InputError
from workbench.files import write_text


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (
        ("findings", findings),
        ("review", review),
        ("publish", publish_command),
        ("diff", diff_command),
        ("restore", restore_command),
    ):
        command(app, name)(function)


def findings(
    ref: Ref,
    step: Annotated[str | None, typer.Option("--step", help="Only this step's.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind.")] = None,
    format: Annotated[str, typer.Option("--format", help="jsonl or parquet.")] = "jsonl",
    out: Annotated[Path | None, typer.Option("--out", help="File to write instead of stdout.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Print findings, one JSON object a line."""
    from workbench.findings import read_findings, write_findings
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    found = read_findings(here, open_dataset(here, ref), step=step, kind=kind)
    if format == "parquet":
        if out is None:
            raise InputError("parquet needs a file", remedy="add --out FILE")
        count = write_findings(out, found, "export")
        return Answer({"findings": count, "path": str(out)}, f"{count} findings in {out}")
    if format != "jsonl":
        raise InputError(f"unknown format '{format}'", remedy="use jsonl or parquet")
    lines = [json.dumps(finding.as_dict(), ensure_ascii=False) for finding in found]
    if out is None:
        return Answer({"findings": [json.loads(line) for line in lines]}, "\n".join(lines))
    write_text(out, "".join(line + "\n" for line in lines))
    return Answer({"findings": len(lines), "path": str(out)}, f"{len(lines)} findings in {out}")


def review(
    ref: Annotated[str | None, typer.Argument(help="Dataset, to sign decisions with.")] = None,
    accept: Annotated[list[str] | None, typer.Option("--accept", help="Finding to accept.")] = None,
    reject: Annotated[list[str] | None, typer.Option("--reject", help="Finding to overrule.")] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="Example to remove.")] = None,
    keep: Annotated[list[str] | None, typer.Option("--keep", help="Example never to remove.")] = None,
    undo: Annotated[list[str] | None, typer.Option("--undo", help="Finding or example to undecide.")] = None,
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
    who: Annotated[str | None, typer.Option("--who", help="Who decides (default: you).")] = None,
    export_to: Annotated[Path | None, typer.Option("--export", help="Write all decisions to a file.")] = None,
    import_from: Annotated[Path | None, typer.Option("--import", help="Add decisions from a file.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Record decisions about findings, or exchange them as a file. The page Review does the same."""
    from dataclasses import asdict

    from workbench.decisions import decide, import_decisions, read_decisions

    _ = as_json
    here = opened(project)
    count = import_decisions(here, import_from) if import_from else 0
    for action, ids, target in (
        ("accept", accept, "finding"),
        ("reject", reject, "finding"),
        ("drop", drop, "example"),
        ("keep", keep, "example"),
    ):
        count += decide(here, ids or [], action, dataset=ref or "", target=target, who=who, why=why)
    for identity in undo or []:
        target = (
            "example"
            if any(d.target == "example" and d.id == identity for d in read_decisions(here))
            else "finding"
        )
        count += decide(here, [identity], "undo", dataset=ref or "", target=target, who=who, why=why)
    decisions = [asdict(decision) for decision in read_decisions(here)]
    if export_to:
        write_text(export_to, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in decisions))
    return Answer(
        {"recorded": count, "decisions": len(decisions)},
        f"{count} decisions recorded, {len(decisions)} in all",
    )


def publish_command(ref: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Write the next version from findings and decisions."""
    from workbench.publishing import publish
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    with progress("publish") as tell:
        result = publish(
            here, open_dataset(here, ref), progress=lambda done, total: tell("rows", done, total)
        )
    rows = [["dropped", reason, count] for reason, count in result.dropped.items()]
    rows += [["edited", reason, count] for reason, count in result.edited.items()]
    text = f"{result.parent} → {result.dataset}: {result.rows_in} rows in, {result.rows_out} out"
    return Answer(result.as_dict(), text + ("\n" + table(rows, ["", "reason", "rows"]) if rows else ""))


def diff_command(
    old: Annotated[str, typer.Argument(help="Older version, name@v0001.")],
    new: Annotated[str, typer.Argument(help="Newer version, name@v0002.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say what is in one version and not in the other, and why."""
    from workbench.comparing import diff
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    found = diff(here, open_dataset(here, old), open_dataset(here, new))
    text = f"{found.old} → {found.new}: {found.same} the same, {found.removed} gone, {found.added} new"
    if found.reasons:
        text += "\n" + table([[reason, count] for reason, count in found.reasons.items()], ["reason", "rows"])
    return Answer(found.as_dict(), text)


def restore_command(ref: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Undo: make an older version the newest one again."""
    from workbench.publishing import restore

    _ = as_json
    dataset = restore(opened(project), ref)
    return Answer({"dataset": dataset.ref, "rows": dataset.rows}, f"{dataset.ref} holds the rows of {ref}")
