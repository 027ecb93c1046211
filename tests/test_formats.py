"""Readers, containers, detection and writers, one behaviour each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats import (
    FORMATS,
    Accepted,
    Rejected,
    detect,
    detect_file,
    jsonlines,
    jsonstream,
    read_examples,
)
from workbench.formats.files import BadRecord, records
from workbench.formats.tables import csv_dialect
from workbench.formats.writers import write_examples

SECRET = "the-text-of-a-row"


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(path: Path) -> list[object]:
    return [record for _, record in records(path)]


def turns(example: Example, part: str = "messages") -> list[tuple[str, str]]:
    found: Any = example.get(part)
    return [(turn["role"], turn["content"]) for turn in found]


def read_one(record: dict[str, Any], expected: str) -> Example:
    """Read a record by the format it is detected as, which must be the expected one."""
    assert detect([record]).name == expected
    return FORMATS[expected].read(record)


ROWS = [{"a": 1}, {"a": 2}]
LINES = '{"a": 1}\n{"a": 2}\n'
CONTAINERS = {
    "lines.jsonl": LINES.encode(),
    "lines.ndjson": LINES.encode(),
    "no_last_newline.jsonl": LINES.rstrip().encode(),
    "blank_lines.jsonl": b'\n{"a": 1}\r\n\n{"a": 2}\n',
    "byte_order_mark.jsonl": b"\xef\xbb\xbf" + LINES.encode(),
    "array.json": json.dumps(ROWS).encode(),
    "indented.json": json.dumps(ROWS, indent=2).encode(),
    "marked.json": b"\xef\xbb\xbf" + json.dumps(ROWS).encode(),
    "lines.json": LINES.encode(),
    "array.jsonl": json.dumps(ROWS, indent=1).encode(),
    "indented_objects.json": b'{\n "a": 1\n}\n{\n "a": 2\n}',
    "named.json": json.dumps({"x": ROWS[0], "y": ROWS[1]}).encode(),
    "wrapped.json": json.dumps({"version": 1, "data": ROWS}).encode(),
    "lines.jsonl.gz": gzip.compress(LINES.encode()),
    "lines.jsonl.zst": zstandard.compress(LINES.encode()),
    "secretly_gzip.jsonl": gzip.compress(LINES.encode()),
    "not_really.jsonl.gz": LINES.encode(),
    "two_members.jsonl.gz": gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n'),
    "two_frames.jsonl.zst": zstandard.compress(b'{"a": 1}\n') + zstandard.compress(b'{"a": 2}\n'),
    "secretly_lines.csv": LINES.encode(),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_the_same_records(tmp_path: Path, name: str) -> None:
    assert values(write(tmp_path / name, CONTAINERS[name])) == ROWS


def test_parquet_gives_rows(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    assert list(records(tmp_path / "rows.parquet")) == [(1, ROWS[0]), (2, ROWS[1])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["a", "b"], ["one, two", "x"], ["three", "y"]]
    lines = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    found = values(write(tmp_path / "t.csv", lines))
    assert found == [{"a": "one, two", "b": "x"}, {"a": "three", "b": "y"}]


def test_tsv_keeps_stray_quotes(tmp_path: Path) -> None:
    path = write(tmp_path / "t.tsv", 'a\tb\n"Hi" she said\t1\n5" long\t2\n')
    assert values(path) == [{"a": '"Hi" she said', "b": "1"}, {"a": '5" long', "b": "2"}]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("mac-roman", "mac-roman"),
        ("utf-16", "utf-16"),
    ],
)
def test_csv_encoding_is_found(tmp_path: Path, encoding: str, expected: str) -> None:
    path = write(tmp_path / "t.csv", "a,b\n“b” é,x\n".encode(encoding))
    assert values(path) == [{"a": "“b” é", "b": "x"}]
    assert csv_dialect(lambda: path.open("rb")).encoding == expected


def test_csv_line_number_is_where_a_row_of_several_lines_starts(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\n"one\ntwo",x\nthree,y\n')
    assert [line for line, _ in records(path)] == [2, 4]


@pytest.mark.parametrize("row", ["one", "one,two,three", 'x,"open', 'x,"y"z', "x,\0"])
def test_broken_csv_row_costs_only_itself(tmp_path: Path, row: str) -> None:
    found = values(write(tmp_path / "t.csv", f"a,b\n1,2\n{row}\n"))
    assert found[0] == {"a": "1", "b": "2"}
    assert [type(entry) for entry in found[1:]] == [BadRecord]


@pytest.mark.parametrize("line", [b"{broken", b'{"a": "\0"}', b'{"a": "\xe9"}', b"[" * 100_000, b"9" * 5000])
def test_broken_line_costs_only_itself(tmp_path: Path, line: bytes) -> None:
    found = list(records(write(tmp_path / "t.jsonl", b'{"a": 1}\n' + line + b'\n{"a": 2}\n')))
    assert [number for number, _ in found] == [1, 2, 3]
    assert isinstance(found[1][1], BadRecord)
    assert found[2][1] == {"a": 2}


def test_wrong_encoding_in_an_array_costs_only_its_record(tmp_path: Path) -> None:
    found = values(write(tmp_path / "t.json", b'[{"a": 1}, {"a": "\xe9"}, {"a": 2}]'))
    assert [found[0], found[2]] == ROWS
    assert isinstance(found[1], BadRecord)


def test_broken_array_gives_what_came_before_and_says_where(tmp_path: Path) -> None:
    found = values(write(tmp_path / "t.json", '[{"a": 1},\n{"a": 2},\n{oops},\n{"a": 4}]'))
    assert found[:2] == ROWS
    assert isinstance(found[2], BadRecord)
    assert "line 3" in found[2].reason
    assert len(found) == 3


def test_array_larger_than_a_chunk_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonstream, "_CHUNK", 7)
    rows = [{"a": "é\n" * n, "n": 12345, "deep": [[], {"x": None}]} for n in range(30)]
    assert values(write(tmp_path / "t.json", json.dumps(rows, ensure_ascii=False))) == rows


def test_object_too_large_to_load_is_read_entry_by_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonstream, "MAX_BYTES", 50)
    monkeypatch.setattr(jsonstream, "_CHUNK", 10)
    named = {f"id{n}": {"a": n} for n in range(20)}
    assert values(write(tmp_path / "t.json", json.dumps(named))) == list(named.values())
    assert values(write(tmp_path / "w.json", json.dumps({"data": ROWS * 20}))) == ROWS * 20


def test_overlong_line_is_skipped_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonlines, "MAX_BYTES", 20)
    path = write(tmp_path / "t.jsonl", '{"a": 1}\n{"a": "' + "x" * 99 + '"}\n{"a": 2}\n')
    assert values(path) == [{"a": 1}, jsonlines.TOO_LONG, {"a": 2}]


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst", ".json.gz", ".csv.gz"])
def test_cut_off_file_gives_its_rows_and_one_reject(tmp_path: Path, suffix: str) -> None:
    rows = [{"a": f"{n * 7919 % 100_003:x}", "b": n} for n in range(20_000)]
    if "csv" in suffix:
        text = "a,b\n" + "".join(f"{row['a']},{row['b']}\n" for row in rows)
    elif "jsonl" in suffix:
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        text = json.dumps(rows)
    packed = (zstandard if "zst" in suffix else gzip).compress(text.encode())
    found = values(write(tmp_path / f"t{suffix}", packed[: len(packed) // 2]))
    bad = [entry for entry in found if isinstance(entry, BadRecord)]
    assert bad == [jsonlines.CUT_OFF]
    assert found[-1] is bad[0]
    assert len(found) > 1000


@pytest.mark.parametrize("content", [b"", b"\n \n", b"PK\x03\x04zip", b"PAR1", b"\x1f\x8b"])
def test_file_without_readable_content_is_an_input_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError) as error:
        list(records(write(tmp_path / "t.jsonl", content)))
    assert error.value.remedy
    assert "t.jsonl" in error.value.where


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_missing_file_and_folder_are_input_errors(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        list(records(tmp_path / name))


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"a": ["\\ud83d", "\\ud83d\\ude00"]}\n')
    assert values(path) == [{"a": ["?", "😀"]}]


def test_messages_keep_tools_calls_and_developer_role() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    example = read_one(
        {
            "messages": [
                {"role": "developer", "content": "s"},
                user("q"),
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": "r", "tool_call_id": "c1"},
                {**assistant("a"), "weight": 0},
            ],
            "tools": [{"type": "function"}],
            "category": "billing",
            "conversation_id": 7,
            "lang": "en",
        },
        "openai_messages",
    )
    assert [role for role, _ in turns(example)] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert json.loads(example["messages"][2]["tool_calls"] or "") == [call]
    assert (example["label"], example["group"]) == ("billing", "7")
    assert json.loads(example["tools"] or "") == [{"type": "function"}]
    assert json.loads(example["meta"] or "") == {
        "lang": "en",
        "message_fields": {"4": {"weight": 0}},
    }


def test_older_function_call_becomes_a_tool_call() -> None:
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    example = read_one({"messages": [user("q"), call]}, "openai_messages")
    assert json.loads(example["messages"][1]["tool_calls"] or "")[0]["function"]["name"] == "f"


def test_messages_as_json_text_in_a_cell() -> None:
    cell = json.dumps([user("q"), assistant("a")])
    assert turns(read_one({"messages": cell}, "openai_messages")) == [
        ("user", "q"),
        ("assistant", "a"),
    ]


def test_sharegpt_reads_calls_observations_and_tools_text() -> None:
    example = read_one(
        {
            "conversations": [
                {"from": "human", "value": "q"},
                {"from": "function_call", "value": '{"name": "f", "arguments": {"x": 1}}'},
                {"from": "observation", "value": "r"},
                {"from": "gpt", "value": "a"},
            ],
            "system": "s",
            "tools": '[{"name": "f"}]',
        },
        "sharegpt",
    )
    assert [role for role, _ in turns(example)] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    call = json.loads(example["messages"][2]["tool_calls"] or "")[0]["function"]
    assert call == {"name": "f", "arguments": '{"x": 1}'}
    assert example["tools"] == '[{"name": "f"}]'


def test_sharegpt_pair_is_a_preference() -> None:
    example = read_one(
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
        "sharegpt",
    )
    assert turns(example, "chosen") == [("assistant", "good")]
    assert turns(example, "rejected") == [("assistant", "bad")]


def test_alpaca_joins_input_and_keeps_system_and_history() -> None:
    example = read_one(
        {
            "instruction": "add",
            "input": "1 2",
            "output": "3",
            "system": "s",
            "history": [["hi", "hello"]],
        },
        "alpaca",
    )
    assert turns(example) == [
        ("system", "s"),
        ("user", "hi"),
        ("assistant", "hello"),
        ("user", "add\n1 2"),
        ("assistant", "3"),
    ]


SIMPLE: list[tuple[dict[str, Any], str]] = [
    ({"instruction": "q", "context": "", "response": "a", "category": "x"}, "alpaca"),
    ({"prompt": "q", "completion": "a"}, "prompt_completion"),
    ({"prompt": [user("q")], "completion": [assistant("a")]}, "prompt_completion"),
    ({"question": "q", "answer": "a"}, "prompt_completion"),
    ({"input": "q", "target": "a"}, "prompt_completion"),
    ({"text": "q", "label": "a"}, "columns"),
    ({"text": "q", "category": "a"}, "columns"),
    ({"messages": [user("q"), assistant("a")], "label": True}, "kto"),
    ({"instruction": "q", "instances": [{"input": "", "output": "a"}]}, "self_instruct"),
    ({"conversations": [user("q"), assistant("a")]}, "sharegpt"),
    (
        {
            "turns": [
                {"speaker": "USER", "utterance": "q"},
                {"speaker": "SYSTEM", "utterance": "a"},
            ]
        },
        "sgd",
    ),
    (
        {"utterances": [{"speaker": "user", "text": "q"}, {"speaker": "ASSISTANT", "text": "a"}]},
        "taskmaster",
    ),
    (
        {"content": [{"agent": "agent_1", "message": "q"}, {"agent": "agent_2", "message": "a"}]},
        "topical_chat",
    ),
    ({"convo_id": 1, "original": [["customer", "q"], ["action", "x"], ["agent", "a"]]}, "abcd"),
    ({"Best Generated Conversation": "User 1: q\nUser 2: a"}, "persona_chat"),
]


@pytest.mark.parametrize(("record", "name"), SIMPLE)
def test_question_and_answer_of_every_single_format(record: dict[str, Any], name: str) -> None:
    assert turns(read_one(record, name)) == [("user", "q"), ("assistant", "a")]


GOOD, BAD = [assistant("good")], [assistant("bad")]
PAIRS: list[tuple[dict[str, Any], str]] = [
    ({"prompt": "q", "chosen": "good", "rejected": "bad"}, "preference_explicit"),
    ({"prompt": [user("q")], "chosen": GOOD, "rejected": BAD}, "preference_explicit"),
    ({"instruction": "q", "input": "", "chosen": "good", "rejected": "bad"}, "preference_explicit"),
    (
        {"prompt": "q", "chosen": [user("q"), *GOOD], "rejected": [user("q"), *BAD]},
        "preference_explicit",
    ),
    ({"chosen": [user("q"), *GOOD], "rejected": [user("q"), *BAD]}, "preference_implicit"),
    (
        {
            "chosen": "\n\nHuman: q\n\nAssistant: good",
            "rejected": "\n\nHuman: q\n\nAssistant: bad",
        },
        "hh_rlhf",
    ),
    (
        {
            "input": {"messages": [user("q")]},
            "preferred_output": GOOD,
            "non_preferred_output": BAD,
        },
        "openai_preference",
    ),
    (
        {"instruction": "q", "output_1": "bad", "output_2": "good", "preference": 1.9},
        "alpaca_eval",
    ),
    ({"input": "q", "output_1": "bad", "output_2": "good", "label": 2}, "llmbar"),
]


@pytest.mark.parametrize(("record", "name"), PAIRS)
def test_prompt_and_answers_of_every_preference_format(record: dict[str, Any], name: str) -> None:
    example = read_one(record, name)
    assert example["kind"] == "preference"
    assert turns(example) == [("user", "q")]
    assert turns(example, "chosen") == [("assistant", "good")]
    assert turns(example, "rejected") == [("assistant", "bad")]


def test_same_content_has_the_same_id_in_every_format() -> None:
    assert len({FORMATS[name].read(record)["id"] for record, name in SIMPLE}) == 1
    assert len({FORMATS[name].read(record)["id"] for record, name in PAIRS}) == 1


def test_pair_that_parts_at_a_user_turn_is_cut_before_the_answer() -> None:
    example = read_one(
        {
            "chosen": "\n\nHuman: q\n\nAssistant: a\n\nHuman: x\n\nAssistant: good",
            "rejected": "\n\nHuman: q\n\nAssistant: a\n\nHuman: y\n\nAssistant: bad",
        },
        "hh_rlhf",
    )
    assert turns(example) == [("user", "q")]
    assert turns(example, "chosen")[0] == ("assistant", "a")


def test_oasst_takes_the_best_ranked_path_to_an_answer() -> None:
    def node(role: str, text: str, rank: int | None, *replies: dict[str, Any]) -> dict[str, Any]:
        return {"role": role, "text": text, "rank": rank, "replies": list(replies)}

    worse, last = node("assistant", "worse", 1), node("prompter", "thanks", None)
    best = node("assistant", "best", 0, last)
    record = {"message_tree_id": "t", "prompt": node("prompter", "q", None, worse, best)}
    example = read_one(record, "oasst")
    assert turns(example) == [("user", "q"), ("assistant", "best")]
    assert example["group"] == "t"


REFUSED = [
    ("kto", {"messages": [user(SECRET), assistant("a")], "label": False}),
    ("alpaca_eval", {"instruction": SECRET, "output_1": "", "output_2": "", "preference": 1.5}),
    ("llmbar", {"input": SECRET, "output_1": "", "output_2": "", "label": 3}),
    ("hh_rlhf", {"chosen": "\n\nHuman: " + SECRET, "rejected": "\n\nHuman: " + SECRET}),
    ("openai_messages", {"messages": [{"role": SECRET, "content": "x"}]}),
    ("sharegpt", {"conversations": [{"from": SECRET, "value": "x"}]}),
    ("sharegpt", {"conversations": [{"from": "function_call", "value": SECRET}]}),
    ("alpaca", {"instruction": SECRET, "output": None}),
    ("prompt_completion", {"prompt": SECRET}),
    ("columns", {"text": SECRET, "label": ""}),
    ("preference_explicit", {"prompt": SECRET, "chosen": "x", "rejected": None}),
    ("persona_chat", {"Best Generated Conversation": SECRET}),
    ("abcd", {"convo_id": 1, "original": [["stranger", SECRET]]}),
]


@pytest.mark.parametrize(("name", "record"), REFUSED)
def test_refused_row_says_why_and_what_to_do_without_its_text(name: str, record: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        FORMATS[name].read(record)
    assert error.value.remedy
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("name", FORMATS)
def test_every_reader_refuses_an_empty_record_with_an_input_error(name: str) -> None:
    assert name == FORMATS[name].NAME
    assert FORMATS[name].TITLE
    assert not FORMATS[name].matches({})
    with pytest.raises(InputError):
        FORMATS[name].read({})


def test_unknown_fields_are_listed_by_name_only() -> None:
    with pytest.raises(InputError) as error:
        detect([{"foo": SECRET, f"a column that is {SECRET}": 1}])
    assert "foo, 1 more" in error.value.what
    assert "--map" in error.value.remedy
    assert SECRET not in str(error.value)


def test_detection_counts_votes_and_names_alternatives() -> None:
    found = detect([{"instruction": "q", "input": "i", "output": "a"}] * 3 + [{"text": "x"}])
    assert (found.name, found.share) == ("alpaca", 0.75)
    assert "prompt_completion" in found.alternatives
    assert "3 of 4" in found.why


def test_every_record_is_accepted_or_rejected_with_its_line(tmp_path: Path) -> None:
    lines = ['{"prompt": "q", "completion": "a"}', "broken", "[1]", '{"prompt": "q"}']
    path = write(tmp_path / "t.jsonl", "\n".join(lines))
    rows = list(read_examples(path))
    assert [type(row) for row in rows] == [Accepted, Rejected, Rejected, Rejected]
    assert [row.line for row in rows] == [1, 2, 3, 4]
    assert isinstance(rows[0], Accepted)
    assert rows[0].example["source"] == {"file": "t.jsonl", "line": 1}


def test_rows_after_the_sample_are_read_too(tmp_path: Path) -> None:
    lines = [f'{{"prompt": "{n}", "completion": "a"}}' for n in range(250)]
    rows = list(read_examples(write(tmp_path / "t.jsonl", "\n".join(lines))))
    assert [row.line for row in rows] == list(range(1, 251))


def test_mapping_names_the_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "Frage,Antwort,Thema,Fall,Rest\nq,a,T,7,r\n,a,T,7,r\n")
    mapping = {"user": "Frage", "assistant": "Antwort", "label": "Thema", "group": "Fall"}
    assert detect_file(path, None, mapping) == "columns"
    good, empty = read_examples(path, mapping=mapping)
    assert isinstance(good, Accepted)
    assert turns(good.example) == [("user", "q"), ("assistant", "a")]
    assert (good.example["label"], good.example["group"]) == ("T", "7")
    assert good.example["meta"] == '{"Rest": "r"}'
    assert isinstance(empty, Rejected)
    assert "Frage" in empty.reason


def test_mapping_of_a_pair(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "p,good,bad\nq,x,y\n")
    (row,) = read_examples(path, mapping={"user": "p", "chosen": "good", "rejected": "bad"})
    assert isinstance(row, Accepted)
    assert turns(row.example, "chosen") == [("assistant", "x")]


@pytest.mark.parametrize(
    "mapping",
    [{"user": "text"}, {"user": "text", "assistant": "nope"}, {"who": "text", "assistant": "text"}],
)
def test_mapping_that_cannot_work_is_refused_at_once(tmp_path: Path, mapping: dict[str, str]) -> None:
    path = write(tmp_path / "t.csv", "text,other\nq,a\n")
    with pytest.raises(InputError):
        read_examples(path, mapping=mapping)


def test_unknown_format_is_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", LINES)
    with pytest.raises(InputError, match="unknown format"):
        read_examples(path, "nope")


def plain(kind: str = "sft") -> Example:
    prompt = [message({"role": "system", "content": "s"}), message(user("q"))]
    if kind == "sft":
        return make_example("sft", [*prompt, message(assistant("a"))], label="x", group="g")
    chosen, rejected = [message(assistant("good"))], [message(assistant("bad"))]
    return make_example("preference", prompt, chosen=chosen, rejected=rejected, meta={"k": 1})


def test_messages_keep_label_group_and_meta(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert write_examples([plain()], "messages", out).rows == 1
    (row,) = read_examples(out)
    assert isinstance(row, Accepted)
    assert (row.example["label"], row.example["group"]) == ("x", "g")
    write_examples([plain("preference")], "messages", out)
    (row,) = read_examples(out)
    assert isinstance(row, Accepted)
    assert row.example["meta"] == '{"k": 1}'


def test_parquet_keeps_every_column(tmp_path: Path) -> None:
    example = plain()
    example |= {"tags": ["t"], "weight": 0.5, "split": "test"}
    write_examples([example], "parquet", tmp_path / "out.parquet")
    (row,) = read_examples(tmp_path / "out.parquet")
    assert isinstance(row, Accepted)
    assert {**row.example, "source": None} == {**example, "source": None}


@pytest.mark.parametrize(
    ("format_name", "messages"),
    [
        ("alpaca", [user("q"), user("q"), assistant("a")]),
        ("alpaca", [user("q"), {**assistant(""), "tool_calls": [{"function": {"name": "f"}}]}]),
        ("alpaca", [assistant("a")]),
        ("sharegpt", [user("q"), {**assistant("x"), "tool_calls": [{"function": {"name": "f"}}]}]),
        ("sharegpt", [{"role": "system", "content": ""}, user("q"), assistant("a")]),
    ],
)
def test_row_that_a_format_cannot_hold_is_named_and_nothing_is_written(
    tmp_path: Path, format_name: str, messages: list[dict[str, Any]]
) -> None:
    example = make_example("sft", [message(entry) for entry in messages])
    with pytest.raises(InputError) as error:
        write_examples([example], format_name, tmp_path / "out.jsonl")
    assert example["id"] in error.value.where
    assert list(tmp_path.iterdir()) == []


def test_kinds_are_not_mixed_in_one_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="preference"):
        write_examples([plain(), plain("preference")], "messages", tmp_path / "out.jsonl")


def test_failed_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    out = write(tmp_path / "out.jsonl", "before")
    with pytest.raises(InputError):
        write_examples([plain(), plain("preference")], "trl", out)
    assert out.read_text() == "before"


@pytest.mark.parametrize(
    ("format_name", "name"), [("nope", "out.jsonl"), ("messages", "out.csv"), ("parquet", "o.json")]
)
def test_writer_refuses_unknown_format_or_file_name(tmp_path: Path, format_name: str, name: str) -> None:
    with pytest.raises(InputError):
        write_examples([plain()], format_name, tmp_path / name)
