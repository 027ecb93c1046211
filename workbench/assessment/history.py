"""The way of a version from its import: what each version changed, by reason and by whom."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from workbench.assessment.counting import shown
from workbench.assessment.results import VersionStep
from workbench.errors import WorkbenchError
from workbench.projects import Project
from workbench.versions import Dataset, open_dataset, reading


def history(project: Project, dataset: Dataset) -> list[VersionStep]:
    """The versions from the import to this one, oldest first."""
    chain: list[VersionStep] = []
    current: str | None = dataset.ref
    while current:
        try:
            version = open_dataset(project, current)
        except WorkbenchError:
            chain.append(VersionStep(current, "missing", 0, "", []))
            break
        manifest = version.manifest
        verb = str(manifest["origin"]["verb"])
        chain.append(
            VersionStep(version.ref, verb, version.rows, str(manifest["created"]), changes(project, version))
        )
        current = manifest.get("parent")
    return list(reversed(chain))


def changes(project: Project, version: Dataset) -> list[dict[str, Any]]:
    """``[{change, reason, by, rows}]``: rejects of an import, and what a version changed, most first."""
    found = _rejected(project, version)
    path = version.path / "changes.parquet"
    if path.exists():
        with reading(path):
            table = pq.read_table(path, columns=["change", "step", "kind", "by", "id"])
        grouped = table.group_by(["change", "step", "kind", "by"]).aggregate([("id", "count_distinct")])
        found += [
            {
                "change": str(row["change"]),
                "reason": "a person's decision" if row["step"] == "decision" else _reason(row),
                "by": "the proposal" if row["by"] == "proposal" else shown(row["by"]),
                "rows": int(row["id_count_distinct"]),
            }
            for row in grouped.to_pylist()
        ]
    return sorted(found, key=lambda row: (-row["rows"], row["change"], row["reason"], row["by"]))


def _reason(row: dict[str, Any]) -> str:
    return f"{row['step']} · {row['kind']}".replace("_", " ")


def _rejected(project: Project, version: Dataset) -> list[dict[str, Any]]:
    path = project.folder("datasets", version.name, f"rejects-v{version.version:04d}.jsonl")
    if version.manifest["origin"]["verb"] != "import" or not path.exists():
        return []
    with path.open("rb") as file:
        lines = sum(1 for line in file if line.strip())
    return [{"change": "rejected", "reason": "could not be read", "by": "the import", "rows": lines}]
