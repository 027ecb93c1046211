"""The exact error of a paired 0/1 comparison: every outcome counted, whatever the flip rate.

Tango's score statistic orders the outcomes; its normal approximation errs by up to two points
where few items change. Here the chance of an outcome at least as extreme is added up, and the
flip rate, which is not known, is the least favourable one that the data leave plausible
(exact unconditional test as in Sidik 2003, plausible rates as in Berger and Boos 1994).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

RATES = 41
"""Flip rates that are tried between the least and the largest plausible one."""
PLAUSIBLE = 0.02
"""Share of alpha that is spent on leaving implausible flip rates out."""
WIDTH = 7.0
"""Standard deviations of the number gained beyond which there is nothing to count."""


def exact_p_above(gained: int, lost: int, n: int, difference: float, alpha: float = 0.05) -> float:
    """The p-value against "the true difference (new − old) is at most ``difference``".

    At most ``alpha`` of all true cases give a p-value of ``alpha`` or less, at any number of
    items and any flip rate.
    """
    observed = float(_statistic(np.array([gained]), np.array([lost]), n, difference)[0])
    gamma = PLAUSIBLE * alpha
    flips = gained + lost
    low = float(stats.beta.ppf(gamma / 2, flips, n - flips + 1)) if flips else 0.0
    high = float(stats.beta.ppf(1 - gamma / 2, flips + 1, n - flips)) if flips < n else 1.0
    least = abs(difference)
    rates = np.linspace(max(low, least), max(high, least), RATES)
    most = _frontier(n, difference, observed)
    return min(1.0, gamma + max(_chance(most, n, float(rate), difference) for rate in rates))


def _frontier(n: int, difference: float, observed: float) -> np.ndarray:
    """For every number gained, the most lost items that are as extreme; −1 when none are."""
    gained = np.arange(n + 1)
    low, high = np.full(n + 1, -1), n - gained
    while np.any(low < high):
        middle = (low + high + 1) // 2
        extreme = _statistic(gained, middle, n, difference) >= observed - 1e-9
        low, high = np.where(extreme, middle, low), np.where(extreme, high, middle - 1)
    return low


def _chance(most: np.ndarray, n: int, rate: float, difference: float) -> float:
    """The chance of an outcome inside the frontier at this flip rate and difference."""
    up, down = (rate + difference) / 2, (rate - difference) / 2
    spread = WIDTH * math.sqrt(max(n * up * (1 - up), 1.0)) + 1
    gained = np.arange(max(0, int(n * up - spread)), min(n, int(n * up + spread)) + 1)
    inside = gained[most[gained] >= 0]
    weight = np.exp(
        special.gammaln(n + 1)
        - special.gammaln(inside + 1)
        - special.gammaln(n - inside + 1)
        + special.xlogy(inside, up)
        + special.xlog1py(n - inside, -up)
    )
    share = min(1.0, down / (1 - up)) if up < 1 else 0.0
    return float((weight * special.bdtr(most[inside], n - inside, share)).sum())


def _statistic(gained: np.ndarray, lost: np.ndarray, n: int, difference: float) -> np.ndarray:
    """Tango's statistic for many outcomes at once, as `workbench.paired.tango_statistic`."""
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    q21 = (np.sqrt(np.maximum(b * b - 8.0 * n * c, 0.0)) - b) / (4.0 * n)
    variance = n * (2 * q21 + difference * (1 - difference))
    distance = gained - lost - n * difference
    with np.errstate(divide="ignore", invalid="ignore"):
        found = distance / np.sqrt(np.maximum(variance, 0.0))
    settled: np.ndarray = np.where(
        variance > 0, found, np.where(distance == 0, 0.0, np.copysign(np.inf, distance))
    )
    return settled
