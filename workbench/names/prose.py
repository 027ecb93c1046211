"""Which parts of a text are written for people: all of it, but of code only comments and strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^[ ]{0,3}(```|~~~)[^\n`]*$", re.MULTILINE)
_IN_CODE = re.compile(
    r"(?:\#|//|--|%|;)[ ][^\n]*"
    r"|/\*.{0,4000}?\*/|<!--.{0,4000}?-->"
    r'|"""(?:.{0,4000}?)"""'
    r'|"(?:[^"\\\n]|\\.){1,400}"'
    r"|'(?:[^'\\\n]|\\.){1,400}'",
    re.DOTALL,
)
_INLINE = re.compile(r"`[^`\s]{1,80}`")


def prose(text: str) -> Iterator[tuple[int, int]]:
    """The ranges (start, end) to read, in order: outside fenced code all, inside it comments and strings.

    A word in single backticks is code too. A fence that is never closed runs to the end.
    """
    if "`" not in text and "~~~" not in text:
        yield 0, len(text)
        return
    last, opened = 0, ""
    for fence in _FENCE.finditer(text):
        if opened and fence[1] != opened:
            continue
        yield from _readable(text, last, fence.start(), code=bool(opened))
        opened = "" if opened else fence[1]
        last = fence.end()
    yield from _readable(text, last, len(text), code=bool(opened))


def _readable(text: str, start: int, end: int, *, code: bool) -> Iterator[tuple[int, int]]:
    if code:
        for match in _IN_CODE.finditer(text, start, end):
            yield match.start(), match.end()
        return
    last = start
    for match in _INLINE.finditer(text, start, end):
        yield last, match.start()
        last = match.end()
    if last < end:
        yield last, end
