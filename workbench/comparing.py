"""Diff: what is in one version and not in another, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow.parquet as pq

from workbench.projects import Project
from workbench.versions import Dataset, open_dataset


@dataclass(frozen=True)
class Diff:
    """Counts, and up to 20 ids for each reason."""

    old: str
    new: str
    same: int
    removed: int
    added: int
    reasons: dict[str, int]
    samples: dict[str, list[str]]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def diff(project: Project, old: Dataset, new: Dataset) -> Diff:
    """Compare the ids of two versions.

    Reasons come from the ``changes.parquet`` of every version on the way from ``old`` to
    ``new``; a row that went without such a record counts as ``not recorded``.
    """
    before = set(old.table(["id"])["id"].to_pylist())
    after = set(new.table(["id"])["id"].to_pylist())
    recorded: dict[str, str] = {}
    for change in changes_between(project, old, new):
        if change["change"] in ("dropped", "edited"):
            recorded.setdefault(change["id"], f"{change['change']}: {change['step']}.{change['kind']}")
    reasons: Counter[str] = Counter()
    samples: dict[str, list[str]] = {}
    for identity in sorted(before - after):
        reason = recorded.get(identity, "not recorded")
        reasons[reason] += 1
        if len(samples.setdefault(reason, [])) < 20:
            samples[reason].append(identity)
    return Diff(
        old.ref,
        new.ref,
        len(before & after),
        len(before - after),
        len(after - before),
        dict(reasons.most_common()),
        samples,
    )


def changes_between(project: Project, old: Dataset, new: Dataset) -> list[dict[str, Any]]:
    """The recorded changes of the versions after ``old``, up to and with ``new``, in order."""
    chain: list[Dataset] = []
    current: Dataset | None = new
    while current is not None and current.ref != old.ref:
        chain.append(current)
        parent = current.manifest.get("parent")
        current = open_dataset(project, parent) if parent else None
    rows: list[dict[str, Any]] = []
    for version in reversed(chain):
        path = version.path / "changes.parquet"
        if path.exists():
            rows += pq.read_table(path).to_pylist()
    return rows
