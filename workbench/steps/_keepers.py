"""Which row of a group of duplicates stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from workbench.steps._earlier import Earlier

Criterion = Literal["quality", "label", "length", "newest", "first"]
DEFAULT: tuple[Criterion, ...] = ("quality", "label", "first")
WORDS = {
    "quality": "fewest faults",
    "label": "label as most of its duplicates have it",
    "length": "longest answer",
    "newest": "last in file order",
    "first": "first in file order",
}


def keeper_ranks(
    table: pa.Table, earlier: Earlier, rule: Sequence[Criterion], agreement: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Rank of every row, 0 for the row to keep before all others; shape ``(rows,)``.

    ``table`` has the columns ``id`` and ``length`` (characters of the answer);
    ``agreement`` is the number of a row's duplicates that have its label. Rows that an
    earlier step drops come last; then the criteria count in the order of ``rule``; file
    order settles ties.
    """
    count = table.num_rows
    columns: list[npt.NDArray[np.int64]] = []
    if earlier.dropped:
        columns.append(is_dropped(table["id"], earlier).astype(np.int64))
    for criterion in rule:
        if criterion == "quality" and earlier.faults:
            columns.append(_faults(table["id"], earlier))
        elif criterion == "label":
            columns.append(-agreement)
        elif criterion == "length":
            columns.append(-np.asarray(table["length"], dtype=np.int64))
        elif criterion == "newest":
            columns.append(-np.arange(count))
    ranks = np.empty(count, dtype=np.int64)
    ranks[np.lexsort((np.arange(count), *reversed(columns)))] = np.arange(count)
    return ranks


def is_dropped(ids: pa.ChunkedArray, earlier: Earlier) -> npt.NDArray[np.bool_]:
    """Whether an earlier step proposes to drop each row; no text object is made of an id."""
    return np.asarray(pc.is_in(ids, value_set=pa.array(list(earlier.dropped), pa.string())))


def label_agreement(labels: pa.ChunkedArray, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many of its duplicates have a row's label; ``pairs`` of row numbers, shape ``(pairs, 2)``."""
    codes = label_codes(labels)
    same = pairs[(codes[pairs[:, 0]] == codes[pairs[:, 1]]) & (codes[pairs[:, 0]] >= 0)]
    return np.bincount(same.ravel(), minlength=len(codes)).astype(np.int64)


def label_codes(labels: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each label, -1 for a row without one."""
    codes = labels.combine_chunks().dictionary_encode().indices.fill_null(-1)
    return np.asarray(codes, dtype=np.int64)


def _faults(ids: pa.ChunkedArray, earlier: Earlier) -> npt.NDArray[np.int64]:
    """The number of findings that flag each row."""
    numbers = np.array([*earlier.faults.values(), 0], dtype=np.int64)
    places = pc.index_in(ids, value_set=pa.array(list(earlier.faults), pa.string()))
    return np.asarray(numbers[np.asarray(pc.fill_null(places, len(numbers) - 1))])


def rule_in_words(rule: Sequence[Criterion]) -> str:
    """The rule as the evidence of a finding states it."""
    return "not dropped before, then " + ", ".join(WORDS[criterion] for criterion in rule)
