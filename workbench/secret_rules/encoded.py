"""Encoded text: what base64, hex and percent-encoding in a text say, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.secret_rules.checks import decoded

DEEPEST = 2
TOKEN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")
PERCENT = re.compile(
    r"(?:[A-Za-z0-9_.~+-]|%[0-9A-Fa-f]{2})*%[0-9A-Fa-f]{2}(?:[A-Za-z0-9_.~+-]|%[0-9A-Fa-f]{2})*"
)
FIRST = 24
"""Characters of base64 that must decode to text before the rest is looked at."""
TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One encoded token at ``start`` to ``end``, and the text that it says.

    ``places`` has, for each character of ``text``, where it begins in the token, and last where
    the token ends; None when a part of the text has no place of its own, as in base64.
    """

    start: int
    end: int
    text: str
    places: tuple[int, ...] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The characters around that hold ``start`` to ``end`` of the decoded text."""
        if self.places is None:
            return self.start, self.end
        return self.start + self.places[start], self.start + self.places[end]


def encoded_parts(text: str) -> Iterator[Encoded]:
    """Every token that decodes to printable text of its own."""
    if "%" in text:
        for match in PERCENT.finditer(text):
            yield from _percent(match.start(), match.group())
    for match in TOKEN.finditer(text):
        token = match.group()
        found = _printable(bytes.fromhex(token)) if HEX.fullmatch(token) else _printable(_base64(token))
        if found:
            yield Encoded(match.start(), match.end(), found)


def _base64(token: str) -> bytes:
    first = decoded(token[:FIRST])
    if first is None or not TEXT.fullmatch(first):
        return b""
    plain = token.rstrip("=")
    whole = decoded(plain) or decoded(plain[: len(plain) // 4 * 4])
    return whole or b""


def _printable(raw: bytes) -> str:
    if len(raw) < 8 or not TEXT.fullmatch(raw):
        return ""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _percent(start: int, token: str) -> Iterator[Encoded]:
    """Percent-encoding (RFC 3986), with the place of every character. Bytes that are no UTF-8 stay."""
    pieces: list[str] = []
    places: list[int] = []
    position = 0
    while position < len(token):
        length = _sequence(token, position)
        raw = bytes.fromhex(token[position : position + 3 * length].replace("%", "")) if length else b""
        try:
            piece, step = (raw.decode("utf-8"), 3 * length) if length else (token[position], 1)
        except UnicodeDecodeError:
            piece, step = token[position], 1
        pieces.append(piece)
        places.append(position)
        position += step
    text = "".join(pieces)
    if text != token:
        yield Encoded(start, start + len(token), text, (*places, len(token)))


def _sequence(token: str, position: int) -> int:
    """How many ``%XX`` make the character at a position; 0 when none begins there."""
    if token[position] != "%":
        return 0
    first = int(token[position + 1 : position + 3], 16)
    length = 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    held = token[position : position + 3 * length]
    return length if re.fullmatch(r"(?:%[0-9A-Fa-f]{2})+", held) and len(held) == 3 * length else 1
