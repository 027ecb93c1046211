"""Who goes where: whole units, each stratum near its share, the same for the same seed.

scikit-learn's StratifiedGroupKFold deals folds alike, but looks at every fold and every
class for each group in Python, and has neither shares, nor earlier sides, nor time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Times = npt.NDArray[np.float64]
TRAIN, LEFT_OUT, FREE = 0, -1, -2
"""Sides are numbers: 0 for training, from 1 what is held out, -1 neither, -2 not dealt yet."""


def deal_shares(
    units: Numbers, strata: Numbers, keys: Keys, shares: Sequence[float], seed: int, fixed: Numbers
) -> Numbers:
    """Give each row a side: ``i + 1`` for the share ``shares[i]`` of the rows, 0 for the rest.

    Units of one stratum are taken in a seeded order; a unit goes to the side that lacks most
    rows for its share, and to train when none lacks half of it. What a stratum is too small
    to give is asked of the next. ``fixed``, one entry a unit, tells sides that stay; they
    count for the shares.
    """
    sides, sizes = fixed.copy(), np.bincount(units)
    limit = max(1.0, float(sizes.mean())) if len(sizes) else 1.0
    lack = np.zeros(len(shares))
    for mine in _strata(units, strata, keys, seed):
        lack = np.clip(lack, -limit, limit) + np.array(shares) * sizes[mine].sum()
        held = sides[mine] > 0
        np.subtract.at(lack, sides[mine][held] - 1, sizes[mine][held])
        lacking = lack.tolist()
        for unit, size in zip(mine.tolist(), sizes[mine].tolist(), strict=True):
            if sides[unit] != FREE:
                continue
            most = max(lacking, default=0.0)
            if most >= 0.5 * size and most >= 0.5:
                side = lacking.index(most)
                lacking[side] -= size
                sides[unit] = side + 1
            else:
                sides[unit] = TRAIN
        lack = np.array(lacking)
    return np.asarray(sides[units])


def deal_folds(units: Numbers, strata: Numbers, keys: Keys, folds: int, seed: int, fixed: Numbers) -> Numbers:
    """Give each row a fold, 0 to ``folds - 1``; a unit whose ``fixed`` is -1 stays out of all.

    Each unit, the largest of a stratum first, goes to the fold with fewest rows of the
    stratum, and of those to the one with fewest rows at all.
    """
    chosen, sizes = fixed.copy(), np.bincount(units)
    total = [0] * folds
    for mine in _strata(units, strata, keys, seed):
        rows = [0] * folds
        for unit, size in zip(mine.tolist(), sizes[mine].tolist(), strict=True):
            if 0 <= chosen[unit] < folds:
                rows[chosen[unit]] += size
                total[chosen[unit]] += size
        free = mine[chosen[mine] == FREE]
        for unit in free[np.argsort(-sizes[free], kind="stable")].tolist():
            fold = min(range(folds), key=lambda number: (rows[number], total[number]))
            chosen[unit] = fold
            rows[fold] += int(sizes[unit])
            total[fold] += int(sizes[unit])
    return np.asarray(chosen[units])


def deal_times(units: Numbers, times: Times, shares: Sequence[float]) -> Numbers:
    """Give each row a side by its time: training before ``shares[0]``, that before ``shares[1]``.

    Rows of one time stand on one side. A unit that reaches over a boundary is left out: on
    either side it would tell one side about the other.
    """
    ordered = np.sort(times)
    sides = np.zeros(len(times), dtype=np.int64)
    held = 0.0
    for side in range(len(shares), 0, -1):
        held += shares[side - 1]
        place = len(ordered) - round(held * len(ordered))
        if shares[side - 1] > 0 and place < len(ordered):
            sides[(times >= ordered[place]) & (sides == 0)] = side
    first = np.full(int(units.max(initial=-1)) + 1, len(shares), dtype=np.int64)
    last = np.zeros(len(first), dtype=np.int64)
    np.minimum.at(first, units, sides)
    np.maximum.at(last, units, sides)
    return np.where((first == last)[units], sides, LEFT_OUT)


def unit_strata(units: Numbers, strata: Numbers) -> Numbers:
    """The stratum that most rows of a unit have; of several, the one met first in the data."""
    pairs, counts = np.unique(np.stack([units, strata], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -counts, pairs[:, 0]))
    first = np.unique(pairs[order, 0], return_index=True)[1]
    return np.asarray(pairs[order[first], 1])


def _strata(units: Numbers, strata: Numbers, keys: Keys, seed: int) -> Iterator[Numbers]:
    """The units of each stratum, in an order that depends on ids and seed and nothing else."""
    if not len(units):
        return
    least = np.full(int(units.max()) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(least, units, keys)
    of = unit_strata(units, strata)
    order = np.lexsort((least, _shuffled(least, seed), of))
    for start, end in _runs(of[order]):
        yield order[start:end]


def _shuffled(keys: Keys, seed: int) -> Keys:
    salt = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64
    mixed = keys ^ np.uint64(salt)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _runs(values: Numbers) -> Iterator[tuple[int, int]]:
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    yield from zip(starts.tolist(), np.r_[starts[1:], len(values)].tolist(), strict=True)
