"""Inline SVG charts. Every text is escaped; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

COLOURS = {
    "retained": "#1a7f5a",
    "improved": "#1a7f5a",
    "forgotten": "#b42318",
    "not_improved": "#b42318",
    "inconclusive": "#a15c00",
    "not_measurable": "#667085",
}
LINES = ("#2457c5", "#b4501f", "#1a7f5a", "#7a3fb0")


@dataclass(frozen=True)
class Bar:
    """One interval: label, estimate, bounds, verdict, and the margin to draw."""

    label: str
    value: float
    low: float
    high: float
    verdict: str
    margin: float


def interval_chart(bars: Sequence[Bar], title: str) -> Markup:
    """Differences in points with their bounds, a line at zero, a mark at each margin."""
    if not bars:
        return Markup("")
    lows = [min(bar.low, -bar.margin) for bar in bars]
    highs = [max(bar.high, 0.02) for bar in bars]
    left, right = max(-1.0, min(lows) - 0.03), min(1.05, max(highs) + 0.03)
    row, width, label_width = 30, 900, 270
    height = row * len(bars) + 50

    def x(value: float) -> float:
        value = min(max(value, left), right)
        return label_width + (value - left) / (right - left) * (width - label_width - 80)

    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" class="chart">',
        f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="8" y2="{height - 34}" class="axis"/>',
        f'<text x="{x(0):.1f}" y="{height - 16}" text-anchor="middle">no change</text>',
    ]
    for number, bar in enumerate(bars):
        y = 22 + row * number
        colour = COLOURS.get(bar.verdict, "#475467")
        margin = x(-bar.margin)
        parts += [
            f'<text x="{label_width - 12}" y="{y + 4}" text-anchor="end">{escape(bar.label)}</text>',
            f'<line x1="{margin:.1f}" x2="{margin:.1f}" y1="{y - 9}" y2="{y + 9}" class="margin"/>'
            if bar.margin > 0
            else "",
            f'<line x1="{x(bar.low):.1f}" x2="{x(bar.high):.1f}" y1="{y}" y2="{y}" '
            f'stroke="{colour}" stroke-width="3"/>',
            f'<circle cx="{x(bar.value):.1f}" cy="{y}" r="5" fill="{colour}"/>',
            f'<text x="{width - 72}" y="{y + 4}" fill="{colour}">{100 * bar.value:+.1f} pts</text>',
        ]
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above


def line_chart(series: dict[str, list[tuple[float, float]]], title: str, x_title: str) -> Markup:
    """Lines over steps, for example held-out and retained loss: the forgetting curve."""
    points = [point for line in series.values() for point in line]
    if len(points) < 2:
        return Markup("")
    width, height, pad = 900, 280, 54
    x_high = max(x for x, _ in points) or 1
    y_low, y_high = min(y for _, y in points), max(y for _, y in points)
    span = (y_high - y_low) or 1.0

    def place(point: tuple[float, float]) -> str:
        x = pad + point[0] / x_high * (width - pad - 150)
        y = height - 40 - (point[1] - y_low) / span * (height - 70)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" class="chart">',
        f'<line x1="{pad}" x2="{width - 150}" y1="{height - 40}" y2="{height - 40}" class="axis"/>',
        f'<text x="{pad - 8}" y="34" text-anchor="end">{y_high:.2f}</text>',
        f'<text x="{pad - 8}" y="{height - 38}" text-anchor="end">{y_low:.2f}</text>',
        f'<text x="{(width - 100) / 2}" y="{height - 12}" text-anchor="middle">{escape(x_title)} (to {x_high:g})</text>',
    ]
    for number, (name, line) in enumerate(series.items()):
        if not line:
            continue
        colour = LINES[number % len(LINES)]
        path = " ".join(place(point) for point in line)
        parts += [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
            f'<text x="{width - 138}" y="{40 + 22 * number}" fill="{colour}">{escape(name)}</text>',
        ]
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above


def bar_chart(counts: dict[str, int], title: str) -> Markup:
    """Counts as horizontal bars, largest first."""
    if not counts:
        return Markup("")
    row, width, label_width = 26, 900, 340
    highest = max(counts.values()) or 1
    parts = [
        f'<svg viewBox="0 0 {width} {row * len(counts) + 16}" role="img" aria-label="{escape(title)}" class="chart">'
    ]
    for number, (name, count) in enumerate(sorted(counts.items(), key=lambda item: -item[1])):
        y = 18 + row * number
        length = (width - label_width - 90) * count / highest
        parts += [
            f'<text x="{label_width - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{label_width}" y="{y - 9}" width="{max(length, 2):.1f}" height="17" rx="3" class="bar"/>',
            f'<text x="{label_width + length + 8:.1f}" y="{y + 4}">{count:,}</text>',
        ]
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above
