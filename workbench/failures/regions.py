"""Group failures of one cause that ask about the same, largest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.embedding import content_words, lexical_vectors
from workbench.failures.causes import KINDS, Cause
from workbench.failures.failing import Failure
from workbench.failures.neighbours import Near
from workbench.steps.clusters import cluster_names, k_means

EXAMPLES = 5
LARGEST = 6
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Looked:
    """A failure with what it asks, its neighbours and its cause."""

    failure: Failure
    question: str
    near: list[Near]
    cause: Cause


@dataclass(frozen=True)
class Region:
    """Failures of one cause about one thing, and what would help.

    ``severity``: their share of all items looked at. ``rows``: how many rows to collect, or to
    decide. ``nearest``: the training rows named most often; ``clusters``: where those lie.
    """

    id: str
    kind: str
    title: str
    want: str
    rows: int
    severity: float
    failures: int
    flips: int
    tasks: dict[str, int]
    words: list[str]
    mean_similarity: float | None
    clusters: list[str]
    nearest: list[dict[str, Any]]
    items: list[str]

    def as_dict(self) -> dict[str, Any]:
        """As ``failures.json`` has it."""
        return asdict(self)


def regions(looked: Sequence[Looked], items: int, training_rows: int) -> list[tuple[Region, list[Looked]]]:
    """Every region with its failures; the causes that data can mend first, then by flips and size."""
    found: list[tuple[Region, list[Looked]]] = []
    for kind in KINDS:
        members = [one for one in looked if one.cause.kind == kind]
        for name, group in _groups(members):
            found.append((_region(kind, name, group, items, training_rows), group))
    found.sort(
        key=lambda entry: (
            entry[0].kind == "covered",
            -entry[0].flips,
            -entry[0].failures,
            entry[0].kind,
            entry[0].id,
        )
    )
    return found


def _groups(members: list[Looked]) -> list[tuple[str, list[Looked]]]:
    """Members by what they ask, with the words that name each group."""
    if not members:
        return []
    words = [content_words(one.question) for one in members]
    labels = np.zeros(len(members), dtype=np.int64)
    if len(members) >= 2 * EXAMPLES:
        labels, _ = k_means(lexical_vectors(words), min(LARGEST, len(members) // EXAMPLES), 0)
    names = cluster_names(words, labels)
    return [
        (names[label], [one for one, own in zip(members, labels.tolist(), strict=True) if own == label])
        for label in sorted(set(labels.tolist()))
    ]


def _region(kind: str, name: str, group: list[Looked], items: int, training_rows: int) -> Region:
    words = name.split()[1:]
    about = f"about: {' '.join(words)}" if words else "without words in common"
    severity = round(len(group) / max(1, items), 4)
    flips = sum(one.failure.flip for one in group)
    rows = max(FEWEST_ROWS, round(severity * training_rows))
    if kind == "contradictory":
        rows = len({row.id for one in group for row in one.cause.rows})
    named = Counter(
        (near.row.dataset, near.row.id) for one in group for near in one.near if kind != "missing"
    )
    if kind == "contradictory":
        named = Counter((row.dataset, row.id) for one in group for row in one.cause.rows)
    clusters = Counter(one.near[0].row.cluster for one in group if one.near and one.near[0].row.cluster)
    similar = [one.near[0].similarity for one in group if one.near]
    return Region(
        id=f"{kind}:{name}",
        kind=kind,
        title=_title(kind, group, about),
        want=_want(kind, group, rows, about),
        rows=0 if kind == "covered" else rows,
        severity=severity,
        failures=len(group),
        flips=flips,
        tasks=dict(sorted(Counter(one.failure.task for one in group).items())),
        words=words,
        mean_similarity=round(sum(similar) / len(similar), 4) if similar else None,
        clusters=[str(cluster) for cluster, _ in clusters.most_common(3)],
        nearest=[{"dataset": ref, "id": identity} for (ref, identity), _ in named.most_common(EXAMPLES)],
        items=[one.failure.key for one in group],
    )


def _title(kind: str, group: list[Looked], about: str) -> str:
    count = "1 failure" if len(group) == 1 else f"{len(group)} failures"
    return {
        "missing": f"no training row is near {count} {about}",
        "contradictory": f"training rows contradict {_whom(group)} in {count} {about}",
        "format": f"the right answer in the wrong form in {count} {about}",
        "covered": f"training rows are near and agree in {count} {about}",
    }[kind]


def _whom(group: list[Looked]) -> str:
    found = {one.cause.against for one in group}
    return found.pop() if len(found) == 1 else "each other or the evaluation"


def _want(kind: str, group: list[Looked], rows: int, about: str) -> str:
    roles = Counter(one.failure.role for one in group)
    mixed = "mix in" if roles["retained"] > roles["target"] else "collect"
    return {
        "missing": f"{mixed} about {rows} rows {about}",
        "contradictory": f"decide which of {rows} rows are right, and drop or mend the others",
        "format": f"collect about {rows} rows whose answers have the form that is asked for",
        "covered": "no further rows of the kind: look at strength, learning rate and epochs",
    }[kind]
