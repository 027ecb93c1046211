"""Rows of a feature table as Python objects: only those that findings are made of, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

DESCRIPTION = ("id", "file", "line", "label")
ROWS_AT_ONCE = 10_000
Rows = npt.NDArray[np.int64]


def in_blocks(rows: Rows) -> Iterator[Rows]:
    """Cut row numbers into blocks of 10,000, in order."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def described(table: pa.Table, rows: Rows) -> list[dict[str, Any]]:
    """``id``, ``file``, ``line`` and ``label`` of the rows with these numbers, in their order."""
    return list(table.select(DESCRIPTION).take(pa.array(rows)).to_pylist())
