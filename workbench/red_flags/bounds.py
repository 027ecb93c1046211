"""Bounds that red flags share: ratios over clusters, differences of shares and of means.

Ratio estimator with clusters: Cochran 1977, Sampling Techniques, chapter 6 (linearised);
two samples: Welch 1947; shares of two samples: Newcombe 1998, method 10; paired shares: Tango
1998 (`workbench.paired`). Every bound is one-sided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from workbench.paired import Interval, is_binary, mean_difference, tango_interval, wilson


class Ratio(NamedTuple):
    """A ratio of sums, its standard error and degrees of freedom."""

    value: float
    error: float
    freedom: float


def ratio(sums: Sequence[float], counts: Sequence[float], clusters: Sequence[str]) -> Ratio:
    """``sum(sums) / sum(counts)`` with the error of clusters drawn at random."""
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    top = np.bincount(index, weights=np.asarray(sums, dtype=float))
    bottom = np.bincount(index, weights=np.asarray(counts, dtype=float))
    groups, total = len(top), float(bottom.sum())
    value = float(top.sum()) / total
    if groups < 2:
        return Ratio(value, math.inf, 1.0)
    residuals = top - value * bottom
    error = math.sqrt(groups / (groups - 1) * float((residuals**2).sum())) / total
    return Ratio(value, error, float(groups - 1))


def bounded(found: Ratio, alpha: float) -> Interval:
    """A ratio with Student's bounds."""
    if not math.isfinite(found.error):
        return Interval(found.value, -math.inf, math.inf)
    half = float(stats.t.ppf(1 - alpha, found.freedom)) * found.error
    return Interval(found.value, found.value - half, found.value + half)


def difference(first: Ratio, second: Ratio, alpha: float) -> Interval:
    """``first − second`` of two independent samples, by Welch."""
    value, error = first.value - second.value, math.hypot(first.error, second.error)
    if not math.isfinite(error):
        return Interval(value, -math.inf, math.inf)
    within = first.error**4 / first.freedom + second.error**4 / second.freedom
    freedom = error**4 / within if within > 0 else 1.0
    half = float(stats.t.ppf(1 - alpha, freedom)) * error
    return Interval(value, value - half, value + half)


def shares(first: int, of_first: int, second: int, of_second: int, alpha: float) -> Interval:
    """The difference of two independent shares."""
    a, b = wilson(first, of_first, 2 * alpha), wilson(second, of_second, 2 * alpha)
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    return Interval(value, low, high)


def paired_change(
    old: Sequence[float],
    new: Sequence[float],
    clusters: Sequence[str] | None,
    alpha: float,
    span: float = 1.0,
) -> Interval:
    """``new − old`` on the same items: Tango for 0 and 1 of items that stand alone, else Student's t."""
    alone = clusters is None or len(set(clusters)) == len(clusters)
    if alone and is_binary([*old, *new]):
        gained = sum(b > a for a, b in zip(old, new, strict=True))
        lost = sum(b < a for a, b in zip(old, new, strict=True))
        return tango_interval(gained, lost, len(new), alpha)
    changes = [b - a for a, b in zip(old, new, strict=True)]
    return mean_difference(changes, clusters, alpha, span)[0]


def jackknife(statistic: Callable[[np.ndarray], float], items: int, alpha: float) -> Interval:
    """A statistic of pairs of items, bounded by leaving out one item at a time (Arvesen 1969).

    ``statistic`` takes the numbers of the items to use.
    """
    everything = np.arange(items)
    value = statistic(everything)
    left = np.array([statistic(np.delete(everything, item)) for item in everything])
    error = math.sqrt((items - 1) / items * float(((left - left.mean()) ** 2).sum()))
    half = float(stats.t.ppf(1 - alpha, items - 1)) * error
    return Interval(value, value - half, value + half)


def least(found: Sequence[Interval]) -> Interval:
    """The smallest of several differences: what holds against every rival (Berger 1982)."""
    return Interval(
        min(one.value for one in found), min(one.low for one in found), min(one.high for one in found)
    )


def told(interval: Interval) -> dict[str, float]:
    """An interval as evidence."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}
