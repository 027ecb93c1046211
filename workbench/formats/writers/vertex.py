"""Google Vertex AI's tuning files for Gemini, supervised and for preferences.

Sources: the Vertex AI pages "Prepare supervised fine-tuning data for Gemini models", "About
supervised fine-tuning for Gemini models" (limits) and "Prepare preference tuning data for Gemini
models". Calls have a name and arguments there, and no ids: reading back numbers them.
"""

from __future__ import annotations

import json

from workbench.examples import Example, Message
from workbench.formats.fields import parsed
from workbench.formats.writers.layout import (
    Format,
    Limits,
    Record,
    breaks_rule,
    cannot_hold,
    only_answer,
    split_system,
)

_NAME, _PROVIDER = "vertex", "Vertex AI"


def vertex_row(example: Example) -> Record:
    """Return ``systemInstruction`` and ``contents``, for a pair with two ``completions``."""
    system, turns = split_system(example, _NAME)
    contents = _contents(example, turns)
    roles = [content["role"] for content in contents]
    pair = example["kind"] == "preference"
    if roles != (["user", "model"] * len(roles))[: len(roles)] or len(roles) % 2 != int(pair):
        last = "the user" if pair else "the model"
        raise breaks_rule(
            example,
            _PROVIDER,
            f"user and model alternate, the user first and {last} last",
            "join turns of one speaker, or leave these examples out",
        )
    key = "system_instruction" if pair else "systemInstruction"
    row: Record = {key: {"role": "system", "parts": [{"text": system}]}} if system else {}
    row["contents"] = contents
    if pair:
        row["completions"] = [
            {"score": score, "completion": _completion(example, part)}
            for score, part in ((1, "chosen"), (0, "rejected"))
        ]
    return {**row, **_tools(example, pair)}


def _contents(example: Example, turns: list[Message]) -> list[Record]:
    contents: list[Record] = []
    called: dict[str, str] = {}
    waiting: list[str] = []
    answering = False
    for turn in turns:
        if turn.get("name") and turn["role"] != "tool":
            raise cannot_hold(example, _NAME, "names of speakers")
        if turn["role"] == "tool":
            name = called.get(turn.get("tool_call_id") or "") or (waiting[0] if waiting else "")
            if not waiting or name != waiting[0]:
                raise cannot_hold(example, _NAME, "answers of tools that are not in the calls' order")
            waiting.pop(0)
            part = {"functionResponse": {"name": name, "response": _response(turn["content"])}}
            if answering:
                contents[-1]["parts"].append(part)
            else:
                contents.append({"role": "user", "parts": [part]})
            answering = True
            continue
        answering = False
        if turn["role"] == "system":
            raise cannot_hold(example, _NAME, "a system message after the first")
        calls = _calls(example, turn)
        called |= {call_id: name for call_id, name, _ in calls if call_id}
        waiting = [name for _, name, _ in calls]
        contents.append({"role": "model" if turn["role"] == "assistant" else "user", "parts": []})
        contents[-1]["parts"] = _parts(example, turn, calls)
    return contents


def _parts(example: Example, turn: Message, calls: list[tuple[str, str, Record]]) -> list[Record]:
    texts: list[Record] = [{"text": turn["content"]}] if turn["content"] else []
    parts: list[Record] = [
        *texts,
        *({"functionCall": {"name": name, "args": args}} for _, name, args in calls),
    ]
    if not parts:
        raise breaks_rule(example, _PROVIDER, "no message is empty", "drop the row, or fill the message")
    return parts


def _calls(example: Example, turn: Message) -> list[tuple[str, str, Record]]:
    """Return id, name and arguments of a message's tool calls."""
    given = parsed(turn.get("tool_calls"))
    if not given:
        return []
    found: list[tuple[str, str, Record]] = []
    for call in given if isinstance(given, list) else [None]:
        given_call: Record = call if isinstance(call, dict) else {}
        function = given_call.get("function")
        arguments = parsed(function.get("arguments", {})) if isinstance(function, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if turn["role"] != "assistant" or not isinstance(name, str) or not isinstance(arguments, dict):
            raise cannot_hold(example, _NAME, "a tool call without a name or arguments as an object")
        found.append((str(given_call.get("id") or ""), name, arguments))
    return found


def _response(text: str) -> Record:
    """Return a tool's answer as the object that Vertex asks for, so that it reads back as it was."""
    value = parsed(text)
    plain = isinstance(value, dict) and json.dumps(value, ensure_ascii=False, sort_keys=True) == text
    if isinstance(value, dict) and plain and value.keys() != {"content"}:
        return {str(key): entry for key, entry in value.items()}
    return {"content": text}


def _completion(example: Example, part: str) -> Record:
    turn = only_answer(example, part, _NAME)
    if turn["role"] != "assistant" or turn.get("tool_calls") or not turn["content"]:
        raise breaks_rule(
            example, _PROVIDER, f"'{part}' is one text of the model", "leave these examples out"
        )
    return {"role": "model", "parts": [{"text": turn["content"]}]}


def _tools(example: Example, pair: bool) -> Record:
    tools = parsed(example.get("tools"))
    if not tools:
        return {}
    functions = [
        tool["function"]
        for tool in (tools if isinstance(tools, list) else [])
        if isinstance(tool, dict) and tool.keys() == {"type", "function"} and tool["type"] == "function"
    ]
    if pair or not isinstance(tools, list) or len(functions) != len(tools):
        raise cannot_hold(example, _NAME, "tools of a pair, or tools that are not plain functions")
    return {"tools": [{"functionDeclarations": functions}]}


FORMATS = (
    Format(
        _NAME,
        "Vertex AI: contents of parts, for Gemini",
        vertex_row,
        suffixes=(".jsonl",),
        limits=Limits(_PROVIDER, most_rows=1_000_000, most_bytes=10**9),
    ),
)
