"""What the Review page shows: findings with their state, evidence, and what publishing would do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.comparing import rows_by_id
from workbench.decisions import decisions_path
from workbench.examples import Example
from workbench.finding_filter import FindingFilter
from workbench.finding_queries import count_by, page
from workbench.findings import SCHEMA, Finding, finding_of, findings_folder, read_findings
from workbench.plans import make_plan, overruled, plan_counts
from workbench.projects import Project
from workbench.sql import rows
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

SENSITIVE_STEPS = ("personal_data", "secrets")
TO_REVIEW = ("drop", "rewrite", "flag", "weight")
DECIDED = {"accepted": "accepted", "overruled": "overruled", "row kept": "overruled"}


@dataclass(frozen=True)
class ReviewRow:
    """One finding in the review list, with what has been decided about it."""

    id: str
    step: str
    kind: str
    example_id: str
    file: str
    line: int
    score: float
    proposal: str
    state: str


@dataclass(frozen=True)
class Reasons:
    """How many findings there are, by step, kind, proposal and state."""

    counts: tuple[dict[str, Any], ...]

    def total(self, **wanted: Sequence[str]) -> int:
        """Findings whose columns have one of the wanted values."""
        return sum(row["findings"] for row in self._having(wanted))

    def values(self, column: str, **wanted: Sequence[str]) -> list[str]:
        """The values of a column among the findings that have the wanted ones."""
        return sorted({row[column] for row in self._having(wanted)})

    def table(self) -> list[dict[str, Any]]:
        """A line for each reason: how many, and how many still wait."""
        grouped: dict[tuple[str, str, str], Counter[str]] = {}
        for row in self.counts:
            key = (row["step"], row["kind"], row["proposal"])
            counted = grouped.setdefault(key, Counter())
            counted["findings"] += row["findings"]
            counted[DECIDED.get(row["state"], row["state"])] += row["findings"]
        names = ("findings", "waiting", "accepted", "overruled")
        return [
            {"step": spaced(step), "kind": spaced(kind), "proposal": proposal}
            | {name: counted[name] for name in names}
            for (step, kind, proposal), counted in sorted(grouped.items())
        ]

    def _having(self, wanted: dict[str, Sequence[str]]) -> list[dict[str, Any]]:
        given = {column: values for column, values in wanted.items() if values}
        return [row for row in self.counts if all(row[name] in values for name, values in given.items())]


def reasons(connection: Connection) -> Reasons:
    """Count all findings of a version by reason and state."""
    found = count_by(connection, FindingFilter(), ["step", "kind", "proposal", "state"])
    return Reasons(tuple(found))


def review_page(
    connection: Connection, chosen: FindingFilter, *, order: str, number: int = 1, size: int = 50
) -> list[ReviewRow]:
    """One page of the findings that fit, the first page being number 1."""
    found = page(connection, chosen, order=order, limit=size, offset=(number - 1) * size)
    return [
        ReviewRow(**{**row, "file": str(row["file"] or ""), "line": int(row["line"] or 0)}) for row in found
    ]


def open_finding(connection: Connection, row: ReviewRow) -> Finding | None:
    """The whole finding of a review row, evidence included."""
    columns = ", ".join(SCHEMA.names)
    query = f"SELECT {columns} FROM findings WHERE step = $step AND id = $id LIMIT 1"  # noqa: S608
    found = rows(connection, query, {"step": row.step, "id": row.id})
    return finding_of(found[0]) if found else None


def examples_of(connection: Connection, ids: Iterable[str]) -> dict[str, Example]:
    """Some rows of the version by id; ids that are not here are left out."""
    return rows_by_id(connection, "examples", list(ids))


def sensitive_spans(connection: Connection, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Spans of personal data and secrets by example id: what is masked wherever it is shown."""
    wanted = sorted(set(ids))
    spans: dict[str, list[dict[str, Any]]] = {identity: [] for identity in wanted}
    query = """SELECT example_id, evidence FROM findings
        WHERE step IN (SELECT unnest($steps)) AND example_id IN (SELECT unnest($ids))
        ORDER BY filename, file_row_number"""
    for row in rows(connection, query, {"steps": list(SENSITIVE_STEPS), "ids": wanted}):
        spans[row["example_id"]] += json.loads(row["evidence"]).get("spans", [])
    return spans


def evidence_facts(finding: Finding) -> list[tuple[str, str]]:
    """What the evidence says in words, ``(name, value)``; spans and ids are shown elsewhere."""
    facts = []
    for name, value in finding.evidence.items():
        if name == "spans":
            entities = Counter(str(span.get("entity") or span.get("operator") or "span") for span in value)
            facts.append(("found", ", ".join(f"{count} × {entity}" for entity, count in entities.items())))
        elif name == "keeper_source":
            facts.append(("the row that stays", f"{value['file']}, line {value['line']}"))
        elif name in ("keeper", "tags"):
            continue
        elif isinstance(value, (str, int, float)):
            facts.append((spaced(name), f"{value:.4g}" if isinstance(value, float) else str(value)))
    return facts


@dataclass(frozen=True)
class Plan:
    """What publishing would do now: rows by reason."""

    rows_in: int
    rows_out: int
    dropped: dict[str, int]
    edited: dict[str, int]
    other: dict[str, int]
    overruled: int


def publish_plan(connection: Connection, project: Project, dataset: Dataset) -> Plan:
    """Count what `workbench.publishing.publish` would change, by step and kind."""
    make_plan(connection, project, dataset)
    counts: dict[str, Counter[str]] = {"dropped": Counter(), "edited": Counter(), "other": Counter()}
    for row in plan_counts(connection):
        group = row["change"] if row["change"] in counts else "other"
        counts[group][_reason(row["step"], row["kind"])] += row["rows"]
    return Plan(
        dataset.rows,
        dataset.rows - counts["dropped"].total(),
        dropped=dict(counts["dropped"].most_common()),
        edited=dict(counts["edited"].most_common()),
        other=dict(counts["other"].most_common()),
        overruled=overruled(connection),
    )


def stamp(project: Project, dataset: Dataset) -> tuple[object, ...]:
    """Changes whenever the findings of a version or the decisions do."""
    files = (findings_folder(project, dataset) / "propose.json", decisions_path(project))
    stats = [path.stat() if path.exists() else None for path in files]
    return dataset.ref, *((stat.st_mtime_ns, stat.st_size) if stat else None for stat in stats)


def cluster_counts(project: Project, dataset: Dataset) -> dict[str, int]:
    """Rows by cluster: from the version's findings, else from the tags it was published with."""
    found = Counter(str(f.evidence["cluster"]) for f in read_findings(project, dataset, step="clusters"))
    if not found:
        tags = dataset.table(["tags"])["tags"].to_pylist()
        found = Counter(
            tag.removeprefix("cluster:") for row in tags for tag in row or [] if tag.startswith("cluster:")
        )
    return dict(found.most_common())


def spaced(name: str) -> str:
    """A step's or kind's name as people read it."""
    return name.replace("_", " ")


def _reason(step: str, kind: str) -> str:
    return "a person's decision" if step == "decision" else f"{spaced(step)} · {spaced(kind)}"
