"""Looks: every time the gate was asked about one candidate, with how many items.

``looks.json`` stands next to the verdict and lists them all, so that asking again with more
items is either part of the plan, and spends its share of the error, or is called what it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.errors import InputError
from workbench.gate.sequential import levels, sequential_p
from workbench.policy import Policy, Spending
from workbench.scores import Scores


@dataclass(frozen=True)
class Look:
    """One look: its number, its items, and the one-sided level of its tests.

    ``fractions`` are the shares of the planned items at the looks so far, this one last;
    empty without a plan. ``bound`` is the largest error over all looks so far.
    """

    number: int
    items: int
    items_sha256: str
    alpha: float
    bound: float
    planned: bool
    fractions: tuple[float, ...] = ()
    spending: Spending | None = None

    def adjusted(self, p_value: float) -> float:
        """A p-value that counts the looks, to be compared with the policy's alpha."""
        if self.spending is None:
            return p_value
        return sequential_p(p_value, self.fractions, self.spending)

    def as_dict(self) -> dict[str, Any]:
        """One entry of ``looks.json``."""
        return {**asdict(self), "fractions": list(self.fractions)}

    @property
    def notes(self) -> list[str]:
        """What the reasons must say about this look."""
        if self.planned:
            return []
        words = f"unplanned look: number {self.number}, at {self.items} items"
        if self.spending is not None:
            return [f"{words}; its error is taken from the plan's"]
        return [f"{words}; over all looks an error is up to {100 * self.bound:g} % instead of as planned"]


def take_look(scores: Scores, policy: Policy, earlier: Sequence[dict[str, Any]]) -> Look:
    """Take a look at the items of ``scores``, after the looks that ``looks.json`` lists.

    The same items again are the same look. Raises `InputError` when the plan has no room for
    this many items, or a further look without a plan is refused by the policy.
    """
    items = max(len(answers) for answers in scores.values())
    digest = items_sha256(scores)
    before = [entry for entry in earlier if entry["items_sha256"] != digest]
    if len(before) < len(earlier):
        before = before[: next(i for i, entry in enumerate(earlier) if entry["items_sha256"] == digest)]
    number = len(before) + 1
    if policy.looks is None:
        if number > 1 and policy.unplanned_looks == "refuse":
            raise InputError(
                f"these items are look number {number} and no looks were planned",
                where=f"{before[-1]['items']} items then, {items} now",
                remedy="plan them in the policy, looks: {plan: [500, 1000]}, before the first look",
            )
        return Look(number, items, digest, policy.alpha, min(1.0, number * policy.alpha), number == 1)
    return _planned(policy, items, digest, number, [int(entry["items"]) for entry in before])


def items_sha256(scores: Scores) -> str:
    """Identifies the items of every task, whatever was answered."""
    digest = hashlib.sha256()
    for task in sorted(scores):
        for item in sorted(scores[task]):
            digest.update(f"{task}\t{item}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _planned(policy: Policy, items: int, digest: str, number: int, before: list[int]) -> Look:
    looks = policy.looks
    assert looks is not None
    most = looks.plan[-1]
    if items > most:
        raise InputError(
            f"there are more items than were planned: {items} instead of {most}",
            remedy=f"evaluate with --limit {most}, or judge by a policy without looks",
        )
    counts = [*before, items]
    if any(later <= earlier for earlier, later in zip(counts, counts[1:], strict=False)):
        raise InputError(
            f"a look must have more items than the one before: {items} after {before[-1]}",
            remedy="evaluate with more items",
        )
    fractions = tuple(count / most for count in counts)
    level = levels(policy.alpha, fractions, looks.spending)[-1]
    planned = items in looks.plan
    return Look(number, items, digest, level, policy.alpha, planned, fractions, looks.spending)
