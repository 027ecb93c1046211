"""A row as it is shown while its values are hidden: every span covered, in every place it can be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from workbench.editing import apply_spans
from workbench.examples import Example

MASK = "▒"


def masked_row(example: Example, spans: Sequence[dict[str, Any]]) -> Example:
    """A copy of a row with each character of its spans covered; every text keeps its length.

    In tool calls, tools and ``meta`` a covered number is no JSON any more: it is for looking at.
    """
    by_place: dict[str, list[dict[str, Any]]] = {}
    for span in sorted(spans, key=lambda span: (int(span["start"]), int(span["end"]))):
        place = {name: span.get(name) for name in ("part", "message", "field", "path")}
        merged = by_place.setdefault(json.dumps(place), [])
        if merged and int(span["start"]) <= merged[-1]["end"]:
            merged[-1]["end"] = max(merged[-1]["end"], int(span["end"]))
        else:
            merged.append({**span, "start": int(span["start"]), "end": int(span["end"])})
    covers = [
        {**span, "end": end, "operator": "mask", "replacement": MASK * (end - span["start"])}
        for merged in by_place.values()
        for span in merged
        if (end := _end(example, span)) > span["start"]
    ]
    return apply_spans(example, covers)


def _end(example: Example, span: dict[str, Any]) -> int:
    """Where a span ends, within its content."""
    if not in_content(span):
        return int(span["end"])
    row: dict[str, Any] = example  # type: ignore[assignment]
    return min(int(span["end"]), len(row[span["part"]][int(span["message"])]["content"]))


def in_content(span: dict[str, Any]) -> bool:
    """Whether a span counts characters of a message's content, and of nothing within it."""
    is_message = span.get("part") in ("messages", "chosen", "rejected")
    return is_message and span.get("field", "content") == "content" and not span.get("path")
