"""Immutable, content-addressed dataset versions.

A version is a folder ``datasets/<name>/v0001`` holding Parquet parts and, written last, a
``manifest.json``. A writer fills a folder of its own and takes the next number with one
rename under a lock, so two writers never touch each other's files.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from workbench import __version__
from workbench.errors import BusyError, InputError, NotFoundError
from workbench.examples import SCHEMA, Example
from workbench.files import (
    DAMAGED,
    file_sha256,
    read_json,
    storage_errors,
    sweep,
    sync_folder,
    temporary_name,
    write_json,
)
from workbench.projects import Project, check_name

BATCH_ROWS = 2048
PART_ROWS = 200_000
LOCK_SECONDS = 60.0
MANIFEST_KEYS = {"rows", "content_hash", "files", "counts", "parent", "origin", "created"}


@dataclass(frozen=True)
class Dataset:
    """One version of one dataset, on disk."""

    name: str
    version: int
    path: Path
    manifest: dict[str, Any]

    @property
    def ref(self) -> str:
        """``name@v0001``, the way people and commands write it."""
        return f"{self.name}@v{self.version:04d}"

    @property
    def rows(self) -> int:
        """Number of examples."""
        return int(self.manifest["rows"])

    @property
    def content_hash(self) -> str:
        """SHA-256 over the ids and splits of all rows, in order."""
        return str(self.manifest["content_hash"])

    def files(self) -> list[Path]:
        """Parquet parts, in row order, as the manifest lists them."""
        return [self.path / name for name in sorted(self.manifest["files"])]

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Stream record batches of at most ``rows`` rows."""
        for file in self.files():
            with reading(file), pq.ParquetFile(file) as parquet:
                yield from parquet.iter_batches(batch_size=rows, columns=list(columns) if columns else None)

    def examples(self, rows: int = BATCH_ROWS) -> Iterator[Example]:
        """Stream examples as dictionaries."""
        for batch in self.batches(rows=rows):
            yield from cast("list[Example]", batch.to_pylist())

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Load named columns of every row; meant for ids and labels, not for text."""
        parts = []
        for file in self.files():
            with reading(file):
                parts.append(pq.read_table(file, columns=list(columns)))
        return pa.concat_tables(parts) if parts else SCHEMA.empty_table().select(list(columns))

    def lookup(self, ids: Iterable[str]) -> dict[str, Example]:
        """Fetch some rows by id; ids that are not here are left out."""
        wanted = pa.array(sorted(set(ids)), pa.string())
        found: dict[str, Example] = {}
        for file in self.files() if len(wanted) else []:
            with reading(file):
                table = pq.read_table(file, filters=[("id", "in", wanted.to_pylist())])
            found.update({row["id"]: cast("Example", row) for row in table.to_pylist()})
        return found


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a damaged or missing Parquet file raises into `InputError`."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError("the file is damaged or missing", where=str(path), remedy=DAMAGED) from error


def write_version(
    project: Project,
    name: str,
    examples: Iterable[Example],
    *,
    parent: Dataset | None = None,
    origin: dict[str, Any],
    sidecar: Callable[[Path], None] | None = None,
) -> Dataset:
    """Stream examples into the next version of ``name`` and return it.

    ``origin`` says how the version came to be (verb, recipe, settings) and goes into the
    manifest; ``sidecar`` may add files of its own to the version's folder once all rows
    are written. When the newest version already holds exactly these rows, that version is
    returned and nothing is written. Raises `InputError`, `BusyError`, `StorageError`.
    """
    check_name(name)
    home = project.folder("datasets", name)
    work = temporary_name(home / "writing")
    with storage_errors(home):
        sweep(home)
        try:
            work.mkdir(parents=True)
            written = _write_parts(work, examples)
            if sidecar is not None:
                sidecar(work)
            manifest = written | {
                "name": name,
                "parent": parent.ref if parent else None,
                "origin": origin,
                "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "workbench": __version__,
            }
            return _take_number(home, name, work, manifest)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def open_dataset(project: Project, ref: str) -> Dataset:
    """Open ``name`` (newest version), ``name@v3`` or ``name@v0003``. Raises `NotFoundError`."""
    name, _, wanted = ref.partition("@")
    check_name(name)
    numbers = _numbers(project.folder("datasets", name))
    if not numbers:
        known = ", ".join(dataset_names(project)) or "none yet"
        raise NotFoundError(
            f"there is no dataset '{name}'",
            where=str(project.root),
            remedy=f"import one with `workbench import FILE --name {name}`; datasets here: {known}",
        )
    if not wanted:
        number = numbers[-1]
    elif re.fullmatch(r"v?[0-9]{1,9}", wanted):
        number = int(wanted.removeprefix("v"))
    else:
        raise InputError(f"'{wanted[:40]}' is not a version", remedy="write it as in name@v0001")
    if number not in numbers:
        raise NotFoundError(
            f"dataset '{name}' has no version {number}",
            remedy=f"it has {', '.join(f'v{n:04d}' for n in numbers)}",
        )
    path = project.folder("datasets", name, f"v{number:04d}")
    return Dataset(name, number, path, _read_manifest(path / "manifest.json"))


def dataset_names(project: Project) -> list[str]:
    """Names that have at least one complete version."""
    home = project.folder("datasets")
    if not home.is_dir():
        return []
    return sorted(path.name for path in home.iterdir() if path.is_dir() and _numbers(path))


def dataset_versions(project: Project, name: str) -> list[Dataset]:
    """All complete versions of a dataset, oldest first."""
    numbers = _numbers(project.folder("datasets", name))
    return [open_dataset(project, f"{name}@{number}") for number in numbers]


def with_unique_ids(examples: Iterable[Example]) -> Iterator[Example]:
    """Give the second row of one content the id ``<hash>-2``, the third ``-3`` and so on."""
    unique = unique_ids()
    for example in examples:
        example["id"] = unique(example["id"])
        yield example


def unique_ids() -> Callable[[str], str]:
    """Make a function that takes the ids of a version's rows in order and gives each its own."""
    taken: dict[bytes, int] = {}  # for each content, a bit for each number that is in use

    def unique(identity: str) -> str:
        content, _, number = identity.partition("-")
        key = bytes.fromhex(content)
        wanted = int(number or 1)
        while taken.get(key, 0) >> wanted & 1:
            wanted += 1
        taken[key] = taken.get(key, 0) | 1 << wanted
        return content if wanted == 1 else f"{content}-{wanted}"

    return unique


def _write_parts(folder: Path, examples: Iterable[Example]) -> dict[str, Any]:
    digest = hashlib.sha256()
    counts: dict[str, dict[str, int]] = {"kind": {}, "label": {}, "split": {}}
    files: dict[str, str] = {}
    rows = 0
    writer: pq.ParquetWriter | None = None
    path = folder
    buffer: list[Example] = []

    def flush() -> None:
        nonlocal writer, path
        if writer is None:
            path = folder / f"examples-{len(files):05d}.parquet"
            writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        writer.write_table(pa.Table.from_pylist(cast("list[dict[str, Any]]", buffer), SCHEMA))
        buffer.clear()

    def close() -> None:
        nonlocal writer
        if writer is not None:
            writer.close()
            files[path.name] = file_sha256(path)
            writer = None

    try:
        for example in examples:
            buffer.append(example)
            rows += 1
            digest.update(f"{example['id']}\t{example.get('split') or ''}\n".encode())
            for column, count in counts.items():
                value = str(example.get(column) or "")
                count[value] = count.get(value, 0) + 1
            if len(buffer) >= BATCH_ROWS:
                flush()
            if rows % PART_ROWS == 0:
                flush()
                close()
        if buffer or rows == 0:
            flush()
    finally:
        close()
    return {
        "rows": rows,
        "content_hash": digest.hexdigest(),
        "files": files,
        "counts": {column: dict(sorted(count.items())[:500]) for column, count in counts.items()},
    }


def _take_number(home: Path, name: str, work: Path, manifest: dict[str, Any]) -> Dataset:
    lock = FileLock(home / ".lock")
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise BusyError(
            f"another process is publishing '{name}'",
            where=str(home),
            remedy="wait for it to end and run the same command again",
        ) from error
    with lock:
        numbers = _numbers(home)
        number = numbers[-1] + 1 if numbers else 1
        if numbers:
            newest = home / f"v{numbers[-1]:04d}"
            known = _read_manifest(newest / "manifest.json")
            if known["content_hash"] == manifest["content_hash"] and known["files"] == manifest["files"]:
                return Dataset(name, numbers[-1], newest, known)
        write_json(work / "manifest.json", manifest | {"version": number})
        target = home / f"v{number:04d}"
        work.rename(target)
        sync_folder(home)
    return Dataset(name, number, target, manifest | {"version": number})


def _numbers(home: Path) -> list[int]:
    if not home.is_dir():
        return []
    return sorted(
        int(path.name[1:])
        for path in home.glob("v[0-9]*")
        if path.name[1:].isdigit() and (path / "manifest.json").exists()
    )


def _read_manifest(path: Path) -> dict[str, Any]:
    manifest = read_json(path)
    if not manifest.keys() >= MANIFEST_KEYS:
        raise InputError("the manifest is damaged", where=str(path), remedy=DAMAGED)
    return manifest
