"""The word lists that the recognizer and its training share, kept in ``words.txt``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

LISTS = Path(__file__).parent / "words.txt"


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    lines = LISTS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return {name: tuple(text.split(", ")) for name, text in pairs}


def words(name: str) -> tuple[str, ...]:
    """The words of a list, in its order, those that stand there twice twice."""
    return _lists()[name]


def listed(name: str) -> frozenset[str]:
    """The words of a list as a set."""
    return frozenset(words(name))
