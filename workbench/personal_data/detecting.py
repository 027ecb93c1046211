"""What is found in the texts of a conversation: patterns, names and hidden values, put together.

Each text is read as it would be shown (`normalising`), searched by Presidio's recognizers and ours,
read again behind its encodings (`decoding`), judged by its surroundings (`recognizers.noise`,
`recognizers.context`), and joined with the names that `workbench.names` found and with values that
go over several messages. Spans are in the text as written and do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from workbench.names.settings import Names
from workbench.personal_data.judging import beside_names, code_ranges, joined_with_names, towns
from workbench.personal_data.languages import languages_of
from workbench.personal_data.normalising import normalised
from workbench.personal_data.packs import MODEL_ENTITIES, chosen
from workbench.personal_data.recognizers.context import Phrasebook, asked_in, named_in
from workbench.personal_data.recognizers.over_messages import over_messages
from workbench.personal_data.searching import PatternSearch, Searched
from workbench.personal_data.settings import LANGUAGES, Detection
from workbench.personal_data.spans import Scan, Span, without_overlaps

ENTITIES = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS", "CRYPTO")


SURE_IN_CODE = 0.7
"""What a name within fenced code must score."""


class Detector:
    """Finds personal data. Made by `detector`; one for each setting and process."""

    def __init__(self, settings: Detection) -> None:
        self.settings = settings
        self.entities = chosen(settings.entities, settings.countries)
        self.languages = LANGUAGES if settings.languages == "auto" else tuple(settings.languages)
        own = tuple((pattern.name, tuple(pattern.context)) for pattern in settings.patterns)
        self._book = Phrasebook(self.languages, own)
        self._patterns = PatternSearch(settings, self.entities, self._book)
        self._names = self._name_finder()

    def scan(
        self,
        texts: Sequence[str],
        roles: Sequence[str] | None = None,
        code: Sequence[bool] | None = None,
        labels: Sequence[str] | None = None,
    ) -> list[Scan]:
        """What is found in each of the texts of ONE conversation, in order.

        ``roles``: who speaks each text. ``code``: whether it is source code, where no names, streets
        or web addresses are looked for. ``labels``: what the text stands under (the name of a
        field), which counts as context. A scan with ``not_scanned`` must be looked at by a person.
        """
        is_code = list(code) if code is not None else [False] * len(texts)
        searched = self._searched(texts, is_code, labels)
        pieces: list[list[Span]] = [[] for _ in texts]
        for message, span in over_messages(texts, roles, [s.topics for s in searched]):
            if self._wanted(span):
                pieces[message].append(span)
        names = self._found_names(texts, roles, is_code)
        scans = []
        for n, text in enumerate(texts):
            found = beside_names(text, searched[n].spans, names[n])
            patterns = without_overlaps(
                [*(s for s in found if s.score >= self.settings.threshold), *pieces[n]]
            )
            near = [*names[n], *(towns(text, patterns) if self._names is not None else ())]
            spans = joined_with_names(text, patterns, near, searched[n].untouchable)
            scans.append(Scan(tuple(_in_text(spans, text)), searched[n].not_scanned))
        return scans

    def about(self) -> dict[str, Any]:
        """What is looked for and what does the looking, for pages and reports."""
        names = self._names.about() if self._names is not None else {"backend": "none"}
        return {
            "entities": list(self.entities) + [pattern.name for pattern in self.settings.patterns],
            "countries": list(self.settings.countries),
            "languages": list(self.languages),
            "threshold": self.settings.threshold,
            "names": names,
        }

    def _searched(
        self, texts: Sequence[str], code: Sequence[bool], labels: Sequence[str] | None
    ) -> list[Searched]:
        searched: list[Searched] = []
        for n, text in enumerate(texts):
            asked = asked_in(texts[n - 1], self._book) if n and _may_hold_value(text) else frozenset()
            if labels is not None and labels[n]:
                asked |= named_in(_words(labels[n]), self._book)
            searched.append(self._patterns.search(text, code=code[n], asked=asked))
        return searched

    def _found_names(
        self, texts: Sequence[str], roles: Sequence[str] | None, code: Sequence[bool]
    ) -> list[list[Span]]:
        if self._names is None:
            return [[] for _ in texts]
        read = [normalised("" if is_code else text) for text, is_code in zip(texts, code, strict=True)]
        allowed = None if self.settings.languages == "auto" else self.languages
        found = self._names.find([r.text for r in read], languages_of(texts, allowed), roles)
        spans: list[list[Span]] = []
        for text, reading, of_text in zip(texts, read, found, strict=True):
            fenced = code_ranges(text) if of_text else []
            placed = [
                Span(*reading.original(s.start, s.end), s.entity, s.score, s.recognizer) for s in of_text
            ]
            spans.append(
                [
                    span
                    for span in placed
                    if self._wanted(span)
                    and (_is_full_name(text, span) or not any(a <= span.start < b for a, b in fenced))
                ]
            )
        return spans

    def _wanted(self, span: Span) -> bool:
        return span.entity in self.entities or (
            span.entity == "ORGANIZATION" and self.settings.names.organisations
        )

    def _name_finder(self) -> Any:
        if self.settings.names.backend == "none" or not set(MODEL_ENTITIES) & set(self.entities):
            return None
        from workbench.names.finding import name_finder

        return name_finder(self.settings.names)


def detector(settings: Detection) -> Detector:
    """The detector of these settings; the same one each time in a process.

    Raises what `workbench.names.finding.name_finder` raises when a model is not there.
    """
    return _detector(settings.model_dump_json())


def scan(text: str, entities: tuple[str, ...], threshold: float) -> list[dict[str, Any]]:
    """Spans ``{start, end, entity, score}`` of one text by patterns alone, no overlaps."""
    settings = Detection(entities=list(entities), threshold=threshold, names=Names(backend="none"))
    (found,) = detector(settings).scan([text])
    return [{"start": s.start, "end": s.end, "entity": s.entity, "score": s.score} for s in found.spans]


@lru_cache(maxsize=8)
def _detector(settings: str) -> Detector:
    return Detector(Detection.model_validate_json(settings))


def _may_hold_value(text: str) -> bool:
    return any(map(str.isdigit, text[:200]))


def _is_full_name(text: str, span: Span) -> bool:
    """A name that counts in a comment or string of code too, where a single word is mostly none."""
    return span.entity == "PERSON" and span.score >= SURE_IN_CODE and " " in text[span.start : span.end]


def _words(label: str) -> str:
    """The words of a field's name: ``phone_number``, ``phoneNumber`` and ``phone-number`` alike."""
    import re

    return re.sub(r"[_\-./]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label))


def _in_text(spans: Sequence[Span], text: str) -> list[Span]:
    return [
        Span(s.start, s.end, s.entity, round(s.score, 3), s.recognizer)
        for s in spans
        if 0 <= s.start < s.end <= len(text)
    ]
