"""Which rows are duplicates of each other, which are examples of one template, and which nearly so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._minhash import Pairs, candidates, packed, unpacked
from workbench.steps._near_features import LETTER_BANDS, SHORT_WORDS
from workbench.steps._similarity import Compared, Rows

SLIP_LETTERS = 4
"""Runs of three letters that one slip of the pen (two letters swapped) changes."""
SAME_ORDER = 0.8
"""What the same few words in another order do not reach."""
LAST_CONTAINED = 0.5
CONTAINED = 0.92
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


class Likeness(StepOptions):
    """How alike two rows must be.

    Similarity is Jaccard over words and word pairs weighted by inverse document frequency;
    prompt and answer each must reach ``part_threshold``, so that one question with two
    different answers is no duplicate. Rows of a few words are compared letter by letter, to
    ``short_threshold``. Pairs up to ``borderline`` below the threshold are left to a person.
    """

    threshold: float = Field(default=0.55, ge=0.3, le=1.0)
    part_threshold: float = Field(default=0.35, ge=0.0, le=1.0)
    short_threshold: float = Field(default=0.6, ge=0.3, le=1.0)
    borderline: float = Field(default=0.1, ge=0.0, le=0.3)


class Verdicts(NamedTuple):
    """What each pair is: a duplicate, two examples of one template, or hard to say."""

    duplicate: Bools
    template: Bools
    borderline: Bools
    similarity: npt.NDArray[np.float32]


class Comparison:
    """The rows of a table of features, ready to be compared."""

    def __init__(self, table: pa.Table, options: Likeness) -> None:
        self._table = table
        self._options = options
        self._words = np.asarray(table["words"])
        self._tools = np.asarray(table["tools"])
        # A few words of thousands of letters have no runs of letters, and count as many words.
        self._huge = (self._words < 2 * SHORT_WORDS) & ~np.asarray(table["short"])
        self._rows = Rows(*_flat(table["grams"], table["written"]))
        letters = _flat(table["letters"], None)
        self._letters = Rows(*letters) if len(letters[0]) else None

    def candidates(self, earlier: Earlier) -> Pairs:
        """Pairs of rows that may be alike, shape ``(pairs, 2)``."""
        found = candidates(lambda band: np.asarray(self._table[f"band{band:02d}"]), earlier.collisions)
        if self._letters is not None:
            short = np.flatnonzero(np.asarray(self._table["short"]))
            keys = [np.asarray(self._table[f"letter{band:02d}"])[short] for band in range(LETTER_BANDS)]
            close = candidates(lambda band: keys[band], earlier.collisions, LETTER_BANDS)
            close = short[close].reshape(-1, 2)
            found = unpacked(np.union1d(packed(*found.T), packed(*close.T)))
        return found

    def judge(self, pairs: Pairs) -> Verdicts:
        """Say of each pair what it is."""
        options = self._options
        found = self._rows.compare(pairs)
        short = (self._words[pairs].min(axis=1) < SHORT_WORDS) & ~self._huge[pairs].any(axis=1)
        whole = found.last_contained >= LAST_CONTAINED
        tools = self._tools[pairs[:, 0]] == self._tools[pairs[:, 1]]
        alike = (found.similarity >= options.threshold) | (found.contained >= CONTAINED)
        alike &= (found.weakest_part >= options.part_threshold) & whole
        similarity = found.similarity.copy()
        if self._letters is not None and short.any():
            alike[short], similarity[short] = self._short(pairs[short], self._rows.compare(pairs[short]))
        differs = found.slots_only | found.other_slots
        near = (similarity >= options.threshold - options.borderline) & ~short & whole
        near &= found.weakest_part >= options.part_threshold - options.borderline
        alike, near = alike & tools, near & tools
        return Verdicts(alike & ~differs, alike & differs, near & ~alike & ~differs, similarity)

    def _short(self, pairs: Pairs, found: Compared) -> tuple[Bools, npt.NDArray[np.float32]]:
        """A few words: they must be the same, or differ by one slip of the pen."""
        assert self._letters is not None
        letters = self._letters.compare(pairs)
        alike = letters.similarity >= self._options.short_threshold
        slip = found.slip & (letters.apart <= SLIP_LETTERS)
        alike &= np.where(found.same_words, found.weakest_part >= SAME_ORDER, slip)
        slots = (found.slots_only | found.other_slots) & (found.similarity >= self._options.threshold)
        return alike | slots, letters.similarity


def similar_pairs(table: pa.Table, options: Likeness) -> Iterator[tuple[int, int, float]]:
    """Yield ``(i, j, similarity)``, i < j, for rows of a feature table that are alike.

    Examples of one template count as alike here: on two sides of a split they would tell
    each other's answers.
    """
    if table.num_rows > 1:
        compared = Comparison(table, options)
        pairs = compared.candidates(Earlier())
        verdicts = compared.judge(pairs)
        alike = verdicts.duplicate | verdicts.template
        for (left, right), similarity in zip(pairs[alike].tolist(), verdicts.similarity[alike], strict=True):
            yield left, right, float(similarity)


def _flat(grams: pa.ChunkedArray, written: pa.ChunkedArray | None) -> tuple[Any, Any, Any]:
    """Grams, ways of writing and counts of the rows of a table, each as one array."""
    counts = [np.asarray(chunk.value_lengths(), dtype=np.int64) for chunk in grams.chunks]
    values = [np.asarray(chunk.flatten()) for chunk in grams.chunks]
    flat = np.concatenate([np.zeros(0, np.int32), *values])
    if written is None:
        return flat, np.ones(len(flat), np.uint8), np.concatenate([np.zeros(0, np.int64), *counts])
    ways = [np.asarray(chunk.flatten()) for chunk in written.chunks]
    return (
        flat,
        np.concatenate([np.zeros(0, np.uint8), *ways]),
        np.concatenate([np.zeros(0, np.int64), *counts]),
    )
