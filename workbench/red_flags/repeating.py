"""Repetition: a candidate that loops where base and right answers do not.

An answer loops when at least half of its word 4-grams stand in it before, or when it
compresses to less than 1/2.4 of its size (the threshold by which Radford and others 2022,
arXiv 2212.04356, recognise a looping transcript).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from workbench.checks.repetition import repeated_share
from workbench.paired import Interval
from workbench.red_flags.bounds import least, paired_change, told
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, level_of, not_measured
from workbench.red_flags.pools import Pool

NAME = "repetition"
REPEATED, COMPRESSED = 0.5, 2.4
SMALLEST = 80
"""Bytes below which a compression ratio says nothing."""
WARN, BLOCK = 0.01, 0.1


def measure(candidate: Candidate) -> Flag:
    """The share of looping answers beyond the base's and the right answers', in the worst pool."""
    arm = candidate.arm.name
    if not candidate.pools:
        return not_measured(NAME, arm, "there are too few written answers")
    alpha = ALPHA / len(candidate.pools)
    found = {pool.name: _excess(pool, alpha) for pool in candidate.pools}
    name, excess = max(found.items(), key=lambda pair: (pair[1].low, pair[1].value))
    pools = {pool.name: _summary(pool) for pool in candidate.pools}
    worst = pools[name]
    statement = (
        f"{100 * worst['candidate']['looping']:.1f} % of the answers loop "
        f"({name}; base {100 * worst['base']['looping']:.1f} %)"
    )
    evidence = {
        "unit": "share of answers",
        "thresholds": {"warn": WARN, "block": BLOCK},
        "pool": name,
        "excess": {key: told(value) for key, value in found.items()},
        "pools": pools,
        "method": f"4-gram repeats at least {REPEATED:g}, or compression ratio above {COMPRESSED:g}; paired",
    }
    return Flag(NAME, arm, level_of(excess.low, WARN, BLOCK), statement, *excess, evidence)


def loops(text: str) -> bool:
    """Whether an answer goes round in circles."""
    return repeated_share(text) >= REPEATED or compression(text) > COMPRESSED


def compression(text: str) -> float:
    """How many times smaller a text gets by deflate; 1 for one too short to tell."""
    data = text.encode("utf-8", "replace")
    return len(data) / len(zlib.compress(data, 9)) if len(data) >= SMALLEST else 1.0


def _excess(pool: Pool, alpha: float) -> Interval:
    own = [float(loops(text)) for text in pool.new]
    return least(
        [
            paired_change([float(loops(text)) for text in rival], own, pool.clusters, alpha)
            for rival in pool.rivals.values()
        ]
    )


def _summary(pool: Pool) -> dict[str, Any]:
    sides = {"candidate": pool.new, **pool.rivals}
    return {"answers": len(pool), **{name: _side(texts) for name, texts in sides.items()}}


def _side(texts: Sequence[str]) -> dict[str, float]:
    count = len(texts)
    return {
        "looping": sum(map(loops, texts)) / count,
        "repeated_4grams": sum(map(repeated_share, texts)) / count,
        "compression": sum(map(compression, texts)) / count,
    }
