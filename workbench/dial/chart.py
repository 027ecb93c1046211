"""The dial as pictures: gain against loss, and both over the strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markupsafe import Markup

from workbench.report.figures import frontier_chart
from workbench.report.rendering import dial_settings

COLOURS = {"target": "#2457c5", "retained": "#b4501f"}
WORDS = {"target": "gain on target tasks", "retained": "change on retained tasks"}


def dial_chart(dial: Mapping[str, Any]) -> Markup:
    """Target gain over retained change for every point of a ``dial.json``, as the report shows it."""
    title = "Target gain against retained change"
    return frontier_chart(dial_settings(dict(dial)), float(dial["macro_margin"]), title)


def strength_chart(dial: Mapping[str, Any], adapter: str) -> Markup:
    """Both means with their bounds over the strength of one adapter's folder; empty below two points."""
    points = sorted(
        (p for p in dial["points"] if p["kind"] == "base" or p["adapter"] == adapter),
        key=lambda p: float(p["scale"]),
    )
    if len(points) < 2:
        return Markup("")
    width, height, pad = 900, 300, 64
    margin = float(dial["macro_margin"])
    bounds = [p[role][end] for p in points for role in COLOURS for end in ("low", "high")]
    low: float = min(-margin, *bounds) - 0.01
    high: float = max(0.0, *bounds) + 0.01
    furthest = float(points[-1]["scale"])

    def x(scale: float) -> float:
        return pad + scale / max(furthest, 1e-9) * (width - pad - 230)

    def y(value: float) -> float:
        return height - 46 - (value - low) / (high - low) * (height - 76)

    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Both changes over the strength" class="chart">',
        f'<line x1="{pad}" x2="{width - 230}" y1="{y(0):.1f}" y2="{y(0):.1f}" class="axis"/>',
        f'<line x1="{pad}" x2="{width - 230}" y1="{y(-margin):.1f}" y2="{y(-margin):.1f}" class="margin"/>',
        f'<text x="{pad - 8}" y="{y(0) + 4:.1f}" text-anchor="end">0</text>',
        f'<text x="{pad - 8}" y="{y(-margin) + 4:.1f}" text-anchor="end">−{100 * margin:g}</text>',
        f'<text x="{pad - 8}" y="24" text-anchor="end">{100 * high:+.0f}</text>',
        f'<text x="{(width - 170) / 2}" y="{height - 8}" text-anchor="middle">strength</text>',
    ]
    parts += [
        f'<text x="{x(p["scale"]):.1f}" y="{height - 26}" text-anchor="middle">{p["scale"]:g}'
        f"{' (recommended)' if p['recommended'] else ''}</text>"
        for p in points
    ]
    for number, role in enumerate(COLOURS):
        parts += _band(points, role, x, y)
        parts.append(
            f'<text x="{width - 218}" y="{34 + 22 * number}" fill="{COLOURS[role]}">{escape(WORDS[role])}</text>'
        )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - numbers and our own words only


def _band(points: Sequence[Mapping[str, Any]], role: str, x: Any, y: Any) -> list[str]:
    upper = [f"{x(p['scale']):.1f},{y(p[role]['high']):.1f}" for p in points]
    lower = [f"{x(p['scale']):.1f},{y(p[role]['low']):.1f}" for p in reversed(points)]
    line = " ".join(f"{x(p['scale']):.1f},{y(p[role]['value']):.1f}" for p in points)
    colour = COLOURS[role]
    return [
        f'<polygon points="{" ".join(upper + lower)}" fill="{colour}" fill-opacity="0.15"/>',
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
    ]
