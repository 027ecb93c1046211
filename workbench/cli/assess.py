"""Commands on what the data is worth: the assessment of a version, and scores by a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, Ref, command, opened, table
from workbench.cli.progress import progress, run_watcher
from workbench.cli.training import Download


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (("assess", assess_command), ("score", score_command)):
        command(app, name)(function)


def assess_command(
    ref: Ref,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to (default: the project's assessments).")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", help="Count tokens and LoRA parameters of this model.")
    ] = None,
    sample_rows: Annotated[
        int, typer.Option("--sample", min=100, help="Most rows whose tokens are counted.")
    ] = 20_000,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 0,
    allow_download: Download = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Assess a version: what it holds, what is wrong with it, and whether it is enough."""
    from workbench.assessment.writing import write_assessment
    from workbench.cli.training import _offline_unless
    from workbench.versions import open_dataset

    _ = as_json
    _offline_unless(allow_download)
    here = opened(project)
    with progress("assess") as tell:
        found = write_assessment(
            here, open_dataset(here, ref), out, base=base, sample_rows=sample_rows, seed=seed, progress=tell
        )
    lines = [[check["name"], check["outcome"], check["measured"]] for check in found.data["enough"]["checks"]]
    text = (
        f"{found.data['enough']['words']}\n\n{table(lines, ['check', 'outcome', 'measured'])}\n\n{found.html}"
    )
    return Answer(found.as_dict(), text)


def score_command(
    ref: Ref,
    base: Annotated[
        str | None, typer.Option("--base", help="Base model: folder, hub name or tiny-chat.")
    ] = None,
    what: Annotated[
        list[str] | None, typer.Option("--what", help="perplexity or ifd (default: both); more than once.")
    ] = None,
    max_length: Annotated[
        int, typer.Option("--max-length", min=16, help="Longest example in tokens.")
    ] = 1024,
    judge: Annotated[
        str | None,
        typer.Option("--judge", help="Address of an OpenAI-compatible server; rows are sent there."),
    ] = None,
    judge_model: Annotated[str | None, typer.Option("--judge-model", help="Model on that server.")] = None,
    rubric: Annotated[Path | None, typer.Option("--rubric", help="Text file: what a good answer is.")] = None,
    judge_key_env: Annotated[
        str | None, typer.Option("--judge-key-env", help="Environment variable that holds its key.")
    ] = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=64, help="Requests at a time.")] = 4,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once; see `workbench runs`.")] = False,
    allow_download: Download = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Score every row by a base model or a judge; nothing is changed."""
    from workbench.row_scores.settings import create_scoring
    from workbench.runs import start_run, wait_run

    _ = as_json
    run = create_scoring(
        opened(project),
        ref,
        base=base,
        what=what,
        max_length=max_length,
        judge=judge,
        judge_model=judge_model,
        rubric=rubric,
        key_env=judge_key_env,
        parallel=parallel,
        allow_download=allow_download,
    )
    start_run(run)
    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}")
    with progress("score") as tell:
        result = wait_run(run, run_watcher(tell))
    data = {key: result[key] for key in ("run", "dataset", "scores")}
    heads = ["score", "scored", "failed", "p5", "p50", "p95"]
    rows: list[list[Any]] = [
        [s["score"], s["scored"], s["failed"], *(s["percentiles"].get(p) for p in heads[3:])]
        for s in result["scores"]
    ]
    hint = f"turn them into findings with the step model_scores in a recipe for {result['dataset']}"
    return Answer(data, f"{table(rows, heads)}\n\n{hint}")
