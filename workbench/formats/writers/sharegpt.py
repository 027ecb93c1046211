"""ShareGPT conversations, and LLaMA-Factory's folder of them with ``dataset_info.json``.

LLaMA-Factory: data/README.md and src/llamafactory/data/converter.py, whose converter skips a
conversation that does not alternate; such a row is refused here instead, with its reason.
"""

from __future__ import annotations

import json

from workbench.examples import Example, Message
from workbench.formats.fields import parsed
from workbench.formats.own import own_field
from workbench.formats.sharegpt import tool_calls
from workbench.formats.writers.layout import (
    Format,
    Made,
    Record,
    breaks_rule,
    cannot_hold,
    only_answer,
    split_system,
)

_SPEAKERS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}
_ASKING, _ANSWERING = ("human", "observation"), ("gpt", "function_call")
_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}


def sharegpt_row(example: Example) -> Record:
    """Return from/value turns; calls and answers of tools keep their ids beside the text."""
    return {**_conversation(example, "sharegpt"), **own_field(example)}


def llamafactory_row(example: Example) -> Record:
    """Return a ShareGPT row that LLaMA-Factory's converter takes, with every column there."""
    row = _conversation(example, "llamafactory")
    speakers = [turn["from"] for turn in row["conversations"]]
    pair = example["kind"] == "preference"
    turns_fit = all(
        speaker in (_ANSWERING if index % 2 else _ASKING) for index, speaker in enumerate(speakers)
    )
    answers_fit = not pair or all(row[part]["from"] in _ANSWERING for part in ("chosen", "rejected"))
    if not turns_fit or not answers_fit or len(speakers) % 2 != int(pair):
        raise breaks_rule(
            example,
            "LLaMA-Factory",
            "user or tool turns alternate with the assistant's, who has the last word",
            "export as trl or axolotl, or leave these examples out",
        )
    return {"system": "", "tools": "", **row, **own_field(example)}


def _conversation(example: Example, name: str) -> Record:
    system, turns = split_system(example, name)
    row: Record = {"conversations": [_turn(example, turn, name) for turn in turns]}
    if example["kind"] == "preference":
        for part in ("chosen", "rejected"):
            row[part] = _turn(example, only_answer(example, part, name), name)
    if system:
        row["system"] = system
    if example.get("tools"):
        row["tools"] = example["tools"]
    return row


def _turn(example: Example, turn: Message, name: str) -> Record:
    kept = {key: turn.get(key) for key in ("name", "tool_call_id") if turn.get(key)}
    calls = parsed(turn.get("tool_calls"))
    if not calls:
        return {"from": _SPEAKERS[turn["role"]], "value": turn["content"], **kept}
    plain = _plain_calls(calls)
    if turn["content"] or turn["role"] != "assistant" or plain is None:
        raise cannot_hold(example, name, "a tool call beside other text, or unnamed")
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


def _dataset_info(made: Made) -> dict[str, str]:
    pair = made.kind == "preference"
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    if pair:
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    info = {
        f"{made.name}_{split}": {
            "file_name": file,
            "formatting": "sharegpt",
            **({"ranking": True} if pair else {}),
            "columns": columns,
            "tags": _TAGS,
        }
        for split, file in made.files.items()
    }
    return {"dataset_info.json": json.dumps(info, indent=2, ensure_ascii=False) + "\n"}


FORMATS = (
    Format("sharegpt", "ShareGPT: conversations of from and value", sharegpt_row),
    Format(
        "llamafactory",
        "LLaMA-Factory: a folder of data and dataset_info.json",
        llamafactory_row,
        files=_dataset_info,
    ),
)
