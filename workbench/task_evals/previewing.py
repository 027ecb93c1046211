"""A task before any model answers it: its rows, the metrics that fit, and what they give at best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from workbench.errors import InputError
from workbench.projects import Project
from workbench.task_evals.answering import compared, wanted_of
from workbench.task_evals.choosing import Choice, Look, choose, look
from workbench.task_evals.items import Item, heldout_ids, heldout_items
from workbench.task_evals.metrics import METRICS
from workbench.task_evals.settings import HeldoutTask
from workbench.versions import open_dataset


@dataclass(frozen=True)
class Preview:
    """A task's rows at a glance.

    ``at_best``: each metric's mean when every reference is answered with itself. Less than 1
    says that a pattern, a schema or the extraction does not fit the task's own answers.
    ``doubtful``: ids of the first rows where the score is below 1 even then.
    """

    task: str
    data: str
    split: str
    look: Look
    choice: Choice
    at_best: dict[str, float]
    doubtful: tuple[str, ...]
    rows: tuple[Item, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)


def preview(project: Project, task: HeldoutTask, rows: int = 3, limit: int | None = None) -> Preview:
    """Look at a task, choose its metrics, and answer each row with its own reference.

    Raises `InputError` and `NotFoundError`.
    """
    dataset = open_dataset(project, task.data)
    seen = look(project, task, limit)
    choice = choose(task, seen)
    measured = [name for name in choice.metrics if name in METRICS]
    sums = dict.fromkeys(measured, 0.0)
    doubtful: list[str] = []
    wanted = wanted_of(task, seen.classes)
    for item in _items(project, task, limit):
        values, _ = compared(item.reference, [item.reference], task, measured, wanted)
        for name, value in values.items():
            sums[name] += value
        if measured and values[measured[0]] < 1.0 and len(doubtful) < 10:
            doubtful.append(item.id)
    return Preview(
        task=task.task_name,
        data=dataset.ref,
        split=task.split,
        look=seen,
        choice=choice,
        at_best={name: total / seen.items for name, total in sums.items()},
        doubtful=tuple(doubtful),
        rows=tuple(islice(_items(project, task, limit), rows)),
    )


def task_of(values: dict[str, Any]) -> HeldoutTask:
    """A task from values that a person gave. Raises `InputError` naming the key."""
    from pydantic import ValidationError

    try:
        return HeldoutTask.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"task key '{key}': {first['msg']}" if key else first["msg"],
            remedy="see `workbench task-eval metrics`",
        ) from None


def _items(project: Project, task: HeldoutTask, limit: int | None) -> Iterator[Item]:
    dataset = open_dataset(project, task.data)
    return heldout_items(dataset, task, heldout_ids(dataset, task, limit))
