"""Agreement of two raters beyond chance: Cohen's kappa with its large-sample interval.

Cohen 1960; the standard error is that of Fleiss, Cohen and Everitt 1969 ("Large sample standard
errors of kappa and weighted kappa", Psychological Bulletin 72), for kappa not zero.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

FEW = 30
"""Below this many items the interval is rough."""


@dataclass(frozen=True)
class Agreement:
    """``kappa`` 1 is full agreement, 0 is chance; None when one word was said throughout.

    ``observed``: share of items on which both said the same. ``low`` and ``high``: 95 %.
    """

    n: int
    observed: float
    kappa: float | None
    low: float | None
    high: float | None
    few: bool


def agreement(one: Sequence[str], other: Sequence[str]) -> Agreement:
    """How far two raters agree who spoke about the same items, in the same order."""
    n = len(one)
    pairs = Counter(zip(one, other, strict=True))
    left, right = Counter(one), Counter(other)
    observed = sum(count for (a, b), count in pairs.items() if a == b) / n if n else 0.0
    chance = sum(left[word] * right[word] for word in left) / (n * n) if n else 1.0
    if chance >= 1.0:
        return Agreement(n, observed, None, None, None, n < FEW)
    kappa = (observed - chance) / (1 - chance)
    half = 1.959964 * _standard_error(pairs, left, right, n, chance, kappa)
    return Agreement(n, observed, kappa, max(-1.0, kappa - half), min(1.0, kappa + half), n < FEW)


def _standard_error(
    pairs: Counter[tuple[str, str]],
    left: Counter[str],
    right: Counter[str],
    n: int,
    chance: float,
    kappa: float,
) -> float:
    same = sum(
        count / n * (1 - (left[a] + right[a]) / n * (1 - kappa)) ** 2
        for (a, b), count in pairs.items()
        if a == b
    )
    different = (1 - kappa) ** 2 * sum(
        count / n * ((right[a] + left[b]) / n) ** 2 for (a, b), count in pairs.items() if a != b
    )
    variance = same + different - (kappa - chance * (1 - kappa)) ** 2
    return math.sqrt(max(variance, 0.0) / n) / (1 - chance)
