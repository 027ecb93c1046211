"""Evaluation leakage: training rows that hold an evaluation item's question.

Exact (normalised question inside a message) and n-gram overlap: the share of the item's
word n-grams that the row contains, with n falling to the item's length for short items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from workbench.examples import Example, parts
from workbench.findings import Finding, about
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.steps._hashing import text_hash
from workbench.versions import Dataset

TITLE = "Evaluation leakage"
SCOPE = "map"
WORD = re.compile(r"\w+", re.UNICODE)
MIN_WORDS = 6


class Options(StepOptions):
    """``suites``: names of the suites to check against (none: all that the project sees)."""

    suites: list[str] = []
    ngram: int = Field(default=8, ge=3, le=20)
    overlap: float = Field(default=0.7, gt=0.0, le=1.0)
    roles: list[str] = ["target"]


@dataclass(frozen=True)
class Items:
    """Evaluation items: exact texts, and which items hold each n-gram."""

    exact: dict[str, int]
    grams: dict[int, list[int]]
    sizes: list[int]
    names: list[tuple[str, int]]
    gram_sizes: tuple[int, ...]


def prepare(options: Options, project: Project, _dataset: Dataset) -> Items:
    """Read the items of the suites and index their n-grams."""
    from workbench.suites import load_suite, suite_items, suite_names

    exact: dict[str, int] = {}
    grams: dict[int, list[int]] = {}
    sizes: list[int] = []
    names: list[tuple[str, int]] = []
    seen: set[tuple[str, int]] = set()
    gram_sizes: set[int] = set()
    for suite in options.suites or suite_names(project):
        for task, number, question in suite_items(load_suite(suite, project), tuple(options.roles)):
            words = WORD.findall(question.lower())
            if len(words) < MIN_WORDS or (task, number) in seen:
                continue
            seen.add((task, number))
            item = len(names)
            names.append((task, number))
            exact.setdefault(" ".join(words), item)
            own = _grams(words, options.ngram)
            gram_sizes.add(min(options.ngram, len(words)))
            sizes.append(len(own))
            for gram in own:
                grams.setdefault(gram, []).append(item)
    return Items(exact, grams, sizes, names, tuple(sorted(gram_sizes)))


def find(rows: list[Example], options: Options, items: Items) -> list[Finding]:
    """Propose to drop every row that holds an item; evidence names task and item number."""
    findings = []
    for row in rows:
        hit = _best_hit(row, options, items)
        if hit is not None:
            kind, item, overlap = hit
            task, number = items.names[item]
            evidence: dict[str, Any] = {"task": task, "item": number, "overlap": round(overlap, 3)}
            findings.append(about(row, "leakage", kind, overlap, "drop", **evidence))
    return findings


def _best_hit(row: Example, options: Options, items: Items) -> tuple[str, int, float] | None:
    best: tuple[str, int, float] | None = None
    for _, _, entry in parts(row):
        words = WORD.findall(entry["content"].lower())
        if len(words) < MIN_WORDS:
            continue
        if (item := items.exact.get(" ".join(words))) is not None:
            return "exact", item, 1.0
        counts: dict[int, int] = {}
        for size in items.gram_sizes:
            for gram in _grams(words, size):
                for found in items.grams.get(gram, ()):
                    counts[found] = counts.get(found, 0) + 1
        for found, count in counts.items():
            overlap = count / items.sizes[found]
            if overlap >= options.overlap and (best is None or overlap > best[2]):
                best = ("ngram", found, overlap)
    return best


def _grams(words: list[str], size: int) -> set[int]:
    size = min(size, len(words))
    return {text_hash(" ".join(words[i : i + size])) for i in range(len(words) - size + 1)}
