"""Patterns a person writes: does the answer fit, and which part of it is the answer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from workbench.errors import InputError
from workbench.task_evals.metrics.metric import Metric, Wanted

SECONDS = 2.0
"""A search that takes longer has a pattern that explodes."""


def regex_match(answer: str, _reference: str, wanted: Wanted) -> float:
    """1 when the task's pattern is found in the answer."""
    return float(wanted.pattern is not None and searched(wanted.pattern, answer) is not None)


def extracted(pattern: str, reply: str) -> str | None:
    """The first group of the last match of a pattern in a reply, or None without a match."""
    try:
        found = list(_compiled(pattern).finditer(reply, timeout=SECONDS))
    except TimeoutError:
        raise _too_slow() from None
    return str(found[-1].group(1) or "") if found else None


def searched(pattern: str, text: str) -> Any:
    """The first match or None. Raises `InputError` for a pattern that takes too long."""
    try:
        return _compiled(pattern).search(text, timeout=SECONDS)
    except TimeoutError:
        raise _too_slow() from None


def _too_slow() -> InputError:
    return InputError(
        "the pattern takes too long on an answer",
        remedy="write it without nested repeats such as (a+)+",
    )


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> Any:
    import regex

    return regex.compile(pattern)


METRICS = (Metric("regex", "the task's `pattern` is found in the answer", regex_match),)
