"""JSON lines: one record a line, and a broken line costs that line only."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

from zstandard import ZstdError

MAX_BYTES = 32 * 2**20
"""The longest line, cell or JSON record that is read; a longer one is refused, not loaded."""

READ_FAULTS = (EOFError, OSError, zlib.error, ZstdError)
"""What a cut-off or damaged compressed file raises while it is read."""


class BadRecord(NamedTuple):
    """A record that could not be parsed. Neither text holds any of its content."""

    reason: str
    remedy: str


CUT_OFF = BadRecord(
    "the compressed file is damaged or ends too early; nothing after this point was read",
    "copy or download the file again",
)
TOO_LONG = BadRecord(
    f"the record is longer than {MAX_BYTES // 2**20} MB", "split it, or take out what is not text"
)
NUL_BYTES = BadRecord("the record has NUL bytes", "write the file again as plain UTF-8 text")
NOT_UTF8 = BadRecord(
    "the record is not UTF-8 text",
    "save the file as UTF-8, for example: iconv -f cp1252 -t utf-8 OLD > NEW",
)


def line_records(stream: BufferedIOBase) -> Iterator[tuple[int, object]]:
    """Yield ``(line number, parsed record or BadRecord)``, skipping blank lines."""
    number = 0
    while True:
        try:
            line, whole = _next_line(stream)
        except READ_FAULTS:
            yield number + 1, CUT_OFF
            return
        if not line:
            return
        number += 1
        if not whole:
            yield number, TOO_LONG
            continue
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line.strip():
            yield number, parse(line)


def parse(line: bytes) -> object:
    """Parse one JSON value, or say why not as a `BadRecord`."""
    if b"\0" in line:
        return NUL_BYTES
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return NOT_UTF8
    try:
        return storable(text, json.loads(text))
    except json.JSONDecodeError as error:
        return BadRecord(f"broken JSON at character {error.pos + 1}", "repair or remove the line")
    except (ValueError, RecursionError):
        return BadRecord("JSON too deep or with too large a number", "repair or remove the line")


def storable(text: str, value: object) -> object:
    r"""Replace lone surrogates (written ``\ud800``), which no UTF-8 file can hold."""
    return _without_surrogates(value) if "\\ud" in text or "\\uD" in text else value


def read_some(stream: BufferedIOBase, size: int) -> tuple[bytes, bool]:
    """Return the next ``size`` bytes, fewer at the end, and whether a damaged file ended them."""
    pieces: list[bytes] = []
    while size > 0:
        try:
            piece = stream.read1(size)
        except READ_FAULTS:
            return b"".join(pieces), True
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces), False


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(entry) for entry in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value


def _next_line(stream: BufferedIOBase) -> tuple[bytes, bool]:
    """Return the next line and whether it is whole; the rest of an overlong one is skipped."""
    line = stream.readline(MAX_BYTES + 1)
    if len(line) <= MAX_BYTES or line.endswith(b"\n"):
        return line, True
    while (rest := stream.readline(MAX_BYTES)) and not rest.endswith(b"\n"):
        pass
    return line[:1], False
