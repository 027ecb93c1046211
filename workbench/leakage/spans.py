"""Where in a row the words of an item stand: what a reviewer sees marked beside the item."""

from __future__ import annotations

from typing import Any

from workbench.embedding import content_words
from workbench.examples import Example, parts
from workbench.leakage.matching import Passage
from workbench.leakage.words import is_number, placed_words, stem, words_of

MOST = 60


def spans_of(row: Example, item: str, size: int) -> list[dict[str, Any]]:
    """Places ``{part, message, start, end}`` of the item's runs of ``size`` words in the row.

    With ``size`` 1, of its words that carry meaning and its numbers. Neighbouring places
    are one; at most 60 are told.
    """
    wanted = _runs(words_of(item), size)
    spans: list[dict[str, Any]] = []
    for part, message, entry in parts(row):
        for start, end in _places(entry["content"], wanted, size):
            spans.append({"part": part, "message": message, "start": start, "end": end})
    return spans[:MOST]


def passage_text(text: str, passage: Passage) -> str:
    """The characters of a text that a passage of its words covers."""
    if passage.start >= passage.end:
        return ""
    placed = placed_words(text)
    whole = passage.start == 0 and passage.end == len(placed)
    return text if whole else text[placed[passage.start][1] : placed[passage.end - 1][2]]


def _runs(words: list[str], size: int) -> set[tuple[str, ...]]:
    if size == 1:
        return {(stem(word),) for word in words if is_number(stem(word)) or content_words(word)}
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def _places(text: str, wanted: set[tuple[str, ...]], size: int) -> list[tuple[int, int]]:
    placed = placed_words(text)
    words = [stem(word) if size == 1 else word for word, _, _ in placed]
    found: list[tuple[int, int]] = []
    last = -1
    for i in range(len(words) - size + 1):
        if tuple(words[i : i + size]) not in wanted:
            continue
        start, end = placed[i][1], placed[i + size - 1][2]
        if found and i <= last:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
        last = i + size
    return found
