"""OpenAI's and Azure OpenAI's fine-tuning files, with the rules that both publish.

Sources: the OpenAI guides "Supervised fine-tuning" and "Direct preference optimization" and the
cookbook's "Data preparation and analysis for chat model fine-tuning"; Azure's "Customize a model
with fine-tuning" (UTF-8 with a byte-order mark, under 512 MB) and its page on preference data.
No field of ours is added, because the services refuse what they do not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from workbench.errors import InputError
from workbench.examples import Example, Message
from workbench.formats.fields import parsed
from workbench.formats.writers.layout import Format, Limits, Record, breaks_rule, plain_turns

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_BYTES = 512 * 10**6

Refuse = Callable[[str, str], InputError]


def _row_of(provider: str) -> Callable[[Example], Record]:
    """Return the writer of rows for OpenAI or for Azure, whose rules for pairs differ."""

    def row(example: Example) -> Record:
        def refuse(rule: str, remedy: str) -> InputError:
            return breaks_rule(example, provider, rule, remedy)

        tools = _tools(example, refuse)
        turns = _turns(example["messages"], refuse, example)
        if example["kind"] == "sft":
            if turns[-1]["role"] != "assistant":
                raise refuse("the last message is the assistant's", "drop rows without an answer")
            return {"messages": turns, **tools}
        if turns[-1]["role"] not in ("user", "tool"):
            raise refuse("the input ends with the user's or a tool's message", "move the answer out of it")
        answers = [
            _answer(messages or [], part, provider, refuse)
            for part, messages in (("chosen", example.get("chosen")), ("rejected", example.get("rejected")))
        ]
        return {
            "input": {"messages": turns, **tools},
            "preferred_output": answers[0],
            "non_preferred_output": answers[1],
        }

    return row


def _answer(messages: list[Message], part: str, provider: str, refuse: Refuse) -> list[Record]:
    turns = _turns(messages, refuse)
    roles = [turn["role"] for turn in turns]
    if provider == "OpenAI" and roles != ["assistant"]:
        raise refuse(f"'{part}' is exactly one message of the assistant", "keep only the last answer")
    if "assistant" not in roles or set(roles) - {"assistant", "tool"}:
        raise refuse(f"'{part}' has only messages of the assistant and of tools", "take the others out")
    return turns


def _turns(messages: list[Message], refuse: Refuse, example: Example | None = None) -> list[Record]:
    turns = _numbered(plain_turns(messages))
    open_calls: set[str] = set()
    for message, turn in zip(messages, turns, strict=True):
        if turn["role"] != "tool" and open_calls:
            raise refuse("every tool call is followed by its tool's answer", "add the missing tool messages")
        if turn.get("name") and not _NAME.fullmatch(turn["name"]):
            raise refuse("a name has 1 to 64 letters, digits, - or _", "rename the speaker")
        if turn["role"] == "tool":
            if turn.get("tool_call_id") not in open_calls:
                raise refuse("a tool's answer names the call it answers", "give it that tool_call_id")
            open_calls.discard(turn["tool_call_id"])
        elif turn.get("tool_calls"):
            open_calls = _call_ids(message, turn["tool_calls"], refuse)
        elif not turn["content"]:
            raise refuse("no message is empty", "drop the row, or fill the message")
    for index, weight in _weights(example).items():
        if index < len(turns) and turns[index]["role"] == "assistant":
            turns[index]["weight"] = weight
    return turns


def unnumbered(example: Example) -> str | None:
    """Say when a row has tool calls and not one id, so that ids are made up for it."""
    turns = plain_turns(example["messages"])
    if any(turn.get("tool_calls") for turn in turns) and _numbered(turns) != turns:
        return "rows had tool calls without ids; they were numbered call_1, call_2, …"
    return None


def _numbered(turns: list[Record]) -> list[Record]:
    """Number the calls, and their answers in order, where not one of them has an id.

    ShareGPT's and Vertex's files have no ids, and these services refuse calls without.
    """
    calls = [call for turn in turns for call in _call_list(turn)]
    ids = [call.get("id") for call in calls] + [turn.get("tool_call_id") for turn in turns]
    if not calls or any(ids):
        return turns
    count = 0
    waiting: list[str] = []
    numbered: list[Record] = []
    for turn in turns:
        made = []
        for call in _call_list(turn):
            count += 1
            made.append({**call, "id": f"call_{count}"})
        waiting += [call["id"] for call in made]
        answers = {"tool_call_id": waiting.pop(0)} if turn["role"] == "tool" and waiting else {}
        numbered.append({**turn, **({"tool_calls": made} if made else {}), **answers})
    return numbered


def _call_list(turn: Record) -> list[Record]:
    calls = turn.get("tool_calls")
    return calls if isinstance(calls, list) and all(isinstance(call, dict) for call in calls) else []


def _call_ids(message: Message, calls: object, refuse: Refuse) -> set[str]:
    if message["role"] != "assistant" or not isinstance(calls, list):
        raise refuse("tool calls are a list in an assistant's message", "repair the row")
    ids: set[str] = set()
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise refuse("a tool call has a function with a name", "repair the row")
        if not isinstance(call.get("id"), str) or not call["id"] or call["id"] in ids:
            raise refuse("every tool call has an id of its own", "number the calls, also in tool_call_id")
        if call.get("type") != "function" or not _is_json_object(function.get("arguments")):
            raise refuse(
                'a tool call has type "function" and its arguments as the text of a JSON object',
                "repair the row",
            )
        ids.add(call["id"])
    return ids


def _is_json_object(arguments: object) -> bool:
    try:
        return isinstance(arguments, str) and isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _tools(example: Example, refuse: Refuse) -> Record:
    tools = parsed(example.get("tools"))
    extra = _meta(example).get("parallel_tool_calls")
    kept = {"parallel_tool_calls": extra} if isinstance(extra, bool) else {}
    if not tools:
        return kept
    named = isinstance(tools, list) and all(
        isinstance(tool, dict)
        and tool.get("type") == "function"
        and isinstance(tool.get("function"), dict)
        and _NAME.fullmatch(str(tool["function"].get("name", "")))
        for tool in tools
    )
    if not named:
        raise refuse('tools are a list of {"type": "function", "function": {"name", …}}', "rewrite the tools")
    return {"tools": tools, **kept}


def _weights(example: Example | None) -> dict[int, int]:
    """Return the weights 0 or 1 of single messages that an import kept in meta."""
    fields = _meta(example).get("message_fields") if example else None
    found = fields.items() if isinstance(fields, dict) else []
    return {
        int(index): int(values["weight"])
        for index, values in found
        if index.isdigit() and isinstance(values, dict) and values.get("weight") in (0, 1)
    }


def _meta(example: Example | None) -> dict[str, Any]:
    meta = parsed(example.get("meta")) if example else None
    return meta if isinstance(meta, dict) else {}


FORMATS = (
    Format(
        "openai",
        "OpenAI fine-tuning: messages, or input and two outputs",
        _row_of("OpenAI"),
        limits=Limits("OpenAI", least_rows=10, most_bytes=_BYTES),
        notice=unnumbered,
    ),
    Format(
        "azure",
        "Azure OpenAI fine-tuning: as OpenAI, with a byte-order mark",
        _row_of("Azure OpenAI"),
        suffixes=(".jsonl",),
        mark=b"\xef\xbb\xbf",
        limits=Limits("Azure OpenAI", least_rows=10, most_bytes=_BYTES),
        notice=unnumbered,
    ),
)
