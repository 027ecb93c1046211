"""What one row is: the schema, its validation, and its id.

An example is a plain ``dict`` while it is in Python and a row of `SCHEMA` on disk. Its id
is a hash of the normalised content, so importing the same row again gives the same id and
a decision made about it still holds in every later version.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any, TypedDict

import pyarrow as pa

from workbench.errors import InputError

ROLES = ("system", "user", "assistant", "tool")
_ROLE_OF = {**{role: role for role in ROLES}, "developer": "system", "function": "tool"}
KINDS = ("sft", "preference")

MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("content", pa.string()),
        ("name", pa.string()),
        ("tool_calls", pa.string()),
        ("tool_call_id", pa.string()),
    ]
)
SOURCE = pa.struct([("file", pa.string()), ("line", pa.int64())])
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("kind", pa.string()),
        ("messages", pa.list_(MESSAGE)),
        ("chosen", pa.list_(MESSAGE)),
        ("rejected", pa.list_(MESSAGE)),
        ("tools", pa.string()),
        ("source", SOURCE),
        ("label", pa.string()),
        ("group", pa.string()),
        ("tags", pa.list_(pa.string())),
        ("weight", pa.float64()),
        ("split", pa.string()),
        ("meta", pa.string()),
    ]
)


class Message(TypedDict, total=False):
    """One turn. ``tool_calls`` is JSON text, or None."""

    role: str
    content: str
    name: str | None
    tool_calls: str | None
    tool_call_id: str | None


class Example(TypedDict, total=False):
    """One row, in the shape of `SCHEMA`. ``tools`` and ``meta`` are JSON text, or None."""

    id: str
    kind: str
    messages: list[Message]
    chosen: list[Message] | None
    rejected: list[Message] | None
    tools: str | None
    source: dict[str, Any]
    label: str | None
    group: str | None
    tags: list[str]
    weight: float
    split: str | None
    meta: str | None


def message(raw: object) -> Message:
    """Check one message of any chat format and return it in our shape.

    Accepts ``content`` as text, as None beside tool calls, or as a list of text parts
    (joined). Raises `InputError` whose ``what`` names the fault, never the text.
    """
    if not isinstance(raw, dict):
        raise InputError("a message is not an object", remedy='write {"role": …, "content": …}')
    given = raw.get("role")
    role = _ROLE_OF.get(given) if isinstance(given, str) else None
    if role is None:
        raise InputError("a message has an unknown role", remedy=f"use one of {', '.join(ROLES)}")
    tool_calls, name, call_id = raw.get("tool_calls"), raw.get("name"), raw.get("tool_call_id")
    return {
        "role": role,
        "content": _content_text(raw.get("content"), allow_none=bool(tool_calls)),
        "name": None if name is None else _text_or_none(name),
        "tool_calls": None if tool_calls is None else _json_or_none(tool_calls),
        "tool_call_id": None if call_id is None else _text_or_none(call_id),
    }


def make_example(
    kind: str,
    messages: list[Message],
    *,
    chosen: list[Message] | None = None,
    rejected: list[Message] | None = None,
    tools: object = None,
    label: object = None,
    group: object = None,
    tags: list[str] | None = None,
    weight: float = 1.0,
    meta: dict[str, Any] | None = None,
) -> Example:
    """Build a valid example without its ``source``; the id is its content hash.

    For ``kind="preference"`` the ``messages`` are the prompt, and ``chosen`` and
    ``rejected`` the answers (each a non-empty list of messages). An SFT row may lack an
    answer, so that a reference of bare questions can be imported; the quality step proposes
    to drop it. Raises `InputError`.
    """
    if kind not in KINDS:
        raise InputError(f"unknown kind of example '{kind}'", remedy=f"use one of {KINDS}")
    if not messages:
        raise InputError("the list of messages is empty", remedy="give at least one user message")
    if kind == "preference" and not (chosen and rejected):
        raise InputError("chosen or rejected is empty", remedy="give both answers")
    example: Example = {
        "kind": kind,
        "messages": messages,
        "chosen": chosen,
        "rejected": rejected,
        "tools": _json_or_none(tools),
        "label": _text_or_none(label),
        "group": _text_or_none(group),
        "tags": list(tags or []),
        "weight": float(weight),
        "split": None,
        "meta": json.dumps(meta, ensure_ascii=False, sort_keys=True, default=str) if meta else None,
    }
    example["id"] = content_id(example)
    return example


def content_id(example: Example) -> str:
    """Return 24 hex digits of SHA-256 over the normalised content.

    Content is kind, messages, chosen, rejected and tools, in Unicode NFC with outer white
    space removed; source, label, tags and weight are not part of it.
    """
    content = [
        example["kind"],
        _canonical(example["messages"]),
        _canonical(example.get("chosen") or []),
        _canonical(example.get("rejected") or []),
        example.get("tools") or "",
    ]
    data = _as_text(content)
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def parts(example: Example) -> list[tuple[str, int, Message]]:
    """List every message of a row as ``(part, index, message)``; part names a column."""
    columns = (
        ("messages", example["messages"]),
        ("chosen", example.get("chosen") or []),
        ("rejected", example.get("rejected") or []),
    )
    return [(name, index, entry) for name, turns in columns for index, entry in enumerate(turns)]


def prompt_text(example: Example) -> str:
    """Join the user's turns: what the example asks."""
    return "\n".join(m["content"] for m in example["messages"] if m["role"] == "user")


def answer_text(example: Example) -> str:
    """Join the assistant's turns (for a preference pair, the chosen answer)."""
    answers = example.get("chosen") or example["messages"]
    return "\n".join(m["content"] for m in answers if m["role"] == "assistant")


def full_text(example: Example) -> str:
    """Join all turns with their roles, chosen answer included: what a reader sees."""
    turns = [*example["messages"], *(example.get("chosen") or [])]
    return "\n".join(f"{m['role']}: {m['content']}" for m in turns)


_as_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def columns_of(rows: pa.RecordBatch | list[Example]) -> pa.RecordBatch:
    """Examples as one record batch of `SCHEMA`; a batch is given back as it is."""
    if isinstance(rows, pa.RecordBatch):
        return rows
    return pa.RecordBatch.from_pylist(list(rows), SCHEMA)


def _canonical(messages: list[Message]) -> list[list[str]]:
    return [
        [
            m["role"],
            _normal(m["content"]),
            m.get("tool_calls") or "",
            m.get("tool_call_id") or "",
        ]
        for m in messages
    ]


def _normal(text: str) -> str:
    """Return text in NFC without outer white space; ASCII is in NFC as it is."""
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def _content_text(content: object, *, allow_none: bool) -> str:
    if isinstance(content, str):
        return _storable(content)
    if content is None and allow_none:
        return ""
    if isinstance(content, list):
        texts = [p.get("text") for p in content if isinstance(p, dict) and p.get("type") == "text"]
        if len(texts) == len(content) and all(isinstance(t, str) for t in texts):
            return _storable("\n".join(str(t) for t in texts))
        raise InputError("a message has a part that is not text", remedy="remove images and audio")
    raise InputError("the content of a message is not text", remedy="write the content as a string")


def _storable(text: str) -> str:
    """Replace lone surrogates, which no UTF-8 file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def _text_or_none(value: object) -> str | None:
    return None if value is None or value == "" else _storable(str(value))


def _json_or_none(value: object) -> str | None:
    """Return JSON text in one form, so that the same calls give the same id however they came."""
    if value is None or value == [] or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return _storable(str(value))
    return _storable(json.dumps(value, ensure_ascii=False, sort_keys=True))
