"""Items that come in groups: an exact test by flipping signs, and what a group costs.

Sign-flip permutation as in Good 2005 (Permutation, Parametric and Bootstrap Tests of
Hypotheses); the intraclass correlation by analysis of variance, Donner 1986; the design
effect, Kish 1965.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DRAWS = 9999
EXACT_GROUPS = 13
"""Up to this many groups that changed, every pattern of signs is looked at."""
CHUNK = 1 << 22


def sign_flip_harm(differences: Sequence[float], clusters: Sequence[str] | None = None) -> float:
    """One-sided p-value of "the new model is worse" when the two are exchangeable in a group.

    The sign of a whole group's difference is flipped, all patterns when few groups changed,
    else 9,999 drawn with a fixed seed (the observed pattern counts as one more).
    """
    sums = group_sums(differences, clusters)
    sums = sums[np.abs(sums) > 1e-12]
    if not len(sums):
        return 1.0
    wanted = float(sums.sum()) + 1e-9 * float(np.abs(sums).sum())
    if len(sums) <= EXACT_GROUPS:
        patterns = (np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1
        return float(np.mean((2 * patterns - 1) @ sums <= wanted))
    random = np.random.default_rng(0)
    rows, found, drawn = max(1, CHUNK // len(sums)), 0, 0
    while drawn < DRAWS:
        count = min(rows, DRAWS - drawn)
        bits = np.unpackbits(np.frombuffer(random.bytes(count * len(sums) // 8 + 1), np.uint8))
        signs = bits[: count * len(sums)].reshape(count, len(sums))
        found += int(np.count_nonzero(2.0 * (signs @ sums) - sums.sum() <= wanted))
        drawn += count
    return (1 + found) / (1 + DRAWS)


def group_sums(differences: Sequence[float], clusters: Sequence[str] | None) -> np.ndarray:
    """The sum of the differences of every group, groups in the order of their names."""
    values = np.asarray(differences, dtype=float)
    if clusters is None:
        return values
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    return np.bincount(index, weights=values)


def intraclass_correlation(values: Sequence[float], clusters: Sequence[str]) -> float:
    """How alike the items of a group are, from 0 (not at all) to 1; 0 when it cannot be told.

    The analysis-of-variance estimate; a negative one, which chance gives, is 0.
    """
    data = np.asarray(values, dtype=float)
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    sizes = np.bincount(index).astype(float)
    groups, n = len(sizes), len(data)
    if groups < 2 or n <= groups:
        return 0.0
    means = np.bincount(index, weights=data) / sizes
    between = float((sizes * (means - data.mean()) ** 2).sum()) / (groups - 1)
    within = float(((data - means[index]) ** 2).sum()) / (n - groups)
    size = (n - float((sizes**2).sum()) / n) / (groups - 1)
    total = between + (size - 1) * within
    return min(1.0, max(0.0, (between - within) / total)) if total > 0 else 0.0


def design_effect(size: float, correlation: float) -> float:
    """How many items in groups of ``size`` are worth one item that stands alone."""
    return 1.0 + (size - 1.0) * correlation
