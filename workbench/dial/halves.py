"""Divide the items: one half chooses a strength, the other never saw the choice.

An item's side is the hash of the seed and of what it is: its group where items come in
groups, else its content. The same row asked in two tasks is on one side in both, and further
items change nothing about those that were there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from workbench.errors import InputError
from workbench.policy import Policy
from workbench.scores import Score, Scores

LEAST = 2
SPACE = float(1 << 64)


def halves(
    arms: Mapping[str, Scores], policy: Policy, *, share: float, seed: int
) -> tuple[dict[str, Scores], dict[str, Scores]]:
    """``(selection, gate)``: the scores of all arms on either side.

    Raises `InputError` when a task has fewer than two items on a side.
    """
    first = next(iter(arms.values()))
    chosen: dict[str, set[str]] = {}
    for task, items in first.items():
        side = {
            item for item, score in items.items() if _number(unit(task, score, policy), seed) < share * SPACE
        }
        if len(side) < LEAST or len(items) - len(side) < LEAST:
            raise InputError(
                f"task '{task}' has too few items to divide: {len(side)} would choose, "
                f"{len(items) - len(side)} would confirm",
                remedy="ask more items, or another share",
            )
        chosen[task] = side
    return (
        {arm: _only(scores, chosen, wanted=True) for arm, scores in arms.items()},
        {arm: _only(scores, chosen, wanted=False) for arm, scores in arms.items()},
    )


def unit(task: str, score: Score, policy: Policy) -> str:
    """What an item shares with those that must be on its side: its group, else its content's hash."""
    field = policy.cluster(task)
    group = (score.slices or {}).get(field) if field else score.cluster
    return str(group) if group is not None else score.item.rpartition(":")[2]


def _number(unit: str, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}\n{unit}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")


def _only(scores: Scores, chosen: Mapping[str, set[str]], *, wanted: bool) -> Scores:
    return {
        task: {item: score for item, score in items.items() if (item in chosen[task]) is wanted}
        for task, items in scores.items()
    }
