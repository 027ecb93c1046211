"""Overfitting: a lower loss on the rows that were learned than on rows that were not.

The gap (held-out minus training loss per answer token) is compared with the base's own gap on
the same rows, so that training rows which are merely easier do not count: a difference in
differences. Rows of one group are one draw. Held-out loss that rises over the base's is what
separates rows learned by heart from a task learned (Goodfellow, Bengio & Courville 2016,
section 5.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.examples import Example
from workbench.paired import Interval
from workbench.red_flags.asking import Loss
from workbench.red_flags.bounds import Ratio, bounded, difference, ratio, told
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, Level, not_measured
from workbench.red_flags.training_rows import group_of

NAME = "overfitting"
GAP = 0.2
"""Nats a token: the learned rows' perplexity is lower by more than a fifth."""
LEAST = 8


class Side(NamedTuple):
    """Rows of one side with the losses of base and candidate."""

    rows: list[Example]
    old: list[Loss]
    new: list[Loss]

    def change(self) -> Ratio:
        """How much the candidate's loss lies over the base's, nats a token."""
        sums = [b.nats - a.nats for a, b in zip(self.old, self.new, strict=True)]
        return ratio(sums, [a.tokens for a in self.old], [group_of(row) for row in self.rows])

    def loss(self, losses: Sequence[Loss]) -> float:
        """Mean loss, nats a token."""
        return sum(one.nats for one in losses) / sum(one.tokens for one in losses)


def measure(candidate: Candidate) -> Flag:
    """The gap in nats a token beyond the base's own."""
    arm = candidate.arm.name
    pairs = [stratum for stratum in candidate.strata if stratum.train and stratum.held_out]
    if not pairs:
        return not_measured(NAME, arm, _why(candidate))
    train = _side(candidate, [row for one in pairs for row in one.train[: len(one.held_out)]])
    held_out = _side(candidate, [row for one in pairs for row in one.held_out[: len(one.train)]])
    if min(len(train.rows), len(held_out.rows)) < LEAST:
        return not_measured(NAME, arm, f"fewer than {LEAST} rows on one side fit the model's input")
    unseen = held_out.change()
    gap = difference(unseen, train.change(), ALPHA)
    worse = bounded(unseen, ALPHA)
    return Flag(
        NAME, arm, _level(gap, worse), _statement(gap, worse), *gap, _evidence(train, held_out, worse)
    )


def _side(candidate: Candidate, rows: list[Example]) -> Side:
    old = candidate.asking.losses(candidate.base, rows)
    new = candidate.asking.losses(candidate.arm, rows)
    whole = [(r, a, b) for r, a, b in zip(rows, old, new, strict=True) if a and b and a.tokens == b.tokens]
    return Side([r for r, _, _ in whole], [a for _, a, _ in whole], [b for _, _, b in whole])


def _level(gap: Interval, worse: Interval) -> Level:
    if gap.low <= GAP:
        return "ok"
    return "block" if worse.low > 0 else "warn"


def _statement(gap: Interval, worse: Interval) -> str:
    times = f"{math.exp(min(gap.value, 50.0)):.2f} times the perplexity of learned rows"
    said = f"beyond the base's own gap, unseen rows have {times} ({gap.value:+.3f} nats a token)"
    if gap.low <= GAP:
        return f"no overfitting beyond {GAP:g} nats is shown: {said}"
    end = (
        "and it is worse than the base on them" if worse.low > 0 else "and still better than the base on them"
    )
    return f"it has learned rows by heart: {said}, {end if worse.low > 0 or worse.high < 0 else 'not clearly worse than the base'}"


def _evidence(train: Side, held_out: Side, worse: Interval) -> dict[str, Any]:
    return {
        "unit": "nats a token",
        "threshold": GAP,
        "train": {
            "rows": len(train.rows),
            "tokens": sum(one.tokens for one in train.old),
            "base": train.loss(train.old),
            "candidate": train.loss(train.new),
        },
        "held_out": {
            "rows": len(held_out.rows),
            "tokens": sum(one.tokens for one in held_out.old),
            "base": held_out.loss(held_out.old),
            "candidate": held_out.loss(held_out.new),
        },
        "held_out_change": told(worse),
        "method": "ratio of sums over groups, linearised; difference in differences, Welch",
    }


def _why(candidate: Candidate) -> str:
    if not candidate.trained_on:
        return "nobody knows which rows it was trained on"
    return "the version it was trained on has no held-out rows; `workbench split` makes some"
