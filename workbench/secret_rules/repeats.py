"""Repeats: a secret that was seen once is a secret wherever else the row says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from workbench.personal_data.spans import Scan, Span

SHORTEST = 6
MOST_VALUES = 200
PLAIN = re.compile(r"[^\W\d_]+|\d+")


def with_repeats(texts: Sequence[str], scans: Sequence[Scan]) -> list[Scan]:
    """The scans of one row's texts, and in each the other places of what any of them found.

    A password is known by the words around it, and told again without them. Values that are one
    word, one number or short are left alone, because they also mean other things.
    """
    seen: dict[str, Span] = {}
    for text, scan in zip(texts, scans, strict=True):
        for span in scan.spans:
            value = text[span.start : span.end]
            if len(value) >= SHORTEST and not PLAIN.fullmatch(value) and len(seen) < MOST_VALUES:
                seen.setdefault(value, span)
    if not seen:
        return list(scans)
    longest_first = "|".join(re.escape(value) for value in sorted(seen, key=len, reverse=True))
    anywhere = re.compile(rf"(?<![^\W_])(?:{longest_first})(?![^\W_])")
    return [_added(text, scan, anywhere, seen) for text, scan in zip(texts, scans, strict=True)]


def _added(text: str, scan: Scan, anywhere: re.Pattern[str], seen: dict[str, Span]) -> Scan:
    found = sorted(scan.spans, key=lambda span: span.start)
    added: list[Span] = []
    position = 0
    for match in anywhere.finditer(text):
        while position < len(found) and found[position].end <= match.start():
            position += 1
        if position == len(found) or found[position].start >= match.end():
            added.append(replace(seen[match.group()], start=match.start(), end=match.end()))
    return replace(scan, spans=tuple(sorted([*found, *added], key=lambda s: s.start))) if added else scan
