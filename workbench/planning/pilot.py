"""Plan from a pilot: the flips, and the likeness within groups, that an evaluation showed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.clusters import intraclass_correlation
from workbench.errors import InputError
from workbench.evaluation import read_evaluation
from workbench.paired import wilson
from workbench.planning.items import Design, plan_items, seen_loss
from workbench.runs import Run
from workbench.scores import Paired, pair


@dataclass(frozen=True)
class PilotPlan:
    """Items one task needs by the flips of a pilot.

    ``flip_rate_high`` is the upper 95 % bound; ``to_rule_out_high`` plans for it, because a
    pilot of few items may have seen few flips by chance. ``seen_now`` is the smallest loss
    that the pilot's own items find.
    """

    task: str
    arm: str
    items: int
    flips: int
    flip_rate: float
    flip_rate_high: float
    clusters: int | None
    cluster_size: float
    correlation: float
    to_see: int
    to_rule_out: int
    to_rule_out_high: int
    seen_now: float

    def as_row(self) -> dict[str, Any]:
        """One line of the machine contract."""
        return asdict(self)


def plan_from_pilot(run: Run, loss: float, design: Design | None = None) -> list[PilotPlan]:
    """Items of each task to see a ``loss``, for every candidate of a finished evaluation.

    Raises `InputError` when the evaluation has nothing to compare.
    """
    arms = read_evaluation(run)
    plans = []
    for arm in run.config["arms"]:
        if not (arm.get("adapter") or arm.get("model")):
            continue
        for task, answers in arms["base"].items():
            plans.append(_planned(pair(task, answers, arms[arm["name"]][task]), arm["name"], loss, design))
    if not plans:
        raise InputError("the evaluation has no adapter", remedy="evaluate with --adapter RUN")
    return plans


def _planned(paired: Paired, arm: str, loss: float, design: Design | None) -> PilotPlan:
    n = len(paired.items)
    gains = [b - a for a, b in zip(paired.old, paired.new, strict=True)]
    flips = sum(gain != 0 for gain in gains)
    # One more flip in two more items, as in the verdict: a pilot without flips proves little.
    rate = max((flips + 1) / (n + 2), loss)
    high = max(wilson(flips, n).high, rate)
    design = _grouped(design or Design(), paired, gains)
    now, careful = plan_items(loss, rate, design), plan_items(loss, min(1.0, high), design)
    return PilotPlan(
        task=paired.task,
        arm=arm,
        items=n,
        flips=flips,
        flip_rate=rate,
        flip_rate_high=high,
        clusters=len(set(paired.clusters)) if paired.clusters else None,
        cluster_size=design.cluster_size,
        correlation=design.correlation,
        to_see=now.to_see,
        to_rule_out=now.to_rule_out,
        to_rule_out_high=careful.to_rule_out,
        seen_now=seen_loss(n, rate, design),
    )


def _grouped(design: Design, paired: Paired, gains: list[float]) -> Design:
    """The design with the groups that the pilot has, where it has any."""
    if not paired.clusters:
        return design
    sizes = Counter(paired.clusters).values()
    mean = sum(size * size for size in sizes) / sum(sizes)
    return replace(design, cluster_size=mean, correlation=intraclass_correlation(gains, paired.clusters))
