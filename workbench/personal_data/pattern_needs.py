r"""What every match of a pattern holds, read off the pattern's syntax tree.

From the tree follow sets of strings of which every match holds at least one: ``\d{3}-\d{2}-\d{4}``
needs ``000-00-0000`` when each digit is written ``0``. The condition is necessary, never sufficient.
The method is the one of Russ Cox, "Regular Expression Matching with a Trigram Index" (2012).
"""

from __future__ import annotations

import math
import re
import string
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]  # the tree's node names
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import regex

FEW = 40
MANY = 4000
LONGEST = 34
COPIES = 34
# Signs that `regex` reads in its own way, or flags under which letters match differently.
FOREIGN = re.compile(r"\{[^{}]*[eisdc][^{}]*\}|\[\[|\(\?[^:=!<>#PimsxauL(-]")
PLAIN_FLAGS = regex.IGNORECASE | regex.MULTILINE | regex.DOTALL | regex.VERBOSE | regex.ASCII | regex.UNICODE
# The four letters outside ASCII that some engine takes for a letter of ASCII when case is ignored.
ALIKE = {0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}
OTHER = "w"
EVERYTHING = frozenset(string.punctuation) | {"0", "a", " ", OTHER}
CATEGORIES: dict[Any, frozenset[str]] = {
    op.CATEGORY_DIGIT: frozenset("0"),
    op.CATEGORY_SPACE: frozenset(" "),
    op.CATEGORY_WORD: frozenset("0a_" + OTHER),
    op.CATEGORY_NOT_DIGIT: EVERYTHING - {"0"},
    op.CATEGORY_NOT_SPACE: EVERYTHING - {" "},
    op.CATEGORY_NOT_WORD: EVERYTHING - {"0", "a", "_"},
}
# How telling a character is; a set of strings is worth as much as its least telling one.
PUNCTUATION = {" ": 0.8, ".": 1.5, ",": 1.5, "'": 1.5, "-": 1.5}
WORTH = PUNCTUATION | {"a": 0.4, "n": 0.5, "0": 2.2, OTHER: 1.5}


class _Kinds(dict[int, str]):
    """The letter for a code point, worked out when first seen."""

    def __missing__(self, code: int) -> str:
        self[code] = letter = _kind(chr(code))
        return letter


def _kind(character: str) -> str:
    if character in string.ascii_letters or ord(character) in ALIKE:
        return "a"
    # The pattern engine's own tables: they know more digits than Python's.
    if regex.match(r"\d", character):
        return "0"
    if regex.match(r"\s", character):
        return " "
    return character if character in string.punctuation else OTHER


KINDS = _Kinds()


def tree_of(pattern: str, flags: int) -> Any:
    """The syntax tree, or None where Python's `re` may read the pattern differently."""
    if FOREIGN.search(pattern) or flags & ~int(PLAIN_FLAGS):
        return None
    if "\\(?i)" not in pattern:
        pattern = pattern.replace("(?i)", "")  # case is ignored here in any case
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _parser.parse(pattern, re.VERBOSE if flags & regex.VERBOSE else 0)
    except (re.error, Warning, OverflowError, RecursionError):
        return None


Letters = Callable[[frozenset[str]], frozenset[str]]


def required(tree: Any, letters: Letters | None, most: int) -> frozenset[str] | None:
    """Strings of which every match holds at least one; None where nothing useful is known.

    ``letters`` merges the kinds of characters; without it the characters themselves are used.
    """
    found = _Reader(letters, most).sequence(tree)
    best = _better(found.exact, found.best, letters is None)
    return shortest(best) if best and "" not in best else None


@dataclass(frozen=True)
class _Known:
    """What is known of the strings a node matches. ``exact`` None: too many to list."""

    exact: frozenset[str] | None
    prefix: frozenset[str]
    suffix: frozenset[str]
    best: frozenset[str] | None = None


_NOTHING = frozenset({""})
_EMPTY = _Known(_NOTHING, _NOTHING, _NOTHING)
_ANYTHING = _Known(None, _NOTHING, _NOTHING)


class _Reader:
    """Walks a syntax tree once for one alphabet."""

    def __init__(self, letters: Letters | None, most: int) -> None:
        self.letters = letters
        self.most = most
        self.groups: dict[int, _Known] = {}

    def better(self, one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
        return _better(one, other, self.letters is None)

    def sequence(self, nodes: Any) -> _Known:
        known = _EMPTY
        for node, value in nodes:
            known = self.join(known, self.node(node, value))
        return known

    def node(self, node: Any, value: Any) -> _Known:
        if node is op.LITERAL:
            return self.characters([(op.LITERAL, value)])
        if node is op.IN:
            return self.characters(value)
        if node is op.SUBPATTERN:
            known = self.sequence(value[3])
            if value[0] is not None:
                self.groups[value[0]] = known
            return known
        if node is op.BRANCH:
            return self.either([self.sequence(branch) for branch in value[1]])
        if node in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self.repeat(value[0], value[1], self.sequence(value[2]))
        if node is op.ATOMIC_GROUP:
            return self.sequence(value)
        if node in (op.AT, op.ASSERT_NOT):
            return _EMPTY
        if node is op.ASSERT:  # takes nothing of the match, but must be in the text
            seen = self.sequence(value[1])
            return _Known(_NOTHING, _NOTHING, _NOTHING, self.better(seen.exact, seen.best))
        if node is op.GROUPREF:
            return self.groups.get(value, _ANYTHING)
        return _ANYTHING

    def characters(self, items: Any) -> _Known:
        """One character out of a set."""
        kinds: set[str] = set()
        for item, value in items:
            if item is op.NEGATE:
                return _ANYTHING
            if item is op.CATEGORY and self.letters is not None:
                kinds |= CATEGORIES.get(value, EVERYTHING)
            elif item is op.LITERAL:
                kinds |= self.literal(value, value)
            elif item is op.RANGE:
                kinds |= self.literal(*value)
            else:
                return _ANYTHING
        merged = self.letters(frozenset(kinds)) if self.letters else frozenset(kinds)
        if not merged or len(merged) > (6 if self.letters else 4) or "" in merged:
            return _ANYTHING
        return _Known(merged, merged, merged)

    def literal(self, low: int, high: int) -> frozenset[str]:
        """The letters for characters ``low`` to ``high``; an empty string stands for "unknown"."""
        if self.letters is None:
            sure = high < 128 and high - low < 4
            return frozenset(chr(code).lower() for code in range(low, high + 1)) if sure else _NOTHING
        within = frozenset(KINDS[code] for code in range(low, min(high, 127) + 1))
        return within if high < 128 else within | {"0", "a", " ", OTHER}

    def join(self, left: _Known, right: _Known) -> _Known:
        """One after the other."""
        exact = self.times(left.exact, right.exact)
        if exact is not None and max(map(len, exact)) > LONGEST:
            exact = None
        prefix = (self.times(left.exact, right.prefix) or left.exact) if left.exact else left.prefix
        suffix = (self.times(left.suffix, right.exact) or right.exact) if right.exact else right.suffix
        best = self.better(left.best, right.best)
        if exact is None:
            across = self.times(_endings(left.suffix), _beginnings(right.prefix))
            for candidate in (left.exact, right.exact, left.suffix, right.prefix, across):
                best = self.better(best, candidate)
            prefix, suffix = _beginnings(prefix), _endings(suffix)
        return _Known(exact, prefix, suffix, best)

    def times(self, left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
        if left is None or right is None or len(left) * len(right) > self.most:
            return None
        return frozenset(a + b for a, b in product(left, right))

    def either(self, branches: list[_Known]) -> _Known:
        """One or another."""
        exact: frozenset[str] | None = frozenset()
        prefix: frozenset[str] = frozenset()
        suffix: frozenset[str] = frozenset()
        best: frozenset[str] | None = frozenset()
        for known in branches:
            exact = None if exact is None or known.exact is None else exact | known.exact
            prefix |= known.prefix
            suffix |= known.suffix
            own = self.better(known.exact, known.best)
            best = None if best is None or not own or "" in own else shortest(best | own)
        if exact is not None and len(exact) > self.most:
            exact = None
        return _Known(
            exact,
            prefix if len(prefix) <= self.most else _NOTHING,
            suffix if len(suffix) <= self.most else _NOTHING,
            best if best is None or len(best) <= self.most else None,
        )

    def repeat(self, least: int, greatest: Any, known: _Known) -> _Known:
        """The same again and again."""
        if least == 0:
            if greatest == 1 and known.exact is not None and len(known.exact) < self.most:
                both = known.exact | _NOTHING
                return _Known(both, both, both)
            return _ANYTHING
        total = _EMPTY
        for _ in range(min(least, COPIES)):
            total = self.join(total, known)
        extra = int(greatest) - least
        if extra <= 3 and least <= COPIES and known.exact is not None:
            for _ in range(extra):
                total = self.join(total, self.repeat(0, 1, known))
            return total
        best = self.better(total.exact, total.best)
        return _Known(None, total.prefix, total.suffix, best)


def _better(one: frozenset[str] | None, other: frozenset[str] | None, literal: bool) -> frozenset[str] | None:
    """The set that fewer texts hold."""
    return max((one, other), key=lambda parts: _worth(parts, literal))


def _worth(parts: frozenset[str] | None, literal: bool) -> float:
    if not parts or "" in parts:
        return 0.0 if parts else -1.0
    known = PUNCTUATION if literal else WORTH
    least = min(sum(known.get(character, 2.0) for character in part) for part in parts)
    return least - (0.1 if literal else 0.35) * math.log(len(parts))


def _beginnings(parts: frozenset[str]) -> frozenset[str]:
    """The same condition on how a match begins, in fewer strings."""
    cut = {part[:LONGEST] for part in parts}
    return frozenset(p for p in cut if not any(p[:size] in cut for size in range(len(p))))


def _endings(parts: frozenset[str]) -> frozenset[str]:
    cut = {part[-LONGEST:] for part in parts}
    return frozenset(p for p in cut if not any(p[len(p) - size :] in cut for size in range(len(p))))


def shortest(parts: frozenset[str]) -> frozenset[str]:
    """The same condition in fewer strings: those that hold another one say nothing more."""
    kept: set[str] = set()
    for part in sorted(parts, key=lambda p: (len(p), p)):
        inner = (part[i:j] for i in range(len(part)) for j in range(i + 1, len(part) + 1))
        if not any(piece in kept for piece in inner):
            kept.add(part)
    return frozenset(kept)
