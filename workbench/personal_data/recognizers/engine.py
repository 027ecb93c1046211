"""The recognizers of some settings, run together in bounded time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.personal_data.recognizers import generic, national, people, places, shipped
from workbench.personal_data.recognizers.building import Rule, recognizer
from workbench.personal_data.settings import Detection, UserPattern
from workbench.personal_data.spans import Span

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

# Looser patterns that count only next to the words for the entity that they stand for.
SAID = {"SAID_PHONE_NUMBER": "PHONE_NUMBER", "SAID_US_SSN": "US_SSN"}
RULES: tuple[Rule, ...] = (*generic.RULES, *national.RULES, *people.RULES, *places.RULES)


def recognizers(settings: Detection, entities: Sequence[str]) -> list[EntityRecognizer]:
    """Presidio's recognizers and ours for those entities, and the user's own patterns."""
    wanted = set(entities)
    wanted |= {loose for loose, entity in SAID.items() if entity in wanted}
    ours = [recognizer(rule) for rule in RULES if rule.entity in wanted]
    theirs = [*shipped.everywhere(wanted, settings.countries), *shipped.national(wanted)]
    return [*ours, *theirs, *(recognizer(user_rule(pattern)) for pattern in settings.patterns)]


def user_rule(pattern: UserPattern) -> Rule:
    """A user's pattern as a rule, with the check digits it names."""
    from workbench.personal_data.recognizers import checks

    check = {"luhn": checks.luhn, "mod97": checks.mod97}.get(pattern.check or "")
    return Rule(
        pattern.name,
        pattern.name.lower(),
        ((pattern.regex, pattern.score),),
        None if check is None else lambda value: None if check(value) else False,
        ignore_case=False,
    )


class Engine:
    """Runs recognizers over one text."""

    def __init__(self, settings: Detection, entities: Sequence[str]) -> None:
        self.seconds = settings.seconds
        self.recognizers = recognizers(settings, entities)
        self.entities = frozenset(name for r in self.recognizers for name in r.supported_entities)
        self._analyzer = _analyzer(self.recognizers)

    def scan(self, text: str, entities: Iterable[str]) -> tuple[list[Span], str | None]:
        """Every match, overlaps and all, and why not the whole text was searched, if so."""
        wanted = sorted(self.entities.intersection(entities))
        if not wanted:
            return [], None
        results, why = self._analyzer.scan(text, wanted, self.seconds)
        return [Span(r.start, r.end, r.entity_type, float(r.score), _name(r)) for r in results], why


def _name(result: Any) -> str:
    return str((result.recognition_metadata or {}).get("recognizer_name", ""))


def _analyzer(found: Sequence[EntityRecognizer]) -> Any:
    from workbench.personal_data.fast import FastAnalyzer

    return FastAnalyzer(found, remember=0)  # what is remembered is the whole search, not this part
