"""Vectors for texts, without a network.

Backends, as findings and manifests name them:

* ``minilm``: sentence-transformers/all-MiniLM-L6-v2 from the extra ``offline``, its weights
  checked by SHA-256; any other sentence-transformers model by its name or folder
* ``static``: each token's vector made once from MiniLM and cached (model2vec);
  ``static:MODEL`` makes it from another model, or reads a folder that holds a model2vec model
* ``lexical``: TF-IDF and truncated SVD over word lists, when nothing else is there
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.embedding.lexical import STOP_WORDS, Vectors, content_words, lexical_vectors, tf_idf
from workbench.embedding.transformer import minilm_path

__all__ = [
    "AUTO_MAX_ROWS",
    "STOP_WORDS",
    "Vectors",
    "choose_backend",
    "content_words",
    "embed",
    "lexical_vectors",
    "make_ready",
    "minilm_path",
    "tf_idf",
]
AUTO_MAX_ROWS = 5_000


def choose_backend(name: str, rows: int) -> str:
    """Resolve ``auto``: MiniLM for small sets, static for large ones, lexical without MiniLM."""
    if name != "auto":
        return name
    if minilm_path() is None:
        return "lexical"
    return "minilm" if rows <= AUTO_MAX_ROWS else "static"


def make_ready(backend: str) -> str:
    """Do once what a backend needs before its first text (distil, check weights); return its name.

    Steps call this where they prepare, so that a worker never does it again.
    """
    if backend == "static" or backend.startswith("static:"):
        from workbench.embedding import static

        static.made(_static_source(backend))
    elif backend == "minilm":
        from workbench.embedding.transformer import checked_minilm

        checked_minilm()
    return backend


def embed(texts: Sequence[str], backend: str) -> Vectors:
    """Unit vectors, shape ``(len(texts), dimensions)``, float32, for a model or static backend.

    Raises `MissingExtraError` when MiniLM is not installed and `InputError` when a named
    model cannot be loaded or the packaged weights are not the published ones.
    """
    if not texts:
        return np.zeros((0, 1), dtype=np.float32)
    if backend == "static" or backend.startswith("static:"):
        from workbench.embedding import static

        return static.encode(texts, _static_source(backend))
    from workbench.embedding import transformer

    return transformer.encode(texts, backend)


def _static_source(backend: str) -> str:
    return backend.partition(":")[2] or "minilm"
