"""Questions about the findings of a version, asked in SQL: count, list, page, stream.

The findings stay in their Parquet files; no question holds all of them. `listed` opens a
version for questions, and every other function takes what it gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from workbench.decisions import standing_tables
from workbench.errors import InputError
from workbench.examples import SCHEMA as EXAMPLE
from workbench.finding_filter import FindingFilter, condition
from workbench.findings import SCHEMA, finding_files
from workbench.projects import Project
from workbench.sql import connected, one, parquet_view, rows, stream
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

ORDERS = {
    "found": "filename, file_row_number",
    "least-sure": "score, id, filename, file_row_number",
    "surest": "score DESC, id, filename, file_row_number",
    "file": "file, line, filename, file_row_number",
}
COUNTED = ("step", "kind", "proposal", "state", "file", "label")
STATE = """CASE WHEN row_said.action = 'keep' THEN 'row kept' WHEN row_said.action = 'drop' THEN 'row dropped'
    WHEN said.action = 'accept' THEN 'accepted' WHEN said.action = 'reject' THEN 'overruled'
    ELSE 'waiting' END"""
ROW = "id, step, kind, example_id, file, line, score, proposal, state"


@contextmanager
def listed(project: Project, dataset: Dataset) -> Iterator[Connection]:
    """Open the findings of a version for questions; ends with the block.

    Tables: ``findings`` (the files), ``listed`` (findings with ``file``, ``line`` and the
    ``state`` that decisions give them), ``examples`` (the version's rows), ``said_findings``
    and ``said_examples`` (the decisions in force).
    """
    with connected(project) as connection:
        parquet_view(connection, "findings", finding_files(project, dataset), SCHEMA)
        parquet_view(connection, "examples", dataset.files(), EXAMPLE)
        standing_tables(connection, project)
        connection.execute(
            f"""CREATE TEMP VIEW listed AS SELECT findings.*, findings.source.file AS file,
            findings.source.line AS line, {STATE} AS state FROM findings
            LEFT JOIN said_findings AS said ON said.id = findings.id
            LEFT JOIN said_examples AS row_said ON row_said.id = findings.example_id"""  # noqa: S608
        )
        yield connection


def count_findings(connection: Connection, chosen: FindingFilter) -> int:
    """How many findings fit the filter."""
    where, values = condition(chosen)
    return int(one(connection, f"SELECT count(*) FROM listed WHERE {where}", values))  # noqa: S608


def count_by(connection: Connection, chosen: FindingFilter, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Count by some of `COUNTED`: ``[{step, kind, …, findings}]``, most first. Raises `InputError`."""
    if unknown := [name for name in columns if name not in COUNTED]:
        raise InputError(
            f"findings cannot be counted by '{unknown[0][:40]}'", remedy=f"use {', '.join(COUNTED)}"
        )
    names = list(dict.fromkeys(columns))
    where, values = condition(chosen)
    heads = ", ".join("labels.label" if name == "label" else f"listed.{name}" for name in names)
    labels = "LEFT JOIN (SELECT id, label FROM examples) AS labels ON labels.id = listed.example_id"
    query = f"""SELECT {heads}, count(*) AS findings
        FROM (SELECT * FROM listed WHERE {where}) AS listed {labels if "label" in names else ""}
        GROUP BY ALL ORDER BY findings DESC, ALL"""  # noqa: S608
    return rows(connection, query.replace("DESC, ALL", f"DESC, {heads}"), values)


def page(
    connection: Connection,
    chosen: FindingFilter,
    *,
    order: str = "least-sure",
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Some findings in an order of `ORDERS`, without evidence: dictionaries of `ROW`."""
    where, values = condition(chosen)
    query = f"""SELECT {ROW} FROM listed WHERE {where}
        ORDER BY {_order(order)} LIMIT $limit OFFSET $offset"""  # noqa: S608
    return rows(connection, query, {**values, "limit": limit, "offset": offset})


def stream_findings(
    connection: Connection,
    chosen: FindingFilter,
    *,
    order: str = "found",
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[pa.RecordBatch]:
    """All findings that fit, in batches with the columns of `workbench.findings.SCHEMA`."""
    where, values = condition(chosen)
    columns = ", ".join(SCHEMA.names)
    cut = "LIMIT $limit OFFSET $offset" if limit is not None else "OFFSET $offset"
    bound = {**values, "offset": offset} | ({"limit": limit} if limit is not None else {})
    query = f"SELECT {columns} FROM listed WHERE {where} ORDER BY {_order(order)} {cut}"  # noqa: S608
    return stream(connection, query, bound)


def as_contract(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Rows of a batch as the machine contract of ``workbench findings`` has them."""
    for row in batch.to_pylist():
        yield {**row, "score": round(row["score"], 6), "evidence": json.loads(row["evidence"])}


def matching_ids(connection: Connection, chosen: FindingFilter, target: str) -> Iterator[pa.Array]:
    """The sorted ids, each once, of the findings that fit, or of their examples."""
    where, values = condition(chosen)
    column = {"finding": "id", "example": "example_id"}[target]
    query = f"SELECT DISTINCT {column} AS id FROM listed WHERE {where} ORDER BY 1"  # noqa: S608
    for batch in stream(connection, query, values):
        yield batch.column(0)


def _order(name: str) -> str:
    if name not in ORDERS:
        raise InputError(f"'{name[:40]}' is no order", remedy=f"use {', '.join(ORDERS)}")
    return ORDERS[name]
