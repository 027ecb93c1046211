"""What a held-out task found for one arm, from its stored scores alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.evaluation.reading import evaluation_suite, read_evaluation
from workbench.files import read_json, write_json
from workbench.paired import Interval, mean_interval, wilson
from workbench.projects import Project
from workbench.runs import Run
from workbench.scores import Score, Scores
from workbench.suites import heldout_task
from workbench.task_evals.metrics.classification import Classification, classification
from workbench.task_evals.metrics.overlap import Corpus, corpus
from workbench.task_evals.metrics.patterns import extracted
from workbench.task_evals.requests import Requests, requests_of
from workbench.task_evals.settings import KIND, HeldoutTask
from workbench.task_evals.slices import Slice, weak_slices

FILE = "task_evals.json"


@dataclass(frozen=True)
class MetricResult:
    """Mean of a metric over the items that have it, with its 95 % interval."""

    name: str
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TaskResult:
    """One task answered by one arm. ``score`` names the metric that counts.

    ``parsed``: share of answers that had the form asked for, None when any form does.
    """

    task: str
    arm: str
    n: int
    score: str
    metrics: tuple[MetricResult, ...]
    parsed: MetricResult | None
    cut: int
    classification: Classification | None
    corpus: Corpus | None
    requests: Requests
    slices: tuple[Slice, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)


def task_result(task: HeldoutTask, arm: str, scores: Sequence[Score]) -> TaskResult:
    """Sum up one arm's scores on a task. Raises `InputError` when there are none."""
    if not scores:
        raise InputError(f"the task '{task.task_name}' has no score", remedy="evaluate it again")
    names = list(scores[0].metrics or {})
    name = task.metrics[0] if task.metrics else (names[0] if names else "score")
    replies = [_answer(task, score) for score in scores]
    targets = [score.target or "" for score in scores]
    formed = [score.parsed for score in scores if score.parsed is not None]
    return TaskResult(
        task=task.task_name,
        arm=arm,
        n=len(scores),
        score=name,
        metrics=tuple(_mean(metric, scores) for metric in names),
        parsed=_share("parsed", formed) if formed else None,
        cut=sum((score.slices or {}).get("prompt") == "cut" for score in scores),
        classification=classification(replies, targets) if "class_match" in names else None,
        corpus=corpus(replies, targets) if {"bleu", "chrf"} & {*names} else None,
        requests=requests_of(scores, task.prices),
        slices=tuple(weak_slices(scores)),
    )


def write_results(run: Path, tasks: Sequence[HeldoutTask], arms: Mapping[str, Scores]) -> list[TaskResult]:
    """Sum up every held-out task of a run for every arm, and keep it as ``task_evals.json``."""
    found = [
        task_result(task, arm, list(scores[task.task_name].values()))
        for task in tasks
        for arm, scores in arms.items()
        if task.task_name in scores
    ]
    write_json(run / FILE, {"tasks": [_finite(result.as_dict()) for result in found]})
    return found


def summarise_run(project: Project, run: Run) -> list[dict[str, Any]]:
    """The results of a finished evaluation's held-out tasks, from its scores if not yet kept."""
    if not (run.path / FILE).exists():
        suite = evaluation_suite(run, project)
        tasks = [heldout_task(task) for task in suite.file.tasks if task.kind == KIND]
        arms = read_evaluation(run)
        if tasks:
            write_results(run.path, tasks, arms)
    return read_results(run.path)


def read_results(run: Path) -> list[dict[str, Any]]:
    """What `write_results` kept, a dictionary for each task and arm. Raises `NotFoundError`."""
    path = run / FILE
    if not path.exists():
        raise NotFoundError(
            "this run has no held-out task",
            where=run.name,
            remedy="put `{task: heldout, data: name@v0001}` into the suite and evaluate it",
        )
    return list(read_json(path)["tasks"])


def _answer(task: HeldoutTask, score: Score) -> str:
    reply = score.response or ""
    return reply if task.extract is None else extracted(task.extract, reply) or ""


def _mean(name: str, scores: Sequence[Score]) -> MetricResult:
    values = [score.metrics[name] for score in scores if score.metrics and name in score.metrics]
    return _as_result(name, len(values), mean_interval(values))


def _share(name: str, said: Sequence[bool]) -> MetricResult:
    return _as_result(name, len(said), wilson(sum(said), len(said)))


def _as_result(name: str, n: int, interval: Interval) -> MetricResult:
    return MetricResult(name, n, interval.value, max(0.0, interval.low), min(1.0, interval.high))


def _finite(value: Any) -> Any:
    """The same with numbers that JSON cannot hold as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value
