"""OpenAI chat messages: ``{"messages": [{"role", "content"}, …], "tools": […]}``.

Source: https://platform.openai.com/docs/api-reference/chat (also the TRL and Mistral form).
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import Record, extras, is_turns, objects, parsed, tools

NAME = "openai_messages"
TITLE = "Chat messages with role and content (OpenAI, TRL, Hugging Face)"

_MESSAGE_FIELDS = frozenset(("role", "content", "name", "tool_calls", "tool_call_id", "function_call"))


def matches(record: Record) -> bool:
    """Say whether ``messages`` is a list of objects with a role."""
    return is_turns(record.get("messages"), "role")


def read(record: Record) -> Example:
    """Read one conversation. Fields of single messages (weight, refusal) go to meta."""
    turns = objects(record.get("messages"), "messages")
    rest = extras(record, "messages", "tools", "functions")
    unusual = message_extras(turns)
    if unusual:
        rest["meta"] = {**(rest["meta"] or {}), "message_fields": unusual}
    return make_example("sft", chat(turns), tools=tools(record, "tools", "functions"), **rest)


def chat(turns: list[Record]) -> list[Message]:
    """Read a list of role and content, with the older ``function_call`` as a tool call."""
    return [message(_with_tool_calls(turn)) for turn in turns]


def message_extras(turns: list[Record]) -> Record:
    """Return the fields of messages that our schema has no column for, by position."""
    return {
        str(index): left
        for index, turn in enumerate(turns)
        if not turn.keys() <= _MESSAGE_FIELDS
        and (left := {k: v for k, v in turn.items() if k not in _MESSAGE_FIELDS and v is not None})
    }


def _with_tool_calls(turn: Record) -> Record:
    call = turn.get("function_call")
    given = turn.get("tool_calls")
    if call is None or given:
        calls = parsed(given)
        return turn if calls is None else {**turn, "tool_calls": _without_nulls(calls)}
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        raise InputError("a function call has no name", remedy='write {"name": …, "arguments": …}')
    return {**turn, "tool_calls": [{"type": "function", "function": call}]}


def _without_nulls(calls: object) -> object:
    """Leave out the empty fields that a typed table gives every call."""
    if not isinstance(calls, list):
        return calls
    return [
        {name: value for name, value in call.items() if value is not None} if isinstance(call, dict) else call
        for call in calls
    ]
