"""Commands on coverage: gaps and splits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.answers import (
    Answer,
    JsonOption,
    ProjectOption,
    Ref,
    command,
    counted,
    opened,
    printable,
    table,
)
from workbench.files import write_text


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (
        ("gaps", gaps),
        ("split", split_command),
    ):
        command(app, name)(function)


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
    rows = [[gap.severity, gap.kind, printable(gap.title), gap.want] for gap in found]
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
    return Answer(result.as_dict(), f"{result.dataset}: " + counted(result.rows))
