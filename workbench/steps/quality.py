"""Format and quality faults that a reviewer would write down himself.

Each fault is declared in `workbench.checks`; this step runs the checks that a recipe leaves on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, create_model

from workbench.checks.declared import Check, Limits
from workbench.checks.every import CHECKS
from workbench.checks.turns import Row
from workbench.examples import Example
from workbench.findings import Finding, about

if TYPE_CHECKING:
    from workbench.projects import Project
    from workbench.versions import Dataset

TITLE = "Format and quality"
SCOPE = "map"

Switch = bool | Literal["drop", "flag"]
RewriteSwitch = bool | Literal["drop", "flag", "rewrite"]
_switches: dict[str, Any] = {
    check.name: (
        RewriteSwitch if check.proposal == "rewrite" else Switch,
        Field(check.on, description=f"{check.reason}; proposes: {check.proposal}"),
    )
    for check in CHECKS
}
Options: type[Limits] = create_model(
    "Options",
    __base__=Limits,
    __module__=__name__,
    __doc__="One switch per check (true, false, or what to propose), and the thresholds.",
    **_switches,
)


def prepare(options: Limits, _project: Project | None, _dataset: Dataset | None) -> None:
    """Find out before the first row whether the tokenizer that is named can be had."""
    if options.max_tokens is not None and options.tokenizer is not None:
        from workbench.models import resolve_model

        resolve_model(options.tokenizer)


def find(rows: list[Example], options: Limits, _context: object = None) -> list[Finding]:
    """Check every row; the score is the share of such findings that were real faults."""
    switches = [(check, getattr(options, check.name)) for check in CHECKS]
    checks = [(check, switch) for check, switch in switches if switch is not False]
    return [finding for row in rows for finding in _faults(Row(row), checks, options)]


def _faults(row: Row, checks: list[tuple[Check, Any]], options: Limits) -> Iterator[Finding]:
    for check, switch in checks:
        if check.needs and not any(_holds_one(text, check.needs) for text in WHERE[check.needs_in](row)):
            continue
        hit = check.look(row, options)
        if hit is None:
            continue
        proposal = hit.proposal or check.proposal
        if proposal == "rewrite" and "spans" not in hit.evidence:
            proposal = "flag"
        if switch is not True:
            proposal = switch if switch != "rewrite" or "spans" in hit.evidence else "flag"
        score = check.score if hit.score is None else hit.score
        yield about(
            row.example, "quality", check.name, score, proposal, **{"reason": check.reason} | hit.evidence
        )


def _holds_one(text: str, needs: tuple[str, ...]) -> bool:
    for needed in needs:  # noqa: SIM110 - this runs for every row, and any() costs twice as much
        if needed in text:
            return True
    return False


WHERE: dict[str, Callable[[Row], tuple[str, ...]]] = {
    "answers": lambda row: (row.answers_lower,),
    "prompt": lambda row: (row.prompt_lower,),
    "row": lambda row: (row.prompt_lower, row.answers_lower),
}
