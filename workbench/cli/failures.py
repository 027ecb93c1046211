"""The command that leads from an evaluation's failures back to the training rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, printable, table
from workbench.cli.progress import progress
from workbench.errors import InputError
from workbench.files import write_text

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    command(app, "failures")(failures)


def failures(
    run_id: Annotated[str, typer.Argument(help="Evaluation run id, or its beginning.")],
    arm: Annotated[str | None, typer.Option("--arm", help="One adapter of the run (default: all).")] = None,
    embedder: Annotated[
        str, typer.Option("--embedder", help="auto, minilm, static, lexical or a model.")
    ] = "auto",
    near: Annotated[
        float | None, typer.Option("--near", help="Similarity from which a training row is near.")
    ] = None,
    items: Annotated[int, typer.Option("--items", help="Failures of an arm that are looked at.")] = 500,
    brief: Annotated[
        Path | None, typer.Option("--brief", help="Write a collection brief (Markdown).")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Link failures to training rows; tell which data is missing, contradictory, or of another form."""
    from workbench.failures import failure_gaps, find_failures
    from workbench.gaps import collection_brief
    from workbench.runs import open_run

    _ = as_json
    here = opened(project)
    run = open_run(here, run_id)
    with progress("failures") as tell:
        found = find_failures(
            here,
            run,
            arm,
            _settings({"embedder": embedder, "near": near, "items": items}),
            tick=lambda done, total, unit: tell(unit, done, total),
        )
    arms = {name: told for name, told in found["arms"].items() if arm in (None, name)}
    gaps = sorted(
        (gap for told in arms.values() for gap in failure_gaps(told)), key=lambda gap: -gap.severity
    )
    if brief:
        write_text(brief, collection_brief(gaps))
    data = {
        "run": run.id,
        "arms": {name: {k: v for k, v in told.items() if k != "links"} for name, told in arms.items()},
        "gaps": [gap.as_dict() for gap in gaps],
    }
    return Answer(data, "\n\n".join(_told(told) for told in arms.values()))


def _settings(given: dict[str, Any]) -> Any:
    from workbench.failures import FailureSettings

    try:
        return FailureSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{first['loc'][0]}: {first['msg']}", remedy="see `workbench failures --help`"
        ) from error


def _told(found: dict[str, Any]) -> str:
    head = (
        f"{found['arm']}: {found['failures']} of {found['items']} items fail, {found['flips']} of them were right "
        f"with the base; {found['training_rows']} training rows, near from {found['threshold']:g} "
        f"({found['embedder']})"
    )
    rows = [
        [
            region["kind"],
            region["failures"],
            region["flips"],
            printable(region["title"]),
            printable(region["want"]),
        ]
        for region in found["regions"][:SHOWN]
    ]
    shown = (
        table(rows, ["cause", "failures", "flips", "what", "what would help"]) if rows else "nothing fails"
    )
    return f"{head}\n\n{shown}"
