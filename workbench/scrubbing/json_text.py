r"""JSON as text: where its leaves stand, and how an edit of one leaves all else as it is.

A parser gives values and loses places; a row must come out with the very bytes it had, but
for the edits. So leaves are known by their offsets, and a string is read decoded (``\u0040``
is ``@``) with a map back to the text that stands there.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

NESTED = "$json"
"""The path element that stands for: the string here is JSON itself."""

Path = tuple[str | int, ...]
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[-+0-9.eEA-Za-z]++', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_OPENING = re.compile(r'\{\s{0,200}"(?:[^"\\\n]|\\.){0,200}"\s{0,200}:|\[\s{0,200}(?:"|\{\s{0,200}"|\[)')
_NUMBER = re.compile(r"-?\d[\d.eE+-]*")
CACHED_CHARACTERS = 50_000
_unread: Callable[[str], int] = len
"""No number's value matters here, and Python refuses to read one of more than 4,300 digits."""

DEEPEST = 8


class Leaf(NamedTuple):
    """A string or number of a JSON text; of a string the offsets are those between the quotes."""

    path: Path
    start: int
    end: int
    is_number: bool


@dataclass(frozen=True, slots=True)
class Offsets:
    """A map from places in a text as it is read to places in the text as it stands."""

    read: tuple[int, ...]
    standing: tuple[int, ...]

    def place(self, position: int) -> int:
        """Where the character at ``position`` of the text that is read begins."""
        index = bisect_right(self.read, position) - 1
        return self.standing[index] + position - self.read[index]


def leaves(text: str) -> tuple[Leaf, ...] | None:
    """The strings and numbers of a JSON object or array in order, keys left out.

    None when the text is no object or array, or when a key comes twice in one object, since a
    path would not say which is meant.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return None
    return _cached(text) if len(text) <= CACHED_CHARACTERS else _cached_long(text)


def decoded(literal: str) -> tuple[str, Offsets | None]:
    """A JSON string without its quotes as it is read; the map is None when both are the same.

    A lone surrogate is read as U+FFFD: no file could hold it.
    """
    if "\\" not in literal:
        return literal, None
    pieces: list[str] = []
    read, standing, position, length = [0], [0], 0, 0
    for escape in _ESCAPE.finditer(literal):
        before = literal[position : escape.start()]
        length += len(before) + 1
        position = escape.end()
        pieces += (before, _character(escape.group()))
        read += (length - 1, length)
        standing += (escape.start(), position)
    pieces.append(literal[position:])
    return "".join(pieces), Offsets(tuple(read), tuple(standing))


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def raw_edits(
    text: str, path: Sequence[str | int], edits: Sequence[tuple[int, int, str]]
) -> list[tuple[int, int, str]]:
    """Edits of one leaf, in offsets of the leaf as it is read, as edits of the whole JSON text.

    Raises `LookupError` when there is no such leaf.
    """
    if not path:
        return list(edits)
    head, rest = _split(tuple(path))
    leaf = _by_path(text).get(head)
    if leaf is None:
        raise LookupError("no such leaf")
    if leaf.is_number:
        return [(leaf.start + start, leaf.start + end, new) for start, end, new in edits]
    value, offsets = decoded(text[leaf.start : leaf.end])
    inner = raw_edits(value, rest, edits) if rest else edits
    place = offsets.place if offsets else int
    return [(leaf.start + place(start), leaf.start + place(end), escaped(new)) for start, end, new in inner]


def regions(text: str) -> tuple[tuple[int, int], ...]:
    """Where JSON objects, and arrays that hold a text or an object, stand in a text.

    What `leaves` cannot tell apart (a key comes twice) is no JSON here but text like any other.
    Time is bounded: a text with many brackets that open no JSON is given up on.
    """
    if "{" not in text and "[" not in text:
        return ()
    decoder = json.JSONDecoder(parse_int=_unread, parse_float=_unread)
    found: list[tuple[int, int]] = []
    position, budget = 0, 4 * len(text) + 10_000
    while budget > 0 and (opening := _OPENING.search(text, position)):
        start = opening.start()
        try:
            value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            # Python's error counts the lines up to it, which costs by its place in the text.
            budget -= max(error.pos - start, 0) + error.pos // 50 + 20
            position = start + 1
            continue
        except RecursionError:
            break
        if _tells(value) and leaves(text[start:end]) is not None:
            found.append((start, end))
        position = end
    return tuple(found)


@lru_cache(maxsize=256)
def _cached(text: str) -> tuple[Leaf, ...] | None:
    return _leaves(text)


@lru_cache(maxsize=4)
def _cached_long(text: str) -> tuple[Leaf, ...] | None:
    return _leaves(text)


@lru_cache(maxsize=4)
def _by_path(text: str) -> Mapping[Path, Leaf]:
    return {leaf.path: leaf for leaf in leaves(text) or ()}


def _leaves(text: str) -> tuple[Leaf, ...] | None:
    try:
        json.loads(text, object_pairs_hook=_without_doubles, parse_int=_unread, parse_float=_unread)
    except (ValueError, RecursionError):
        return None
    found: list[Leaf] = []
    path: list[str | int | None] = []
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == "{":
            path.append(None)
        elif mark == "[":
            path.append(0)
        elif mark in "}]":
            path.pop()
        elif mark == ",":
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else None
        elif mark != ":":
            _take(mark, token.start(), path, found)
    return tuple(found)


def _take(mark: str, start: int, path: list[str | int | None], found: list[Leaf]) -> None:
    """A key goes into the path, a text or number among the leaves."""
    is_text = mark[0] == '"'
    if is_text and path[-1] is None:
        path[-1] = json.loads(mark)
    elif is_text:
        found.append(Leaf(_path(path), start + 1, start + len(mark) - 1, False))
    elif _NUMBER.fullmatch(mark):
        found.append(Leaf(_path(path), start, start + len(mark), True))


def _path(path: list[str | int | None]) -> Path:
    return tuple(step for step in path if step is not None)


def _without_doubles(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key comes twice")


def _split(path: Path) -> tuple[Path, Path]:
    if NESTED not in path:
        return path, ()
    cut = path.index(NESTED)
    return path[:cut], path[cut + 1 :]


def _character(escape: str) -> str:
    character: str = json.loads(f'"{escape}"')
    return "�" if "\ud800" <= character <= "\udfff" else character


def _tells(value: object) -> bool:
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, str | dict) for item in value)
