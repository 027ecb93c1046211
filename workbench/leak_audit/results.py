"""What an audit found, as it is kept: keyed hashes and places, never a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench.files import read_json, write_json
from workbench.projects import Project
from workbench.versions import Dataset

Verdict = Literal["clean", "leaks", "not complete"]
SHOWN = 500


@dataclass(frozen=True)
class Audit:
    """The result of one audit; ``reasons`` says in words why the verdict is what it is.

    ``values``: how many were searched for, how many left out and why. ``leaks`` and ``residual``
    hold a total, counts by place and entity, and up to 500 locations; a residual candidate that
    is ``sure`` counts as a leak in the verdict. ``searched`` counts files, characters and texts
    by place; ``not_searched`` what holds rows as they were by design; ``not_read`` what could
    not be read.
    """

    dataset: str
    content_hash: str
    verdict: Verdict
    reasons: list[str]
    values: dict[str, Any]
    leaks: dict[str, Any]
    residual: dict[str, Any]
    searched: dict[str, dict[str, int]]
    not_searched: dict[str, int]
    not_read: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench audit``, and the file that is kept."""
        return asdict(self)


@dataclass
class Tally:
    """Counts while an audit runs; locations beyond `SHOWN` are only counted."""

    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    values: set[str] = field(default_factory=set)
    locations: list[dict[str, Any]] = field(default_factory=list)

    def add(self, place: str, entity: str, value: str, location: dict[str, Any]) -> None:
        """Count one occurrence. ``value`` is a keyed hash."""
        self.counted[place, entity] += 1
        self.values.add(value)
        if len(self.locations) < SHOWN:
            self.locations.append({"place": place, "entity": entity, "value": value, **location})

    def as_dict(self) -> dict[str, Any]:
        """Totals, counts by place and entity, and the locations that are shown."""
        by_place: Counter[str] = Counter()
        by_entity: Counter[str] = Counter()
        for (place, entity), count in self.counted.items():
            by_place[place] += count
            by_entity[entity] += count
        return {
            "total": self.counted.total(),
            "values": len(self.values),
            "by_place": dict(sorted(by_place.items())),
            "by_entity": dict(sorted(by_entity.items())),
            "locations": self.locations,
        }


def audit_file(project: Project, dataset: Dataset) -> Path:
    """Where the audit of a version is kept."""
    return project.folder("audits", dataset.name, f"v{dataset.version:04d}.json")


def save_audit(project: Project, dataset: Dataset, found: Audit) -> Path:
    """Keep an audit in the project, in place of an earlier one of the same version."""
    path = audit_file(project, dataset)
    write_json(path, found.as_dict())
    return path


def load_audit(project: Project, dataset: Dataset) -> Audit | None:
    """The audit that was kept of a version, if it is of these very rows."""
    path = audit_file(project, dataset)
    if not path.exists():
        return None
    kept = Audit(**read_json(path))
    return kept if kept.content_hash == dataset.content_hash else None
