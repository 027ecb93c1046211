"""One way to look for names, whatever looks: the texts of a conversation in, spans out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from workbench.names import crf
from workbench.names.decoding import named
from workbench.names.propagation import Spoken
from workbench.names.prose import prose
from workbench.names.rules import openings
from workbench.names.settings import Names
from workbench.names.tokens import Token, sentences
from workbench.personal_data.spans import Span

ENGLISH = frozenset({"", "en", "und"})
_DATA_ROLES = frozenset({"tool", "function"})


class NameFinder(Protocol):
    """Looks for names of people and places in one conversation at a time."""

    def find(
        self,
        texts: Sequence[str],
        languages: Sequence[str] | None = None,
        roles: Sequence[str] | None = None,
    ) -> list[list[Span]]:
        """Spans for each of the texts of ONE conversation, in order, without overlaps.

        ``languages`` are two-letter codes (unknown counts as English), ``roles`` who speaks.
        """

    def about(self) -> dict[str, Any]:
        """What looks, how eagerly, how well it was measured, and what it misses."""


class NoNames:
    """Looks for nothing."""

    def find(
        self,
        texts: Sequence[str],
        languages: Sequence[str] | None = None,
        roles: Sequence[str] | None = None,
    ) -> list[list[Span]]:
        """No spans at all."""
        return [[] for _ in texts]

    def about(self) -> dict[str, Any]:
        """Says so."""
        return {
            "backend": "none",
            "preset": "",
            "figures": {},
            "misses": "names and places are not looked for",
        }


class EmbeddedNames:
    """The embedded recognizer: CRF, phrases that announce names, and names said before. English."""

    def __init__(self, settings: Names) -> None:
        self._settings = settings
        self._model = crf.model()
        card = self._model.card
        self._thresholds = {
            kind: value
            for kind, value in card.thresholds[settings.preset].items()
            if kind != "ORGANIZATION" or settings.organisations
        }

    def find(
        self,
        texts: Sequence[str],
        languages: Sequence[str] | None = None,
        roles: Sequence[str] | None = None,
    ) -> list[list[Span]]:
        """Spans for each text; none in texts whose language is not English.

        Texts of the roles ``tool`` and ``function`` are data: greetings are not looked for there.
        """
        english = [languages is None or languages[at] in ENGLISH for at in range(len(texts))]
        spoken = Spoken()
        found: list[list[Span]] = []
        read: list[list[Token]] = []
        for at, text in enumerate(texts):
            announced = roles is None or roles[at] not in _DATA_ROLES
            spans, tokens = self._in_text(text, announced) if english[at] else ([], [])
            found.append(spans)
            read.append(tokens)
            for span in spans:
                if span.entity == "PERSON":
                    spoken.learn(text, span, tokens)
                elif span.entity == "LOCATION":
                    spoken.learn_place(text, span)
        return [
            sorted([*spans, *spoken.again(tokens, spans)], key=lambda span: span.start)
            for spans, tokens in zip(found, read, strict=True)
        ]

    def about(self) -> dict[str, Any]:
        """Backend, preset, the figures of the model card for the preset, and what is missed."""
        figures = self._model.card.figures
        return {
            "backend": "embedded",
            "preset": self._settings.preset,
            "figures": figures.get(self._settings.preset, {}),
            "misses": (
                "English only: in other languages no names are looked for. Nicknames in small letters, names that "
                "are common words and single first names without context are missed most. About one name in ten "
                "gets through at balanced, more in tweets and the like."
            ),
        }

    def _in_text(self, text: str, announced: bool) -> tuple[list[Span], list[Token]]:
        spans: list[Span] = []
        tokens: list[Token] = []
        ranges = list(prose(text))
        before = ""
        for start, end in ranges:
            last_end = start
            for sentence in sentences(text, start, end):
                new_line = "\n" in text[last_end : sentence[0][1]]
                spans.extend(self._in_sentence(sentence, before if new_line else ""))
                tokens.extend(sentence)
                before = sentence[-1][0]
                last_end = sentence[-1][1] + len(before)
        if announced:
            spans.extend(span for span in openings(text) if _within(span, ranges))
        return _united(spans), tokens

    def _in_sentence(self, sentence: list[Token], before: str) -> list[Span]:
        words = [word for word, _ in sentence]
        found = []
        for name in named(sentence, self._model.chances(words, before), self._thresholds):
            start = sentence[name.first][1]
            word, at = sentence[name.last - 1]
            score = crf.calibrated(name.raw, self._model.card.calibration.get(name.kind, []))
            found.append(Span(start, at + len(word), name.kind, round(score, 4), "embedded names"))
        return found


def _within(span: Span, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= span.start and span.end <= end for start, end in ranges)


def _united(spans: Sequence[Span]) -> list[Span]:
    """Spans of people that touch become one, as wide as both; then the surest of what overlaps."""
    people: list[Span] = []
    for span in sorted((s for s in spans if s.entity == "PERSON"), key=lambda s: (s.start, s.end)):
        if people and span.start < people[-1].end:
            last = people[-1]
            surer = max(last, span, key=lambda s: s.score)
            people[-1] = Span(last.start, max(last.end, span.end), "PERSON", surer.score, surer.recognizer)
        else:
            people.append(span)
    kept: list[Span] = []
    for span in sorted(
        [*people, *(s for s in spans if s.entity != "PERSON")], key=lambda s: (s.start, s.end)
    ):
        if kept and span.start < kept[-1].end:
            kept[-1] = max(kept[-1], span, key=lambda s: (s.score, s.end - s.start))
        else:
            kept.append(span)
    return kept


@lru_cache(maxsize=16)
def name_finder(settings: Names) -> NameFinder:
    """What looks for names under these settings, made once per process.

    Raises `MissingExtraError` when a library is not installed and `NotFoundError` when a model is
    not on this machine; nothing is downloaded and nothing else is used in its stead.
    """
    if settings.backend == "none":
        return NoNames()
    if settings.backend == "embedded":
        return EmbeddedNames(settings)
    from workbench.names.backends import other_finder

    return other_finder(settings)
