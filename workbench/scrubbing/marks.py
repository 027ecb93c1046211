"""How a row knows what was put into it: tags by their form, pseudonyms by a keyed mark.

A tag, a hash and a mask can be told from a value by looking. A pseudonym cannot, that is its
point; so its words are named in the row's ``meta`` by 8 hex digits each, made with the
project's key. Whoever scrubs the row again in the same project sees that the words are its
own and leaves them; to anybody else the marks say nothing.
"""

from __future__ import annotations

import re
from functools import cache

from workbench.scrubbing.reserved import reserved_number
from workbench.value_keys import ValueKey

TAG = re.compile(r"<[A-Z][A-Z0-9_]{1,63}(?:#[0-9a-f]{12})?>")
"""What the operators tag, hash, and redact with ``<{entity}>`` write."""

_BARE_TAG = re.compile(r"([A-Z][A-Z0-9_]*)_(?:\d{1,3}|[0-9a-f]{12})")
_MASKED = re.compile(r"\w?\*+\w{0,4}")
_WORD = re.compile(r"\w{2,}")


def marks_for(replacement: str, key: ValueKey) -> list[str]:
    """What names a pseudonym and each of its words."""
    words = [replacement, *_WORD.findall(replacement)]
    return list(dict.fromkeys(_mark(word, key) for word in words))


def is_own(text: str, marks: frozenset[str], key: ValueKey) -> bool:
    """Whether scrubbing wrote this text: a tag, a mask, a counted number, or a marked pseudonym."""
    if TAG.fullmatch(text) or reserved_number(text) or _is_bare_tag(text):
        return True
    if "*" in text and all(_MASKED.fullmatch(word) for word in re.findall(r"[\w*]+", text)):
        return True
    if not marks:
        return False
    words = _WORD.findall(text)
    return _mark(text, key) in marks or (bool(words) and all(_mark(word, key) in marks for word in words))


def tags_in(text: str) -> list[tuple[int, int]]:
    """Where tags stand in a text."""
    return [match.span() for match in TAG.finditer(text)] if "<" in text else []


def _is_bare_tag(text: str) -> bool:
    """Whether this is a tag as an identifier: passwords and tickets look alike, so the word must be ours."""
    tag = _BARE_TAG.fullmatch(text)
    return tag is not None and tag[1] in _entities()


@cache
def _entities() -> frozenset[str]:
    """What detectors call what they find."""
    from workbench.personal_data.packs import ENTITIES
    from workbench.secret_rules.rules import own_rules

    return frozenset({*ENTITIES, "PERSONAL_DATA", *(rule.name for rule in own_rules())})


def _mark(word: str, key: ValueKey) -> str:
    return key.name_of("PSEUDONYM", word)[:8]
