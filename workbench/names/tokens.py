"""Tokens and sentences of a text, with offsets, in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_SENTENCE = 120
LONGEST_WORD = 40
"""Longer words are nobody's name; features treat them all alike."""

_LETTERS = r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*"
_TITLES = r"(?:Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Lt|Col|Sgt|Capt|Cpl|Maj|St|Jr|Sr|Rev|Hon|Inc|Ltd|Co|Corp|Mt|Ft|vs)\."
_TOKEN = re.compile(
    rf"""
    (?:https?://|www\.)\S{{1,300}}
    | [\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,6}}
    | [@\#]\w+
    | (?<!\w){_TITLES}(?!\w)
    | (?<!\w)(?:[^\W\d_]\.){{2,6}}(?!\w)
    | (?<!\w)[A-Z]\.(?=[ ]?[A-Z][\w.])
    | ['’](?:s|S|t|T|re|ve|ll|d|m)(?!\w)
    | [A-Za-z]{{1,8}}?(?=[nN]['’][tT](?!\w)) | [nN]['’][tT](?!\w)
    | {_LETTERS}(?:['’][^\W\d_]{{3,40}})*(?![\w])
    | \w+
    | ([^\w\s])\1*
    """,
    re.VERBOSE,
)
_FINAL = frozenset(".!?…。！？")
_CLOSING = frozenset("\"'”’)]»*_")


Token = tuple[str, int]
"""A word or mark of a text, and the offset of its first character."""


def tokens(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The tokens between two offsets, in order; white space is in none, all else in exactly one."""
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        yield match.group(), match.start()


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[list[Token]]:
    """The tokens, cut at line ends, at final marks, and after `LONGEST_SENTENCE` of them."""
    sentence: list[Token] = []
    last = start
    final = False
    for token in tokens(text, start, end):
        word, at = token
        gap = text[last:at]
        if sentence and (
            "\n" in gap
            or "\r" in gap
            or len(sentence) >= LONGEST_SENTENCE
            or (final and gap and (word[0].isupper() or not word[0].isalnum() or word[0].isdigit()))
        ):
            yield sentence
            sentence = []
        sentence.append(token)
        last = at + len(word)
        final = word[0] in _FINAL or (final and word[0] in _CLOSING)
    if sentence:
        yield sentence
