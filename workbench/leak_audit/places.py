"""Where text can lie in a project: every file of it, read piece by piece.

What holds rows as they were by design is listed, not read: other versions of data sets,
rejected lines, imported files that lie in the project, and the vocabulary of base models.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import InputError
from workbench.files import storage_errors
from workbench.projects import Project
from workbench.versions import Dataset, dataset_names, dataset_versions

PIECE = 1_000_000
BATCH_ROWS = 2000
RUN_OF_TEXT = re.compile(rb"[\x20-\x7e\x80-\xff]{8,}")
VOCABULARY = frozenset({"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt"})
LARGEST_MEMBER = 1 << 30
FOREIGN = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__"})
"""Folders of other tools: nothing of Workbench's is written there."""

TOP = (
    "datasets",
    "findings",
    "decisions",
    "lists",
    "runs",
    "scores",
    "reports",
    "exports",
    "assessments",
    "audits",
    "canaries",
    "keys",
)


class Piece(NamedTuple):
    """Some text of a file, the line that it begins in, and whether it was cut out of binary data."""

    text: str
    line: int
    binary: bool


@dataclass(frozen=True)
class Place:
    """One file: its place in words, and why it is not read, if so."""

    path: Path
    name: str
    by_design: str = ""


def places(project: Project, dataset: Dataset, also: list[Path]) -> Iterator[Place]:
    """Every file of the project and of further folders, in order; links are not followed."""
    imported = _imported(project)
    yield from (_placed(project, dataset, path, imported) for path in _files(project.root))
    for folder in also:
        if not folder.exists():
            raise InputError("there is no such file or folder", where=str(folder), remedy="check --also")
        for path in [folder] if folder.is_file() else _files(folder):
            yield Place(path, "outside the project")


def pieces(path: Path) -> Iterator[Piece]:
    """The text of a file, also of one that is packed or binary. Raises `InputError` when it cannot be read."""
    try:
        if path.suffix == ".parquet":
            yield from _parquet(path)
        elif zipfile.is_zipfile(path):
            yield from _members(path)
        else:
            with _opened(path) as stream:
                yield from _stream(stream)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, pa.ArrowInvalid) as error:
        raise InputError("the file cannot be read", where=str(path), remedy="mend or remove it") from error


def _files(root: Path) -> Iterator[Path]:
    with storage_errors(root):
        for path in sorted(root.iterdir()):
            if path.is_symlink() or path.name.endswith(".tmp"):
                continue
            if path.is_dir() and path.name not in FOREIGN:
                yield from _files(path)
            elif path.is_file() or path.name in FOREIGN:
                yield path


def _placed(project: Project, dataset: Dataset, path: Path, imported: set[str]) -> Place:
    parts = path.relative_to(project.root).parts
    top = parts[0] if len(parts) > 1 and parts[0] in TOP else "decisions" if "decisions" in parts[0] else ""
    if top == "datasets" and not path.is_relative_to(dataset.path):
        return Place(path, top, _raw_by_design(parts, dataset))
    if path.name in FOREIGN:
        return Place(path, "other files", "a folder of another tool")
    if not top and path.name in imported:
        return Place(path, "other files", "a file that was imported")
    if path.name in VOCABULARY:
        return Place(path, top or "other files", "the vocabulary of a base model")
    return Place(path, top or "other files")


def _raw_by_design(parts: tuple[str, ...], dataset: Dataset) -> str:
    if len(parts) == 3 and not parts[-1].startswith("rejects-"):
        return ""
    if parts[-1].startswith("rejects-"):
        return "rejected lines of an import"
    if parts[1] == dataset.name:
        return "another version of this data set"
    return "another data set, with an audit of its own"


def _imported(project: Project) -> set[str]:
    return {
        Path(str(name)).name
        for dataset in dataset_names(project)
        for version in dataset_versions(project, dataset)
        for name in version.manifest["origin"].get("files", [])
    }


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix == ".gz":
        with gzip.open(path) as packed:
            yield packed  # type: ignore[misc]
    elif path.suffix == ".zst":
        import zstandard

        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as unpacked:
            yield io.BufferedReader(unpacked)
    else:
        with path.open("rb") as file:
            yield file


def _members(path: Path) -> Iterator[Piece]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            yield Piece(member.filename, 0, False)
            if member.file_size > LARGEST_MEMBER:
                raise ValueError("a packed file is too large")
            with archive.open(member) as stream:
                yield from _stream(stream)


def _stream(stream: IO[bytes]) -> Iterator[Piece]:
    line, binary = 1, False
    while data := stream.read(PIECE):
        # Whole lines, so that nothing is cut in two; a line of binary data may have no end.
        data += stream.readline(PIECE)
        binary = binary or b"\0" in data
        if binary:
            runs = b"\n".join(RUN_OF_TEXT.findall(data))
            yield Piece(runs.decode("utf-8", "replace"), 0, True)
        else:
            yield Piece(data.decode("utf-8", "replace"), line, False)
            line += data.count(b"\n")


def _parquet(path: Path) -> Iterator[Piece]:
    with pq.ParquetFile(path) as parquet:
        for value in (parquet.schema_arrow.metadata or {}).values():
            yield Piece(value.decode("utf-8", "replace"), 0, False)
        row = 1
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
            for values in batch.to_pylist():
                yield Piece("\0".join(_texts(values)), row, False)
                row += 1


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
