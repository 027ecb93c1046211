"""What every reader does with a record: take texts and turns, and keep the rest.

Readers raise `InputError` without a place; `workbench.formats.read_examples` knows the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypedDict

from workbench.errors import InputError
from workbench.examples import Message, message

Record = dict[str, Any]

LABELS = ("label", "intent", "category", "topic")
_PLAIN, _HOLDERS = (str, int, float), (str, list, dict)
GROUPS = ("group", "conversation_id", "dialogue_id")


class Extras(TypedDict):
    """The parts of a record that are not its conversation, as `make_example` takes them."""

    label: str | None
    group: str | None
    meta: Record | None


def extras(record: Record, *used: str, label: object = None, group: object = None) -> Extras:
    """Return label, group and meta from the fields of ``record`` not in ``used``.

    The first field of `LABELS` and of `GROUPS` that holds a plain value is taken, unless
    one is given; everything else that is not empty goes to meta, where a field ``meta``
    that is itself an object is unfolded.
    """
    left = {key: value for key, value in record.items() if key not in used and not _is_empty(value)}
    taken_label = label if label is not None else _take_plain(left, LABELS)
    taken_group = group if group is not None else _take_plain(left, GROUPS)
    nested = left.get("meta")
    if isinstance(nested, dict):
        left = {**{key: value for key, value in left.items() if key != "meta"}, **nested}
    return {
        "label": None if taken_label is None else str(taken_label),
        "group": None if taken_group is None else str(taken_group),
        "meta": left or None,
    }


def text(record: Record, name: str) -> str:
    """Return the text of a field; raises `InputError` when it is missing or not text."""
    value = record.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    what = "is missing" if value is None else "is not text"
    raise InputError(f"the field '{name}' {what}", remedy=f"give '{name}' as a string")


def first_present(record: Record, names: Iterable[str]) -> str | None:
    """Return the first of ``names`` that the record has with a value other than null."""
    return next((name for name in names if record.get(name) is not None), None)


def parsed(value: object) -> object:
    """Return the list or object that a field holds as JSON text (as in CSV), else itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def as_json(value: object) -> str:
    """Return a value as JSON text in one form, and text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def is_turns(value: object, *keys: str) -> bool:
    """Say whether a field holds a list of objects, the first having one of ``keys``."""
    turns = parsed(value)
    if not isinstance(turns, list) or not turns or not isinstance(turns[0], dict):
        return False
    return any(key in turns[0] for key in keys)


def objects(value: object, name: str) -> list[Record]:
    """Return the list of objects in a field; raises `InputError` naming the field."""
    turns = parsed(value)
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise InputError(
            f"the field '{name}' is not a list of messages",
            remedy=f'give \'{name}\' as [{{"role": …, "content": …}}, …]',
        )
    return turns


def system_messages(record: Record, *names: str) -> list[Message]:
    """Return the system message that a field of its own holds, or none."""
    name = first_present(record, names or ("system",))
    if name is None or record[name] == "":
        return []
    return [message({"role": "system", "content": text(record, name)})]


def history_messages(history: object) -> list[Message]:
    """Return earlier ``[[user, assistant], …]`` turns as messages."""
    pairs = parsed(history)
    if pairs is None or pairs == "":
        return []
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise InputError(
            "the field 'history' is not a list of pairs",
            remedy="give it as [[question, answer], …]",
        )
    return [
        message({"role": role, "content": content})
        for pair in pairs
        for role, content in zip(("user", "assistant"), pair, strict=True)
    ]


def dialogue(turns: Iterable[tuple[str, object]]) -> list[Message]:
    """Turn ``(role, text)`` of a recorded dialogue into messages.

    A speaker's turns in a row become one message of several lines, because chat templates
    expect speakers to alternate.
    """
    messages: list[Message] = []
    for role, content in turns:
        turn = message({"role": role, "content": content})
        if messages and messages[-1]["role"] == turn["role"]:
            messages[-1]["content"] += "\n" + turn["content"]
        else:
            messages.append(turn)
    return messages


def tools(record: Record, *names: str) -> object:
    """Return the tools of a record as an object, also where they are JSON text."""
    name = first_present(record, names or ("tools",))
    return None if name is None else (parsed(record[name]) or None)


def _take_plain(left: Record, names: Iterable[str]) -> object:
    for name in names:
        if name in left and isinstance(left[name], _PLAIN):
            return left.pop(name)
    return None


def _is_empty(value: object) -> bool:
    return value is None or (not value and isinstance(value, _HOLDERS))
