"""Words of a text as leakage compares them, with their places in it."""

from __future__ import annotations

import re
import unicodedata

_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_THOUSANDS = r"\d+(?:,\d{3})+(?!\d)"
_COMMA = re.compile(r"\d,\d{3}")
_ASCII = re.compile(rf"{_THOUSANDS}|[a-z0-9]+")
_ANY = re.compile(rf"{_THOUSANDS}|[{_CJK}]|(?:[^\W_{_CJK}][\u0300-\u036f]*)+")

SMALL_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        [
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
            *("nineteen", "twenty"),
        ]
    )
}


def words_of(text: str) -> list[str]:
    """Words in lower case (NFKC, case folded), numbers without thousands commas.

    Each character of Chinese, Japanese or Korean is a word; an underscore parts words.
    """
    if text.isascii():
        words = _ASCII.findall(text.lower())
        return [word.replace(",", "") for word in words] if _COMMA.search(text) else words
    return [_normal(word) for word in _ANY.findall(text)]


def placed_words(text: str) -> list[tuple[str, int, int]]:
    """The same words, each with the place of its first character and that after its last."""
    if text.isascii():
        text, pattern = text.lower(), _ASCII
    else:
        pattern = _ANY
    return [(_normal(match.group()), match.start(), match.end()) for match in pattern.finditer(text)]


def stem(word: str) -> str:
    """A word without its plural s, and a small number word as its figure."""
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return SMALL_NUMBERS.get(word, word)


def is_number(word: str) -> bool:
    """Whether a stem is a figure."""
    return word[:1].isdigit()


def _normal(word: str) -> str:
    if word.isascii():
        return word.lower().replace(",", "")
    return unicodedata.normalize("NFKC", word).casefold()
