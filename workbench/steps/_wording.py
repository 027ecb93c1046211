"""The words, numbers and names of a text as hashes, and what two rows share of them.

An embedding hears what a text is about; it is deaf to which order, which city and which
amount. So a pair that it calls alike is also compared word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from workbench.steps._hashing import text_hash

BUCKETS = 1 << 20
MAX_WORDS = 200
PAIRS_AT_ONCE = 20_000
SAME_SLOTS = 2 / 3
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
LIST_MARK = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")
SENTENCE_ENDS = frozenset(".!?:;\n")
NUMBER_WORDS = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
            "thirty",
            "forty",
            "fifty",
            "sixty",
            "seventy",
            "eighty",
            "ninety",
            "hundred",
            "thousand",
            "million",
        ],
        [*range(21), *range(30, 100, 10), 100, 1000, 1_000_000],
        strict=True,
    )
)
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Wording(NamedTuple):
    """Sorted buckets of a text: words, capitalised words, those inside a sentence, numbers.

    ``spelled`` are the numbers that are written as words, kept apart because "one" often
    is none.
    """

    words: list[int]
    capitals: list[int]
    inner: list[int]
    numbers: list[int]
    spelled: list[int]


COLUMNS = Wording._fields


def wording(text: str) -> Wording:
    """Read the words and numbers of one text; Chinese, Japanese and Korean by character."""
    words: set[int] = set()
    capitals: set[int] = set()
    inner: set[int] = set()
    spelled: set[int] = set()
    numbers = {bucket(_number(found)) for found in NUMBER.findall(LIST_MARK.sub(" ", text))}
    end = 0
    for match in WORD.finditer(text):
        written = match.group()
        word = written.casefold()
        place = bucket(word)
        words.add(place)
        if word in NUMBER_WORDS:
            spelled.add(bucket(str(NUMBER_WORDS[word])))
        if written[0].isupper():
            capitals.add(place)
            if end and SENTENCE_ENDS.isdisjoint(text[end : match.start()]):
                inner.add(place)
        end = match.end()
        if len(words) >= MAX_WORDS:
            break
    return Wording(*(sorted(found) for found in (words, capitals, inner, numbers, spelled)))


def wording_columns(texts: Iterable[str], part: str) -> dict[str, pa.Array]:
    """Feature columns ``<part>_words`` and so on, one list of buckets a text."""
    read = [wording(text) for text in texts]
    return {
        f"{part}_{name}": pa.array([getattr(row, name) for row in read], pa.list_(pa.int32()))
        for name in COLUMNS
    }


@lru_cache(maxsize=200_000)
def bucket(word: str) -> int:
    """A word's place in tables of counts."""
    return text_hash(word) % BUCKETS


def _number(figure: str) -> str:
    """A figure without separators of thousands and zeros at the end of a fraction."""
    plain = figure.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


class Part:
    """The wording of one part (prompt or answer) of some rows of a feature table."""

    def __init__(self, table: pa.Table, part: str, rows: Integers) -> None:
        self._lists = {name: _lists(table[f"{part}_{name}"]) for name in COLUMNS}
        self._rows = rows
        frequency, capital, inner = (self._frequency(name) for name in ("words", "capitals", "inner"))
        self.weights = np.log1p(max(len(rows), 2) / np.maximum(frequency, 1)).astype(np.float32)
        # A name is what these rows write with a capital inside a sentence, and mostly so.
        self._is_name = (inner > 0) & (2 * capital >= frequency)

    def overlap(self, pairs: Integers) -> Floats:
        """Jaccard index of the words of pairs of rows, each word weighted by its rarity; 1 for two empty."""
        found = [np.zeros(0, np.float32)]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            left, right = self._two("words", pairs[start : start + PAIRS_AT_ONCE])
            shared = left.multiply(right) @ self.weights
            total = left @ self.weights + right @ self.weights - shared
            found.append(np.divide(shared, total, out=np.ones_like(shared), where=total > 0))
        return np.concatenate(found)

    def sizes(self) -> Integers:
        """The number of distinct words of each row."""
        starts, _ = self._lists["words"]
        return (starts[1:] - starts[:-1])[self._rows]

    def counts(self) -> Any:
        """Which words each row has, as a sparse matrix of ones."""
        return _sparse(self._lists["words"], self._rows)

    def other_slots(self, pairs: Integers, *, strict: bool) -> Bools:
        """Whether the rows of a pair have other numbers or names.

        ``strict``: one row has a figure that the other has neither as figure nor as word, or
        each row has a name that the other lacks. Else both must lack one, of figures too, and
        less than two thirds be shared: long answers say the same with one name more.
        """
        found = [np.zeros(0, np.bool_)]
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            block = pairs[start : start + PAIRS_AT_ONCE]
            found.append(self._other_numbers(block, strict) | self._other_names(block, strict))
        return np.concatenate(found)

    def _other_numbers(self, pairs: Integers, strict: bool) -> Bools:
        left, right = self._two("numbers", pairs)
        left_words, right_words = self._two("spelled", pairs)
        shared = _size(left.multiply(right))
        only_left = _size(left) - _size(left.multiply(_either(right, right_words)))
        only_right = _size(right) - _size(right.multiply(_either(left, left_words)))
        return _other(shared, only_left, only_right, either=strict, least=1.0 if strict else SAME_SLOTS)

    def _other_names(self, pairs: Integers, strict: bool) -> Bools:
        left, right = self._two("capitals", pairs)
        left_words, right_words = self._two("words", pairs)
        names = self._is_name.astype(np.float32)
        shared = left.multiply(right) @ names
        only_left = left @ names - left.multiply(right_words) @ names
        only_right = right @ names - right.multiply(left_words) @ names
        return _other(shared, only_left, only_right, either=False, least=1.0 if strict else SAME_SLOTS)

    def _frequency(self, name: str) -> npt.NDArray[np.int64]:
        starts, values = self._lists[name]
        chosen = np.zeros(len(starts) - 1, dtype=np.bool_)
        chosen[self._rows] = True
        counts = np.zeros(BUCKETS, dtype=np.int64)
        step = 100_000
        for first in range(0, len(chosen), step):
            last = min(first + step, len(chosen))
            kept = np.repeat(chosen[first:last], np.diff(starts[first : last + 1]))
            counts += np.bincount(values[starts[first] : starts[last]][kept], minlength=BUCKETS)
        return counts

    def _two(self, name: str, pairs: Integers) -> tuple[Any, Any]:
        return tuple(_sparse(self._lists[name], self._rows[pairs[:, side]]) for side in (0, 1))  # type: ignore[return-value]


def _lists(column: pa.ChunkedArray) -> tuple[Integers, npt.NDArray[np.int32]]:
    """Where each row's list begins, and all values one after the other."""
    values = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    lengths = [chunk.value_lengths().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    starts = np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))])
    return starts.astype(np.int64), np.concatenate([np.zeros(0, np.int32), *values])


def _sparse(lists: tuple[Integers, npt.NDArray[np.int32]], rows: Integers) -> Any:
    """The lists of some rows as a matrix of ones, shape ``(rows, BUCKETS)``."""
    from scipy.sparse import csr_matrix

    starts, values = lists
    lengths = starts[rows + 1] - starts[rows]
    ends = np.cumsum(lengths)
    places = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts[rows] - ends + lengths, lengths)
    chosen = values[places]
    found = csr_matrix(
        (np.ones(len(chosen), np.float32), chosen, np.concatenate([[0], ends])), shape=(len(rows), BUCKETS)
    )
    found.has_canonical_format = True
    return found


def _other(shared: Floats, only_left: Floats, only_right: Floats, *, either: bool, least: float) -> Bools:
    """Whether one row (or both, unless ``either``) has its own, and less than ``least`` is shared."""
    own = (only_left > 0) | (only_right > 0) if either else (only_left > 0) & (only_right > 0)
    return np.asarray(own & (shared < least * (shared + only_left + only_right)))


def _size(block: Any) -> Floats:
    return np.asarray(np.diff(block.indptr), dtype=np.float32)


def _either(left: Any, right: Any) -> Any:
    return left.maximum(right)
