"""Groups of duplicates in which every member matches the row that stays.

Connected components chain: a is like b, b is like c, and c, which is unlike a, would be
lost to a. A star has no chain: its members are the keeper's own neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from workbench.steps._minhash import packed, unpacked

Integers = npt.NDArray[np.int64]
ROUNDS = 3
_PAIRS_AT_ONCE = 1 << 16


def stars(
    pairs: Integers, ranks: Integers, verified: Callable[[Integers], npt.NDArray[np.bool_]]
) -> Integers:
    """Give each row its keeper, or -1: shape ``(rows,)``.

    ``pairs`` are verified pairs of row numbers, shape ``(pairs, 2)``; ``ranks`` says which
    row to keep before which. Rows are taken best first; a row that is free becomes a keeper
    of its free neighbours. ``verified`` tells, for pairs that never were candidates, such as
    a keeper and its neighbours' neighbours, whether they match too.
    """
    known = _oriented(pairs, ranks)
    for _ in range(ROUNDS):
        keepers = _assigned(known, ranks)
        further = _unmet(known, keepers, ranks)
        if not len(further):
            break
        known = np.concatenate([known, further[verified(further)]])
    return _assigned(known, ranks)


def _oriented(pairs: Integers, ranks: Integers) -> Integers:
    """Each pair with the better row first."""
    swap = ranks[pairs[:, 0]] > ranks[pairs[:, 1]]
    return np.where(swap[:, None], pairs[:, ::-1], pairs)


def _assigned(pairs: Integers, ranks: Integers) -> Integers:
    keepers = np.full(len(ranks), -1, dtype=np.int64)
    order = np.lexsort((ranks[pairs[:, 1]], ranks[pairs[:, 0]]))
    for start in range(0, len(order), _PAIRS_AT_ONCE):
        for better, worse in pairs[order[start : start + _PAIRS_AT_ONCE]].tolist():
            if keepers[better] < 0 and keepers[worse] < 0:
                keepers[worse] = better
    return keepers


def _unmet(pairs: Integers, keepers: Integers, ranks: Integers) -> Integers:
    """Pairs of a keeper and a free row that a member of the keeper's star matches."""
    found = []
    for member, other in ((pairs[:, 0], pairs[:, 1]), (pairs[:, 1], pairs[:, 0])):
        keeper = keepers[member]
        wanted = (keeper >= 0) & (keeper != other) & (keepers[other] < 0)
        found.append(packed(keeper[wanted], other[wanted]))
    further = np.unique(np.concatenate(found))
    met = packed(pairs[:, 0], pairs[:, 1])
    return _oriented(unpacked(further[~np.isin(further, met)]), ranks)
