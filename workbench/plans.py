"""The plan: what publishing would do to each row, worked out in SQL from findings and decisions.

Steps count in the order of the recipe and their findings in the order of the file. A row
that is to be dropped has that one change, the first proposal's; otherwise its edits, tags
and weights in order. A person's decision beats every proposal. A flag changes nothing, unless it
says what would stand in place of a value and a person accepts it: then it is an edit.

A duplicate is dropped in favour of its keeper, and that perhaps in favour of another: the
group is the tree under one first keeper. When a person drops the first keeper, or a proposal
to drop it for a fault of its own is in force, one duplicate stays in its place: of those with
no other drop in force and none that a person accepted the nearest to the keeper, and of these
the one found first. A surplus (`workbench.steps.balance`) is no fault: were a duplicate to take the place of one
of its rows, the cap would not hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.findings import proposed_recipe, proposed_steps
from workbench.projects import Project
from workbench.sql import arrow_table, one, rows, stream
from workbench.versions import Dataset, reading

if TYPE_CHECKING:
    from workbench.sql import Connection

WEIGHED = """
CREATE TEMP VIEW weighed AS SELECT
    (steps.place << 40) + f.file_row_number AS rank, f.id AS finding, f.step, f.kind, f.example_id,
    f.proposal, f.evidence, said.action AS said, said.who, said.why, row_said.action AS row_said
FROM findings AS f JOIN steps ON steps.step = f.step
LEFT JOIN said_findings AS said ON said.id = f.id
LEFT JOIN said_examples AS row_said ON row_said.id = f.example_id
"""
PROPOSED_DROPS = """
CREATE TEMP TABLE proposed_drops AS SELECT example_id, rank, step, said,
    CASE WHEN contains(evidence, '"keeper"') THEN json_extract_string(evidence, '$.keeper') END AS keeper
FROM weighed WHERE proposal = 'drop' AND said IS DISTINCT FROM 'reject' AND row_said IS NULL
"""
GONE = """
CREATE TEMP TABLE gone AS SELECT id FROM said_examples WHERE action = 'drop'
UNION SELECT example_id FROM proposed_drops WHERE keeper IS NULL AND step <> 'balance'
"""
PROMOTED = """
CREATE TEMP TABLE promoted AS WITH RECURSIVE duplicates AS (
    SELECT example_id, min(rank) AS rank, arg_min(keeper, rank) AS keeper
    FROM proposed_drops WHERE keeper IS NOT NULL GROUP BY example_id
), below(first, id, depth) AS (
    SELECT id, id, 0 FROM gone ANTI JOIN duplicates ON example_id = id
    UNION ALL
    SELECT first, example_id, depth + 1 FROM below JOIN duplicates ON keeper = below.id
), single AS (
    SELECT example_id FROM proposed_drops GROUP BY example_id
    HAVING count(*) = 1 AND bool_and(said IS DISTINCT FROM 'accept')
)
SELECT arg_min(duplicates.rank, (depth, duplicates.rank)) AS rank
FROM below JOIN duplicates ON example_id = below.id SEMI JOIN single USING (example_id) GROUP BY first
"""
CHANGES = """
CREATE TEMP TABLE changes AS
WITH drops AS (
    SELECT example_id, min(rank) AS rank FROM proposed_drops ANTI JOIN promoted USING (rank)
    GROUP BY example_id
), found AS (
    SELECT weighed.example_id, rank, 'dropped' AS change, step, kind, finding, said, who, why,
        NULL AS evidence
    FROM weighed SEMI JOIN drops USING (rank)
    UNION ALL
    SELECT id, 0, 'dropped', 'decision', 'person', '', action, who, why, NULL
    FROM said_examples WHERE action = 'drop'
    UNION ALL
    SELECT example_id, rank,
        CASE proposal WHEN 'tag' THEN 'tagged' WHEN 'weight' THEN 'weighted' ELSE 'edited' END,
        step, kind, finding, said, who, why, evidence
    FROM weighed ANTI JOIN drops USING (example_id)
    WHERE (proposal IN ('rewrite', 'tag', 'weight') AND said IS DISTINCT FROM 'reject'
        OR proposal = 'flag' AND said = 'accept' AND contains(evidence, '"replacement"'))
        AND row_said IS DISTINCT FROM 'drop'
)
SELECT files.start + e.file_row_number AS position, found.rank, e.id, change, step, kind, finding,
    CASE WHEN said IS NULL THEN 'proposal' ELSE who END AS "by", coalesce(why, '') AS why, evidence
FROM found JOIN (SELECT id, filename, file_row_number FROM examples) AS e ON e.id = found.example_id
JOIN files USING (filename)
"""


@dataclass(frozen=True)
class Change:
    """Why one row changes: the proposal in force, its finding, and who stands behind it.

    ``position`` is the row's number in the version, from 0; ``change`` is ``dropped``,
    ``edited``, ``tagged`` or ``weighted``. A drop carries no evidence.
    """

    position: int
    id: str
    change: str
    step: str
    kind: str
    finding: str
    by: str
    why: str
    evidence: dict[str, Any]


def make_plan(connection: Connection, project: Project, dataset: Dataset) -> None:
    """Work the plan out as table ``changes``, in a connection of `workbench.finding_queries.listed`.

    Raises `InputError` when the findings of the version are not whole.
    """
    make_plan_of(connection, dataset, proposed_steps(proposed_recipe(project, dataset)))


def make_plan_of(connection: Connection, dataset: Dataset, names: Sequence[str]) -> None:
    """The plan of some steps in the order given; of none it is what people decided about rows."""
    steps = {"step": pa.array(names, pa.string()), "place": pa.array(range(len(names)), pa.int64())}
    arrow_table(connection, "steps", pa.table(steps))
    arrow_table(connection, "files", _starts(dataset))
    for statement in (WEIGHED, PROPOSED_DROPS, GONE, PROMOTED, CHANGES):
        connection.execute(statement)


def planned(connection: Connection) -> Iterator[Change]:
    """The changes in the order of the rows; those of one row in the order they are made."""
    query = """SELECT position, id, change, step, kind, finding, "by", why, evidence
        FROM changes ORDER BY position, rank, finding"""
    for batch in stream(connection, query):
        for row in batch.to_pylist():
            yield Change(**{**row, "evidence": json.loads(row["evidence"] or "{}")})


def plan_counts(connection: Connection) -> list[dict[str, Any]]:
    """Changes by reason, most first: ``[{change, step, kind, rows}]``."""
    return rows(
        connection,
        """SELECT change, step, kind, count(*) AS rows FROM changes GROUP BY ALL
        ORDER BY rows DESC, change, step, kind""",
    )


def overruled(connection: Connection) -> int:
    """How many proposals a person has overruled."""
    query = """SELECT count(*) FROM weighed WHERE said = 'reject'
        OR (proposal = 'drop' AND row_said = 'keep')"""
    return int(one(connection, query))


def _starts(dataset: Dataset) -> pa.Table:
    names, starts, start = [], [], 0
    for file in dataset.files():
        with reading(file):
            length = pq.read_metadata(file).num_rows
        names.append(str(file))
        starts.append(start)
        start += length
    return pa.table({"filename": pa.array(names, pa.string()), "start": pa.array(starts, pa.int64())})
