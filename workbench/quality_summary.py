"""Which sources are faulty: rows with quality and language findings, by source file or label.

Counted in DuckDB from the version's rows and findings, so no text is read and nothing is held
but ids; shares have Wilson intervals (Wilson 1927), because a small source tells little.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from workbench.errors import InputError
from workbench.examples import SOURCE
from workbench.findings import SCHEMA, finding_files
from workbench.paired import wilson
from workbench.projects import Project
from workbench.sql import connected, parquet_view, rows
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

STEPS = ("quality", "language")
MOST_GROUPS = 200
_GROUPS = {"file": "coalesce(source.file, '')", "label": "coalesce(label, '')"}
_ROWS = pa.schema([("id", pa.string()), ("source", SOURCE), ("label", pa.string())])


@dataclass(frozen=True)
class FaultRate:
    """How many rows of a group have one kind of finding, as a share with its 95 % interval."""

    step: str
    kind: str
    rows: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupFaults:
    """One source file or label: its rows, those with any finding, and every kind, most common first."""

    name: str
    rows: int
    faulty: int
    share: float
    low: float
    high: float
    kinds: tuple[FaultRate, ...]


@dataclass(frozen=True)
class QualitySummary:
    """The groups of a version, largest first; ``left_out`` counts groups beyond `MOST_GROUPS`."""

    dataset: str
    by: str
    steps: tuple[str, ...]
    groups: tuple[GroupFaults, ...]
    left_out: int

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and reports."""
        return asdict(self)


def quality_summary(
    project: Project, dataset: Dataset, *, by: Literal["file", "label"] = "file"
) -> QualitySummary:
    """Count the rows with quality and language findings by source file or by label.

    ``steps`` names those of the two that were proposed. Raises `InputError` when neither was.
    """
    files = [path for path in finding_files(project, dataset) if path.stem in STEPS]
    if not files:
        raise InputError(
            f"there are no quality findings for {dataset.ref}",
            remedy=f"run `workbench propose {dataset.ref}` with a recipe that has the step quality",
        )
    with connected(project) as connection:
        parquet_view(connection, "examples", dataset.files(), _ROWS)
        parquet_view(connection, "findings", files, SCHEMA)
        # The group's expression is one of ours, never text that a person typed.
        connection.execute(
            f"CREATE TEMP VIEW placed AS SELECT id, {_GROUPS[by]} AS name FROM examples"  # noqa: S608
        )
        groups, left_out = _groups(connection)
    return QualitySummary(dataset.ref, by, tuple(path.stem for path in files), groups, left_out)


def _groups(connection: Connection) -> tuple[tuple[GroupFaults, ...], int]:
    sizes = rows(connection, "SELECT name, count(*) AS n FROM placed GROUP BY name ORDER BY n DESC, name")
    shown = {row["name"]: int(row["n"]) for row in sizes[:MOST_GROUPS]}
    faulty = {
        row["name"]: int(row["n"])
        for row in rows(
            connection,
            "SELECT name, count(*) AS n FROM placed SEMI JOIN findings ON placed.id = example_id GROUP BY name",
        )
    }
    kinds: dict[str, list[FaultRate]] = {name: [] for name in shown}
    for row in rows(
        connection,
        "SELECT name, step, kind, count(DISTINCT example_id) AS n FROM findings"
        " JOIN placed ON placed.id = example_id GROUP BY ALL ORDER BY n DESC, step, kind",
    ):
        if row["name"] in shown:
            rate = wilson(int(row["n"]), shown[row["name"]])
            kinds[row["name"]].append(FaultRate(row["step"], row["kind"], int(row["n"]), *rate))
    groups = (
        GroupFaults(name, size, faulty.get(name, 0), *wilson(faulty.get(name, 0), size), tuple(kinds[name]))
        for name, size in shown.items()
    )
    return tuple(groups), max(0, len(sizes) - MOST_GROUPS)
