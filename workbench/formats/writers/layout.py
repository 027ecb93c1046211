"""What a format that is written consists of, and the words its modules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import InputError
from workbench.examples import Example, Message
from workbench.formats.fields import parsed

Record = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a provider publishes about a whole file; None where it sets no limit."""

    provider: str = ""
    least_rows: int | None = None
    most_rows: int | None = None
    most_bytes: int | None = None


@dataclass(frozen=True)
class Made:
    """What was written to a folder: the data set's name, the rows' kind, rows by split."""

    name: str
    kind: str
    rows: dict[str, int]
    files: dict[str, str]


@dataclass(frozen=True)
class Format:
    """One format to write.

    ``row`` turns an example into what is written and raises `InputError` for one that the
    format or its provider's published rules refuse. ``notice`` names something that is
    allowed and worth a warning. With ``files`` the format is a folder: a data file for each
    split at ``data_file`` and the texts that ``files`` returns by name.
    """

    name: str
    title: str
    row: Callable[[Example], Mapping[str, Any]]
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")
    mark: bytes = b""
    limits: Limits = field(default_factory=Limits)
    notice: Callable[[Example], str | None] | None = None
    schema: Callable[[str], Any] | None = None
    mixed: bool = False
    data_file: str = "{split}.jsonl"
    files: Callable[[Made], dict[str, str]] | None = None


def plain_turns(messages: list[Message] | None) -> list[Record]:
    """Return messages as plain objects without empty fields; tool calls as objects."""
    return [
        {
            name: parsed(value) if name == "tool_calls" else value
            for name, value in turn.items()
            if value is not None
        }
        for turn in messages or []
    ]


def plain_tools(example: Example) -> Record:
    """Return ``{"tools": …}`` as objects, or nothing."""
    return {"tools": parsed(example["tools"])} if example.get("tools") else {}


def split_system(example: Example, name: str) -> tuple[str, list[Message]]:
    """Return the leading system text and the turns after it; an empty one has no place."""
    turns = example["messages"]
    if turns[0]["role"] != "system":
        return "", turns
    if not turns[0]["content"]:
        raise cannot_hold(example, name, "an empty system message")
    return turns[0]["content"], turns[1:]


def only_answer(example: Example, part: str, name: str) -> Message:
    """Return the one message of ``chosen`` or ``rejected``; several have no place."""
    answer = (example.get("chosen") if part == "chosen" else example.get("rejected")) or []
    if len(answer) != 1:
        raise cannot_hold(example, name, f"several messages as '{part}'")
    return answer[0]


def cannot_hold(example: Example, name: str, what: str, remedy: str = "") -> InputError:
    """Say that a format has no place for something in an example, naming its id only."""
    return InputError(
        f"the format {name} cannot hold {what}",
        where=f"example {example.get('id', '')}",
        remedy=remedy or "export as messages, or leave these examples out",
    )


def breaks_rule(example: Example, provider: str, rule: str, remedy: str) -> InputError:
    """Say which published rule of a provider an example breaks, naming its id only."""
    return InputError(f"{provider} asks that {rule}", where=f"example {example.get('id', '')}", remedy=remedy)
