"""Findings of the steps that look for values: one for each value of a row, one for what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.examples import Example
from workbench.findings import Finding, about
from workbench.personal_data.spans import Scan
from workbench.scrubbing.fields import Field
from workbench.scrubbing.proposing import ValueEdit

WRITTEN = frozenset({"operator", "replacement", "marks"})
"""What of a span says how it is written over."""


def value_finding(row: Example, step: str, kind: str, entity: str, edit: ValueEdit, *, flag: bool) -> Finding:
    """Propose an edit, or with ``flag`` only report its value.

    An edit with a reason would break the row: its finding is a flag that says why, and its spans
    say where alone, so that accepting the flag changes nothing.
    """
    evidence: dict[str, Any] = {"entity": entity, "value": edit.value}
    if edit.reason:
        evidence["reason"] = edit.reason
        spans = [{k: v for k, v in span.items() if k not in WRITTEN} for span in edit.spans]
    else:
        evidence["operator"] = edit.operator
        spans = list(edit.spans)
    proposal = "flag" if flag or edit.reason else "rewrite"
    return about(row, step, kind, edit.score, proposal, **evidence, spans=spans)


def not_scanned(row: Example, step: str, fields: Sequence[Field], scans: Sequence[Scan]) -> Finding | None:
    """Flag a row of which some text was not wholly read; None when all was."""
    unread = [
        (field, scan.not_scanned) for field, scan in zip(fields, scans, strict=True) if scan.not_scanned
    ]
    if not unread:
        return None
    places = [{"part": field.part, "message": field.message, "field": field.field} for field, _ in unread]
    reason = "; ".join(sorted({reason for _, reason in unread}))
    return about(row, step, "not_scanned", 1.0, "flag", reason=reason, places=places)
