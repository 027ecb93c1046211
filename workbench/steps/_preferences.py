"""Preference pairs of one prompt that cannot all be right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


class Contradictions(NamedTuple):
    """For each row an earlier row that it contradicts, or -1; and whether that is its mirror."""

    partner: npt.NDArray[np.int64]
    swapped: npt.NDArray[np.bool_]


def contradictions(prompt: Hashes, chosen: Hashes, rejected: Hashes) -> Contradictions:
    """Find preferences that run in a circle: A over B and B over A, or A over B over C over A.

    Each pair is an edge from the chosen to the rejected answer of a prompt; the edges
    inside a strongly connected component contradict each other. Rows whose ``prompt`` is 0
    are no preference pairs.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    partner = np.full(len(prompt), -1, dtype=np.int64)
    swapped = np.zeros(len(prompt), dtype=np.bool_)
    rows = np.flatnonzero((prompt != 0) & (chosen != rejected))
    if not len(rows):
        return Contradictions(partner, swapped)
    answers = np.concatenate([_answers(prompt[rows], chosen[rows]), _answers(prompt[rows], rejected[rows])])
    nodes, place = np.unique(answers, return_inverse=True)
    better, worse = place[: len(rows)], place[len(rows) :]
    graph = coo_matrix((np.ones(len(rows), np.int8), (better, worse)), shape=(len(nodes), len(nodes)))
    _, component = connected_components(graph, directed=True, connection="strong")
    inside = component[better] == component[worse]
    edges: dict[tuple[int, int], int] = {}
    firsts: dict[int, int] = {}
    for index in np.flatnonzero(inside).tolist():
        edge = (int(better[index]), int(worse[index]))
        edges.setdefault(edge, int(rows[index]))
        first = firsts.setdefault(int(component[edge[0]]), int(rows[index]))
        mirror = edges.get(edge[::-1])
        if mirror is not None or first != rows[index]:
            partner[rows[index]] = first if mirror is None else mirror
            swapped[rows[index]] = mirror is not None
    return Contradictions(partner, swapped)


def _answers(prompt: Hashes, answer: Hashes) -> Hashes:
    """One number for an answer to a prompt."""
    return (prompt * np.uint64(0x9E3779B97F4A7C15)) ^ answer
