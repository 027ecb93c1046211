"""Shards: fixed runs of rows that are worked on, written and resumed each as one.

A shard is some whole row groups of one Parquet part, so it depends on the version alone and
never on the engine or the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.examples import Example
from workbench.files import storage_errors, temporary_name
from workbench.findings import Finding, fingerprint_of, write_findings
from workbench.recipes import step_module
from workbench.steps._grouping import Collisions, Keys
from workbench.versions import Dataset, reading

FEWEST_ROWS, MOST_ROWS = 2048, 16_384
SHARDS = 64
BATCH_ROWS = 512
COLUMNAR_ROWS = 2048
BATCH_BYTES = 16 << 20
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Shard:
    """Some row groups of one Parquet part."""

    file: Path
    row_groups: tuple[int, ...]
    rows: int


@dataclass(frozen=True)
class Task:
    """One step over one version: all that a worker needs. It is sent once to each worker.

    ``folder`` takes one result file a shard; it and the version must be readable under the
    same path by every worker.
    """

    step: str
    options: Any
    context: Any
    folder: Path
    fingerprint: str
    shards: tuple[Shard, ...]

    @property
    def module(self) -> ModuleType:
        """The step's module."""
        return step_module(self.step)

    def path(self, number: int) -> Path:
        """The result file of a shard."""
        ending = "parquet" if self.module.SCOPE == "map" else "arrow"
        return self.folder / f"{number:06d}.{ending}"

    def is_done(self, number: int) -> bool:
        """Whether a shard's result is there and whole."""
        path = self.path(number)
        if path.suffix == ".parquet":
            return fingerprint_of(path) == self.fingerprint
        try:
            with pa.memory_map(str(path)) as source:
                pa.ipc.open_file(source)
        except (OSError, pa.ArrowInvalid):
            return False
        return True


class Engine(Protocol):
    """What the engines have in common."""

    name: str
    workers: int

    def run(self, task: Task, numbers: Sequence[int], tick: Tick) -> None:
        """Do the numbered shards, in any order; return when each has left its result file.

        ``tick`` is called with rows newly done, at least once a second or so (with 0 when
        nothing is new); what it raises ends the work at once, and no process stays behind.
        """

    def collisions(self, keys: Keys) -> Collisions:
        """Find the rows whose key occurs more than once, sorted by key and row."""


def shards_of(dataset: Dataset) -> tuple[Shard, ...]:
    """Cut a version into about 64 shards, of 2,048 to 16,384 rows each; small versions into fewer.

    Raises `InputError` for a damaged file.
    """
    rows = min(MOST_ROWS, max(FEWEST_ROWS, dataset.rows // SHARDS))
    shards = []
    for file in dataset.files():
        with reading(file):
            metadata = pq.read_metadata(file)
        groups: list[int] = []
        held = 0
        for group in range(metadata.num_row_groups):
            size = metadata.row_group(group).num_rows
            if held and held + size > rows:
                shards.append(Shard(file, tuple(groups), held))
                groups, held = [], 0
            groups.append(group)
            held += size
        if held:
            shards.append(Shard(file, tuple(groups), held))
    return tuple(shards)


def read_batches(shard: Shard, rows: int) -> Iterator[pa.RecordBatch]:
    """Stream a shard's rows as Arrow has them, in batches of at most ``rows`` rows.

    A batch has at most 16 MB, or one row: long rows must not cost a worker its memory.
    """
    with reading(shard.file), pq.ParquetFile(shard.file) as parquet:
        for group in shard.row_groups:
            about = parquet.metadata.row_group(group)
            fits = BATCH_BYTES * about.num_rows // max(1, about.total_byte_size)
            for batch in parquet.iter_batches(min(rows, max(1, fits)), row_groups=[group]):
                yield from _portions(batch)


def _portions(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Halve a batch until each part is small enough; what Parquet says of its size is an estimate."""
    if batch.nbytes <= BATCH_BYTES or batch.num_rows <= 1:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _portions(batch.slice(0, half))
    yield from _portions(batch.slice(half))


def read_rows(shard: Shard, rows: int = BATCH_ROWS) -> Iterator[list[Example]]:
    """Stream a shard's examples in batches."""
    for batch in read_batches(shard, rows):
        yield cast("list[Example]", batch.to_pylist())


def do_shard(task: Task, number: int, tick: Tick) -> None:
    """Run the step on one shard and leave its result file, whole or not at all."""
    shard, path = task.shards[number], task.path(number)
    if path.suffix == ".parquet":
        write_findings(path, _found(task, shard, tick), task.fingerprint)
        return
    tables = []
    columnar = getattr(task.module, "COLUMNAR", False)
    for rows in read_batches(shard, COLUMNAR_ROWS) if columnar else read_rows(shard):
        tables.append(pa.table(task.module.features(rows, task.options, task.context)))
        tick(len(rows))
    _write_columns(path, pa.concat_tables(tables, promote_options="permissive").combine_chunks())


def workers_for(task: Task, workers: int) -> int:
    """How many workers a step may have: a step module can set its own bound, ``WORKERS``."""
    return max(1, min(workers, int(getattr(task.module, "WORKERS", workers))))


def found_tables(task: Task) -> Iterator[pa.Table]:
    """The findings of a map step, shard by shard."""
    for number in range(len(task.shards)):
        with reading(task.path(number)):
            yield pq.read_table(task.path(number))


def feature_columns(task: Task) -> pa.Table:
    """The feature columns of every row as one table that lies on disk, not in memory.

    A column that one shard leaves empty takes the type that it has in the others.
    """
    tables = []
    for number in range(len(task.shards)):
        path = task.path(number)
        with reading(path), pa.memory_map(str(path)) as source:
            tables.append(pa.ipc.open_file(source).read_all())
    return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})


def _found(task: Task, shard: Shard, tick: Tick) -> Iterator[Finding]:
    for rows in read_rows(shard):
        yield from task.module.find(rows, task.options, task.context)
        tick(len(rows))


def _write_columns(path: Path, table: pa.Table) -> None:
    temporary = temporary_name(path)
    try:
        with (
            storage_errors(path),
            pa.OSFile(str(temporary), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
