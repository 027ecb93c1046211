"""Words instead of a model: content words, TF-IDF, and latent semantic vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Vectors = npt.NDArray[np.float32]
STRIPPED = ".,!?;:\"'()[]{}<>*#`"
MAX_TERMS = 30_000
STOP_WORDS = frozenset(
    """
    a an the and or but of to in on at for with from by as is are was were be been am do does did i you
    he she it we they me my your our his her its their this that these those there here can could will
    would should have has had not no so if then than please hi hello thanks thank what how when where
    who which why about into out up down just also too very s t m re ve ll d
    """.split()  # noqa: SIM905
)


def content_words(text: str, limit: int = 40) -> list[str]:
    """Distinct lower-case words that carry meaning, in order of first use."""
    words: dict[str, None] = {}
    for word in text.lower().split():
        cleaned = word.strip(STRIPPED)
        if len(cleaned) > 1 and cleaned not in STOP_WORDS and cleaned.replace("'", "").isalpha():
            words[cleaned] = None
        if len(words) >= limit:
            break
    return list(words)


def tf_idf(words: Sequence[Sequence[str]] | pa.ChunkedArray) -> tuple[Any, list[str]]:
    """A sparse TF-IDF matrix over given word lists, float32, and the word of each column.

    Words are counted as Arrow columns, so a million lists never become Python objects. A word
    must be in two lists when there are more than 50; the most frequent 30,000 are columns.
    The matrix is None when no word is left.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    lists = _one_array(words)
    if len(lists) == 0:
        return None, []
    encoded = lists.flatten().dictionary_encode()
    if len(encoded.dictionary) == 0:
        return None, []
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    starts = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    size = len(encoded.dictionary)
    counts = csr_matrix((np.ones(len(codes), np.float32), codes, starts), shape=(len(lists), size))
    counts.sum_duplicates()
    kept, terms = _kept_terms(counts, encoded.dictionary, 2 if len(lists) > 50 else 1)
    if len(kept) == 0:
        return None, []
    return TfidfTransformer().fit_transform(counts[:, kept]).astype(np.float32), terms


def lexical_vectors(words: Sequence[Sequence[str]] | pa.ChunkedArray, dimensions: int = 64) -> Vectors:
    """Unit vectors from TF-IDF and truncated SVD (latent semantic analysis), seeded."""
    matrix, terms = tf_idf(words)
    if len(terms) == 0:
        return np.ones((len(words), 1), dtype=np.float32)
    return _latent(matrix, dimensions)


def latent_vectors(counts: Any, dimensions: int = 128) -> Vectors:
    """Unit vectors of rows whose words are counted already: a sparse matrix, rows by words."""
    from sklearn.feature_extraction.text import TfidfTransformer

    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(frequency >= (2 if counts.shape[0] > 50 else 1))
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")][:MAX_TERMS])
    if len(kept) == 0:
        return np.zeros((counts.shape[0], 1), dtype=np.float32)
    return _latent(TfidfTransformer().fit_transform(counts[:, kept]).astype(np.float32), dimensions)


def _latent(matrix: Any, dimensions: int) -> Vectors:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    size = min(dimensions, matrix.shape[1] - 1, matrix.shape[0] - 1)
    if size < 2:
        return np.asarray(normalize(matrix).toarray(), dtype=np.float32)
    with threadpool_limits(1):
        reduced = TruncatedSVD(size, random_state=0, algorithm="randomized").fit_transform(matrix)
    return np.asarray(normalize(reduced), dtype=np.float32)


def _one_array(words: Sequence[Sequence[str]] | pa.ChunkedArray) -> Any:
    """The lists as one Arrow list array."""
    if not isinstance(words, pa.ChunkedArray):
        return pa.array([list(row) for row in words], pa.list_(pa.string()))
    chunks = words.cast(pa.list_(pa.string())).chunks
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.list_(pa.string()))


def _kept_terms(counts: Any, dictionary: Any, least: int) -> tuple[Any, list[str]]:
    """Columns in at least ``least`` rows, the most frequent ones, in the order of the words."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(frequency >= least)
    names = dictionary.take(pa.array(kept)).to_pylist()
    ranked = sorted(zip((-frequency[kept]).tolist(), names, kept.tolist(), strict=True))[:MAX_TERMS]
    ordered = sorted((name, column) for _, name, column in ranked)
    return np.array([column for _, column in ordered], dtype=np.int64), [name for name, _ in ordered]
