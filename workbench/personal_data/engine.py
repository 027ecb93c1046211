"""Presidio's own engine set up without a model, and the recognizers that come with it.

The pipeline is a blank spaCy one: it splits words and nothing else. It leaves lemmas empty, which
would silently kill Presidio's context words, so lemmas here are the lower-cased words. The e-mail
check would fetch a list of suffixes over the network; `offline_email` reads the bundled one.
This engine is the reference: `fast.FastAnalyzer` finds the same and is what the product runs.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine


def stock_analyzer(recognizers: Sequence[EntityRecognizer], language: str = "en") -> AnalyzerEngine:
    """Presidio's `AnalyzerEngine` with exactly these recognizers and no model."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry(recognizers=list(recognizers), supported_languages=[language])
    return AnalyzerEngine(
        registry=registry, nlp_engine=blank_engine(language), supported_languages=[language]
    )


def blank_engine(language: str = "en") -> NlpEngine:
    """A blank spaCy pipeline as Presidio's language engine; nothing is loaded or fetched."""
    import spacy
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

    blank = spacy.blank(language)

    class BlankEngine(NlpEngine):  # type: ignore[misc]
        def load(self) -> None:
            """Nothing to load."""

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> NlpArtifacts:
            document = blank.make_doc(text)
            return NlpArtifacts(
                entities=[],
                tokens=document,
                tokens_indices=[token.idx for token in document],
                lemmas=[token.lower_ for token in document],
                nlp_engine=self,
                language=language,
            )

        def process_batch(self, texts: Any, language: str, **_: Any) -> Iterator[tuple[str, NlpArtifacts]]:
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:
            return bool(blank.vocab[word].is_stop) and bool(language)

        def is_punct(self, word: str, language: str) -> bool:
            return bool(blank.vocab[word].is_punct) and bool(language)

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return [language]

    return BlankEngine()


def default_recognizers(language: str = "en") -> list[EntityRecognizer]:
    """The recognizers that Presidio switches on by itself for a language, without a model's."""
    from presidio_analyzer import RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import EmailRecognizer, SpacyRecognizer

    registry = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language])
    return [
        offline_email(language) if isinstance(recognizer, EmailRecognizer) else recognizer
        for recognizer in registry.recognizers
        if not isinstance(recognizer, SpacyRecognizer)
    ]


def every_recognizer(language: str = "en") -> list[EntityRecognizer]:
    """Every recognizer of Presidio that needs no model and no service, of all countries."""
    from presidio_analyzer import PatternRecognizer, predefined_recognizers
    from presidio_analyzer.predefined_recognizers import EmailRecognizer, PhoneRecognizer

    makers: list[Any] = [
        kind
        for _, kind in sorted(vars(predefined_recognizers).items())
        if inspect.isclass(kind)
        and issubclass(kind, (PatternRecognizer, PhoneRecognizer))
        and not issubclass(kind, EmailRecognizer)
    ]
    return [offline_email(language), *(make(supported_language=language) for make in makers)]


def offline_email(language: str = "en") -> EntityRecognizer:
    """Presidio's e-mail recognizer with the suffix list that is installed, not a fetched one."""
    import tldextract
    from presidio_analyzer.predefined_recognizers import EmailRecognizer

    suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class OfflineEmailRecognizer(EmailRecognizer):  # type: ignore[misc]
        def validate_result(self, pattern_text: str) -> bool:
            return bool(suffixes(pattern_text).fqdn != "")

    return OfflineEmailRecognizer(supported_language=language, name="EmailRecognizer")
