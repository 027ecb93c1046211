"""Read a finished evaluation back: scores by arm, their summary, what may be paired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation.arms import OWN_WEIGHTS, Arm, arm_from
from workbench.files import read_json
from workbench.paired import mean_interval
from workbench.projects import Project
from workbench.runs import Run
from workbench.scores import Scores, read_arm
from workbench.suites import Suite, SuiteFile, load_suite


def read_evaluation(run: Run) -> dict[str, Scores]:
    """The scores of every arm of a finished evaluation. Raises `InputError`."""
    if run.kind != "evaluate" or run.state != "finished":
        raise InputError(
            f"run {run.id} is no finished evaluation",
            where=f"it is {run.kind}, {run.state}",
            remedy="name an evaluation run; see `workbench runs`",
        )
    return read_evaluation_folder(run.path)


def read_evaluation_folder(path: Path) -> dict[str, Scores]:
    """Scores by arm, in the order of the run's config."""
    arms = [arm["name"] for arm in read_json(path / "config.json")["arms"]]
    return {name: read_arm(path / "arms" / name) for name in arms}


def evaluation_arms(run: Run) -> list[Arm]:
    """The arms of an evaluation; of a prompted base, with the prompt that was chosen."""
    arms = [arm_from(raw) for raw in run.config["arms"]]
    chosen = run.path / "prompting.json"
    if not chosen.exists():
        return arms
    best = arm_from(read_json(chosen)["arm"])
    return [best if arm.name == best.name else arm for arm in arms]


def evaluation_suite(run: Run, project: Project) -> Suite:
    """The suite as it was when the evaluation was made, whatever its file says now."""
    config = run.config
    if "suite_file" not in config:
        return load_suite(config["suite"], project)
    return Suite(SuiteFile.model_validate(config["suite_file"]), Path(config["suite_folder"]))


def summary(arms: dict[str, Scores]) -> list[dict[str, Any]]:
    """``[{task, arm, n, metric, value, low, high}]``, every value with its 95 % interval."""
    rows = []
    for arm, scores in arms.items():
        for task, items in scores.items():
            interval = mean_interval([score.score for score in items.values()])
            rows.append(
                {
                    "task": task,
                    "arm": arm,
                    "n": len(items),
                    "metric": "mean score",
                    "value": interval.value,
                    "low": interval.low,
                    "high": interval.high,
                }
            )
    return rows


def roles(suite: Suite, arms: dict[str, Scores]) -> dict[str, str]:
    """The role of every task name that the scores have."""
    by_task = {suite.task_name(task): task.role for task in suite.file.tasks}
    names = {name for scores in arms.values() for name in scores}
    return {name: by_task.get(name.split(":")[0], "retained") for name in sorted(names)}


def check_comparable(manifest: dict[str, Any], baseline: str, candidate: str) -> None:
    """Raise `InputError` when two arms of an evaluation were not run alike.

    Batch size and device must be equal, and the number format too, except for an arm whose
    own weights are what is judged (merged, quantised). Arms of a run made before these were
    recorded count as alike.
    """
    by_name = {arm["name"]: arm for arm in manifest["arms"]}
    old, new = by_name[baseline], by_name[candidate]
    keys = ["batch_size", "device"]
    if new.get("kind") not in OWN_WEIGHTS and old.get("kind") not in OWN_WEIGHTS:
        keys.append("dtype")
    unequal = [key for key in keys if key in old and key in new and old[key] != new[key]]
    if unequal:
        raise InputError(
            f"arms '{baseline}' and '{candidate}' were not run alike",
            where=", ".join(f"{key}: {old[key]} and {new[key]}" for key in unequal),
            remedy="evaluate both in one run",
        )
