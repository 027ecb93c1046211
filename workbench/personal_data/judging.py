"""What counts of what was found: by place (code, tags), by overlap with names, by the words around."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from workbench.personal_data.packs import needs_context
from workbench.personal_data.recognizers.context import WITHOUT, Occurrences
from workbench.personal_data.spans import Span, without_overlaps

FENCED = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
INLINE = re.compile(r"`[^`\n]{1,200}`")
# What this workbench writes in place of a value, which must not be found again.
TAG = re.compile(r"<[A-Z][A-Z0-9_]{2,40}>|\[(?:[A-Z][A-Z0-9]*_)+\d+\]|\[REDACTED\]")
PROSE_ONLY = frozenset(
    ("PERSON", "LOCATION", "ORGANIZATION", "URL", "ANY_URL", "STREET_ADDRESS", "POSTCODE", "USERNAME", "AGE")
)
CODE_FLOOR = 0.5
# What counts also when a name or a street stands right beside it.
BY_NEIGHBOURS = frozenset(("POSTCODE", "DATE_OF_BIRTH"))
BESIDE = 0.5
SHORTEST_NAME = 2
TOWN = re.compile(
    r"[ ]([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+(?:[- ](?:(?:am|an der|im|de|del|la|le|les|sur|en|der)[- ])?[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)?)"
)
WORD = re.compile(r"[^\W\d_][\w'’-]*")


def code_ranges(text: str) -> list[tuple[int, int]]:
    """Where the fenced and quoted code of a text stands."""
    if "`" not in text and "~~~" not in text:
        return []
    fenced = [match.span() for match in FENCED.finditer(text)]
    starts = [start for start, _ in fenced]
    for match in INLINE.finditer(text):
        place = bisect_right(starts, match.start()) - 1
        if place < 0 or match.start() >= fenced[place][1]:
            fenced.append(match.span())
    return sorted(fenced)


def tags(text: str) -> list[tuple[int, int]]:
    """Where the text has been scrubbed already."""
    if "<" not in text and "[" not in text:
        return []
    return [match.span() for match in TAG.finditer(text)]


def inside(ranges: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether a stretch touches one of the ranges, which are sorted and apart."""
    place = bisect_right(ranges, (start, float("inf"))) - 1
    return any(left < end and start < right for left, right in ranges[max(0, place) : place + 2])


def with_context(entity: str, score: float, context: Occurrences, start: int, end: int) -> float:
    """The score of a match given the words around it.

    Next to its words a match gets 0.45, and up to 0.1 more for their nearness, on top of two
    fifths of its own score; a kind that needs context stays below 0.4 without.
    """
    nearness = context.supports(entity, start, end)
    if nearness is not None:
        own = min(score, WITHOUT) if needs_context(entity) else score
        return min(1.0, max(own, 0.45 + 0.4 * own + 0.1 * nearness))
    return min(score, WITHOUT) if needs_context(entity) else score


def beside_names(text: str, spans: Sequence[Span], names: Sequence[Span]) -> list[Span]:
    r"""The spans, with a postcode beside a place or a street, and a date after a person, made to count.

    ``Leipzig 04109``, ``12 Rue X\n75002 Paris``, ``Ann Lee (02/04/1948)``.
    """
    places = [s for s in (*names, *spans) if s.entity in ("LOCATION", "STREET_ADDRESS") and s.score >= 0.4]
    people = {name.end for name in names if name.entity == "PERSON"}
    raised = []
    for span in spans:
        before = text[max(0, span.start - 2) : span.start]
        beside = span.entity == "POSTCODE" and any(
            0 <= place.start - span.end <= 2 or 0 <= span.start - place.end <= 3 for place in places
        )
        born = (
            span.entity == "DATE_OF_BIRTH"
            and ((before == " (" and text[span.end : span.end + 1] == ")") or before == ", ")
            and span.start - 2 in people
        )
        raised.append(replace(span, score=max(span.score, BESIDE)) if beside or born else span)
    return raised


def towns(text: str, spans: Sequence[Span]) -> list[Span]:
    """The town behind each postcode of five digits, as in an address of Germany, France or Spain."""
    found = []
    for span in spans:
        if span.entity in ("POSTCODE", "DE_PLZ") and text[span.start : span.end].isdecimal():
            match = TOWN.match(text, span.end)
            if match is not None:
                found.append(Span(match.start(1), match.end(1), "LOCATION", BESIDE, "town of a postcode"))
    return found


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """What is left of a name that was cut, from its first capital to its last whole word; may be empty."""
    words = [m for m in WORD.finditer(text, start, end) if _ends_apart(text, m.start(), m.end())]
    capitals = [m for m in words if m.group()[0].isupper()]
    return (capitals[0].start(), capitals[-1].end()) if capitals else (start, start)


def _ends_apart(text: str, start: int, end: int) -> bool:
    return not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()


def joined_with_names(
    text: str, patterns: Sequence[Span], names: Sequence[Span], untouchable: Sequence[tuple[int, int]]
) -> list[Span]:
    """Both, without overlaps: a name within a value is part of the value, and one beside it is cut short."""
    taken = sorted([*((span.start, span.end) for span in patterns), *untouchable])
    kept: list[Span] = list(patterns)
    free: list[Span] = []
    for name in names:
        start, end = name.start, name.end
        for left, right in taken:
            if left < end and start < right:
                start, end = (max(start, right), end) if left <= start else (start, min(end, left))
            if start >= end:
                break
        if (start, end) != (name.start, name.end):
            start, end = _whole_words(text, start, end)
        if end - start >= SHORTEST_NAME:
            free.append(Span(start, end, name.entity, name.score, name.recognizer))
    return sorted([*kept, *without_overlaps(free)], key=lambda span: span.start)
