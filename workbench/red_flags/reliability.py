"""Reliability: how often a model is right when it is so sure, and from where it may be trusted.

Expected calibration error over ten bins of equal width: Naeini and others 2015; Guo and others
2017 (arXiv 1706.04599). It is above 0 by chance alone, so the value of a perfectly calibrated
model with the same confidences is given beside it (consistency resampling, Bröcker and Smith
2007). Thresholds by fixed-sequence testing from the surest down (Learn then Test,
Angelopoulos and others 2021, arXiv 2110.01052) with Clopper and Pearson's bound.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from workbench.paired import Interval, wilson

BINS = 10
DRAWS = 1000
VALUES = 1 << 21
STEPS = 20
ANSWER, REVIEW = 0.95, 0.8
"""Accuracy that is asked of what is answered at once, and of what is worth a look."""


class Told(NamedTuple):
    """An item with the confidence in what was answered, and whether that was right."""

    item: str
    confidence: float
    right: bool


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Expected calibration error of each row of ``(draws, items)``, 0 to 1."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    offset = np.arange(len(bins))[:, None] * BINS
    gaps = np.bincount(
        (bins + offset).ravel(), weights=(right - confidence).ravel(), minlength=len(bins) * BINS
    )
    found: np.ndarray = np.abs(gaps.reshape(len(bins), BINS)).sum(axis=1) / bins.shape[1]
    return found


def error_of(told: Sequence[Told]) -> float:
    """Expected calibration error of some items."""
    confidence, right = _arrays(told)
    return float(calibration_error(confidence[None], right[None])[0])


def error_change(old: Sequence[Told], new: Sequence[Told], alpha: float) -> tuple[Interval, Interval]:
    """Calibration error of ``new``, and ``new − old`` on the same items: bootstrap over items, fixed seed."""
    random = np.random.default_rng(0)
    (before, was), (after, now) = _arrays(old), _arrays(new)
    parts = []
    for count in _draws(len(new)):
        drawn = random.integers(0, len(new), size=(count, len(new)))
        mine = calibration_error(after[drawn], now[drawn])
        parts.append((mine, mine - calibration_error(before[drawn], was[drawn])))
    own, change = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    value = error_of(new)
    low, high = np.quantile(own, [alpha, 1 - alpha])
    below, above = np.quantile(change, [alpha, 1 - alpha])
    return (
        Interval(value, min(value, float(low)), max(value, float(high))),
        Interval(value - error_of(old), float(below), float(above)),
    )


def chance_error(told: Sequence[Told], alpha: float) -> float:
    """The error that a perfectly calibrated model with these confidences exceeds in ``alpha`` of samples."""
    confidence, _ = _arrays(told)
    random = np.random.default_rng(1)
    parts = []
    for count in _draws(len(confidence)):
        right = (random.random((count, len(confidence))) < confidence).astype(float)
        parts.append(calibration_error(np.broadcast_to(confidence, right.shape), right))
    return float(np.quantile(np.concatenate(parts), 1 - alpha))


def curve(told: Sequence[Told]) -> list[dict[str, float]]:
    """The reliability curve: of each bin that has items, mean confidence and accuracy with bounds."""
    confidence, right = _arrays(told)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    points = []
    for number in sorted(set(bins.tolist())):
        inside = bins == number
        count, hits = int(inside.sum()), int(right[inside].sum())
        share = wilson(hits, count, 0.05)
        points.append(
            {
                "items": count,
                "confidence": float(confidence[inside].mean()),
                "accuracy": share.value,
                "low": share.low,
                "high": share.high,
            }
        )
    return points


def bands(told: Sequence[Told], alpha: float) -> dict[str, Any]:
    """Thresholds for "answer", "review" and "human", and what each gives on items not used to choose.

    Half of the items, by hash, choose the thresholds: the lowest confidence from which answers
    are right in 95 % (answer) and 80 % (review) beyond chance. None when no confidence is
    enough. The other half tells coverage and accuracy of each band.
    """
    chosen_on = [one for one in told if _half(one.item) == 0]
    shown_on = [one for one in told if _half(one.item) == 1]
    answer, review = (threshold(chosen_on, share, alpha) for share in (ANSWER, REVIEW))
    edges = {
        "answer": (answer, None),
        "review": (review, answer),
        "human": (None, review if review is not None else answer),
    }
    return {
        "accuracy_wanted": {"answer": ANSWER, "review": REVIEW},
        "thresholds": {"answer": answer, "review": review},
        "selection_items": len(chosen_on),
        "items": len(shown_on),
        "bands": {name: _band(name, shown_on, *edge) for name, edge in edges.items()},
    }


def threshold(told: Sequence[Told], wanted: float, alpha: float) -> float | None:
    """The lowest confidence from which accuracy is shown to be at least ``wanted``; None for none."""
    ordered = sorted(told, key=lambda one: -one.confidence)
    found = None
    for step in range(1, STEPS + 1):
        edge = -(-len(ordered) * step // STEPS)
        while 0 < edge < len(ordered) and ordered[edge].confidence == ordered[edge - 1].confidence:
            edge += 1
        part = ordered[:edge]
        hits = sum(one.right for one in part)
        low = float(stats.beta.ppf(alpha, hits, len(part) - hits + 1)) if hits else 0.0
        if low < wanted and _could(len(part), wanted, alpha):
            return found
        if low >= wanted:
            found = part[-1].confidence
    return found


def _could(items: int, wanted: float, alpha: float) -> bool:
    """Whether so many items could show it at all; fewer decide nothing and are no test."""
    return alpha ** (1 / items) >= wanted if items else False


def _band(name: str, told: Sequence[Told], least: float | None, below: float | None) -> dict[str, Any]:
    if name != "human" and least is None:
        part: list[Told] = []
    else:
        part = [
            one
            for one in told
            if (least is None or one.confidence >= least) and (below is None or one.confidence < below)
        ]
    hits = sum(one.right for one in part)
    share = wilson(hits, len(part), 0.05)
    return {
        "items": len(part),
        "coverage": len(part) / len(told) if told else 0.0,
        "accuracy": share.value if part else None,
        "low": share.low,
        "high": share.high,
    }


def _draws(items: int) -> Iterator[int]:
    """How many samples to draw at a time, so that memory holds a few million values."""
    each = max(1, VALUES // max(1, items))
    yield from (min(each, DRAWS - done) for done in range(0, DRAWS, each))


def _half(item: str) -> int:
    return hashlib.sha256(f"half {item}".encode("utf-8", "replace")).digest()[0] & 1


def _arrays(told: Sequence[Told]) -> tuple[np.ndarray, np.ndarray]:
    confidence = np.array([one.confidence for one in told], dtype=float)
    return np.clip(confidence, 0.0, 1.0), np.array([one.right for one in told], dtype=float)
