"""Charts of the assessment as inline SVG. Every text is escaped; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from workbench.assessment.results import Rate

WIDTH = 900
NAME_CHARACTERS = 42
WHISKER = "#1d2433"


def histogram(bins: Sequence[tuple[str, int]], title: str, unit: str) -> Markup:
    """Counts as columns, in the order given."""
    if not bins:
        return Markup("")
    height, bottom, top = 240, 46, 26
    highest = max(count for _, count in bins) or 1
    step = WIDTH / len(bins)
    parts = [_opened(height, title)]
    for number, (name, count) in enumerate(bins):
        tall = (height - bottom - top) * count / highest
        x, y = number * step, height - bottom - tall
        parts += [
            f'<rect x="{x + 0.08 * step:.1f}" y="{y:.1f}" width="{0.84 * step:.1f}" height="{max(tall, 1):.1f}" rx="3" class="bar"/>',
            _text(x + step / 2, y - 6, f"{count:,}", "middle"),
            _text(x + step / 2, height - bottom + 18, name, "middle"),
        ]
    parts += [
        f'<line x1="0" x2="{WIDTH}" y1="{height - bottom}" y2="{height - bottom}" class="axis"/>',
        _text(WIDTH / 2, height - 6, unit, "middle"),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above


def rates_chart(rates: Sequence[Rate], title: str) -> Markup:
    """Shares as bars, each with its 95 % interval as a whisker."""
    if not rates:
        return Markup("")
    row, label, right = 28, 300, 190
    highest = max(max(entry.high if entry.count else entry.value for entry in rates), 0.01)
    scale = (WIDTH - label - right) / highest
    parts = [_opened(row * len(rates) + 12, title)]
    for number, entry in enumerate(rates):
        y = 18 + row * number
        bar, low, high = (
            label + scale * value for value in (entry.value, entry.low, min(entry.high, highest))
        )
        words = f"{100 * entry.value:.1f} %  ({entry.count:,} rows)"
        parts += [
            _text(label - 10, y + 4, shortened(entry.name), "end"),
            f'<rect x="{label}" y="{y - 9}" width="{max(bar - label, 1):.1f}" height="17" rx="3" class="bar"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{WHISKER}" stroke-width="1.6"/>',
            _text(max(bar, high) + 10, y + 4, words, "start"),
        ]
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above


def shortened(name: str) -> str:
    """A name that fits beside a bar."""
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"


def _opened(height: float, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" class="chart">'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
