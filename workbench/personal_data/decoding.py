r"""Values behind an encoding or in words: other readings of a text, and where each part was written.

``jane\u0040x.com``, ``jane&#64;x.com``, ``jane%40x.com``, ``jane [at] x [dot] com``, ``1[.]2[.]3[.]4``,
"five five five oh one two three", text under a right-to-left override, base64 and hex. Each is put as
the text it stands for, searched as such, and a span covers the characters that were written.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

DEPTH = 2
MOST_TOKENS = 2000
ESCAPE = re.compile(
    r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|commat|period|lowbar|plus|hyphen|nbsp);"
    r"|(?:%[0-9a-fA-F]{2})+|(?<=\w)=(?:40|2E|2e)(?=\w)"
)
BRACKETED = re.compile(
    r"[ \t]?[\[({<][ \t]?(?:(?P<at>at|@|ät|arroba|arobase)|(?P<dot>dot|\.|punkt|point|punto)|(?P<colon>:))[ \t]?[\])}>][ \t]?",
    re.IGNORECASE,
)
DEFANGED = re.compile(r"\bhxxp(?=s?://)", re.IGNORECASE)
# "at" and "dot" of one language: "at this point in" is no address.
AT_DOT = (("(?:at|ät)", "(?:dot|punkt)"), ("arroba", "punto"), ("arobase", "point"))
LOCAL_WORDS = (
    r"[\w.+-]{1,40}(?:[ \t]+(?:dot|punkt|punto|point|underscore|dash|hyphen|minus|plus)[ \t]+\w{1,40}){0,4}"
)
NO_NAME = "look|looking|shop|buy|visit|meet|find|us|me|online|site|is|it|them|here|check|arrive|go"
SPOKEN_MAIL = re.compile(
    rf"(?<![\w.@])(?!(?:{NO_NAME})\b){LOCAL_WORDS}(?:"
    + "|".join(
        rf"[ \t]+{at}[ \t]+[\w-]{{1,40}}(?:[ \t]+{dot}[ \t]+[a-z-]{{2,24}}){{1,4}}" for at, dot in AT_DOT
    )
    + r")(?!\w)",
    re.IGNORECASE,
)
AT_WORD = rf"[ \t]+(?:{'|'.join(at for at, _ in AT_DOT)})[ \t]+"
WORDED_MAIL = re.compile(
    rf"(?:(?:e-?mail|mail|write|reach|contact|correo|courriel)\b[^\n@]{{0,40}}?)?(?<![\w.@])([\w.+-]{{1,40}}){AT_WORD}"
    r"((?:[\w-]{1,40}\.){1,4}[A-Za-z]{2,24})(?!\w)",
    re.IGNORECASE,
)
PROVIDERS = re.compile(
    r"(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|aol|gmx|proton(?:mail)?|live|web)\.", re.IGNORECASE
)
SPACED_MAIL = re.compile(
    r"(?<![\w@])[\w.+-]{1,40}(?:[ \t]{1,3}@[ \t]{0,3}|@[ \t]{1,3})(?:[\w-]{1,40}(?:\.| \. )){1,4}[A-Za-z]{2,24}(?!\w)"
)
SIGNS = {
    "dot": ".",
    "punkt": ".",
    "punto": ".",
    "point": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "plus": "+",
}
SIGN_WORD = re.compile(rf"(?P<at>{AT_WORD})|[ \t]+(?P<sign>{'|'.join(SIGNS)})[ \t]+", re.IGNORECASE)
SPACED_SIGN = re.compile(r"[ \t]*@[ \t]*|[ \t]\.[ \t]")
DIGIT_WORDS = {
    word: str(value)
    for words in (
        "zero one two three four five six seven eight nine", "null eins zwei drei vier fünf sechs sieben acht neun",
        "zéro un deux trois quatre cinq six sept huit neuf", "cero uno dos tres cuatro cinco seis siete ocho nueve",
        "oh ein zwo", "o une",
    )
    for value, word in enumerate(words.split())
} | {"zwo": "2", "ein": "1", "une": "1", "oh": "0", "o": "0"}  # fmt: skip
TIMES = {"double": 2, "triple": 3, "doppel": 2, "doble": 2}
NUMBER_WORD = (
    rf"(?:(?:{'|'.join(TIMES)})[ -])?(?:{'|'.join(sorted(DIGIT_WORDS, key=len, reverse=True))}|\d{{1,4}})"
)
SPOKEN = re.compile(
    rf"(?<![\w.])\+?{NUMBER_WORD}(?:[ ,\-\n.]{{1,3}}{NUMBER_WORD}){{4,40}}(?!\w)", re.IGNORECASE
)
ONE_NUMBER = re.compile(
    rf"(?:({'|'.join(TIMES)})[ -])?(?<!\w)({'|'.join(DIGIT_WORDS)}|\d{{1,4}})(?!\w)", re.IGNORECASE
)
LEAST_SPOKEN = 7
ENCODED = re.compile(
    r"(?<![\w+/=-])(?:[0-9a-fA-F]{2}){8,}(?![\w+/=-])|(?<![\w+/=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=])"
)
OVERRIDE = re.compile("[\u202e\u2067]([^\u202c\u2069\n]*)")


@dataclass(frozen=True, slots=True)
class Reading:
    """Another text, and for each of its characters the stretch of the first that it stands for."""

    text: str
    starts: array[int]
    ends: array[int]
    changed: tuple[tuple[int, int], ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where ``start`` to ``end`` of this reading were written."""
        return min(self.starts[start:end]), max(self.ends[start:end])

    def touches(self, start: int, end: int) -> bool:
        """Whether that stretch reads differently from what is written; else the first text shows it too."""
        return any(left < end and start < right for left, right in self.changed)


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """Digits that were written out, and where."""

    digits: str
    start: int
    end: int


def readings(text: str) -> Iterator[Reading]:
    """The other readings of a text, escapes first. None for most texts; each costs one pass."""
    signs = _escapes(text)
    if "@" in text or "[" in text or "(" in text or "{" in text or "<" in text or "hxxp" in text.lower():
        signs += _brackets(text)
    signs += _words(text)
    if signs:
        yield _rewritten(text, signs)


def overridden(text: str) -> Iterator[Reading]:
    """Text between a right-to-left override and its end, in the order in which it is shown."""
    for match in OVERRIDE.finditer(text):
        shown = range(match.end(1) - 1, match.start(1) - 1, -1)
        places = array("q", shown)
        ends = array("q", (place + 1 for place in shown))
        shown_text = match.group(1)[::-1]
        yield Reading(shown_text, places, ends, ((0, len(shown_text)),))


def spoken_numbers(text: str) -> list[SpokenNumber]:
    """Numbers of seven digits or more that are written out in words; counting up or down is none."""
    found = []
    for run in SPOKEN.finditer(text):
        pieces = [
            (
                DIGIT_WORDS.get(word.lower(), word) * TIMES.get(times.lower() if times else "", 1),
                word.isdecimal(),
            )
            for times, word in ONE_NUMBER.findall(run.group())
        ]
        digits = "".join(piece for piece, _ in pieces)
        steps = {int(two) - int(one) for one, two in pairwise(digits)}
        if len(digits) >= LEAST_SPOKEN and sum(not plain for _, plain in pieces) >= 4 and len(steps) > 1:
            found.append(SpokenNumber(digits, *run.span()))
    return found


def encoded(text: str) -> Iterator[tuple[int, int, str]]:
    """Tokens that are base64 or hex of readable text: start, end and what they hold."""
    for count, match in enumerate(ENCODED.finditer(text)):
        if count == MOST_TOKENS:
            return
        held = _held(match.group())
        if held is not None:
            yield match.start(), match.end(), held


def too_many_tokens(text: str) -> bool:
    """Whether a text has more tokens that could be encoded than are decoded."""
    return len(text) > 16 * MOST_TOKENS and sum(1 for _ in ENCODED.finditer(text)) > MOST_TOKENS


def without_line_escapes(text: str) -> str:
    r"""A text of the same length in which written line breaks (``\n`` in a JSON string) are spaces."""
    if "\\" not in text:
        return text
    return re.sub(r"(?<!\\)\\[nrt](?=\w)", "  ", text)


def _escapes(text: str) -> list[tuple[int, int, str]]:
    if "\\" not in text and "&" not in text and "%" not in text and "=" not in text:
        return []
    edits: list[tuple[int, int, str]] = []
    for match in ESCAPE.finditer(text):
        written = match.group()
        if written.startswith("%"):
            edits += _percent(written, match.start())
        elif (sign := _character(written)) is not None:
            edits.append((*match.span(), sign))
    return edits


def _character(written: str) -> str | None:
    if written.startswith("&"):
        return html.unescape(written)[:1]
    code = int(written.lstrip("\\=uxUX"), 16) if not written.startswith("\\u") else int(written[2:], 16)
    return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code < 0x10000 else None


def _percent(written: str, start: int) -> list[tuple[int, int, str]]:
    try:
        plain = bytes.fromhex(written.replace("%", "")).decode()
    except ValueError:
        return []
    edits = []
    for character in plain:
        size = 3 * len(character.encode())
        edits.append((start, start + size, character))
        start += size
    return edits


def _brackets(text: str) -> list[tuple[int, int, str]]:
    edits = []
    for match in BRACKETED.finditer(text):
        edits.append((*match.span(), "@" if match["at"] else "." if match["dot"] else ":"))
    edits += [(*match.span(), "http") for match in DEFANGED.finditer(text)]
    if edits or "@" in text:
        edits += [edit for match in SPACED_MAIL.finditer(text) for edit in _signs(match, SPACED_SIGN, "@")]
    return edits


def _words(text: str) -> list[tuple[int, int, str]]:
    """``jane dot doe at example dot com``, and ``jane at example.com`` where it is said to be an address."""
    edits = [edit for match in SPOKEN_MAIL.finditer(text) for edit in _signs(match, SIGN_WORD, "@")]
    for match in WORDED_MAIL.finditer(text):
        said = match.start(1) > match.start()
        if said or PROVIDERS.match(match.group(2)):
            edits.append((match.end(1), match.start(2), "@"))
    return edits


def _signs(match: re.Match[str], sign: re.Pattern[str], at: str) -> list[tuple[int, int, str]]:
    edits = []
    for found in sign.finditer(match.group()):
        word = found.groupdict().get("sign")
        written = SIGNS[word.lower()] if word else "." if "." in found.group() else at
        edits.append((match.start() + found.start(), match.start() + found.end(), written))
    return edits


def _rewritten(text: str, edits: Iterable[tuple[int, int, str]]) -> Reading:
    pieces: list[str] = []
    starts: array[int] = array("q")
    ends: array[int] = array("q")
    changed = []
    last = 0
    for start, end, written in sorted(edits):
        if start < last:
            continue
        pieces += [text[last:start], written]
        starts.extend(range(last, start))
        ends.extend(range(last + 1, start + 1))
        changed.append((len(starts), len(starts) + len(written)))
        starts.extend([start] * len(written))
        ends.extend([end] * len(written))
        last = end
    pieces.append(text[last:])
    starts.extend(range(last, len(text)))
    ends.extend(range(last + 1, len(text) + 1))
    return Reading("".join(pieces), starts, ends, tuple(changed))


def _held(token: str) -> str | None:
    """The readable text that a token encodes, or None."""
    if len(token) % 2 == 0 and re.fullmatch(r"[0-9a-fA-F]+", token):
        held = _readable(bytes.fromhex(token))
        if held is not None:
            return held
    plain = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        return None
    try:
        return _readable(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _readable(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character in "\n\r\t" for character in text) else None
