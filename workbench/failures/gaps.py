"""Regions of failures as gaps, so that one collection brief asks for both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.gaps import EXAMPLES, Gap

KIND = "evaluation_failure"


def failure_gaps(found: Mapping[str, Any]) -> list[Gap]:
    """The regions of one arm of a ``failures.json`` that data can mend, largest severity first.

    A gap's examples are ids of training rows where rows disagree, else names of failing items.
    """
    gaps = [
        Gap(
            id=f"{KIND}:{region['id']}",
            kind=KIND,
            title=region["title"],
            severity=float(region["severity"]),
            evidence={
                "cause": region["kind"],
                "run": found["run"],
                "arm": found["arm"],
                "failures": region["failures"],
                "flips": region["flips"],
                "tasks": region["tasks"],
                "words": region["words"],
                "threshold": found["threshold"],
                "mean_similarity": region["mean_similarity"],
                "embedder": found["embedder"],
            },
            want=int(region["rows"]),
            examples=(
                [row["id"] for row in region["nearest"]]
                if region["kind"] == "contradictory"
                else region["items"][:EXAMPLES]
            ),
        )
        for region in found["regions"]
        if region["kind"] != "covered"
    ]
    return sorted(gaps, key=lambda gap: -gap.severity)
