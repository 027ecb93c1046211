"""Load a suite's task by the harness: its items, its settings, the sample that is asked.

Item samples are seeded indices: the harness's ``limit`` would take the first items.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation.hashes import sha256_of
from workbench.suite_data.harness_index import UNLOADABLE, load_by_name, load_offline
from workbench.suite_data.reading import read_task_data
from workbench.suites import Suite, SuiteTask

SEEDS = {"random_seed": 0, "numpy_random_seed": 1234, "torch_random_seed": 1234, "fewshot_random_seed": 1234}
LEAST_OF_A_GROUP = 1
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""What Python writes of an object that has no text of its own differs from process to process."""


@dataclass
class LoadedTask:
    """One task of a suite as the harness loaded it.

    A group of the harness has several ``leaves``; all are one task here, with the leaf as a
    slice. ``samples`` are the indices of the items that are asked, of each leaf.
    """

    name: str
    task: SuiteTask
    leaves: dict[str, Any]
    samples: dict[str, list[int]]

    def config_sha256(self) -> str:
        """SHA-256 of the settings of all leaves, few-shot and filters included.

        Where the items lie is not part of it: what they are is in the hash of the requests.
        """
        settings = {leaf: loaded.dump_config() for leaf, loaded in self.leaves.items()}
        for config in settings.values():
            config.pop("dataset_kwargs", None)
        return sha256_of(ADDRESS.sub("", json.dumps(settings, sort_keys=True, default=str)))

    def partial_samples(self) -> dict[str, list[int]]:
        """The indices of leaves that are not asked whole; the harness is quadratic in them."""
        return {
            leaf: indices
            for leaf, indices in self.samples.items()
            if len(indices) < len(self.leaves[leaf].eval_docs)
        }

    def release(self) -> None:
        """Let go of the requests that were built."""
        for loaded in self.leaves.values():
            loaded._instances = None


def load_task(suite: Suite, task: SuiteTask, limit: int | None) -> LoadedTask:
    """Load a task of the harness with its items, few-shot number and sample.

    Raises `InputError` and `NotFoundError` for tasks or items that are not there.
    """
    name = suite.task_name(task)
    leaves = _leaves(suite, task)
    wanted = task.num_fewshot if task.num_fewshot is not None else suite.file.num_fewshot
    for loaded in leaves.values():
        own = loaded.get_config("num_fewshot")
        if wanted is not None and (own is None or task.num_fewshot is not None):
            loaded.set_config(key="num_fewshot", value=wanted)
        elif own is None:
            loaded.set_config(key="num_fewshot", value=0)
        loaded.set_fewshot_seed(seed=SEEDS["fewshot_random_seed"])
    most = min((n for n in (limit, task.limit) if n), default=None)
    counts = {leaf: len(loaded.eval_docs) for leaf, loaded in leaves.items()}
    return LoadedTask(name, task, leaves, sampled(counts, most, suite.file.seed))


def sampled(counts: dict[str, int], wanted: int | None, seed: int) -> dict[str, list[int]]:
    """Seeded item indices of each leaf, in proportion to its size; all of them for None.

    The same seed and counts give the same items. Every leaf gives at least one.
    """
    total = sum(counts.values())
    if wanted is None or wanted >= total:
        return {leaf: list(range(count)) for leaf, count in counts.items()}
    shares = {leaf: wanted * count / total for leaf, count in counts.items()}
    sizes = {leaf: max(LEAST_OF_A_GROUP, int(share)) for leaf, share in shares.items()}
    by_rest = sorted(counts, key=lambda leaf: (int(shares[leaf]) - shares[leaf], leaf))
    for leaf in by_rest[: max(0, wanted - sum(sizes.values()))]:
        sizes[leaf] += 1
    generator = random.Random(seed)
    return {
        leaf: sorted(generator.sample(range(counts[leaf]), min(sizes[leaf], counts[leaf]))) for leaf in counts
    }


def _leaves(suite: Suite, task: SuiteTask) -> dict[str, Any]:
    folder = suite.data_folder(task)
    if folder is not None:
        return load_offline(read_task_data(folder, task.task))
    config = suite.task_config(task)
    if config is None:
        return load_by_name(task.task)
    from lm_eval.tasks import TaskManager

    path = suite.folder / task.task
    # Functions and includes are relative to the file, so the harness must read it itself.
    plain = "include" not in config and len(suite.task_files(task)) == len(_data_files(config)) + 1
    manager = TaskManager(include_defaults=False, include_path=None if plain else str(path.parent))
    override: dict[str, Any] = {"task": str(config["task"])}
    if "dataset_kwargs" in config:
        override["dataset_kwargs"] = config["dataset_kwargs"]
    spec = config if plain else {"group": "workbench_own", "task": [override]}
    try:
        return dict(manager.load([spec])["tasks"])
    except UNLOADABLE as error:
        raise InputError(
            f"the harness cannot load this task ({type(error).__name__})",
            where=task.task,
            remedy="the run's log.txt has the harness's own words; try `workbench suites check`",
        ) from error


def _data_files(config: dict[str, Any]) -> list[Path]:
    files = (config.get("dataset_kwargs") or {}).get("data_files") or []
    groups = files.values() if isinstance(files, dict) else [files]
    return [Path(name) for group in groups for name in ([group] if isinstance(group, str) else group)]
