"""The items that an arm gets wrong: flips (the base was right) before plain failures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.policy import Policy
from workbench.scores import Score, Scores
from workbench.task_evals.metrics.matching import contains
from workbench.task_evals.metrics.metric import Wanted

RIGHT = 0.5
"""A score of an item from which it counts as right, where scores lie between 0 and 1."""
PLAIN = Wanted()
LABELS = 50
"""Up to so many different right answers, a task chooses among labels."""


@dataclass(frozen=True)
class Failure:
    """One item that an arm gets wrong; ``flip`` when the base got it right.

    ``inside``: the right answer stands in the reply, which no parser took: the form broke.
    """

    task: str
    role: str
    item: str
    flip: bool
    prompt: str
    target: str
    inside: bool

    @property
    def key(self) -> str:
        """The item's name over all tasks."""
        return f"{self.task}/{self.item}"


@dataclass(frozen=True)
class Failing:
    """An arm's failures, how many items were looked at, and which tasks could not be."""

    failures: list[Failure]
    found: int
    flips: int
    items: int
    left_out: dict[str, str]


def failing(old: Scores, new: Scores, role_of: Mapping[str, str], policy: Policy, most: int) -> Failing:
    """The failures of an arm beside the base, at most ``most``: flips first, the rest by hash."""
    found: list[Failure] = []
    items = 0
    left_out: dict[str, str] = {}
    for task in sorted(set(old) & set(new)):
        if not policy.wants(task):
            continue
        reason = _unfit(task, old[task], new[task], policy)
        if reason:
            left_out[task] = reason
            continue
        items += len(new[task])
        found += _of_task(task, role_of.get(task, "retained"), old[task], new[task])
    found.sort(key=lambda failure: (not failure.flip, _hash(failure.key)))
    return Failing(found[:most], len(found), sum(failure.flip for failure in found), items, left_out)


def _unfit(task: str, old: dict[str, Score], new: dict[str, Score], policy: Policy) -> str:
    scores = [score.score for score in [*old.values(), *new.values()]]
    if policy.higher_is_better(task) is False or min(scores) < 0.0 or max(scores) > 1.0:
        return "its scores do not say which items are right"
    return ""


def _of_task(task: str, role: str, old: dict[str, Score], new: dict[str, Score]) -> list[Failure]:
    targets = {score.target for score in new.values() if score.target}
    labels = targets if len(targets) <= LABELS else set()
    return [
        Failure(
            task=task,
            role=role,
            item=item,
            flip=item in old and old[item].score >= RIGHT,
            prompt=score.question or (old[item].question if item in old else "") or "",
            target=score.target or "",
            inside=_inside(score, labels),
        )
        for item, score in sorted(new.items())
        if score.score < RIGHT
    ]


def _inside(score: Score, labels: set[str]) -> bool:
    """Whether the reply holds the right answer and no other, yet did not count."""
    if score.parsed is True or score.choices or not score.target or not score.response:
        return False
    if not contains(score.response, score.target, None):  # type: ignore[arg-type]
        return False
    return not any(
        contains(score.response, label, PLAIN)
        for label in sorted(labels - {score.target})
        if not contains(score.target, label, PLAIN)
    )


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
