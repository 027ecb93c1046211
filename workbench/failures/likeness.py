"""How alike two questions are: vectors of a sentence model, or words weighed by their rarity.

Words: TF-IDF over hashed words (Weinberger et al. 2009), the frequencies counted over all
training rows in one pass, so that memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.embedding import choose_backend, content_words, embed, make_ready
from workbench.embedding.matrix import unit

CHARACTERS = 1000
"""Of a question that are looked at."""
COLUMNS = 1 << 18
BLOCK = 2048
Floats = npt.NDArray[np.float32]


class Likeness(NamedTuple):
    """A backend's name and its way from texts to unit vectors (rows of a matrix, maybe sparse).

    ``least`` and ``most`` bound the similarity from which a row may be called near.
    """

    name: str
    vectors: Callable[[Sequence[str]], Any]
    least: float
    most: float

    def between(self, left: Any, right: Any) -> Floats:
        """Cosine similarities, shape ``(rows of left, rows of right)``."""
        found = left @ right.T
        return np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float32)


def likeness(embedder: str, questions: Callable[[], Iterable[str]], count: int) -> Likeness:
    """The backend for ``count`` training questions, which ``questions`` gives anew at each call.

    Raises what `workbench.embedding` raises for a backend that is not there.
    """
    backend = choose_backend(embedder, count)
    if backend == "lexical":
        return Likeness("lexical", _by_words(questions()), 0.1, 0.3)
    make_ready(backend)

    def vectors(texts: Sequence[str]) -> Any:
        return unit(np.asarray(embed([text[:CHARACTERS] for text in texts], backend), dtype=np.float32))

    return Likeness(backend, vectors, 0.35, 0.6)


def _by_words(questions: Iterable[str]) -> Callable[[Sequence[str]], Any]:
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    hashing = HashingVectorizer(
        n_features=COLUMNS, analyzer=_words, norm=None, alternate_sign=False, dtype=np.float32
    )
    rows, frequency = 0, np.zeros(COLUMNS, dtype=np.int64)
    stream = iter(questions)
    while block := list(islice(stream, BLOCK)):
        counted = hashing.transform(block)
        frequency += np.bincount(counted.indices, minlength=COLUMNS)
        rows += len(block)
    weights = (np.log((1 + rows) / (1 + frequency)) + 1).astype(np.float32)

    def vectors(texts: Sequence[str]) -> Any:
        found = hashing.transform(texts)
        found.data = weights[found.indices]
        return normalize(found)

    return vectors


def _words(text: str) -> list[str]:
    return content_words(text[:CHARACTERS])
