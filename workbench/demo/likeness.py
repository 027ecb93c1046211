"""Shingle likeness: keeps the demo free of near duplicates that nobody planted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

LIMIT: Final = 0.65
"""Texts that were not planted as near duplicates stay below this Jaccard of word pairs."""

RUN: Final = 10
"""No run of this many words may be shared with a text that is kept apart."""

_WORD: Final = re.compile(r"\w+")


def word_shingles(text: str, size: int = 2) -> frozenset[str]:
    """Return the runs of `size` words, in lower case and without punctuation."""
    words = _WORD.findall(text.lower())
    return frozenset(" ".join(words[i : i + size]) for i in range(len(words) - size + 1))


def char_shingles(text: str, size: int = 5) -> frozenset[str]:
    """Return the runs of `size` characters, in lower case, white space collapsed."""
    flat = " ".join(text.lower().split())
    return frozenset(flat[i : i + size] for i in range(len(flat) - size + 1))


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Return the size of the intersection over that of the union, 0 for two empty sets."""
    union = len(left | right)
    return len(left & right) / union if union else 0.0


@dataclass
class Seen:
    """The texts taken so far, by shingle, and the long word runs of those kept apart."""

    sizes: list[int] = field(default_factory=list)
    holders: dict[str, list[int]] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)

    def keep_apart(self, text: str) -> None:
        """Take the text, and bar its runs of `RUN` words from those admitted later."""
        self.admit(text)
        self.barred |= word_shingles(text, RUN)

    def leaks(self, text: str) -> bool:
        """Return whether the text shares a run of words with one that is kept apart."""
        return not self.barred.isdisjoint(word_shingles(text, RUN))

    def admit(self, text: str) -> bool:
        """Take the text and return True, unless it is too like one taken before."""
        if self.leaks(text):
            return False
        shingles = word_shingles(text)
        shared = Counter(i for one in shingles for i in self.holders.get(one, ()))
        for other, common in shared.items():
            if common >= LIMIT * (len(shingles) + self.sizes[other] - common):
                return False
        for one in shingles:
            self.holders.setdefault(one, []).append(len(self.sizes))
        self.sizes.append(len(shingles))
        return True
