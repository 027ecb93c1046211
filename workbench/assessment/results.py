"""What an assessment says, as frozen values. Shares are 0 to 1, intervals two-sided at 95 %."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.paired import wilson


@dataclass(frozen=True)
class Rate:
    """``count`` of ``of`` rows, as a share with its Wilson interval."""

    name: str
    count: int
    of: int
    value: float
    low: float
    high: float


def rate(name: str, count: int, of: int) -> Rate:
    """A share with the 95 % interval of Wilson 1927; nothing of nothing is 0, from 0 to 1."""
    interval = wilson(count, of)
    value = count / of if of else 0.0
    return Rate(name, count, of, round(value, 6), round(interval.low, 6), round(interval.high, 6))


@dataclass(frozen=True)
class Looked:
    """A kind of fault: how many rows have it, or None when nobody looked for it."""

    name: str
    step: str
    rate: Rate | None


@dataclass(frozen=True)
class Volume:
    """Rows by kind, and turns (user and assistant messages) of a conversation."""

    rows: int
    sft: int
    pairs: int
    conversations: int
    with_system: int
    with_tools: int
    without_answer: int
    turns: dict[str, float]
    answers: dict[str, int]


@dataclass(frozen=True)
class Spread:
    """Percentiles of tokens, the mean, and the median with its 95 % interval."""

    mean: float
    percentiles: dict[str, float]
    median_low: float
    median_high: float


@dataclass(frozen=True)
class Tokens:
    """Tokens of the rows counted; ``total`` is of all rows, with bounds where they are a sample."""

    counted_with: str
    exact: bool
    rows_counted: int
    rows: int
    prompt: Spread
    answer: Spread
    whole: Spread
    total: int
    total_low: int
    total_high: int
    total_answer: int
    histogram: list[tuple[str, int]]
    longer_than: list[Rate]


@dataclass(frozen=True)
class Balance:
    """Sizes of groups; ``effective`` is exp(entropy): the number of equal groups as diverse."""

    by: str
    groups: int
    grouped_rows: int
    ungrouped_rows: int
    effective: float
    largest: Rate | None
    top: list[tuple[str, int]]
    smallest: list[tuple[str, int]]


@dataclass(frozen=True)
class SourceQuality:
    """One source file: rows, those with a fault, and the commonest faults."""

    source: str
    faulty: Rate
    faults: dict[str, int]


@dataclass(frozen=True)
class Splits:
    """Rows by split, and rows on a held-out side whose question is also on the training side."""

    rows: dict[str, int]
    shared_questions: Rate | None


@dataclass(frozen=True)
class VersionStep:
    """One version on the way: how it was made and what each reason changed."""

    ref: str
    verb: str
    rows: int
    created: str
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class Check:
    """One question about size, with its arithmetic; ``outcome`` is ok, thin, short or unknown."""

    name: str
    outcome: str
    measured: str
    arithmetic: str
    threshold: str
    source: str
    advice: str


@dataclass(frozen=True)
class Enough:
    """Whether it is enough: ``verdict`` is enough, narrow or not_enough; ``words`` say it."""

    verdict: str
    words: str
    checks: list[Check]
    collect: list[str]


@dataclass(frozen=True)
class Assessment:
    """Everything that the report says about one version.

    ``not_compared`` names the evaluation tasks that leakage could not be looked for in.
    """

    dataset: str
    content_hash: str
    made: str
    workbench: str
    seed: int
    recipe: str
    findings_stamp: str
    volume: Volume
    tokens: Tokens
    languages: list[Rate]
    languages_rows: int
    duplicates: list[Looked]
    faults: list[Rate]
    sources: list[SourceQuality]
    personal_data: list[Looked]
    balance: list[Balance]
    splits: Splits
    leakage: Looked
    not_compared: list[str]
    licences: list[Rate]
    history: list[VersionStep]
    scores: list[dict[str, Any]]
    enough: Enough
    proposed_to_go: Rate | None = field(default=None)
