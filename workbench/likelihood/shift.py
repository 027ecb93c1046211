"""Shift of the right answer's log-likelihood: an early warning, never a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.scores import Score


@dataclass(frozen=True)
class Shift:
    """Mean change of the right answer's log-likelihood, new − old, in nats an answer.

    ``low`` and ``high`` bound it at 95 %; ``p`` is the two-sided p-value of no change; both are
    None for fewer than two items (or clusters) and when none of them differs from another.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    p: float | None


def gold_shift(old: Mapping[str, Score], new: Mapping[str, Score]) -> Shift | None:
    """Paired Student's t over the items whose right answer both models scored; None without any.

    Items of one cluster count as their mean. The shift moves before accuracy does: it says
    that something changed, not that anything was lost.
    """
    from scipy import stats

    changes: dict[str, list[float]] = {}
    for item in sorted(set(old) & set(new)):
        before, after = old[item], new[item]
        if before.nll is not None and after.nll is not None:
            name = item if before.cluster is None else f"cluster {before.cluster}"
            changes.setdefault(name, []).append(before.nll - after.nll)
    if not changes:
        return None
    means = np.array([np.mean(values) for values in changes.values()])
    count = sum(len(values) for values in changes.values())
    mean = float(means.mean())
    if len(means) < 2 or np.ptp(means) == 0.0:
        return Shift(count, mean, None, None, None)
    tested = stats.ttest_1samp(means, 0.0)
    interval = tested.confidence_interval(0.95)
    return Shift(count, mean, float(interval.low), float(interval.high), float(tested.pvalue))
