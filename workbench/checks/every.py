"""All quality checks, in the order in which a row's findings are listed."""

from __future__ import annotations

from workbench.checks import (
    answers,
    characters,
    endings,
    following,
    leftovers,
    pairs,
    refusals,
    repetition,
    structure,
)
from workbench.checks.declared import Check

CHECKS: tuple[Check, ...] = (
    *answers.CHECKS,
    *structure.CHECKS,
    *characters.CHECKS,
    *endings.CHECKS,
    *refusals.CHECKS,
    *repetition.CHECKS,
    *leftovers.CHECKS,
    *following.CHECKS,
    *pairs.CHECKS,
)
