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
    suspects = _suspects(keys)
    order = suspects[np.argsort(keys[suspects], kind="stable")]
    values = keys[order]
    same = values[1:] == values[:-1]
    shared = np.r_[same, False] | np.r_[False, same] if len(values) else np.zeros(0, bool)
    return Collisions(values[shared], order[shared])


def _suspects(keys: Keys) -> Rows:
    """Rows, in order, whose key may occur twice: one sort of numbers that hold key and row.

    The row takes the lower bits and the key what is left above them, so that a few rows
    that share only the upper part of a key are suspected for nothing.
    """
    rows = np.arange(len(keys), dtype=np.uint64)
    low = np.uint64(max(1, len(keys)).bit_length())
    packed = (keys >> low << low) | rows
    packed.sort()
    upper = packed >> low
    same = upper[1:] == upper[:-1]
    shared = np.r_[same, False] | np.r_[False, same] if len(packed) else np.zeros(0, bool)
    found = (packed[shared] & ((np.uint64(1) << low) - np.uint64(1))).astype(np.int64)
    return np.asarray(np.sort(found), dtype=np.int64)
