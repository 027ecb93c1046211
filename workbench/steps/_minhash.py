"""MinHash signatures in bands, and the pairs of rows that share a band.

MinHash: Broder 1997; banding: Leskovec, Rajaraman & Ullman, Mining of Massive Datasets,
chapter 3. Two sets of Jaccard similarity s share at least one of ``BANDS`` bands of
``BAND_ROWS`` minima with probability 1 - (1 - s^BAND_ROWS)^BANDS: 0.95 at s = 0.55.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from workbench.steps._grouping import Collisions, Keys

BANDS, BAND_ROWS = 32, 4
WINDOW = 2
THREADS, BANDS_AT_ONCE = 2, 8
Pairs = npt.NDArray[np.int64]

_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)


def bands(
    grams: npt.NDArray[np.int32], counts: npt.NDArray[np.int64], seed: int, salt: int, number: int = BANDS
) -> Keys:
    """Band keys of each row, shape ``(number, rows)``.

    ``grams`` are the rows' sets one after the other, ``counts`` their sizes. A row without
    a gram has keys that no other row has: ``salt`` must differ from batch to batch.
    """
    generator = np.random.default_rng(seed)
    factors = generator.integers(0, 2**31, BANDS * BAND_ROWS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    offsets = generator.integers(0, 2**32, BANDS * BAND_ROWS, dtype=np.uint32)
    filled = counts > 0
    starts = (np.cumsum(counts) - counts)[filled]
    mixed = grams.view(np.uint32) * np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(15)
    keys = np.empty((number, len(counts)), dtype=np.uint64)
    keys[:] = (np.arange(len(counts), dtype=np.uint64) + np.uint64(salt)) * _MULTIPLY
    work = np.empty_like(mixed)
    for band in range(number):
        folded = np.zeros(len(starts), dtype=np.uint64)
        for row in range(BAND_ROWS):
            place = band * BAND_ROWS + row
            np.multiply(mixed, factors[place], out=work)
            work += offsets[place]
            least = np.minimum.reduceat(work, starts) if len(starts) else work
            folded = (folded ^ least) * _MULTIPLY
            folded ^= folded >> np.uint64(29)
        keys[band, filled] = folded
    return keys


def candidates(
    keys: Callable[[int], Keys], collisions: Callable[[Keys], Collisions], number: int = BANDS
) -> Pairs:
    """Distinct pairs of rows that share a band, shape ``(pairs, 2)``, the lower row first, sorted.

    ``keys(band)`` gives one band's key for each row. In a crowded band each row is paired
    with the first row and with its `WINDOW` neighbours in the order of the next band, so
    that the pairs grow with the rows and not with their square.
    """
    found: list[npt.NDArray[np.uint64]] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, number, BANDS_AT_ONCE):
            some = range(start, min(start + BANDS_AT_ONCE, number))
            found += pool.map(lambda band: _in_band(keys, collisions, band, number), some)
            found = [_distinct(np.concatenate(found))]
    return unpacked(np.concatenate(found))


def packed(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Each pair of row numbers as one number, whose order is that of the lower row, then the other."""
    low = np.minimum(left, right).astype(np.uint64)
    return (low << np.uint64(32)) | np.maximum(left, right).astype(np.uint64)


def unpacked(pairs: npt.NDArray[np.uint64]) -> Pairs:
    """The pairs of row numbers that `packed` made numbers of, shape ``(pairs, 2)``."""
    return np.stack([pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)


def _in_band(
    keys: Callable[[int], Keys], collisions: Callable[[Keys], Collisions], band: int, number: int
) -> npt.NDArray[np.uint64]:
    """The pairs of one band, each as one number."""
    shared = collisions(keys(band))
    if not len(shared.rows):
        return np.zeros(0, dtype=np.uint64)
    order = _by_neighbour(shared.keys, keys((band + 1) % number)[shared.rows])
    windows = _windows(shared.keys[order], shared.rows[order])
    return _distinct(np.concatenate([packed(left, right) for left, right in windows]))


def _by_neighbour(keys: Keys, beside: Keys) -> npt.NDArray[np.int64]:
    """The order of sorted keys in which equal ones stand by the upper bits of another key.

    One sort of numbers that hold group, other key and place is many times faster than a
    sort by three columns.
    """
    bits = np.uint64(max(1, len(keys)).bit_length())
    group = np.cumsum(np.r_[False, keys[1:] != keys[:-1]]).astype(np.uint64)
    middle = beside >> (bits + bits) << bits
    joined = (group << (np.uint64(64) - bits)) | middle | np.arange(len(keys), dtype=np.uint64)
    joined.sort()
    return np.asarray(joined & ((np.uint64(1) << bits) - np.uint64(1)), dtype=np.int64)


def _distinct(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The distinct values, sorted; for numbers in long runs faster than `numpy.unique`."""
    values.sort()
    return values[np.r_[True, values[1:] != values[:-1]]] if len(values) else values


def _windows(
    keys: Keys, rows: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    for apart in range(1, WINDOW + 1):
        same = keys[apart:] == keys[:-apart]
        if not same.any():
            return
        yield rows[:-apart][same], rows[apart:][same]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    first = np.repeat(np.minimum.reduceat(rows, starts), sizes)
    far = (first != rows) & (np.repeat(sizes, sizes) > WINDOW)
    yield first[far], rows[far]
