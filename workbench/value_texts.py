"""The text that a span of a finding points at, and its surroundings, read from the row itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from workbench.examples import Example, Message
from workbench.scrubbing.fields import fields_of

_PARTS = ("messages", "chosen", "rejected")
Place = tuple[str, int, str, tuple[Any, ...]]
"""Part, message, field (empty for a content) and path of the leaf of JSON."""


class Context(NamedTuple):
    """A piece of a text with the spans in it; offsets are those of the piece."""

    text: str
    spans: list[dict[str, Any]]


def place_of(span: dict[str, Any]) -> Place:
    """Where a span lies, without its offsets."""
    field = str(span.get("field") or "")
    return (
        str(span["part"]),
        int(span.get("message") or 0),
        "" if field == "content" else field,
        tuple(span.get("path") or ()),
    )


def text_at(example: Example, place: Place) -> str | None:
    """The text of a place of a row as spans count its characters; None when the row has none there."""
    part, number, field, path = place
    if part in _PARTS and not field and not path:
        messages = _messages(example, part)
        return messages[number]["content"] if 0 <= number < len(messages) else None
    for one in fields_of(example):
        named = one.field if one.field in ("name", "tool_calls") else ""
        if (one.part, one.message, named, tuple(one.path)) == place:
            return one.value
    return None


def value_at(example: Example, span: dict[str, Any]) -> str | None:
    """The characters of a span; None when the row no longer has them."""
    text = text_at(example, place_of(span))
    start, end = int(span["start"]), int(span["end"])
    return text[start:end] if text is not None and 0 <= start < end <= len(text) else None


def context(
    example: Example, span: dict[str, Any], others: Iterable[dict[str, Any]] = (), *, width: int = 90
) -> Context | None:
    """A span with ``width`` characters on either side, and the spans that lie there; None if gone.

    ``others`` are all spans of the row, so that the surroundings can be masked as well; ``span``
    itself comes first, with ``asked`` set.
    """
    place = place_of(span)
    text = text_at(example, place)
    if text is None or value_at(example, span) is None:
        return None
    near = [other for other in others if place_of(other) == place and _ends(other) != _ends(span)]
    return cut(text, int(span["start"]) - width, int(span["end"]) + width, [span | {"asked": True}, *near])


def cut(text: str, start: int, end: int, spans: Sequence[dict[str, Any]]) -> Context:
    """Characters ``start`` to ``end`` of a text, with ``…`` where it goes on, and its spans moved along."""
    start, end = max(0, start), min(len(text), end)
    head, tail = "… " if start else "", " …" if end < len(text) else ""
    moved = [
        span
        | {
            "start": max(span["start"], start) - start + len(head),
            "end": min(span["end"], end) - start + len(head),
        }
        for span in spans
        if span["start"] < end and span["end"] > start
    ]
    return Context(head + text[start:end] + tail, moved)


def _ends(span: dict[str, Any]) -> tuple[int, int]:
    return int(span["start"]), int(span["end"])


def _messages(example: Example, part: str) -> Sequence[Message]:
    if part == "messages":
        return example["messages"]
    return (example.get("chosen") if part == "chosen" else example.get("rejected")) or []
