"""Files to records: JSON lines, JSON, CSV, TSV and Parquet, plain or in gzip or zstd.

The bytes decide, not the name: a gzip file without `.gz`, JSON lines in a `.json` and a
whole array in a `.jsonl` are read for what they are. Nothing loads a file as a whole.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from workbench.errors import InputError
from workbench.formats.jsonlines import CUT_OFF, BadRecord, line_records, parse, read_some
from workbench.formats.jsonstream import stream_records
from workbench.formats.tables import csv_records, parquet_records

__all__ = ["SUFFIXES", "BadRecord", "records"]

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
"""The names of files that can be read; each also with .gz or .zst after it."""

_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"%PDF": "a PDF",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_HEAD = 2**20


def records(path: Path) -> Iterator[tuple[int, object]]:
    """Yield ``(number, record)``, or ``(number, BadRecord)`` for what cannot be parsed.

    The number is the line for JSON lines and CSV, the row (from 1) for a JSON array and
    Parquet. A single JSON object of named records gives its values. Raises `InputError`
    when there is no such file, it is empty, or it is nothing that can be read; a gzip or
    zstd file that is cut off gives the rows before the cut and then one `BadRecord`.
    """
    if not path.is_file():
        raise InputError(
            "this is a folder, not a file" if path.is_dir() else "there is no such file",
            where=str(path),
            remedy="name one file; check the path",
        )
    try:
        head = _head(path)
    except OSError as error:
        raise InputError(
            "the file cannot be read", where=str(path), remedy="check its permissions"
        ) from error
    if not head.strip():
        raise InputError("the file is empty", where=str(path), remedy="name a file with rows in it")
    if head.startswith(_PARQUET):
        return parquet_records(_uncompressed(path))
    suffix = _suffix(path)
    _refuse_foreign(path, head, suffix)
    if suffix in (".csv", ".tsv") and not _is_json_row(head):
        return csv_records(partial(_open, path))
    if _is_lines(head, strict=suffix in (".jsonl", ".ndjson")):
        return _read(path, lines=True)
    return _read(path, lines=False)


def _read(path: Path, *, lines: bool) -> Iterator[tuple[int, object]]:
    with _open(path) as stream:
        yield from line_records(stream) if lines else stream_records(stream)


def _is_lines(head: bytes, *, strict: bool) -> bool:
    """Tell JSON lines from JSON that spans lines, by the first megabyte.

    ``strict``: the name says JSON lines, so only a first line that is the opening of an
    array or of an indented object speaks against it.
    """
    first, _, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    first, second = first.strip(), rest.lstrip()[:1]
    if first in (b"[", b"{"):
        return False
    if first.startswith(b"["):
        return bool(second) and not isinstance(parse(first), BadRecord)
    if strict:
        return True
    return not first.startswith(b"{") or (first.endswith(b"}") and second == b"{")


def _is_json_row(head: bytes) -> bool:
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    return first[:1] in (b"{", b"[") and isinstance(parse(first), dict | list)


def _refuse_foreign(path: Path, head: bytes, suffix: str) -> None:
    remedy = f"save it as one of {', '.join(SUFFIXES)} in UTF-8"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic) and not (what == "UTF-16 text" and suffix in (".csv", ".tsv")):
            raise InputError(f"the file is {what}", where=str(path), remedy=remedy)
    if suffix == ".parquet":
        raise InputError("the file is not readable as Parquet", where=str(path), remedy=remedy)
    if suffix not in SUFFIXES and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        raise InputError("the kind of file is not known", where=str(path), remedy=remedy)


def _suffix(path: Path) -> str:
    """Return the extension that names the kind of data, without .gz or .zst."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in (".gz", ".zst", ".gzip", ".zstd"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _open(path: Path) -> io.BufferedIOBase:
    """Open a file for reading what is inside its compression, if it has one."""
    with path.open("rb") as raw:
        magic = raw.read(4)
    if magic.startswith(_GZIP):
        return gzip.GzipFile(path)
    if magic == _ZSTD:
        return io.BufferedReader(_ZstdFile(path), 2**17)
    return io.BufferedReader(io.FileIO(path), 2**17)


def _head(path: Path) -> bytes:
    """Return the first megabyte of content; less when a compressed file is cut off."""
    with _open(path) as stream:
        head, cut_off = read_some(stream, _HEAD)
    if cut_off and not head:
        what = CUT_OFF.reason.partition(";")[0]
        raise InputError(what, where=str(path), remedy=CUT_OFF.remedy)
    return head


def _uncompressed(path: Path) -> Path:
    with path.open("rb") as raw:
        if raw.read(4) == _PARQUET:
            return path
    raise InputError(
        "a Parquet file inside gzip or zstd cannot be read",
        where=str(path),
        remedy="unpack it first; Parquet is compressed by itself",
    )


class _ZstdFile(io.RawIOBase):
    """A zstd file as a stream that, unlike the library's, fails when the file is cut off."""

    def __init__(self, path: Path) -> None:
        import zstandard

        self._file = path.open("rb")
        self._new_frame = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new_frame()
        self._started = False
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def close(self) -> None:
        """Close the file beneath."""
        self._file.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer``; raises `EOFError` in the middle of a frame."""
        while not self._pending:
            data = self._frame.unused_data if self._frame.eof else b""
            data = data or self._file.read(4096)
            if not data:
                if self._started and not self._frame.eof:
                    raise EOFError("zstd frame is cut off")
                return 0
            if self._frame.eof:
                self._frame = self._new_frame()
            self._started = True
            self._pending = memoryview(self._frame.decompress(data))
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count
