"""Waivers: a rule that a named person lets go, with a reason, and never in silence."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from workbench.errors import InputError
from workbench.gate.results import WaiverUse
from workbench.policy import Policy


class Objection(NamedTuple):
    """What speaks against a pass: the rule it comes from, and the words for people."""

    rule: str
    words: str


class Waived(NamedTuple):
    """What is left to object, every waiver with whether it was used, and words for each."""

    failures: list[Objection]
    questions: list[Objection]
    waivers: list[WaiverUse]
    reasons: list[str]


def apply_waivers(
    failures: list[Objection], questions: list[Objection], policy: Policy, rules: Collection[str]
) -> Waived:
    """Take out the objections of waived rules. Raises `InputError` for a rule that is not there."""
    uses, reasons = [], []
    for waiver in policy.waivers:
        if waiver.rule not in rules and not waiver.rule.startswith("flag:"):
            raise InputError(
                f"there is no rule '{waiver.rule[:80]}' to waive",
                remedy=f"rules: {', '.join(sorted(rules))}, flag:NAME"[:400],
            )
        met = [objection for objection in failures + questions if objection.rule == waiver.rule]
        failures = [objection for objection in failures if objection.rule != waiver.rule]
        questions = [objection for objection in questions if objection.rule != waiver.rule]
        uses.append(WaiverUse(waiver.rule, waiver.by, waiver.reason, bool(met)))
        reasons += [f"waived by {waiver.by}: {objection.words}; reason: {waiver.reason}" for objection in met]
    return Waived(failures, questions, uses, reasons)
