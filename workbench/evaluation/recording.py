"""The manifest of an evaluation: arms, tasks, versions, by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.evaluation.arms import Arm, Models
from workbench.evaluation.hashes import arm_identity, library_versions
from workbench.evaluation.loading import SEEDS
from workbench.evaluation.reading import read_evaluation_folder
from workbench.files import read_json
from workbench.runs import Run
from workbench.scores import Scores
from workbench.suites import Suite

Markers = Mapping[str, Mapping[str, Path]]


def manifest(
    run: Run,
    suite: Suite,
    arms: Sequence[Arm],
    models: Models,
    told: Mapping[str, Mapping[str, Any]],
    markers: Markers,
) -> dict[str, Any]:
    """Everything the scores rest on: of arms their hashes, of tasks what was asked.

    ``told`` is what each task's loading told, ``markers`` where each arm's answers to it are
    marked as whole.
    """
    config = run.config
    return {
        "run": run.id,
        "base": config["base"],
        "suite": suite.file.model_dump(),
        "items_sha256": items_hash(read_evaluation_folder(run.path)),
        "tasks": {
            name: {
                **entry,
                "answers": {arm: read_json(path) for arm, path in markers[name].items() if is_told(path)},
            }
            for name, entry in told.items()
        },
        "arms": [_told_arm(models, arm, suite.file.batch_size) for arm in arms],
        "frozen": config.get("tasks", {}),
        "workbench": __version__,
        "libraries": library_versions(),
        "seeds": SEEDS,
    }


def is_told(marker: Path) -> bool:
    """Whether a marker is there and says what was asked (older ones are empty)."""
    return marker.exists() and marker.stat().st_size > 0


def _told_arm(models: Models, arm: Arm, batch_size: int) -> dict[str, Any]:
    return {
        **arm.as_dict(),
        **arm_identity(models.base, arm),
        "adapter_run": _adapter_run(arm),
        "batch_size": batch_size,
        "device": models.device,
    }


def items_hash(arms: Mapping[str, Scores]) -> str:
    """SHA-256 over the tasks and items that the first arm answered."""
    first = next(iter(arms.values()))
    text = "\n".join(f"{task}\t{item}" for task in sorted(first) for item in sorted(first[task]))
    return hashlib.sha256(text.encode()).hexdigest()


def _adapter_run(arm: Arm) -> str | None:
    """The training run of an adapter or checkpoint, where it lies in one."""
    if arm.adapter is None:
        return None
    folder = Path(arm.adapter)
    for home in (folder.parent, folder.parent.parent):
        manifest = home / "manifest.json"
        if manifest.exists():
            run = json.loads(manifest.read_text(encoding="utf-8")).get("run")
            return str(run) if run else None
    return None
