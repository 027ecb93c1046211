"""Context words: a finding is surer when a word that goes with it stands close before it.

The same as Presidio's `LemmaContextAwareEnhancer` on a blank pipeline, without its cost: words are
split only around a finding, and only when a word that could help occurs in the text at all. What
spaCy makes of a word does not depend on its neighbours, so each word is split once and remembered.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from workbench.personal_data.limits import Budget, Stopwatch

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, RecognizerResult

BEFORE = 5
SIMILARITY = 0.35
LEAST = 0.4
MOST = 1.0
KNOWN_WORDS = 50_000
LONG_WORD = 300
SURROGATE = re.compile(r"[\ud800-\udfff]")
STRETCH = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a word: where it ends in the word, itself in lower case, whether it says anything."""

    end: int
    lowered: str
    keyword: bool


class Words:
    """Splits words as a blank spaCy pipeline does, and remembers a bounded number of them.

    spaCy keeps every string it has ever seen, so the pipeline is made anew now and then. It stops at
    half characters (lone surrogates), so those are read as replacement characters.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.known: dict[str, tuple[Token, ...]] = {}
        self.seen = 0
        self.pipeline: Any = None

    def tokens(self, word: str) -> tuple[Token, ...]:
        """The tokens of one stretch of text without white space, or of white space alone."""
        found = self.known.get(word)
        if found is None:
            found = self._split(word)
            if len(word) <= LONG_WORD:
                self.known[word] = found
        return found

    def _split(self, word: str) -> tuple[Token, ...]:
        self.seen += 1 + len(word) // 50
        if self.pipeline is None or self.seen > KNOWN_WORDS:
            import spacy

            self.pipeline, self.known, self.seen = spacy.blank(self.language), {}, 0
        return tuple(
            Token(token.idx + len(token), token.lower_.lower(), self._says_something(token.lower_))
            for token in self.pipeline.make_doc(SURROGATE.sub("\ufffd", word))
        )

    def _says_something(self, lemma: str) -> bool:
        lexeme = self.pipeline.vocab[lemma]
        return not lexeme.is_stop and not lexeme.is_punct and lemma not in ("-PRON-", "be")


@lru_cache(maxsize=4)
def words_of(language: str) -> Words:
    """One splitter a language and process."""
    return Words(language)


class Surroundings:
    """One text, in which the words before a place are looked up. Nothing is split before asked for.

    With a ``budget``, words of more than 300 characters are cut there before they are split, since
    splitting takes time that grows with the square of the length, and `TooSlow` may be raised.
    """

    def __init__(self, text: str, lowered: str, words: Words, budget: Budget | None = None) -> None:
        self.text = text
        # A Greek sigma is lower-cased by what follows it, so a word alone may differ from the text.
        self.lowered = None if "Σ" in text else lowered
        self.words = words
        self.longest = LONG_WORD if budget else max(len(text), 1)
        self.stopwatch = Stopwatch(budget)
        self.stretches: list[tuple[int, int]] | None = None
        self.starts: list[int] = []
        self.split_by_colon: frozenset[str] = frozenset()

    def possible(self, context: Sequence[str]) -> list[str]:
        """Those context words that occur anywhere in the text."""
        lowered = [word.lower() for word in context]
        return lowered if self.lowered is None else [word for word in lowered if word in self.lowered]

    def supports(self, start: int, context: Sequence[str]) -> bool:
        """Whether one of the context words is part of a word near ``start``."""
        near = set(self._near(start))
        return any(word in keyword for word in context for keyword in near)

    def _near(self, start: int) -> Iterator[str]:
        self._prepare()
        assert self.stretches is not None
        at = max(bisect_right(self.starts, start) - 1, 0)
        yield from self._first(self._from(at, start), 1)
        yield from self._first(self._back(at, start), BEFORE + 1)

    def _first(self, tokens: Iterator[Token], most: int) -> Iterator[str]:
        for token in tokens:
            if (token.keyword and ":" not in token.lowered) or token.lowered in self.split_by_colon:
                yield token.lowered
                most -= 1
                if most == 0:
                    return

    def _from(self, at: int, start: int) -> Iterator[Token]:
        """The token that covers ``start``, and those after it."""
        for stretch in range(at, len(self.starts)):
            begins = self.starts[stretch]
            yield from (token for token in self._tokens(stretch) if begins + token.end > start)

    def _back(self, at: int, start: int) -> Iterator[Token]:
        """The token that covers ``start``, and those before it."""
        covering = next(self._from(at, start), None)
        if covering is None:
            return
        yield covering
        for stretch in range(min(at, len(self.starts) - 1), -1, -1):
            begins = self.starts[stretch]
            for token in reversed(self._tokens(stretch)):
                if begins + token.end <= start:
                    yield token

    def _tokens(self, stretch: int) -> tuple[Token, ...]:
        assert self.stretches is not None
        begins, ends = self.stretches[stretch]
        self.stopwatch.check()
        return self.words.tokens(self.text[begins:ends])

    def _prepare(self) -> None:
        """Find the words. A single space after a word belongs to the word, as in spaCy."""
        if self.stretches is not None:
            return
        self.stretches = []
        for match in STRETCH.finditer(self.text):
            begins, ends = match.span()
            if begins and self.text[begins] == " ":
                begins += 1
            cuts = range(begins, ends, self.longest)
            self.stretches += ((cut, min(cut + self.longest, ends)) for cut in cuts)
        self.starts = [begins for begins, _ in self.stretches]
        self.split_by_colon = self._pieces() if ":" in self.text else frozenset()

    def _pieces(self) -> frozenset[str]:
        """Parts of words with a colon inside: Presidio counts these as words of the text."""
        assert self.stretches is not None
        pieces: set[str] = set()
        for at, (begins, ends) in enumerate(self.stretches):
            if ":" in self.text[begins:ends]:
                tokens = self._tokens(at)
                pieces.update(*(t.lowered.split(":") for t in tokens if t.keyword and ":" in t.lowered))
        return frozenset(pieces)


def with_context(
    results: Sequence[RecognizerResult],
    recognizers: Sequence[EntityRecognizer],
    surroundings: Surroundings,
) -> None:
    """Raise, in place, the scores of results with a context word near them.

    ``recognizers`` are those that made the results, one for one. Raises `TooSlow` where the
    surroundings have a budget and it is spent; the scores so far are kept.
    """
    possible: dict[str, list[str]] = {}
    for result, recognizer in zip(results, recognizers, strict=True):
        metadata = result.recognition_metadata
        if not recognizer.context or metadata.get(result.IS_SCORE_ENHANCED_BY_CONTEXT_KEY):
            continue
        if recognizer.id not in possible:
            possible[recognizer.id] = surroundings.possible(recognizer.context)
        words = possible[recognizer.id]
        if words and surroundings.supports(result.start, words):
            result.score = min(max(result.score + SIMILARITY, LEAST), MOST)
