"""Texts of examples as HTML and Markdown that cannot do anything.

Every text of an example is hostile. It leaves this module only after `html.escape` has
been over every character that is not ours, with control characters replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from workbench.differences import aligned
from workbench.examples import Example, parts
from workbench.scrubbing.masking import MASK, in_content, masked_row

SHOWN_CHARACTERS = 4000
MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")

CARD = "border-left:3px solid {colour};padding:.35rem .8rem;margin:.35rem 0;background:rgba(102,112,133,.06);border-radius:0 6px 6px 0"
TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5"
ROLE = "font-size:.78rem;font-weight:600;letter-spacing:.02em;opacity:.8"
SPAN = "background:#fde68a;color:#1f2937;border-radius:3px;padding:0 2px"
GONE = "background:#fecdca;color:#7a271a;border-radius:3px;text-decoration:line-through"
NEW = "background:#abefc6;color:#054f31;border-radius:3px;text-decoration:underline"
LEARNED = "background:#abefc6;color:#054f31;border-radius:3px"
COLOURS = {"user": "#2457c5", "assistant": "#1a7f5a", "system": "#667085", "tool": "#a15c00"}
CHART_STYLE = (
    "text{font:14px 'Source Sans 3','Source Sans Pro',system-ui,sans-serif;fill:#344054}"
    ".axis{stroke:#98a2b3;stroke-width:1}.margin{stroke:#b42318;stroke-width:1.5;stroke-dasharray:3 2}"
    ".bar{fill:#2457c5}"
)


def printable(text: str) -> str:
    """Replace control and bidirectional characters, which could reorder or hide text."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def plain(text: object) -> str:
    """Escape a text so that Streamlit's Markdown shows it letter by letter, on one line."""
    return MARKDOWN.sub(r"\\\1", " ".join(printable(str(text)).split()))


def marked_html(text: str, spans: Iterable[dict[str, Any]], *, reveal: bool) -> str:
    """One message's text; the spans are highlighted, and masked unless ``reveal``."""
    pieces, position = [], 0
    for span in sorted(spans, key=lambda s: (s["start"], -s["end"])):
        start, end = max(int(span["start"]), position), min(int(span["end"]), len(text))
        if start >= end:
            continue
        value = text[start:end] if reveal else _masked(text[start:end])
        title = _html(str(span.get("entity") or span.get("operator") or "evidence"))
        pieces += [_html(text[position:start]), f'<mark title="{title}" style="{SPAN}">{_html(value)}</mark>']
        position = end
    pieces.append(_html(text[position:]))
    return "".join(pieces)


def example_html(example: Example, spans: Iterable[dict[str, Any]] = (), *, reveal: bool = False) -> str:
    """All messages of a row as cards, with the spans of each message marked."""
    by_message = _by_message(known := list(spans))
    hidden = example if reveal else masked_row(example, [span for span in known if not in_content(span)])
    calls = {(part, index): entry.get("tool_calls") for part, index, entry in parts(hidden)}
    cards = []
    for part, index, entry in parts(example):
        text, more = _shortened(entry["content"])
        body = marked_html(text, by_message.get((part, index), []), reveal=reveal)
        cards.append(_card(part, entry["role"], body + more, calls[part, index]))
    return "".join(cards)


def pair_html(
    left: Example,
    right: Example,
    spans: dict[str, list[dict[str, Any]]] | None = None,
    *,
    reveal: bool = False,
) -> str:
    """Two rows side by side with their differing words coloured; ``spans`` by example id."""
    sides = [_texts(row, (spans or {}).get(row["id"], []), reveal) for row in (left, right)]
    cells = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        role = (sides[0].get(key) or sides[1][key])[0]
        old, new = (side.get(key, (role, ""))[1] for side in sides)
        for html in differences_html(old, new):
            cells.append(f"<div>{_card(key[0], role, html)}</div>")
    grid = "display:grid;grid-template-columns:1fr 1fr;gap:0 1rem"
    return f'<div style="{grid}">{"".join(cells)}</div>'


def differences_html(left: str, right: str) -> tuple[str, str]:
    """Both texts as HTML: words only on the left struck out, words only on the right underlined."""
    sides: tuple[list[str], list[str]] = ([], [])
    for piece in aligned(left, right):
        for side, text, name, style in (
            (0, left[slice(*piece.left)], "del", GONE),
            (1, right[slice(*piece.right)], "ins", NEW),
        ):
            html = _html(text)
            unmarked = piece.same or not html
            sides[side].append(html if unmarked else f'<{name} style="{style}">{html}</{name}>')
    return "".join(sides[0]), "".join(sides[1])


def mask_html(runs: Iterable[dict[str, Any]]) -> str:
    """A training row as the trainer sees it: learned tokens coloured and underlined."""
    pieces = []
    for run in runs:
        text = _html(run["text"])
        if run.get("answer"):
            pieces.append(f'<div style="{ROLE};margin-top:.4rem">{_html(str(run["answer"]))}</div>')
        pieces.append(f'<span style="{LEARNED}">{text}</span>' if run["learned"] else text)
    return f'<div style="{TEXT};font-family:monospace;font-size:.85rem">{"".join(pieces)}</div>'


def standalone_svg(svg: str) -> str:
    """A chart of `workbench.report.charts` as an image of its own, with its style inside."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        ">", f"><style>{CHART_STYLE}</style>", 1
    )


def _html(text: str) -> str:
    return escape(printable(text))


def _masked(text: str) -> str:
    return "".join(MASK if not c.isspace() else c for c in text)


def _shortened(text: str) -> tuple[str, str]:
    more = len(text) - SHOWN_CHARACTERS
    return text[:SHOWN_CHARACTERS], f"<em> … {more:,} more characters</em>" if more > 0 else ""


def _card(part: str, role: str, body: str, tool_calls: str | None = None) -> str:
    title = role if part == "messages" else f"{role} · {part}"
    calls = (
        f'<div style="{TEXT};font-family:monospace">{_html(tool_calls[:SHOWN_CHARACTERS])}</div>'
        if tool_calls
        else ""
    )
    style = CARD.format(colour=COLOURS.get(role, "#667085"))
    return f'<div style="{style}"><div style="{ROLE}">{_html(title)}</div><div style="{TEXT}">{body}</div>{calls}</div>'


def _by_message(spans: Iterable[dict[str, Any]]) -> dict[tuple[str, int], list[dict[str, Any]]]:
    grouped: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for span in filter(in_content, spans):
        grouped.setdefault((str(span["part"]), int(span["message"])), []).append(span)
    return grouped


def _texts(
    example: Example, spans: list[dict[str, Any]], reveal: bool
) -> dict[tuple[str, int], tuple[str, str]]:
    by_message, found = _by_message(spans), {}
    for part, index, entry in parts(example):
        text = entry["content"]
        for span in [] if reveal else by_message.get((part, index), []):
            start, end = int(span["start"]), int(span["end"])
            text = text[:start] + _masked(text[start:end]) + text[end:]
        found[part, index] = (entry["role"], text[:SHOWN_CHARACTERS])
    return found
