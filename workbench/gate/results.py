"""What the gate says: a verdict on every task, on the average, and on the whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class TaskVerdict:
    """The verdict on one task with everything it rests on.

    ``verdict``: retained, forgotten, inconclusive or not_measurable for a retained task;
    improved, not_improved or inconclusive for a target task. ``old`` and ``new`` are mean
    scores; ``delta``, ``low`` and ``high`` are the gain (above zero is better, also where a
    lower score is the better one) with one-sided bounds at ``alpha``. ``small_loss``: retained,
    yet a loss inside the margin is shown. ``p_claim`` is the p-value of what was to be shown: no
    loss beyond the margin, or the gain asked for; it is shown when at most ``alpha``. ``severity`` of a forgotten task: ``beyond_margin``
    when the whole interval is, else ``loss``. ``detectable_loss``: the smallest true loss that
    this number of items would find.
    """

    task: str
    role: str
    verdict: str
    n: int
    old: float
    new: float
    delta: float
    low: float
    high: float
    p_harm: float
    p_harm_holm: float
    margin: float
    gained: int
    lost: int
    more_items_needed: int
    detectable_loss: float
    reason: str
    against: str = "base"
    small_loss: bool = False
    severity: str | None = None
    required: bool = True
    higher_is_better: bool = True
    method: str = ""
    clusters: int | None = None
    alpha: float = 0.05
    p_claim: float = 1.0


@dataclass(frozen=True)
class SliceVerdict:
    """An exploratory comparison on a part of a task's items; it never blocks.

    ``p_harm_bh`` is adjusted by Benjamini and Hochberg over all slices looked at; ``found``
    when it is at most the policy's ``slice_fdr``.
    """

    task: str
    slice: str
    value: str
    n: int
    delta: float
    low: float
    high: float
    p_harm: float
    p_harm_bh: float
    found: bool


@dataclass(frozen=True)
class FlagVerdict:
    """A red flag as it was measured, and what the policy lets it do: block, warn or none."""

    name: str
    level: str
    effect: str
    statement: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ControlVerdict:
    """The base against itself: the share of items whose score changed, by task."""

    verdict: str
    flip_rate: float
    high: float
    items: int
    flips: int
    max_flip_rate: float
    tasks: dict[str, float]


@dataclass(frozen=True)
class WaiverUse:
    """A waiver and whether there was anything to waive."""

    rule: str
    by: str
    reason: str
    used: bool


@dataclass(frozen=True)
class Verdict:
    """pass, fail or inconclusive, with tasks, macro average and reasons in words."""

    verdict: str
    tasks: list[TaskVerdict]
    macro: dict[str, Any]
    reasons: list[str]
    policy: dict[str, Any]
    policy_sha256: str
    slices: list[SliceVerdict] = field(default_factory=list)
    flags: list[FlagVerdict] = field(default_factory=list)
    waivers: list[WaiverUse] = field(default_factory=list)
    control: ControlVerdict | None = None
    look: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive."""
        return {"pass": 0, "fail": 1, "inconclusive": 3}[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench judge``."""
        return asdict(self)
