"""Spans: where in one text a detector saw something, and how sure it is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of one text, of a kind named in capitals.

    ``score`` is between 0 and 1. ``recognizer`` names what saw it, for people.
    """

    start: int
    end: int
    entity: str
    score: float
    recognizer: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a detector saw in one text. ``not_scanned`` says why some of it was not read, if so.

    A text that is not wholly scanned must be looked at by a person: nothing found there
    does not mean that nothing is there.
    """

    spans: tuple[Span, ...]
    not_scanned: str | None = None


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Of spans that touch each other the surest, then the longest, then the first; in text order."""
    kept: list[Span] = []
    starts: list[int] = []  # of the kept, in order: only the two beside a span can touch it
    for span in sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start, s.entity)):
        place = bisect_left(starts, span.start)
        if place and kept[place - 1].end > span.start:
            continue
        if place < len(kept) and kept[place].start < span.end:
            continue
        kept.insert(place, span)
        starts.insert(place, span.start)
    return kept
