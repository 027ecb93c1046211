"""Values as a reviewer sees them: masked, with the words around them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.comparing import rows_by_id
from workbench.errors import InputError
from workbench.finding_filter import FindingFilter
from workbench.finding_queries import page
from workbench.markup import marked_html, printable
from workbench.projects import Project
from workbench.reveals import reveal
from workbench.reviewing import SENSITIVE_STEPS, sensitive_spans
from workbench.scrubbing.masking import MASK
from workbench.sql import rows
from workbench.value_groups import ValueGroup
from workbench.value_masks import HIDDEN, masked
from workbench.value_texts import Context, context, value_at
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

MOST = 50


@dataclass(frozen=True)
class Snippet:
    """One place of a value: the words around it, and whether the marks in them may be shown."""

    finding: str
    example_id: str
    file: str
    line: int
    part: str
    state: str
    around: Context
    revealed: bool

    def text(self) -> str:
        """The words on one line, with masked spans as ``▒▒▒``."""
        return shown_text(self.around, revealed=self.revealed)

    def html(self) -> str:
        """The words as HTML that cannot do anything, the value highlighted."""
        return shown_html(self.around, revealed=self.revealed)


def shown_text(around: Context, *, revealed: bool) -> str:
    """A piece of a text on one line; ``revealed`` shows the span that was asked about, never others."""
    pieces, position = [], 0
    for span in _in_order(around):
        start, end = max(int(span["start"]), position), int(span["end"])
        shown = around.text[start:end] if revealed and span.get("asked") else 3 * MASK
        pieces += [around.text[position:start], shown] if start < end else []
        position = max(position, end)
    return " ".join(printable("".join([*pieces, around.text[position:]])).split())


def shown_html(around: Context, *, revealed: bool) -> str:
    """The same as HTML: marks highlighted, all but the one that was asked about masked."""
    asked = next((span for span in around.spans if span.get("asked")), None)
    if asked is None or not revealed:
        return marked_html(around.text, around.spans, reveal=False)
    start, end = int(asked["start"]), int(asked["end"])
    before, after = (
        [span for span in _in_order(around) if not span.get("asked") and (span["start"] < start) is first]
        for first in (True, False)
    )
    moved = [
        span | {"start": max(0, span["start"] - end), "end": span["end"] - end}
        for span in after
        if span["end"] > end
    ]
    return (
        marked_html(around.text[:start], before, reveal=False)
        + marked_html(around.text[start:end], [asked | {"start": 0, "end": end - start}], reveal=True)
        + marked_html(around.text[end:], moved, reveal=False)
    )


def masked_values(connection: Connection, groups: Sequence[ValueGroup]) -> list[str]:
    """The masked form of each value, read from the finding that the group names."""
    evidence = _spans(connection, [group.finding for group in groups])
    examples = rows_by_id(connection, "examples", [group.example_id for group in groups])
    found = []
    for group in groups:
        example, spans = examples.get(group.example_id), evidence.get(group.finding) or [{}]
        value = value_at(example, spans[0]) if example and spans[0] else None
        found.append(HIDDEN if value is None else masked(value, group.entity))
    return found


def snippets(
    project: Project,
    dataset: Dataset,
    connection: Connection,
    group: ValueGroup,
    *,
    limit: int = 5,
    show: bool = False,
    who: str | None = None,
    why: str = "",
) -> list[Snippet]:
    """Some places of a value, least sure first; with ``show`` its text, once that is recorded.

    Other personal data around it stay masked either way. Raises `InputError` for more than `MOST`.
    """
    if not 1 <= limit <= MOST:
        raise InputError("so many places cannot be shown", remedy=f"give 1 to {MOST}")
    chosen = FindingFilter(step=SENSITIVE_STEPS, value=(group.value,), entity=(group.entity,))
    found = page(connection, chosen, limit=limit)
    ids = [row["id"] for row in found]
    if show:
        reveal(project, dataset, ids, who=who, why=why)
    evidence = _spans(connection, ids)
    examples = rows_by_id(connection, "examples", [row["example_id"] for row in found])
    others = sensitive_spans(connection, examples)
    seen = []
    for row in found:
        example = examples.get(row["example_id"])
        spans = evidence.get(row["id"]) or []
        if example is None or not spans:
            continue
        around = context(example, spans[0], others[row["example_id"]])
        if around is not None:
            file, line = str(row["file"] or ""), int(row["line"] or 0)
            part, identity = str(spans[0]["part"]), row["example_id"]
            seen.append(Snippet(row["id"], identity, file, line, part, row["state"], around, show))
    return seen


def _spans(connection: Connection, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    query = """SELECT id, evidence FROM findings WHERE step IN (SELECT unnest($steps))
        AND id IN (SELECT unnest($ids))"""
    found = rows(connection, query, {"steps": list(SENSITIVE_STEPS), "ids": list(ids)})
    return {row["id"]: json.loads(row["evidence"]).get("spans") or [] for row in found}


def _in_order(around: Context) -> list[dict[str, Any]]:
    return sorted(around.spans, key=lambda span: int(span["start"]))
