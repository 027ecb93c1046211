"""The readable texts of a row, each with the way back to where it stands.

A detector reads `Field.text`; an edit is written in the offsets of `Field.value`. For a
message's content these differ where JSON within it writes characters as escapes; for a leaf
of JSON the text begins with the words of its key, because "ssn: 536 90 1234" says more than
the digits do.

Not read: keys of JSON objects, the names and types in tool schemas, ids of tool calls, and
the name of the source file; what stands there is never changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from workbench.examples import Example, Message, parts
from workbench.personal_data.spans import Span
from workbench.scrubbing.code_text import fenced, is_program
from workbench.scrubbing.json_text import NESTED, Leaf, Offsets, Path, decoded, leaves, regions

MARKS = "pseudonyms"
FORMER_ID = "edited_from"
ID_FORM = r"[0-9a-f]{24}(?:-\d+)?"
MARK_FORM = r"[0-9a-f]{8}"
SHORTEST_NUMBER = 6
_CALL_KEYS = ("id", "type", "index", "name")
_ARGUMENTS = {"arguments", "parameters", "input", "args"}
_SCHEMA_KEYS = ("name", "type", "required", "format", "pattern", "$ref", "$id", "$schema", "$comment")
_VALUES = {"default", "example", "examples", "enum", "const"}
_CODE_KEYS = {"code", "script", "source_code", "sql", "program", "snippet", "source"}
_WORD_JOINT = re.compile(r"[_\-.\s]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Field:
    """One text of a row.

    ``part`` is a column of the row, ``message`` the index in it, ``field`` what of the message
    (``content``, ``name`` or ``tool_calls``; of other columns the column's name), ``path`` the
    way to a leaf of JSON. ``prefix`` counts the characters of ``text`` before the value;
    ``is_code`` says that it is all a program; ``code_regions`` are fenced blocks in offsets of ``text``, ``json_regions`` JSON within a
    content in offsets of ``value``. ``marks`` name the pseudonyms that earlier edits put into
    this row.
    """

    part: str
    message: int
    field: str
    path: Path
    text: str
    value: str
    role: str
    is_number: bool = False
    is_code: bool = False
    code_regions: tuple[tuple[int, int], ...] = ()
    json_regions: tuple[tuple[int, int], ...] = ()
    prefix: int = 0
    offsets: Offsets | None = None
    marks: frozenset[str] = frozenset()

    def place(self, span: Span) -> tuple[int, int] | None:
        """Start and end of a span of ``text`` in ``value``; None when nothing of it is there."""
        start, end = max(span.start - self.prefix, 0), min(span.end, len(self.text)) - self.prefix
        if self.offsets is not None and start < end:
            start, end = self.offsets.place(start), self.offsets.place(end)
        return (start, end) if start < end else None

    def locate(self, span: Span) -> dict[str, Any] | None:
        """The coordinates of a span of ``text`` as evidence has them; None when it is all prefix."""
        place = self.place(span)
        return None if place is None else self.coordinates(*place)

    def coordinates(self, start: int, end: int) -> dict[str, Any]:
        """The coordinates of ``value[start:end]`` as evidence has them."""
        where: dict[str, Any] = {"part": self.part, "message": self.message, "start": start, "end": end}
        if self.field in ("name", "tool_calls"):
            where["field"] = self.field
        if self.path:
            where["path"] = list(self.path)
        return where


def fields_of(example: Example) -> list[Field]:
    """Every readable text of a row: messages in order, then tools, meta, label, group and tags."""
    fields = [field for part, index, entry in parts(example) for field in _of_message(part, index, entry)]
    if example.get("tools"):
        fields += _of_json("tools", 0, "tools", str(example["tools"]), "tools")
    if example.get("meta"):
        fields += _of_json("meta", 0, "meta", str(example["meta"]), "meta")
    for part in ("label", "group"):
        if text := example.get(part):
            fields.append(_named(part, 0, part, str(text), part))
    for index, tag in enumerate(example.get("tags") or []):
        fields.append(_named("tags", index, "tags", tag, "tags"))
    marks = marks_of(example)
    return [replace(field, marks=marks) for field in fields] if marks else fields


def marks_of(example: Example) -> frozenset[str]:
    """What names the pseudonyms that earlier edits put into a row (see `workbench.scrubbing.marks`)."""
    meta = example.get("meta")
    if not meta or f'"{MARKS}"' not in meta:
        return frozenset()
    try:
        found = json.loads(meta).get(MARKS)
    except (ValueError, RecursionError, AttributeError):
        return frozenset()
    if not isinstance(found, list):
        return frozenset()
    return frozenset(mark for mark in found if isinstance(mark, str) and re.fullmatch(MARK_FORM, mark))


def is_former_id(value: object) -> bool:
    """Whether this is an id as an edit writes it into ``meta``; an imported row may have anything there."""
    return isinstance(value, str) and re.fullmatch(ID_FORM, value) is not None


def content_field(text: str, part: str = "messages", message: int = 0, role: str = "user") -> Field:
    """The content of a message, or any text by itself, as a field."""
    inside = regions(text)
    read, offsets = _read(text, inside)
    return Field(
        part,
        message,
        "content",
        (),
        read,
        text,
        role,
        is_code=is_program(text),
        code_regions=fenced(read),
        json_regions=inside,
        offsets=offsets,
    )


def _of_message(part: str, index: int, entry: Message) -> Iterator[Field]:
    role = entry["role"]
    if entry["content"]:
        yield content_field(entry["content"], part, index, role)
    name = entry.get("name")
    if name and role != "tool":
        yield _named(part, index, "name", name, role)
    if calls := entry.get("tool_calls"):
        yield from _of_json(part, index, "tool_calls", calls, role)


def _named(part: str, index: int, field: str, text: str, role: str) -> Field:
    """An identifier such as ``jane_doe``, read as the words it is made of."""
    return Field(part, index, field, (), text.replace("_", " "), text, role)


def _of_json(part: str, index: int, field: str, text: str, role: str) -> list[Field]:
    whole = leaves(text)
    if whole is None:
        return [replace(content_field(text, part, index, role), field=field)]
    return [
        _of_leaf(part, index, field, path, value, leaf, role)
        for path, value, leaf in _walked(text, whole)
        if not _is_skipped(field, path, value, leaf) and not _is_small(value, leaf)
    ]


@lru_cache(maxsize=256)
def _walked(text: str, whole: tuple[Leaf, ...], depth: int = 0) -> tuple[tuple[Path, str, Leaf], ...]:
    """Every leaf with its full path and its value as it is read, JSON in strings followed."""
    found: list[tuple[Path, str, Leaf]] = []
    for leaf in whole:
        literal = text[leaf.start : leaf.end]
        value = literal if leaf.is_number else decoded(literal)[0]
        inner = None if leaf.is_number or depth > 4 else leaves(value)
        if inner is None:
            found.append((leaf.path, value, leaf))
            continue
        for path, deep, deeper in _walked(value, inner, depth + 1):
            found.append(((*leaf.path, NESTED, *path), deep, deeper))
    return tuple(found)


def _of_leaf(part: str, index: int, field: str, path: Path, value: str, leaf: Leaf, role: str) -> Field:
    key = next((step for step in reversed(path) if isinstance(step, str) and step != NESTED), "")
    words = " ".join(word for word in _WORD_JOINT.split(key[:60]) if word).lower()
    prefix = f"{words}: " if words else ""
    is_code = key.lower() in _CODE_KEYS and field == "tool_calls"
    return Field(
        part, index, field, path, prefix + value, value, role, leaf.is_number, is_code, prefix=len(prefix)
    )


def _is_small(value: str, leaf: Leaf) -> bool:
    """A number with too few digits to be anybody's."""
    return leaf.is_number and sum(map(str.isdigit, value)) < SHORTEST_NUMBER


def _is_skipped(field: str, path: Path, value: str, leaf: Leaf) -> bool:
    last = next((step for step in reversed(path) if isinstance(step, str)), "")
    if field == "meta":
        return not leaf.is_number and _is_own_meta(path, value)
    if field == "tool_calls":
        return last in _CALL_KEYS and not _ARGUMENTS.intersection(path)
    return last in _SCHEMA_KEYS and not _VALUES.intersection(path)


def _is_own_meta(path: Path, value: str) -> bool:
    if path == (FORMER_ID,):
        return is_former_id(value)
    return path[:1] == (MARKS,) and len(path) == 2 and re.fullmatch(MARK_FORM, value) is not None


def _read(text: str, inside: tuple[tuple[int, int], ...]) -> tuple[str, Offsets | None]:
    """A content as it is read: escapes of the JSON in it are undone."""
    if "\\" not in text or not inside:
        return text, None
    pieces, read, standing = [], [0], [0]
    position = length = 0
    for start, end in inside:
        pieces.append(text[position:start])
        length += start - position
        value, offsets = decoded(text[start:end])
        for a, b in zip(*((offsets.read, offsets.standing) if offsets else ((), ())), strict=True):
            read.append(length + a)
            standing.append(start + b)
        pieces.append(value)
        length += len(value)
        position = end
        read.append(length)
        standing.append(end)
    pieces.append(text[position:])
    return "".join(pieces), Offsets(tuple(read), tuple(standing))
