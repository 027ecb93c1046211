"""Why an item may fail, as far as the training rows show it.

* ``format``: the right answer stands in the reply, but not in the form asked for
* ``missing``: no training row is near the question
* ``contradictory``: rows near it answer one question in different ways, or answer this very
  question otherwise than the evaluation expects
* ``covered``: rows are near and agree, so further rows of the kind are not what is missing
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from workbench.embedding import content_words
from workbench.failures.failing import Failure
from workbench.failures.neighbours import Near, Row
from workbench.task_evals.metrics.matching import normalised, token_f1
from workbench.task_evals.metrics.metric import Wanted

KINDS = ("missing", "contradictory", "format", "covered")
SAME_WORDS = 0.75
"""Share of the content words that two wordings of one question have in common."""
SHORT = 12
"""Words up to which two answers can be held against each other."""
DIFFERENT = 0.5
PLAIN = Wanted()
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Cause:
    """A kind, and for ``contradictory`` the rows that disagree and with what."""

    kind: str
    rows: tuple[Row, ...] = ()
    against: str = ""


def cause_of(failure: Failure, question: str, near: Sequence[Near], threshold: float) -> Cause:
    """The first of the kinds that fits: format, missing, contradictory, covered."""
    if failure.inside:
        return Cause("format")
    close = [one for one in near if one.similarity >= threshold]
    if not close:
        return Cause("missing")
    found = _among(close, threshold) or _against(question, failure.target, close)
    return found or Cause("covered")


def same_question(left: str, right: str) -> bool:
    """Whether two texts ask the same: three quarters of their content words, and all numbers."""
    ours, theirs = set(content_words(left)), set(content_words(right))
    if not ours or not theirs or sorted(NUMBER.findall(left)) != sorted(NUMBER.findall(right)):
        return False
    return len(ours & theirs) >= SAME_WORDS * len(ours | theirs)


def differ(left: str, right: str) -> bool:
    """Whether two short answers say different things; longer ones cannot be told apart this way."""
    ours, theirs = normalised(left).split(), normalised(right).split()
    if not ours or not theirs or len(ours) > SHORT or len(theirs) > SHORT:
        return False
    numbers = (sorted(NUMBER.findall(left)), sorted(NUMBER.findall(right)))
    if all(numbers) and numbers[0] != numbers[1]:
        return True
    return token_f1(left, right, PLAIN) < DIFFERENT


def _among(close: Sequence[Near], threshold: float) -> Cause | None:
    """Rows that answer one question differently, and are well inside the neighbourhood."""
    inner = threshold + (1.0 - threshold) / 3.0
    rows = [one.row for one in close if one.similarity >= inner]
    disagreeing: dict[str, Row] = {}
    for left, right in combinations(rows, 2):
        labelled = left.label is not None and right.label is not None
        other = left.label != right.label if labelled else differ(left.answer, right.answer)
        if other and same_question(left.question, right.question):
            disagreeing.update({left.id: left, right.id: right})
    return Cause("contradictory", tuple(disagreeing.values()), "each other") if disagreeing else None


def _against(question: str, target: str, close: Sequence[Near]) -> Cause | None:
    """Rows that ask this very question, none of which gives the answer that is expected."""
    rows = [one.row for one in close if same_question(one.row.question, question)]
    if rows and all(differ(row.answer, target) for row in rows):
        return Cause("contradictory", tuple(rows), "the evaluation")
    return None
