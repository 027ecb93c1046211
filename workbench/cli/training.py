"""Commands on training and runs: preflight, train, runs, cancel, resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress, run_watcher

Data = Annotated[str, typer.Option("--data", help="Dataset version, name@v0001.")]
Base = Annotated[str, typer.Option("--base", help="Base model: folder, hub name or tiny-chat.")]
Adapter = Annotated[str | None, typer.Option("--adapter", help="Run or folder to go on from.")]
Config = Annotated[Path | None, typer.Option("--config", help="YAML file of settings.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="key=value, more than once if need be.")]
Download = Annotated[bool, typer.Option("--allow-download", help="Let the hub be asked for the model.")]
RunId = Annotated[str, typer.Argument(help="Run id, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    train = typer.Typer(help="Train an adapter: sft or dpo.", no_args_is_help=True)
    app.add_typer(train, name="train")
    command(train, "sft")(train_sft)
    command(train, "dpo")(train_dpo)
    for name, function in (
        ("preflight", preflight_command),
        ("runs", runs),
        ("cancel", cancel),
        ("resume", resume),
    ):
        command(app, name)(function)


def preflight_command(
    data: Data,
    base: Base,
    method: Annotated[str, typer.Option("--method", help="sft or dpo.")] = "sft",
    adapter: Adapter = None,
    config: Config = None,
    set_values: Set = None,
    allow_download: Download = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Count what a training run would do, before it does."""
    _ = as_json
    settings = _settings(method, data, base, adapter, config, set_values)
    _offline_unless(allow_download)
    from workbench.training.preflight import preflight

    found = preflight(opened(project), settings)
    rows: list[list[Any]] = [
        ["rows", found.rows],
        ["of these replay", found.replay_rows],
        ["held-out rows", found.held_out_rows],
        ["tokens", found.tokens],
        ["tokens with a loss", found.supervised_tokens],
        ["share with a loss", f"{100 * found.supervised_share:.1f} %"],
        ["longest row, tokens", found.longest],
        ["optimizer steps", found.steps],
        *[[reason.replace("_", " "), count] for reason, count in found.problems.items()],
    ]
    text = table(rows, ["", ""]).strip()
    text += "\n" + "".join(f"\nwarning: {warning}" for warning in found.warnings)
    text += "".join(f"\n{e.name}: {e.value:.2f} {e.unit}: {e.reason}" for e in found.estimates)
    return Answer(found.as_dict(), text)


def train_sft(
    data: Data,
    base: Base,
    adapter: Adapter = None,
    config: Config = None,
    set_values: Set = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    allow_download: Download = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Supervised fine-tuning on chat rows."""
    _ = as_json
    return _train("sft", data, base, adapter, config, set_values, detach, allow_download, project)


def train_dpo(
    data: Data,
    base: Base,
    adapter: Adapter = None,
    config: Config = None,
    set_values: Set = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    allow_download: Download = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Preference optimisation on preference pairs, usually on an SFT adapter."""
    _ = as_json
    return _train("dpo", data, base, adapter, config, set_values, detach, allow_download, project)


def runs(
    kind: Annotated[str | None, typer.Option("--kind", help="propose, score, sft, dpo or evaluate.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """List runs with their state and progress."""
    from workbench.runs import list_runs

    _ = as_json
    found = []
    for run in list_runs(opened(project), kind):
        at = run.progress()
        found.append(
            {
                "run": run.id,
                "kind": run.kind,
                "state": run.state,
                "progress": f"{at[0]:.4g} of {at[1]:.4g} {at[2]}" if at else "",
            }
        )
    text = table([list(row.values()) for row in found], ["run", "kind", "state", "progress"])
    return Answer({"runs": found}, text if found else "no run yet")


def cancel(run_id: RunId, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Stop a run; training saves a checkpoint first."""
    from workbench.runs import cancel_run, open_run

    _ = as_json
    run = open_run(opened(project), run_id)
    state = cancel_run(run)
    return Answer({"run": run.id, "state": state}, f"{run.id} is {state}")


def resume(
    run_id: RunId,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Go on with a failed, cancelled or lost run from what it has saved."""
    from workbench.runs import open_run, resume_run

    _ = as_json
    run = open_run(opened(project), run_id)
    resume_run(run)
    return _waited(run, detach)


def _train(
    method: str,
    data: str,
    base: str,
    adapter: str | None,
    config: Path | None,
    set_values: list[str] | None,
    detach: bool,
    allow_download: bool,
    project: Path | None,
) -> Answer:
    from workbench.runs import start_run
    from workbench.starting import create_training

    settings = _settings(method, data, base, adapter, config, set_values)
    run = create_training(opened(project), settings, allow_download=allow_download)
    start_run(run)
    return _waited(run, detach)


def _waited(run: Any, detach: bool) -> Answer:
    from workbench.runs import wait_run

    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}; see `workbench runs`")
    with progress(run.kind) as tell:
        result = wait_run(run, run_watcher(tell))
    metrics = result.get("metrics", {})
    lines = [f"{run.id}: finished in {result.get('seconds', 0):.0f} s"]
    lines += [f"  {name}: {value:.4g}" for name, value in metrics.items() if isinstance(value, (int, float))]
    if "adapter" in result:
        lines.append(f"adapter: {result['adapter']}")
    return Answer({**result, "run": run.id, "state": "finished"}, "\n".join(lines))


def _settings(
    method: str,
    data: str,
    base: str,
    adapter: str | None,
    config: Path | None,
    set_values: list[str] | None,
) -> Any:
    from workbench.errors import InputError
    from workbench.training.settings import make_settings, parse_overrides

    if method not in ("sft", "dpo"):
        raise InputError(f"unknown method '{method}'", remedy="use sft or dpo")
    given = parse_overrides(set_values or []) | {"data": data, "base": base, "adapter": adapter}
    return make_settings(method, config, given)  # type: ignore[arg-type]


def _offline_unless(allow_download: bool) -> None:
    import os

    if not allow_download:
        os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1")
