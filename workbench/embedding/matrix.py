"""Vectors of all rows, read block by block: as an Arrow column on disk, float16, or in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from workbench.files import storage_errors

Vectors = npt.NDArray[np.float32]
BLOCK = 16_384
IN_MEMORY_BYTES = 256_000_000


def vector_column(vectors: npt.NDArray[Any]) -> pa.FixedSizeListArray:
    """A float16 column of fixed-size lists, for a feature table; shape ``(rows, dimensions)``."""
    flat = np.ascontiguousarray(vectors, dtype=np.float16).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float16()), vectors.shape[1])


@dataclass(frozen=True)
class Matrix:
    """Some rows of a feature table's vector columns, side by side, each unit length or zero.

    ``rows`` are the places in the table; ``centres`` is subtracted from each column's vectors
    before they are brought to unit length again. Two columns are weighed alike: the product
    of two rows is the mean of the columns' cosine similarities.
    """

    columns: tuple[npt.NDArray[Any], ...]
    rows: npt.NDArray[np.int64]
    centres: tuple[Vectors, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dimensions(self) -> int:
        """The length of a vector, all columns together."""
        return sum(column.shape[1] for column in self.columns)

    def take(self, places: npt.NDArray[np.int64], column: int) -> Vectors:
        """Centred unit vectors of one column for the given places; shape ``(places, dimensions)``."""
        found = self.columns[column][self.rows[places]].astype(np.float32)
        return unit(found - self.centres[column] * (np.abs(found).max(axis=1, keepdims=True) > 0))

    def joined(self, places: npt.NDArray[np.int64]) -> Vectors:
        """All columns side by side, for the given places."""
        parts = [self.take(places, column) for column in range(len(self.columns))]
        return np.concatenate(parts, axis=1) / np.float32(len(parts) ** 0.5)

    def blocks(self) -> Iterator[Vectors]:
        """All rows in order, `BLOCK` at a time."""
        for start in range(0, len(self), BLOCK):
            yield self.joined(np.arange(start, min(start + BLOCK, len(self)), dtype=np.int64))

    def similarity(self, pairs: npt.NDArray[np.int64], column: int) -> Vectors:
        """Cosine similarity of pairs of places, shape ``(pairs, 2)``, in one column."""
        parts = [np.zeros(0, np.float32)]
        for start in range(0, len(pairs), BLOCK):
            left, right = (self.take(pairs[start : start + BLOCK, side], column) for side in (0, 1))
            parts.append(np.einsum("ij,ij->i", left, right))
        return np.concatenate(parts)


def matrix(table: pa.Table, names: tuple[str, ...], rows: npt.NDArray[np.int64], shrink: float) -> Matrix:
    """The named vector columns for some rows, their means subtracted.

    What all rows have in common says nothing about two of them (Mu & Viswanath 2018). A mean
    of few rows is uncertain, so it counts ``rows / (rows + shrink)``.
    """
    columns = tuple(stacked(table[name]) for name in names)
    weight = len(rows) / (len(rows) + shrink)
    centres = tuple(np.asarray(_mean(column, rows) * weight, dtype=np.float32) for column in columns)
    return Matrix(columns, rows, centres)


def stacked(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A column of lists of equal length as one array, of the column's own type.

    A column in one piece is not copied; pieces of more than 256 MB in all are joined in a
    temporary file, not in memory. Raises `StorageError` when the disk is full.
    """
    arrays: list[npt.NDArray[Any]] = [
        chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks
    ]
    if len(arrays) == 1:
        return arrays[0].reshape(len(column), -1)
    if sum(array.nbytes for array in arrays) <= IN_MEMORY_BYTES:
        return np.concatenate(arrays).reshape(len(column), -1)
    with storage_errors(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        for array in arrays:
            file.write(np.ascontiguousarray(array).data)
        file.flush()
        whole = np.memmap(file, dtype=arrays[0].dtype, mode="r")
    return whole.reshape(len(column), -1)


def unit(vectors: Vectors) -> Vectors:
    """Vectors brought to unit length; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _mean(column: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    total = np.zeros(column.shape[1])
    for start in range(0, len(rows), BLOCK):
        total += column[rows[start : start + BLOCK]].sum(axis=0, dtype=np.float64)
    return total / max(1, len(rows))
