"""Diff: what is in one version and not in another, and why, with rows to look at.

Any two versions can be compared, also of different datasets, and newer with older. Reasons
are the changes that were recorded on the way: forward from the versions' common ancestor
to the new one, and, told as ``undone: …``, on the way to the old one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.differences import changed_spans
from workbench.examples import SCHEMA, Example
from workbench.lineage import ancestors
from workbench.projects import Project
from workbench.publishing import CHANGES
from workbench.sql import arrow_table, connected, one, parquet_view, rows
from workbench.versions import Dataset, reading

if TYPE_CHECKING:
    from workbench.sql import Connection

SAMPLES = 20
ORDER = pa.schema([("filename", pa.string()), ("place", pa.int64())])
GONE = """CREATE TEMP TABLE gone AS SELECT id,
    coalesce(f.reason, 'undone: ' || b.reason, 'not recorded') AS reason
FROM (SELECT id FROM old ANTI JOIN new USING (id)) AS lost
LEFT JOIN (SELECT id, arg_min(reason, seq) AS reason FROM forth GROUP BY id) AS f USING (id)
LEFT JOIN (SELECT new_id AS id, arg_max(reason, seq) AS reason FROM back GROUP BY new_id) AS b USING (id)"""
ADDED = """CREATE TEMP TABLE added AS SELECT id,
    coalesce(f.reason, 'undone: ' || b.reason, 'not recorded') AS reason
FROM (SELECT id FROM new ANTI JOIN old USING (id)) AS come
LEFT JOIN (SELECT new_id AS id, arg_max(reason, seq) AS reason FROM forth GROUP BY new_id) AS f USING (id)
LEFT JOIN (SELECT id, arg_min(reason, seq) AS reason FROM back GROUP BY id) AS b USING (id)"""
PAIRS = """CREATE TEMP TABLE pairs AS
SELECT id AS was, new_id AS became FROM forth WHERE new_id IS NOT NULL
UNION SELECT new_id, id FROM back WHERE new_id IS NOT NULL
UNION SELECT json_extract_string(meta, '$.edited_from'), id FROM new
    WHERE contains(meta, '"edited_from"') AND json_valid(meta)
UNION SELECT id, json_extract_string(meta, '$.edited_from') FROM old
    WHERE contains(meta, '"edited_from"') AND json_valid(meta)"""
EDITED = """CREATE TEMP TABLE edited AS
WITH RECURSIVE reached(id, now) AS (
    SELECT id, id FROM gone WHERE id IN (SELECT was FROM pairs)
    UNION SELECT reached.id, became FROM reached JOIN pairs ON was = now
) SELECT id, min(now) AS new_id FROM reached WHERE now IN (SELECT id FROM added) GROUP BY id"""


@dataclass(frozen=True)
class Diff:
    """What differs; ``reasons`` is about the rows that are gone, ``added_reasons`` about new ones.

    ``edited`` rows are gone in their old form and there in their new one. ``samples`` has up
    to 20 ids for each reason that rows are gone; ``examples`` has rows to look at by reason,
    each with ``id``, ``source`` and ``version``, and, if edited, ``new_id`` and ``spans``:
    what was changed, as ``{part, message, before: [start, end], after: [start, end]}``.
    """

    old: str
    new: str
    same: int
    removed: int
    added: int
    edited: int
    reasons: dict[str, int]
    added_reasons: dict[str, int]
    samples: dict[str, list[str]]
    examples: dict[str, list[dict[str, Any]]]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def diff(project: Project, old: Dataset, new: Dataset, *, examples: int = 5) -> Diff:
    """Compare the ids of two versions; ``examples`` is how many rows are named for each reason.

    A row that went or came without a recorded change counts as ``not recorded``. The ids are
    compared on disk; memory does not grow with the number of rows.
    """
    with connected(project) as connection:
        parquet_view(connection, "old", old.files(), SCHEMA)
        parquet_view(connection, "new", new.files(), SCHEMA)
        back, forth = _ways(project, old, new)
        _recorded(connection, "back", back)
        _recorded(connection, "forth", forth)
        for statement in (GONE, ADDED, PAIRS, EDITED):
            connection.execute(statement)
        removed, added = (int(one(connection, f"SELECT count(*) FROM {t}")) for t in ("gone", "added"))  # noqa: S608
        return Diff(
            old.ref,
            new.ref,
            old.rows - removed,
            removed,
            added,
            int(one(connection, "SELECT count(*) FROM edited")),
            _reasons(connection, "gone"),
            _reasons(connection, "added"),
            _samples(connection),
            _examples(connection, old, new, examples),
        )


def changes_between(project: Project, old: Dataset, new: Dataset) -> Iterator[dict[str, Any]]:
    """Stream the recorded changes of the versions after ``old``, up to and with ``new``, in order.

    What a restored version has undone was not changed on the way, and is left out.
    """
    for version in _ways(project, old, new)[1]:
        yield from _changes_of(version, CHANGES.names)


def former_ids(project: Project, old: Dataset, new: Dataset) -> dict[str, str]:
    """The id in ``old`` of rows of ``new`` that have another id there, however often they were edited.

    Edits made since the common ancestor on the way to ``new`` are followed back, and those
    on the way to ``old`` forward. Ids of no row of ``new`` may be among the keys.
    """
    back, forth = _ways(project, old, new)
    former: dict[str, str] = {}
    for version in reversed(forth):
        edits = {became: was for was, became in _edits(version)}
        former = {**edits, **{now: edits.get(was, was) for now, was in former.items()}}
    for version in back:
        edits = dict(_edits(version))
        former = {**edits, **{now: edits.get(was, was) for now, was in former.items()}}
    return former


def _edits(version: Dataset) -> Iterator[tuple[str, str]]:
    for change in _changes_of(version, ["id", "new_id"]):
        if change["new_id"] and change["new_id"] != change["id"]:
            yield change["id"], change["new_id"]


def _changes_of(version: Dataset, columns: list[str]) -> Iterator[dict[str, Any]]:
    path = version.path / "changes.parquet"
    if path.exists():
        with reading(path), pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(batch_size=5000, columns=columns):
                yield from batch.to_pylist()


def _recorded(connection: Connection, name: str, versions: list[Dataset]) -> None:
    files = [path for version in versions if (path := version.path / "changes.parquet").exists()]
    parquet_view(connection, f"{name}_files", files, CHANGES)
    order = pa.table({"filename": pa.array(map(str, files), pa.string()), "place": range(len(files))})
    arrow_table(connection, f"{name}_order", order.cast(ORDER))
    connection.execute(
        f"""CREATE TEMP VIEW {name} AS SELECT id, new_id, change || ': ' || step || '.' || kind AS reason,
            (place << 40) + file_row_number AS seq
        FROM {name}_files JOIN {name}_order USING (filename) WHERE change IN ('dropped', 'edited')"""  # noqa: S608
    )


def _ways(project: Project, old: Dataset, new: Dataset) -> tuple[list[Dataset], list[Dataset]]:
    """The versions made since the common ancestor, on the way to the old one and to the new one."""
    ways = [ancestors(project, old), ancestors(project, new)]
    shared = {version.ref for version in ways[0]} & {version.ref for version in ways[1]}
    cut = [[version for version in way if version.ref not in shared][::-1] for way in ways]
    return cut[0], cut[1]


def _reasons(connection: Connection, name: str) -> dict[str, int]:
    query = f"SELECT reason, count(*) AS n FROM {name} GROUP BY reason ORDER BY n DESC, reason"  # noqa: S608
    return {row["reason"]: row["n"] for row in rows(connection, query)}


def _samples(connection: Connection) -> dict[str, list[str]]:
    query = """SELECT reason, id FROM gone
        QUALIFY row_number() OVER (PARTITION BY reason ORDER BY id) <= $n ORDER BY reason, id"""
    found: dict[str, list[str]] = {}
    for row in rows(connection, query, {"n": SAMPLES}):
        found.setdefault(row["reason"], []).append(row["id"])
    return found


def _examples(connection: Connection, old: Dataset, new: Dataset, n: int) -> dict[str, list[dict[str, Any]]]:
    query = """SELECT reason, id, $ref AS version, source, new_id FROM (
            SELECT * FROM {table} QUALIFY row_number() OVER (PARTITION BY reason ORDER BY id) <= $n
        ) AS shown JOIN (SELECT id, source FROM {version}) USING (id) LEFT JOIN edited USING (id)
        WHERE $all OR id NOT IN (SELECT new_id FROM edited) ORDER BY reason, id"""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, version, ref, everything in (
        ("gone", "old", old.ref, True),
        ("added", "new", new.ref, False),
    ):
        bound = {"n": n, "ref": ref, "all": everything}
        for row in rows(connection, query.format(table=table, version=version), bound):
            new_id = row.pop("new_id")
            found.setdefault(row.pop("reason"), []).append(row | ({"new_id": new_id} if new_id else {}))
    pairs = [row for shown in found.values() for row in shown if "new_id" in row]
    before = rows_by_id(connection, "old", [row["id"] for row in pairs])
    after = rows_by_id(connection, "new", [row["new_id"] for row in pairs])
    for row in pairs:
        row["spans"] = changed_spans(before[row["id"]], after[row["new_id"]])
    return found


def rows_by_id(connection: Connection, table: str, ids: list[str]) -> dict[str, Example]:
    """Some rows of a version that is open as ``table``, by id; others are left out."""
    query = f"SELECT * EXCLUDE (filename, file_row_number) FROM {table} WHERE id IN (SELECT unnest($ids))"  # noqa: S608
    return {row["id"]: cast("Example", row) for row in rows(connection, query, {"ids": sorted(set(ids))})}
