"""Look at a suite before it is run: does every task load, and what would be asked."""

from __future__ import annotations

from typing import Any

from workbench.errors import InputError, WorkbenchError
from workbench.evaluation.freezing import frozen_suite
from workbench.evaluation.harness import directions
from workbench.evaluation.loading import LoadedTask, load_task
from workbench.harness_samples import score_metric
from workbench.projects import Project
from workbench.suite_data.harness_index import UNLOADABLE
from workbench.suites import HELD_OUT, Suite, SuiteTask, heldout_task


def suite_overview(suite: Suite) -> dict[str, Any]:
    """The suite's settings, and of each task its role, kind, margin and files by hash.

    Raises `NotFoundError` and `InputError` for items that are not there or have changed.
    """
    frozen = frozen_suite(suite)["tasks"]
    policy = suite.policy()
    return {
        "suite": suite.name,
        "doc": suite.file.doc,
        "chat_template": suite.file.chat_template,
        "batch_size": suite.file.batch_size,
        "seed": suite.file.seed,
        "scorer": suite.file.scorer,
        "tasks": [
            {
                "task": name,
                "role": task.role,
                "kind": task.kind,
                "margin": policy.margin(name),
                "limit": task.limit,
                "files": frozen[name]["files"],
            }
            for task in suite.file.tasks
            for name in [suite.task_name(task)]
        ],
    }


def check_suite(suite: Suite, project: Project | None) -> list[dict[str, Any]]:
    """Load every task as an evaluation would: ``[{task, ok, items, metric, …, problem, remedy}]``.

    A task that cannot be asked is a row with a ``problem``, never an error.
    """
    return [_checked(suite, task, project) for task in suite.file.tasks]


def _checked(suite: Suite, task: SuiteTask, project: Project | None) -> dict[str, Any]:
    row: dict[str, Any] = {"task": task.name or task.task, "ok": True, "problem": "", "remedy": ""}
    try:
        row["task"] = suite.task_name(task)
        if task.kind == HELD_OUT:
            return {**row, **_held_out(task, project)}
        return {**row, **_described(load_task(suite, task, None))}
    except WorkbenchError as error:
        where = f" ({error.where})" if error.where else ""
        return {**row, "ok": False, "problem": f"{error.what}{where}", "remedy": error.remedy}


def _described(loaded: LoadedTask) -> dict[str, Any]:
    first = next(iter(loaded.leaves.values()))
    # A task with a function of its own names its metrics only when it has answers.
    named = None if callable(first.config.process_results) else list(first.aggregation())
    metric = score_metric(named, loaded.name, loaded.task.metric) if named is not None else loaded.task.metric
    for leaf, task in loaded.leaves.items():
        _first_item(leaf, task)
    return {
        "items": sum(len(indices) for indices in loaded.samples.values()),
        "subtasks": len(loaded.leaves),
        "output_type": first.OUTPUT_TYPE,
        "metric": metric,
        "negated": metric is not None and directions(first).get(metric) is False,
        "num_fewshot": first.get_config("num_fewshot"),
    }


def _first_item(leaf: str, task: Any) -> None:
    """Write the first item's question and answer, so that a wrong column shows here."""
    doc = next(iter(task.eval_docs))
    try:
        task.doc_to_text(doc)
        task.doc_to_target(doc)
    except UNLOADABLE as error:
        raise InputError(
            "the first item has not the columns that the task asks for",
            where=leaf,
            remedy="compare the columns of its file with doc_to_text and doc_to_target",
        ) from error


def _held_out(task: SuiteTask, project: Project | None) -> dict[str, Any]:
    from workbench.versions import open_dataset

    if project is None:
        raise InputError("held-out rows belong to a project", remedy="run this inside a project")
    asked = heldout_task(task)
    dataset = open_dataset(project, asked.data)
    rows = dataset.manifest["counts"]["split"].get(asked.split, 0)
    if not rows:
        raise InputError(
            f"{dataset.ref} has no rows in split '{asked.split}'", remedy="split it, or name another split"
        )
    return {
        "items": min(rows, asked.limit or rows),
        "subtasks": 1,
        "output_type": "generate_until",
        "metric": asked.metrics[0] if asked.metrics else None,
        "negated": False,
        "num_fewshot": 0,
    }
