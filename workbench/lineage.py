"""Lineage: from an adapter back to the runs, settings, versions and files that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError, WorkbenchError
from workbench.files import read_json
from workbench.projects import Project
from workbench.runs import open_run
from workbench.versions import Dataset, open_dataset


def dataset_history(project: Project, ref: str) -> list[dict[str, Any]]:
    """Versions from the import to ``ref``, oldest first: ref, verb, rows, hash."""
    chain: list[dict[str, Any]] = []
    current: str | None = ref
    while current:
        try:
            dataset = open_dataset(project, current)
        except WorkbenchError:
            chain.append({"ref": current, "verb": "missing", "rows": 0, "content_hash": ""})
            break
        chain.append(_entry(dataset))
        current = dataset.manifest.get("parent")
    return list(reversed(chain))


def ancestors(project: Project, dataset: Dataset) -> list[Dataset]:
    """A version and those that its rows come from, newest first, as far as they are still there."""
    found: list[Dataset] = []
    current: Dataset | None = dataset
    while current is not None and current.ref not in [version.ref for version in found]:
        found.append(current)
        origin = current.manifest["origin"]
        # The rows of a restored version come from the old one, not from the one it replaces.
        parent = origin.get("from") if origin.get("verb") == "restore" else current.manifest.get("parent")
        try:
            current = open_dataset(project, parent) if parent else None
        except NotFoundError:
            current = None
    return found


def adapter_history(project: Project, adapter: Path) -> list[dict[str, Any]]:
    """Training manifests from the first adapter to this one; empty for a foreign adapter."""
    chain: list[dict[str, Any]] = []
    folder: Path | None = adapter
    while folder is not None:
        path = folder.parent / "manifest.json"
        if not path.exists():
            break
        manifest = read_json(path)
        chain.append(manifest)
        parent = manifest.get("parent_adapter")
        folder = None
        if parent:
            own = Path(parent)
            try:
                folder = own if own.is_dir() else open_run(project, parent).path / "adapter"
            except WorkbenchError:
                folder = None
    return list(reversed(chain))


def _entry(dataset: Dataset) -> dict[str, Any]:
    origin = dataset.manifest["origin"]
    return {
        "ref": dataset.ref,
        "verb": origin["verb"],
        "rows": dataset.rows,
        "content_hash": dataset.content_hash,
        "files": origin.get("files", []),
        "created": dataset.manifest["created"],
    }
