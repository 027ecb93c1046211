"""Findings: what a step noticed about one row, with evidence and a proposal.

On disk a step's findings are one Parquet file, ``findings/<name>/<version>/<step>.parquet``,
replaced as a whole; ``propose.json`` beside them is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.examples import SOURCE, Example
from workbench.files import not_a_folder, storage_errors
from workbench.projects import Project
from workbench.versions import Dataset, reading

PROPOSALS = ("drop", "rewrite", "tag", "weight", "flag")
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("step", pa.string()),
        ("kind", pa.string()),
        ("example_id", pa.string()),
        ("source", SOURCE),
        ("score", pa.float64()),
        ("proposal", pa.string()),
        ("evidence", pa.string()),
    ]
)
WRITE_ROWS = 5000


@dataclass(frozen=True)
class Finding:
    """One thing noticed about one example.

    ``score`` is between 0 and 1, higher for surer. ``evidence`` is what a reviewer needs to
    judge it: partner ids, spans (character offsets in one message), measured numbers. It
    never holds the value of a personal datum or secret.
    """

    step: str
    kind: str
    example_id: str
    source: dict[str, Any]
    score: float
    proposal: str
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Stable over runs and versions: a hash of step, kind, example and spans."""
        spans = json.dumps(self.evidence.get("spans", []), sort_keys=True)
        key = "\0".join((self.step, self.kind, self.example_id, spans))
        return hashlib.sha256(key.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench findings``."""
        return {
            "id": self.id,
            "step": self.step,
            "kind": self.kind,
            "example_id": self.example_id,
            "source": self.source,
            "score": round(self.score, 6),
            "proposal": self.proposal,
            "evidence": self.evidence,
        }


def about(
    example: Example,
    step: str,
    kind: str,
    score: float,
    proposal: str,
    **evidence: Any,
) -> Finding:
    """Make a finding about an example that is at hand."""
    return Finding(step, kind, example["id"], dict(example["source"]), score, proposal, evidence)


def findings_folder(project: Project, dataset: Dataset) -> Path:
    """Where the findings of one version lie."""
    return project.folder("findings", dataset.name, f"v{dataset.version:04d}")


def write_findings(path: Path, findings: Iterable[Finding], fingerprint: str) -> int:
    """Stream findings into one Parquet file, atomically; return how many.

    ``fingerprint`` identifies the step's code and options and is kept in the file, so that
    an interrupted proposal run can skip the steps that are done.
    """
    not_a_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    schema = SCHEMA.with_metadata({"fingerprint": fingerprint})
    count = 0
    try:
        with storage_errors(path), pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for rows in _chunks(findings):
                writer.write_table(pa.Table.from_pylist(rows, schema))
                count += len(rows)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def fingerprint_of(path: Path) -> str | None:
    """The fingerprint of a findings file, or None when it is absent or damaged."""
    if not path.exists():
        return None
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError):
        return None
    return metadata.get(b"fingerprint", b"").decode() or None


def read_findings(
    project: Project,
    dataset: Dataset,
    *,
    step: str | None = None,
    kind: str | None = None,
    proposals: tuple[str, ...] | None = None,
) -> Iterator[Finding]:
    """Stream the findings of a version, one step's or one kind's if named."""
    folder = findings_folder(project, dataset)
    for path in sorted(folder.glob("*.parquet")):
        if step is not None and path.stem != step:
            continue
        with reading(path), pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(batch_size=WRITE_ROWS):
                for row in batch.to_pylist():
                    if kind is not None and row["kind"] != kind:
                        continue
                    if proposals is not None and row["proposal"] not in proposals:
                        continue
                    yield _finding(row)


def finding_counts(project: Project, dataset: Dataset) -> list[dict[str, Any]]:
    """Count findings by step, kind and proposal: ``[{step, kind, proposal, findings}]``."""
    counts: dict[tuple[str, str, str], int] = {}
    for path in sorted(findings_folder(project, dataset).glob("*.parquet")):
        with reading(path):
            table = pq.read_table(path, columns=["step", "kind", "proposal", "id"])
        grouped = table.group_by(["step", "kind", "proposal"]).aggregate([("id", "count")])
        for row in grouped.to_pylist():
            counts[row["step"], row["kind"], row["proposal"]] = row["id_count"]
    return [
        {"step": step, "kind": kind, "proposal": proposal, "findings": count}
        for (step, kind, proposal), count in sorted(counts.items())
    ]


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(
        row["step"],
        row["kind"],
        row["example_id"],
        row["source"],
        row["score"],
        row["proposal"],
        json.loads(row["evidence"]),
    )


def _chunks(findings: Iterable[Finding]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for finding in findings:
        row = finding.as_dict()
        row["evidence"] = json.dumps(row["evidence"], ensure_ascii=False)
        rows.append(row)
        if len(rows) >= WRITE_ROWS:
            yield rows
            rows = []
    if rows:
        yield rows
