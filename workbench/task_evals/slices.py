"""Where an arm is weak: each slice of a task against the rest, looking for what to look at next.

Exploratory: two-sided p-values (Fisher's exact test for 0/1 scores, else Welch's t), corrected
over all slices of the task by Benjamini and Hochberg 1995. A slice that is flagged blocks
nothing. What changed between two arms in a slice is the gate's business.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.paired import benjamini_hochberg, is_binary, mean_interval
from workbench.scores import Score

LEAST = 5
"""Fewer items on either side say nothing."""

MOST_VALUES = 50
FDR = 0.1


@dataclass(frozen=True)
class Slice:
    """The items with one value of a slice, and the others. ``p_bh``: corrected over all slices."""

    name: str
    value: str
    n: int
    mean: float
    low: float
    high: float
    rest: float
    p: float | None
    p_bh: float | None
    flagged: bool


def weak_slices(scores: Sequence[Score], fdr: float = FDR) -> list[Slice]:
    """Every slice of a task, the worst first; flagged where it is worse than the rest.

    Of a slice with more than `MOST_VALUES` values, the largest are given.
    """
    rows = [_measured(name, value, inside, rest) for name, value, inside, rest in _divided(scores)]
    tested = [row for row in rows if row["p"] is not None]
    if tested:
        for row, corrected in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
            row["p_bh"] = float(corrected)
    found = [Slice(**row, flagged=_is_weak(row, fdr)) for row in rows]
    return sorted(found, key=lambda s: (not s.flagged, s.mean - s.rest, s.name, s.value))


def _divided(scores: Sequence[Score]) -> list[tuple[str, str, list[float], list[float]]]:
    places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, score in enumerate(scores):
        for name, value in (score.slices or {}).items():
            places[name][value].append(place)
    values = [score.score for score in scores]
    found = []
    for name in sorted(places):
        largest = sorted(places[name].items(), key=lambda entry: (-len(entry[1]), entry[0]))[:MOST_VALUES]
        for value, inside in largest:
            chosen = set(inside)
            rest = [score for place, score in enumerate(values) if place not in chosen]
            if not rest:
                continue  # a slice that is the whole task tells nothing
            found.append((name, value, [values[place] for place in inside], rest))
    return found


def _measured(name: str, value: str, inside: list[float], rest: list[float]) -> dict[str, Any]:
    enough = len(inside) >= LEAST and len(rest) >= LEAST
    interval = mean_interval(inside)
    return {
        "name": name,
        "value": value,
        "n": len(inside),
        "mean": interval.value,
        "low": max(0.0, interval.low),
        "high": min(1.0, interval.high),
        "rest": math.fsum(rest) / len(rest),
        "p": _p_value(inside, rest) if enough else None,
        "p_bh": None,
    }


def _is_weak(row: dict[str, Any], fdr: float) -> bool:
    return row["p_bh"] is not None and row["p_bh"] <= fdr and row["mean"] < row["rest"]


def _p_value(inside: list[float], rest: list[float]) -> float:
    from scipy import stats

    if is_binary(inside) and is_binary(rest):
        table = [[int(sum(values)), len(values) - int(sum(values))] for values in (inside, rest)]
        return float(stats.fisher_exact(table).pvalue)
    if len({*inside}) == 1 and len({*rest}) == 1:
        # Student's t has no variance to divide by: ranks decide between two constants.
        return float(stats.mannwhitneyu(inside, rest).pvalue)
    return float(stats.ttest_ind(inside, rest, equal_var=False).pvalue)
