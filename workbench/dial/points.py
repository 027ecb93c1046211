"""Measure the points of a dial: what each gains on target tasks and costs on retained ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.errors import InputError
from workbench.evaluation.arms import Arm
from workbench.gate.averaging import average
from workbench.gate.measuring import measure
from workbench.judging import judge_arm, pair_task
from workbench.paired import Interval
from workbench.policy import Policy
from workbench.scores import Scores

BASE = "base"


@dataclass(frozen=True)
class Point:
    """One setting of the dial, measured against the base on the same items.

    ``target`` and ``retained`` are mean gains over the tasks of the role, shares of 1, with
    bounds that are one-sided at the policy's alpha. ``tasks`` has the gain of each task.
    ``on_frontier``: no other point is at least as good in both. ``eligible``: the retained
    bound allows no loss beyond the margin of the average.
    """

    name: str
    kind: str
    adapter: str | None
    scale: float
    target: Interval
    retained: Interval
    tasks: tuple[dict[str, Any], ...] = ()
    on_frontier: bool = False
    eligible: bool = False
    recommended: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As ``dial.json`` has it."""
        told = asdict(self)
        return {**told, "target": self.target._asdict(), "retained": self.retained._asdict()}


def measured_points(
    arms: Mapping[str, Scores], entries: Sequence[Arm], role_of: dict[str, str], policy: Policy
) -> list[Point]:
    """The base at strength 0, then every other arm with an adapter, eligible and frontier told.

    Raises `InputError` when the tasks of a role cannot be averaged.
    """
    nothing = Interval(0.0, 0.0, 0.0)
    points = [Point(BASE, "base", None, 0.0, nothing, nothing)]
    for entry in entries:
        if entry.adapter is not None:
            points.append(measured_point(arms, entry, role_of, policy))
    return [
        replace(
            point,
            eligible=point.retained.low >= -policy.macro_margin,
            on_frontier=not any(_beats(other, point) for other in points),
        )
        for point in points
    ]


def measured_point(arms: Mapping[str, Scores], entry: Arm, role_of: dict[str, str], policy: Policy) -> Point:
    """One arm against the base. Raises `InputError`."""
    base, new = arms[BASE], arms[entry.name]
    verdict = judge_arm({BASE: base, entry.name: new}, entry.name, role_of, policy, prompt_expected=False)
    macro = verdict.macro
    targets = [
        measure(pair_task(task, base[task], new[task], policy), policy, policy.alpha)
        for task, role in role_of.items()
        if role == "target" and policy.wants(task)
    ]
    gain = average(targets, policy.alpha)
    if gain is None or "delta" not in macro:
        role = "target" if gain is None else "retained"
        raise InputError(
            f"no {role} task of the suite can be averaged",
            where=f"arm {entry.name}",
            remedy="a dial needs scores between 0 and 1, with the base off chance on retained tasks",
        )
    return Point(
        name=entry.name,
        kind=entry.kind,
        adapter=entry.adapter,
        scale=entry.scale,
        target=gain.interval,
        retained=Interval(macro["delta"], macro["low"], macro["high"]),
        tasks=tuple(
            {"task": t.task, "role": t.role, "n": t.n, "delta": t.delta, "low": t.low, "high": t.high}
            for t in verdict.tasks
        ),
    )


def _beats(other: Point, point: Point) -> bool:
    at_least = other.target.value >= point.target.value and other.retained.value >= point.retained.value
    return at_least and (other.target.value, other.retained.value) != (
        point.target.value,
        point.retained.value,
    )
