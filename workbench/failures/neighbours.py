"""The training rows nearest to each failure, found in one pass over the rows.

Only the neighbours kept are held as text; rows come and go in blocks.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from workbench.examples import Example, answer_text, prompt_text
from workbench.failures.likeness import CHARACTERS, Likeness

BLOCK = 1024
SAMPLE = 500
FAR_QUANTILE = 0.01
"""A row is near when it is as near as all but one in a hundred training rows are to another."""
CLUSTER = "cluster:"


@dataclass(frozen=True)
class Row:
    """A training row, as far as a failure is compared with it; texts are cut to 1,000 characters."""

    dataset: str
    id: str
    question: str
    answer: str
    label: str | None
    cluster: str | None


@dataclass(frozen=True)
class Near:
    """A training row and how alike its question is, as a cosine."""

    row: Row
    similarity: float


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbours of each question, nearest first, and the similarity from which one is near."""

    near: list[list[Near]]
    threshold: float
    rows: int


Rows = Callable[[], Iterable[tuple[str, Example]]]


def neighbourhood(
    questions: Sequence[str],
    rows: Rows,
    kind: Likeness,
    *,
    count: int,
    near: float | None,
    tick: Callable[[int], None] | None = None,
) -> Neighbourhood:
    """Find the ``count`` nearest training rows of each question.

    ``rows`` gives ``(version, row)`` anew at each call. ``near`` fixes the similarity from which
    a row is near; else it is what training rows have to each other, within the bounds of the kind.
    """
    sample = _sampled(rows())
    asked = [*questions, *(row.question for row in sample)]
    wanted = kind.vectors(asked)
    best: list[list[Near]] = [[] for _ in asked]
    own = ["" for _ in questions] + [row.id for row in sample]
    counts = [count] * len(questions) + [1] * len(sample)
    done = 0
    for block in _blocks(rows()):
        similar = kind.between(wanted, kind.vectors([row.question for row in block]))
        for place, line in enumerate(similar):
            _take(best[place], block, line, counts[place], own[place])
        done += len(block)
        if tick:
            tick(done)
    usual = [found[0].similarity for found in best[len(questions) :] if found]
    least = float(np.quantile(usual, FAR_QUANTILE)) if usual else kind.least
    threshold = near if near is not None else min(max(least, kind.least), kind.most)
    return Neighbourhood(best[: len(questions)], threshold, done)


def row_of(dataset: str, example: Example) -> Row:
    """A training row as it is compared."""
    tags = example.get("tags") or []
    return Row(
        dataset=dataset,
        id=example["id"],
        question=prompt_text(example)[:CHARACTERS],
        answer=answer_text(example)[:CHARACTERS],
        label=example.get("label"),
        cluster=next((tag.removeprefix(CLUSTER) for tag in tags if tag.startswith(CLUSTER)), None),
    )


def _take(kept: list[Near], block: Sequence[Row], similar: Any, count: int, own: str) -> None:
    """Keep the nearest rows of a block; a row that was read before, or is the asker, is left out."""
    floor = kept[-1].similarity if len(kept) == count else -np.inf
    if float(similar.max()) < floor:
        return
    known = {near.row.id for near in kept} | {own}
    for place in np.argsort(-similar, kind="stable")[: count + len(known)].tolist():
        row = block[place]
        if row.id not in known:
            known.add(row.id)
            kept.append(Near(row, round(float(similar[place]), 4)))
    kept.sort(key=lambda near: (-near.similarity, near.row.dataset, near.row.id))
    del kept[count:]


def _sampled(rows: Iterable[tuple[str, Example]]) -> list[Row]:
    """Training rows by the hash of their ids, each once."""
    chosen: dict[str, Row] = {}
    keyed = ((_hash(example["id"]), dataset, example) for dataset, example in rows)
    smallest = heapq.nsmallest(SAMPLE, _light(keyed), key=lambda entry: entry[0])
    for _, row in smallest:
        chosen.setdefault(row.id, row)
    return list(chosen.values())


def _light(keyed: Iterable[tuple[bytes, str, Example]]) -> Iterator[tuple[bytes, Row]]:
    return ((key, row_of(dataset, example)) for key, dataset, example in keyed)


def _blocks(rows: Iterable[tuple[str, Example]]) -> Iterator[list[Row]]:
    stream = (row_of(dataset, example) for dataset, example in rows)
    while block := list(islice(stream, BLOCK)):
        yield block


def _hash(identity: str) -> bytes:
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()
