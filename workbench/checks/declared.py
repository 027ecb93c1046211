"""What a quality check is: its declaration, its examples, and what it says about a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from workbench.checks.turns import Row, Turn
from workbench.examples import Example, make_example, message
from workbench.recipes import StepOptions

Proposal = Literal["drop", "flag", "rewrite"]


class Limits(StepOptions):
    """The thresholds of the checks; the options of the step ``quality`` add one switch per check."""

    repeat_share: float = Field(
        0.5, gt=0, le=1, description="share of word 4-grams (or lines) that repeat earlier ones"
    )
    min_truncated_characters: int = Field(40, ge=0, description="shorter answers may end anywhere")
    max_tokens: int | None = Field(None, ge=1, description="context length; longer rows are flagged")
    characters_per_token: float = Field(4.0, gt=0, description="estimate used when no tokenizer is named")
    tokenizer: str | None = Field(None, description="a model or folder whose tokenizer counts instead")


@dataclass(frozen=True)
class Hit:
    """What a check noticed; ``score`` and ``proposal`` replace the declared ones where given."""

    evidence: dict[str, Any] = field(default_factory=dict)
    score: float | None = None
    proposal: Proposal | None = None


Look = Callable[[Row, Limits], Hit | None]
LookAtTurn = Callable[[Turn, Limits], Hit | None]


@dataclass(frozen=True)
class Case:
    """A small row that shows what a check is about: ``(role, text)`` turns."""

    messages: tuple[tuple[str, str], ...]
    chosen: str | None = None
    rejected: str | None = None
    limits: dict[str, Any] = field(default_factory=dict)

    def example(self) -> Example:
        """The case as a row, as if read from a file."""
        turns = [message({"role": role, "content": text}) for role, text in self.messages]
        if self.chosen is None or self.rejected is None:
            row = make_example("sft", turns)
        else:
            row = make_example(
                "preference", turns, chosen=answer(self.chosen), rejected=answer(self.rejected)
            )
        row["source"] = {"file": "cases", "line": 1}
        return row


@dataclass(frozen=True)
class Check:
    """One fault: how it is called, what is proposed, and examples on both sides of the line.

    ``score`` is how often such a finding was right on real data (docs/quality.md). ``needs`` are
    lower-case texts one of which must stand in the part of the row that ``needs_in`` names, or
    the check is not run: a cheap filter that never changes what is found.
    """

    name: str
    reason: str
    proposal: Proposal
    score: float
    look: Look
    hits: tuple[Case, ...]
    misses: tuple[Case, ...]
    needs: tuple[str, ...] = ()
    needs_in: Literal["answers", "prompt", "row"] = "answers"
    on: bool = True


def each_answer(look: LookAtTurn) -> Look:
    """Look at every answer that is trained on; the first hit stands for the row."""

    def found(row: Row, limits: Limits) -> Hit | None:
        for turn in row.answers:
            hit = look(turn, limits)
            if hit is not None:
                return Hit(hit.evidence | turn.place(), hit.score, hit.proposal)
        return None

    return found


def qa(asked: str, answered: str, *, system: str | None = None, **limits: object) -> Case:
    """A case of one question and one answer."""
    start = (("system", system),) if system else ()
    return Case((*start, ("user", asked), ("assistant", answered)), limits=dict(limits))


def answer(text: str) -> list[Any]:
    """One answer as a list of messages."""
    return [message({"role": "assistant", "content": text})]
