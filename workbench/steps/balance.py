"""Balance: cap or lighten labels, clusters or templates that crowd out the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from workbench.examples import Example, columns_of
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._keepers import is_dropped
from workbench.steps._taking import described, in_blocks

TITLE = "Balance"
SCOPE = "group"
COLUMNAR = True
Integers = npt.NDArray[np.int64]


class Options(StepOptions):
    """``cap_share``: the most rows a group may keep, as a share of all rows before the cap.

    ``cap_rows``: the most rows a group may keep, as a number; it is what a template needs,
    of which a few hundred examples say all there is to say. ``targets`` (group to share, all
    in 0..1) caps the named groups at their own share. ``action`` is what is proposed for
    the surplus: drop it, or give the whole group a weight below 1.
    """

    by: Literal["label", "cluster", "template"] = "label"
    cap_share: float = Field(default=0.3, gt=0.0, le=1.0)
    cap_rows: int | None = Field(default=None, ge=1)
    targets: dict[str, float] = {}
    action: Literal["drop", "weight"] = "drop"
    seed: int = 0


def features(
    rows: pa.RecordBatch | list[Example], _options: Options, _context: object = None
) -> dict[str, Any]:
    """Ids, labels and sources."""
    batch = columns_of(rows)
    source = batch.column("source").flatten()
    label = pc.fill_null(batch.column("label"), "")
    return {"id": batch.column("id"), "file": source[0], "line": source[1], "label": label}


def find(table: pa.Table, options: Options, earlier: Earlier) -> Iterator[Finding]:
    """Take the surplus of each crowded group by a seeded hash of the id; others stay."""
    stays = ~is_dropped(table["id"], earlier)
    names, groups = _groups(table, options, earlier)
    members = np.where(stays, groups, -1)
    counts = _counts(names, members)
    if len(counts) < 2 and options.cap_rows is None:
        return
    ordered = np.argsort(members, kind="stable")
    numbers = {name: number for number, name in enumerate(names)}
    for group, cap in caps(counts, options, int(stays.sum())).items():
        start, end = np.searchsorted(members, (numbers[group], numbers[group] + 1), sorter=ordered)
        order = _drawn(table, ordered[start:end], options.seed)
        for rows in in_blocks(order if options.action == "weight" else order[cap:]):
            for row in described(table, rows):
                evidence = {
                    options.by: group,
                    "rows": counts[group],
                    "cap": cap,
                    "weight": round(cap / counts[group], 4),
                }
                score = 1.0 - cap / counts[group]
                source = {"file": row["file"], "line": row["line"]}
                yield Finding("balance", "surplus", row["id"], source, score, options.action, evidence)


def caps(counts: Mapping[str, int], options: Options, total: int) -> dict[str, int]:
    """The number of rows each crowded group may keep: its share of ``total``, or ``cap_rows``.

    The share is of the rows before, not after, so that a small group never drags a large
    one down with it.
    """
    limits = {}
    for group, count in counts.items():
        limit = max(1, int(total * options.targets.get(group, options.cap_share)))
        if options.cap_rows is not None and group not in options.targets:
            limit = min(limit, options.cap_rows)
        if limit < count:
            limits[group] = limit
    return limits


def _groups(table: pa.Table, options: Options, earlier: Earlier) -> tuple[list[str], Integers]:
    """The names of the groups, and for each row the number of its own, or -1."""
    if options.by == "label":
        named = table["label"].dictionary_encode().combine_chunks()
    else:
        known = earlier.clusters if options.by == "cluster" else earlier.templates
        places = pc.index_in(table["id"], value_set=pa.array(list(known), pa.string())).combine_chunks()
        named = pa.array(list(known.values()), pa.string()).dictionary_encode().take(places)
    names = named.dictionary.to_pylist()
    groups = np.asarray(named.indices.fill_null(-1), dtype=np.int64)
    if "" in names:
        groups[groups == names.index("")] = -1
    return names, groups


def _counts(names: list[str], members: Integers) -> dict[str, int]:
    """The rows of each group that has any, in the order of their first rows."""
    found, first, counts = np.unique(members, return_index=True, return_counts=True)
    order = np.argsort(first)
    return {
        names[group]: count
        for group, count in zip(found[order].tolist(), counts[order].tolist(), strict=True)
        if group >= 0
    }


def _drawn(table: pa.Table, rows: Integers, seed: int) -> Integers:
    """Row numbers in the order of a seeded hash of their ids."""
    digests = np.empty((len(rows), 4), dtype=np.uint64)
    start = 0
    for some in in_blocks(rows):
        ids = table["id"].take(pa.array(some)).to_pylist()
        drawn = b"".join(hashlib.sha256(f"{seed}{identity}".encode()).digest() for identity in ids)
        digests[start : start + len(some)] = np.frombuffer(drawn, dtype=">u8").reshape(-1, 4)
        start += len(some)
    return np.asarray(rows[np.lexsort(digests.T[::-1])])
