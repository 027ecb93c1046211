"""Damaged files: whatever an import meets, it is a `WorkbenchError` or every row is accounted for.

Real-shaped files of every format are damaged in their records, their bytes and their
compression. ``WORKBENCH_FUZZ`` sets how many files (1,000 when unset, 10,000 before a release).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.test_formats import PAIRS, SIMPLE
from workbench.errors import WorkbenchError
from workbench.formats import FORMATS
from workbench.importing import ImportResult, import_files
from workbench.projects import Project, init_project

FILES = int(os.environ.get("WORKBENCH_FUZZ", "1000"))
CONTAINERS = ("lines", "array", "indented", "named", "csv", "tsv", "parquet", "mixed")
FUZZ = settings(
    max_examples=max(FILES // len(CONTAINERS), 1),
    deadline=None,
    derandomize=FILES <= 1000,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SHAPES: list[dict[str, Any]] = [
    *(record for record, _ in SIMPLE),
    *(record for record, _ in PAIRS),
    {
        "schemaVersion": "b",
        "system": [{"text": "s"}],
        "messages": [{"role": "user", "content": [{"text": "q"}]}],
    },
    {
        "messages": [
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"json": {}}]}}]}
        ]
    },
    {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [{"role": "user", "parts": [{"text": "q"}]}],
    },
    {
        "contents": [{"role": "user", "parts": [{"text": "q"}]}],
        "completions": [
            {"score": 1, "completion": {"role": "model", "parts": [{"text": "a"}]}},
            {"score": 0, "completion": {"role": "model", "parts": [{"text": "b"}]}},
        ],
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    },
    {
        "contents": [
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"x": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"y": 2}}}]},
        ]
    },
    {
        "message_tree_id": "t",
        "prompt": {
            "role": "prompter",
            "text": "q",
            "replies": [{"role": "assistant", "text": "a", "rank": 0, "replies": []}],
        },
    },
    {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "r", "tool_call_id": "c1"},
        ],
        "tools": [CALL],
    },
    {
        "conversations": [
            {"from": "human", "value": "q"},
            {"from": "function_call", "value": '{"name": "f"}'},
        ],
        "tools": "[{}]",
        "system": "s",
    },
    {
        "instruction": "q",
        "output": "a",
        "history": [["x", "y"]],
        "workbench": '{"label": "l", "tags": ["t"], "weight": 0.5, "meta": "{}"}',
    },
    {
        "id": "0",
        "kind": "sft",
        "messages": [{"role": "user", "content": "q"}],
        "weight": 1.0,
        "meta": '{"a": 1}',
        "tags": ["x"],
        "split": "train",
    },
    {
        "id": "0",
        "kind": "preference",
        "messages": [{"role": "user", "content": "q"}],
        "chosen": [{"role": "assistant", "content": "a"}],
        "rejected": [{"role": "assistant", "content": "b"}],
        "weight": 1,
    },
]


def nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**25, -(10**400), float("nan"), float("inf"), float("-inf"), 1e308),
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "a\ud83d",
        "\ufeff",
        "\u2028\u2029\x85",
        "[",
        "{",
        '{"role": 1}',
        "[[1, 2]]",
        "null",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"": None},
        [{}],
        {"a": {}},
        [1, "a", None],
        {"role": "user"},
        [{"role": "user"}],
    ),
    *(
        [{"role": [], "content": {}}],
        [{"from": None, "value": 3}],
        [{"text": 5}],
        [{"parts": 1}],
        {"text": []},
    ),
    *(
        "x" * 5000,
        "é" * 300,
        nested(60),
        nested(400),
        {"text": nested(30)},
        ["\ud800"],
        {"\ud800": 1},
        '"' * 9,
    ),
]
ODD_BYTES = [
    *(
        b"\0",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf0\x9f",
        b"\x1f\x8b",
        b"\r",
        b"\n\n",
    ),
    *(
        b'"',
        b"'",
        b",",
        b"\t",
        b";",
        b"|",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"\\",
        b"\\u",
        b"\\ud800",
        b"\\u0000",
        b"NaN",
    ),
    *(
        b"-Infinity",
        b"9" * 5000,
        b"1e999999",
        b"[" * 2000,
        b'{"a":' * 500,
        b"//",
        b"\x1a",
        b"\x85",
        b"PAR1",
        b"}{",
        b"][",
    ),
]


@st.composite
def rows_of_a_file(draw: st.DrawFn) -> list[Any]:
    """Rows of one format, most of them whole and some with values, keys or all of it made wrong."""
    shape = draw(st.sampled_from(SHAPES))
    rows: list[Any] = []
    for _ in range(draw(st.integers(1, 8))):
        stranger = not draw(st.integers(0, 19))
        row: Any = json.loads(json.dumps(draw(st.sampled_from(SHAPES)) if stranger else shape))
        for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 4]))):
            row = damaged(draw, row)
        rows.append(row)
    return rows


def damaged(draw: st.DrawFn, value: Any) -> Any:
    """Walk some way into a value and put something odd in its place."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value, key=str)))
        how = draw(st.sampled_from(["into", "into", "into", "drop", "rename", "add"]))
        if how == "into":
            return {**value, key: damaged(draw, value[key])}
        rest = {name: entry for name, entry in value.items() if name != key}
        if how == "drop":
            return rest
        other = draw(
            st.sampled_from(["messages", "prompt", "chosen", "text", "label", "meta", "workbench", "", "é\0"])
        )
        return {**(rest if how == "rename" else value), other: draw(st.sampled_from(ODD_VALUES))}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        index = draw(st.integers(0, len(value) - 1))
        entry = damaged(draw, value[index])
        return draw(st.sampled_from([[*value[:index], entry, *value[index + 1 :]], value[:index], value * 2]))
    return draw(st.sampled_from(ODD_VALUES))


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def packed(draw: st.DrawFn, container: str, records: list[Any]) -> tuple[bytes, str]:
    """The bytes of a file of one kind, and the ending its name should have."""
    if container == "lines":
        ascii_only = draw(st.booleans())
        lines = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
        return "\n".join(lines).encode("utf-8", "surrogatepass"), ".jsonl"
    if container in ("array", "indented"):
        return json.dumps(records, indent=1 if container == "indented" else None).encode(), ".json"
    if container == "named":
        wrapped = draw(st.sampled_from(["data", "train", "x"]))
        whole = {wrapped: records} if wrapped != "x" else {str(i): record for i, record in enumerate(records)}
        return json.dumps(whole).encode(), ".json"
    if container == "mixed":
        pieces = [json.dumps(record, indent=draw(st.sampled_from([None, 2]))) for record in records]
        return draw(st.sampled_from(["\n", "", ",\n", "\r\n", " "])).join(pieces).encode(), ".json"
    tables = [record if isinstance(record, dict) else {"text": record} for record in records]
    if container == "parquet":
        return parquet_bytes(tables), ".parquet"
    names = list(dict.fromkeys(name for table in tables for name in table)) or ["a"]
    text = io.StringIO()
    delimiter = "\t" if container == "tsv" else draw(st.sampled_from([",", ";", "|", "\t"]))
    writer = csv.writer(
        text, delimiter=delimiter, quoting=draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    )
    writer.writerow(names)
    writer.writerows([as_text(table.get(name, "")) for name in names] for table in tables)
    return text.getvalue().encode("utf-8", "surrogatepass"), f".{container}"


def parquet_bytes(tables: list[dict[str, Any]]) -> bytes:
    """The records as Parquet; those that have no common type as texts."""
    sink = io.BytesIO()
    try:
        table = pa.Table.from_pylist(tables)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, AttributeError):
        rows = [
            {str(k): as_text(v).encode("utf-8", "replace").decode() for k, v in t.items()} for t in tables
        ]
        names = [{k.encode("utf-8", "replace").decode(): v for k, v in row.items()} for row in rows]
        table = pa.Table.from_pylist(names)
    try:
        pq.write_table(table, sink)
    except (pa.ArrowException, OSError):  # an empty struct has no place in Parquet
        pq.write_table(pa.table({"text": ["q"], "label": ["a"]}), sink := io.BytesIO())
    return sink.getvalue()


def hurt(draw: st.DrawFn, content: bytes) -> bytes:
    """One damage to bytes."""
    at = draw(st.integers(0, len(content)))
    how = draw(
        st.sampled_from(
            ["flip", "cut", "put", "put", "drop line", "double line", "crlf", "recode", "mark", "take out"]
        )
    )
    if how == "flip" and content:
        at = min(at, len(content) - 1)
        return content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
    if how == "cut":
        return content[:at]
    if how == "put":
        return content[:at] + draw(st.sampled_from(ODD_BYTES)) + content[at:]
    if how == "take out":
        return content[:at] + content[at + draw(st.integers(1, 40)) :]
    if how == "crlf":
        return content.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\n\r\n", b"\n \n"])))
    if how == "mark":
        return draw(st.sampled_from([codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE])) + content
    if how == "recode":
        encoding = draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32", "cp1252", "mac-roman", "utf-7"]))
        return content.decode("utf-8", "replace").encode(encoding, "replace")
    lines = content.split(b"\n")
    line = draw(st.integers(0, len(lines) - 1))
    return b"\n".join(
        [*lines[:line], *([lines[line]] * 2 if how == "double line" else []), *lines[line + 1 :]]
    )


@st.composite
def damaged_file(draw: st.DrawFn, container: str) -> tuple[str, bytes]:
    """A file's name and bytes."""
    content, suffix = packed(draw, container, draw(rows_of_a_file()))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 3]))):
        content = hurt(draw, content)
    compression = draw(st.sampled_from(["", "", "", ".gz", ".zst"]))
    if compression:
        pack = gzip.compress if compression == ".gz" else zstandard.compress
        content = pack(content)
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
            content = hurt(draw, content)
    if not draw(st.integers(0, 9)):
        suffix = draw(st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".parquet", ".txt", ""]))
    return f"file{suffix}{compression}", content


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return init_project(tmp_path_factory.mktemp("fuzz") / "p")


def accounted(project: Project, path: Path, format: str | None) -> ImportResult | None:
    """Import a file; None when it is refused with an error that says what to do."""
    shutil.rmtree(project.folder("datasets"), ignore_errors=True)
    try:
        result = import_files(project, [path], "x", format=format)
    except WorkbenchError as error:
        assert error.what
        assert error.remedy
        assert list(project.folder("datasets", "x").glob("*")) == []
        return None
    rejects = (
        Path(result.rejects_path).read_text(encoding="utf-8").split("\n")[:-1] if result.rejects_path else []
    )
    assert result.rows_in == result.rows_out + result.rejects
    assert len(rejects) == result.rejects
    assert all(json.loads(line)["reason"] and json.loads(line)["line"] > 0 for line in rejects)
    return result


@pytest.mark.parametrize("container", CONTAINERS)
@FUZZ
@given(data=st.data())
def test_a_damaged_file_is_refused_or_every_row_is_accounted_for(
    empty: Project, container: str, data: st.DataObject
) -> None:
    name, content = data.draw(damaged_file(container))
    path = empty.root / name
    path.write_bytes(content)
    try:
        result = accounted(
            empty, path, data.draw(st.none() | st.none() | st.none() | st.sampled_from(list(FORMATS)))
        )
        event("refused" if result is None else "with rejects" if result.rejects else "whole")
    finally:
        path.unlink()
