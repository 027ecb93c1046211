"""Whatever is written reads back; whatever is read is accounted for once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats import FORMATS, Accepted, read_examples
from workbench.formats.files import records
from workbench.formats.writers import WRITERS, write_examples

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("messages", "conversations", "prompt", "completion", "instruction", "input", "output"),
    *("chosen", "rejected", "label", "text", "output_1", "output_2", "preference", "turns"),
    *("preferred_output", "utterances", "content", "original", "convo_id", "id", "kind", "weight"),
    *("meta", "tools", "system", "history", "instances", "question", "answer", "context", "role"),
    *("from", "value"),
)
ODD_RECORD = st.dictionaries(
    st.sampled_from(FIELDS),
    JSON | st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3), max_size=3),
    max_size=6,
)


BARE = {"openai", "azure", "bedrock", "bedrock-prompt", "vertex"}
"""Formats whose providers refuse fields of ours: only the conversation and its tools come back."""
NUMBERED = {"openai", "azure", "vertex"}
"""Formats that number the calls of tools that came without ids."""
SHARED = ("kind", "messages", "chosen", "rejected", "tools")
COLUMNS = (*SHARED, "label", "group", "tags", "weight", "split", "meta")
KEYS = st.sampled_from(["a", "label", "meta", "messages", "workbench", "tags", "é", "x y"])
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
SPOKEN = TEXT | st.sampled_from(["", " ", "[1]", '{"a": 1}', '{"content": "x"}', "\u2028", "٣", "😀", "None"])


def turn(role: str, plain: bool = False, name: str | None = None) -> st.SearchStrategy[Message]:
    contents = SPOKEN.filter(str.strip) if plain else SPOKEN
    return contents.map(lambda content: message({"role": role, "content": content, "name": name}))


@st.composite
def calls(draw: st.DrawFn, plain: bool) -> list[Message]:
    """Tool calls with or without ids, beside text or not, and the tools' answers."""
    numbered = draw(st.booleans())
    made: list[dict[str, Any]] = []
    for number in range(1, 1 + (1 if plain else draw(st.integers(1, 2)))):
        given = draw(st.dictionaries(TEXT, st.integers() | TEXT, max_size=2))
        arguments = json.dumps(given, ensure_ascii=False, sort_keys=True)
        function = {"name": draw(st.sampled_from("fg")), "arguments": arguments if plain else draw(TEXT)}
        identity = {"id": f"call_{number}"} if numbered else {}
        made.append({"type": "function", "function": function, **identity})
    content = None if plain else draw(st.none() | SPOKEN)
    asked = {"role": "assistant", "content": content, "tool_calls": made}
    answers = [{"role": "tool", "content": draw(SPOKEN), "tool_call_id": call.get("id")} for call in made]
    return [message(asked), *map(message, answers)]


@st.composite
def examples(draw: st.DrawFn, kind: str) -> Example:
    """A row of any shape our schema holds, or a plain one that most formats have a place for."""
    plain = draw(st.booleans())
    messages = draw(st.lists(turn("system", plain), max_size=1))
    for _ in range(draw(st.integers(0, 2))):
        messages += [draw(turn("user", plain)), draw(turn("assistant", plain))]
    name = None if plain else draw(st.none() | st.sampled_from(["ann", "Ann B"]))
    messages.append(draw(turn("user", plain, name)))
    tooled = draw(st.booleans())
    if tooled:
        messages += draw(calls(plain))
    pair: dict[str, Any] = {}
    if kind == "preference":
        answers = st.lists(turn("assistant", plain), min_size=1, max_size=1 if plain else 2)
        pair = {part: draw(answers) for part in ("chosen", "rejected")}
    else:
        messages.append(draw(turn("assistant", plain)))
    made = make_example(
        kind,
        messages,
        **pair,
        tools=draw(st.sampled_from([TOOLS, json.dumps(TOOLS, indent=1)])) if tooled else None,
        label=draw(st.none() | TEXT),
        group=draw(st.none() | TEXT),
        tags=draw(st.lists(TEXT, max_size=2)),
        weight=draw(st.sampled_from([1.0, 0.0, 0.25])),
        meta=draw(st.none() | st.dictionaries(KEYS, JSON, max_size=2)),
    )
    made["split"] = draw(st.none() | st.sampled_from(["train", "validation", "test"]))
    return made


def rows(path: Path) -> list[Any]:
    try:
        return list(read_examples(path))
    except InputError:
        return []


@pytest.mark.parametrize("kind", ["sft", "preference"])
@pytest.mark.parametrize("format_name", WRITERS)
@QUICK
@given(data=st.data())
def test_what_is_written_reads_back_and_the_rest_is_listed(
    format_name: str, kind: str, data: st.DataObject
) -> None:
    given_examples = data.draw(st.lists(examples(kind), min_size=1, max_size=4))
    folder_format = WRITERS[format_name].files is not None
    with TemporaryDirectory() as folder:
        out = Path(folder, "out" if folder_format else f"out{WRITERS[format_name].suffixes[0]}")
        try:
            result = write_examples(given_examples, format_name, out)
        except InputError as error:
            assert error.remedy
            assert list(Path(folder).iterdir()) == []
            return
        refused = [] if result.skipped_path is None else Path(result.skipped_path).read_text().splitlines()
        files = sorted(out.rglob("*.jsonl")) + sorted(out.rglob("*.parquet")) if folder_format else [out]
        read = [row.example for file in files for row in rows(file) if isinstance(row, Accepted)]
    assert result.rows + result.skipped == len(given_examples)
    assert len(refused) == result.skipped
    left_out = Counter(json.loads(line)["id"] for line in refused)
    wanted = [one for one in given_examples if one["id"] not in left_out]
    columns = SHARED if format_name in BARE else COLUMNS
    seen, expected = ([comparable(one, columns, format_name) for one in group] for group in (read, wanted))
    assert sorted(seen) == sorted(expected)
    assert format_name in NUMBERED or {one["id"] for one in read} == {one["id"] for one in wanted}


def comparable(example: Example, columns: Sequence[str], format_name: str) -> str:
    """The columns as text; without the ids of calls where a format numbers those that have none."""
    shown = json.dumps([example.get(name) for name in columns])  # type: ignore[misc]
    return (
        re.sub(r'(\\"id\\": \\"call_\d\\", )|"call_\d"|null', "", shown) if format_name in NUMBERED else shown
    )


@QUICK
@given(st.binary(max_size=200), st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".parquet"]))
def test_any_bytes_give_rows_or_an_input_error(content: bytes, suffix: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"t{suffix}")
        path.write_bytes(content)
        rows(path)


@QUICK
@given(
    st.binary(max_size=60),
    st.sampled_from([b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"PAR1", b"[", b"{", b"\xff\xfe"]),
    st.sampled_from([".jsonl", ".json", ".csv"]),
)
def test_any_bytes_after_a_known_beginning_give_rows_or_an_input_error(
    content: bytes, magic: bytes, suffix: str
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"t{suffix}")
        path.write_bytes(magic + content)
        rows(path)


@QUICK
@given(st.lists(JSON | ODD_RECORD, min_size=1, max_size=8), st.booleans())
def test_every_record_is_accounted_for_once(values: list[Any], array: bool) -> None:
    values = [{}, *values]  # a lone list would be an array of records
    lines = [json.dumps(value) for value in values]
    with TemporaryDirectory() as folder:
        path = Path(folder, "t.jsonl")
        path.write_text(f"[{', '.join(lines)}]\n" if array else "\n".join(lines))
        assert [number for number, _ in records(path)] == list(range(1, len(values) + 1))
        for name in FORMATS:
            numbers = [row.line for row in read_examples(path, name)]
            assert numbers == list(range(1, len(values) + 1))


@settings(QUICK, max_examples=200)
@given(ODD_RECORD)
def test_readers_raise_nothing_but_input_errors(record: dict[str, Any]) -> None:
    for module in FORMATS.values():
        module.matches(record)
        try:
            module.read(record)
        except InputError:
            continue
