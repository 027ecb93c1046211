"""What a change does to one row: edits of its text, tags, weight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from workbench.examples import Example, content_id
from workbench.plans import Change


def edited(example: Example, changes: Sequence[Change]) -> Example:
    """Apply edits, then tags and weights, in order; a row whose text changes gets its new id.

    The id that it had stays in ``meta`` as ``edited_from``.
    """
    spans = [span for change in changes if change.change == "edited" for span in change.evidence["spans"]]
    if spans:
        old_id = example["id"]
        example = apply_spans(example, spans)
        meta = json.loads(example["meta"] or "{}")
        meta["edited_from"] = old_id
        example["meta"] = json.dumps(meta, ensure_ascii=False, sort_keys=True)
        example["id"] = content_id(example)
    for change in changes:
        if change.change == "tagged":
            own = [tag for tag in example["tags"] or [] if not tag.startswith("cluster:")]
            example["tags"] = [*own, *change.evidence["tags"]]
        elif change.change == "weighted":
            own_weight = 1.0 if example["weight"] is None else float(example["weight"])
            example["weight"] = own_weight * float(change.evidence["weight"])
    return example


def apply_spans(example: Example, spans: list[dict[str, Any]]) -> Example:
    """Return a copy of an example with edits made from right to left.

    A span is ``{part, message, start, end, operator, replacement}``; where two overlap, the
    one that begins first is made whole and the other on what it leaves.
    """
    copy: Example = json.loads(json.dumps(example))
    grouped: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for span in spans:
        grouped.setdefault((span["part"], int(span["message"])), []).append(span)
    for (part, index), group in grouped.items():
        entry = copy[part][index]  # type: ignore[literal-required]
        text = entry["content"]
        repaired = [span for span in group if span.get("operator") == "fix_encoding"]
        for span in reversed(_disjoint([s for s in group if s not in repaired], len(text))):
            text = text[: span["start"]] + span["replacement"] + text[span["end"] :]
        if repaired:
            from ftfy import fix_encoding

            text = fix_encoding(text)
        entry["content"] = text
    return copy


def _disjoint(spans: list[dict[str, Any]], length: int) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for span in sorted(spans, key=lambda s: (s["start"], -s["end"])):
        start = max(span["start"], kept[-1]["end"]) if kept else span["start"]
        if start < span["end"] <= length:
            kept.append({**span, "start": start})
    return kept
