"""Measure one task: the gain of the new model with its bounds, and how likely chance is."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from workbench.clusters import sign_flip_harm
from workbench.errors import InputError
from workbench.exact import exact_p_above
from workbench.paired import Interval, mcnemar_harm, mean_difference, mean_interval, tango_interval
from workbench.policy import Policy
from workbench.scores import Paired


@dataclass(frozen=True)
class Measured:
    """A pair of models on one task.

    ``interval`` is of the gain: above zero is better, whatever the direction of the score.
    ``variance`` is that of one item (with what its group costs), ``error`` the standard error
    of the gain; infinite where all items are one group. ``bounded``: all scores lie between 0 and 1, so that tasks can be averaged;
    ``binary``: they are 0 or 1 and stand alone, so that every outcome can be counted.
    """

    paired: Paired
    interval: Interval
    p_harm: float
    variance: float
    error: float
    freedom: float
    gained: int
    lost: int
    clusters: int | None
    measurable: bool
    bounded: bool
    binary: bool
    better_higher: bool
    method: str

    @property
    def n(self) -> int:
        """How many items."""
        return len(self.paired.items)


def measure(paired: Paired, policy: Policy, alpha: float) -> Measured:
    """Compare two models on the items of one task, bounds one-sided at ``alpha``.

    Scores of two values without groups: Tango's interval and McNemar's exact test. All else:
    the mean of the differences with Student's t over groups, and for harm also the test by
    flipping signs, of which the larger p-value counts. Raises `InputError` for scores outside
    0 to 1 that have no margin of their own, and for a task without items.
    """
    if not paired.items:
        raise InputError(f"task '{paired.task}' has no items", remedy="evaluate it again, or leave it out")
    higher = policy.higher_is_better(paired.task) is not False
    bounded = _is_bounded(paired, policy)
    gains = [(b - a) if higher else (a - b) for a, b in zip(paired.old, paired.new, strict=True)]
    gained, lost = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    n = len(gains)
    binary = _has_two_values(paired) and paired.clusters is None
    if binary:
        interval = tango_interval(gained, lost, n, alpha)
        p_harm = mcnemar_harm(gained, lost)
        variance = (gained + lost + 1) / (n + 2)
        spread = max(variance - interval.value**2, 1.0 / (n + 2))
        error, freedom, clusters, method = (spread / n) ** 0.5, 0.0, None, "exact Tango, exact McNemar"
    else:
        # Where nothing changed there is still a change not yet seen, of the size that matters.
        widest = max(max(abs(gain) for gain in gains), policy.margin(paired.task))
        span = 1.0 if bounded else widest
        interval, error, freedom = mean_difference(gains, paired.clusters, alpha, span)
        p_harm = _harm(gains, paired.clusters, interval.value, error, freedom)
        if freedom:
            error = (interval.high - interval.value) / float(stats.t.ppf(1 - alpha, freedom))
        variance = error * error * n if freedom else 1.0
        if bounded:
            interval = interval._replace(low=max(-1.0, interval.low), high=min(1.0, interval.high))
        clusters = len(set(paired.clusters)) if paired.clusters else None
        method = "clustered t, sign flips of groups" if clusters else "paired t, sign flips"
    return Measured(
        paired=paired,
        interval=interval,
        p_harm=p_harm,
        variance=variance,
        error=error,
        freedom=freedom,
        gained=gained,
        lost=lost,
        clusters=clusters,
        measurable=_can_lose(paired, policy, alpha, higher),
        bounded=bounded,
        binary=binary,
        better_higher=higher,
        method=method,
    )


def p_above(measured: Measured, gain: float, alpha: float) -> float:
    """The p-value against "the true gain is at most ``gain``"; exact for scores of 0 and 1."""
    if measured.binary:
        return exact_p_above(measured.gained, measured.lost, measured.n, gain, alpha)
    if not measured.freedom:
        return 1.0
    distance = measured.interval.value - gain
    return float(stats.t.sf(distance / measured.error, measured.freedom))


def _harm(
    gains: list[float], clusters: list[str] | None, value: float, error: float, freedom: float
) -> float:
    if not freedom:
        return 1.0
    by_t = float(stats.t.cdf(value / error, freedom)) if error > 0 else float(value >= 0)
    return max(by_t, sign_flip_harm(gains, clusters))


def _can_lose(paired: Paired, policy: Policy, alpha: float, higher: bool) -> bool:
    """Whether the base is far enough from guessing to show a loss of the margin.

    Only what the base scores counts: too few items or groups leave a task open, not unmeasured.
    """
    margin, chance = policy.margin(paired.task), policy.chance(paired.task)
    if not higher:
        return True
    if min(paired.old) < 0 or max(paired.old) > 1:
        return True
    if len(paired.old) == 1:
        return paired.old[0] > chance + margin
    return mean_interval(paired.old, 2 * alpha).low > chance + margin


def _has_two_values(paired: Paired) -> bool:
    """Right and wrong as 0 and 1, or as 0 and −1 where less of the metric was better."""
    values = set(paired.old) | set(paired.new)
    return values <= {0.0, 1.0} or values <= {0.0, -1.0}


def _is_bounded(paired: Paired, policy: Policy) -> bool:
    scores = paired.old + paired.new
    low, high = min(scores), max(scores)
    bounded = (low >= 0 and high <= 1) or (low >= -1 and high <= 0)
    if not bounded and not policy.has_margin(paired.task):
        raise InputError(
            f"task '{paired.task}' has scores outside 0 to 1 and no margin of its own",
            remedy="give it a margin in the policy, in the unit of its score",
        )
    return bounded
