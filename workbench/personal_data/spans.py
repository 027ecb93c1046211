"""Spans: where in one text a detector saw something, and how sure it is."""

from __future__ import annotations

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
    for span in sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start, s.entity)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)
