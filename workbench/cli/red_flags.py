"""The command that measures and shows red flags of an evaluation."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress
from workbench.errors import InputError

WORDS = {"ok": "", "warn": "WARN", "block": "BLOCK"}


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    command(app, "red-flags")(red_flags)


def red_flags(
    run_id: Annotated[str, typer.Argument(help="Evaluation run id, or its beginning.")],
    rows: Annotated[
        int, typer.Option("--rows", min=8, help="Training and held-out rows that are read.")
    ] = 128,
    prompts: Annotated[
        int, typer.Option("--prompts", min=8, help="Held-out questions that are answered freely.")
    ] = 48,
    again: Annotated[bool, typer.Option("--again", help="Measure what is there once more.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Measure what no score shows: overfitting, memorised rows, loops, drift, contamination and more."""
    from workbench.red_flags import FlagSettings, measure_run
    from workbench.runs import open_run

    _ = as_json
    here = opened(project)
    run = open_run(here, run_id)
    if run.kind != "evaluate" or run.state != "finished":
        raise InputError(
            f"run {run.id} is no finished evaluation",
            where=f"it is {run.kind}, {run.state}",
            remedy="name an evaluation run; see `workbench runs`",
        )
    settings = FlagSettings.model_validate({"rows": rows, "prompts": prompts})
    with progress("red flags") as tell:
        flags = measure_run(
            here,
            run,
            settings=settings,
            again=again,
            progress=lambda done, total, unit: tell(unit, done, total),
        )
    lines = [[flag.arm, flag.name, WORDS[flag.level], flag.statement] for flag in flags]
    levels = {level: sum(flag.level == level for flag in flags) for level in ("ok", "warn", "block")}
    data = {"run": run.id, "levels": levels, "flags": [flag.as_dict() for flag in flags]}
    return Answer(data, table(lines, ["arm", "flag", "level", "what was seen"]))
