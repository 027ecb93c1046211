"""Commands on data: import, look at versions, export."""

from __future__ import annotations

import itertools
import json
from typing import Annotated

import typer

from workbench.cli.answers import (
    Answer,
    JsonOption,
    ProjectOption,
    Ref,
    command,
    opened,
    printable,
    table,
)
from workbench.cli.progress import progress
from workbench.errors import InputError


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (
        ("import", import_command),
        ("datasets", datasets),
        ("show", show),
        ("sample", sample),
        ("export-data", export_data),
    ):
        command(app, name)(function)


def import_command(
    name: Annotated[str, typer.Option("--name", help="Dataset to write.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files: .jsonl .json .csv .tsv .parquet, also .gz .zst; paths, URLs or patterns with *."
        ),
    ] = None,
    format: Annotated[str | None, typer.Option("--format", help="Format, if detection is wrong.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="role=column, for example user=question.")
    ] = None,
    append: Annotated[bool, typer.Option("--append", help="Keep the rows the dataset has.")] = False,
    from_hub: Annotated[
        str | None, typer.Option("--from-hub", help="Hugging Face data set: ORG/NAME, or a folder.")
    ] = None,
    config: Annotated[str | None, typer.Option("--config", help="Configuration of --from-hub.")] = None,
    split: Annotated[str | None, typer.Option("--split", help="Split of --from-hub (default: all).")] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Branch, tag or commit of --from-hub.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Import files as a new dataset version; bad rows go to a rejects file."""
    from workbench.formats.hub import hub_sources
    from workbench.importing import import_files

    _ = as_json
    if from_hub is None and (config or split or revision):
        raise InputError(
            "--config, --split and --revision go with --from-hub", remedy="name the data set with --from-hub"
        )
    here = opened(project)
    hub = hub_sources(from_hub, config, split, revision) if from_hub else []
    with progress("import") as tell:
        result = import_files(
            here,
            [*(files or []), *hub],
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
        f"── {e['id']} ({e['label'] or 'no label'})\n{printable(full_text(e))}" for e in examples
    )
    return Answer({"dataset": dataset.ref, "examples": examples}, text)


def export_data(
    ref: Ref,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="messages, trl, axolotl, sharegpt, llamafactory, alpaca, openai, azure, bedrock, "
            "bedrock-prompt, vertex, parquet or huggingface.",
        ),
    ],
    out: Annotated[str, typer.Option("--out", help="File, folder or URL to write.")],
    split: Annotated[str | None, typer.Option("--split", help="Only rows of this split.")] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only rows of this kind: sft, preference.")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Write nothing unless every row and the file obey the rules.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write a version's rows in a format that other tools and providers read."""
    from pathlib import Path

    from workbench.export.proof_card import canary_warning
    from workbench.formats.places import is_url
    from workbench.formats.writers import write_examples
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    dataset = open_dataset(here, ref)
    if not is_url(out):
        here.refuse_own(Path(out))
    told = canary_warning(dataset)
    result = write_examples(
        dataset.examples(), format, out, name=dataset.name, split=split, kind=kind, validate=validate
    )
    text = f"{result.rows} rows in {result.path}"
    if result.skipped:
        text += f"\n{result.skipped} rows left out, with reasons: {result.skipped_path}"
    warnings = [*result.warnings, *([told] if told else [])]
    lines = [text, *(f"warning: {one}" for one in warnings)]
    return Answer(result.as_dict() | {"warnings": warnings}, "\n".join(lines))


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
