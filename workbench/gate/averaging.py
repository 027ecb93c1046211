"""The average of the retained tasks: a small loss everywhere is a loss."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from scipy import stats

from workbench.gate.measuring import Measured
from workbench.paired import Interval
from workbench.policy import Policy


class Average(NamedTuple):
    """The mean gain of the tasks, its interval, and the p-value of harm."""

    interval: Interval
    p_harm: float
    tasks: int


def average(measured: Sequence[Measured], alpha: float) -> Average | None:
    """The mean of the tasks' gains, every task with the same weight.

    Tasks have different items, so their errors are independent; the filters of one task share
    theirs and are taken as one task whose error is their mean (as if they were one). Student's
    t with the degrees of freedom of Welch and Satterthwaite, the normal distribution for tasks
    of 0 and 1. None when no task can be averaged.
    """
    by_task: dict[str, list[Measured]] = defaultdict(list)
    for one in measured:
        if one.bounded and math.isfinite(one.error):
            by_task[one.paired.task.split(":")[0]].append(one)
    if not by_task:
        return None
    count = len(by_task)
    value = sum(_mean([one.interval.value for one in ones]) for ones in by_task.values()) / count
    errors = [_mean([one.error for one in ones]) / count for ones in by_task.values()]
    error = math.sqrt(sum(e * e for e in errors))
    within = [
        e**4 / min(one.freedom for one in ones if one.freedom)
        for e, ones in zip(errors, by_task.values(), strict=True)
        if any(one.freedom for one in ones)
    ]
    law = stats.t(error**4 / sum(within)) if within else stats.norm
    half = float(law.ppf(1 - alpha)) * error
    return Average(Interval(value, value - half, value + half), float(law.cdf(value / error)), count)


def average_verdict(found: Average | None, p_holm: float, policy: Policy, alpha: float) -> dict[str, Any]:
    """The verdict on the average, as the machine contract has it."""
    if found is None:
        return {"verdict": "not_measurable", "tasks": 0, "margin": policy.macro_margin}
    if found.interval.low > -policy.macro_margin:
        verdict = "retained"
    elif p_holm <= policy.alpha:
        verdict = "forgotten"
    else:
        verdict = "inconclusive"
    return {
        "verdict": verdict,
        "tasks": found.tasks,
        "delta": found.interval.value,
        "low": found.interval.low,
        "high": found.interval.high,
        "p_harm": found.p_harm,
        "p_harm_holm": p_holm,
        "margin": policy.macro_margin,
        "alpha": alpha,
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
