"""Presidio set up for chat data: pattern recognizers, no model download, no network.

Presidio (Microsoft, MIT) with a blank spaCy pipeline. The blank pipeline leaves lemmas
empty, which kills Presidio's context words, so the engine here fills them with the lower-cased
token. Its e-mail check would fetch a suffix list, so ours reads the bundled one.
Names and places need a model; without one they are not searched for, and callers say so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

ENTITIES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS", "CRYPTO")
CHUNK = 4000
NETWORK_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
CARD = (  # Presidio's own, and Mastercard's 2-series (2221 to 2720)
    r"\b(?!1\d{12}(?!\d))((4\d{3})|(5[0-5]\d{2})|(2[2-7]\d{2})|(6\d{3})|(1\d{3})|(3\d{3}))"
    r"[- ]?(\d{3,4})[- ]?(\d{3,4})[- ]?(\d{3,5})\b"
)


def scan(text: str, entities: tuple[str, ...], threshold: float) -> list[dict[str, Any]]:
    """Spans ``{start, end, entity, score}`` of personal data in one message, no overlaps.

    Long texts are read in overlapping pieces, because some recognizers take time that grows
    with the square of the length.
    """
    if not _can_match(text):
        return []
    spans: dict[tuple[int, int, str], float] = {}
    for offset in range(0, max(len(text), 1), CHUNK - 200):
        piece = text[offset : offset + CHUNK]
        for result in analyzer().analyze(piece, language="en", entities=list(entities)):
            if result.score >= threshold and not _is_noise(
                result.entity_type, piece[result.start : result.end]
            ):
                key = (result.start + offset, result.end + offset, result.entity_type)
                spans[key] = max(spans.get(key, 0.0), float(result.score))
        if offset + CHUNK >= len(text):
            break
    return _without_overlaps(spans)


@lru_cache(maxsize=1)
def analyzer() -> AnalyzerEngine:
    """Build the engine once a process (about 2 seconds)."""
    import logging

    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, Pattern, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, EmailRecognizer, IbanRecognizer

    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    blank = spacy.blank("en")

    class InternalEmailRecognizer(EmailRecognizer):  # type: ignore[misc]
        """Keeps addresses on suffixes that are not listed, such as ``corp.internal``."""

        def validate_result(self, pattern_text: str) -> bool | None:
            return True if suffixes(pattern_text).fqdn else None

    class BlankEngine(NlpEngine):  # type: ignore[misc]
        def load(self) -> None:
            """Nothing to load."""

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> NlpArtifacts:
            document = blank(text)
            return NlpArtifacts(
                entities=[],
                tokens=document,
                tokens_indices=[token.idx for token in document],
                lemmas=[token.lower_ for token in document],
                nlp_engine=self,
                language=language,
            )

        def process_batch(self, texts: Any, language: str, **_: Any) -> Any:
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:
            return bool(blank.vocab[word].is_stop) and bool(language)

        def is_punct(self, word: str, language: str) -> bool:
            return bool(blank.vocab[word].is_punct) and bool(language)

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en"]

    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    wanted = set(ENTITIES) - {"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE"}
    registry.recognizers = [r for r in registry.recognizers if wanted & set(r.supported_entities)]
    registry.recognizers += [
        InternalEmailRecognizer(),
        # The registry's own ignores case, takes a following word of four letters into the
        # number, and then fails its checksum.
        IbanRecognizer(),
        CreditCardRecognizer(patterns=[Pattern("card", CARD, 0.3)]),
    ]
    return AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])


def _can_match(text: str) -> bool:
    """Every recognizer in use needs an at sign, or at least four digits or hex groups."""
    return "@" in text or sum(map(str.isdigit, text)) >= 4 or "::" in text


def _is_noise(entity: str, value: str) -> bool:
    """A number of fewer than seven digits is no phone number, nor is a network address."""
    if entity != "PHONE_NUMBER":
        return False
    return sum(map(str.isdigit, value)) < 7 or NETWORK_ADDRESS.fullmatch(value) is not None


def _without_overlaps(spans: dict[tuple[int, int, str], float]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    ranked = sorted(spans.items(), key=lambda item: (-item[1], item[0][0] - item[0][1], item[0][0]))
    for (start, end, entity), score in ranked:
        if all(end <= span["start"] or start >= span["end"] for span in kept):
            kept.append({"start": start, "end": end, "entity": entity, "score": round(score, 3)})
    return sorted(kept, key=lambda span: int(span["start"]))
