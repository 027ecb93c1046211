"""A value that was seen once in a row is replaced wherever it stands in that row.

A recognizer of names judges each sentence by itself and may see *Bob Miller* in one and miss him
in the next; what stays would undo what was done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from workbench.personal_data.spans import Scan, Span

SHORTEST = 3
RECOGNIZER = "seen elsewhere in the row"


def everywhere(texts: Sequence[str], scans: Sequence[Scan]) -> list[Scan]:
    """Add spans where a found value stands again, letter by letter and as whole words.

    Its score and entity are those of the surest span of that value; spans that are there stay.
    """
    known: dict[str, Span] = {}
    for text, scan in zip(texts, scans, strict=True):
        for span in scan.spans:
            value = text[span.start : span.end].strip()
            if len(value) >= SHORTEST and (value not in known or span.score > known[value].score):
                known[value] = span
    if not known or (len(texts) == 1 and len(known) == 1 and texts[0].count(next(iter(known))) == 1):
        return list(scans)
    longest_first = sorted(known, key=lambda value: (-len(value), value))
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
    return [_again(text, scan, known, pattern) for text, scan in zip(texts, scans, strict=True)]


def _again(text: str, scan: Scan, known: dict[str, Span], pattern: re.Pattern[str]) -> Scan:
    added: list[Span] = []
    for match in pattern.finditer(text):
        start, end = match.span()
        if not any(start < span.end and span.start < end for span in scan.spans):
            seen = known[match[0]]
            added.append(Span(start, end, seen.entity, seen.score, RECOGNIZER))
    if not added:
        return scan
    return replace(scan, spans=tuple(sorted([*scan.spans, *added], key=lambda span: span.start)))
