"""The command that turns the dial: strengths, checkpoints and merges beside one base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress, run_watcher
from workbench.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    command(app, "dial")(dial)


def dial(
    base: Annotated[str, typer.Option("--base", help="Base model: folder, hub name or tiny-chat.")],
    suite: Annotated[str, typer.Option("--suite", help="Suite with target and retained tasks.")],
    adapter: Annotated[
        list[str] | None, typer.Option("--adapter", help="Run or folder, or name=run; more than once.")
    ] = None,
    checkpoints: Annotated[
        list[str] | None, typer.Option("--checkpoints", help="Run whose checkpoints are points too.")
    ] = None,
    scale: Annotated[
        list[float] | None,
        typer.Option("--scale", help="Strength to try, 0 to 2; more than once (default: quarters)."),
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option("--merge", help="Merge the adapters too: linear, ties or dare; more than once."),
    ] = None,
    density: Annotated[
        float, typer.Option("--density", help="Share of weights that ties and dare keep.")
    ] = 0.5,
    selection: Annotated[
        float, typer.Option("--selection", help="Share of the items that chooses the point.")
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", help="Of the division of the items.")] = 0,
    prompt: Annotated[
        Path | None, typer.Option("--prompt", help="File with a system prompt for the base.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=2, help="Seeded sample of each task's items.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    allow_download: Annotated[bool, typer.Option("--allow-download", help="Let the hub be asked.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Try adapter strengths and merges; recommend one on half of the items, confirm it on the rest."""
    from workbench.cli.release import prompt_text
    from workbench.dial import create_dial
    from workbench.runs import start_run, wait_run

    _ = as_json
    given = {"scales": scale, "merges": merge, "density": density, "selection": selection, "seed": seed}
    run = create_dial(
        opened(project),
        base=base,
        suite=suite,
        adapters=adapter or [],
        checkpoints=checkpoints or [],
        prompt=prompt_text(prompt) if prompt else None,
        limit=limit,
        allow_download=allow_download,
        settings=_settings({name: value for name, value in given.items() if value is not None}),
    )
    start_run(run)
    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}")
    with progress("dial") as tell:
        result = wait_run(run, run_watcher(tell))
    return Answer(result, _told(result))


def _settings(given: dict[str, Any]) -> Any:
    from workbench.dial import DialSettings

    try:
        return DialSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else "the settings"
        raise InputError(f"{key}: {first['msg']}", remedy="see `workbench dial --help`") from error


def _told(result: dict[str, Any]) -> str:
    rows = [
        [
            point["name"],
            f"{point['scale']:g}",
            _points(point["target"]),
            _points(point["retained"]),
            "recommended" if point["recommended"] else "" if point["eligible"] else "loses too much",
        ]
        for point in result["points"]
    ]
    lines = [table(rows, ["point", "strength", "target, points", "retained, points", ""]), ""]
    lines += [f"- {reason}" for reason in result["why"]]
    lines += ["", result["statement"]]
    if result["evaluation"]:
        lines.append(f"judge it with `workbench judge {result['evaluation']}`")
    return "\n".join(lines)


def _points(interval: dict[str, float]) -> str:
    return f"{100 * interval['value']:+.1f} ({100 * interval['low']:+.1f} to {100 * interval['high']:+.1f})"
