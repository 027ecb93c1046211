"""Gates: conditions that a text must meet before a pattern can match in it, quick to look up.

A text is rewritten with one letter per kind of character (`Views`); `pattern_needs` tells which
strings a match must hold in those letters. Looking for them is far cheaper than running a pattern,
and since the condition is necessary no match is lost.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from workbench.personal_data.pattern_needs import ALIKE, FEW, KINDS, MANY, required, shortest, tree_of


class Views(NamedTuple):
    """One text in three alphabets: ``kinds`` (digit, letter, space ...), ``runs`` (digits and
    letters alike) and ``folded`` (as written, case ignored); and how many digits it has, in all and
    one after the other (counted up to `LONGEST_RUN`).
    """

    kinds: bytes
    runs: bytes
    folded: bytes
    digits: int
    run: int


_ASCII_KINDS = bytes(ord(KINDS[code]) for code in range(128)) + bytes(128)
FEW_RUNS = 8
LONGEST_RUN = 20
SEVERAL = 4
ALPHANUMERIC = string.ascii_lowercase + string.digits
_RUNS = [b"0" * size for size in range(LONGEST_RUN + 1)]
_TO_RUNS = bytes.maketrans(b"0a", b"nn")


def views(text: str) -> Views:
    """The text in the three alphabets; each has one character for one character of the text."""
    if text.isascii():
        kinds = text.encode().translate(_ASCII_KINDS)
        folded = text.lower().encode()
    else:
        kinds = text.translate(KINDS).encode()
        folded = text.translate(ALIKE).lower().encode("utf-8", "surrogatepass")
    digits, run = kinds.count(b"0"), 0
    while run < min(digits, LONGEST_RUN) and _RUNS[run + 1] in kinds:
        run += 1
    return Views(kinds, kinds.translate(_TO_RUNS), folded, digits, run)


Parts = frozenset[str]


@dataclass(frozen=True, slots=True)
class Sought:
    """Strings of which a text must hold at least one; none at all is no condition."""

    few: tuple[bytes, ...] = ()
    many: re.Pattern[bytes] | None = None

    def held_by(self, text: bytes) -> bool:
        """Whether the text holds one of them."""
        if self.many is not None:
            return self.many.search(text) is not None
        for part in self.few:  # a generator inside any() takes three times as long
            if part in text:
                return True
        return not self.few


@dataclass(frozen=True, slots=True)
class Gate:
    """A necessary condition for one pattern: so many digits in all, so many one after the other,
    and strings to be held in each of the three alphabets.
    """

    digits: int = 0
    run: int = 0
    kinds: Sought = Sought()
    runs: Sought = Sought()
    folded: Sought = Sought()

    def opens(self, text: Views) -> bool:
        """False only where the pattern cannot match."""
        return (
            text.digits >= self.digits
            and text.run >= self.run
            and self.kinds.held_by(text.kinds)
            and self.runs.held_by(text.runs)
            and self.folded.held_by(text.folded)
        )


OPEN = Gate()


@lru_cache(maxsize=4096)
def gate_of(pattern: str, flags: int) -> Gate:
    """The gate of a pattern of the `regex` library; always open where its syntax is not plain."""
    tree = tree_of(pattern, flags)
    if tree is None:
        return OPEN
    kinds = required(tree, lambda letters: letters, FEW) or frozenset()
    runs = required(tree, lambda letters: frozenset(map(_merged, letters)), FEW_RUNS) or frozenset()
    folded = required(tree, None, MANY) or frozenset()
    digits = min((part.count("0") for part in kinds), default=0)
    run = min((_run(part) for part in kinds), default=0)
    if runs == {_merged(part) for part in kinds}:
        runs = frozenset()
    if folded and kinds and max(map(len, folded)) < 2:
        folded = frozenset()
    if runs and len(kinds) > SEVERAL:
        kinds = frozenset()
    return Gate(digits, run, _sought(kinds), _sought(runs), _sought(folded))


def _sought(parts: Parts) -> Sought:
    if len(parts) <= SEVERAL:
        return Sought(few=tuple(sorted((part.encode() for part in parts), key=len)))
    # A search that begins at a sign rather than a letter or digit skips most of a text at once.
    signs = {part.lstrip(ALPHANUMERIC) or part for part in parts}
    return Sought(many=re.compile(_trie(sorted(shortest(frozenset(signs)))).encode()))


def _run(part: str) -> int:
    return min(max(map(len, re.findall("0*", part))), LONGEST_RUN)


def _merged(kinds: str) -> str:
    return kinds.replace("0", "n").replace("a", "n")


def _trie(words: Iterable[str]) -> str:
    """One expression for many words, branching letter by letter."""
    branches: dict[str, list[str]] = {}
    for word in words:
        if not word:
            return ""
        branches.setdefault(word[0], []).append(word[1:])
    ends = "".join(re.escape(first) for first, rest in branches.items() if "" in rest)
    parts = [f"[{ends}]"] if ends else []
    parts += [re.escape(first) + _trie(rest) for first, rest in branches.items() if "" not in rest]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
