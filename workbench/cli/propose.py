"""Propose: run a recipe over a version."""

from __future__ import annotations

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
    table,
)
from workbench.cli.progress import progress, run_watcher


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (("propose", propose),):
        command(app, name)(function)


def propose(
    ref: Ref,
    recipe: Annotated[str, typer.Option("--recipe", help="Recipe name or YAML file.")] = "clean",
    engine: Annotated[
        str, typer.Option("--engine", help="Where steps run: local, workers (processes) or ray.")
    ] = "local",
    sample_rows: Annotated[
        int | None, typer.Option("--sample", min=1, help="Preview on the first rows; nothing is written.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Worker processes, or Ray tasks at once.")
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address", help="Ray cluster; else WORKBENCH_RAY_ADDRESS, RAY_ADDRESS, else none."
        ),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once; see `workbench runs`.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Run a recipe over a version; every step proposes, nothing is changed."""
    from workbench.runs import start_run, wait_run
    from workbench.starting import create_proposal, preview_counts

    _ = as_json
    here = opened(project)
    if sample_rows:
        found = preview_counts(here, ref, recipe, sample_rows)
        return Answer(
            found, table([[s["step"], s["findings"]] for s in found["steps"]], ["step", "findings"])
        )
    run = create_proposal(here, ref, recipe, workers, engine=engine, ray_address=ray_address)
    start_run(run)
    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}")
    with progress("propose") as tell:
        result = wait_run(run, run_watcher(tell))
    data = {"dataset": result["dataset"], "run": run.id, "steps": result["steps"]}
    rows = [[s["step"], s["findings"], counted(s["by_proposal"]), s["seconds"]] for s in result["steps"]]
    text = table(rows, ["step", "findings", "proposals", "seconds"])
    return Answer(data, f"{text}\n\nlook at them with `workbench findings {result['dataset']}` or in the app")
