"""OpenAI chat messages: ``{"messages": [{"role", "content"}, …], "tools": […]}``.

Source: https://platform.openai.com/docs/api-reference/chat (also the TRL and Mistral form).
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import Record, extras, is_turns, objects, parsed, tools

NAME = "openai_messages"
TITLE = "Chat messages with role and content (OpenAI, TRL, Hugging Face)"

_MESSAGE_FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id", "function_call")


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
        if (left := {k: v for k, v in turn.items() if k not in _MESSAGE_FIELDS and v is not None})
    }


def _with_tool_calls(turn: Record) -> Record:
    call = turn.get("function_call")
    if call is None or turn.get("tool_calls"):
        return {**turn, "tool_calls": parsed(turn.get("tool_calls"))}
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        raise InputError("a function call has no name", remedy='write {"name": …, "arguments": …}')
    return {**turn, "tool_calls": [{"type": "function", "function": call}]}
