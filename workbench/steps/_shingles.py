"""Words and word pairs of a batch of texts, as arrays of hashes: what duplicates are compared by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from workbench.steps._spelling import PLAIN, Words, ranges, spelled

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]
Grams = npt.NDArray[np.int32]

LAST = 8
"""Set beside the way of writing: the gram is in the last exchange of its row."""

PAIR_BIT, HASH_BITS = 4, 28
"""A gram is an int32: part (2 bits), whether it is a word pair (1 bit), 28 bits of hash."""


class GramSets(NamedTuple):
    """Distinct grams of each row, flat and sorted within a row.

    ``counts`` has the grams of each row, ``signed`` marks those that a signature is made of.
    """

    grams: Grams
    written: Codes
    signed: npt.NDArray[np.bool_]
    counts: Integers


def gram_sets(
    found: Words, rows: Integers, parts: Integers, last: npt.NDArray[np.bool_], count: int
) -> GramSets:
    """Make the set of words and word pairs of each row.

    ``rows``, ``parts`` and ``last`` give, for each text, the row it belongs to
    (0 … count - 1), its part (0 … 3) and whether it is of the last exchange; equal words in
    different parts are different grams.
    """
    row, part, earlier = rows[found.texts], parts[found.texts], ~last[found.texts]
    single = _gram(found.hashes, part, pair=False)
    follows = found.texts[1:] == found.texts[:-1] if len(found.texts) else np.zeros(0, dtype=np.bool_)
    mixed = found.hashes[:-1][follows] * np.uint32(0x9E3779B1) ^ _mixed(found.hashes[1:][follows])
    double = _gram(_mixed(mixed), part[1:][follows], pair=True)
    plain = np.full(len(double), PLAIN, dtype=np.uint8)
    keys = np.concatenate(
        [
            _key(row, single, earlier, found.written, found.stop),
            _key(
                row[1:][follows], double, earlier[1:][follows], plain, np.zeros(len(double), dtype=np.bool_)
            ),
        ]
    )
    keys.sort()
    first = np.r_[True, keys[1:] >> np.uint64(5) != keys[:-1] >> np.uint64(5)] if len(keys) else []
    keys = keys[np.asarray(first, dtype=np.bool_)]
    written = ((keys >> np.uint64(1)) & np.uint64(7)).astype(np.uint8)
    written |= np.where((keys >> np.uint64(4)) & np.uint64(1), 0, LAST).astype(np.uint8)
    return GramSets(
        ((keys >> np.uint64(5)) & np.uint64(0x7FFFFFFF)).astype(np.int32),
        written,
        (keys & np.uint64(1)) == 0,
        np.bincount((keys >> np.uint64(36)).astype(np.int64), minlength=count),
    )


def letter_grams(texts: pa.StringArray) -> tuple[Grams, Integers]:
    """The runs of three bytes of each text's words, joined by one space; and the text of each run.

    For texts of a few words, in which one letter more or less must not count as another word.
    """
    found = spelled(texts)
    sizes = found.ends - found.starts
    line = np.full(int(sizes.sum()) + 2 * len(sizes), 32, dtype=np.int32)
    begins = np.cumsum(sizes + 2) - sizes - 1
    line[ranges(begins, sizes)] = found.lower[ranges(found.starts, sizes)]
    own = np.repeat(found.texts, sizes + 2)
    # Two spaces stand between words, and one too many: a run never begins with two of them.
    runs = (line[:-2] << 16) | (line[1:-1] << 8) | line[2:]
    kept = (own[:-2] == own[2:]) & ((line[:-2] != 32) | (line[1:-1] != 32))
    return runs[kept].astype(np.int32), own[:-2][kept]


def _mixed(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The finaliser of MurmurHash3: every input bit moves every output bit."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def _gram(hashes: npt.NDArray[np.uint32], part: Integers, *, pair: bool) -> npt.NDArray[np.uint64]:
    code = (hashes & np.uint32((1 << HASH_BITS) - 1)).astype(np.uint64) << np.uint64(3)
    return code | np.uint64(PAIR_BIT if pair else 0) | part.astype(np.uint64)


def _key(
    row: Integers,
    gram: npt.NDArray[np.uint64],
    earlier: npt.NDArray[np.bool_],
    written: Codes,
    stop: npt.NDArray[np.bool_],
) -> npt.NDArray[np.uint64]:
    """One sortable number for a gram: of the same gram in a row, that of the last exchange is first."""
    key = (row.astype(np.uint64) << np.uint64(31)) | gram
    key = (key << np.uint64(1)) | earlier.astype(np.uint64)
    key = (key << np.uint64(3)) | written.astype(np.uint64)
    return np.asarray((key << np.uint64(1)) | stop.astype(np.uint64), dtype=np.uint64)
