"""Presidio's findings at a fraction of its time.

`FastAnalyzer.analyze` returns what `engine.stock_analyzer` with the same recognizers returns: the
same entities, places and scores, in the same order (tests compare them on real and made text). What
is left out is work that cannot change the result: patterns whose gate is shut (`gates`), phone
parsing of numbers that are too short (`phones`), words that no context word could be in (`context`)
and messages that were read before. A message that takes too long is said to be not wholly scanned.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from workbench.personal_data.context import Surroundings, with_context, words_of
from workbench.personal_data.limits import Budget, TooSlow
from workbench.personal_data.pattern_plan import PatternPlan
from workbench.personal_data.readers import Text, reader_of, result_of

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpEngine

SECONDS = 5.0
REMEMBERED = 20_000


class Found(NamedTuple):
    """A finding as it is kept: without anything of the text."""

    entity: str
    start: int
    end: int
    score: float
    recognizer: int


Answer = tuple[tuple[Found, ...], str | None]


class FastAnalyzer:
    """Presidio's recognizers over texts of one language.

    ``remember`` texts are kept by a digest with their findings, the least recently seen dropped
    first. A recognizer may carry ``gate(text, lowered) -> bool``, false where it cannot match;
    recognizers made of patterns have their gates worked out. Not for use by several threads.
    """

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        language: str = "en",
        remember: int = REMEMBERED,
    ) -> None:
        self.language = language
        self.recognizers = [r for r in recognizers if r.supported_language == language]
        readers = [reader_of(recognizer) for recognizer in self.recognizers]
        self.readers = [(index, reader) for index, reader in enumerate(readers) if reader is not None]
        self.plan = PatternPlan(
            (i, self.recognizers[i]) for i, reader in enumerate(readers) if reader is None
        )
        self.wanted: dict[tuple[str, ...], frozenset[int]] = {}
        self.own_context = [_changes_context(recognizer) for recognizer in self.recognizers]
        self.remember = remember
        self.remembered: OrderedDict[bytes, Answer] = OrderedDict()
        self._engine: NlpEngine | None = None

    def engine(self) -> NlpEngine:
        """A blank pipeline, for recognizers that read words."""
        if self._engine is None:
            from workbench.personal_data.engine import blank_engine

            self._engine = blank_engine(self.language)
        return self._engine

    def analyze(self, text: str, entities: Sequence[str] | None = None) -> list[RecognizerResult]:
        """What stock Presidio finds in the text, however long it takes.

        ``entities`` picks recognizers as in Presidio: those that can find one of them.
        """
        return self._results(self._answer(text, entities, None)[0])

    def scan(
        self, text: str, entities: Sequence[str] | None = None, seconds: float = SECONDS
    ) -> tuple[list[RecognizerResult], str | None]:
        """The same in bounded time, and why the text was not wholly scanned, if so.

        ``seconds`` of processor time are given for each 100,000 characters begun.
        """
        found, reason = self._answer(text, entities, seconds)
        return self._results(found), reason

    def _answer(self, text: str, entities: Sequence[str] | None, seconds: float | None) -> Answer:
        if not self.remember:
            return self._read(text, entities, seconds)
        asked = f"{seconds}|{'|'.join(sorted(entities or ()))}|".encode()
        key = blake2b(asked + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        answer = self.remembered.get(key)
        if answer is None:
            answer = self._read(text, entities, seconds)
            self.remembered[key] = answer
            if len(self.remembered) > self.remember:
                self.remembered.popitem(last=False)
        else:
            self.remembered.move_to_end(key)
        return answer

    def _read(self, text: str, entities: Sequence[str] | None, seconds: float | None) -> Answer:
        budget = None if seconds is None else Budget(seconds, len(text))
        read = Text(text, self.language, self.engine, budget)
        wanted = self._wanted(tuple(entities or ()))
        found = self.plan.read(read, wanted)
        for index, reader in self.readers:
            recognizer = self.recognizers[index]
            if index in wanted and read.admits(recognizer):
                found[index] = reader(read, entities or recognizer.supported_entities)
        owners = [index for index in sorted(found) for _ in found[index]]
        results = [result for index in sorted(found) for result in found[index]]
        if results:
            results, owners = self._in_context(read, results, owners)
        kept = self._kept(results, owners)
        return kept, None if budget is None else budget.reason()

    def _wanted(self, entities: tuple[str, ...]) -> frozenset[int]:
        """The recognizers that can find one of the entities; all of them if none is named."""
        if entities not in self.wanted:
            self.wanted[entities] = frozenset(
                index
                for index, recognizer in enumerate(self.recognizers)
                if not entities or set(entities) & set(recognizer.supported_entities)
            )
        return self.wanted[entities]

    def _in_context(
        self, read: Text, results: list[RecognizerResult], owners: list[int]
    ) -> tuple[list[RecognizerResult], list[int]]:
        if any(self.own_context):
            results, owners = self._in_own_context(read, results, owners)
        surroundings = Surroundings(read.text, read.lowered, words_of(self.language), read.budget)
        try:
            with_context(results, [self.recognizers[owner] for owner in owners], surroundings)
        except TooSlow:
            read.spent("the search for context words")
        return results, owners

    def _in_own_context(
        self, read: Text, results: list[RecognizerResult], owners: list[int]
    ) -> tuple[list[RecognizerResult], list[int]]:
        """Let recognizers with rules of their own change their findings first."""
        pairs = list(zip(results, owners, strict=True))
        changed: list[tuple[RecognizerResult, int]] = []
        for index, recognizer in enumerate(self.recognizers):
            own = [result for result, owner in pairs if owner == index]
            if self.own_context[index]:
                own = recognizer.enhance_using_context(
                    text=read.text,
                    raw_recognizer_results=own,
                    other_raw_recognizer_results=[result for result, owner in pairs if owner != index],
                    nlp_artifacts=read.artifacts(),
                    context=None,
                )
            changed += [(result, index) for result in own]
        return [result for result, _ in changed], [owner for _, owner in changed]

    def _kept(self, results: list[RecognizerResult], owners: list[int]) -> tuple[Found, ...]:
        """Without low scores and without what another finding contains."""
        if not results:
            return ()
        from presidio_analyzer import EntityRecognizer

        high = []
        for result, owner in zip(results, owners, strict=True):
            thresholds = self.recognizers[owner].score_thresholds
            if result.score >= thresholds.get(result.entity_type, thresholds.get("default", 0)):
                high.append(result)
        index = {id(result): owner for result, owner in zip(results, owners, strict=True)}
        return tuple(
            Found(result.entity_type, result.start, result.end, result.score, index[id(result)])
            for result in EntityRecognizer.remove_duplicates(high)
        )

    def _results(self, found: Sequence[Found]) -> list[RecognizerResult]:
        return [
            result_of(self.recognizers[one.recognizer], one.entity, one.start, one.end, one.score)
            for one in found
        ]


def _changes_context(recognizer: EntityRecognizer) -> bool:
    from presidio_analyzer import EntityRecognizer

    return type(recognizer).enhance_using_context is not EntityRecognizer.enhance_using_context
