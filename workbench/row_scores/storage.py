"""Where scores lie: one Parquet file a score beside each version, put together from shards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import NotFoundError
from workbench.files import storage_errors, temporary_name
from workbench.projects import Project
from workbench.versions import Dataset, reading

SCORES: dict[str, str] = {"perplexity": "perplexity", "ifd": "ifd", "judge": "score"}
"""Every score, and the column that holds its value."""

_PROBLEM = [("problem", pa.string())]
SCHEMAS = {
    "perplexity": pa.schema(
        [
            ("id", pa.string()),
            ("tokens", pa.int64()),
            ("nll", pa.float64()),
            ("perplexity", pa.float64()),
            ("cut", pa.bool_()),
            *_PROBLEM,
        ]
    ),
    "ifd": pa.schema(
        [
            ("id", pa.string()),
            ("tokens", pa.int64()),
            ("nll_given", pa.float64()),
            ("nll_alone", pa.float64()),
            ("ifd", pa.float64()),
            ("cut", pa.bool_()),
            *_PROBLEM,
        ]
    ),
    "judge": pa.schema(
        [
            ("id", pa.string()),
            ("score", pa.int64()),
            ("reason", pa.string()),
            ("attempts", pa.int64()),
            *_PROBLEM,
        ]
    ),
}


def scores_path(project: Project, dataset: Dataset, score: str) -> Path:
    """The file of one score of one version."""
    return project.folder("scores", dataset.name, f"v{dataset.version:04d}", f"{score}.parquet")


def available_scores(project: Project, dataset: Dataset) -> list[str]:
    """The scores that this version has, whole and of exactly these rows."""
    return [score for score in SCORES if scores_made_by(project, dataset, score) is not None]


def scores_made_by(project: Project, dataset: Dataset, score: str) -> dict[str, str] | None:
    """What made a score (``model``, ``max_length`` or ``rubric_sha256``), or None without one."""
    path = scores_path(project, dataset, score)
    if not path.exists():
        return None
    with reading(path):
        found = pq.read_schema(path).metadata or {}
    made = {key.decode(): value.decode() for key, value in found.items() if key != b"ARROW:schema"}
    return made if made.get("content_hash") == dataset.content_hash else None


def read_scores(
    project: Project, dataset: Dataset, score: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """One score of every row, in the version's order; null where ``problem`` says why.

    Raises `NotFoundError` that names the command which computes it.
    """
    if scores_made_by(project, dataset, score) is None:
        raise NotFoundError(
            f"there is no score '{score}' of {dataset.ref}",
            remedy=f"compute it with `{score_command(dataset, score)}`",
        )
    path = scores_path(project, dataset, score)
    with reading(path):
        return pq.read_table(path, columns=list(columns) if columns else None)


def score_command(dataset: Dataset, score: str) -> str:
    """The command that computes a score, for messages."""
    if score == "judge":
        return f"workbench score {dataset.ref} --judge URL --judge-model MODEL --rubric FILE"
    return f"workbench score {dataset.ref} --base MODEL --what {score}"


def write_table(path: Path, rows: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Stream tables into one Parquet file that is whole or absent."""
    temporary = temporary_name(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
                for table in rows:
                    writer.write_table(table.select(schema.names).cast(schema))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def score_summary(project: Project, dataset: Dataset, score: str) -> dict[str, Any]:
    """Counts of rows with and without a value, and the value's percentiles."""
    import numpy as np
    import pyarrow.compute as pc

    table = read_scores(project, dataset, score, [SCORES[score], "problem"])
    values = table[SCORES[score]].drop_null().to_numpy()
    problems = {
        entry["values"]: entry["counts"]
        for entry in pc.value_counts(table["problem"].drop_null()).to_pylist()
    }
    shown = np.percentile(values, [5, 50, 95]).tolist() if len(values) else []
    return {
        "score": score,
        "rows": table.num_rows,
        "scored": len(values),
        "failed": table.num_rows - len(values),
        "problems": dict(sorted(problems.items())),
        "percentiles": {
            name: round(value, 6) for name, value in zip(("p5", "p50", "p95"), shown, strict=False)
        },
        "path": str(scores_path(project, dataset, score)),
    }
