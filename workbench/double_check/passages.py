"""Passages of rows, by how likely a personal datum was overlooked in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from workbench.examples import Example, parts

LONGEST = 600
STRATA = ("beside a finding", "digits, @ or capitals", "other text")
_BREAK = re.compile(r"\n+|(?<=[.!?])\s+|\s+")
# A capital that does not begin a sentence, a digit, an at sign.
_RISKY = re.compile(r"[\d@]|(?<=[^\s.!?:;\"'*#>\-]\s)[^\W\d_a-z]\w|[^\W\d_a-z][^\W\d_]+[ -][^\W\d_a-z]\w")


class Passage(NamedTuple):
    """Characters ``start`` to ``end`` of one message's content, and the stratum they are in."""

    part: str
    message: int
    start: int
    end: int
    stratum: str


def passages(example: Example, spans: list[dict[str, Any]]) -> Iterator[Passage]:
    """Cut every message's content into pieces of at most `LONGEST` characters, without blank ones.

    ``spans`` are those of the row's findings: a piece they touch is beside a finding.
    """
    for part, index, entry in parts(example):
        mine = [s for s in spans if s["part"] == part and s.get("message") == index and not s.get("field")]
        text = entry["content"]
        for start, end in pieces(text):
            if not text[start:end].strip():
                continue
            touched = any(s["start"] < end and s["end"] > start for s in mine)
            risky = _RISKY.search(text, start, end) is not None
            yield Passage(part, index, start, end, STRATA[0 if touched else 1 if risky else 2])


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where to cut a text: at a line's end, else a sentence's, else a word's, else anywhere."""
    start = 0
    while len(text) - start > LONGEST:
        end = _cut(text, start)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _cut(text: str, start: int) -> int:
    limit = start + LONGEST
    best = {0: -1, 1: -1, 2: -1}
    for found in _BREAK.finditer(text, start + LONGEST // 2, limit):
        blank = found.group()
        rank = 0 if "\n" in blank else 1 if text[found.start() - 1] in ".!?" else 2
        best[rank] = found.end()
    return next((place for place in best.values() if place > start), limit)
