"""The verdict on one task: retained or forgotten, improved or not, or open."""

from __future__ import annotations

from workbench.gate.measuring import Measured, p_above
from workbench.gate.results import TaskVerdict
from workbench.paired import detectable_loss, items_needed
from workbench.policy import Policy

CLOSEST = 0.01
"""A target gain nearer to the one asked for than this is never settled by more items."""

ONE_ITEM = "one item shows nothing; add items"
ONE_GROUP = "all its items are one group, which shows nothing beyond it; add items of other groups"


def retained_verdict(measured: Measured, p_holm: float, policy: Policy, alpha: float) -> TaskVerdict:
    """Judge a task that must not be forgotten.

    ``p_holm`` is adjusted over tasks, average and looks, so it is compared with the policy's
    alpha; the bounds of ``measured`` are at ``alpha``, the level of this look.
    """
    task = measured.paired.task
    margin, interval = policy.margin(task), measured.interval
    needed, severity, small = 0, None, False
    claim = _claim(measured, -margin, alpha)
    if not measured.measurable:
        verdict, reason = "not_measurable", "the base is too close to chance to show a loss"
    elif claim <= alpha:
        verdict, reason = "retained", "a loss beyond the margin is ruled out"
        small = measured.p_harm <= alpha
        if small:
            reason = "there is a small loss, within the margin"
    elif p_holm <= policy.alpha:
        verdict = "forgotten"
        severity = "beyond_margin" if interval.high < -margin else "loss"
        reason = "a loss beyond the margin" if severity == "beyond_margin" else "a loss beyond chance"
    else:
        verdict = "inconclusive"
        # What separates the change as measured from the margin; a change near it is never settled.
        gap = max(margin + min(interval.value, 0.0), margin / 5)
        needed = max(1, items_needed(measured.variance, gap, alpha, policy.power) - measured.n)
        reason = f"about {needed} more items would settle it if the change is as measured"
        if not measured.binary and not measured.freedom:
            reason = ONE_GROUP if measured.clusters else ONE_ITEM
    return _task_verdict(
        measured,
        policy,
        alpha,
        role="retained",
        verdict=verdict,
        reason=reason,
        margin=margin,
        p_holm=p_holm,
        needed=needed,
        required=policy.requires(task),
        small_loss=small,
        severity=severity,
        claim=claim,
    )


def target_verdict(measured: Measured, policy: Policy, alpha: float, against: str) -> TaskVerdict:
    """Judge a task that must become better, by the gain the policy asks for over ``against``."""
    wanted = policy.target_gain if against == "base" else policy.beat_prompt_by
    by = f" by {100 * wanted:g} points" if wanted else ""
    interval, needed = measured.interval, 0
    claim = _claim(measured, wanted, alpha)
    if claim <= alpha:
        verdict, reason = "improved", f"better than the {against}{by}"
    elif interval.high <= wanted:
        verdict, reason = "not_improved", f"not better than the {against}{by}"
    else:
        verdict, reason = "inconclusive", f"it is open whether it is better than the {against}{by}"
        gap = max(abs(interval.value - wanted), CLOSEST)
        needed = max(1, items_needed(measured.variance, gap, alpha, policy.power) - measured.n)
    return _task_verdict(
        measured,
        policy,
        alpha,
        role="target",
        verdict=verdict,
        reason=reason,
        margin=wanted,
        p_holm=1.0,
        needed=needed,
        against=against,
        claim=claim,
    )


def _claim(measured: Measured, gain: float, alpha: float) -> float:
    """The p-value of "the gain is more than this"; 1 when the bound already says it is open."""
    return p_above(measured, gain, alpha) if measured.interval.low > gain else 1.0


def _task_verdict(
    measured: Measured,
    policy: Policy,
    alpha: float,
    *,
    role: str,
    verdict: str,
    reason: str,
    margin: float,
    p_holm: float,
    needed: int,
    claim: float,
    against: str = "base",
    required: bool = True,
    small_loss: bool = False,
    severity: str | None = None,
) -> TaskVerdict:
    paired, n = measured.paired, measured.n
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
        detectable_loss=detectable_loss(measured.variance, n, alpha, policy.power),
        reason=reason,
        against=against,
        small_loss=small_loss,
        severity=severity,
        required=required,
        higher_is_better=measured.better_higher,
        method=measured.method,
        clusters=measured.clusters,
        alpha=alpha,
        p_claim=claim,
    )
