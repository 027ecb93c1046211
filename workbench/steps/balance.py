"""Balance: cap or lighten labels, clusters or templates that crowd out the rest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pyarrow as pa
from pydantic import Field

from workbench.examples import Example
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier

TITLE = "Balance"
SCOPE = "group"


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


def features(rows: list[Example], _options: Options, _context: object = None) -> dict[str, Any]:
    """Ids, labels and sources."""
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "label": [row["label"] or "" for row in rows],
    }


def find(table: pa.Table, options: Options, earlier: Earlier) -> Iterator[Finding]:
    """Take the surplus of each crowded group by a seeded hash of the id; others stay."""
    ids = table["id"].to_pylist()
    stays = [identity not in earlier.dropped for identity in ids]
    names = _groups(table, options, earlier)
    counts = Counter(name for name, kept in zip(names, stays, strict=True) if kept and name)
    if len(counts) < 2 and options.cap_rows is None:
        return
    limits = caps(counts, options, sum(stays))
    members: dict[str, list[int]] = {group: [] for group in limits}
    for row, name in enumerate(names):
        if stays[row] and name in members:
            members[name].append(row)
    files, lines = table["file"].to_pylist(), table["line"].to_pylist()
    for group, cap in limits.items():
        order = sorted(members[group], key=lambda row: _drawn(options.seed, ids[row]))
        for row in order if options.action == "weight" else order[cap:]:
            source = {"file": files[row], "line": lines[row]}
            evidence = {
                options.by: group,
                "rows": counts[group],
                "cap": cap,
                "weight": round(cap / counts[group], 4),
            }
            score = 1.0 - cap / counts[group]
            yield Finding("balance", "surplus", ids[row], source, score, options.action, evidence)


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


def _groups(table: pa.Table, options: Options, earlier: Earlier) -> list[str]:
    if options.by == "label":
        return list(table["label"].to_pylist())
    known = earlier.clusters if options.by == "cluster" else earlier.templates
    return [known.get(identity, "") for identity in table["id"].to_pylist()]


def _drawn(seed: int, identity: str) -> bytes:
    return hashlib.sha256(f"{seed}{identity}".encode()).digest()
