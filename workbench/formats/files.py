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
from workbench.formats.places import Place, local_place, on_disk
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


def records(given: Path | Place) -> Iterator[tuple[int, object]]:
    """Yield ``(number, record)``, or ``(number, BadRecord)`` for what cannot be parsed.

    The number is the line for JSON lines and CSV, the row (from 1) for a JSON array and
    Parquet. A single JSON object of named records gives its values. Raises `InputError`
    when there is no such file, it is empty, or it is nothing that can be read; a gzip or
    zstd file that is cut off gives the rows before the cut and then one `BadRecord`.
    JSON streams from wherever it lies; a remote CSV or Parquet file, which is read more than
    once, is first copied to the temporary folder.
    """
    place = local_place(given) if isinstance(given, Path) else given
    try:
        head = _head(place)
    except OSError as error:
        raise InputError(
            "the file cannot be read", where=place.where, remedy="check its permissions"
        ) from error
    if not head.strip():
        raise InputError("the file is empty", where=place.where, remedy="name a file with rows in it")
    if head.startswith(_PARQUET):
        return _parquet(place)
    suffix = _suffix(place.name)
    _refuse_foreign(place.where, head, suffix)
    if suffix in (".csv", ".tsv") and not _is_json_row(head):
        return _csv(place)
    return _read(place, lines=_is_lines(head, strict=suffix in (".jsonl", ".ndjson")))


def _read(place: Place, *, lines: bool) -> Iterator[tuple[int, object]]:
    with _open(place) as stream:
        yield from line_records(stream) if lines else stream_records(stream)


def _csv(place: Place) -> Iterator[tuple[int, object]]:
    with on_disk(place) as path:
        yield from csv_records(partial(_open, local_place(path)))


def _parquet(place: Place) -> Iterator[tuple[int, object]]:
    _refuse_packed(place)
    if place.path is not None:
        return parquet_records(place.path, place.where)
    return _copied_parquet(place)


def _copied_parquet(place: Place) -> Iterator[tuple[int, object]]:
    with on_disk(place) as path:
        yield from parquet_records(path, place.where)


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


def _refuse_foreign(where: str, head: bytes, suffix: str) -> None:
    remedy = f"save it as one of {', '.join(SUFFIXES)} in UTF-8"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic) and not (what == "UTF-16 text" and suffix in (".csv", ".tsv")):
            raise InputError(f"the file is {what}", where=where, remedy=remedy)
    if suffix == ".parquet":
        raise InputError("the file is not readable as Parquet", where=where, remedy=remedy)
    if suffix not in SUFFIXES and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        raise InputError("the kind of file is not known", where=where, remedy=remedy)


def _suffix(name: str) -> str:
    """Return the extension that names the kind of data, without .gz or .zst."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    while suffixes and suffixes[-1] in (".gz", ".zst", ".gzip", ".zstd"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _open(place: Place) -> io.BufferedIOBase:
    """Open a file for reading what is inside its compression, if it has one."""
    raw = place.open()
    magic = raw.peek(4)[:4]  # type: ignore[attr-defined]
    if magic.startswith(_GZIP):
        return _Gzip(raw)
    if magic == _ZSTD:
        return io.BufferedReader(_ZstdFile(raw), 2**17)
    return raw


def _head(place: Place) -> bytes:
    """Return the first megabyte of content; less when a compressed file is cut off."""
    with _open(place) as stream:
        head, cut_off = read_some(stream, _HEAD)
    if cut_off and not head:
        what = CUT_OFF.reason.partition(";")[0]
        raise InputError(what, where=place.where, remedy=CUT_OFF.remedy)
    return head


def _refuse_packed(place: Place) -> None:
    with place.open() as raw:
        packed = raw.read(4) != _PARQUET
    if packed:
        raise InputError(
            "a Parquet file inside gzip or zstd cannot be read",
            where=place.where,
            remedy="unpack it first; Parquet is compressed by itself",
        )


class _Gzip(gzip.GzipFile):
    """A gzip stream that closes the file beneath with itself, which the library does not."""

    def __init__(self, raw: io.BufferedIOBase) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._beneath = raw

    def close(self) -> None:
        """Close both."""
        super().close()
        self._beneath.close()


class _ZstdFile(io.RawIOBase):
    """A zstd file as a stream that, unlike the library's, fails when the file is cut off."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        import zstandard

        self._file = file
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
