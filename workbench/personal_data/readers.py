"""How one recognizer is run over one text: the quick ways, each finding what the slow one would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.personal_data.gates import Views, views
from workbench.personal_data.limits import Budget, Stopwatch, TooSlow

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine


class Text:
    """One text with what is worked out of it once, when first asked for."""

    def __init__(
        self, text: str, language: str, engine: Callable[[], NlpEngine], budget: Budget | None
    ) -> None:
        self.text = text
        self.language = language
        self.engine = engine
        self.budget = budget
        self.views: Views = views(text)
        self._lowered: str | None = None
        self._admitted: dict[int, bool] = {}
        self._artifacts: NlpArtifacts | None = None

    @property
    def lowered(self) -> str:
        """The text in lower case."""
        if self._lowered is None:
            self._lowered = self.text.lower()
        return self._lowered

    def artifacts(self) -> NlpArtifacts:
        """What a recognizer that reads words is given: Presidio's own form."""
        if self._artifacts is None:
            self._artifacts = self.engine().process_text(self.text, self.language)
        return self._artifacts

    def admits(self, recognizer: EntityRecognizer) -> bool:
        """False where the gate that the recognizer brings is shut."""
        gate = getattr(recognizer, "gate", None)
        if gate is None:
            return True
        if id(recognizer) not in self._admitted:
            self._admitted[id(recognizer)] = bool(gate(self.text, self.lowered))
        return self._admitted[id(recognizer)]

    def timeout(self) -> float | None:
        """Seconds for the next pattern."""
        return None if self.budget is None else self.budget.left()

    def spent(self, what: str) -> None:
        """Note what ran out of time; without a budget there is nothing to run out of."""
        if self.budget is not None:
            self.budget.spent(what)


Reader = Callable[[Text, Sequence[str]], "list[RecognizerResult]"]


def result_of(
    recognizer: EntityRecognizer, entity: str, start: int, end: int, score: float
) -> RecognizerResult:
    """A finding in Presidio's form, naming the recognizer that made it."""
    from presidio_analyzer import RecognizerResult

    metadata = {
        RecognizerResult.RECOGNIZER_NAME_KEY: recognizer.name,
        RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recognizer.id,
    }
    return RecognizerResult(entity, start, end, score, recognition_metadata=metadata)


def reader_of(recognizer: EntityRecognizer) -> Reader | None:
    """The quickest reader that finds what ``analyze`` would; None for recognizers made of patterns."""
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer.predefined_recognizers import IbanRecognizer, PhoneRecognizer

    analyze = type(recognizer).analyze
    if analyze in (PatternRecognizer.analyze, IbanRecognizer.analyze):
        return None
    return PhoneReader(recognizer) if analyze is PhoneRecognizer.analyze else StockReader(recognizer)


class StockReader:
    """Runs a recognizer as Presidio does: for those whose inside is not known.

    A recognizer that does not look at the words it is given says so by ``reads_words = False``.
    """

    def __init__(self, recognizer: EntityRecognizer) -> None:
        from presidio_analyzer.predefined_recognizers import PhoneRecognizer

        self.recognizer: Any = recognizer
        module = type(recognizer).__module__
        of_country = module.startswith("presidio_analyzer.predefined_recognizers.country_specific.")
        self.reads_words = getattr(recognizer, "reads_words", not of_country)
        # Presidio's phone recognizers of one country keep some of what libphonenumber finds.
        self.phones = (
            PhoneReader(recognizer) if of_country and isinstance(recognizer, PhoneRecognizer) else None
        )

    def __call__(self, read: Text, entities: Sequence[str]) -> list[RecognizerResult]:
        """Its findings, marked as its own."""
        if self.phones is not None and not self.phones(read, entities):
            return []
        results: list[RecognizerResult] = (
            self.recognizer.analyze(
                text=read.text,
                entities=list(entities),
                nlp_artifacts=read.artifacts() if self.reads_words else None,
            )
            or []
        )
        for result in results:
            result.recognition_metadata = result.recognition_metadata or {}
            result.recognition_metadata.setdefault(result.RECOGNIZER_IDENTIFIER_KEY, self.recognizer.id)
        return results


class PhoneReader:
    """Phone numbers of all regions from one search."""

    def __init__(self, recognizer: EntityRecognizer) -> None:
        self.recognizer: Any = recognizer

    def __call__(self, read: Text, entities: Sequence[str]) -> list[RecognizerResult]:
        """Spans that no other span contains."""
        if not read.views.digits:
            return []
        from workbench.personal_data.phones import phone_spans

        owner, bounded = self.recognizer, read.budget is not None
        stopwatch = Stopwatch(read.budget)
        try:
            spans = phone_spans(read.text, owner.supported_regions, owner.leniency, stopwatch, bounded)
        except TooSlow:
            read.spent("the search for phone numbers")
            return []
        entity = owner.supported_entities[0]
        return deduplicated([result_of(owner, entity, start, end, owner.SCORE) for start, end in spans])


def deduplicated(results: list[RecognizerResult]) -> list[RecognizerResult]:
    """Without findings inside another, as every recognizer of Presidio ends."""
    if len(results) < 2:
        return results
    from presidio_analyzer import EntityRecognizer

    kept: list[RecognizerResult] = EntityRecognizer.remove_duplicates(results)
    return kept
