"""Tables: CSV and TSV in whatever delimiter and encoding they came, and Parquet."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, TextIO, cast

from workbench.errors import InputError
from workbench.formats.jsonlines import (
    CUT_OFF,
    MAX_BYTES,
    NUL_BYTES,
    READ_FAULTS,
    TOO_LONG,
    BadRecord,
    read_some,
)

Quoting = Literal[0, 3]
"""``csv.QUOTE_MINIMAL`` or ``csv.QUOTE_NONE``."""

DELIMITERS = (",", "\t", ";", "|")
_HEAD = 256 * 2**10
_PARQUET_FAULTS = (OSError, ValueError, OverflowError, KeyError, IndexError, MemoryError)
"""What damaged Parquet raises beside Arrow's own errors, such as names that are not UTF-8."""
_MAC_ROMAN = bytes([0xCA, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xA5, 0x8E, 0x8F, 0x88, 0x87, 0x9A])
_CP1252 = bytes([0x85, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0xA0, *range(0xE0, 0xFD)])


class Dialect(NamedTuple):
    """How a CSV file was read: worth showing, because it was worked out, not given."""

    encoding: str
    delimiter: str
    quoting: Quoting


def csv_dialect(open_file: Callable[[], io.BufferedIOBase]) -> Dialect:
    """Work out encoding, delimiter and quoting from the bytes.

    UTF-8 if every byte allows it, else UTF-16 by its mark, else Mac Roman or Windows-1252,
    whichever's typical bytes (curly quotes, dashes, accents) are more.
    """
    head = next(_chunks(open_file), b"")
    encoding = _encoding(head, open_file)
    lines = io.StringIO(head[:_HEAD].decode(encoding, "replace"), newline="").readlines()
    delimiter = max(DELIMITERS, key=lambda mark: _fit(lines, mark))
    quoted = delimiter != "\t" or _fit(lines, "\t", csv.QUOTE_MINIMAL) >= _fit(lines, "\t")
    return Dialect(encoding, delimiter, csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)


def csv_records(open_file: Callable[[], io.BufferedIOBase]) -> Iterator[tuple[int, object]]:
    """Yield ``(line where the row starts, {column: cell})``; the first row names the columns.

    A row whose number of cells is not the header's is a `BadRecord`: most often a quote or
    a delimiter inside the text broke it, and guessing would mix columns. Blank rows are
    skipped. Empty columns at the end of the header are ignored.
    """
    dialect = csv_dialect(open_file)
    csv.field_size_limit(MAX_BYTES)
    with open_file() as stream:
        buffer = cast("BinaryIO", stream)
        text = io.TextIOWrapper(buffer, dialect.encoding, errors="replace", newline="")
        too_long: list[int] = []
        lines = _bounded_lines(text, too_long)
        reader = csv.reader(lines, delimiter=dialect.delimiter, quoting=dialect.quoting, strict=True)
        header: list[str] = []
        while True:
            start = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                yield from ((line, TOO_LONG) for line in too_long)
                return
            except csv.Error as error:
                yield start, BadRecord(f"broken CSV: {error}", "repair the quotes of the row")
                continue
            except READ_FAULTS:
                yield start, CUT_OFF
                return
            yield from ((line, TOO_LONG) for line in too_long)
            too_long.clear()
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = _header(row)
                continue
            yield start, _record(header, row)


def parquet_records(path: Path, where: str) -> Iterator[tuple[int, object]]:
    """Yield ``(row number from 1, row)`` of a Parquet file, a thousand rows at a time.

    Raises `InputError`, which names ``where``, when it is no Parquet file; damage found later
    is one `BadRecord`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    remedy = "write the Parquet file again"
    number = 0
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, *_PARQUET_FAULTS) as error:
        raise InputError("the file is not readable as Parquet", where=where, remedy=remedy) from error
    try:
        with file:
            for batch in file.iter_batches(batch_size=1000):
                for number, row in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020
                    yield number, row
    except (pa.ArrowException, *_PARQUET_FAULTS):
        bad = BadRecord("the Parquet data is damaged here; nothing after it was read", remedy)
        yield number + 1, bad


def _record(header: list[str], row: list[str]) -> object:
    extra = row[len(header) :]
    if len(row) < len(header) or any(cell.strip() for cell in extra):
        reason = f"the row has {len(row)} cells and the header {len(header)}"
        return BadRecord(reason, "quote the cells that hold a delimiter, a quote or a line break")
    if any("\0" in cell for cell in row):
        return NUL_BYTES
    return dict(zip(header, row, strict=False))


def _header(row: list[str]) -> list[str]:
    """Name every column once; unnamed ones at the end are not columns."""
    while row and not row[-1].strip():
        row = row[:-1]
    names: list[str] = []
    for index, cell in enumerate(row, start=1):
        name = cell.strip() or f"column_{index}"
        names.append(name if name not in names else f"{name}_{index}")
    return names


def _bounded_lines(text: TextIO, too_long: list[int]) -> Iterator[str]:
    """Yield lines; one that is too long becomes a blank one and its number is noted."""
    number = 0
    while line := text.readline(MAX_BYTES + 1):
        number += 1
        if len(line) <= MAX_BYTES or line.endswith("\n"):
            yield line
            continue
        while (rest := text.readline(MAX_BYTES)) and not rest.endswith("\n"):
            pass
        too_long.append(number)
        yield "\n"


def _fit(lines: list[str], delimiter: str, quoting: Quoting = csv.QUOTE_NONE) -> tuple[float, int]:
    """Return how many rows of a sample have the header's width, and that width."""
    if quoting == csv.QUOTE_NONE and delimiter != "\t":
        quoting = csv.QUOTE_MINIMAL
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=quoting == 0)
    widths: list[int] = []
    while len(widths) < 50:
        try:
            widths.append(len(next(reader)) or 1)
        except csv.Error:
            widths.append(0)
        except StopIteration:
            break
    if not widths or widths[0] < 2:
        return (0.0, 0)
    return (sum(width == widths[0] for width in widths) / len(widths), widths[0])


def _encoding(head: bytes, open_file: Callable[[], io.BufferedIOBase]) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    if all(_decodes(decoder, chunk) for chunk in _chunks(open_file)):
        return "utf-8-sig"
    mac = windows = 0
    for chunk in _chunks(open_file):
        mac += sum(chunk.count(value) for value in _MAC_ROMAN)
        windows += sum(chunk.count(value) for value in _CP1252)
    return "mac-roman" if mac > windows else "cp1252"


def _chunks(open_file: Callable[[], io.BufferedIOBase]) -> Iterator[bytes]:
    """Yield the file's bytes as far as they can be read."""
    with open_file() as stream:
        cut_off = False
        while not cut_off:
            chunk, cut_off = read_some(stream, 2**20)
            if not chunk:
                return
            yield chunk


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True
