"""Whatever is written reads back; whatever is read is accounted for once."""

from __future__ import annotations

import json
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


def turn(role: str) -> st.SearchStrategy[Message]:
    return TEXT.map(lambda content: message({"role": role, "content": content}))


@st.composite
def calls(draw: st.DrawFn) -> list[Message]:
    """A tool call, with or without an id, and the tool's answer."""
    call_id = draw(st.none() | st.just("call_1"))
    arguments = draw(st.dictionaries(TEXT, st.integers(), max_size=2).map(json.dumps) | TEXT)
    call: dict[str, Any] = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    if call_id:
        call["id"] = call_id
    asked = {"role": "assistant", "content": None, "tool_calls": [call] * draw(st.integers(1, 2))}
    return [
        message(asked),
        message({"role": "tool", "content": draw(TEXT), "tool_call_id": call_id}),
    ]


@st.composite
def examples(draw: st.DrawFn, kind: str) -> Example:
    messages = draw(st.lists(turn("system"), max_size=1))
    for _ in range(draw(st.integers(0, 2))):
        messages += [draw(turn("user")), draw(turn("assistant"))]
    messages.append(draw(turn("user")))
    if kind == "preference":
        chosen, rejected = draw(turn("assistant")), draw(turn("assistant"))
        return make_example("preference", messages, chosen=[chosen], rejected=[rejected])
    tools = draw(st.none() | st.just([{"type": "function", "function": {"name": "f"}}]))
    if draw(st.booleans()):
        messages += draw(calls())
    meta = draw(st.none() | st.dictionaries(TEXT.filter(str.isalnum), TEXT, max_size=2))
    return make_example("sft", [*messages, draw(turn("assistant"))], tools=tools, label=draw(TEXT), meta=meta)


def rows(path: Path) -> list[Any]:
    try:
        return list(read_examples(path))
    except InputError:
        return []


@pytest.mark.parametrize("kind", ["sft", "preference"])
@pytest.mark.parametrize("format_name", [*WRITERS, "parquet"])
@QUICK
@given(data=st.data())
def test_what_is_written_reads_back_with_the_same_ids(
    format_name: str, kind: str, data: st.DataObject
) -> None:
    given_examples = data.draw(st.lists(examples(kind), min_size=1, max_size=3))
    with TemporaryDirectory() as folder:
        out = Path(folder, "out.parquet" if format_name == "parquet" else "out.json")
        try:
            write_examples(given_examples, format_name, out)
        except InputError:
            assert not out.exists()
            return
        read = rows(out)
    assert [row.example["id"] for row in read if isinstance(row, Accepted)] == [
        example["id"] for example in given_examples
    ]


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
