"""Equality and shared words: exact match, and SQuAD's normalised match and token F1.

Normalisation and F1 as in the official script of SQuAD 1.1 (Rajpurkar et al. 2016): lower
case, no punctuation, no English articles, single spaces. Punctuation beyond ASCII is removed
as well; on ASCII texts the numbers are those of the script.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter

from workbench.task_evals.metrics.metric import Metric, Wanted

ARTICLES = re.compile(r"\b(a|an|the)\b")
ASCII_PUNCTUATION = frozenset(string.punctuation)


def normalised(text: str) -> str:
    """Lower case, without punctuation and English articles, with single spaces."""
    lower = unicodedata.normalize("NFC", text).lower()
    bare = "".join(c for c in lower if c not in ASCII_PUNCTUATION and unicodedata.category(c)[0] != "P")
    return " ".join(ARTICLES.sub(" ", bare).split())


def exact_match(answer: str, reference: str, _wanted: Wanted) -> float:
    """1 when the texts are the same but for outer white space and Unicode form."""
    return float(_plain(answer) == _plain(reference))


def normalised_match(answer: str, reference: str, wanted: Wanted) -> float:
    """1 when the normalised texts are the same; of bare signs, which leave nothing, the texts."""
    right = normalised(reference)
    return float(normalised(answer) == right) if right else exact_match(answer, reference, wanted)


def contains(answer: str, reference: str, wanted: Wanted) -> float:
    """1 when the reference's normalised words stand in the answer, in a row."""
    words = normalised(reference)
    return (
        float(f" {words} " in f" {normalised(answer)} ") if words else exact_match(answer, reference, wanted)
    )


def token_f1(answer: str, reference: str, wanted: Wanted) -> float:
    """Harmonic mean of the shares of words found and words right, counted with repeats."""
    given, right = normalised(answer).split(), normalised(reference).split()
    shared = sum((Counter(given) & Counter(right)).values())
    if not right:
        return exact_match(answer, reference, wanted)
    if not given:
        return 0.0
    return 2.0 * shared / (len(given) + len(right))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


METRICS = (
    Metric("exact_match", "the same text, but for outer white space", exact_match),
    Metric(
        "normalised_match", "the same text without case, punctuation and articles (SQuAD)", normalised_match
    ),
    Metric("contains", "the reference's words stand in the answer, in a row", contains),
    Metric("token_f1", "words in common with the reference (SQuAD F1)", token_f1),
)
