"""Replacements in the form that their places allow, and the proof that the row is still whole."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from workbench.scrubbing.code_text import Block, blocks, is_bare, is_python, looks_python, parses
from workbench.scrubbing.fields import Field
from workbench.scrubbing.json_text import escaped, leaves
from workbench.scrubbing.mentions import Mention
from workbench.scrubbing.operators import counted

NO_PYTHON = "with this value replaced the Python code would no longer parse"
NO_JSON = "with this value replaced the JSON would no longer parse"
KEY = "the value is a key of JSON"
CELLS = "the value goes over several cells of a table"
_URL_BEFORE = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>\"')\]]*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A mention and what stands in its place, escaped as it must be; or why nothing can."""

    mention: Mention
    replacement: str
    reason: str = ""


def fitted(fields: Sequence[Field], placed: Sequence[Placed]) -> list[Placed]:
    """The same items in order, each replacement in the form of its place."""
    by_field: dict[int, list[int]] = {}
    for index, item in enumerate(placed):
        by_field.setdefault(item.mention.field, []).append(index)
    result = list(placed)
    for number, indices in by_field.items():
        fit = _fitted(fields[number], [placed[index] for index in indices])
        for index, item in zip(indices, fit, strict=True):
            result[index] = item
    return result


def with_edits(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """A text with edits made; they must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end, new in sorted(edits):
        pieces += (text[position:start], new)
        position = end
    return "".join((*pieces, text[position:]))


def _fitted(field: Field, items: list[Placed]) -> list[Placed]:
    code = _code(field)
    plain = [_in_form(field, item, code) for item in items]
    if _is_whole(field, plain, code):
        return plain
    named = [_as_name(item) if item.mention.place != "number" else item for item in plain]
    if _is_whole(field, named, code):
        return named
    reason = NO_PYTHON if code else NO_JSON
    return [replace(item, reason=reason) for item in plain]


def _code(field: Field) -> tuple[Block, ...]:
    """The blocks of code of a field's value."""
    if field.is_code:
        return (Block(0, len(field.value), ""),)
    if field.field != "content" or field.path:
        return ()
    found = blocks(field.value)
    if not found and looks_python(field.value):
        return (Block(0, len(field.value), "python"),)
    return found


def _in_form(field: Field, item: Placed, code: Sequence[Block]) -> Placed:
    mention, new = item.mention, item.replacement
    standing = field.value[mention.start : mention.end]
    if mention.place == "key":
        return replace(item, reason=KEY)
    if mention.place == "number":
        return replace(item, replacement=number_form(standing, new))
    if mention.place == "name":
        return replace(item, replacement=name_form(new))
    block = next((b for b in code if b.start <= mention.start and mention.end <= b.end), None)
    if block is not None:
        return replace(item, replacement=_in_code(field.value[block.start : block.end], block, item))
    if "|" in standing and mention.place == "text":
        return replace(item, reason=CELLS)
    if mention.place == "json":
        return replace(item, replacement=escaped(new))
    if (
        " " in new
        and " " not in standing
        and _URL_BEFORE.search(field.value, max(0, mention.start - 300), mention.start)
    ):
        return replace(item, replacement=new.replace(" ", "-"))
    return item


def _in_code(code: str, block: Block, item: Placed) -> str:
    mention, new = item.mention, item.replacement
    start, end = mention.start - block.start, mention.end - block.start
    if mention.place == "json":
        return escaped(new)
    if not is_bare(code, start, end, python=is_python(block, code)):
        return re.sub(r"[\"'`\\\r\n]", " ", new) if not set(code[start:end]) & set("\"'`\\") else new
    if re.fullmatch(r"[\d._-]+", code[start:end]):
        return number_form(code[start:end], new)
    return name_form(new)


def _as_name(item: Placed) -> Placed:
    return replace(item, replacement=name_form(item.replacement))


def number_form(literal: str, new: str) -> str:
    """The digits of a replacement in the form of a number; a counted number when they do not fit."""
    if re.fullmatch(r"-?(?:\d|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", new) and len(new) == len(literal):
        return new
    digits = re.sub(r"\D", "", new)
    if digits[:1] not in ("", "0") and len(digits) == sum(map(str.isdigit, literal)):
        spare = iter(digits)
        return "".join(next(spare) if c.isdigit() else c for c in literal)
    number = re.search(r"_(\d{1,4})>", new)
    return counted(literal, int(number[1]) if number else 1)


def name_form(new: str) -> str:
    """A replacement as an identifier: ASCII letters, digits and ``_``, no digit first."""
    plain = unicodedata.normalize("NFKD", new).encode("ascii", "ignore").decode()
    name = re.sub(r"\W+", "_", plain).strip("_")
    return name if name and not name[0].isdigit() else f"_{name}".rstrip("_") or "redacted"


def _is_whole(field: Field, items: Sequence[Placed], code: Sequence[Block]) -> bool:
    """Whether JSON and Python of a value still parse with the edits made, where they did before."""
    live = sorted((item for item in items if not item.reason), key=lambda item: item.mention.start)
    for start, end in field.json_regions:
        edits = _within(live, start, end)
        if edits and not _same_shape(field.value[start:end], with_edits(field.value[start:end], edits)):
            return False
    for block in code:
        before = field.value[block.start : block.end]
        edits = _within(live, block.start, block.end)
        if edits and is_python(block, before) and not parses(with_edits(before, edits)):
            return False
    return True


def _within(items: Sequence[Placed], start: int, end: int) -> list[tuple[int, int, str]]:
    """The edits between two places; the items are in the order of the text."""
    first = bisect_left(items, start, key=lambda item: item.mention.start)
    inside = takewhile(lambda item: item.mention.start < end, islice(items, first, None))
    return [
        (item.mention.start - start, item.mention.end - start, item.replacement)
        for item in inside
        if item.mention.end <= end
    ]


def _same_shape(before: str, after: str) -> bool:
    old, new = leaves(before), leaves(after)
    if old is None or new is None:
        return False
    return [(a.path, a.is_number) for a in old] == [(b.path, b.is_number) for b in new]
