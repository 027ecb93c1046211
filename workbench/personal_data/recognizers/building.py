"""A rule, written as data, made into a Presidio recognizer.

Presidio (Microsoft, MIT) is imported when the first recognizer is made. Context words are not
given to Presidio, which compares parts of words ("us" in "because") and looks five tokens back
and none ahead: `workbench.personal_data.recognizers.context` reads whole phrases instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

DOTALL, MULTILINE, IGNORE_CASE = 16, 8, 2  # the numbers that the regex module gives them


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value looks like: patterns with the score of each, and a check of what they match.

    ``check`` says True for proved (score 1), None for possible (the pattern's score) and False
    for refuted. Patterns must take time linear in the text: every repetition has an upper bound.
    """

    entity: str
    name: str
    patterns: tuple[tuple[str, float], ...]
    check: Callable[[str], bool | None] | None = None
    ignore_case: bool = True


def recognizer(rule: Rule) -> EntityRecognizer:
    """The Presidio recognizer of a rule."""
    from presidio_analyzer import Pattern

    patterns = [
        Pattern(f"{rule.name} {n}", regex, score) for n, (regex, score) in enumerate(rule.patterns, 1)
    ]
    flags = DOTALL | MULTILINE | (IGNORE_CASE if rule.ignore_case else 0)
    return _rule_recognizer()(rule.check, rule.entity, rule.name, patterns, flags)


@cache
def _rule_recognizer() -> Any:
    from presidio_analyzer import PatternRecognizer

    class RuleRecognizer(PatternRecognizer):  # type: ignore[misc]
        """A rule's patterns and its check."""

        def __init__(self, check: Any, entity: str, name: str, patterns: list[Any], flags: int) -> None:
            self.check = check
            super().__init__(
                supported_entity=entity,
                name=name,
                patterns=patterns,
                context=[],
                global_regex_flags=flags,
            )

        def validate_result(self, pattern_text: str) -> bool | None:
            return None if self.check is None else self.check(pattern_text)

    return RuleRecognizer
