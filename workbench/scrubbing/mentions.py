"""What is to be replaced: spans of detectors brought to the places where something can be written.

A span is cut to the leaf of JSON it stands in, freed of titles and possessives, widened to
whole HTML entities, and left out when scrubbing itself wrote what it covers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from workbench.personal_data.spans import Scan, Span
from workbench.scrubbing.fields import Field
from workbench.scrubbing.json_text import Leaf, decoded, leaves
from workbench.scrubbing.marks import is_own, tags_in
from workbench.scrubbing.people import parsed, title_before
from workbench.scrubbing.settings import Operator, Scrubbing
from workbench.value_keys import ValueKey, folded

Place = Literal["text", "json", "number", "name", "key"]
NAMES = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "NRP", "USERNAME", "AGE"})
_ENTITY = re.compile(r"&#?\w{1,31};")
_EDGES = re.compile(r"\A\s+|\s+\Z")


@dataclass(frozen=True, slots=True)
class Mention:
    """A value at one place: ``fields[field].value[start:end]``, which reads ``text``.

    ``place`` says what may stand there: any text, the inside of a JSON string, a JSON number,
    or an identifier; the name of a JSON field cannot be replaced. ``kind`` is what the detector called it, ``entity`` what that stands for; ``title``
    is the title before a name.
    """

    field: int
    start: int
    end: int
    entity: str
    score: float
    text: str
    operator: Operator
    place: Place
    kind: str
    title: str = ""


class _Region(NamedTuple):
    """JSON in a value, with its leaves in offsets of the region."""

    start: int
    end: int
    leaves: Sequence[Leaf]


def mentions_in(
    fields: Sequence[Field],
    scans: Sequence[Scan],
    settings: Scrubbing,
    key: ValueKey,
    stands_for: Mapping[str, str],
) -> list[Mention]:
    """The mentions of a row in order. A name is one in a label or tag only if the texts hold it too."""
    found = [
        replace(mention, kind=kind)
        for index, (field, scan) in enumerate(zip(fields, scans, strict=True))
        for kind, mention in _of_field(index, field, scan, settings, key, stands_for)
    ]
    told = {folded(mention.text) for mention in found if fields[mention.field].part not in ("label", "tags")}
    return [
        mention
        for mention in found
        if fields[mention.field].part not in ("label", "tags")
        or mention.entity not in NAMES
        or folded(mention.text) in told
    ]


def _of_field(
    index: int,
    field: Field,
    scan: Scan,
    settings: Scrubbing,
    key: ValueKey,
    stands_for: Mapping[str, str],
) -> Iterator[tuple[str, Mention]]:
    if not scan.spans:
        return
    tags, done = tags_in(field.text), 0
    regions = [_Region(start, end, leaves(field.value[start:end]) or ()) for start, end in field.json_regions]
    for span in sorted(scan.spans, key=lambda span: span.start):
        named = replace(span, entity=stands_for.get(span.entity, span.entity))
        operator = settings.operator(named.entity)
        if operator == "keep":
            continue
        if field.part == "group":
            operator = "hash"  # any other would join groups that are not one
        for piece in _beside(named, tags):
            if is_own(field.text[piece.start : piece.end], field.marks, key):
                continue
            for mention in _mentions(index, field, regions, _trimmed(field.text, piece), operator, key):
                if mention.end > done:  # two spans may lie in one number, or share an HTML entity
                    yield span.entity, replace(mention, start=max(mention.start, done))
                    done = mention.end


def _mentions(
    index: int, field: Field, regions: Sequence[_Region], span: Span, operator: Operator, key: ValueKey
) -> Iterator[Mention]:
    place = field.place(span)
    if place is None:
        return
    title = title_before(field.text, span.start) if span.entity == "PERSON" else ""
    for start, end, kind in _places(field, regions, *_widened(field, *place)):
        standing = field.value[start:end]
        text = decoded(standing)[0] if kind in ("json", "key") else standing
        if field.field == "name":
            text = text.replace("_", " ")
        if any(map(str.isalnum, text)) and not is_own(text, field.marks, key):
            yield Mention(
                index, start, end, span.entity, span.score, text, operator, kind, span.entity, title
            )


def _beside(span: Span, tags: Sequence[tuple[int, int]]) -> list[Span]:
    """What of a span is no tag."""
    pieces, start = [], span.start
    for index in range(bisect_right(tags, start, key=_end), len(tags)):
        tag_start, tag_end = tags[index]
        if tag_start >= span.end:
            break
        pieces.append(replace(span, start=start, end=max(start, tag_start)))
        start = tag_end
    pieces.append(replace(span, start=start, end=max(start, span.end)))
    return [piece for piece in pieces if piece.start < piece.end]


def _trimmed(text: str, span: Span) -> Span:
    """A span without white space at its edges, and of a name without title and possessive."""
    inside = text[span.start : span.end]
    start = span.start + len(inside) - len(inside.lstrip())
    end = span.end - (len(inside) - len(inside.rstrip()))
    if span.entity == "PERSON" and start < end:
        name = parsed(text[start:end])
        start, end = start + name.start, start + name.end
    return replace(span, start=start, end=max(start, end))


def _widened(field: Field, start: int, end: int) -> tuple[int, int]:
    """Half an HTML entity cannot be replaced: take all of it."""
    text = field.value
    if "&" not in text:
        return start, end
    for edge in _ENTITY.finditer(text, max(0, start - 32), min(len(text), end + 32)):
        if edge.start() < start < edge.end():
            start = edge.start()
        if edge.start() < end < edge.end():
            end = edge.end()
    return start, end


def _places(field: Field, regions: Sequence[_Region], start: int, end: int) -> list[tuple[int, int, Place]]:
    """The parts of ``value[start:end]`` where something can be written, with what may stand there."""
    if field.is_number:
        return [(0, len(field.value), "number")]
    if field.field == "name":
        return [(start, end, "name")]
    found: list[tuple[int, int, Place]] = []
    position = start
    for index in range(bisect_right(regions, start, key=lambda region: region.end), len(regions)):
        region = regions[index]
        if region.start >= end:
            break
        if position < region.start:
            found.append((position, region.start, "text"))
        found += _in_json(region, start, end)
        position = region.end
    if position < end:
        found.append((position, end, "text"))
    return found


def _in_json(region: _Region, start: int, end: int) -> list[tuple[int, int, Place]]:
    """Where leaves of JSON are touched; when none is, what is touched is the name of a field."""
    found: list[tuple[int, int, Place]] = []
    offset, inside = region.start, region.leaves
    for index in range(bisect_right(inside, start - offset, key=lambda leaf: leaf.end), len(inside)):
        leaf = inside[index]
        left, right = max(leaf.start + offset, start), min(leaf.end + offset, end)
        if leaf.start + offset >= end:
            break
        if leaf.is_number:
            found.append((leaf.start + offset, leaf.end + offset, "number"))
        elif left < right:
            found.append((left, right, "json"))
    return found or [(max(start, region.start), min(end, region.end), "key")]


def _end(tag: tuple[int, int]) -> int:
    return tag[1]
