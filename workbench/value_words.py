"""Words of a text as denied values are compared: folded, without invisible characters, hashed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from workbench.value_keys import ValueKey

_INVISIBLE = "\u00ad\u034f\u200b-\u200f\u2060\ufeff"
# Thai, Lao, Burmese, Khmer, Japanese and Chinese put no space between words: letter by letter.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"[{_UNSPACED}]|(?![{_UNSPACED}])[^\W_](?:(?![{_UNSPACED}])[^\W_]|[{_INVISIBLE}\u0300-\u036f])*"
)
_HIDDEN = re.compile(f"[{_INVISIBLE}]")


class Word(NamedTuple):
    """A word: where it stands, its folded form, and four hex digits of its keyed hash."""

    start: int
    end: int
    plain: str
    first: str


def words_of(text: str, key: ValueKey) -> list[Word]:
    """The words of a text in order; case, separators and invisible characters do not count."""
    return [Word(*word.span(), *_folded(key, word.group())) for word in _WORD.finditer(text)]


def run_hash(key: ValueKey, words: Sequence[str]) -> str:
    """32 hex digits that name a run of folded words."""
    return key.digest("deny\0" + "\0".join(words))[:32]


@lru_cache(maxsize=100_000)
def _folded(key: ValueKey, word: str) -> tuple[str, str]:
    # Words repeat, so that nearly every word of a corpus costs a look-up and no hash.
    plain = _HIDDEN.sub("", unicodedata.normalize("NFKC", word).casefold())
    return plain, key.digest(f"deny-first\0{plain}")[:4]
