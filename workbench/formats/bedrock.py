"""Amazon Bedrock and Anthropic conversations: ``system`` beside ``messages`` of content blocks.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/preparing-text-data.html (schema
``bedrock-conversation-2024``) and the Converse API's content blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import Record, as_json, extras, is_turns, objects

NAME = "bedrock"
TITLE = "Amazon Bedrock conversations (schemaVersion, system, messages of content blocks)"

_BLOCKS = ("text", "toolUse", "toolResult")


def matches(record: Record) -> bool:
    """Say whether messages hold content blocks, or a system text stands beside them."""
    turns = record.get("messages")
    if not isinstance(turns, list) or not is_turns(turns, "role"):
        return False
    system, content = record.get("system"), turns[0].get("content")
    blocks = isinstance(content, list) and bool(content) and _is_block(content[0])
    beside = isinstance(system, str | list) and bool(system) and turns[0].get("role") != "system"
    return blocks or beside or isinstance(record.get("schemaVersion"), str)


def read(record: Record) -> Example:
    """Read one conversation; a tool's result becomes a message of the role tool."""
    turns = objects(record.get("messages"), "messages")
    config = record.get("toolConfig")
    specs = config.get("tools") if isinstance(config, dict) else None
    messages = [*_system(record.get("system")), *(found for turn in turns for found in _messages(turn))]
    return make_example(
        "sft",
        messages,
        tools=specs,
        **extras(record, "messages", "system", "schemaVersion", "toolConfig"),
    )


def _system(system: object) -> list[Message]:
    if system is None or system in ("", []):
        return []
    if isinstance(system, list):
        system = "\n".join(_text(block) for block in system)
    return [message({"role": "system", "content": system})]


def _messages(turn: Record) -> Iterator[Message]:
    content = turn.get("content")
    if not isinstance(content, list):
        yield message(turn)
        return
    results = [block["toolResult"] for block in content if isinstance(block, dict) and "toolResult" in block]
    calls = [block["toolUse"] for block in content if isinstance(block, dict) and "toolUse" in block]
    texts = [_text(block) for block in content if not isinstance(block, dict) or not _is_tool(block)]
    for result in results:
        yield message(
            {"role": "tool", "content": _result(result), "tool_call_id": _object(result).get("toolUseId")}
        )
    if texts or calls or not results:
        yield message(
            {
                "role": turn.get("role"),
                "content": "\n".join(texts),
                "tool_calls": [*map(_call, calls)] or None,
            }
        )


def _call(use: object) -> Record:
    given = _object(use)
    function = {"name": given.get("name"), "arguments": as_json(given.get("input", {}))}
    return {"id": given.get("toolUseId"), "type": "function", "function": function}


def _result(result: object) -> str:
    blocks = _object(result).get("content")
    if not isinstance(blocks, list):
        raise InputError("a tool result has no content", remedy='write {"content": [{"text": …}]}')
    return "\n".join(
        as_json(block["json"]) if isinstance(block, dict) and "json" in block else _text(block)
        for block in blocks
    )


def _text(block: object) -> str:
    text = block.get("text") if isinstance(block, dict) else block
    if not isinstance(text, str):
        raise InputError("a message has a part that is not text", remedy="remove images and audio")
    return text


def _object(value: object) -> Record:
    if not isinstance(value, dict):
        raise InputError("a tool block is not an object", remedy="repair the row")
    return value


def _is_block(block: object) -> bool:
    return isinstance(block, dict) and "type" not in block and any(name in block for name in _BLOCKS)


def _is_tool(block: Record) -> bool:
    return "toolUse" in block or "toolResult" in block
