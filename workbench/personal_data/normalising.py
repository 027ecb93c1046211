"""Text as it reads: the form detectors look at, with the way back to the characters that were written.

A value can be written so that a pattern does not see it: full-width or Arabic digits, zero-width
characters, soft hyphens, Cyrillic letters that look Latin. The form made here undoes that (NFKC
one character at a time, Unicode Standard Annex 15; look-alikes after Unicode Technical Standard
39), and every position in it leads back to the text as it was, so that a span covers the original.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from dataclasses import dataclass

LONGEST_EXPANSION = 4
INVISIBLE = frozenset("\u034f\u115f\u1160\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}
OTHER_FORMS = {
    "\u2212": "-", "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u02bc": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2028": "\n", "\u2029": "\n", "\u3002": ".", "\u2044": "/", "\u2215": "/",
}  # fmt: skip
LONG_DASHES = frozenset("\u2014\u2015\u2e3a\u2e3b")
LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝкАВЕКМНОРСТХУІЈЅԚԜ" + "οανρυικτεΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "օսհոցԼՕՏ" + "ɡıɑ",
    "aeopcyxijsdhqwkABEKMHOPCTXYIJSQW" + "oavpuikteABEZHIKMNOPTYX" + "ouhngLOS" + "gia",
)
WORD = re.compile(r"[^\W\d_]+(?:[\d]*[^\W\d_]+)*")
FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u058f\u0251\u0261\u0131]")
LATIN = re.compile("[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as it reads. ``starts`` and ``ends`` are None when it was written so already."""

    text: str
    starts: array[int] | None = None
    ends: array[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the text as written that read as ``start`` to ``end`` (exclusive) here."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalised(text: str) -> Normalised:
    """How a text reads, in time linear in its length. ASCII text is returned as it is.

    Every character of the result stands for one or more neighbouring characters of ``text``;
    invisible characters (category Cf, variation selectors, fillers) stand for nothing.
    """
    if text.isascii():
        return Normalised(text)
    if text.translate(_forms) == text and not FOREIGN.search(text) and not _has_marks(text):
        return Normalised(text)
    return _built(text)


def _built(text: str) -> Normalised:
    pieces: list[str] = []
    starts: array[int] = array("q")
    ends: array[int] = array("q")
    for index, character in enumerate(text):
        form = _forms[ord(character)]
        if form is None:
            continue
        if character in LONG_DASHES and _between_digits(text, index):
            form = "-"
        if pieces and unicodedata.combining(form[0]):
            composed = unicodedata.normalize("NFC", pieces[-1] + form)
            if len(composed) == 1:
                pieces[-1] = composed
                ends[-1] = index + 1
                continue
        for part in form:
            pieces.append(part)
            starts.append(index)
            ends.append(index + 1)
    return Normalised(_without_look_alikes("".join(pieces)), starts, ends)


def _between_digits(text: str, index: int) -> bool:
    return 0 < index < len(text) - 1 and text[index - 1].isdecimal() and text[index + 1].isdecimal()


def _has_marks(text: str) -> bool:
    """Whether accents stand apart from their letters, or a long dash may stand for a hyphen."""
    return not unicodedata.is_normalized("NFC", text) or any(dash in text for dash in LONG_DASHES)


def _without_look_alikes(text: str) -> str:
    """Latin letters for those that look like them, in words that mix alphabets. Keeps the length."""
    if not FOREIGN.search(text):
        return text
    return WORD.sub(lambda match: _one_script(match.group()), text)


def _one_script(word: str) -> str:
    if not FOREIGN.search(word) or not LATIN.search(word):
        return word
    folded = word.translate(LOOK_ALIKES)
    return word if FOREIGN.search(folded) else folded


class _Forms(dict[int, str | None]):
    """The form of every code point that was met; None for what is not seen."""

    def __missing__(self, code: int) -> str | None:
        self[code] = form = _form(chr(code))
        return form


def _form(character: str) -> str | None:
    if character.isascii():
        return character
    if character in OTHER_FORMS:
        return OTHER_FORMS[character]
    category = unicodedata.category(character)
    if category == "Cf" or character in INVISIBLE:
        return None
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd":
        return character if character in LONG_DASHES else "-"
    if category == "Zs":
        return " "
    form = unicodedata.normalize("NFKC", character)
    return form if 0 < len(form) <= LONGEST_EXPANSION else character


_forms = _Forms()
