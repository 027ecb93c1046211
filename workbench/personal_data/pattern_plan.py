"""The patterns of all recognizers, run over one text: only those whose gate the text opens."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex

from workbench.personal_data.gates import LONGEST_RUN, Gate, gate_of
from workbench.personal_data.readers import Text, deduplicated, result_of

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, RecognizerResult


@dataclass(slots=True, eq=False)
class PlannedPattern:
    """A pattern ready to run. ``inner``: one that must match for this one to match.

    ``by_group``: as Presidio's IBAN recognizer, which tries shorter ends of a match.
    """

    owner: int
    recognizer: Any
    gate: Gate
    compiled: Any
    name: str
    score: float
    by_group: bool
    inner: PlannedPattern | None

    def read(self, read: Text, results: list[RecognizerResult]) -> bool:
        """Add the valid matches. True if there was any match, or no time to know."""
        any_match = False
        try:
            for match in self.compiled.finditer(read.text, timeout=read.timeout()):
                any_match = True
                start = match.start()
                for end in self._ends(match):
                    score = self._score_of(read.text[start:end]) if end > start else 0
                    if score > 0:
                        entity = self.recognizer.supported_entities[0]
                        results.append(result_of(self.recognizer, entity, start, end, score))
                        break
        except TimeoutError:
            read.spent(f"the pattern {self.name} of {self.recognizer.name}")
            return True
        return any_match

    def _ends(self, match: Any) -> Iterable[int]:
        if not self.by_group:
            return (match.end(),)
        ends = (match.end(group) for group in range(len(match.groups()), 0, -1))
        return (end if end > 0 else match.end() for end in ends)

    def _score_of(self, value: str) -> float:
        """Presidio's rule: 1 if valid, 0 if not, the pattern's own where nothing is checked."""
        valid = self.recognizer.validate_result(value)
        score = self.score if valid is None else float(bool(valid))
        if not self.by_group and self.recognizer.invalidate_result(value):
            return 0
        return score


class PatternPlan:
    """All patterns of all recognizers, so that those a text cannot match are not even looked at."""

    def __init__(self, recognizers: Iterable[tuple[int, EntityRecognizer]]) -> None:
        planned = [pattern for owner, recognizer in recognizers for pattern in _planned(owner, recognizer)]
        planned.sort(key=lambda pattern: pattern.gate.digits)
        self.by_run = [
            [pattern for pattern in planned if pattern.gate.run <= run] for run in range(LONGEST_RUN + 1)
        ]
        self.digits = [[pattern.gate.digits for pattern in patterns] for patterns in self.by_run]

    def read(self, read: Text, wanted: frozenset[int]) -> dict[int, list[RecognizerResult]]:
        """Valid matches by recognizer, those of one recognizer without those inside another."""
        facts = read.views
        most = bisect_right(self.digits[facts.run], facts.digits)
        found: dict[int, list[RecognizerResult]] = {}
        matched: dict[PlannedPattern, bool] = {}
        for pattern in self.by_run[facts.run][:most]:
            if pattern.owner not in wanted or not pattern.gate.opens(facts):
                continue
            if not read.admits(pattern.recognizer):
                continue
            for part in (pattern.inner, pattern):
                if part is not None and part not in matched:
                    matched[part] = part.gate.opens(facts) and part.read(
                        read, found.setdefault(part.owner, [])
                    )
                if part is not None and not matched[part]:
                    break
        return {owner: deduplicated(results) for owner, results in found.items() if results}


def _planned(owner: int, recognizer: Any) -> list[PlannedPattern]:
    from presidio_analyzer.predefined_recognizers import IbanRecognizer

    flags = int(recognizer.global_regex_flags)
    by_group = type(recognizer).analyze is IbanRecognizer.analyze
    planned = [
        PlannedPattern(
            owner,
            recognizer,
            gate_of(pattern.regex, flags),
            regex.compile(pattern.regex, flags),
            pattern.name,
            pattern.score,
            by_group,
            None,
        )
        for pattern in recognizer.patterns
    ]
    inner = _inner([pattern.regex for pattern in recognizer.patterns])
    for at, pattern in enumerate(planned):
        pattern.inner = planned[inner] if inner is not None and inner != at else None
    return planned


def _inner(patterns: Sequence[str]) -> int | None:
    """The pattern that all others are built around, as in the URL recognizer.

    If it matches nowhere, none of them does.
    """
    for at, pattern in enumerate(patterns):
        core = pattern.removeprefix("(?i)")
        around = {
            f"(?i)(?:https?://){core}",
            rf"""(?i)["\'](https?://{core})["\']""",
            rf"""(?i)["\']({core})["\']""",
        }
        others = {other for other in patterns if other != pattern}
        if others and others <= around:
            return at
    return None
