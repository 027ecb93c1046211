"""What the Review page lists: findings with their decisions, evidence, and what publishing would do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from workbench.decisions import Standing, standing
from workbench.findings import Finding, findings_folder, read_findings
from workbench.projects import Project
from workbench.publishing import Change, outcome
from workbench.versions import Dataset

SENSITIVE_STEPS = ("personal_data", "secrets")


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


STATES = ("waiting", "accepted", "overruled", "row kept", "row dropped")


def review_rows(project: Project, dataset: Dataset, proposals: Sequence[str] = ()) -> list[ReviewRow]:
    """The findings of a version (of these proposals, if given), least sure first."""
    force = standing(project)
    rows = []
    columns = ["id", "step", "kind", "example_id", "source", "score", "proposal"]
    for path in sorted(findings_folder(project, dataset).glob("*.parquet")):
        for row in pq.read_table(path, columns=columns).to_pylist():
            if proposals and row["proposal"] not in proposals:
                continue
            source = row.pop("source") or {}
            rows.append(
                ReviewRow(
                    **row,
                    file=str(source.get("file") or ""),
                    line=int(source.get("line") or 0),
                    state=_decided(force, row["id"], row["example_id"]),
                )
            )
    return sorted(rows, key=lambda row: (row.score, row.id))


def reason_table(rows: Sequence[ReviewRow]) -> list[dict[str, Any]]:
    """Findings by reason: how many, and how many still wait."""
    table: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        table.setdefault((row.step, row.kind, row.proposal), Counter())[row.state] += 1
    return [
        {
            "step": step.replace("_", " "),
            "kind": kind.replace("_", " "),
            "proposal": proposal,
            "findings": counts.total(),
            "waiting": counts["waiting"],
            "accepted": counts["accepted"],
            "overruled": counts["overruled"] + counts["row kept"],
        }
        for (step, kind, proposal), counts in sorted(table.items())
    ]


def open_finding(project: Project, dataset: Dataset, row: ReviewRow) -> Finding | None:
    """The whole finding of a review row, evidence included."""
    found = read_findings(project, dataset, step=row.step, kind=row.kind)
    return next((finding for finding in found if finding.id == row.id), None)


def sensitive_spans(
    project: Project, dataset: Dataset, ids: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """Spans of personal data and secrets by example id: what is masked wherever it is shown."""
    wanted = sorted(set(ids))
    spans: dict[str, list[dict[str, Any]]] = {identity: [] for identity in wanted}
    for step in SENSITIVE_STEPS:
        path = findings_folder(project, dataset) / f"{step}.parquet"
        if not path.exists():
            continue
        table = pq.read_table(
            path, columns=["example_id", "evidence"], filters=[("example_id", "in", wanted)]
        )
        for row in table.to_pylist():
            spans[row["example_id"]] += json.loads(row["evidence"])["spans"]
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
            facts.append((name.replace("_", " "), f"{value:.4g}" if isinstance(value, float) else str(value)))
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


def publish_plan(project: Project, dataset: Dataset) -> Plan:
    """Count what `workbench.publishing.publish` would change, by step and kind."""
    changes, overruled = outcome(project, dataset)
    by_person = [identity for identity, found in changes.items() if found[0].step == "decision"]
    here = dataset.lookup(by_person)
    counts: dict[str, Counter[str]] = {"dropped": Counter(), "edited": Counter(), "other": Counter()}
    for identity, found in changes.items():
        for change in found:
            if change.step != "decision" or identity in here:
                group = change.change if change.change in counts else "other"
                counts[group][_reason(change)] += 1
    lost = counts["dropped"].total()
    return Plan(
        dataset.rows,
        dataset.rows - lost,
        dropped=dict(counts["dropped"].most_common()),
        edited=dict(counts["edited"].most_common()),
        other=dict(counts["other"].most_common()),
        overruled=overruled,
    )


def cluster_counts(project: Project, dataset: Dataset) -> dict[str, int]:
    """Rows by cluster: from the version's findings, else from the tags it was published with."""
    found = Counter(str(f.evidence["cluster"]) for f in read_findings(project, dataset, step="clusters"))
    if not found:
        tags = dataset.table(["tags"])["tags"].to_pylist()
        found = Counter(
            tag.removeprefix("cluster:") for row in tags for tag in row or [] if tag.startswith("cluster:")
        )
    return dict(found.most_common())


def _reason(change: Change) -> str:
    step = "a person's decision" if change.step == "decision" else change.step.replace("_", " ")
    return step if change.step == "decision" else f"{step} · {change.kind.replace('_', ' ')}"


def _decided(force: Standing, finding_id: str, example_id: str) -> str:
    example = force.examples.get(example_id)
    if example is not None:
        return "row kept" if example.action == "keep" else "row dropped"
    decision = force.findings.get(finding_id)
    if decision is None:
        return "waiting"
    return "accepted" if decision.action == "accept" else "overruled"
