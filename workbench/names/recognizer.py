"""The name finder as a Presidio recognizer, so that a stock ``AnalyzerEngine`` can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.names.finding import name_finder
from workbench.names.settings import Names

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

ENTITIES = ("PERSON", "LOCATION")


def crf_recognizer(settings: Names) -> EntityRecognizer:
    """A Presidio recognizer that finds in one text what `name_finder` finds in a conversation of it alone.

    Raises what `name_finder` raises. Scores are the finder's; names said in other messages are not
    known to it, since Presidio reads one text at a time.
    """
    from presidio_analyzer import AnalysisExplanation, EntityRecognizer, RecognizerResult

    finder = name_finder(settings)
    wanted = [*ENTITIES, "ORGANIZATION"] if settings.organisations else list(ENTITIES)

    class NamesRecognizer(EntityRecognizer):  # type: ignore[misc, unused-ignore]
        """Names of people and places, by the finder of the settings."""

        def load(self) -> None:
            """Nothing: the finder is loaded."""

        def analyze(
            self, text: str, entities: list[str], nlp_artifacts: Any = None
        ) -> list[RecognizerResult]:
            """Spans of one text as Presidio's results."""
            (spans,) = finder.find([text])
            return [
                RecognizerResult(
                    entity_type=span.entity,
                    start=span.start,
                    end=span.end,
                    score=span.score,
                    analysis_explanation=AnalysisExplanation(recognizer=self.name, original_score=span.score),
                )
                for span in spans
                if not entities or span.entity in entities
            ]

    recognizer: EntityRecognizer = NamesRecognizer(supported_entities=wanted, name="NamesRecognizer")
    return recognizer
