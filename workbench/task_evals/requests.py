"""What a request costs: tokens read and written, seconds, and money at given prices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.scores import Score
from workbench.task_evals.settings import Prices

MILLION = 1_000_000


@dataclass(frozen=True)
class Quantiles:
    """Half of the requests are at or below ``median``, 95 in 100 at or below ``p95``."""

    n: int
    median: float
    p95: float
    mean: float


@dataclass(frozen=True)
class Requests:
    """Tokens and seconds of a request; ``cost`` of one and of a thousand, at the prices given.

    Seconds are of single requests, after one that warms up, on the machine that evaluated.
    """

    prompt_tokens: Quantiles | None
    tokens: Quantiles | None
    seconds: Quantiles | None
    tokens_per_second: float | None
    cost: Quantiles | None
    cost_of_1000: float | None


def requests_of(scores: Sequence[Score], prices: Prices | None) -> Requests:
    """Tokens, seconds and cost of a task's requests; None for what was not measured."""
    timed = [(score.seconds, score.tokens) for score in scores if score.seconds and score.tokens]
    costs = [
        (prices.prompt * score.prompt_tokens + prices.generated * score.tokens) / MILLION
        for score in scores
        if prices and score.prompt_tokens is not None and score.tokens is not None
    ]
    seconds = math.fsum(s for s, _ in timed)
    return Requests(
        prompt_tokens=_quantiles([s.prompt_tokens for s in scores if s.prompt_tokens is not None]),
        tokens=_quantiles([s.tokens for s in scores if s.tokens is not None]),
        seconds=_quantiles([s.seconds for s in scores if s.seconds is not None]),
        tokens_per_second=sum(t for _, t in timed) / seconds if seconds else None,
        cost=_quantiles(costs),
        cost_of_1000=1000 * math.fsum(costs) / len(costs) if costs else None,
    )


def _quantiles(values: Sequence[float]) -> Quantiles | None:
    if not values:
        return None
    import numpy as np

    # An observed value, not one between two: a request that really took that long.
    median, p95 = np.quantile(values, [0.5, 0.95], method="inverted_cdf")
    return Quantiles(len(values), float(median), float(p95), math.fsum(values) / len(values))
