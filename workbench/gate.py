"""The gate: may this adapter ship? Reads scores, applies a policy, gives a verdict.

For every retained task: ``retained`` when a loss beyond the margin is ruled out (Tango),
``forgotten`` when there is a loss that chance does not explain (exact McNemar, Holm over
all tasks and the average), ``not_measurable`` when the base is too close to chance to lose
anything, else ``inconclusive`` with the number of further items it would take.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

from workbench.errors import InputError
from workbench.paired import (
    Interval,
    detectable_loss,
    holm,
    is_binary,
    items_needed,
    mcnemar_harm,
    mean_difference,
    mean_interval,
    tango_interval,
)
from workbench.policy import Policy
from workbench.scores import Paired


@dataclass(frozen=True)
class TaskVerdict:
    """The verdict on one task with everything it rests on."""

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


@dataclass(frozen=True)
class Verdict:
    """pass, fail or inconclusive, with tasks, macro average and reasons in words."""

    verdict: str
    tasks: list[TaskVerdict]
    macro: dict[str, Any]
    reasons: list[str]
    policy: dict[str, Any]
    policy_sha256: str

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive."""
        return {"pass": 0, "fail": 1, "inconclusive": 3}[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench judge``."""
        return asdict(self)


def decide_gate(
    retained: list[Paired],
    policy: Policy,
    targets: list[Paired] | None = None,
    prompted: list[Paired] | None = None,
    *,
    prompt_expected: bool = False,
) -> Verdict:
    """Judge a candidate against its baseline.

    ``retained`` and ``targets`` pair baseline with candidate; ``prompted`` pairs the
    prompted baseline with the candidate on the target tasks. With ``prompt_expected``, target
    tasks that no prompted baseline answered are an open question. Raises `InputError` when
    there is nothing to judge.
    """
    if not retained and not targets:
        raise InputError("there is no task to judge", remedy="name a suite with tasks")
    measured = [_measure(paired, policy) for paired in retained]
    macro = _macro([m for m in measured if m.measurable], policy)
    adjusted = holm([m.p_harm for m in measured if m.measurable] + ([macro.p_harm] if macro else []))
    by_task = dict(zip([m.paired.task for m in measured if m.measurable], adjusted, strict=False))
    tasks = [_retained_verdict(m, by_task.get(m.paired.task, 1.0), policy) for m in measured]
    target_verdicts = [_target_verdict(p, policy, "base") for p in targets or []]
    if policy.beat_prompt:
        target_verdicts += [_target_verdict(p, policy, "prompted base") for p in prompted or []]
    macro_verdict = _macro_verdict(macro, adjusted[-1] if macro else 1.0, policy)
    unbeaten = [p.task for p in targets or []] if prompt_expected and not prompted else []
    verdict, reasons = _overall(tasks, target_verdicts, macro_verdict, policy, unbeaten)
    return Verdict(
        verdict, tasks + target_verdicts, macro_verdict, reasons, policy.model_dump(), policy.sha256
    )


@dataclass(frozen=True)
class _Measured:
    paired: Paired
    interval: Interval
    p_harm: float
    variance: float
    gained: int
    lost: int
    measurable: bool


def _measure(paired: Paired, policy: Policy) -> _Measured:
    n = len(paired.items)
    gained = sum(b > a for a, b in zip(paired.old, paired.new, strict=True))
    lost = sum(b < a for a, b in zip(paired.old, paired.new, strict=True))
    if is_binary(paired.old + paired.new) and paired.clusters is None:
        interval = tango_interval(gained, lost, n, policy.alpha)
        p_harm = mcnemar_harm(gained, lost)
        variance = (gained + lost + 1) / (n + 2)
    else:
        differences = [b - a for a, b in zip(paired.old, paired.new, strict=True)]
        interval, error, freedom = mean_difference(differences, paired.clusters, policy.alpha)
        p_harm = float(stats.t.cdf(interval.value / error, freedom)) if freedom else 1.0
        variance = error * error * n if freedom else 1.0
    margin = policy.margin(paired.task)
    base_low = mean_interval(paired.old, 2 * policy.alpha).low
    measurable = n > 1 and base_low > policy.chance(paired.task) + margin
    return _Measured(paired, interval, p_harm, variance, gained, lost, measurable)


def _retained_verdict(measured: _Measured, p_holm: float, policy: Policy) -> TaskVerdict:
    margin = policy.margin(measured.paired.task)
    interval = measured.interval
    n = len(measured.paired.items)
    needed = 0
    if not measured.measurable:
        verdict, reason = "not_measurable", "the base is too close to chance to show a loss"
    elif interval.low > -margin:
        verdict, reason = "retained", "a loss beyond the margin is ruled out"
        if measured.p_harm <= policy.alpha:
            reason = "there is a small loss, within the margin"
    elif p_holm <= policy.alpha:
        verdict = "forgotten"
        beyond = interval.high < -margin
        reason = "a loss beyond the margin" if beyond else "a loss that chance does not explain"
    else:
        verdict = "inconclusive"
        # What separates the change as measured from the margin; a change near it is never settled.
        gap = max(margin + min(interval.value, 0.0), margin / 5)
        needed = max(1, items_needed(measured.variance, gap, policy.alpha, policy.power) - n)
        reason = f"about {needed} more items would settle it if the change is as measured"
    return _task_verdict(measured, "retained", verdict, p_holm, margin, needed, reason, "base", policy)


def _target_verdict(paired: Paired, policy: Policy, against: str) -> TaskVerdict:
    measured = _measure(paired, policy)
    wanted = policy.target_gain if against == "base" else 0.0
    if measured.interval.low > wanted:
        verdict, reason = "improved", f"better than the {against}"
    elif measured.interval.high <= wanted:
        verdict, reason = "not_improved", f"not better than the {against}"
    else:
        verdict, reason = "inconclusive", f"it is open whether it is better than the {against}"
    needed = 0
    if verdict == "inconclusive":
        gap = max(abs(measured.interval.value - wanted), 0.01)
        needed = max(1, items_needed(measured.variance, gap, policy.alpha, policy.power) - len(paired.items))
    return _task_verdict(measured, "target", verdict, 1.0, wanted, needed, reason, against, policy)


def _task_verdict(
    measured: _Measured,
    role: str,
    verdict: str,
    p_holm: float,
    margin: float,
    needed: int,
    reason: str,
    against: str,
    policy: Policy,
) -> TaskVerdict:
    paired, n = measured.paired, len(measured.paired.items)
    return TaskVerdict(
        task=paired.task,
        role=role,
        verdict=verdict,
        n=n,
        old=sum(paired.old) / n,
        new=sum(paired.new) / n,
        delta=measured.interval.value,
        low=measured.interval.low,
        high=measured.interval.high,
        p_harm=measured.p_harm,
        p_harm_holm=p_holm,
        margin=margin,
        gained=measured.gained,
        lost=measured.lost,
        more_items_needed=needed,
        detectable_loss=detectable_loss(measured.variance, n, policy.alpha, policy.power),
        reason=reason,
        against=against,
    )


@dataclass(frozen=True)
class _Macro:
    interval: Interval
    p_harm: float
    tasks: int


def _macro(measured: list[_Measured], policy: Policy) -> _Macro | None:
    """The mean of the tasks' differences; tasks are independent, each with its own variance."""
    if not measured:
        return None
    mean = sum(m.interval.value for m in measured) / len(measured)
    variance = sum(
        max(m.variance - m.interval.value**2, 1.0 / (len(m.paired.items) + 2)) / len(m.paired.items)
        for m in measured
    )
    error = math.sqrt(variance) / len(measured)
    half = float(stats.norm.ppf(1 - policy.alpha)) * error
    return _Macro(
        Interval(mean, mean - half, mean + half), float(stats.norm.cdf(mean / error)), len(measured)
    )


def _macro_verdict(macro: _Macro | None, p_holm: float, policy: Policy) -> dict[str, Any]:
    if macro is None:
        return {"verdict": "not_measurable", "tasks": 0, "margin": policy.macro_margin}
    if macro.interval.low > -policy.macro_margin:
        verdict = "retained"
    elif p_holm <= policy.alpha:
        verdict = "forgotten"
    else:
        verdict = "inconclusive"
    return {
        "verdict": verdict,
        "tasks": macro.tasks,
        "delta": macro.interval.value,
        "low": macro.interval.low,
        "high": macro.interval.high,
        "p_harm": macro.p_harm,
        "p_harm_holm": p_holm,
        "margin": policy.macro_margin,
    }


def _overall(
    tasks: list[TaskVerdict],
    targets: list[TaskVerdict],
    macro: dict[str, Any],
    policy: Policy,
    unbeaten: list[str],
) -> tuple[str, list[str]]:
    failures = [f"{t.task}: {t.reason} ({_points(t.delta)})" for t in tasks if t.verdict == "forgotten"]
    failures += [f"{t.task}: {t.reason}" for t in targets if t.verdict == "not_improved"]
    if macro["verdict"] == "forgotten":
        failures.append(f"average of retained tasks: a loss ({_points(macro['delta'])})")
    required = tasks if policy.require == "all" else []
    open_questions = [f"{t.task}: {t.reason}" for t in required if t.verdict == "inconclusive"]
    open_questions += [f"{t.task}: {t.reason}" for t in targets if t.verdict == "inconclusive"]
    open_questions += [
        f"{task}: no prompted base to compare with; evaluate with --prompt, or set beat_prompt: false"
        for task in unbeaten
    ]
    if macro["verdict"] == "inconclusive":
        open_questions.append("average of retained tasks: a loss beyond its margin is not ruled out")
    if tasks and all(t.verdict == "not_measurable" for t in tasks):
        open_questions.append("no retained task can be measured on this base")
    if failures:
        return "fail", failures
    if open_questions and policy.on_inconclusive == "block":
        return "inconclusive", open_questions
    notes = [f"warning: {text}" for text in open_questions]
    notes += [f"not measured: {t.task}: {t.reason}" for t in tasks if t.verdict == "not_measurable"]
    if tasks and not notes:
        notes = ["no retained task lost more than its margin"]
    return "pass", notes


def _points(value: float) -> str:
    return f"{100 * value:+.1f} points"
