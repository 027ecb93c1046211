"""Classes: which one an answer names, and precision, recall, F1 and confusion over a task.

The counts are scikit-learn's (``precision_recall_fscore_support``, ``confusion_matrix``). An
answer that names no class, or several, is counted against recall as ``no class``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workbench.task_evals.metrics.metric import Metric, Wanted

NO_CLASS = "(no class)"
AROUND = " \t\n.,;:!?\"'`*_()[]"
"""What may stand around a class's name; signs that tell classes apart (A+, -1, C#) are none of it."""


@dataclass(frozen=True)
class ClassResult:
    """One class: how many references have it, and how it was found."""

    name: str
    n: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Classification:
    """All classes of a task. ``confusion[i][j]``: references ``labels[i]`` answered ``labels[j]``."""

    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_f1: float
    unnamed: int
    classes: tuple[ClassResult, ...]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


def class_of(answer: str, classes: Sequence[str]) -> str | None:
    """The one class that an answer is, or names; None when there is none or several.

    The whole answer counts first; then whole words within it, where a longer name wins over a
    shorter one inside it (``not urgent`` over ``urgent``).
    """
    text = class_text(answer)
    by_name, pattern = _search(tuple(classes))
    if text in by_name:
        return by_name[text]
    found = {by_name[name] for name in pattern.findall(text)} if pattern else set()
    return found.pop() if len(found) == 1 else None


def class_text(text: str) -> str:
    """A class's name as it is compared: case, spaces and punctuation around it do not count."""
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return plain.strip(AROUND) or plain


def class_match(answer: str, reference: str, wanted: Wanted) -> float:
    """1 when the answer names the reference's class and no other."""
    named = class_of(answer, wanted.classes)
    return float(named is not None and named == class_of(reference, wanted.classes))


def distinct_classes(references: Sequence[str]) -> tuple[str, ...]:
    """The different references, one for each way they are compared, in alphabetical order."""
    found: dict[str, str] = {}
    for reference in sorted(references):
        found.setdefault(class_text(reference), reference.strip())
    return tuple(sorted(found.values()))


def classification(answers: Sequence[str], references: Sequence[str]) -> Classification:
    """Precision, recall, F1 and confusion matrix of answers whose references are class names."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    classes = distinct_classes(references)
    true = [class_of(reference, classes) or NO_CLASS for reference in references]
    given = [class_of(answer, classes) or NO_CLASS for answer in answers]
    unnamed = given.count(NO_CLASS)
    labels = [*classes, *([NO_CLASS] if NO_CLASS in {*given, *true} else [])]

    def averaged(kind: str | None) -> Any:
        return precision_recall_fscore_support(
            true, given, labels=list(classes), average=kind, zero_division=0.0
        )

    precision, recall, f1, support = averaged(None)
    macro, weighted = averaged("macro"), averaged("weighted")
    return Classification(
        accuracy=sum(a == b for a, b in zip(true, given, strict=True)) / len(true),
        macro_precision=float(macro[0]),
        macro_recall=float(macro[1]),
        macro_f1=float(macro[2]),
        weighted_f1=float(weighted[2]),
        unnamed=unnamed,
        classes=tuple(
            ClassResult(name, int(support[i]), float(precision[i]), float(recall[i]), float(f1[i]))
            for i, name in enumerate(classes)
        ),
        labels=tuple(labels),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion_matrix(true, given, labels=labels)),
    )


@lru_cache(maxsize=16)
def _search(classes: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str] | None]:
    by_name = {class_text(name): name for name in classes}
    names = sorted((name for name in by_name if name), key=lambda name: (-len(name), name))
    pattern = rf"(?<![\w+#-])(?:{'|'.join(map(re.escape, names))})(?![\w+#]|-\w)"
    return by_name, re.compile(pattern) if names else None


METRICS = (
    Metric(
        "class_match",
        "names the reference's class and no other; gives precision, recall, F1 and confusion",
        class_match,
        lambda answer, wanted: class_of(answer, wanted.classes) is not None,
    ),
)
