"""How exposed a secret is: its rank among others by loss, with interval and p-value.

Carlini et al. 2019 define exposure as log₂|R| − log₂ rank over the whole space R. Sampled as
here, it is −log₂ of the share of candidates that the model finds at least as likely, which
m candidates can show up to log₂(m + 1). The secret and the candidates were drawn the same
way, so a model that never saw it ranks it anywhere with equal chance: the p-value is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.canaries.making import BITS


@dataclass(frozen=True)
class Exposure:
    """``rank`` 1 is the likeliest of ``of``; ``bits`` with a 95 % interval; ``p`` against chance."""

    rank: int
    of: int
    bits: float
    low: float
    high: float
    p: float


def exposure(own: float, others: Sequence[float]) -> Exposure:
    """The exposure of a secret whose loss is ``own`` among candidates' losses; ties count against it.

    The interval is Clopper and Pearson's (1934) for the share of the space that is as likely.
    """
    from scipy.stats import beta

    ahead = sum(loss <= own for loss in others)
    count = len(others)
    p = (ahead + 1) / (count + 1)
    least = float(beta.ppf(0.025, ahead, count - ahead + 1)) if ahead else 0.0
    most = float(beta.ppf(0.975, ahead + 1, count - ahead)) if ahead < count else 1.0
    high = min(BITS, -math.log2(least)) if least > 0 else BITS
    return Exposure(
        ahead + 1, count + 1, round(-math.log2(p), 4), round(max(0.0, -math.log2(most)), 4), round(high, 4), p
    )


def together(values: Sequence[float]) -> float | None:
    """One p-value of many by Fisher's method (1932); None of none.

    The single ones are of ranks and so a little too large, which errs towards chance.
    """
    if not values:
        return None
    from scipy.stats import chi2

    return float(chi2.sf(-2.0 * sum(math.log(p) for p in values), 2 * len(values)))
