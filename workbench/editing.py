"""What a change does to one row: edits of its text, tags, weight."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from workbench.examples import Example, content_id
from workbench.plans import Change
from workbench.scrubbing.fields import FORMER_ID, MARKS, is_former_id, marks_of
from workbench.scrubbing.json_text import raw_edits
from workbench.scrubbing.validity import with_edits
from workbench.value_keys import ValueKey

Span = dict[str, Any]
Place = tuple[str, int, str]
MESSAGES = ("messages", "chosen", "rejected")
SENSITIVE = frozenset({"personal_data", "secrets"})
"""Steps whose edits hide something."""


class Replaced(NamedTuple):
    """What an edit took away: ``original`` stood where ``text[start:end]`` now is.

    ``text`` is that of a place (a column, an index in it, a field of the message); ``entity``
    and ``value`` are the finding's, empty when it named none.
    """

    part: str
    message: int
    field: str
    start: int
    end: int
    original: str
    entity: str
    value: str


Told = Callable[[Replaced], None]
Keyed = Callable[[], ValueKey]


def edited(
    example: Example, changes: Sequence[Change], told: Told | None = None, key: Keyed | None = None
) -> Example:
    """Apply edits, then tags and weights, in order; a row whose text changes gets its new id.

    The id that it had stays in ``meta`` as ``edited_from``, and what names the pseudonyms put
    in as ``pseudonyms``. An id is a hash of the whole row, against which anybody could try guesses
    at a short value that was taken out; so an edit for personal data or secrets leaves
    `hidden_id` instead, made with ``key``, and without one nothing. ``told`` is called as
    `apply_spans` does.
    """
    spans = [
        {"value": change.evidence.get("value", ""), **span}
        for change in changes
        if change.change == "edited"
        for span in change.evidence["spans"]
    ]
    if spans:
        old_id = example["id"]
        hides = any(change.change == "edited" and change.step in SENSITIVE for change in changes)
        example = marked(apply_spans(example, spans, told), spans, **_former(old_id, hides, key))
    for change in changes:
        if change.change == "tagged":
            own = [tag for tag in example["tags"] or [] if not tag.startswith("cluster:")]
            example["tags"] = [*own, *change.evidence["tags"]]
        elif change.change == "weighted":
            own_weight = 1.0 if example["weight"] is None else float(example["weight"])
            example["weight"] = own_weight * float(change.evidence["weight"])
    return example


def marked(example: Example, spans: Sequence[Span], **own: str) -> Example:
    """Give a row that was edited its new id, and tell in its ``meta`` the marks of pseudonyms and ``own``.

    An ``edited_from`` of an earlier edit goes. A ``meta`` that is no JSON object, or that Python
    cannot read, stays as it stands.
    """
    marks = {mark for span in spans for mark in span.get("marks", ())}
    told = own | ({MARKS: sorted(marks | marks_of(example))} if marks else {})
    meta = _object(example.get("meta") or "{}")
    former = is_former_id(meta.get(FORMER_ID)) if meta is not None else False
    if meta is not None and (told or former):
        kept = {key: value for key, value in meta.items() if not (former and key == FORMER_ID)}
        example["meta"] = json.dumps(kept | told, ensure_ascii=False, sort_keys=True)
    example["id"] = content_id(example)
    return example


def hidden_id(identity: str, key: ValueKey) -> str:
    """What names the former id of a row to whoever has the key, and to nobody else; 24 hex digits."""
    return key.digest(f"row\0{identity}")[:24]


def former_id(meta: str) -> str | None:
    """What ``meta`` has as ``edited_from``: an id, or what `hidden_id` makes of one; None without it."""
    found = (_object(meta) or {}).get(FORMER_ID)
    return str(found) if is_former_id(found) else None


def _former(identity: str, hides: bool, key: Keyed | None) -> dict[str, str]:
    if not hides:
        return {FORMER_ID: identity}
    return {} if key is None else {FORMER_ID: hidden_id(identity, key())}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # also a number of more than 4,300 digits
        return None
    return found if isinstance(found, dict) else None


def apply_spans(example: Example, spans: Sequence[Span], told: Told | None = None) -> Example:
    """Return a copy of an example with edits made from right to left.

    A span is ``{part, message, start, end, operator, replacement}`` in characters of that
    message's content. With ``field`` (``name``, ``tool_calls``) or in another part (``tools``,
    ``meta``, ``label``, ``group``, ``tags``) it is in characters of that text, or with ``path``
    of the leaf of JSON there as it is read; everything else of the JSON stays as it stands.
    Where two overlap, the one that begins first is made whole and the other on what it leaves.
    ``told`` is called for each piece of text that is replaced.
    """
    copy: Example = json.loads(json.dumps(example))
    grouped: dict[Place, dict[tuple[str | int, ...], list[Span]]] = {}
    for span in spans:
        place = (span["part"], int(span.get("message", 0)), span.get("field", ""))
        grouped.setdefault(place, {}).setdefault(tuple(span.get("path", ())), []).append(span)
    for place, by_path in grouped.items():
        text = _text_at(copy, place)
        if text is not None:
            _put(copy, place, _edited_text(text, by_path, place, told))
    return copy


def _edited_text(
    text: str, by_path: dict[tuple[str | int, ...], list[Span]], place: Place, told: Told | None
) -> str:
    before, raw = text, _raw_spans(text, by_path)
    text = with_edits(text, [(span["start"], span["end"], span["replacement"]) for span in raw])
    repaired = any(span.get("operator") == "fix_encoding" for span in by_path.get((), ()))
    if repaired:
        from ftfy import fix_encoding

        text = fix_encoding(text)
    if told is not None and repaired:
        told(Replaced(*place, 0, len(text), before, "", ""))
    elif told is not None:
        for replaced in _told_of(before, raw, place):
            told(replaced)
    return text


def _told_of(before: str, raw: Sequence[Span], place: Place) -> Iterator[Replaced]:
    moved = 0
    for span in raw:
        start, original = span["start"] + moved, before[span["start"] : span["end"]]
        moved += len(span["replacement"]) - len(original)
        end = start + len(span["replacement"])
        yield Replaced(*place, start, end, original, str(span.get("entity", "")), str(span.get("value", "")))


def _raw_spans(text: str, by_path: dict[tuple[str | int, ...], list[Span]]) -> list[Span]:
    """The edits of one text in its own offsets, in order and without overlaps."""
    raw: list[Span] = []
    for path, group in by_path.items():
        for span in _disjoint([s for s in group if s.get("operator") != "fix_encoding"]):
            edit = (span["start"], span["end"], span["replacement"])
            try:
                [(start, end, new)] = raw_edits(text, path, [edit])
            except LookupError:  # an earlier step's edit has taken the leaf away
                continue
            raw.append({**span, "start": start, "end": end, "replacement": new})
    return _disjoint(raw, len(text))


def _text_at(example: Example, place: Place) -> str | None:
    part, index, field = place
    row: dict[str, Any] = example  # type: ignore[assignment]
    if part in MESSAGES:
        value = row[part][index].get(field or "content")
    elif part == "tags":
        value = row["tags"][index] if index < len(row["tags"] or []) else None
    else:
        value = row.get(part)
    return value if isinstance(value, str) else None


def _put(example: Example, place: Place, text: str) -> None:
    part, index, field = place
    row: dict[str, Any] = example  # type: ignore[assignment]
    if part in MESSAGES:
        row[part][index][field or "content"] = text
    elif part == "tags":
        row["tags"][index] = text
    else:
        row[part] = text


def _disjoint(spans: Sequence[Span], length: int | None = None) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s["start"], -s["end"])):
        start = max(span["start"], kept[-1]["end"]) if kept else span["start"]
        if start < span["end"] and (length is None or span["end"] <= length):
            kept.append({**span, "start": start})
    return kept
