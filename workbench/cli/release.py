"""The command before a release: evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress, run_watcher
from workbench.errors import InputError


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "evaluate")(evaluate)


def evaluate(
    base: Annotated[str, typer.Option("--base", help="Base model: folder, hub name or tiny-chat.")],
    suite: Annotated[str, typer.Option("--suite", help="Suite name or YAML file.")],
    adapter: Annotated[
        list[str] | None,
        typer.Option("--adapter", help="Run or folder, or name=run, or run@0.5; more than once."),
    ] = None,
    checkpoints: Annotated[
        list[str] | None, typer.Option("--checkpoints", help="Run whose checkpoints become arms.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Merged or quantised weights, as name=FOLDER; more than once."),
    ] = None,
    prompt: Annotated[
        list[Path] | None,
        typer.Option("--prompt", help="File with a system prompt for the base; several are chosen among."),
    ] = None,
    shots: Annotated[
        list[int] | None, typer.Option("--shots", min=0, max=32, help="Few-shot examples to try.")
    ] = None,
    choose_on: Annotated[
        str | None,
        typer.Option("--choose-on", help="Split data set whose validation rows choose the prompt."),
    ] = None,
    choose_rows: Annotated[
        int, typer.Option("--choose-rows", min=10, max=5000, help="Validation rows to choose on.")
    ] = 100,
    control: Annotated[bool, typer.Option("--control", help="Ask the base twice, to see the noise.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=2, help="Seeded sample of each task's items.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    allow_download: Annotated[bool, typer.Option("--allow-download", help="Let the hub be asked.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Answer a suite as base, prompted base, adapters and exported models: the same items for all."""
    from workbench.evaluation import create_evaluation
    from workbench.evaluation.creating import chosen_prompts
    from workbench.runs import start_run, wait_run

    _ = as_json
    texts = [prompt_text(path) for path in prompt or []]
    given, choice = chosen_prompts(texts, shots or [], choose_on, rows=choose_rows)
    run = create_evaluation(
        opened(project),
        base=base,
        suite=suite,
        adapters=adapter or [],
        checkpoints=checkpoints or [],
        models=model or [],
        prompt=given,
        choice=choice,
        control=control,
        limit=limit,
        allow_download=allow_download,
    )
    start_run(run)
    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}")
    with progress("evaluate") as tell:
        result = wait_run(run, run_watcher(tell))
    return Answer(result, f"{_scores(result['tasks'])}\n\njudge it with `workbench judge {run.id}`")


def prompt_text(path: Path) -> str:
    """The system prompt in a file. Raises `InputError`."""
    if not path.is_file():
        raise InputError("there is no such prompt file", where=str(path), remedy="check the path")
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            "the prompt is not UTF-8 text", where=str(path), remedy="save it as UTF-8"
        ) from error


def _scores(rows: list[dict[str, Any]]) -> str:
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    by_task: dict[str, dict[str, str]] = {}
    for row in rows:
        half = 50 * (row["high"] - row["low"])
        by_task.setdefault(row["task"], {})[row["arm"]] = f"{100 * row['value']:.1f} ±{half:.1f}"
    lines = [[task, *[values.get(arm, "") for arm in arms]] for task, values in by_task.items()]
    return table(lines, ["task (%, 95 %)", *arms])
