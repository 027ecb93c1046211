"""Paired statistics of two models on the same items. Pure functions, no files.

Tango 1998 (score interval for a paired difference), McNemar 1947 (exact, one-sided), Holm
1979, Benjamini and Hochberg 1995, Wilson 1927, Miller 2024 (clustered standard errors, arXiv
2411.00640). A bootstrap or Wald interval has no width when nothing flips, so neither is used
for a pass. What groups of items add is in `workbench.clusters`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    """An estimate with its one-sided bounds (each at level alpha)."""

    value: float
    low: float
    high: float


def wilson(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Wilson score interval of a share, two-sided at ``1 - alpha``."""
    if n == 0:
        return Interval(math.nan, 0.0, 1.0)
    z = float(stats.norm.ppf(1 - alpha / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def mean_interval(scores: Sequence[float], alpha: float = 0.05, *, bounded: bool | None = None) -> Interval:
    """Two-sided interval of a mean: Wilson for 0/1 scores, else Student's t.

    The bounds of ``bounded`` scores lie between 0 and 1; by default those are bounded of which
    none is outside.
    """
    values = np.asarray(scores, dtype=float)
    if bounded is None:
        bounded = bool(len(values)) and bool(((values >= 0) & (values <= 1)).all())
    least, most = (0.0, 1.0) if bounded else (-math.inf, math.inf)
    if is_binary(scores):
        return wilson(int(values.sum()), len(values), alpha)
    if len(values) < 2:
        return Interval(float(values.mean()) if len(values) else math.nan, least, most)
    half = (
        float(stats.t.ppf(1 - alpha / 2, len(values) - 1))
        * float(values.std(ddof=1))
        / math.sqrt(len(values))
    )
    mean = float(values.mean())
    return Interval(mean, max(least, mean - half), min(most, mean + half))


def is_binary(scores: Sequence[float]) -> bool:
    """Whether all scores are 0 or 1."""
    return all(score in (0, 1) for score in scores)


def mcnemar_harm(gained: int, lost: int) -> float:
    """Exact one-sided p-value of "the new model is worse": P(Bin(gained + lost, ½) >= lost)."""
    return float(stats.binom.sf(lost - 1, gained + lost, 0.5)) if gained + lost else 1.0


def tango_statistic(gained: int, lost: int, n: int, difference: float) -> float:
    """Tango's score statistic for the paired difference (new − old) being ``difference``.

    The constrained estimate is of the share of items that only the old model gets right
    minus nothing: Tango 1998, equation for q21 with D0 = ``difference``.
    """
    a = 2.0 * n
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    q21 = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = n * (2 * q21 + difference * (1 - difference))
    distance = gained - lost - n * difference
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def tango_interval(gained: int, lost: int, n: int, alpha: float = 0.05) -> Interval:
    """Invert Tango's statistic by bisection; each bound is one-sided at ``alpha``."""
    z = float(stats.norm.ppf(1 - alpha))
    estimate = (gained - lost) / n

    def bound(wanted: float, left: float, right: float) -> float:
        for _ in range(60):
            middle = (left + right) / 2
            if tango_statistic(gained, lost, n, middle) > wanted:
                left = middle
            else:
                right = middle
        return (left + right) / 2

    low = bound(z, -1.0 + 1e-9, estimate)
    high = bound(-z, estimate, 1.0 - 1e-9)
    return Interval(estimate, low, high)


def mean_difference(
    differences: Sequence[float],
    clusters: Sequence[str] | None = None,
    alpha: float = 0.05,
    span: float = 1.0,
) -> tuple[Interval, float, float]:
    """Paired mean difference with clustered standard error and Student's t.

    Returns the interval (bounds one-sided at ``alpha``), the standard error and the degrees
    of freedom (number of clusters minus one). Without clusters each item is its own. ``span``
    is the width of the scores' range: with few or equal items the bounds are never nearer than
    Tango's are when nothing flips, which leave room for a change not yet seen.
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    mean = float(values.mean())
    names = np.asarray(clusters if clusters is not None else np.arange(n))
    _, index = np.unique(names, return_inverse=True)
    sums = np.bincount(index, weights=values - mean)
    groups = len(sums)
    if groups < 2:
        return Interval(mean, -math.inf, math.inf), math.inf, 0.0
    error = math.sqrt(groups / (groups - 1) * float((sums**2).sum())) / n
    z = float(stats.norm.ppf(1 - alpha))
    unseen = span * z * z / (groups + z * z)
    half = max(float(stats.t.ppf(1 - alpha, groups - 1)) * error, unseen)
    return Interval(mean, mean - half, mean + half), error, float(groups - 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    adjusted = [0.0] * len(p_values)
    lowest = 1.0
    for rank, i in zip(range(len(p_values), 0, -1), order, strict=True):
        lowest = min(lowest, p_values[i] * len(p_values) / rank)
        adjusted[i] = lowest
    return adjusted


def items_needed(variance: float, margin: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Items to show "no loss beyond the margin" when there is none: (z_a + z_b)² v / m²."""
    z = float(stats.norm.ppf(1 - alpha) + stats.norm.ppf(power))
    return math.ceil(z * z * variance / (margin * margin))


def detectable_loss(variance: float, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true loss that ``n`` items would find with the given power."""
    z = float(stats.norm.ppf(1 - alpha) + stats.norm.ppf(power))
    return z * math.sqrt(variance / n)
