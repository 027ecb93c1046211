"""What the recognizer sees of a token: itself, its neighbours, and what is known of them.

The same function serves training and reading. What depends on one word alone is worked out once
per word and kept; a trained model's list of attributes leaves out whatever it has no weight for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from workbench.names.tokens import LONGEST_WORD
from workbench.names.words import listed

ORGANISATION_WORDS = listed("organisation words")
PLACE_WORDS = listed("place words")
TITLES = listed("titles")
SPEECH_WORDS = listed("speech words")
GREETINGS = listed("greetings")
RELATIONS = listed("relations")
NAME_SUFFIXES = listed("name suffixes")
PARTICLES = listed("particles")
TIMES = listed("times")
_LISTS = (
    ("org", ORGANISATION_WORDS),
    ("loc", PLACE_WORDS),
    ("ttl", TITLES),
    ("say", SPEECH_WORDS),
    ("gre", GREETINGS),
    ("rel", RELATIONS),
    ("suf", NAME_SUFFIXES),
    ("van", PARTICLES),
    ("tim", TIMES),
)
_CASES = (
    (re.compile(r"[^\W\d_]\.|(?:[^\W\d_]\.){2,}"), "I"),
    (re.compile(r"[@]\w+"), "@"),
    (re.compile(r"[#]\w+"), "#"),
    (re.compile(r"https?:.*|www\..*|.*@.*", re.DOTALL), "/"),
    (re.compile(r"[\d][\d.,:/-]*"), "9"),
)
_MOST_KEPT = 60_000


def case_of(word: str) -> str:
    """One letter for the way a word is written (``C`` capital, ``A`` all capitals, ``l`` small …)."""
    first = word[0]
    if not (first.isalpha() or len(word) > 1):
        return "9" if first.isdigit() else "."
    for pattern, letter in _CASES:
        if pattern.fullmatch(word):
            return letter
    if not any(c.isalpha() for c in word):
        return "."
    if any(c.isdigit() for c in word):
        return "x"
    if word.isupper():
        return "A" if len(word) > 1 else "O"
    if first.isupper():
        return "C" if word[1:].islower() else "M"
    return "l" if word.islower() else "n"


def shape_of(word: str) -> str:
    """The word with letters and digits replaced by their kinds, runs shortened to two."""
    kinds = "".join(
        "X" if c.isupper() else "x" if c.isalpha() else "9" if c.isdigit() else c for c in word[:20]
    )
    return re.sub(r"(.)\1{2,}", r"\1\1", kinds)


def _could_be_name(folded: str, case: str, marks: str) -> bool:
    listed = any(mark in "FfLlPp" for mark in marks)
    if case in "CAMI":
        return listed or not any(mark in "wm1" for mark in marks)
    if case in "@#":
        return True
    return case in "lxn" and listed and "w" not in marks and ("m" not in marks or "F" in marks)


class Features:
    """Attributes of sentences, as lists of strings for crfsuite.

    ``present`` are the attributes a trained model has weights for; without it, all are given.
    """

    def __init__(self, words: Mapping[str, str], present: Collection[str] | None = None) -> None:
        self._words = words
        self._present = present
        self._parts: dict[str, tuple[tuple[str, ...], ...]] = {}
        self._pairs: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of_sentence(self, words: Sequence[str], before: str = "") -> list[list[str]]:
        """One list of attributes a token. ``before`` is the last word of the line before, if any."""
        parts = [self._parts.get(word) or self._word_parts(word) for word in words]
        classes = [part[5][0] for part in parts]
        cases = [one.partition("|")[2] for one in classes]
        whole = self._sentence_parts(cases)
        last = len(words) - 1
        rows: list[list[str]] = []
        for at, own in enumerate(parts):
            row = [*own[0], *whole]
            if at:
                row += parts[at - 1][1]
                if at > 1:
                    row += parts[at - 2][3]
            if at < last:
                row += parts[at + 1][2]
                if at < last - 1:
                    row += parts[at + 2][4]
            pair = (
                classes[at - 1] if at else "^",
                classes[at],
                classes[at + 1] if at < last else "$",
                cases[at - 2] if at > 1 else "^",
                cases[at + 2] if at < last - 1 else "$",
            )
            row += self._pairs.get(pair) or self._pair_parts(pair)
            rows.append(row)
        self._first(rows[0], classes[0], before)
        return rows

    def may_hold(self, words: Sequence[str]) -> bool:
        """Whether a sentence has any word that could be a name: written large or listed, and not a common word."""
        parts = self._parts
        return any((parts.get(word) or self._word_parts(word))[6] for word in words)

    def _first(self, row: list[str], own: str, before: str) -> None:
        row += self._kept([f"^{own}", f"before={before.lower()[:LONGEST_WORD]}" if before else "before="])

    def _kept(self, attributes: Sequence[str]) -> tuple[str, ...]:
        if self._present is None:
            return tuple(attributes)
        return tuple(a for a in attributes if a in self._present)

    def _sentence_parts(self, cases: Sequence[str]) -> tuple[str, ...]:
        letters = [case for case in cases if case in "CAMlOn"]
        small = sum(case == "l" for case in letters)
        capital = sum(case in "CM" for case in letters)
        shout = sum(case == "A" for case in letters)
        kind = (
            "empty"
            if not letters
            else "small"
            if small == len(letters)
            else "shout"
            if shout > 0.7 * len(letters)
            else "title"
            if capital + shout > 0.7 * len(letters)
            else "prose"
        )
        size = "1" if len(cases) == 1 else "4" if len(cases) < 5 else "9"
        key = ("", kind, size)
        kept = self._pairs.get(key)
        if kept is None:
            kept = self._pairs[key] = self._kept([f"sentence={kind}", f"sentence={kind}{size}"])
        return kept

    def _pair_parts(self, pair: tuple[str, ...]) -> tuple[str, ...]:
        before, own, after, second_before, second_after = pair
        case = own.partition("|")[2]
        case_before, case_after = before.partition("|")[2] or before, after.partition("|")[2] or after
        kept = self._kept(
            [
                f"c-0={before} {own}",
                f"c0+={own} {after}",
                f"s-0+={case_before}{case}{case_after}",
                f"s--0++={second_before}{case_before}{case}{case_after}{second_after}",
                f"cs={case_before} {own} {case_after}",
            ]
        )
        if len(self._pairs) > _MOST_KEPT:
            self._pairs.clear()
        self._pairs[pair] = kept
        return kept

    def _word_parts(self, word: str) -> tuple[tuple[str, ...], ...]:
        folded = word.lower().replace("’", "'")[:LONGEST_WORD]
        case = case_of(word[: LONGEST_WORD + 1])
        marks = self._words.get(folded.rstrip(".") if len(folded) > 2 else folded, "")
        listed = [name for name, members in _LISTS if folded.rstrip(".") in members]
        names = "".join(mark for mark in marks if mark in "FfLlPp")
        usual = "".join(mark for mark in marks if mark in "wmu")
        rank = "".join(mark for mark in marks if mark in "123") or "0"
        kind = f"{names}{usual}{'-'.join(listed)}|{case}"
        own = self._own(word, folded, case, kind)
        own += [f"mark={mark}{case}" for mark in marks] + [f"rank={rank}{usual}{names}|{case}"]
        near = [f"w={folded}", f"c={kind}", f"s={shape_of(word)}", f"e={folded[-3:]}"]
        far = [f"w={folded}", f"c={kind}"]
        parts = (
            self._kept(own),
            self._kept(["-1" + one for one in near]),
            self._kept(["+1" + one for one in near]),
            self._kept(["-2" + one for one in far]),
            self._kept(["+2" + one for one in far]),
            (kind,),
            ("?",) if _could_be_name(folded, case, marks) else (),
        )
        if len(self._parts) > _MOST_KEPT:
            self._parts.clear()
        self._parts[word] = parts
        return parts

    def _own(self, word: str, folded: str, case: str, kind: str) -> list[str]:
        own = ["b", f"w={folded}", f"W={word[:LONGEST_WORD]}", f"s={shape_of(word)}", f"c={kind}"]
        if case in "@#":
            name = re.split(r"(?<=[a-z])(?=[A-Z])|_|\d", word[1:])[0].lower()
            marks = self._words.get(name, "")
            long = next(
                (n for n in range(min(len(word) - 1, 9), 3, -1) if self._is_first(word[1 : n + 1])), 0
            )
            return [*own, f"@={case}{'F' in marks or 'f' in marks}{long > 3}"]
        own += [f"p{n}={folded[:n]}" for n in (1, 2, 3, 4)] + [f"e{n}={folded[-n:]}" for n in (1, 2, 3, 4)]
        return [*own, f"n={min(len(word), 12)}{case}"]

    def _is_first(self, word: str) -> bool:
        return "F" in self._words.get(word.lower(), "")
