"""Waivers: a rule that a named person lets go, with a reason, and never in silence."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from workbench.errors import InputError
from workbench.gate.results import WaiverUse
from workbench.policy import Policy

RESERVED = ("average", "control")
"""Rules that are no task; besides them, every red flag is ``flag:NAME``."""


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
    failures: list[Objection], questions: list[Objection], policy: Policy, tasks: Collection[str]
) -> Waived:
    """Take out the objections of waived rules.

    Raises `InputError` for a rule that is not there, and for one of our own that a task is
    named like: its waiver would let go both.
    """
    uses, reasons = [], []
    taken = sorted(task for task in tasks if task in RESERVED or task.startswith("flag:"))
    if policy.waivers and taken:
        raise InputError(
            f"task '{taken[0][:80]}' has the name of a rule, which a waiver cannot tell from it",
            remedy="rename it",
        )
    rules = {*tasks, *RESERVED}
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
