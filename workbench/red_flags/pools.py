"""Pools of answers: what base and candidate wrote to the same questions, and what was wanted."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workbench.evaluation.arms import Arm
from workbench.red_flags.asking import Asking, last_answer
from workbench.red_flags.flag import FlagSettings
from workbench.red_flags.training_rows import Stratum
from workbench.scores import Score, Scores

LEAST = 20
"""Answers below which nothing is said of a pool."""


@dataclass(frozen=True)
class Pool:
    """Answers to the same questions, in one order. ``wanted`` are the right answers, if known.

    ``clusters`` names what items that are not independent share. ``form_is_kept`` is false for
    a target task that asks for part of an answer: there the form changes by intention, and the
    right answers do not show which form is wanted.
    """

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    wanted: tuple[str, ...] | None
    clusters: tuple[str, ...]
    form_is_kept: bool = True

    def __len__(self) -> int:
        return len(self.new)

    @property
    def rivals(self) -> dict[str, tuple[str, ...]]:
        """What the candidate's answers are compared with: the base's, and the right ones."""
        return {"base": self.old} | ({"reference": self.wanted} if self.wanted else {})


def is_written(score: Score) -> bool:
    """Whether an answer was written, and not chosen among given ones or only scored."""
    return score.choices is None and score.nll is None and score.response is not None


def written_pairs(old: dict[str, Score], new: dict[str, Score], most: int) -> list[tuple[Score, Score]]:
    """Items that both answered in writing; of many, those with the least hashes, in item order."""
    both = [item for item in old if item in new and is_written(old[item]) and is_written(new[item])]
    return [(old[item], new[item]) for item in sampled(both, most)]


def sampled(items: Sequence[str], most: int) -> list[str]:
    """At most so many, chosen by hash, in order: the same ones each time."""
    chosen = heapq.nsmallest(most, items, key=lambda item: hashlib.sha256(item.encode("utf-8")).digest())
    return sorted(chosen)


def task_pools(old: Scores, new: Scores, most: int, changing: Collection[str] = ()) -> list[Pool]:
    """A pool of each generative task with enough answers; of two filters of a task, the first.

    ``changing`` are the tasks whose answers change their form by intention.
    """
    pools: dict[str, Pool] = {}
    for task in sorted(set(old) & set(new)):
        pairs = written_pairs(old[task], new[task], most)
        name = task.split(":")[0]
        if len(pairs) < LEAST or name in pools:
            continue
        wanted = tuple(before.target or "" for before, _ in pairs)
        pools[name] = Pool(
            name,
            tuple(before.response or "" for before, _ in pairs),
            tuple(after.response or "" for _, after in pairs),
            wanted if all(wanted) else None,
            tuple(before.cluster or before.item for before, _ in pairs),
            name not in changing,
        )
    return list(pools.values())


def free_pool(
    asking: Asking, base: Arm, arm: Arm, strata: Sequence[Stratum], settings: FlagSettings
) -> Pool | None:
    """Free answers to held-out questions, greedy; None when there are too few."""
    rows = [row for stratum in strata for row in stratum.held_out if last_answer(row)][: settings.prompts]
    if len(rows) < LEAST:
        return None
    asked = [(row, "") for row in rows]
    return Pool(
        "held-out questions",
        tuple(asking.continued(base, asked, settings.tokens)),
        tuple(asking.continued(arm, asked, settings.tokens)),
        tuple(last_answer(row) for row in rows),
        tuple(str(row.get("group") or row["id"]) for row in rows),
    )
