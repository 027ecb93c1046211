"""The forms in which a value may have survived: other case, other separators, encoded.

What can be folded away is folded away on both sides; what is encoded is decoded where it
stands. The rules here are the audit's own and share nothing with the scrubbing.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

SHORTEST = 4
DIGITS = 7
DEEPEST = 2
_SEPARATORS = re.compile(r"[\s()\[\].,;:/_+'\"\\\-‐-―\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_URL = re.compile(r"%[0-9A-Fa-f]{2}")
_HTML = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\[nrt\"]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){6,}(?![0-9A-Fa-f])")


class View(NamedTuple):
    """A text as it reads once decoded, how it was encoded, and where in the given text it began."""

    encoding: str
    text: str
    start: int


def fold(text: str) -> str:
    """A text as it is compared: compatibility form, folded case, no separators."""
    return _SEPARATORS.sub("", composed(text).casefold())


def composed(text: str) -> str:
    """The text whose characters `folded_places` counts."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def folded_places(text: str) -> list[int]:
    """For each character of ``fold(text)`` the index of its origin in ``composed(text)``."""
    places = []
    for index, character in enumerate(composed(text)):
        folded = character.casefold()
        if not _SEPARATORS.fullmatch(folded):
            places += [index] * len(folded)
    return places


def forms(entity: str, value: str) -> list[str]:
    """The folded forms to search for, the value's own first; those too short to mean it are left out."""
    own = fold(value)
    found = [own, *(_names(value) if entity == "PERSON" else [])]
    digits = "".join(character for character in value if character.isdecimal())
    if len(digits) >= DIGITS and len(digits) * 2 >= len(own):
        found += [digits, *(_national(value) if entity == "PHONE_NUMBER" else [])]
    return [form for form in dict.fromkeys(found) if len(form) >= SHORTEST]


def views(text: str, depth: int = DEEPEST) -> Iterator[View]:
    """What the text says when its encoded stretches are decoded, one layer within another.

    URL, HTML and JSON escapes, base64 (of either alphabet) and hexadecimal; two layers deep.
    """
    if depth == 0 or len(text) < SHORTEST:
        return
    for view in _decoded(text):
        yield view
        for inner in views(view.text, depth - 1):
            yield View(f"{view.encoding}, {inner.encoding}", inner.text, view.start)


def _decoded(text: str) -> Iterator[View]:
    if "%" in text and _URL.search(text):
        yield View("url", unquote_plus(text, errors="replace"), 0)
    if "&" in text and _HTML.search(text):
        yield View("html", html.unescape(text), 0)
    if "\\" in text and _ESCAPE.search(text):
        yield View("escaped", _ESCAPE.sub(_unescaped, text), 0)
    for match in _BASE64.finditer(text):
        for piece in {match[0], *re.split(r"[/_-]", match[0])}:
            if (plain := _from_base64(piece)) is not None:
                yield View("base64", plain, match.start())
    for match in _HEX.finditer(text):
        if (plain := _readable(binascii.unhexlify(match[0]))) is not None:
            yield View("hex", plain, match.start())


def _names(value: str) -> list[str]:
    words = [word for word in re.split(r"[\s,]+", value) if word]
    if len(words) < 2:
        return []
    return [fold("".join([words[-1], *words[:-1]])), fold(words[0] + words[-1])]


def _national(value: str) -> list[str]:
    """A phone number as it is dialled at home; only one that names its country has such a form."""
    if not value.strip().startswith(("+", "00")):
        return []
    import phonenumbers

    given = re.sub(r"^\s*00", "+", value)
    try:
        number = str(phonenumbers.parse(given).national_number)
    except phonenumbers.NumberParseException:
        return []
    return [number, f"0{number}"] if len(number) >= DIGITS else []


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code is None:
        return '"' if match[0] == '\\"' else " "
    character = chr(int(code, 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


def _from_base64(piece: str) -> str | None:
    letters = piece.rstrip("=").replace("-", "+").replace("_", "/")
    if len(letters) < 8 or len(letters) % 4 == 1:
        return None
    try:
        return _readable(base64.b64decode(letters + "=" * (-len(letters) % 4)))
    except binascii.Error:
        return None


def _readable(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text and all(c.isprintable() or c in "\r\n\t" for c in text) else None
