"""Compare any two judged candidates, item by item, by the tests that the gate uses."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.files import read_json
from workbench.gate.measuring import measure
from workbench.history.approving import last_approved
from workbench.paired import holm
from workbench.policy import Policy
from workbench.projects import Project
from workbench.runs import Run, open_run
from workbench.scores import Paired, Scores, pair, read_arm

APPROVED = "approved"


@dataclass(frozen=True)
class ComparedTask:
    """One task of two candidates: the gain from the first to the second with its bounds.

    ``result``: ``better`` or ``worse`` when chance does not explain it (Holm over the tasks,
    each direction by itself), ``no difference shown``, or ``not comparable``, with the reason.
    """

    task: str
    result: str
    n: int = 0
    first: float = 0.0
    second: float = 0.0
    delta: float = 0.0
    low: float = 0.0
    high: float = 0.0
    lost: int = 0
    gained: int = 0
    p_worse_holm: float = 1.0
    p_better_holm: float = 1.0
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two candidates by name and what each task says."""

    first: str
    second: str
    tasks: list[ComparedTask]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench history compare``."""
        return asdict(self)

    def rows(self) -> list[dict[str, Any]]:
        """A table for people: one line a task, in percent and points."""
        return [
            {
                "task": task.task,
                "second is": task.result,
                "items": task.n or None,
                "first %": round(100 * task.first, 1) if task.n else None,
                "second %": round(100 * task.second, 1) if task.n else None,
                "change, points": f"{100 * task.delta:+.1f} ({100 * task.low:+.1f} to {100 * task.high:+.1f})"
                if task.n
                else task.reason,
            }
            for task in self.tasks
        ]


def compare(project: Project, first: str, second: str) -> Comparison:
    """Compare two candidates, each named ``RUN``, ``RUN:ARM``, or ``approved`` for the one approved last.

    Bounds are one-sided at the alpha of the second's policy. Raises `NotFoundError` and
    `InputError` when they have no task in common.
    """
    (old_name, old, _), (new_name, new, policy) = (
        opened_candidate(project, first),
        opened_candidate(project, second),
    )
    both = sorted(set(old) & set(new))
    if not both:
        raise InputError(
            "the two candidates have no task in common",
            where=f"{old_name}, {new_name}",
            remedy="name two of one suite",
        )
    pairs: dict[str, Paired] = {}
    refused: dict[str, str] = {}
    for task in both:
        try:
            pairs[task] = pair(task, old[task], new[task], same_prompt=False)
        except InputError as error:
            refused[task] = f"{error.what}: {error.where}"
    tasks = _compared(list(pairs.values()), policy)
    tasks += [ComparedTask(task, "not comparable", reason=reason) for task, reason in refused.items()]
    tasks += [
        ComparedTask(task, "not comparable", reason="only one of the two answered it")
        for task in sorted(set(old) ^ set(new))
    ]
    return Comparison(old_name, new_name, tasks)


def _compared(pairs: list[Paired], policy: Policy) -> list[ComparedTask]:
    forward = [measure(one, policy, policy.alpha) for one in pairs]
    turned = [measure(replace(one, old=one.new, new=one.old), policy, policy.alpha) for one in pairs]
    worse, better = holm([one.p_harm for one in forward]), holm([one.p_harm for one in turned])
    found = []
    for one, p_worse, p_better in zip(forward, worse, better, strict=True):
        result = "no difference shown"
        if p_worse <= policy.alpha:
            result = "worse"
        elif p_better <= policy.alpha:
            result = "better"
        found.append(
            ComparedTask(
                task=one.paired.task,
                result=result,
                n=one.n,
                first=sum(one.paired.old) / one.n,
                second=sum(one.paired.new) / one.n,
                delta=one.interval.value,
                low=one.interval.low,
                high=one.interval.high,
                lost=one.lost,
                gained=one.gained,
                p_worse_holm=p_worse,
                p_better_holm=p_better,
            )
        )
    return found


def opened_candidate(project: Project, name: str) -> tuple[str, Scores, Policy]:
    """A judged candidate's whole name, its scores, and the policy it was judged by."""
    identity, _, arm = name.partition(":")
    if name == APPROVED:
        approved = last_approved(project)
        run, arm = approved.run, approved.arm
    else:
        run = open_run(project, identity)
    judged = _verdict(run)
    chosen = arm or str(judged["arm"])
    if chosen not in judged["arms"]:
        raise NotFoundError(
            f"the evaluation has no verdict on '{chosen[:60]}'",
            where=run.id,
            remedy=f"arms: {', '.join(judged['arms'])}",
        )
    policy = Policy.model_validate(judged["arms"][chosen]["policy"])
    return f"{run.id}:{chosen}", read_arm(run.path / "arms" / chosen), policy


def _verdict(run: Run) -> dict[str, Any]:
    path = run.path / "verdict.json"
    if not path.exists():
        raise InputError(
            f"evaluation {run.id} is not judged yet", remedy=f"run `workbench judge {run.id}` first"
        )
    return read_json(path)
