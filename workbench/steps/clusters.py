"""Clusters: spherical k-means over embeddings of what the user asks, named by their words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from workbench.embedding import (
    Vectors,
    content_words,
    embed,
    lexical_vectors,
    tf_idf,
)
from workbench.embedding.matrix import BLOCK, stacked, unit, vector_column
from workbench.examples import Example, prompt_text
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._embedder import prepare as prepare
from workbench.steps._embedder import reads as reads

TITLE = "Clusters"
SCOPE = "group"
WORKERS = 1  # a model in every process would fight for the same cores
PROMPT_CHARACTERS = 1000
NAMED_BY = 50_000
TRAIN_ROWS_A_CLUSTER = 1000
ROUNDS = 25
TRIES = 3
Integers = npt.NDArray[np.int64]


class Options(StepOptions):
    """``clusters`` 0 means about the square root of half the rows, at most 60.

    ``embedder``: ``auto``, ``minilm``, ``static``, ``lexical`` or a sentence-transformers
    model; ``static:MODEL`` makes a fast one from it.
    """

    clusters: int = Field(default=0, ge=0, le=2000)
    embedder: str = "auto"
    seed: int = 0


def features(rows: list[Example], _options: Options, backend: str) -> dict[str, Any]:
    """A vector (a lone zero for ``lexical``) and the content words of each prompt."""
    prompts = [prompt_text(row)[:PROMPT_CHARACTERS] for row in rows]
    vectors = np.zeros((len(rows), 1), np.float32) if backend == "lexical" else embed(prompts, backend)
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "backend": [backend] * len(rows),
        "vector": vector_column(vectors),
        "words": pa.array([content_words(prompt) for prompt in prompts], pa.list_(pa.string())),
    }


def find(table: pa.Table, options: Options, _earlier: Earlier) -> Iterator[Finding]:
    """Tag each row with its cluster; evidence has the cluster's words and the distance."""
    if table.num_rows < 4:
        return
    backend = str(table["backend"][0].as_py())
    vectors = lexical_vectors(table["words"]) if backend == "lexical" else stacked(table["vector"])
    count = options.clusters or int(min(60, max(2, (table.num_rows / 2) ** 0.5)))
    labels, distances = k_means(vectors, min(count, table.num_rows), options.seed)
    named_by = _sample(table.num_rows, NAMED_BY, options.seed)
    names = cluster_names(table["words"].take(pa.array(named_by)), labels[named_by])
    start = 0
    for batch in table.select(["id", "file", "line"]).to_batches(max_chunksize=BLOCK):
        end = start + batch.num_rows
        for row, label, distance in zip(
            batch.to_pylist(), labels[start:end].tolist(), distances[start:end].tolist(), strict=True
        ):
            name = names.get(label, f"{label:02d}")
            yield Finding(
                "clusters",
                "cluster",
                row["id"],
                {"file": row["file"], "line": row["line"]},
                max(0.0, 1.0 - distance),
                "tag",
                {
                    "cluster": name,
                    "tags": [f"cluster:{name}"],
                    "distance": round(distance, 4),
                    "embedder": backend,
                },
            )
        start = end


def k_means(vectors: npt.NDArray[Any], count: int, seed: int) -> tuple[Integers, Vectors]:
    """Cluster unit vectors by direction; labels and Euclidean distances to the own centre.

    Spherical k-means (Dhillon & Modha 2001, by faiss), the best of three tries, trained on at
    most 1,000 rows a cluster. The same labels come out whatever the number of threads.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    count = max(1, min(count, len(vectors)))
    sample = _sample(len(vectors), count * TRAIN_ROWS_A_CLUSTER, seed)
    with threadpool_limits(1):
        centres = _centres(unit(vectors[sample].astype(np.float32)), count, seed)
        labels = np.empty(len(vectors), dtype=np.int64)
        distances = np.empty(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors), BLOCK):
            block = unit(vectors[start : start + BLOCK].astype(np.float32))
            likeness = block @ centres.T
            best = likeness.argmax(axis=1)
            labels[start : start + BLOCK] = best
            nearest = likeness[np.arange(len(block)), best]
            distances[start : start + BLOCK] = np.sqrt(np.maximum(0.0, 2.0 - 2.0 * nearest))
    return labels, distances


def cluster_names(words: list[list[str]] | pa.ChunkedArray, labels: Integers) -> dict[int, str]:
    """Name each cluster by its three words of highest mean TF-IDF, and its number."""
    matrix, terms = tf_idf(words)
    names: dict[int, str] = {}
    for label in np.unique(labels).tolist():
        name = f"{label:02d}"
        if terms:
            mean = np.asarray(matrix[labels == label].mean(axis=0)).ravel()
            best = [terms[i] for i in np.argsort(-mean, kind="stable")[:3] if mean[i] > 0]
            name = " ".join([name, *best])
        names[label] = name
    return names


def _centres(sample: Vectors, count: int, seed: int) -> Vectors:
    import faiss

    model = faiss.Kmeans(
        sample.shape[1],
        count,
        niter=ROUNDS,
        nredo=TRIES,
        spherical=True,
        seed=seed + 1,
        min_points_per_centroid=1,
        max_points_per_centroid=TRAIN_ROWS_A_CLUSTER,
    )
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        model.train(sample)
    finally:
        faiss.omp_set_num_threads(threads)
    return np.asarray(model.centroids, dtype=np.float32)


def _sample(rows: int, most: int, seed: int) -> Integers:
    """At most ``most`` places among the rows, seeded, in order."""
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False)).astype(np.int64)
