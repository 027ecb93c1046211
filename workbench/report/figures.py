"""Charts of how sure a model is and of how strong an adapter should be. Inline SVG, escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

SIDE, PAD = 300, 44
BLUE, GREY = "#2457c5", "#98a2b3"


@dataclass(frozen=True)
class Bin:
    """Answers of about the same confidence: how sure on average, how many right, how many."""

    confidence: float
    accuracy: float
    n: int


def reliability_chart(bins: Sequence[Bin], base: Sequence[Bin], title: str) -> Markup:
    """How often answers of a given confidence are right; on the dashed line they are as sure as right.

    Blue is the candidate, a dot's size its number of answers; grey is the base.
    """
    shown = [one for one in bins if one.n]
    if not shown:
        return Markup("")
    most = max(one.n for one in shown)
    low, high = PAD, SIDE - 14

    def x(value: float) -> float:
        return low + min(max(value, 0.0), 1.0) * (high - low)

    def y(value: float) -> float:
        return SIDE - x(value)

    line, other = (
        " ".join(f"{x(one.confidence):.1f},{y(one.accuracy):.1f}" for one in side if one.n)
        for side in (shown, base)
    )
    parts = [
        f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(title)}" class="chart small-chart">',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" class="margin"/>',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(0)}" class="axis"/>',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(0)}" y2="{y(1)}" class="axis"/>',
        f'<polyline points="{other}" fill="none" stroke="{GREY}" stroke-width="2"/>',
        f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
        *[
            f'<circle cx="{x(one.confidence):.1f}" cy="{y(one.accuracy):.1f}" '
            f'r="{2.5 + 5 * (one.n / most) ** 0.5:.1f}" fill="{BLUE}" fill-opacity="0.75"/>'
            for one in shown
        ],
        *[
            f'<text x="{x(mark):.0f}" y="{SIDE - PAD + 16}" text-anchor="middle">{100 * mark:.0f}</text>'
            f'<text x="{PAD - 6}" y="{y(mark) + 4:.0f}" text-anchor="end">{100 * mark:.0f}</text>'
            for mark in (0.0, 0.5, 1.0)
        ],
        f'<text x="{SIDE / 2 + 14}" y="{SIDE - 8}" text-anchor="middle">confidence, %</text>',
        f'<text x="12" y="{SIDE / 2 - 14}" text-anchor="middle" transform="rotate(-90 12 {SIDE / 2 - 14})">'
        "right, %</text>",
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above


@dataclass(frozen=True)
class Setting:
    """A point of the dial: the gain on targets against the change on retained tasks, in shares."""

    label: str
    target: float
    target_low: float
    target_high: float
    retained: float
    retained_low: float
    retained_high: float
    chosen: bool


def frontier_chart(settings: Sequence[Setting], margin: float, title: str) -> Markup:
    """Target gain over retained change with both intervals; left of the dashed line too much is lost."""
    if not settings:
        return Markup("")
    width, height, pad = 900, 340, 64
    left = min(-margin, *(one.retained_low for one in settings)) - 0.01
    right = max(0.0, *(one.retained_high for one in settings)) + 0.01
    bottom = min(0.0, *(one.target_low for one in settings)) - 0.01
    top = max(0.01, *(one.target_high for one in settings)) + 0.01

    def x(value: float) -> float:
        return pad + (value - left) / (right - left) * (width - pad - 130)

    def y(value: float) -> float:
        return height - 46 - (value - bottom) / (top - bottom) * (height - 70)

    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" class="chart">',
        f'<line x1="{x(-margin):.1f}" x2="{x(-margin):.1f}" y1="20" y2="{height - 46}" class="margin"/>',
        f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="20" y2="{height - 46}" class="axis"/>',
        f'<line x1="{pad}" x2="{width - 130}" y1="{y(0):.1f}" y2="{y(0):.1f}" class="axis"/>',
        f'<text x="{x(-margin):.1f}" y="{height - 28}" text-anchor="middle">−{100 * margin:g}</text>',
        f'<text x="{x(0):.1f}" y="{height - 28}" text-anchor="middle">0</text>',
        f'<text x="{width / 2 - 30}" y="{height - 8}" text-anchor="middle">change on retained tasks, points</text>',
        f'<text x="{pad - 8}" y="{y(0) + 4:.1f}" text-anchor="end">0</text>',
        f'<text x="{pad - 8}" y="30" text-anchor="end">{100 * top:+.0f}</text>',
        f'<text x="16" y="{height / 2 - 10}" text-anchor="middle" '
        f'transform="rotate(-90 16 {height / 2 - 10})">target gain, points</text>',
    ]
    for one in settings:
        colour = "#1a7f5a" if one.chosen else BLUE
        across, up = x(one.retained), y(one.target)
        parts += [
            f'<line x1="{x(one.retained_low):.1f}" x2="{x(one.retained_high):.1f}" y1="{up:.1f}" y2="{up:.1f}" '
            f'stroke="{colour}" stroke-opacity="0.5"/>',
            f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{y(one.target_low):.1f}" y2="{y(one.target_high):.1f}" '
            f'stroke="{colour}" stroke-opacity="0.5"/>',
            f'<circle cx="{across:.1f}" cy="{up:.1f}" r="{7 if one.chosen else 5}" fill="{colour}"/>',
            f'<text x="{across + 9:.1f}" y="{up - 8:.1f}" fill="{colour}">{escape(one.label)}'
            f"{' (recommended)' if one.chosen else ''}</text>",
        ]
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above
