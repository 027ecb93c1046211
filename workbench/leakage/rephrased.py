"""Items in other words: rare words, numbers and a sentence embedding decide together.

An embedding alone takes two problems on one theme for one problem; shared words alone miss
synonyms. Both rules are logistic regressions fitted on half of the GSM8K rephrasings of
Yang et al. 2023 (arXiv 2311.04850) against GSM8K's own training problems; the other half is
what docs/leakage.md reports (benchmarks/leakage.py fits and measures them).
"""

from __future__ import annotations

from functools import lru_cache
from math import exp

import numpy as np

from workbench.embedding import Vectors, embed, minilm_path
from workbench.leakage.matching import Candidate

GATE = 0.15
"""Candidates with less agreement of words and numbers are not worth a model's time."""
CROWD = 1.5
"""A row must be this much more like an item than the item's own neighbours in its domain are."""
MODEL_RULE = (-31.9, 1.0, 10.2, 33.0)
WORD_RULE = (-10.2, 11.7, 13.3)
"""Weights of 1, of the words' likeness, of the numbers' agreement, and of the embeddings' cosine."""
EMBEDDER = "minilm"
CHARACTERS = 2000


def embedder_is_there() -> bool:
    """Whether the packaged sentence embedder is installed."""
    return minilm_path() is not None


def stands_out(candidate: Candidate, crowd: float) -> bool:
    """Whether passage and item are more alike than their domain makes them."""
    return candidate.agreement >= max(GATE, CROWD * crowd)


def cosine(passage: str, item: str) -> float:
    """Cosine of the embeddings of two texts, rounded so that no batch or machine changes it."""
    left, right = embed([passage[:CHARACTERS]], EMBEDDER)[0], _item_vector(item[:CHARACTERS])
    return round(float(np.dot(left, right)), 3)


def probability(candidate: Candidate, similarity: float | None) -> float:
    """How probably the passage is the item in other words; without a model, by its words alone."""
    if similarity is None:
        bias, alike, numbers = WORD_RULE
        total = bias + alike * candidate.alike + numbers * candidate.numbers
    else:
        bias, alike, numbers, close = MODEL_RULE
        total = bias + alike * candidate.alike + numbers * candidate.numbers + close * similarity
    return 1.0 / (1.0 + exp(-max(-50.0, min(50.0, total))))


@lru_cache(maxsize=8192)
def _item_vector(text: str) -> Vectors:
    vector: Vectors = embed([text], EMBEDDER)[0]
    return vector
