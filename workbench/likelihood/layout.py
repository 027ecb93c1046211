"""Layout: token sequences as few rows of few tokens, each shared beginning written once.

Sequences are sorted by their tokens, so those that begin alike stand together: the choices of
a question, and questions behind the same examples or system prompt. A row is a tree of
tokens; a token sees those on its own path alone (tree attention, as in SpecInfer, Miao et al.
2024, arXiv 2305.09781). A model that cannot be told who sees whom gets rows without branches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

CPU_TOKENS, GPU_TOKENS = 1024, 16384
"""Tokens of one batch: as many as stay in a processor's cache, or as fill an accelerator."""
ROW_TOKENS = 4096
"""A row's mask has the square of its tokens: 64 MB in float32."""
LOGIT_VALUES = 2**26
"""Logits of one batch stay under a quarter of a gigabyte in float32, whatever the vocabulary."""
PAIRS = 3
"""Work of one token outside attention, in pairs of tokens within it, for each unit of width.

A layer's matrices hold about 12 width² values and a pair costs 4 width operations, so the
work is 6 width pairs; masked attention runs at about half the speed of a matrix product.
"""


class Asked(NamedTuple):
    """Token ids, and the positions (1 or later, rising) of the tokens whose likelihood is asked."""

    ids: Sequence[int]
    targets: Sequence[int]


class Size(NamedTuple):
    """What a batch may hold: rows, tokens with padding, and positions that meet the head."""

    rows: int
    tokens: int
    scored: int


@dataclass
class Row:
    """A tree of tokens. ``spans`` are its branches: (first node, last node + 1, the path before).

    ``before[number]`` holds, for the sequence of that number, the node that precedes each of
    its targets.
    """

    ids: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    spans: list[tuple[int, int, list[int]]] = field(default_factory=list)
    before: dict[int, list[int]] = field(default_factory=dict)
    scored: set[int] = field(default_factory=set)

    @property
    def branches(self) -> bool:
        """Whether any token has more than one successor."""
        return any(path and path[-1] != start - 1 for start, _, path in self.spans)


def rows_of(asked: Sequence[Asked], *, branching: bool, width: int, scored: int) -> list[Row]:
    """Lay sequences out as rows, each holding what it shares once.

    ``branching`` says whether the model can be told who sees whom; ``width`` is the size of
    its hidden states, ``scored`` the most positions of a row that may meet the head.
    """
    inputs = [list(one.ids[: one.targets[-1]]) for one in asked]
    rows: list[Row] = []
    last: list[int] = []
    path: list[int] = []
    for number in sorted(range(len(inputs)), key=inputs.__getitem__):
        ids = inputs[number]
        shared = _shared(last, ids)
        fits = branching or shared == len(last)
        if not rows or not fits or not _joins(rows[-1], shared, ids, asked[number], width, scored):
            rows.append(Row())
            shared, path = 0, []
        path = _grown(rows[-1], path[:shared], ids[shared:])
        nodes = [path[target - 1] for target in asked[number].targets]
        rows[-1].before[number] = nodes
        rows[-1].scored.update(nodes)
        last = ids
    return rows


def batches(rows: list[Row], size: Size) -> Iterator[list[Row]]:
    """Rows of like length together, those with branches apart from those without."""
    group: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.branches, len(row.ids))):
        tokens = len(row.ids) * (len(group) + 1)
        scored = len(row.scored) + sum(len(one.scored) for one in group)
        full = len(group) >= size.rows or tokens > size.tokens or scored > size.scored
        if group and (full or group[0].branches != row.branches):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _grown(row: Row, path: list[int], ids: list[int]) -> list[int]:
    """Add a branch after a path; returns the path to its end."""
    start = len(row.ids)
    if ids:
        row.ids += ids
        row.depths += range(len(path), len(path) + len(ids))
        row.spans.append((start, start + len(ids), path))
    return path + list(range(start, start + len(ids)))


def _joins(row: Row, shared: int, ids: list[int], asked: Asked, width: int, scored: int) -> bool:
    """Whether to write a sequence into the row costs less work than a row of its own."""
    have, new = len(row.ids), len(ids) - shared
    if not shared or have + new > max(ROW_TOKENS, len(ids)):
        return False
    if len(row.scored) + len(asked.targets) > scored:
        return False
    more_pairs = (have + new) ** 2 - have**2 - len(ids) ** 2
    return PAIRS * width * shared > more_pairs


def _shared(left: list[int], right: list[int]) -> int:
    """How many tokens two sequences begin with alike."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
