"""Balance: cap or lighten labels or clusters that crowd out the rest."""

from __future__ import annotations

import hashlib
from collections import Counter
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

    ``targets`` (group to share, all in 0..1) caps the named groups at their own share.
    ``action`` is what is proposed for the surplus: drop it, or give the whole group a
    weight below 1.
    """

    by: Literal["label", "cluster"] = "label"
    cap_share: float = Field(default=0.3, gt=0.0, le=1.0)
    targets: dict[str, float] = {}
    action: Literal["drop", "weight"] = "drop"
    seed: int = 0


def features(rows: list[Example], _options: Options, _context: object = None) -> dict[str, list[Any]]:
    """Ids, labels and sources."""
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "label": [row["label"] or "" for row in rows],
    }


def find(table: pa.Table, options: Options, earlier: Earlier) -> list[Finding]:
    """Take the surplus of each crowded group by a seeded hash of the id; others stay."""
    rows = [row for row in table.to_pylist() if row["id"] not in earlier.dropped]
    for row in rows:
        row["group"] = earlier.clusters.get(row["id"], "") if options.by == "cluster" else row["label"]
    counts = Counter(row["group"] for row in rows if row["group"])
    if len(counts) < 2:
        return []
    findings = []
    for group, cap in caps(counts, options).items():
        members = [row for row in rows if row["group"] == group]
        members.sort(key=lambda row: hashlib.sha256(f"{options.seed}{row['id']}".encode()).digest())
        touched = members if options.action == "weight" else members[cap:]
        for row in touched:
            findings.append(
                Finding(
                    "balance",
                    "surplus",
                    row["id"],
                    {"file": row["file"], "line": row["line"]},
                    1.0 - cap / counts[group],
                    options.action,
                    {
                        options.by: group,
                        "rows": counts[group],
                        "cap": cap,
                        "weight": round(cap / counts[group], 4),
                    },
                )
            )
    return findings


def caps(counts: Counter[str], options: Options) -> dict[str, int]:
    """The number of rows each crowded group may keep: its share of all rows before the cap.

    The share is of the rows before, not after, so that a small group never drags a large
    one down with it.
    """
    total = sum(counts.values())
    kept = {group: max(1, int(total * options.targets.get(group, options.cap_share))) for group in counts}
    return {group: kept[group] for group in counts if kept[group] < counts[group]}
