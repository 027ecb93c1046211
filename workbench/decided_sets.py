"""Sets of ids that bulk decisions name: ``decisions/<hash>.parquet``, sorted, each id once.

A set is written before the decision that names it, and its name is the SHA-256 of its ids,
so a set is never changed and a decision can be checked against what it decided.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import InputError
from workbench.files import DAMAGED, storage_errors, sweep, sync_folder, temporary_name
from workbench.projects import Project
from workbench.versions import reading

IDS = pa.schema([("id", pa.string())])
BATCH = 50_000


def set_file(project: Project, digest: str) -> Path:
    """Where a set lies. Raises `InputError` when ``digest`` is not a hash."""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise InputError("a decision names no set of ids", where="decisions.jsonl", remedy=DAMAGED)
    return project.folder("decisions", f"{digest}.parquet")


def write_set(
    project: Project, batches: Iterable[pa.Array], *, expected: str | None = None
) -> tuple[str, int]:
    """Store sorted ids; return their hash and how many there are.

    An empty set, and one whose hash is not the ``expected`` one, is not kept.
    """
    folder = project.folder("decisions")
    temporary = temporary_name(folder / "set")
    digest, count = hashlib.sha256(), 0
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        try:
            with pq.ParquetWriter(temporary, IDS, compression="zstd") as writer:
                for ids in batches:
                    digest.update("".join(f"{identity}\n" for identity in ids.to_pylist()).encode())
                    count += len(ids)
                    writer.write_table(pa.table([ids.cast(pa.string())], schema=IDS))
            if count and expected in (None, digest.hexdigest()):
                _synced(temporary).replace(set_file(project, digest.hexdigest()))
                sync_folder(folder)
        finally:
            temporary.unlink(missing_ok=True)
    return digest.hexdigest(), count


def read_set(project: Project, digest: str) -> Iterator[list[str]]:
    """The ids of a set, in lists of at most `BATCH`. Raises `InputError` when it is gone."""
    path = set_file(project, digest)
    with reading(path), pq.ParquetFile(path) as parquet:
        for batch in parquet.iter_batches(batch_size=BATCH):
            yield batch.column(0).to_pylist()


def _synced(path: Path) -> Path:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path
