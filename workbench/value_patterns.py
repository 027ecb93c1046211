"""Patterns of allowed values: regular expressions that are no value themselves, in bounded time."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from workbench.errors import InputError

SECONDS = 0.05
_META = re.compile(r"[\\*?\[\](){}|^$.+]")
_SURELY_META = re.compile(r"[\\*?\[\](){}|^$]")


def checked_pattern(pattern: str, place: str = "") -> str:
    """A pattern, once it is one: it is stored as typed, so it must not be a value itself.

    Raises `InputError`, which names ``place`` and never the pattern.
    """
    import regex  # type: ignore[import-untyped]

    try:
        regex.compile(pattern)
    except regex.error as error:
        raise InputError("the pattern cannot be read", where=place, remedy=error.msg) from None
    if not _META.search(pattern) or _is_personal(pattern):
        raise InputError(
            "the pattern is a value itself, and would be stored readably",
            where=place,
            remedy="add it as a value: then only its keyed hash is stored",
        )
    return pattern


def fits(pattern: str, text: str) -> bool:
    """Whether a pattern is the whole text, case ignored; one that takes too long fits nothing."""
    try:
        return _compiled(pattern).fullmatch(text, timeout=SECONDS) is not None
    except TimeoutError:
        return False


def _is_personal(pattern: str) -> bool:
    """Whether detectors see a value in a pattern, or could not look in time."""
    from workbench.names.settings import Names
    from workbench.personal_data.detecting import ENTITIES, detector
    from workbench.personal_data.settings import Detection

    text = re.sub(r"\\(?=[^A-Za-z0-9])", "", pattern)
    settings = Detection(entities=list(ENTITIES), names=Names(backend="none"), seconds=30.0)
    (found,) = detector(settings).scan([text])
    seen = any(not _SURELY_META.search(text[span.start : span.end]) for span in found.spans)
    return seen or found.not_scanned is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import regex

    return regex.compile(pattern, regex.IGNORECASE)
