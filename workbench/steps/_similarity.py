"""How alike two rows truly are, and what they differ in.

Similarity is the Jaccard index over words and word pairs, each weighted by its inverse
document frequency: what many rows share, such as the wording of a template, says little
about two of them. For a batch of pairs all of it is sparse-matrix arithmetic (SciPy).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.steps._shingles import LAST, PAIR_BIT
from workbench.steps._spelling import CAPITAL, FIRST_CAPITAL, NUMBER, PLAIN, QUOTED

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Grams = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint8]

PARTS = 3
PAIR_WEIGHT = 0.5
COMMON_WORD_ROWS = 3
_MOST_BINS, _FEWEST_BINS = 1 << 23, 1 << 18
_GRAMS_AT_ONCE = 8_000_000
_GRAMS_COMPARED = 4_000_000
_ROWS_AT_ONCE = 20_000
_PAIRS_AT_ONCE = 10_000
_THREADS = 2
_TEXT, _SLOT = 1, 2


class Compared(NamedTuple):
    """For each pair: similarity of the whole, least similarity of a part, and what differs.

    ``contained`` is the share of the smaller row's weight that the larger holds too;
    ``last_contained`` is the least such share of a row's last exchange. ``same_words``: no
    word is in one row alone. ``slots_only``: every word that is in one row alone is a
    number, name or quotation, and there is one.
    ``other_slots``: each row has a number, name or quotation that the other lacks.
    ``slip``: on one side at least, no word that differs is known from other rows.
    ``apart``: the number of grams that one row alone has, of the row that has more.
    """

    similarity: Floats
    weakest_part: Floats
    contained: Floats
    last_contained: Floats
    same_words: Bools
    slots_only: Bools
    other_slots: Bools
    slip: Bools
    apart: Integers


class Rows:
    """The gram sets of all rows, weighted by their own document frequencies.

    ``grams`` are the rows' sorted sets one after the other, ``counts`` their sizes and
    ``written`` how each word is written (`workbench.steps._spelling`), which is overwritten.
    """

    def __init__(self, grams: Grams, written: Codes, counts: Integers) -> None:
        from scipy.sparse import csr_matrix

        places = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        bins = min(_MOST_BINS, max(_FEWEST_BINS, 1 << int(len(grams) // 8).bit_length()))
        self._counts = counts
        self._bins = np.int32(bins - 1)
        self._weights, self._common = _weights(grams, len(counts), bins)
        codes = _codes(grams, written, bins)
        self._matrix = csr_matrix((codes, grams, places), shape=(len(counts), 2**31 - 1))
        self._matrix.has_canonical_format = True
        self._weight = np.zeros((len(counts), PARTS, 2), dtype=np.float32)
        self._words = np.zeros((len(counts), 4), dtype=np.int32)
        self._known = np.zeros(len(counts), dtype=np.bool_)

    def compare(self, pairs: Integers) -> Compared:
        """Compare pairs of row numbers, shape ``(pairs, 2)``."""
        self._learn(pairs)
        blocks = _blocks(pairs, self._counts[pairs].sum(axis=1), _PAIRS_AT_ONCE)
        with ThreadPoolExecutor(_THREADS) as pool:
            pieces = list(pool.map(self._compare, blocks or [pairs]))
        return Compared(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))

    def _learn(self, pairs: Integers) -> None:
        """Sum up the rows that have not been compared before."""
        wanted = np.zeros(len(self._known), dtype=np.bool_)
        wanted[pairs] = True
        fresh = np.flatnonzero(wanted & ~self._known)
        blocks = _blocks(fresh, self._counts[fresh], _ROWS_AT_ONCE)
        with ThreadPoolExecutor(_THREADS) as pool:
            for some, sums in zip(
                blocks, pool.map(lambda own: self._sums(self._matrix[own]), blocks), strict=True
            ):
                ((self._weight[some], self._words[some]),) = sums
        self._known |= wanted

    def _compare(self, pairs: Integers) -> Compared:
        left, right = self._matrix[pairs[:, 0]], self._matrix[pairs[:, 1]]
        both = _common(left, right)
        (shared_left, left_words), (shared_right, right_words) = self._sums(
            both, both.data, _common(right, left).data
        )
        own, other = self._weight[pairs[:, 0]], self._weight[pairs[:, 1]]
        shared, mine, theirs = (weight.sum(axis=2) for weight in (shared_left, own, other))
        parts = _ratio(shared, mine + theirs - shared)
        whole, mine, theirs = (weight.sum(axis=1) for weight in (shared, mine, theirs))
        last = np.minimum(
            _ratio(shared_left[:, :, 1], own[:, :, 1]).min(axis=1),
            _ratio(shared_right[:, :, 1], other[:, :, 1]).min(axis=1),
        )
        only_left = self._words[pairs[:, 0]] - left_words
        only_right = self._words[pairs[:, 1]] - right_words
        differs = (only_left[:, :2].sum(axis=1) + only_right[:, :2].sum(axis=1)) > 0
        return Compared(
            _ratio(whole, mine + theirs - whole),
            parts.min(axis=1),
            _ratio(whole, np.minimum(mine, theirs)),
            last,
            ~differs,
            (only_left[:, 0] == 0) & (only_right[:, 0] == 0) & differs,
            (only_left[:, 1] > 0) & (only_right[:, 1] > 0),
            (only_left[:, 2] == 0) | (only_right[:, 2] == 0),
            np.maximum(only_left[:, 3], only_right[:, 3]).astype(np.int64),
        )

    def _sums(self, block: csr_matrix, *codes: Codes) -> list[Sums]:
        """For each row of a block, and for each way of coding its grams: weights and counts."""
        rows = block.shape[0]
        row = np.repeat(np.arange(rows), np.diff(block.indptr))
        bins = _bins(block.indices, self._bins)
        weight = self._weights[bins]
        place = (row * PARTS + (block.indices & 3)) * 2
        word = np.flatnonzero((block.indices & PAIR_BIT) == 0)
        word_row = row[word]
        known = np.bincount(word_row[self._common[bins[word]]], minlength=rows)
        result = []
        for coded in codes or (block.data,):
            last = (coded & LAST) != 0
            by_part = np.bincount(place + last, weights=weight, minlength=rows * PARTS * 2)
            kinds = np.bincount(word_row * 3 + (coded[word] & 3), minlength=rows * 3).reshape(rows, 3)
            counts = np.column_stack([kinds[:, _TEXT], kinds[:, _SLOT], known, np.diff(block.indptr)])
            weights = by_part.reshape(rows, PARTS, 2).astype(np.float32)
            result.append(Sums(weights, counts.astype(np.int32)))
        return result


class Sums(NamedTuple):
    """Weight by part and by whether it is of the last exchange, shape ``(rows, PARTS, 2)``; counts.

    The counts are plain words, slots, words that other rows have too, and all grams.
    """

    weights: Floats
    counts: npt.NDArray[np.int32]


def _blocks(items: Integers, grams: Integers, most: int) -> list[Integers]:
    """Cut rows or pairs into blocks of some millions of grams, at most ``most`` and at least one."""
    blocks, ends, start = [], np.cumsum(grams), 0
    while start < len(items):
        before = int(ends[start - 1]) if start else 0
        fits = int(np.searchsorted(ends, before + _GRAMS_COMPARED, side="right"))
        end = max(start + 1, min(fits, start + most))
        blocks.append(items[start:end])
        start = end
    return blocks


def _common(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    """The grams of each left row that the right row has too, with the left row's codes."""
    from scipy.sparse import csr_matrix

    ones = csr_matrix((np.ones_like(right.data), right.indices, right.indptr), shape=right.shape)
    left.has_canonical_format = ones.has_canonical_format = True
    return left.multiply(ones).tocsr()


def _weights(grams: Grams, rows: int, bins: int) -> tuple[Floats, Bools]:
    """The weight of each bin, log(1 + rows / rows that hold it), and whether it is common."""
    frequency = _counted(grams, bins)
    weights = np.log1p(max(rows, 2) / np.maximum(frequency, 1)).astype(np.float32)
    weights[1::2] *= PAIR_WEIGHT  # word pairs have the odd places
    return weights, frequency >= COMMON_WORD_ROWS


def _codes(grams: Grams, written: Codes, bins: int) -> Codes:
    """Whether a word is text or what a slot may hold: a name, a figure, a quotation.

    A word with a capital is a name where the rows, apart from beginnings of sentences,
    write it with a capital at least as often as without. The codes take the place of ``written``.
    """
    capitals, smalls = np.zeros(bins, np.int32), np.zeros(bins, np.int32)
    for block, ways in _pieces(grams, written):
        capitals += _counted(block[ways & 7 == CAPITAL], bins)
        smalls += _counted(block[((block & PAIR_BIT) == 0) & (ways & 7 == PLAIN)], bins)
    named = capitals >= smalls
    for block, ways in _pieces(grams, written):
        way = ways & np.uint8(7)
        slot = ((way == CAPITAL) | (way == FIRST_CAPITAL)) & named[_bins(block, np.int32(bins - 1))]
        slot |= (way == QUOTED) | (way == NUMBER)
        ways &= np.uint8(LAST)
        ways |= np.where(slot, _SLOT, _TEXT).astype(np.uint8)
    return written


def _pieces(grams: Grams, written: Codes) -> Iterator[tuple[Grams, Codes]]:
    for start in range(0, len(grams), _GRAMS_AT_ONCE):
        yield grams[start : start + _GRAMS_AT_ONCE], written[start : start + _GRAMS_AT_ONCE]


def _counted(grams: Grams, bins: int) -> npt.NDArray[np.int32]:
    counts = np.zeros(bins, dtype=np.int32)
    for start in range(0, len(grams), _GRAMS_AT_ONCE):
        some = _bins(grams[start : start + _GRAMS_AT_ONCE], np.int32(bins - 1))
        counts += np.bincount(some, minlength=bins).astype(np.int32)
    return counts


def _bins(grams: Grams, mask: np.int32) -> npt.NDArray[np.int32]:
    """A place in a table of counters; the part does not matter, word or pair does."""
    return (grams >> 2) & mask


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, and 1 where there is nothing on either side."""
    return np.divide(part, whole, out=np.ones_like(part), where=whole > 0)
