"""How many values of each kind were replaced or kept on the way to a version, for the data card."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import WorkbenchError
from workbench.finding_queries import listed
from workbench.leak_audit.replaced import STEPS, spans_of
from workbench.lineage import ancestors
from workbench.projects import Project
from workbench.publishing import CHANGES
from workbench.sql import parquet_view, stream
from workbench.versions import Dataset, open_dataset

QUERY = """SELECT findings.evidence, made.finding IS NULL AS kept FROM findings
    LEFT JOIN (SELECT DISTINCT finding FROM made WHERE change = 'edited') AS made ON made.finding = findings.id
    LEFT JOIN said_findings AS said ON said.id = findings.id
    WHERE findings.step IN ('personal_data', 'secrets')
        AND (made.finding IS NOT NULL OR (said.action = 'reject' AND findings.proposal = 'rewrite'))"""


@dataclass
class Counts:
    """Occurrences by entity and operator, those that people kept by entity, and what looked.

    ``parents`` are the versions whose findings were published; ``options`` are those of the
    steps, newest first. ``unknown`` counts published versions whose findings are gone.
    """

    replaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    not_scanned: int = 0
    parents: list[str] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    unknown: int = 0


def replaced_counts(project: Project, dataset: Dataset) -> Counts:
    """Count from the evidence of findings alone; no row is read."""
    found = Counts()
    for version in ancestors(project, dataset):
        origin, parent = version.manifest["origin"], version.manifest.get("parent")
        steps = _options(origin)
        if origin.get("verb") != "publish" or not parent or not steps:
            continue
        found.options.append(steps)
        try:
            before = open_dataset(project, parent)
            _count(project, before, version, found)
        except WorkbenchError:
            found.unknown += 1
        else:
            found.parents.append(before.ref)
    return found


def _options(origin: dict[str, Any]) -> dict[str, Any]:
    """The options of the steps that look for personal data and secrets, by step."""
    steps = (origin.get("recipe") or {}).get("steps") or []
    return {
        name: options or {}
        for step in steps
        if isinstance(step, dict)
        for name, options in step.items()
        if name in STEPS
    }


def _count(project: Project, before: Dataset, after: Dataset, found: Counts) -> None:
    with listed(project, before) as connection:
        changes = after.path / "changes.parquet"
        parquet_view(connection, "made", [changes] if changes.exists() else [], CHANGES)
        for batch in stream(connection, QUERY):
            for row in batch.to_pylist():
                for span in spans_of(json.loads(row["evidence"])):
                    if row["kept"]:
                        found.kept[span["entity"]] += 1
                    else:
                        found.replaced[span["entity"], str(span.get("operator", ""))] += 1
        for batch in stream(connection, "SELECT count(*) AS n FROM findings WHERE kind = 'not_scanned'"):
            found.not_scanned += sum(batch.column(0).to_pylist())
