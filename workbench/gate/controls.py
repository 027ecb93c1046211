"""Controls: the base against itself, and the red flags that were raised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.files import read_json
from workbench.gate.results import ControlVerdict, FlagVerdict
from workbench.paired import wilson
from workbench.policy import Policy
from workbench.scores import Paired


def control_verdict(pairs: list[Paired], policy: Policy) -> ControlVerdict | None:
    """Whether the base agrees with itself when it is asked twice; None when nobody asks.

    A flip is an item whose score changed. ``high`` is the upper bound of the flip rate.
    """
    if policy.aa_control is None or not pairs:
        return None
    by_task = {pair.task: sum(a != b for a, b in zip(pair.old, pair.new, strict=True)) for pair in pairs}
    items = sum(len(pair.items) for pair in pairs)
    flips = sum(by_task.values())
    most = policy.aa_control.max_flip_rate
    return ControlVerdict(
        verdict="agrees" if flips <= most * items else "differs",
        flip_rate=flips / items,
        high=wilson(flips, items, 2 * policy.alpha).high,
        items=items,
        flips=flips,
        max_flip_rate=most,
        tasks={pair.task: by_task[pair.task] / len(pair.items) for pair in pairs},
    )


def read_flags(folder: Path, arm: str) -> list[dict[str, Any]]:
    """The red flags that were measured for an arm, by name; those of no arm concern all."""
    flags = [read_json(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    found = [flag for flag in flags if flag.get("arm") in (arm, None)]
    return sorted(found, key=lambda flag: str(flag["name"]))


def flag_verdicts(flags: list[dict[str, Any]], policy: Policy) -> list[FlagVerdict]:
    """What every red flag does under the policy.

    A flag at level ``block`` blocks when the policy lets it, else it warns; at level ``warn``
    it warns; one the policy ignores, or at level ``ok``, does nothing.
    """
    found = []
    for flag in flags:
        allowed = policy.flag(str(flag["name"]))
        level = str(flag["level"])
        if level == "ok" or allowed == "ignore":
            effect = "none"
        else:
            effect = "block" if (level, allowed) == ("block", "block") else "warn"
        found.append(
            FlagVerdict(
                name=str(flag["name"]),
                level=level,
                effect=effect,
                statement=str(flag["statement"]),
                value=flag.get("value"),
                low=flag.get("low"),
                high=flag.get("high"),
                evidence=flag.get("evidence") or {},
            )
        )
    return found
