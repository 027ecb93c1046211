"""Search texts for many values at once, in every form (Aho and Corasick 1975, pyahocorasick)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workbench.leak_audit.forms import composed, fold, folded_places, forms, views

LARGEST = 400_000
"""Values in one automaton: about a gigabyte. With more, everything is read once more."""


class Value(NamedTuple):
    """Something that must not be found, and of which kind it is. Lives in memory only."""

    entity: str
    text: str


class Hit(NamedTuple):
    """A value that is there: its number, the encoding it stands in, and where in the text it begins."""

    value: int
    encoding: str
    start: int


@dataclass
class Searcher:
    """Finds values in texts. Its text form shows nothing."""

    values: Sequence[Value] = field(repr=False)
    offset: int = 0
    automaton: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import ahocorasick

        self.automaton = ahocorasick.Automaton()
        for number, value in enumerate(self.values, self.offset):
            for form in forms(*value):
                if form not in self.automaton:
                    self.automaton.add_word(form, (number, len(form)))
        if len(self.automaton):
            self.automaton.make_automaton()

    def hits(self, text: str) -> Iterator[Hit]:
        """Where values stand in a text as whole words, as written or encoded; each value once a view."""
        if not len(self.automaton):
            return
        plain = set()
        for number, start in self._found(text):
            plain.add(number)
            yield Hit(number, "plain", start)
        for view in views(text):
            for number, _ in self._found(view.text):
                if number not in plain:
                    plain.add(number)
                    yield Hit(number, view.encoding, view.start)

    def _found(self, text: str) -> list[tuple[int, int]]:
        """``(value, start)`` of the whole words that are values; one within a longer one is none."""
        ends = list(self.automaton.iter(fold(text)))
        if not ends:
            return []
        places, original = folded_places(text), composed(text)
        spans = []
        for end, (number, length) in ends:
            first, last = places[end - length + 1], places[end]
            if _stands_alone(original, first, last):
                spans.append((first, -last, number))
        found = []
        reach = -1
        for first, negative, number in sorted(spans):
            if -negative > reach:
                found.append((number, first))
                reach = -negative
        return found


def searchers(values: Sequence[Value]) -> Iterator[Searcher]:
    """One searcher after another, each small enough for memory; together they hold all values."""
    for start in range(0, len(values), LARGEST):
        yield Searcher(values[start : start + LARGEST], start)


def _stands_alone(text: str, first: int, last: int) -> bool:
    """Neither a longer number nor a longer word goes on beyond the value's ends."""
    before = text[first - 1] if first else " "
    after = text[last + 1] if last + 1 < len(text) else " "
    return not (_goes_on(before, text[first]) or _goes_on(text[last], after))


def _goes_on(left: str, right: str) -> bool:
    if left.isdecimal() and right.isdecimal():
        return True
    # Scripts without spaces between words have no such boundary.
    return left.isalpha() and right.isalpha() and ord(left) < 0x0E00 and ord(right) < 0x0E00
