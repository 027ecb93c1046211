"""Reveals: raw values shown to a person who asked, each with a line that says so.

The line is on disk before the value leaves: ``reveals.jsonl`` in the project, append-only, with
who, when, why, the finding and the value's keyed hash, never the value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from workbench.comparing import rows_by_id
from workbench.decisions import current_user, timestamp
from workbench.errors import InputError, NotFoundError
from workbench.files import append_lines
from workbench.finding_queries import listed
from workbench.journals import read_journal
from workbench.projects import Project
from workbench.reviewing import SENSITIVE_STEPS
from workbench.sql import rows
from workbench.value_texts import value_at
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

MOST = 1000
"""Findings revealed at once; more is no looking."""


class Reveal(BaseModel):
    """One line: ``who`` has seen the value of ``finding`` in ``dataset``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    finding: str
    dataset: str
    entity: str = ""
    value: str = ""
    who: str
    why: str = ""
    when: str


def reveal(
    project: Project, dataset: Dataset, findings: Sequence[str], *, who: str | None = None, why: str = ""
) -> dict[str, tuple[str, ...]]:
    """The raw values of some findings by id, each value once, after the look has been recorded.

    Raises `NotFoundError` for a finding that is not about personal data or a secret of this
    version, and `InputError` for more than `MOST`.
    """
    ids = list(dict.fromkeys(findings))
    with listed(project, dataset) as connection:
        found = _sensitive(connection, "id", ids)
        if missing := set(ids) - {row["id"] for row in found}:
            raise NotFoundError(
                f"{len(missing)} of the findings hide no value",
                where=dataset.ref,
                remedy="see `workbench values list`",
            )
        _record(project, dataset, found, who, why)
        examples = rows_by_id(connection, "examples", [row["example_id"] for row in found])
    values: dict[str, list[str]] = {identity: [] for identity in ids}
    for row in found:
        example = examples.get(row["example_id"])
        texts = [value_at(example, span) for span in row["spans"]] if example else []
        values[row["id"]] += [text for text in texts if text is not None]
    return {identity: tuple(dict.fromkeys(texts)) for identity, texts in values.items()}


def record_rows(
    project: Project,
    dataset: Dataset,
    connection: Connection,
    examples: Sequence[str],
    *,
    who: str | None = None,
    why: str = "",
) -> int:
    """Record that somebody sees all values of some rows, and return how many findings that is."""
    found = _sensitive(connection, "example_id", examples)
    _record(project, dataset, found, who, why)
    return len(found)


def read_reveals(project: Project) -> list[Reveal]:
    """Every look at a raw value, oldest first. Raises `InputError` when the file is damaged."""
    return read_journal(reveals_path(project), Reveal)


def reveals_path(project: Project) -> Path:
    """Where looks are recorded."""
    return project.folder("reveals.jsonl")


def _record(
    project: Project, dataset: Dataset, found: list[dict[str, Any]], who: str | None, why: str
) -> None:
    by, now = who or current_user(), timestamp()
    lines = [
        Reveal(
            finding=row["id"],
            dataset=dataset.ref,
            entity=row["entity"],
            value=row["value"],
            who=by,
            why=why,
            when=now,
        )
        for row in found
    ]
    append_lines(reveals_path(project), [line.model_dump() for line in lines])


def _sensitive(connection: Connection, column: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    if len(ids) > MOST:
        raise InputError(f"more than {MOST} at once", remedy="reveal what you are looking at")
    query = f"""SELECT id, example_id, evidence FROM findings WHERE step IN (SELECT unnest($steps))
        AND {column} IN (SELECT unnest($ids)) ORDER BY filename, file_row_number"""  # noqa: S608
    found = []
    for row in rows(connection, query, {"steps": list(SENSITIVE_STEPS), "ids": list(ids)}):
        evidence = json.loads(row["evidence"])
        facts = {name: str(evidence.get(name) or "") for name in ("entity", "value")}
        found.append({**row, **facts, "spans": evidence.get("spans") or []})
    return found
