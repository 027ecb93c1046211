"""Mode collapse: answers more alike than those of the base and than the right ones.

Alike is the mean BLEU of every answer against every other (pairwise BLEU, Shen and others
2019, arXiv 1902.07816; self-BLEU, Zhu and others 2018, takes all others at once). It is a
mean over pairs of items, so its error comes from the jackknife. Training for one purpose makes
answers alike by intention: only what exceeds the right answers' likeness, too, counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.paired import Interval
from workbench.red_flags.bounds import jackknife, least, told
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, level_of, not_measured
from workbench.red_flags.pools import Pool, sampled

NAME = "mode_collapse"
WARN, BLOCK = 0.1, 0.3
MOST = 40
"""Answers of a pool that are compared, each with each."""


def measure(candidate: Candidate) -> Flag:
    """By how much answers are more alike than base's and right ones, in the worst pool; BLEU from 0 to 1."""
    arm = candidate.arm.name
    if not candidate.formed_pools:
        return not_measured(NAME, arm, "there are too few written answers")
    alpha = ALPHA / len(candidate.formed_pools)
    found, pools = {}, {}
    for pool in candidate.formed_pools:
        found[pool.name], pools[pool.name] = _compared(pool, alpha)
    name, excess = max(found.items(), key=lambda pair: (pair[1].low, pair[1].value))
    sides = pools[name]
    others = ", ".join(f"{key} {sides[key]['alike']:.2f}" for key in ("base", "reference") if key in sides)
    statement = (
        f"answers are alike by {sides['candidate']['alike']:.2f} ({name}; {others}; 1 is all the same)"
    )
    evidence = {
        "unit": "mean BLEU of pairs of answers",
        "thresholds": {"warn": WARN, "block": BLOCK},
        "pool": name,
        "excess": {key: told(value) for key, value in found.items()},
        "pools": pools,
        "method": f"pairwise BLEU of at most {MOST} answers, paired, jackknife over items",
    }
    return Flag(NAME, arm, level_of(excess.low, WARN, BLOCK), statement, *excess, evidence)


def likeness(texts: Sequence[str]) -> np.ndarray:
    """Symmetric BLEU of every pair of texts, shape ``(texts, texts)``, 0 to 1; empty ones are alike."""
    from sacrebleu.metrics.bleu import BLEU

    score = BLEU(effective_order=True, lowercase=True).sentence_score
    known: dict[tuple[str, str], float] = {}

    def of(first: str, second: str) -> float:
        if first == second:
            return 1.0
        if (first, second) not in known:
            both = score(first, [second]).score + score(second, [first]).score
            known[first, second] = known[second, first] = both / 200.0
        return known[first, second]

    plain = [" ".join(text.lower().split()) for text in texts]
    return np.array([[of(first, second) for second in plain] for first in plain])


def distinct(texts: Sequence[str], size: int) -> float:
    """Distinct-n: different word n-grams among all of them (Li and others 2016, arXiv 1510.03055)."""
    grams = [gram for text in texts for gram in _grams(text.lower().split(), size)]
    return len(set(grams)) / len(grams) if grams else 1.0


def _compared(pool: Pool, alpha: float) -> tuple[Interval, dict[str, Any]]:
    chosen = [int(number) for number in sampled([f"{n:06d}" for n in range(len(pool))], MOST)]
    sides = {
        name: [texts[n] for n in chosen] for name, texts in {"candidate": pool.new, **pool.rivals}.items()
    }
    matrices = {name: likeness(texts) for name, texts in sides.items()}
    excess = least(
        [jackknife(_gap(matrices["candidate"], matrices[name]), len(chosen), alpha) for name in pool.rivals]
    )
    everyone = np.arange(len(chosen))
    told_of = {
        name: {
            "alike": _mean(matrices[name], everyone),
            "distinct_1": distinct(texts, 1),
            "distinct_2": distinct(texts, 2),
            "different_answers": len(set(texts)) / len(texts),
        }
        for name, texts in sides.items()
    }
    return excess, {"answers": len(chosen), **told_of}


def _gap(new: np.ndarray, old: np.ndarray) -> Any:
    return lambda items: _mean(new, items) - _mean(old, items)


def _mean(matrix: np.ndarray, items: np.ndarray) -> float:
    """The mean of all pairs of different items."""
    part = matrix[np.ix_(items, items)]
    count = len(items)
    return float((part.sum() - np.trace(part)) / (count * (count - 1)))


def _grams(words: list[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(size)), strict=False))
