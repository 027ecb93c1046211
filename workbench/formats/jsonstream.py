"""JSON that spans lines: an array, an object of records, or objects one after another.

The text is decoded a piece at a time and each record with the standard parser, so memory
holds one record, not the file, and numbers and escapes read as they do everywhere else.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from io import BufferedIOBase

from workbench.formats.jsonlines import (
    CUT_OFF,
    MAX_BYTES,
    NOT_UTF8,
    TOO_LONG,
    BadRecord,
    read_some,
    storable,
)

WRAPPERS = ("data", "examples", "rows", "records", "instances", "train")
"""Keys under which a single JSON object is known to keep its list of records."""

_CHUNK = 64 * 2**10
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_NEAR_END = 16
"""A parser error nearer than this to the end of what was read may be for want of more."""


class _BrokenError(Exception):
    """The text cannot be followed from here on; holds the `BadRecord` that says why."""

    def __init__(self, bad: BadRecord) -> None:
        super().__init__(bad.reason)
        self.bad = bad


def stream_records(stream: BufferedIOBase) -> Iterator[tuple[int, object]]:
    """Yield ``(record number from 1, record or BadRecord)``.

    After broken JSON no later record can be told apart, so the last thing yielded then is
    a `BadRecord` that says that the rest was not read.
    """
    cursor = _Cursor(stream)
    number = 0
    entries = _array(cursor) if cursor.peek() == "[" else _objects(cursor)
    try:
        for number, entry in enumerate(entries, start=1):
            yield number, entry
        if cursor.peek():
            raise _BrokenError(cursor.broken())
    except _BrokenError as error:
        yield number + 1, error.bad


def _array(cursor: _Cursor) -> Iterator[object]:
    cursor.take("[")
    while cursor.peek() != "]":
        yield cursor.value()
        if cursor.peek() != "]":
            cursor.take(",")
    cursor.take("]")


def _objects(cursor: _Cursor) -> Iterator[object]:
    try:
        first = cursor.value()
    except _BrokenError as error:
        if error.bad is not TOO_LONG:
            raise
        yield from _entries(cursor)
        return
    if not cursor.peek():
        yield from _inside(first)
        return
    yield first
    while cursor.peek():
        yield cursor.value()


def _inside(only: object) -> Iterator[object]:
    """Yield the records of a file's only object: its named ones, its list, or itself."""
    if isinstance(only, dict):
        for key in WRAPPERS:
            rows = only.get(key)
            if isinstance(rows, list) and rows and isinstance(rows[0], dict):
                yield from rows
                return
        if only and all(isinstance(value, dict) for value in only.values()):
            yield from only.values()
            return
    yield only


def _entries(cursor: _Cursor) -> Iterator[object]:
    """Yield the values of an object too large to load, and the rows of a known list in it."""
    cursor.take("{")
    while cursor.peek() != "}":
        key = cursor.value()
        cursor.take(":")
        if cursor.peek() == "[" and key in WRAPPERS:
            yield from _array(cursor)
        else:
            yield cursor.value()
        if cursor.peek() != "}":
            cursor.take(",")
    cursor.take("}")


class _Cursor:
    """A place in a stream of JSON text that keeps only what is not yet parsed."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
        self._text = ""
        self._at = 0
        self._lines_before = 1
        self._ended = False
        self._cut_off = False

    def peek(self) -> str:
        """Return the next character that is not white space, or "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self, character: str) -> None:
        """Step over ``character``, which must come next."""
        if self.peek() != character:
            raise _BrokenError(self.broken())
        self._at += 1

    def value(self) -> object:
        """Parse the next value; one in a wrong encoding is a `BadRecord`, the rest stands."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or self._surely_broken(error):
                    raise _BrokenError(self.broken()) from None
            except (ValueError, RecursionError):
                raise _BrokenError(self.broken()) from None
            else:
                if end < len(self._text) or self._ended:
                    raw = self._text[self._at : end]
                    self._at = end
                    return storable(raw, value) if _was_utf8(raw) else NOT_UTF8
            if len(self._text) - self._at > MAX_BYTES:
                raise _BrokenError(TOO_LONG)
            self._more()

    def broken(self) -> BadRecord:
        """Say where the JSON breaks, or that the compressed file does."""
        if self._cut_off:
            return CUT_OFF
        line = self._lines_before + self._text.count("\n", 0, self._at)
        return BadRecord(
            f"the JSON breaks in the record or separator that starts on line {line}; "
            "nothing after it was read",
            "repair the JSON there, or write the file as JSON lines, one record a line",
        )

    def _surely_broken(self, error: json.JSONDecodeError) -> bool:
        unfinished = error.msg.startswith("Unterminated string")
        return not unfinished and error.pos < len(self._text) - _NEAR_END

    def _more(self) -> None:
        """Read on; each time at least as much as is pending, so retries stay linear."""
        pending = self._text[self._at :]
        self._lines_before += self._text.count("\n", 0, self._at)
        data, self._cut_off = read_some(self._stream, max(_CHUNK, len(pending)))
        self._ended = self._cut_off or not data
        self._text = pending + self._decode(data, final=self._ended)
        self._at = 0


def _was_utf8(raw: str) -> bool:
    if raw.isascii():
        return True
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
