"""Looking more than once: how much error each look may spend, and where its boundary is.

Lan and DeMets 1983 (spending functions), Armitage, McPherson and Rowe 1969 (the recursion),
Jennison and Turnbull 2000, chapter 19 (numerical integration), Maurer and Bretz 2013 (Holm
over tests that are each looked at several times). One-sided, without stopping for futility.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy import optimize, special

from workbench.policy import Spending

NODES = 200
"""Points of the integration over what has not yet crossed a boundary."""
FAR = 9.0
"""Standard deviations beyond which there is no probability worth counting."""
SMALLEST = 1e-12
"""p-values below this are all the same."""


def spent(alpha: float, fraction: float, spending: Spending) -> float:
    """The error that may be spent until ``fraction`` of the items are seen."""
    if fraction >= 1.0:
        return alpha
    if spending == "pocock":
        return alpha * math.log(1.0 + (math.e - 1.0) * fraction)
    z = float(special.ndtri(alpha / 2))
    return float(2.0 * special.ndtr(z / math.sqrt(fraction)))


@lru_cache(maxsize=4096)
def boundaries(alpha: float, fractions: tuple[float, ...], spending: Spending) -> tuple[float, ...]:
    """The boundary of every look, as a z-value, so that all looks together err by ``alpha``.

    ``fractions`` are the shares of the planned items at each look so far, rising, at most 1.
    """
    found: list[float] = []
    nodes, weights = leggauss(NODES)
    points = density = np.empty(0)
    before = time = 0.0
    for fraction in fractions:
        target = spent(alpha, fraction, spending)
        step = math.sqrt(fraction - time)
        bound = _boundary(target - before, step, math.sqrt(fraction), points, density)
        found.append(bound / math.sqrt(fraction))
        low = -FAR * math.sqrt(fraction)
        new_points = (bound - low) / 2 * nodes + (bound + low) / 2
        near = _normal(new_points[:, None] - points[None, :], step)
        reached = near @ density if len(points) else _normal(new_points, step)
        points, density = new_points, reached * weights * (bound - low) / 2
        before, time = target, fraction
    return tuple(found)


def levels(alpha: float, fractions: Sequence[float], spending: Spending) -> list[float]:
    """The one-sided level at which each look's test is made."""
    return [float(special.ndtr(-z)) for z in boundaries(alpha, tuple(fractions), spending)]


def sequential_p(p_value: float, fractions: Sequence[float], spending: Spending) -> float:
    """The smallest alpha at which this look's boundary is crossed by ``p_value``.

    With one look at all items it is the p-value itself. It can be given to Holm like any other.
    """
    if tuple(fractions) == (1.0,) or p_value >= 0.5:
        return p_value
    wanted = -float(special.ndtri(max(p_value, SMALLEST)))

    def excess(log_alpha: float) -> float:
        return boundaries(math.exp(log_alpha), tuple(fractions), spending)[-1] - wanted

    low, high = math.log(SMALLEST), math.log(0.5)
    if excess(high) >= 0:
        return 1.0
    if excess(low) <= 0:
        return SMALLEST
    return math.exp(float(optimize.brentq(excess, low, high, xtol=1e-7)))


def _normal(distance: np.ndarray, deviation: float) -> np.ndarray:
    density: np.ndarray = np.exp(-0.5 * (distance / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    return density


def _boundary(
    probability: float, step: float, deviation: float, points: np.ndarray, density: np.ndarray
) -> float:
    """Where the sum must lie so that ``probability`` crosses for the first time at this look."""

    def excess(bound: float) -> float:
        if not len(points):
            return float(special.ndtr(-bound / step)) - probability
        return float(density @ special.ndtr((points - bound) / step)) - probability

    if probability <= 0 or excess(FAR * deviation) >= 0:
        return FAR * deviation
    return float(optimize.brentq(excess, -FAR * deviation, FAR * deviation, xtol=1e-10))
