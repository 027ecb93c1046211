"""Numbers: the last one of an answer against the last one of its reference."""

from __future__ import annotations

import math
import re

from workbench.task_evals.metrics.metric import Metric, Wanted

NUMBER = re.compile(
    r"(?<!\w)(?<![0-9]\.)(?:(?<![)\]])[-+−])?[$€£]?"
    r"((?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)"
    r"(?![0-9])"
)


def last_number(text: str) -> float | None:
    """The last number of a text, or None. Commas before three digits group thousands."""
    for found in reversed(list(NUMBER.finditer(text))):
        value = float(found.group(1).replace(",", ""))
        if math.isfinite(value):
            return -value if found.group()[0] in "-−" else value
    return None


def numeric(answer: str, reference: str, wanted: Wanted) -> float:
    """1 when the last numbers differ by no more than the tolerance."""
    given, right = last_number(answer), last_number(reference)
    if given is None or right is None:
        return 0.0
    return float(abs(given - right) <= max(wanted.tolerance, wanted.relative_tolerance * abs(right)))


METRICS = (
    Metric(
        "numeric",
        "the last number is the reference's, within `tolerance`",
        numeric,
        lambda answer, _wanted: last_number(answer) is not None,
    ),
)
