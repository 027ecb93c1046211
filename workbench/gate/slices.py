"""Slices: parts of a task's items, looked at to find where to look next. They never block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from workbench.gate.measuring import Measured, measure
from workbench.gate.results import SliceVerdict
from workbench.paired import benjamini_hochberg
from workbench.policy import Policy
from workbench.scores import Paired, Score


def slice_verdicts(
    pairs: list[Paired], items: Mapping[str, Mapping[str, Score]], policy: Policy
) -> list[SliceVerdict]:
    """Compare the two models on every slice that has enough items.

    ``items`` are the baseline's scores by task, which name each item's slices (cluster, label,
    language, length, source). The p-values of harm are adjusted over all slices of all tasks
    (Benjamini and Hochberg), so of those called found about ``slice_fdr`` are false.
    """
    measured: list[tuple[str, str, Measured]] = []
    for pair in pairs:
        for (name, value), numbers in sorted(_parts(pair, items[pair.task]).items()):
            if policy.slice_items <= len(numbers) < len(pair.items):
                part = _part(pair, numbers)
                measured.append((name, value, measure(part, policy, policy.alpha)))
    adjusted = benjamini_hochberg([one.p_harm for _, _, one in measured])
    return [
        SliceVerdict(
            task=one.paired.task,
            slice=name,
            value=value,
            n=one.n,
            delta=one.interval.value,
            low=one.interval.low,
            high=one.interval.high,
            p_harm=one.p_harm,
            p_harm_bh=p,
            found=p <= policy.slice_fdr,
        )
        for (name, value, one), p in zip(measured, adjusted, strict=True)
    ]


def _parts(pair: Paired, scores: Mapping[str, Score]) -> dict[tuple[str, str], list[int]]:
    """The item numbers of every slice, by its name and value."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, item in enumerate(pair.items):
        for name, value in (scores[item].slices or {}).items():
            found[(name, value)].append(number)
    return found


def _part(pair: Paired, numbers: list[int]) -> Paired:
    clusters = [pair.clusters[i] for i in numbers] if pair.clusters else None
    return replace(
        pair,
        old=[pair.old[i] for i in numbers],
        new=[pair.new[i] for i in numbers],
        items=[pair.items[i] for i in numbers],
        clusters=clusters,
    )
