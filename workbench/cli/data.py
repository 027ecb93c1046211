"""Commands on data: import, look, propose, review, publish, gaps, split, export-data."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress, run_watcher
from workbench.errors import InputError
from workbench.files import write_text

Ref = Annotated[str, typer.Argument(help="Dataset, as name or name@v0001.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (
        ("import", import_command),
        ("datasets", datasets),
        ("show", show),
        ("sample", sample),
        ("diff", diff_command),
        ("propose", propose),
        ("findings", findings),
        ("review", review),
        ("publish", publish_command),
        ("restore", restore_command),
        ("gaps", gaps),
        ("split", split_command),
        ("export-data", export_data),
    ):
        command(app, name)(function)


def import_command(
    files: Annotated[
        list[Path], typer.Argument(help="Files: .jsonl .json .csv .tsv .parquet, also .gz .zst.")
    ],
    name: Annotated[str, typer.Option("--name", help="Dataset to write.")],
    format: Annotated[str | None, typer.Option("--format", help="Format, if detection is wrong.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="role=column, for example user=question.")
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Keep the rows the dataset has.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Import files as a new dataset version; bad rows go to a rejects file."""
    from workbench.importing import import_files

    _ = as_json
    with progress("import") as tell:
        result = import_files(
            opened(project),
            files,
            name,
            format=format,
            mapping=_mapping(mapping),
            append=append,
            progress=lambda rows: tell("rows", rows, 0),
        )
    text = f"{result.dataset}: read as {result.format}, {result.rows_in} rows in, {result.rows_out} out"
    if result.rejects:
        text += f"\n{result.rejects} rejected, with reasons: {result.rejects_path}"
    if result.duplicates_of_existing:
        text += f"\n{result.duplicates_of_existing} rows were known already"
    return Answer(result.as_dict(), text)


def datasets(project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """List datasets and their versions."""
    from workbench.versions import dataset_names, dataset_versions

    _ = as_json
    here = opened(project)
    rows = [
        {
            "dataset": d.ref,
            "rows": d.rows,
            "made_by": d.manifest["origin"]["verb"],
            "parent": d.manifest["parent"],
        }
        for name in dataset_names(here)
        for d in dataset_versions(here, name)
    ]
    heads = ["dataset", "rows", "made_by", "parent"]
    text = table([[row[head] for head in heads] for row in rows], heads) if rows else "no dataset yet"
    return Answer({"datasets": rows}, text)


def show(ref: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Show one version: its manifest and the counts of its findings."""
    from workbench.findings import finding_counts
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    dataset = open_dataset(here, ref)
    counts = finding_counts(here, dataset)
    text = json.dumps(dataset.manifest, indent=2, ensure_ascii=False)
    if counts:
        text += "\n\n" + table([list(row.values()) for row in counts], list(counts[0]))
    return Answer({"dataset": dataset.ref, "manifest": dataset.manifest, "findings": counts}, text)


def sample(
    ref: Ref,
    rows: Annotated[int, typer.Option("--rows", min=1, max=1000, help="How many.")] = 5,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Print the first examples of a version."""
    from workbench.examples import full_text
    from workbench.versions import open_dataset

    _ = as_json
    dataset = open_dataset(opened(project), ref)
    examples = list(itertools.islice(dataset.examples(), rows))
    text = "\n\n".join(
        f"── {e['id']} ({e['label'] or 'no label'})\n{_printable(full_text(e))}" for e in examples
    )
    return Answer({"dataset": dataset.ref, "examples": examples}, text)


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


def propose(
    ref: Ref,
    recipe: Annotated[str, typer.Option("--recipe", help="Recipe name or YAML file.")] = "default",
    engine: Annotated[str, typer.Option("--engine", help="Where steps run: local.")] = "local",
    sample_rows: Annotated[
        int | None, typer.Option("--sample", min=1, help="Preview on the first rows; nothing is written.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Worker processes.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once; see `workbench runs`.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Run a recipe over a version; every step proposes, nothing is changed."""
    from workbench.runs import start_run, wait_run
    from workbench.starting import create_proposal, preview_counts

    _ = as_json
    here = opened(project)
    if engine != "local":
        raise InputError(f"the engine '{engine}' is not in this version", remedy="use --engine local")
    if sample_rows:
        found = preview_counts(here, ref, recipe, sample_rows)
        return Answer(
            found, table([[s["step"], s["findings"]] for s in found["steps"]], ["step", "findings"])
        )
    run = create_proposal(here, ref, recipe, workers)
    start_run(run)
    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}")
    with progress("propose") as tell:
        result = wait_run(run, run_watcher(tell))
    data = {"dataset": result["dataset"], "run": run.id, "steps": result["steps"]}
    rows = [[s["step"], s["findings"], _counts(s["by_proposal"]), s["seconds"]] for s in result["steps"]]
    text = table(rows, ["step", "findings", "proposals", "seconds"])
    return Answer(data, f"{text}\n\nlook at them with `workbench findings {result['dataset']}` or in the app")


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


def restore_command(ref: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Undo: make an older version the newest one again."""
    from workbench.publishing import restore

    _ = as_json
    dataset = restore(opened(project), ref)
    return Answer({"dataset": dataset.ref, "rows": dataset.rows}, f"{dataset.ref} holds the rows of {ref}")


def gaps(
    ref: Ref,
    reference: Annotated[str, typer.Option("--reference", help="Dataset of what users really ask.")],
    embedder: Annotated[str, typer.Option("--embedder", help="auto, minilm, lexical or a model.")] = "auto",
    brief: Annotated[
        Path | None, typer.Option("--brief", help="Write a collection brief (Markdown).")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Find edge cases that the reference has and the data lacks."""
    from workbench.gaps import collection_brief, find_gaps
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    found = find_gaps(here, open_dataset(here, ref), open_dataset(here, reference), embedder)
    if brief:
        write_text(brief, collection_brief(found))
    rows = [[gap.severity, gap.kind, _printable(gap.title), gap.want] for gap in found]
    text = table(rows, ["severity", "kind", "gap", "collect"]) if found else "no gap found"
    return Answer({"gaps": [gap.as_dict() for gap in found]}, text)


def split_command(
    ref: Ref,
    validation: Annotated[float, typer.Option("--validation", help="Share held out during training.")] = 0.1,
    test: Annotated[float, typer.Option("--test", help="Share never trained on.")] = 0.1,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the next version with splits; groups and duplicates stay on one side."""
    from workbench.splits import split
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    result = split(here, open_dataset(here, ref), validation=validation, test=test, seed=seed)
    return Answer(result.as_dict(), f"{result.dataset}: " + _counts(result.rows))


def export_data(
    ref: Ref,
    format: Annotated[
        str, typer.Option("--format", help="messages, sharegpt, alpaca, trl, openai, parquet.")
    ],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write a version's rows in a format that other tools read."""
    from workbench.formats.writers import write_examples
    from workbench.versions import open_dataset

    _ = as_json
    count = write_examples(open_dataset(opened(project), ref).examples(), format, out)
    return Answer({"rows": count, "path": str(out)}, f"{count} rows in {out}")


def _mapping(pairs: list[str] | None) -> dict[str, str] | None:
    if not pairs:
        return None
    mapping = {}
    for pair in pairs:
        role, separator, column = pair.partition("=")
        if not separator or not role or not column:
            raise InputError(f"'{pair[:60]}' is not role=column", remedy="for example --map user=question")
        mapping[role] = column
    return mapping


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
