"""Context: the words that say what a number is, in four languages, before it, behind it or in the question.

Presidio compares parts of words within five tokens before a match. Here whole phrases count, also
the ones behind ("… is my passport"), the name of the field that the text stands in, and the
message before ("What is your date of birth?"), because in a chat the label of a value is often in
the other speaker's mouth. All phrases are looked for in one pass (Aho and Corasick 1975).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workbench.personal_data.recognizers.phrases import CALLED, OTHER_TOPICS, PHRASES, TOPICS

BEFORE, BEHIND = 60, 18
ANSWERS, QUESTION = 80, 240
WITHOUT = 0.35
NEXT_VALUE = re.compile(r"[,.;:\n\d]|\b(?:and|or|und|et|y)\b")
SHARED = 0.5
SAME_SENTENCE = 25
ANOTHER_DATE = re.compile(r"\d{2}")
SENTENCE_END = re.compile(r"(?<!\bno)(?<!\bnr)(?<!\btel)(?<!\bgeb)(?<!\bnum)(?<!\.\w)(?<!\bb)[.!?;]\s|\n\n")
REQUEST = re.compile(
    r"\?|:\s*$|\b(?:provide|give|share|confirm|enter|tell|need|send|verify|require|please|may i have|let me know|bitte|nennen|angeben"
    r"|indiquez|donnez|veuillez|indique|facilite|proporcione|por favor)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Phrasebook:
    """The languages whose phrases count besides English, and the words that users gave to their patterns."""

    languages: tuple[str, ...] = ("en", "de", "fr", "es")
    own: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The users' patterns."""
        return frozenset(name for name, _ in self.own)


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where the phrases of each topic stand in one text, and the topics that were asked about before it."""

    text: str
    own: frozenset[str]
    places: Mapping[str, tuple[tuple[int, int], ...]]
    asked: frozenset[str] = frozenset()

    def supports(self, entity: str, start: int, end: int) -> float | None:
        """How near the nearest phrase for that entity is: 1 touches, 0 is far or in the question, None is nowhere."""
        if entity in self.own:
            return self._nearest((entity,), start, end, strict=False)
        strict = entity == "DATE_OF_BIRTH"
        called = self._nearest((entity,), start, end, strict=strict)
        shared = self._nearest(TOPICS.get(entity, OTHER_TOPICS), start, end, strict=strict)
        return (
            called
            if called is not None
            else None
            if shared is None
            else SHARED * shared
            if entity in CALLED
            else shared
        )

    def _nearest(self, topics: tuple[str, ...], start: int, end: int, *, strict: bool) -> float | None:
        found = [
            near
            for topic in topics
            for place in self.places.get(topic, ())
            if (near := self._near(place, start, end, strict=strict)) is not None
        ]
        if not found and start <= ANSWERS and self.asked.intersection(topics):
            return 0.0
        return max(found, default=None)

    def _near(self, place: tuple[int, int], start: int, end: int, *, strict: bool) -> float | None:
        if place[1] <= start:
            gap = start - place[1]
            if gap > BEFORE or (
                (strict or gap > SAME_SENTENCE) and SENTENCE_END.search(self.text, place[1], start)
            ):
                return None
            if strict and ANOTHER_DATE.search(self.text, place[1], start):
                return None
            return 1 - gap / BEFORE
        if place[0] < end:
            return 0.0
        gap_behind = self.text[end : place[0]]
        # A phrase after a stop or a comma is about the next value.
        return 0.3 if len(gap_behind) <= BEHIND and not NEXT_VALUE.search(gap_behind) else None

    def topics(self) -> frozenset[str]:
        """The topics that are named in the text or were asked about."""
        return frozenset(self.places) | self.asked


def occurrences(text: str, book: Phrasebook, asked: frozenset[str] = frozenset()) -> Occurrences:
    """Where phrases stand in a text; one pass, linear in its length."""
    found: dict[str, list[tuple[int, int]]] = {}
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals have two small letters: keep places, not case
        lowered = text
    for last, entries in _automaton(book).iter(lowered):
        for size, topic, open_before, open_behind in entries:
            start, end = last + 1 - size, last + 1
            if not open_before and start and (lowered[start - 1].isalnum() or lowered[start - 1] == "_"):
                continue
            if not open_behind and end < len(lowered) and lowered[end].isalnum():
                continue
            found.setdefault(topic, []).append((start, end))
    return Occurrences(lowered, book.names, {topic: tuple(places) for topic, places in found.items()}, asked)


def asked_in(text: str, book: Phrasebook) -> frozenset[str]:
    """The topics that the end of a message asks for: what the next message may answer."""
    tail = text[-QUESTION:]
    return named_in(tail, book) if REQUEST.search(tail) else frozenset()


def named_in(text: str, book: Phrasebook) -> frozenset[str]:
    """The topics that a text names."""
    return frozenset(occurrences(text, book).places)


def supported(entities: Iterable[str], topics: frozenset[str]) -> frozenset[str]:
    """Of some entities those for which a text with these topics has context."""
    return frozenset(e for e in entities if topics.intersection((e, *TOPICS.get(e, OTHER_TOPICS))))


@lru_cache(maxsize=8)
def _automaton(book: Phrasebook) -> Any:
    import ahocorasick

    entries: dict[str, list[tuple[int, str, bool, bool]]] = {}
    for topic, phrase in _phrases(book):
        bare = phrase.strip("*")
        entry = (len(bare), topic, phrase.startswith("*"), phrase.endswith("*") or not bare[-1].isalnum())
        if entry not in entries.setdefault(bare, []):
            entries[bare].append(entry)
    automaton = ahocorasick.Automaton()
    for bare, listed in entries.items():
        automaton.add_word(bare, tuple(listed))
    automaton.make_automaton()
    return automaton


def _phrases(book: Phrasebook) -> Iterator[tuple[str, str]]:
    for topic, by_language in PHRASES.items():
        for language, phrases in by_language.items():
            if language == "en" or language in book.languages:
                yield from ((topic, phrase) for phrase in phrases.split("|"))
    for entity, phrases in CALLED.items():
        yield from ((entity, phrase) for phrase in phrases.split("|"))
    for name, words in book.own:
        yield from ((name, word.lower()) for word in words if word.strip("* "))
