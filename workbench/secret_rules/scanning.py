"""Scanning: where a text holds a secret.

One pass over the text (Aho and Corasick 1975) says which keywords are in it; only rules of which
a keyword is there are tried. A text is read as it is, as it reads without hidden characters, and
decoded; and what could not be read in time is said to be so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from workbench.errors import NotFoundError
from workbench.personal_data.normalising import normalised
from workbench.personal_data.spans import Scan, Span, without_overlaps
from workbench.secret_rules.checks import check_named
from workbench.secret_rules.encoded import DEEPEST, encoded_parts
from workbench.secret_rules.placeholders import certainty, entropy
from workbench.secret_rules.rules import Allowance, Rule, own_rules
from workbench.secret_rules.settings import Secrets

BACK = 300
"""Characters before a keyword at which a match may begin."""
REMEMBERED = 4096
LONGEST_REMEMBERED = 20_000
TOO_LONG = "looking for secrets took longer than {seconds:g} s"


@dataclass(frozen=True, slots=True)
class _Limits:
    """When to stop, in this process's own time, and what every secret must have.

    Not by the clock on the wall: a busy machine finds the same as an idle one.
    """

    deadline: float
    min_entropy: float


@dataclass
class Scanner:
    """Finds secrets in texts by ``rules``; make it with `scanner` or `scanner_of`."""

    rules: tuple[Rule, ...]
    settings: Secrets
    _automaton: Any = field(init=False, repr=False)
    _always: tuple[int, ...] = field(init=False, repr=False)
    _remembered: dict[str, Scan] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._automaton = _automaton(self.rules)
        self._always = tuple(n for n, rule in enumerate(self.rules) if not rule.keywords)

    def scan(self, text: str) -> Scan:
        """Where secrets are, without overlaps, in characters of ``text``.

        ``Span.entity`` is the kind in capitals and ``Span.recognizer`` the rule. A text that took
        longer than ``settings.seconds`` has ``not_scanned``, beside what was found until then.
        """
        known = self._remembered.get(text)
        if known is not None:
            return known
        found = self._scan(text)
        if len(text) <= LONGEST_REMEMBERED:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = found
        return found

    def about(self) -> dict[str, Any]:
        """What looks: how many rules of how many issuers, and how many of the user's own."""
        own = [rule for rule in self.rules if not rule.users]
        return {
            "backend": "formats of issuers, keywords and entropy",
            "rules": len(own),
            "issuers": len({rule.issuer for rule in own}),
            "own_rules": len(self.rules) - len(own),
        }

    def _scan(self, text: str) -> Scan:
        limits = _Limits(time.process_time() + self.settings.seconds, self.settings.min_entropy)
        spans: list[Span] = []
        try:
            for span in self._found(text, limits, DEEPEST if self.settings.encoded else 0):
                spans.append(span)
            reads = normalised(text)
            if reads.text != text:
                for span in self._found(reads.text, limits, 0):
                    start, end = reads.original(span.start, span.end)
                    spans.append(Span(start, end, span.entity, span.score, span.recognizer))
        except TimeoutError:
            late = TOO_LONG.format(seconds=self.settings.seconds)
            return Scan(tuple(without_overlaps(spans)), late)
        return Scan(tuple(without_overlaps(spans)))

    def _found(self, text: str, limits: _Limits, depth: int) -> Iterator[Span]:
        for number, places in self._gated(text):
            rule = self.rules[number]
            for start, end in _windows(rule, places, len(text)):
                yield from _matches(rule, text, start, end, limits)
        if not depth:
            return
        for part in encoded_parts(text):
            _in_time(limits)
            for span in self._found(part.text, limits, depth - 1):
                start, end = part.original(span.start, span.end)
                yield Span(start, end, span.entity, span.score, span.recognizer)

    def _gated(self, text: str) -> list[tuple[int, list[int]]]:
        """The rules of which a keyword is in the text, and where; nowhere stands for anywhere."""
        hits: dict[int, list[int]] = {number: [] for number in self._always}
        lowered = text.lower()
        for place, numbers in self._automaton.iter(lowered):
            for number in numbers:
                hits.setdefault(number, []).append(place)
        if len(lowered) != len(text):  # a few letters have two as their lower case
            return sorted((number, []) for number in hits)
        return sorted(hits.items())


def scanner(settings: Secrets) -> Scanner:
    """The scanner of the rules that come with Workbench; the same for the same settings.

    Rules in files are added by `scanner_of`. Raises `NotFoundError` for an unknown rule to ignore.
    """
    return _cached(own_rules(), settings.model_dump_json())


def scanner_of(rules: tuple[Rule, ...], settings: Secrets) -> Scanner:
    """The scanner of the rules that come with Workbench and of ``rules``. Raises as `scanner` does."""
    return _cached(own_rules() + rules, settings.model_dump_json())


@lru_cache(maxsize=8)
def _cached(rules: tuple[Rule, ...], settings: str) -> Scanner:
    chosen = Secrets.model_validate_json(settings)
    names = {rule.name for rule in rules}
    if unknown := sorted(set(chosen.ignore) - names):
        raise NotFoundError(
            f"there is no rule {', '.join(unknown)} to ignore",
            remedy="take names as findings have them, such as " + ", ".join(sorted(names)[:3]),
        )
    return Scanner(tuple(rule for rule in rules if rule.name not in chosen.ignore), chosen)


def _automaton(rules: tuple[Rule, ...]) -> Any:
    import ahocorasick

    owners: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for keyword in rule.keywords:
            owners.setdefault(keyword, []).append(number)
    automaton = ahocorasick.Automaton()
    for keyword, numbers in owners.items():
        automaton.add_word(keyword, tuple(numbers))
    automaton.make_automaton()
    return automaton


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.ASCII)


def _matches(rule: Rule, text: str, first: int, last: int, limits: _Limits) -> Iterator[Span]:
    """Every secret of one rule in a part of a text. Raises `TimeoutError` when the time is over."""
    # What is no secret after all must not hide one that begins within it.
    matches = _compiled(rule.pattern).finditer(
        text, first, last, overlapped=bool(rule.reach), timeout=_in_time(limits)
    )
    for match in matches:
        _in_time(limits)
        start, end = _place(rule, match)
        secret = text[start:end]
        if start >= end or entropy(secret) < max(rule.entropy, limits.min_entropy):
            continue
        if any(_allows(allowance, rule, match, secret, limits) for allowance in rule.allowances):
            continue
        score = rule.score * certainty(secret, rule.caution)
        if score and rule.check:
            score *= check_named(rule.check)(secret, match)
        if score:
            yield Span(start, end, rule.name, round(score, 3), f"{rule.issuer or 'own rule'}: {rule.name}")


def _windows(rule: Rule, places: list[int], length: int) -> list[tuple[int, int]]:
    """Where a match of the rule may lie, apart from each other and in order."""
    if not rule.reach or not places:
        return [(0, length)]
    windows: list[tuple[int, int]] = []
    for place in places:
        start, end = max(0, place - BACK), min(length, place + rule.reach)
        if windows and start <= windows[-1][1]:
            start = windows.pop()[0]
        windows.append((start, end))
    return windows


def _in_time(limits: _Limits) -> float:
    left = limits.deadline - time.process_time()
    if left <= 0:
        raise TimeoutError
    return left


def _place(rule: Rule, match: Any) -> tuple[int, int]:
    if rule.group != 0:
        place: tuple[int, int] = match.span(rule.group)
        return place
    for number in range(1, match.re.groups + 1):
        if match[number]:
            return match.start(number), match.end(number)
    return match.start(), match.end()


def _allows(allowance: Allowance, rule: Rule, match: Any, secret: str, limits: _Limits) -> bool:
    """Whether an allowance takes a match away."""
    if allowance.rules and rule.name not in allowance.rules:
        return False
    looked_at = {"secret": secret, "match": match.group()}.get(allowance.target)
    if looked_at is None:
        looked_at = _line(match)
    seen = [
        any(_compiled(p).search(looked_at, timeout=_in_time(limits)) for p in allowance.patterns),
        any(word in secret.lower() for word in allowance.stopwords),
    ]
    asked = [bool(allowance.patterns), bool(allowance.stopwords)]
    if allowance.all_of:
        return all(hit for hit, wanted in zip(seen, asked, strict=True) if wanted)
    return any(seen)


def _line(match: Any) -> str:
    text = match.string
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return str(text[start : end if end >= 0 else len(text)])
