"""The evidence of a finding in full: what is too long, or too private, to lie in its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from workbench.comparing import rows_by_id
from workbench.differences import changed_spans, template_of
from workbench.errors import WorkbenchError
from workbench.examples import Example
from workbench.findings import Finding
from workbench.leakage.items import item_text
from workbench.projects import Project

if TYPE_CHECKING:
    from workbench.sql import Connection

AT_ONCE = 500


def with_differences(connection: Connection, found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Add ``evidence.differs`` to findings that name a row which stays.

    ``found`` is in the shape of the machine contract; the rows are fetched from the version
    that ``connection`` (not the one that ``found`` is read from) has open, some hundred at a time. Spans are those of
    `workbench.differences.changed_spans`: ``before`` in this row, ``after`` in the other.
    """
    waiting: list[dict[str, Any]] = []
    for row in found:
        waiting.append(row)
        if len(waiting) >= AT_ONCE:
            yield from _differing(connection, waiting)
            waiting = []
    yield from _differing(connection, waiting)


def full_evidence(
    project: Project, finding: Finding, example: Example, partner: Example | None
) -> tuple[str, str] | None:
    """A title and a text to show beside a finding: its template, or the evaluation item; or None.

    The text is as hostile as any data: escape it.
    """
    if finding.kind == "template" and partner is not None:
        return "The template", template_of(example, partner)
    task, item = finding.evidence.get("task"), finding.evidence.get("item")
    if isinstance(task, str) and isinstance(item, int):
        try:
            return f"Item {item} of {task}", item_text(project, task, item)
        except WorkbenchError as error:
            return f"Item {item} of {task}", error.what
    return None


def _differing(connection: Connection, found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    ids = {row["example_id"] for row in found} | {_keeper(row) for row in found}
    examples = rows_by_id(connection, "examples", sorted(ids - {""})) if ids - {""} else {}
    for row in found:
        own, keeper = examples.get(row["example_id"]), examples.get(_keeper(row))
        if own is not None and keeper is not None:
            row["evidence"]["differs"] = changed_spans(own, keeper)
        yield row


def _keeper(row: dict[str, Any]) -> str:
    return str(row["evidence"].get("keeper", ""))
