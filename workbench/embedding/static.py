"""A fast static embedder: each token of a sentence model's vocabulary encoded once, and cached.

Model2Vec (Tulkens & van Dongen 2024): the model encodes every token alone, PCA cuts the
vectors to 256 dimensions, and a token's weight falls with its frequency (SIF: Arora, Liang &
Ma 2017, with Zipf's law for the frequency, because vocabularies are sorted by it). A text is
the weighted sum of its tokens. The files are model2vec's own format, so its models load too.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from workbench.embedding.transformer import checked_minilm
from workbench.embedding.transformer import load as load_transformer
from workbench.errors import InputError
from workbench.files import file_sha256, storage_errors, sweep, temporary_name

Vectors = npt.NDArray[np.float32]
DIMENSIONS = 256
SIF = 1e-3
RECIPE = "1"  # part of the cache key: another way to distil is another embedder
BATCH_TOKENS = 1024
BATCH_TEXTS = 2048


class StaticModel(NamedTuple):
    """A tokenizer and a vector for each of its tokens, shape ``(tokens, dimensions)``, float32."""

    tokenizer: Any
    vectors: Vectors


def encode(texts: Sequence[str], name: str) -> Vectors:
    """Unit vectors, shape ``(len(texts), dimensions)``; a text without a known token is all zeros."""
    model = load(name)
    parts = [
        _summed(model, texts[start : start + BATCH_TEXTS]) for start in range(0, len(texts), BATCH_TEXTS)
    ]
    vectors = np.concatenate(parts)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


@lru_cache(maxsize=2)
def load(name: str) -> StaticModel:
    """The static embedder made from a sentence model, made now if it was never made.

    ``name`` is ``minilm``, a sentence-transformers model, or a folder that holds a model2vec
    model. Raises `InputError` when the model or its files cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = made(name)
    try:
        tensors = load_file(folder / "model.safetensors")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        vectors = tensors["embeddings"].astype(np.float32)
    except (OSError, KeyError, SafetensorError) as error:
        raise InputError(
            "the static embedder cannot be read", where=str(folder), remedy="remove this folder and try again"
        ) from error
    if "weights" in tensors:
        vectors *= tensors["weights"].astype(np.float32)[:, None]
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return StaticModel(tokenizer, vectors)


def made(name: str) -> Path:
    """The folder of the static embedder for a model; distils it on the first call on this machine.

    One process makes it and the others wait; the folder appears whole.
    """
    direct = Path(name)
    if _is_static(direct):
        return direct
    source = checked_minilm() if name == "minilm" else _model_folder(name)
    home = cache_folder()
    target = home / f"{source.name if name != 'minilm' else name}-{_key(source)}"
    if (target / "config.json").exists():
        return target
    with storage_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / f".{target.name}.lock"):
            sweep(home)
            if not (target / "config.json").exists():
                _write(target, source, name)
    return target


def cache_folder() -> Path:
    """Where made embedders lie: ``$XDG_CACHE_HOME`` or ``~/.cache``, then ``finetune-workbench/static``."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "finetune-workbench" / "static"


def distil(name: str) -> Vectors:
    """Encode every token of the model's vocabulary: shape ``(tokens, 256)``, float32, weighted.

    Special and unused tokens are all zeros. Shows its progress on a terminal.
    """
    import torch
    from rich.console import Console
    from rich.progress import track

    model = load_transformer(name)
    tokenizer = model.tokenizer
    words = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    special = set(tokenizer.all_special_ids)
    kept = [i for i, word in enumerate(words) if i not in special and not word.startswith("[unused")]
    framed = tokenizer("a")["input_ids"]
    place = next(place for place, token in enumerate(framed) if token not in special)
    rows = []
    console = Console(stderr=True)
    with torch.inference_mode():
        for start in track(
            range(0, len(kept), BATCH_TOKENS),
            description="making the static embedder (once)",
            console=console,
            disable=not sys.stderr.isatty(),
        ):
            batch = kept[start : start + BATCH_TOKENS]
            tokens = torch.tensor([framed] * len(batch), device=model.device)
            tokens[:, place] = torch.tensor(batch, device=model.device)
            mask = torch.ones_like(tokens)
            found = model({"input_ids": tokens, "attention_mask": mask})["token_embeddings"]
            rows.append(found.mean(dim=1).float().cpu().numpy())
    vectors = np.zeros((len(words), min(DIMENSIONS, rows[0].shape[1])), np.float32)
    vectors[kept] = _reduced(np.concatenate(rows)) * _zipf_weights([words[i] for i in kept])[:, None]
    return vectors


def _reduced(vectors: Vectors) -> Vectors:
    """Principal components, with the sign of each fixed."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :DIMENSIONS]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.asarray(centred @ axes, dtype=np.float32)


def _zipf_weights(words: list[str]) -> Vectors:
    """SIF weights for tokens whose order is that of falling frequency.

    Single characters stand before the words in such vocabularies, whatever their frequency:
    ASCII ones are taken for the most frequent tokens and the others for the rarest.
    """
    single = np.array([len(word.removeprefix("##")) == 1 for word in words])
    plain = np.array([word.isascii() for word in words])
    order = np.argsort(np.where(single, np.where(plain, 0, 2), 1), kind="stable")
    frequency = np.empty(len(words))
    frequency[order] = 1.0 / np.arange(2, len(words) + 2)
    return np.asarray(SIF / (SIF + frequency / frequency.sum()), dtype=np.float32)


def _summed(model: StaticModel, texts: Sequence[str]) -> Vectors:
    from scipy.sparse import csr_matrix

    ids = [found.ids for found in model.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    starts = np.r_[0, np.cumsum([len(row) for row in ids])]
    flat = np.fromiter((i for row in ids for i in row), np.int32, int(starts[-1]))
    counts = csr_matrix((np.ones(len(flat), np.float32), flat, starts), shape=(len(ids), len(model.vectors)))
    return np.asarray(counts @ model.vectors, dtype=np.float32)


def _write(target: Path, source: Path, name: str) -> None:
    from safetensors.numpy import save_file

    logging.getLogger(__name__).info("making the static embedder, once on this machine: %s", target)
    work = temporary_name(target)
    work.mkdir()
    try:
        vectors = distil(name)
        save_file({"embeddings": vectors.astype(np.float16)}, work / "model.safetensors")
        shutil.copyfile(source / "tokenizer.json", work / "tokenizer.json")
        about = {
            "model_type": "model2vec",
            "architectures": ["StaticModel"],
            "tokenizer_name": name,
            "apply_pca": vectors.shape[1],
            "sif_coefficient": SIF,
            "hidden_dim": vectors.shape[1],
            "seq_length": 1_000_000,
            "normalize": True,
            "recipe": RECIPE,
        }
        (work / "config.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_static(folder: Path) -> bool:
    config = folder / "config.json"
    if not (config.is_file() and (folder / "model.safetensors").is_file()):
        return False
    try:
        return bool(json.loads(config.read_text(encoding="utf-8")).get("model_type") == "model2vec")
    except (ValueError, AttributeError):
        return False


def _model_folder(name: str) -> Path:
    """The local folder of a sentence-transformers model, from the disk or the hub's cache."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the embedding model '{name}' is not on this machine",
            remedy="name a local folder or a hub model that is cached, or use 'static' or 'lexical'",
        ) from error


def _key(source: Path) -> str:
    weights = source / "model.safetensors"
    if not weights.is_file() or not (source / "tokenizer.json").is_file():
        raise InputError(
            "the embedding model has no model.safetensors and tokenizer.json",
            where=str(source),
            remedy="a static embedder is made from a sentence-transformers model with these two files",
        )
    return f"{file_sha256(weights)[:16]}-{RECIPE}"
