"""A value that was seen once in a row is replaced wherever it stands in that row.

A recognizer of names judges each sentence by itself and may see *Bob Miller* in one and miss him
in the next; what stays would undo what was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from workbench.personal_data.spans import Scan, Span
from workbench.value_lists import RECOGNIZER as DENIED

SHORTEST = 3
RECOGNIZER = "seen elsewhere in the row"


def everywhere(texts: Sequence[str], scans: Sequence[Scan]) -> list[Scan]:
    """Add spans where a found value stands again, letter by letter and as whole words.

    Its score and entity are those of the surest span of that value, and the recognizer too where
    that is the deny list; spans that are there stay. Takes one pass over the texts, however many
    values there are (Aho and Corasick 1975).
    """
    known: dict[str, Span] = {}
    for text, scan in zip(texts, scans, strict=True):
        for span in scan.spans:
            value = text[span.start : span.end].strip()
            if len(value) >= SHORTEST and (value not in known or _rank(span) > _rank(known[value])):
                known[value] = span
    if not known or (len(texts) == 1 and len(known) == 1 and texts[0].count(next(iter(known))) == 1):
        return list(scans)
    automaton = _automaton(known)
    return [_again(text, scan, known, automaton) for text, scan in zip(texts, scans, strict=True)]


def _rank(span: Span) -> tuple[float, bool]:
    return span.score, span.recognizer == DENIED


def _automaton(known: dict[str, Span]) -> Any:
    import ahocorasick

    made = ahocorasick.Automaton()
    for value in known:
        made.add_word(value, value)
    made.make_automaton()
    return made


def _again(text: str, scan: Scan, known: dict[str, Span], automaton: Any) -> Scan:
    there = sorted(scan.spans, key=lambda span: span.start)
    added: list[Span] = []
    passed = reached = 0  # spans that begin before a match, and where the farthest of them ends
    for start, end, value in _standing(text, automaton):
        while passed < len(there) and there[passed].start < end:
            reached = max(reached, there[passed].end)
            passed += 1
        if reached <= start:
            seen = known[value]
            recognizer = DENIED if seen.recognizer == DENIED else RECOGNIZER
            added.append(Span(start, end, seen.entity, seen.score, recognizer))
    if not added:
        return scan
    return replace(scan, spans=tuple(sorted([*scan.spans, *added], key=lambda span: span.start)))


def _standing(text: str, automaton: Any) -> Iterator[tuple[int, int, str]]:
    """Where values stand as whole words, in order and without overlaps; of two that begin together the longer."""
    found = [
        (last + 1 - len(value), -len(value), value)
        for last, value in automaton.iter(text)
        if not _is_word(text[last + 1 : last + 2])
        and not _is_word(text[max(last - len(value), 0) : last + 1 - len(value)])
    ]
    done = 0
    for start, length, value in sorted(found):
        if start >= done:
            done = start - length
            yield start, done, value


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
