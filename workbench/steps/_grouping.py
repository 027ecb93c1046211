"""Rows that share a key: the one operation that group steps need an engine for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


class Collisions(NamedTuple):
    """Rows whose key occurs more than once, and their keys, sorted by key and then row."""

    keys: Keys
    rows: Rows


def collisions(keys: Keys) -> Collisions:
    """Find the rows (numbers of ``keys``' places, shape ``(n,)``) that do not stand alone."""
    order = np.argsort(keys, kind="stable")
    values = keys[order]
    same = values[1:] == values[:-1]
    shared = np.r_[same, False] | np.r_[False, same] if len(values) else np.zeros(0, bool)
    return Collisions(values[shared], order[shared].astype(np.int64))
