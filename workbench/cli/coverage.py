"""Commands on coverage: gaps and splits."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from workbench.splits import SplitResult, Stratum

SHOWN = 20


class Bond(StrEnum):
    """What keeps rows on one side."""

    group = "group"
    component = "component"
    conversation = "conversation"
    time = "time"


class Kind(StrEnum):
    """What is shared out evenly."""

    label = "label"
    cluster = "cluster"
    language = "language"


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
    by: Annotated[
        list[Bond] | None,
        typer.Option("--by", help="What keeps rows together (default: all but time); may be repeated."),
    ] = None,
    stratify: Annotated[
        list[Kind] | None,
        typer.Option("--stratify", help="What keeps its shares (default: label); may be repeated."),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Similarity from which two rows are near duplicates.")
    ] = 0.55,
    folds: Annotated[
        int | None, typer.Option("--folds", help="Deal the training side in so many folds.")
    ] = None,
    fold: Annotated[int, typer.Option("--fold", help="The fold to validate on, from 0.")] = 0,
    time_column: Annotated[
        str | None, typer.Option("--time-column", help="For --by time: meta.KEY (default: row order).")
    ] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", help="Split version, name@v2, whose sides or folds stay.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the next version with splits; what belongs together stays on one side."""
    from workbench.splits import split
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    chosen = {
        "by": None if by is None else [bond.value for bond in by],
        "stratify": None if stratify is None else [kind.value for kind in stratify],
        "folds": folds,
        "time_column": time_column,
        "keep": keep,
    }
    settings = {name: value for name, value in chosen.items() if value is not None}
    result = split(
        here,
        open_dataset(here, ref),
        validation=validation,
        test=test,
        threshold=threshold,
        fold=fold,
        seed=seed,
        **settings,
    )
    empty = [
        name
        for name, share in (("validation", validation), ("test", test))
        if share > 0 and not result.rows.get(name)
    ]
    warnings = [f"warning: no row is left for {name}; what belongs together is too large" for name in empty]
    return Answer(result.as_dict(), "\n".join([_told(result), *warnings]))


def _told(result: SplitResult) -> str:
    """The sides, what was not dealt freely, and how the largest strata were shared out."""
    lines = [f"{result.dataset}: {counted(result.rows)}"]
    lines.append(
        f"{result.units} units, the largest of {result.largest_unit} rows; "
        f"a stratum's share strays by at most {result.deviation:.1%}"
    )
    if result.folds:
        lines.append(f"fold {result.fold} is validated on; rows by fold: {', '.join(map(str, result.folds))}")
    if result.kept:
        lines.append(
            f"{result.kept} rows kept their side, {result.joined} joined theirs, {result.new} were dealt"
        )
    if result.left_out:
        lines.append(f"{result.left_out} rows are left out: they belong with rows on two sides")
    if result.crossing:
        lines.append(f"{result.crossing} units were divided by the earlier version already")
    if len(result.strata) > 1:
        rows = [
            [printable(one.stratum) or "(none)", one.rows, *(f"{share:.1%}" for share in _shares(one))]
            for one in result.strata[:SHOWN]
        ]
        lines.append(table(rows, ["stratum", "rows", "train", "validation", "test"]))
    return "\n".join(lines)


def _shares(stratum: Stratum) -> tuple[float, float, float]:
    return stratum.train, stratum.validation, stratum.test
