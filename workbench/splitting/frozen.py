"""Earlier sides and folds that stay: which row of this version was which row of that one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.comparing import former_ids
from workbench.editing import former_id, hidden_id
from workbench.errors import InputError
from workbench.projects import Project
from workbench.splitting.dealing import FREE, LEFT_OUT
from workbench.value_keys import value_key
from workbench.versions import Dataset, reading

FOLDS = "folds.parquet"
SIDES = {"train": 0, "validation": 1, "test": 2, "left_out": LEFT_OUT}
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Frozen:
    """Sides that stay. ``rows``: of each row, or -2. ``units``: of each unit, or -2.

    ``kept`` counts rows known from before; ``joined`` new rows that go where their unit is;
    ``crossing`` units whose known rows stand on several sides: their new rows are left out.
    """

    rows: Numbers
    units: Numbers
    kept: int
    joined: int
    crossing: int


def nothing_kept(units: Numbers) -> Frozen:
    """Nothing is frozen."""
    free = np.full(int(units.max(initial=-1)) + 1, FREE, dtype=np.int64)
    return Frozen(np.full(len(units), FREE, dtype=np.int64), free, 0, 0, 0)


def kept_sides(
    project: Project, dataset: Dataset, earlier: Dataset, units: Numbers, *, folds: bool
) -> Frozen:
    """Sides (or folds) that rows of this version had in ``earlier``. Raises `InputError`.

    A row is known by its id, or by the id it had in ``earlier`` before or after an edit.
    """
    known = _folds(earlier) if folds else _sides(earlier)
    older = former_ids(project, earlier, dataset)
    rows = np.full(dataset.rows, FREE, dtype=np.int64)
    hidden: dict[str, int] = {}
    for number, (identity, meta) in enumerate(_ids(dataset)):
        side = known.get(identity)
        if side is None and meta and (former := former_id(meta)):
            side = known.get(former)
            if side is None:
                hidden = hidden or _hidden(project, known)
                side = hidden.get(former)
        if side is None and identity in older:
            side = known.get(older[identity])
        if side is not None:
            rows[number] = side
    sides, crossing = _unit_sides(rows, units)
    joined = int(((rows == FREE) & (sides[units] >= 0)).sum())
    return Frozen(rows, sides, int((rows != FREE).sum()), joined, crossing)


def write_folds(folder: Path, dataset: Dataset, folds: Numbers) -> None:
    """Write the fold of each row (-1: in none) beside the version."""
    ids = dataset.table(["id"])["id"].combine_chunks()
    pq.write_table(
        pa.table({"id": ids, "fold": pa.array(folds, pa.int16())}), folder / FOLDS, compression="zstd"
    )


def _unit_sides(rows: Numbers, units: Numbers) -> tuple[Numbers, int]:
    """The side that the known rows of each unit agree on; -1 where they do not, -2 without one."""
    count = int(units.max(initial=-1)) + 1
    low, high = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
    known = rows != FREE
    np.minimum.at(low, units[known], rows[known])
    np.maximum.at(high, units[known], rows[known])
    agreed, crossing = low == high, low < high
    sides = np.where(agreed, low, np.where(crossing, LEFT_OUT, FREE)).astype(np.int64)
    return sides, int(crossing.sum())


def _sides(earlier: Dataset) -> dict[str, int]:
    table = earlier.table(["id", "split"])
    found = {
        identity: SIDES[split]
        for identity, split in zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True)
        if split in SIDES
    }
    if not found:
        raise InputError(f"{earlier.ref} is not split", remedy="name a version that `workbench split` wrote")
    return found


def _folds(earlier: Dataset) -> dict[str, int]:
    path = earlier.path / FOLDS
    if not path.exists():
        raise InputError(
            f"{earlier.ref} has no folds", remedy="name a version that `workbench split` wrote with --folds"
        )
    with reading(path):
        table = pq.read_table(path)
    return dict(zip(table["id"].to_pylist(), table["fold"].to_pylist(), strict=True))


def _hidden(project: Project, known: dict[str, int]) -> dict[str, int]:
    """The same by the ids that edits for personal data and secrets leave in ``meta``."""
    key = value_key(project)
    return {hidden_id(identity, key): side for identity, side in known.items()}


def _ids(dataset: Dataset) -> list[tuple[str, str | None]]:
    table = dataset.table(["id", "meta"])
    edited = pa.compute.match_substring(table["meta"], "edited_from")
    meta = pa.compute.if_else(edited, table["meta"], None)
    return list(zip(table["id"].to_pylist(), meta.to_pylist(), strict=True))
