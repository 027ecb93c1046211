"""Patterns run over one text: read as shown, behind its encodings, and in words."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from workbench.personal_data import decoding
from workbench.personal_data.judging import (
    BY_NEIGHBOURS,
    CODE_FLOOR,
    PROSE_ONLY,
    code_ranges,
    inside,
    tags,
    with_context,
)
from workbench.personal_data.normalising import normalised
from workbench.personal_data.packs import needs_context
from workbench.personal_data.recognizers import checks
from workbench.personal_data.recognizers.context import (
    WITHOUT,
    Occurrences,
    Phrasebook,
    occurrences,
    supported,
)
from workbench.personal_data.recognizers.engine import SAID, Engine
from workbench.personal_data.recognizers.noise import is_noise
from workbench.personal_data.settings import Detection
from workbench.personal_data.spans import Span, without_overlaps

REMEMBERED = 50_000
HIDDEN = 0.85


@dataclass(frozen=True, slots=True)
class Searched:
    """What patterns saw in one text, the topics it names, and the tags that must be left alone."""

    spans: tuple[Span, ...]
    topics: frozenset[str]
    untouchable: tuple[tuple[int, int], ...]
    not_scanned: str | None = None


class PatternSearch:
    """Searches texts by patterns, each text once as long as it is remembered."""

    def __init__(self, settings: Detection, entities: Sequence[str], book: Phrasebook) -> None:
        self.settings = settings
        self.entities = frozenset(entities) | {pattern.name for pattern in settings.patterns}
        self.book = book
        self.engine = Engine(settings, entities)
        self._seen: OrderedDict[bytes, Searched] = OrderedDict()

    def search(self, text: str, *, code: bool, asked: frozenset[str]) -> Searched:
        """What is in a text. ``asked``: the topics that the message before it names."""
        key = blake2b(
            f"{code}|{'|'.join(sorted(asked))}|{text}".encode("utf-8", "surrogatepass"), digest_size=16
        ).digest()
        found = self._seen.get(key)
        if found is None:
            found = self._search(text, code, asked)
            self._seen[key] = found
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(key)
        return found

    def _search(self, text: str, code: bool, asked: frozenset[str]) -> Searched:
        until = time.process_time() + self.settings.seconds * (1 + len(text) // 100_000)
        reading = normalised(text)
        shown = decoding.without_line_escapes(reading.text)
        context = occurrences(shown, self.book, asked)
        spans, why = self._matches(shown, context)
        spans += self._spoken(shown, context)
        for other in decoding.readings(shown):
            found, slow = self._matches(other.text, occurrences(other.text, self.book, asked))
            why = why or slow
            spans += [
                replace(s, start=a, end=b)
                for s in found
                if other.touches(s.start, s.end)
                for a, b in (other.original(s.start, s.end),)
            ]
        hidden, slow = self._encoded(shown, 1, until)
        spans = [*spans, *hidden]
        spans = [replace(s, start=a, end=b) for s in spans for a, b in (reading.original(s.start, s.end),)]
        turned, slower = self._overridden(text)
        spans += turned
        untouchable = tuple(tags(text))
        fenced = [(0, len(text))] if code else code_ranges(text)
        kept = [s for s in spans if self._counts(text, s, fenced, untouchable)]
        return Searched(tuple(without_overlaps(kept)), context.topics(), untouchable, why or slow or slower)

    def _counts(
        self,
        text: str,
        span: Span,
        fenced: Sequence[tuple[int, int]],
        untouchable: Sequence[tuple[int, int]],
    ) -> bool:
        if span.entity not in self.entities or inside(untouchable, span.start, span.end):
            return False
        if inside(fenced, span.start, span.end):
            plain = text[span.start : span.end].isalnum()
            return span.entity not in PROSE_ONLY and (span.score >= CODE_FLOOR or not plain)
        return True

    def _matches(self, text: str, context: Occurrences) -> tuple[list[Span], str | None]:
        """What the engine sees and the surroundings do not refute."""
        found, why = self.engine.scan(text, self._worth_running(context))
        spans: list[Span] = []
        for span in found:
            entity = SAID.get(span.entity, span.entity)
            said = context.supports(entity, span.start, span.end) is not None
            if is_noise(
                entity,
                text,
                span.start,
                span.end,
                said=said,
                short_phones=self.settings.short_phones,
                private=self.settings.private_addresses,
            ):
                continue
            if span.entity in SAID and not said:
                continue
            score = with_context(entity, span.score, context, span.start, span.end)
            spans.append(replace(span, entity=entity, score=score))
        return spans, why

    def _worth_running(self, context: Occurrences) -> frozenset[str]:
        """Without the kinds that need context where there is none, as they could not reach the threshold."""
        wanting = frozenset(
            e for e in self.engine.entities if e not in BY_NEIGHBOURS and (e in SAID or needs_context(e))
        )
        has = supported((SAID.get(e, e) for e in wanting), context.topics())
        least = self.settings.threshold <= WITHOUT
        return frozenset(
            e
            for e in self.engine.entities
            if e not in wanting or SAID.get(e, e) in has or (least and e not in SAID)
        )

    def _spoken(self, text: str, context: Occurrences) -> list[Span]:
        return [
            Span(number.start, number.end, entity, 0.6, "spoken digits")
            for number in decoding.spoken_numbers(text)
            if (entity := _spoken_entity(number, context)) is not None
        ]

    def _encoded(self, text: str, depth: int, until: float) -> tuple[list[Span], str | None]:
        """Whole tokens that hold something when they are decoded."""
        spans: list[Span] = []
        why = "more encoded values than are decoded" if decoding.too_many_tokens(text) else None
        for start, end, held in decoding.encoded(text):
            if time.process_time() > until:
                return spans, "decoding took too long"
            inner, slow = self._matches(held, occurrences(held, self.book))
            why = why or slow
            if depth < decoding.DEPTH:
                deeper, slow = self._encoded(held, depth + 1, until)
                inner, why = [*inner, *deeper], why or slow
            best = max((s for s in inner if s.score >= self.settings.threshold), key=_strength, default=None)
            if best is not None:
                spans.append(
                    Span(start, end, best.entity, HIDDEN * best.score, f"{best.recognizer}, encoded")
                )
        return spans, why

    def _overridden(self, text: str) -> tuple[list[Span], str | None]:
        """What is to be seen where the direction of writing is turned round."""
        if "\u202e" not in text and "\u2067" not in text:
            return [], None
        found: list[Span] = []
        why = None
        for reading in decoding.overridden(text):
            spans, slow = self._matches(reading.text, occurrences(reading.text, self.book))
            why = why or slow
            found += [
                replace(s, start=a, end=b) for s in spans for a, b in (reading.original(s.start, s.end),)
            ]
        return found, why


def _strength(span: Span) -> tuple[float, int, str]:
    return span.score, span.end - span.start, span.entity


def _spoken_entity(number: decoding.SpokenNumber, context: Occurrences) -> str | None:
    digits, where = number.digits, (number.start, number.end)
    if 12 <= len(digits) <= 19 and (
        checks.card(digits) or context.supports("CREDIT_CARD", *where) is not None
    ):
        return "CREDIT_CARD"
    if len(digits) == 9 and context.supports("US_SSN", *where) is not None:
        return "US_SSN"
    return "PHONE_NUMBER" if len(digits) <= 15 else None
