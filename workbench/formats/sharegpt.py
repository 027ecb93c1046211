"""ShareGPT: ``{"conversations": [{"from": "human", "value": …}, …]}``, also with pairs.

Roles as in LLaMA-Factory's data/README.md: human, gpt, system, observation, function_call.
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import (
    Record,
    as_json,
    extras,
    first_present,
    is_turns,
    objects,
    parsed,
    system_messages,
    tools,
)

NAME = "sharegpt"
TITLE = "ShareGPT conversations (from/value), with tools or chosen/rejected (LLaMA-Factory)"

TURNS = ("conversations", "conversation")
ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "system": "system",
    "observation": "tool",
    "function_response": "tool",
    "function": "tool",
    "tool": "tool",
}


def matches(record: Record) -> bool:
    """Say whether ``conversations`` is a list of from/value or role/content turns."""
    name = first_present(record, TURNS)
    if name is None:
        return False
    paired = "chosen" in record and "rejected" in record
    return is_turns(record[name], "from", "role") or (paired and record[name] == [])


def read(record: Record) -> Example:
    """Read one conversation; with chosen and rejected it is the prompt of a pair."""
    name = first_present(record, TURNS) or TURNS[0]
    messages = [
        *system_messages(record, "system", "system_prompt"),
        *(turn_message(turn) for turn in objects(record.get(name), name)),
    ]
    used = [name, "system", "system_prompt", "tools"]
    chosen, rejected = record.get("chosen"), record.get("rejected")
    pair = chosen is not None or rejected is not None
    if pair:
        used += ["chosen", "rejected"]
    return make_example(
        "preference" if pair else "sft",
        messages,
        chosen=_answer(chosen, "chosen") if pair else None,
        rejected=_answer(rejected, "rejected") if pair else None,
        tools=tools(record),
        **extras(record, *used),
    )


def turn_message(turn: Record) -> Message:
    """Read one turn. A key ``tool_calls`` in it says more than the text of a call."""
    speaker = str(turn.get("from", turn.get("role"))).lower()
    if speaker not in ROLES:
        raise InputError("a turn has an unknown speaker", remedy=f"use one of {', '.join(ROLES)}")
    content = turn["value"] if "value" in turn else turn.get("content")
    calls = parsed(turn.get("tool_calls"))
    if speaker == "function_call":
        calls, content = calls or tool_calls(content), None
    return message(
        {
            "role": ROLES[speaker],
            "content": content,
            "name": turn.get("name"),
            "tool_calls": calls,
            "tool_call_id": turn.get("tool_call_id"),
        }
    )


def tool_calls(value: object) -> list[Record]:
    """Turn ``{"name", "arguments"}``, or a list of them, into tool calls as OpenAI writes them."""
    given = parsed(value)
    written = given if isinstance(given, list) else [given]
    calls = [call for call in written if isinstance(call, dict) and "name" in call]
    if not calls or len(calls) != len(written):
        raise InputError(
            "a function call is not an object with a name",
            remedy='write {"name": …, "arguments": {…}} as its value',
        )
    return [
        {
            "type": "function",
            "function": {"name": call["name"], "arguments": as_json(call.get("arguments", {}))},
        }
        for call in calls
    ]


def _answer(value: object, name: str) -> list[Message]:
    answer = parsed(value)
    turns = [answer] if isinstance(answer, dict) else answer
    if isinstance(value, str) and not is_turns(turns, "from", "role"):
        return [message({"role": "assistant", "content": value})]
    return [turn_message(turn) for turn in objects(turns, name)]
