"""Which row of a group of duplicates stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
    ids = table["id"].to_pylist()
    count = len(ids)
    columns: list[npt.NDArray[np.int64]] = []
    if earlier.dropped:
        columns.append(np.fromiter((identity in earlier.dropped for identity in ids), np.int64, count))
    for criterion in rule:
        if criterion == "quality" and earlier.faults:
            columns.append(np.fromiter((earlier.faults.get(i, 0) for i in ids), np.int64, count))
        elif criterion == "label":
            columns.append(-agreement)
        elif criterion == "length":
            columns.append(-np.asarray(table["length"], dtype=np.int64))
        elif criterion == "newest":
            columns.append(-np.arange(count))
    ranks = np.empty(count, dtype=np.int64)
    ranks[np.lexsort((np.arange(count), *reversed(columns)))] = np.arange(count)
    return ranks


def rule_in_words(rule: Sequence[Criterion]) -> str:
    """The rule as the evidence of a finding states it."""
    return "not dropped before, then " + ", ".join(WORDS[criterion] for criterion in rule)
