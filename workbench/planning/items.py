"""Sample size of a paired comparison, from the share of items whose answer changes.

To rule a loss out (Tango, truth: no change) takes about ``(z_a + z_b)² q / m²`` items at flip
rate ``q`` and margin ``m``; to see it (McNemar, truth: that loss) is found from the exact
power. Miettinen 1968; Connor 1987. Items in groups count by Kish's design effect.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from workbench.clusters import design_effect
from workbench.errors import InputError
from workbench.paired import detectable_loss, items_needed

LOSSES = (0.01, 0.02, 0.03, 0.05, 0.1)
MOST = 2_000_000
"""Beyond so many items nobody asks."""


@dataclass(frozen=True)
class Design:
    """How the gate will test: errors, tasks judged together, and the groups of items.

    With several ``tasks`` the power is at the first step of Holm, ``alpha / (tasks + 1)``
    (the average is one more), so it is a promise for the worst case.
    """

    alpha: float = 0.05
    power: float = 0.8
    tasks: int = 1
    cluster_size: float = 1.0
    correlation: float = 0.0

    @property
    def harm_alpha(self) -> float:
        """The level at which one task's loss is tested."""
        return self.alpha if self.tasks == 1 else self.alpha / (self.tasks + 1)

    @property
    def effect(self) -> float:
        """Items needed for one that stands alone."""
        return design_effect(self.cluster_size, self.correlation)


@dataclass(frozen=True)
class Plan:
    """Items of each task: to see a loss with the power asked for, and to rule it out."""

    loss: float
    flip_rate: float
    to_see: int
    to_rule_out: int
    power_at_to_see: float
    design: Design

    def as_row(self) -> dict[str, Any]:
        """One line of the machine contract."""
        return asdict(self)


def plan_items(loss: float, flip_rate: float, design: Design | None = None) -> Plan:
    """Items to see, and to rule out, a ``loss`` when ``flip_rate`` of the items change.

    Both are shares, between 0 and 1. Raises `InputError` when fewer items change than are lost.
    """
    design = design or Design()
    if not 0 < loss < 1 or not 0 < flip_rate <= 1:
        raise InputError(
            "loss and flip rate are shares between 0 and 1", remedy="--loss 0.02 --flip-rate 0.1"
        )
    if flip_rate < loss:
        raise InputError(
            f"a loss of {loss:g} needs at least as many flips, not {flip_rate:g}",
            remedy="give the share of items that change in either direction",
        )
    alone = _fewest(loss, flip_rate, design)
    ruled_out = items_needed(flip_rate, loss, design.alpha, design.power)
    return Plan(
        loss=loss,
        flip_rate=flip_rate,
        to_see=math.ceil(alone * design.effect),
        to_rule_out=math.ceil(ruled_out * design.effect),
        power_at_to_see=exact_power(alone, loss, flip_rate, design.harm_alpha),
        design=design,
    )


def plan_table(flip_rate: float, design: Design | None = None) -> list[Plan]:
    """Plans for losses of 1, 2, 3, 5 and 10 points, those that so many flips allow."""
    return [plan_items(loss, flip_rate, design) for loss in LOSSES if loss <= flip_rate]


def exact_power(n: int, loss: float, flip_rate: float, alpha: float = 0.05) -> float:
    """The chance that McNemar's exact test finds a loss with ``n`` items, all cases counted."""
    flips = np.arange(n + 1)
    weights = stats.binom.pmf(flips, n, flip_rate)
    counted = weights > 1e-12
    flips, weights = flips[counted], weights[counted]
    least = stats.binom.isf(alpha, flips, 0.5) + 1
    down = (flip_rate + loss) / (2 * flip_rate)
    return float((weights * stats.binom.sf(least - 1, flips, down)).sum())


def seen_loss(n: int, flip_rate: float, design: Design | None = None) -> float:
    """The smallest loss that ``n`` items find with the design's power (normal approximation)."""
    design = design or Design()
    return detectable_loss(flip_rate * design.effect, n, design.harm_alpha, design.power)


def _fewest(loss: float, flip_rate: float, design: Design) -> int:
    """The fewest items with the power; the exact power waves with n, so its far side is taken."""

    def enough(n: int) -> bool:
        return exact_power(n, loss, flip_rate, design.harm_alpha) >= design.power

    high = max(8, items_needed(flip_rate, loss, design.harm_alpha, design.power))
    while not enough(high):
        high *= 2
        if high > MOST:
            raise InputError("this takes more than two million items", remedy="plan for a larger loss")
    low = 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
