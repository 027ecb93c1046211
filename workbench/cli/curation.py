"""Commands on findings: look, decide, publish, compare, restore."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from workbench.files import write_text_lines

if TYPE_CHECKING:
    from workbench.projects import Project


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


Many = list[str] | None


def findings(
    ref: Ref,
    step: Annotated[Many, typer.Option("--step", help="Only this step's (may be repeated).")] = None,
    kind: Annotated[Many, typer.Option("--kind", help="Only this kind (may be repeated).")] = None,
    proposal: Annotated[
        Many, typer.Option("--proposal", help="Only drop, rewrite, tag, weight or flag (may be repeated).")
    ] = None,
    state: Annotated[
        Many,
        typer.Option("--state", help="Only waiting, accepted, overruled, 'row kept' or 'row dropped'."),
    ] = None,
    file: Annotated[Many, typer.Option("--file", help="Only about rows of this source file.")] = None,
    label: Annotated[Many, typer.Option("--label", help="Only about rows with this label.")] = None,
    min_score: Annotated[float | None, typer.Option("--min-score", help="Scores from here up.")] = None,
    max_score: Annotated[float | None, typer.Option("--max-score", help="Scores up to here.")] = None,
    where: Annotated[
        str, typer.Option("--where", help="More conditions: 'evidence.task=sums example=ID'.")
    ] = "",
    sort: Annotated[str, typer.Option("--sort", help="found, least-sure, surest or file.")] = "found",
    limit: Annotated[int | None, typer.Option("--limit", min=0, help="At most so many.")] = None,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many first.")] = 0,
    count: Annotated[
        str | None,
        typer.Option("--count-by", help="Counts instead, by step, kind, proposal, state, file or label."),
    ] = None,
    spans: Annotated[
        bool, typer.Option("--spans", help="Add where a duplicate differs from the row that stays.")
    ] = False,
    format: Annotated[str, typer.Option("--format", help="jsonl or parquet.")] = "jsonl",
    out: Annotated[Path | None, typer.Option("--out", help="File to write instead of stdout.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Print findings, one JSON object a line, or count them."""
    from workbench.explaining import with_differences
    from workbench.finding_filter import made_filter, parse_filter
    from workbench.finding_queries import as_contract, count_by, listed, stream_findings
    from workbench.findings import finding_files, write_findings
    from workbench.versions import open_dataset

    if format not in ("jsonl", "parquet"):
        raise InputError(f"unknown format '{format}'", remedy="use jsonl or parquet")
    if format == "parquet" and out is None:
        raise InputError("parquet needs a file", remedy="add --out FILE")
    if format == "parquet" and spans:
        raise InputError("spans are only written as jsonl", remedy="leave out --format parquet")
    given = {"step": step, "kind": kind, "proposal": proposal, "state": state, "file": file}
    given |= {"label": label}
    scores = {"min_score": min_score, "max_score": max_score}
    more = parse_filter(where).model_dump(exclude_unset=True)
    asked = {key: value for key, value in (*given.items(), *scores.items()) if value not in (None, [])}
    chosen = made_filter(more | asked)
    here = opened(project)
    dataset = open_dataset(here, ref)
    with listed(here, dataset) as connection, listed(here, dataset) as beside:
        if count is not None:
            columns = [name.strip() for name in count.split(",")]
            counts = count_by(connection, chosen, columns)
            rows = [list(row.values()) for row in counts]
            return Answer({"counts": counts}, table(rows, [*columns, "findings"]))
        batches = stream_findings(connection, chosen, order=sort, limit=limit, offset=offset)
        rows_found = (row for batch in batches for row in as_contract(batch))
        lines = with_differences(beside, rows_found) if spans else rows_found
        if not finding_files(here, dataset):
            raise InputError(
                f"there are no findings for {dataset.ref}",
                remedy=f"run `workbench propose {dataset.ref}` first",
            )
        if out is None:
            _print_findings(lines, as_json=as_json)
            raise typer.Exit(0)
        if format == "parquet":
            written = write_findings(out, batches, "export")
        else:
            written = write_text_lines(out, (json.dumps(row, ensure_ascii=False) for row in lines))
        return Answer({"findings": written, "path": str(out)}, f"{written} findings in {out}")


def _print_findings(found: Iterator[dict[str, Any]], *, as_json: bool) -> None:
    """Print findings once all are read, so that a damaged file gives an error and nothing else."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as whole:
        start, between, end = ('{"findings": [', ", ", "]}\n") if as_json else ("", "\n", "\n")
        whole.write(start)
        for number, row in enumerate(found):
            text = json.dumps(row, ensure_ascii=False)
            whole.write((between if number else "") + (text if as_json else _shown(text)))
        whole.write(end)
        whole.seek(0)
        shutil.copyfileobj(whole, sys.stdout)


def _shown(line: str) -> str:
    """A line of JSON with what a terminal would obey written as JSON's own escapes."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def review(
    ref: Annotated[
        str | None, typer.Argument(help="Dataset whose findings are meant, and decisions signed with.")
    ] = None,
    accept: Annotated[Many, typer.Option("--accept", help="Finding to accept.")] = None,
    reject: Annotated[Many, typer.Option("--reject", help="Finding to overrule.")] = None,
    drop: Annotated[Many, typer.Option("--drop", help="Example to remove.")] = None,
    keep: Annotated[Many, typer.Option("--keep", help="Example never to remove.")] = None,
    accept_where: Annotated[
        str | None,
        typer.Option(
            "--accept-where", help="Accept all findings of a filter: 'kind=template min_score=0.8'."
        ),
    ] = None,
    reject_where: Annotated[
        str | None, typer.Option("--reject-where", help="Overrule all findings of a filter.")
    ] = None,
    drop_where: Annotated[
        str | None, typer.Option("--drop-where", help="Remove the examples of all findings of a filter.")
    ] = None,
    keep_where: Annotated[
        str | None, typer.Option("--keep-where", help="Never remove the examples of a filter's findings.")
    ] = None,
    undo: Annotated[
        Many, typer.Option("--undo", help="Finding, example or bulk decision to undecide.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="The reason.")] = "",
    who: Annotated[str | None, typer.Option("--who", help="Who decides (default: you).")] = None,
    export_to: Annotated[Path | None, typer.Option("--export", help="Write all decisions to a file.")] = None,
    import_from: Annotated[Path | None, typer.Option("--import", help="Add decisions from a file.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Record decisions about findings, or exchange them as a file. The page Review does the same."""
    from workbench.decision_files import export_decisions, import_decisions
    from workbench.decisions import decide, read_decisions
    from workbench.decisions import undo as take_back
    from workbench.known_ids import check_ids

    _ = as_json
    here = opened(project)
    named = (
        ("accept", accept, "finding"),
        ("reject", reject, "finding"),
        ("drop", drop, "example"),
        ("keep", keep, "example"),
    )
    for _action, ids, target in named:
        if ids and ref:
            check_ids(here, ref.partition("@")[0], ids, target)
    count = import_decisions(here, import_from) if import_from else 0
    for action, ids, target in named:
        count += decide(here, ids or [], action, dataset=ref or "", target=target, who=who, why=why)
    filters = {"accept": accept_where, "reject": reject_where, "drop": drop_where, "keep": keep_where}
    bulk = _decide_filters(
        here, ref, {key: text for key, text in filters.items() if text is not None}, who, why
    )
    for identity in undo or []:
        count += take_back(here, identity, dataset=ref or "", who=who, why=why)
    count += sum(entry["count"] for entry in bulk)
    if export_to:
        export_decisions(here, export_to)
    lines = len(read_decisions(here))
    data = {"recorded": count, "decisions": lines} | ({"bulk": bulk} if bulk else {})
    text = f"{count} recorded; lines of decisions in all: {lines}"
    if export_to:
        text = f"{lines} lines of decisions are in {export_to}"
    told = [f"{entry['action']}: {entry['count']}, undo with --undo {entry['id']}" for entry in bulk]
    return Answer(data, "\n".join([text, *told]))


def _decide_filters(
    here: Project, ref: str | None, filters: dict[str, str], who: str | None, why: str
) -> list[dict[str, Any]]:
    from workbench.bulk import decide_where
    from workbench.finding_filter import parse_filter
    from workbench.versions import open_dataset

    if filters and ref is None:
        raise InputError("a filter needs a dataset", remedy="name it: workbench review NAME --accept-where …")
    asked = {action: parse_filter(text) for action, text in filters.items()}
    if any(chosen.is_empty for chosen in asked.values()):
        raise InputError("the filter is empty", remedy="to mean every finding, write min_score=0")
    bulk = []
    for action, chosen in asked.items():
        target = "finding" if action in ("accept", "reject") else "example"
        dataset = open_dataset(here, ref or "")
        done = decide_where(here, dataset, chosen, action, target=target, who=who, why=why)
        if done is not None:
            bulk.append({"action": action, "id": done.id, "count": done.count})
    return bulk


def publish_command(
    ref: Ref,
    vault: Annotated[
        Path | None,
        typer.Option(
            "--vault", help="Keep what is taken out in this file, encrypted with WORKBENCH_VAULT_KEY."
        ),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the next version from findings and decisions."""
    from workbench.publishing import publish
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    with progress("publish") as tell:
        result = publish(
            here,
            open_dataset(here, ref),
            progress=lambda done, total: tell("rows", done, total),
            vault=vault,
        )
    rows = [["dropped", reason, count] for reason, count in result.dropped.items()]
    rows += [["edited", reason, count] for reason, count in result.edited.items()]
    text = f"{result.parent} → {result.dataset}: {result.rows_in} rows in, {result.rows_out} out"
    return Answer(result.as_dict(), text + ("\n" + table(rows, ["", "reason", "rows"]) if rows else ""))


def diff_command(
    old: Annotated[str, typer.Argument(help="One version, name@v0001.")],
    new: Annotated[str, typer.Argument(help="The other, name@v0002; also of another dataset.")],
    examples: Annotated[int, typer.Option("--examples", min=0, max=100, help="Rows shown per reason.")] = 3,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say what is in one version and not in the other, why, and show some of the rows."""
    from workbench.comparing import diff
    from workbench.diff_rows import diff_rows, row_text
    from workbench.versions import open_dataset

    here = opened(project)
    found = diff(here, open_dataset(here, old), open_dataset(here, new), examples=examples)
    text = (
        f"{found.old} → {found.new}: {found.same} the same, {found.removed} gone, {found.added} new"
        f" ({found.edited} of them edited)"
    )
    for title, reasons in (("gone", found.reasons), ("new", found.added_reasons)):
        if reasons:
            text += "\n\n" + table([[reason, n] for reason, n in reasons.items()], [title, "rows"])
    shown: dict[str, list[str]] = {}
    for row in [] if as_json else diff_rows(here, found):
        shown.setdefault(row.reason, []).append(row_text(row))
    for reason, lines in shown.items():
        text += f"\n\n{reason}\n" + "\n".join(lines)
    return Answer(found.as_dict(), text)


def restore_command(ref: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Undo: make an older version the newest one again."""
    from workbench.publishing import restore

    _ = as_json
    dataset = restore(opened(project), ref)
    return Answer({"dataset": dataset.ref, "rows": dataset.rows}, f"{dataset.ref} holds the rows of {ref}")
