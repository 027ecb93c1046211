"""Choose a point of the dial, and say in words why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.dial.points import BASE, Point
from workbench.paired import Interval
from workbench.policy import Policy


def recommend(points: Sequence[Point]) -> list[Point]:
    """The points, with the recommended one marked; none where the base itself is best.

    The largest target gain among those that are eligible; of equal gains the larger retained
    bound, then the lesser strength, then the name.
    """
    best = min(
        (point for point in points if point.eligible),
        key=lambda p: (-p.target.value, -p.retained.low, p.scale, p.name),
    )
    return [replace(point, recommended=point is best and point.name != BASE) for point in points]


def reasons(points: Sequence[Point], policy: Policy) -> list[str]:
    """Why this point and not another, a sentence each."""
    chosen = next((point for point in points if point.recommended), None)
    margin = 100 * policy.macro_margin
    dear = [p for p in points if not p.eligible]
    found = []
    if dear:
        names = ", ".join(p.name for p in dear)
        found.append(f"left out, as a loss of more than {margin:g} points is not ruled out: {names}")
        open_still = ", ".join(p.name for p in dear if p.retained.value >= -policy.macro_margin)
        if open_still:
            found.append(f"of these, more items could still bring in: {open_still}")
    if chosen is None:
        found.append("no point that is left gains on the target tasks: the base is as good")
        return found
    found.append(
        f"{label(chosen)} has the largest gain on the target tasks of those that are left: "
        f"{points_of(chosen.target)}"
    )
    found.append(
        f"its retained tasks change by {points_of(chosen.retained)}; a loss of {margin:g} is accepted"
    )
    near = [p.name for p in points if p.eligible and p is not chosen and p.target.high >= chosen.target.value]
    if near:
        found.append(f"the items cannot tell its gain from that of: {', '.join(near)}")
    return found


def label(point: Point) -> str:
    """A point in words: ``'sft' at strength 0.5``."""
    return f"'{point.name}' at strength {point.scale:g}"


def points_of(interval: Interval) -> str:
    """An interval in points, as ``+4.2 (+1.0 to +7.3)``."""
    return f"{100 * interval.value:+.1f} ({100 * interval.low:+.1f} to {100 * interval.high:+.1f})"
