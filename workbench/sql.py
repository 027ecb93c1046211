"""SQL over a project's Parquet files: one DuckDB connection that may spill to disk.

Text that a person typed reaches DuckDB only as a bound parameter; file names only through
`parquet_view`. Nothing is ever written through such a connection but its own spill files.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import InputError, StorageError, WorkbenchError
from workbench.files import DAMAGED, sweep, temporary_name
from workbench.projects import Project
from workbench.versions import reading

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Connection: TypeAlias = DuckDBPyConnection

MEMORY = "1GB"
THREADS = 4
STREAM_ROWS = 5000
_GLOB = re.compile(r"([*?\[])")
_FILE = re.compile(r"'([^']+\.parquet)'")
_PLACE = pa.schema([("filename", pa.string()), ("file_row_number", pa.int64())])


@contextmanager
def connected(project: Project) -> Iterator[Connection]:
    """Open an empty in-memory database whose spill files lie in the project, for the block only.

    DuckDB's own errors leave the block as `InputError` (a damaged file, named) or
    `StorageError` (no room to spill).
    """
    import duckdb

    spill = temporary_name(project.folder("sql"))
    sweep(project.root)
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY,
            "temp_directory": str(spill),
            "threads": str(min(THREADS, os.cpu_count() or 1)),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        },
    )
    try:
        # A bar would be drawn into the answer on stdout.
        connection.execute("SET enable_progress_bar = false")
        yield connection
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as error:
        raise _told(error, project) from error
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def parquet_view(connection: Connection, name: str, files: Sequence[Path], schema: pa.Schema) -> None:
    """Make the files readable as table ``name``, with ``filename`` and ``file_row_number`` added.

    With no file it is an empty table of ``schema``. A damaged file raises `InputError`.
    """
    for file in files:
        with reading(file):
            columns = pq.read_schema(file).names
        if missing := set(schema.names) - set(columns):
            raise InputError(
                f"the file lacks the columns {', '.join(sorted(missing))}", where=str(file), remedy=DAMAGED
            )
    if not files:
        connection.register(name, pa.schema([*schema, *_PLACE]).empty_table())
        return
    paths = [_GLOB.sub(r"[\1]", str(file)) for file in files]
    connection.read_parquet(paths, filename=True, file_row_number=True).create_view(name)


def arrow_table(connection: Connection, name: str, table: pa.Table) -> None:
    """Copy a small Arrow table into the database."""
    connection.register("arriving", table)
    connection.execute(f"CREATE TEMP TABLE {_identifier(name)} AS SELECT * FROM arriving")  # noqa: S608
    connection.unregister("arriving")


def stream(
    connection: Connection, query: str, parameters: dict[str, Any] | None = None
) -> Iterator[pa.RecordBatch]:
    """Run a query and give its rows in batches; no other query may run before the last one."""
    yield from connection.sql(query, params=parameters or {}).to_arrow_reader(STREAM_ROWS)


def rows(
    connection: Connection, query: str, parameters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Run a query whose answer is short, and give its rows as dictionaries."""
    return list(connection.sql(query, params=parameters or {}).to_arrow_table().to_pylist())


def one(connection: Connection, query: str, parameters: dict[str, Any] | None = None) -> Any:
    """Run a query that answers with a single value."""
    found = connection.execute(query, parameters or {}).fetchall()
    return found[0][0] if found else None


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[a-z_]+", name):
        raise ValueError(f"{name!r} is no table of ours")
    return name


def _told(error: Exception, project: Project) -> WorkbenchError:
    # DuckDB's text may quote values of a row, so none of it is passed on but a file's name.
    text = str(error)
    if "No space left" in text or "max_temp_directory_size" in text:
        return StorageError(
            "no space left on the disk",
            where=str(project.root),
            remedy="free some space and run the same command again; nothing was lost",
        )
    if type(error).__name__ == "OutOfMemoryException":
        return StorageError(
            "the query needs more memory than it may have",
            where=str(project.root),
            remedy="narrow it by step or kind, or free some disk space so that it can spill",
        )
    named = _FILE.search(text)
    return InputError(
        "a file of findings, decisions or rows is damaged",
        where=named[1] if named else str(project.root),
        remedy=DAMAGED,
    )
