"""What differs between two rows: spans of words, and the template that the two share.

Computed when somebody looks, from the rows themselves, so that findings need not carry text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from workbench.examples import Example, parts

WORDS = re.compile(r"\s+|\w+|[^\w\s]", re.UNICODE)
LONGEST = 6000
SLOT = "{…}"


class Piece(NamedTuple):
    """A run of characters of the left and of the right text; ``same`` when they are equal."""

    same: bool
    left: tuple[int, int]
    right: tuple[int, int]


def aligned(left: str, right: str) -> Iterator[Piece]:
    """Align two texts word by word; together the pieces are both texts.

    Source: Ratcliff/Obershelp matching as in `difflib`, over words, marks and white space.
    Texts of together more than ``LONGEST`` of these are one piece that differs.
    """
    old, new = WORDS.findall(left), WORDS.findall(right)
    if left == right or len(old) + len(new) > LONGEST:
        yield Piece(left == right, (0, len(left)), (0, len(right)))
        return
    places = [_places(old), _places(new)]
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield Piece(tag == "equal", (places[0][a], places[0][b]), (places[1][c], places[1][d]))


def changed_spans(before: Example, after: Example) -> list[dict[str, Any]]:
    """Where two rows differ, message by message.

    Each span is ``{part, message, before: [start, end], after: [start, end]}``, in
    characters of the message's content. Only messages of ``before`` are compared.
    """
    other = {(part, index): entry["content"] for part, index, entry in parts(after)}
    return [
        {"part": part, "message": index, "before": list(piece.left), "after": list(piece.right)}
        for part, index, entry in parts(before)
        if entry["content"] != other.get((part, index), "")
        for piece in aligned(entry["content"], other.get((part, index), ""))
        if not piece.same
    ]


def template_of(row: Example, other: Example) -> str:
    """The wording that two examples of one template share, with ``{…}`` where they differ."""
    texts = {(part, index): entry["content"] for part, index, entry in parts(other)}
    lines = []
    for part, index, entry in parts(row):
        text = entry["content"]
        pieces = aligned(text, texts.get((part, index), ""))
        shared = "".join(text[slice(*piece.left)] if piece.same else SLOT for piece in pieces)
        lines.append(f"{entry['role']}: {shared}")
    return "\n".join(lines)


def _places(words: list[str]) -> list[int]:
    places = [0]
    for word in words:
        places.append(places[-1] + len(word))
    return places
