"""Examples to files that trainers read: messages, sharegpt, alpaca, trl, openai, parquet.

A row that a format cannot hold is an error, not a loss: what is written reads back as the
same content, with the same id.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from workbench.errors import InputError
from workbench.examples import SCHEMA, Example, Message
from workbench.files import not_a_folder, storage_errors, sync_folder
from workbench.formats.fields import parsed
from workbench.formats.sharegpt import tool_calls

Record = dict[str, Any]

_SPEAKERS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}
_BATCH = 1000


def write_examples(
    examples: Iterable[Example],
    format: str,
    out: Path,
) -> int:
    """Write examples to ``out`` in one of `WRITERS` or ``parquet``; return how many.

    The file is whole or absent. Raises `InputError` for an unknown format, a file name that
    does not fit it, or a row the format cannot hold (naming its id); `StorageError` when the
    disk refuses.
    """
    known = (*WRITERS, "parquet")
    if format not in known:
        raise InputError(f"unknown format '{format}'", remedy=f"use one of {', '.join(known)}")
    suffixes = (".parquet",) if format == "parquet" else (".jsonl", ".ndjson", ".json")
    if out.suffix not in suffixes:
        raise InputError(
            f"the format '{format}' is not written to such a file",
            where=str(out),
            remedy=f"let its name end in {' or '.join(suffixes)}",
        )
    not_a_folder(out)
    with storage_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                if format == "parquet":
                    count = _write_parquet(examples, file)
                else:
                    count = _write_lines(examples, WRITERS[format], file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(out.parent)
    return count


def messages_row(example: Example) -> Record:
    """Return ``messages``, or prompt with chosen and rejected, with label, group and meta."""
    row = trl_row(example)
    for name in ("label", "group"):
        if example.get(name):
            row[name] = example.get(name)
    meta = parsed(example.get("meta"))
    if isinstance(meta, dict):
        row["meta"] = meta
    return row


def trl_row(example: Example) -> Record:
    """Return TRL's form: ``messages``, or ``prompt`` with ``chosen`` and ``rejected``."""
    turns = _turns(example["messages"])
    if example["kind"] == "sft":
        return {"messages": turns, **_tools(example)}
    return {
        "prompt": turns,
        "chosen": _turns(example.get("chosen")),
        "rejected": _turns(example.get("rejected")),
        **_tools(example),
    }


def openai_row(example: Example) -> Record:
    """Return OpenAI's form for fine-tuning, or for preference fine-tuning."""
    turns = _turns(example["messages"])
    if example["kind"] == "sft":
        return {"messages": turns, **_tools(example)}
    return {
        "input": {"messages": turns, **_tools(example)},
        "preferred_output": _turns(example.get("chosen")),
        "non_preferred_output": _turns(example.get("rejected")),
    }


def sharegpt_row(example: Example) -> Record:
    """Return LLaMA-Factory's form; calls and answers of tools keep their ids beside the text."""
    system, turns = _split_system(example)
    row: Record = {"conversations": [_sharegpt_turn(example, turn) for turn in turns]}
    if example["kind"] == "preference":
        for name in ("chosen", "rejected"):
            row[name] = _sharegpt_turn(example, _only(example, name))
    if system:
        row["system"] = system
    if example.get("tools"):
        row["tools"] = example["tools"]
    return row


def alpaca_row(example: Example) -> Record:
    """Return Alpaca's form: the last turn, with the earlier ones as history."""
    system, turns = _split_system(example)
    if example.get("tools"):
        raise _cannot_hold(example, "alpaca", "tools")
    if any(turn.get("tool_calls") or turn.get("tool_call_id") for turn in turns):
        raise _cannot_hold(example, "alpaca", "tool calls")
    pair = example["kind"] == "preference"
    asked = turns if pair else turns[:-1]
    earlier = asked[:-1]
    roles = [turn["role"] for turn in asked]
    if len(roles) % 2 == 0 or roles != (["user", "assistant"] * len(roles))[: len(roles)]:
        raise _cannot_hold(example, "alpaca", "turns that are not question, answer, question")
    row: Record = {"instruction": asked[-1]["content"], "input": ""}
    if pair:
        row |= {name: _alpaca_answer(example, _only(example, name)) for name in _ANSWERS}
    else:
        row["output"] = _alpaca_answer(example, turns[-1])
    if system:
        row["system"] = system
    if earlier:
        questions, answers = earlier[::2], earlier[1::2]
        row["history"] = [
            [question["content"], answer["content"]]
            for question, answer in zip(questions, answers, strict=True)
        ]
    return row


WRITERS: dict[str, Callable[[Example], Record]] = {
    "messages": messages_row,
    "sharegpt": sharegpt_row,
    "alpaca": alpaca_row,
    "trl": trl_row,
    "openai": openai_row,
}
_ANSWERS = ("chosen", "rejected")


def _write_lines(examples: Iterable[Example], row: Callable[[Example], Record], file: BinaryIO) -> int:
    count = 0
    kind = ""
    for example in examples:
        if example["kind"] != (kind := kind or example["kind"]):
            raise _cannot_hold(example, "of one file", "both single answers and preference pairs")
        line = json.dumps(row(example), ensure_ascii=False) + "\n"
        file.write(line.encode("utf-8", "replace"))
        count += 1
    return count


def _write_parquet(examples: Iterable[Example], file: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for batch in _batches(examples):
            writer.write_table(pa.Table.from_pylist(batch, schema=SCHEMA))
            count += len(batch)
    return count


def _batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
    rows = iter(examples)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _turns(messages: list[Message] | None) -> list[Record]:
    """Return messages as plain objects without empty fields; tool calls as objects."""
    return [
        {
            name: parsed(value) if name == "tool_calls" else value
            for name, value in turn.items()
            if value is not None
        }
        for turn in messages or []
    ]


def _tools(example: Example) -> Record:
    return {"tools": parsed(example["tools"])} if example.get("tools") else {}


def _split_system(example: Example) -> tuple[str, list[Message]]:
    """Return the leading system text and the turns after it; an empty one has no place."""
    turns = example["messages"]
    if turns[0]["role"] != "system":
        return "", turns
    if not turns[0]["content"]:
        raise _cannot_hold(example, "sharegpt and alpaca", "an empty system message")
    return turns[0]["content"], turns[1:]


def _only(example: Example, name: str) -> Message:
    answer = (example.get("chosen") if name == "chosen" else example.get("rejected")) or []
    if len(answer) != 1:
        raise _cannot_hold(example, "sharegpt and alpaca", f"several messages as '{name}'")
    return answer[0]


def _sharegpt_turn(example: Example, turn: Message) -> Record:
    kept = {name: turn.get(name) for name in ("name", "tool_call_id") if turn.get(name)}
    calls = parsed(turn.get("tool_calls"))
    if not calls:
        return {"from": _SPEAKERS[turn["role"]], "value": turn["content"], **kept}
    plain = _plain_calls(calls)
    if turn["content"].strip() or turn["role"] != "assistant" or plain is None:
        raise _cannot_hold(example, "sharegpt", "a tool call beside other text, or unnamed")
    value = json.dumps(plain[0] if len(plain) == 1 else plain, ensure_ascii=False)
    if tool_calls(value) != calls:
        kept["tool_calls"] = turn.get("tool_calls")
    return {"from": "function_call", "value": value, **kept}


def _plain_calls(calls: object) -> list[Record] | None:
    """Return ``{"name", "arguments"}`` of OpenAI's tool calls, or None for something else."""
    given = calls if isinstance(calls, list) else []
    functions = [call.get("function") for call in given if isinstance(call, dict)]
    named = [entry for entry in functions if isinstance(entry, dict) and "name" in entry]
    if not named or len(named) != len(given):
        return None
    return [{"name": entry["name"], "arguments": parsed(entry.get("arguments", {}))} for entry in named]


def _alpaca_answer(example: Example, turn: Message) -> str:
    if turn["role"] != "assistant" or turn.get("tool_calls") or turn.get("tool_call_id"):
        raise _cannot_hold(example, "alpaca", "an answer that is not plain text")
    return turn["content"]


def _cannot_hold(example: Example, name: str, what: str) -> InputError:
    return InputError(
        f"the format {name} cannot hold {what}",
        where=f"example {example.get('id', '')}",
        remedy="export as messages, or leave these examples out",
    )
