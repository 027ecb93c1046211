"""What a metric is: a number between 0 and 1 for one answer and one reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """What the answers of a task are compared by, besides their references.

    ``classes``: the different references of a classification, for `class_match`.
    """

    pattern: str | None = None
    json_schema: dict[str, Any] | None = None
    tolerance: float = 0.0
    relative_tolerance: float = 0.0
    classes: tuple[str, ...] = ()


Measure = Callable[[str, str, Wanted], float]
Form = Callable[[str, Wanted], bool]


@dataclass(frozen=True)
class Metric:
    """One metric: ``measure(answer, reference, wanted)`` is between 0 (worst) and 1.

    ``has_form(answer, wanted)`` tells whether an answer has the form that the metric reads at
    all, so that a broken form is told from lost knowledge; None: any text has it.
    """

    name: str
    says: str
    measure: Measure
    has_form: Form | None = None
