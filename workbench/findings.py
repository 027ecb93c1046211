"""Findings: what a step noticed about one row, with evidence and a proposal.

On disk a step's findings are one Parquet file, ``findings/<name>/<version>/<step>.parquet``,
replaced as a whole; ``propose.json`` beside them is written last. Questions about many
findings at once are `workbench.finding_queries`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.errors import InputError
from workbench.examples import SOURCE, Example
from workbench.files import DAMAGED, not_a_folder, read_json, storage_errors, temporary_name
from workbench.projects import Project
from workbench.versions import Dataset, reading

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
        return finding_id(self.step, self.kind, self.example_id, spans)

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


def finding_id(step: str, kind: str, example_id: str, spans: str = "[]") -> str:
    """The 16 hex digits that name a finding; ``spans`` is JSON with sorted keys."""
    key = "\0".join((step, kind, example_id, spans))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def findings_folder(project: Project, dataset: Dataset) -> Path:
    """Where the findings of one version lie."""
    return project.folder("findings", dataset.name, f"v{dataset.version:04d}")


def finding_files(project: Project, dataset: Dataset) -> list[Path]:
    """The findings files of a version, one a step, by name."""
    return sorted(findings_folder(project, dataset).glob("*.parquet"))


def proposed_recipe(project: Project, dataset: Dataset) -> dict[str, Any]:
    """The recipe that has run to its end over a version: ``{name, steps, …}``.

    Raises `InputError` when none has, or when a step's findings are gone since: what is not
    there must not pass for nothing found.
    """
    summary = findings_folder(project, dataset) / "propose.json"
    if not summary.exists():
        raise InputError(
            f"there are no findings for {dataset.ref}",
            remedy=f"run `workbench propose {dataset.ref}` first",
        )
    recipe = read_json(summary).get("recipe")
    if not isinstance(recipe, dict) or not _has_steps(recipe):
        raise InputError("the summary of the findings is damaged", where=str(summary), remedy=DAMAGED)
    for name in proposed_steps(recipe):
        path = summary.with_name(f"{name}.parquet")
        if fingerprint_of(path) is None:
            raise InputError(
                f"the findings of {name} are damaged or missing",
                where=str(path),
                remedy=f"run `workbench propose {dataset.ref}` again",
            )
    return recipe


def proposed_steps(recipe: dict[str, Any]) -> list[str]:
    """The names of the steps of a recipe as `proposed_recipe` gives it, in order."""
    return [str(next(iter(step))) for step in recipe["steps"]]


def write_findings(
    path: Path, findings: Iterable[Finding | pa.Table | pa.RecordBatch], fingerprint: str
) -> int:
    """Stream findings into one Parquet file, atomically; return how many.

    Items are findings, or Arrow tables or batches with the columns of `SCHEMA`; a table may
    leave out ``id``, which is then worked out here. How the items are cut does not change
    the file's bytes. ``fingerprint`` identifies the step's code and options and is kept in
    the file, so that an interrupted proposal run can skip the steps that are done.
    """
    not_a_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    schema = SCHEMA.with_metadata({"fingerprint": fingerprint})
    count = 0
    try:
        with storage_errors(path), pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for table in _evenly(_tables(findings)):
                writer.write_table(table.replace_schema_metadata(schema.metadata))
                count += table.num_rows
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
    for path in finding_files(project, dataset):
        if step is not None and path.stem != step:
            continue
        with reading(path), pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(batch_size=WRITE_ROWS):
                for row in batch.to_pylist():
                    if kind is not None and row["kind"] != kind:
                        continue
                    if proposals is not None and row["proposal"] not in proposals:
                        continue
                    yield finding_of(row)


def finding_counts(project: Project, dataset: Dataset) -> list[dict[str, Any]]:
    """Count findings by step, kind and proposal: ``[{step, kind, proposal, findings}]``."""
    names = ["step", "kind", "proposal"]
    counts: dict[tuple[str, str, str], int] = {}
    for path in finding_files(project, dataset):
        with reading(path):
            table = pq.read_table(path, columns=names, read_dictionary=names)
        for row in table.group_by(names).aggregate([([], "count_all")]).to_pylist():
            counts[row["step"], row["kind"], row["proposal"]] = row["count_all"]
    return [
        {"step": step, "kind": kind, "proposal": proposal, "findings": count}
        for (step, kind, proposal), count in sorted(counts.items())
    ]


def finding_of(row: dict[str, Any]) -> Finding:
    """Make a finding of a row of `SCHEMA`."""
    return Finding(
        row["step"],
        row["kind"],
        row["example_id"],
        row["source"],
        row["score"],
        row["proposal"],
        json.loads(row["evidence"]),
    )


def _has_steps(recipe: dict[str, Any]) -> bool:
    steps = recipe.get("steps")
    return isinstance(steps, list) and all(isinstance(step, dict) and len(step) == 1 for step in steps)


def _tables(items: Iterable[Finding | pa.Table | pa.RecordBatch]) -> Iterator[pa.Table]:
    rows: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item, Finding):
            rows.append({**item.as_dict(), "evidence": json.dumps(item.evidence, ensure_ascii=False)})
            if len(rows) < WRITE_ROWS:
                continue
        if rows:
            yield pa.Table.from_pylist(rows, SCHEMA)
            rows = []
        if not isinstance(item, Finding):
            yield _conformed(pa.Table.from_batches([item]) if isinstance(item, pa.RecordBatch) else item)
    if rows:
        yield pa.Table.from_pylist(rows, SCHEMA)


def _conformed(table: pa.Table) -> pa.Table:
    if "id" not in table.column_names:
        evidence: Sequence[str] = table["evidence"].to_pylist()
        steps, kinds, examples = (table[name].to_pylist() for name in ("step", "kind", "example_id"))
        keys = zip(steps, kinds, examples, map(_spans, evidence), strict=True)
        ids = [finding_id(*key) for key in keys]
        table = table.append_column("id", pa.array(ids, pa.string()))
    scores = pc.round(table["score"].cast(pa.float64()), ndigits=6)
    table = table.set_column(table.column_names.index("score"), "score", scores)
    return table.select(SCHEMA.names).cast(SCHEMA)


def _spans(evidence: str) -> str:
    # Most evidence has no spans, and parsing it a million times would cost minutes.
    found = json.loads(evidence).get("spans", []) if '"spans"' in evidence else []
    return json.dumps(found, sort_keys=True)


def _evenly(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Cut tables anew into pieces of `WRITE_ROWS` rows, so that the file depends on the rows only."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        if count >= WRITE_ROWS:
            whole = pa.concat_tables(held)
            full = count - count % WRITE_ROWS
            for start in range(0, full, WRITE_ROWS):
                yield whole.slice(start, WRITE_ROWS).combine_chunks()
            held, count = [whole.slice(full)], count - full
    if count:
        yield pa.concat_tables(held).combine_chunks()
