"""What differs between a row and the row it is like: spans, and the template of the two.

Computed when somebody looks, from the rows themselves, so that findings need not carry text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TypedDict

from workbench.examples import Example, parts

WORD = re.compile(r"\S+")
LONGEST = 4000
SLOT = "{…}"


class Span(TypedDict):
    """Characters ``start`` to ``end`` of one message of a row."""

    part: str
    message: int
    start: int
    end: int


def differing_spans(row: Example, other: Example) -> list[Span]:
    """The words of ``row`` that ``other`` does not have at that place.

    A message is compared with the one in the same place, or, when there is none or it has
    another role, with nothing: then all of it differs. Words are aligned by
    `difflib.SequenceMatcher`; beyond ``LONGEST`` words a message counts as one difference
    from its first to its last word that differs.
    """
    found: list[Span] = []
    places = {(part, index): message for part, index, message in parts(other)}
    for part, index, message in parts(row):
        beside = places.get((part, index))
        same_role = beside is not None and beside["role"] == message["role"]
        against = beside["content"] if beside is not None and same_role else ""
        for start, end in _differing(message["content"], against):
            found.append({"part": part, "message": index, "start": start, "end": end})
    return found


def template_of(row: Example, other: Example) -> str:
    """The wording that two examples of one template share, with ``{…}`` where they differ."""
    lines = []
    spans = differing_spans(row, other)
    for part, index, message in parts(row):
        text = message["content"]
        own = [span for span in spans if (span["part"], span["message"]) == (part, index)]
        for span in reversed(own):
            text = text[: span["start"]] + SLOT + text[span["end"] :]
        lines.append(f"{message['role']}: {text}")
    return "\n".join(lines)


def _differing(text: str, against: str) -> Iterator[tuple[int, int]]:
    words, others = list(WORD.finditer(text)), WORD.findall(against)
    own = [word.group() for word in words]
    if own == others:
        return
    if max(len(own), len(others)) > LONGEST:
        start = next((i for i, (a, b) in enumerate(zip(own, others, strict=False)) if a != b), 0)
        yield words[min(start, len(words) - 1)].start(), words[-1].end()
        return
    for tag, start, end, _, _ in SequenceMatcher(None, own, others, autojunk=False).get_opcodes():
        if tag in ("replace", "delete"):
            yield words[start].start(), words[end - 1].end()
