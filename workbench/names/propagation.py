"""A name once found is a name wherever the conversation says it again, whole or in part."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from workbench.names.features import NAME_SUFFIXES, PARTICLES, PLACE_WORDS, TIMES, TITLES
from workbench.names.lexicon import lexicon
from workbench.names.tokens import Token
from workbench.names.words import listed as list_of
from workbench.personal_data.spans import Span

SURE = 0.55
"""A single word is looked for elsewhere when its span scored this, or stands on a list of names."""

LONGEST = 8
"""Words of the longest name that is looked for as a whole."""

_FACTOR = 0.95
NO_NAMES = list_of("no names")


class Spoken:
    """The names of one conversation, word by word, to be looked for in all of its texts."""

    def __init__(self) -> None:
        self._whole: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        self._words: dict[str, float] = {}
        self._small: set[str] = set()
        self._places: dict[str, float] = {}

    def learn_place(self, text: str, span: Span) -> None:
        """Remember a place of one word, written with a capital, that is no common word."""
        word = text[span.start : span.end]
        marks = lexicon().get(word.lower(), "")
        if word.isalpha() and word[0].isupper() and len(word) > 3 and not any(m in "wm" for m in marks):
            self._places[word.lower()] = max(self._places.get(word.lower(), 0.0), span.score)

    def learn(self, text: str, span: Span, tokens: Sequence[Token]) -> None:
        """Remember a name that was found in a text, and the parts of it that stand for it."""
        first = bisect_left(tokens, span.start, key=_start)
        last = bisect_left(tokens, span.end, key=_start)
        words = [word for word, _ in tokens[first:last] if word[0].isalnum()]
        names = [word for word in words if _stands_alone(word)]
        if 1 < len(words) <= LONGEST and names:
            folded = tuple(word.lower() for word in words)
            known = self._whole.setdefault(folded[0], [])
            if all(folded != other for other, _ in known):
                known.append((folded, span.score))
        for word in names:
            marks = lexicon().get(word.lower(), "")
            listed = any(mark in "FfLl" for mark in marks)
            common = "w" in marks or ("1" in marks and not listed)
            rare = len(word) > 4 and not any(mark in "wm123P" for mark in marks)
            if rare and len(words) > 1 and span.score >= SURE:
                self._small.add(word.lower())
            if (word[0].isupper() or rare) and not common and (span.score >= SURE or listed):
                self._words[word.lower()] = max(self._words.get(word.lower(), 0.0), span.score)

    def again(self, tokens: Sequence[Token], taken: Iterable[Span]) -> list[Span]:
        """Occurrences in the tokens of one text that no span in ``taken`` touches."""
        if not self._words and not self._whole and not self._places:
            return []
        covered = sorted((span.start, span.end) for span in taken)
        found: list[Span] = []
        at = cover = 0
        while at < len(tokens):
            start = tokens[at][1]
            while cover < len(covered) and covered[cover][1] <= start:
                cover += 1
            size, score, kind = self._matching(tokens, at)
            if not size or (cover < len(covered) and covered[cover][0] < _end(tokens[at + size - 1])):
                at += 1
                continue
            found.append(
                Span(start, _end(tokens[at + size - 1]), kind, round(score * _FACTOR, 4), "said before")
            )
            at += size
        return found

    def _matching(self, tokens: Sequence[Token], at: int) -> tuple[int, float, str]:
        """How many tokens from here on are a known name, how sure it is, and of what kind."""
        folded = tokens[at][0].lower()
        for words, score in self._whole.get(folded, ()):
            here = [word for word, _ in tokens[at : at + 2 * len(words)] if word[0].isalnum()][: len(words)]
            if tuple(word.lower() for word in here) == words:
                return _spanned(tokens, at, len(words)), score, "PERSON"
        large = tokens[at][0][0].isupper()
        if folded in self._words and (large or folded in self._small) and not _is_place(tokens, at):
            return 1, self._words[folded], "PERSON"
        if large and folded in self._places:
            return 1, self._places[folded], "LOCATION"
        return 0, 0.0, ""


def _spanned(tokens: Sequence[Token], at: int, words: int) -> int:
    """The number of tokens that hold the next ``words`` words."""
    size = 0
    while words:
        words -= tokens[at + size][0][0].isalnum()
        size += 1
    return size


def _start(token: Token) -> int:
    return token[1]


def _end(token: Token) -> int:
    return token[1] + len(token[0])


def _is_place(tokens: Sequence[Token], at: int) -> bool:
    """Whether the next word makes a street or town of it (``Lincoln Street``)."""
    after = tokens[at + 1][0] if at + 1 < len(tokens) else ""
    return after[:1].isupper() and after.lower() in PLACE_WORDS


def _stands_alone(word: str) -> bool:
    folded = word.lower().rstrip(".")
    if len(folded) < 3 or not word[0].isalpha() or folded in NO_NAMES:
        return False
    return not any(folded in others for others in (TITLES, PARTICLES, NAME_SUFFIXES, TIMES))
