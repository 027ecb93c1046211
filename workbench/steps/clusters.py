"""Clusters: k-means over embeddings of what the user asks, named by their words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from workbench.embedding import Vectors, choose_backend, content_words, embed, lexical_vectors, tf_idf
from workbench.examples import Example, prompt_text
from workbench.findings import Finding
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.versions import Dataset

TITLE = "Clusters"
SCOPE = "group"
PROMPT_CHARACTERS = 1000


class Options(StepOptions):
    """``clusters`` 0 means about the square root of half the rows, at most 60.

    ``embedder``: ``auto``, ``minilm``, ``lexical`` or a sentence-transformers model.
    """

    clusters: int = Field(default=0, ge=0, le=2000)
    embedder: str = "auto"
    seed: int = 0


def prepare(options: Options, _project: Project, dataset: Dataset) -> str:
    """Choose the embedder for this version."""
    return choose_backend(options.embedder, dataset.rows)


def features(rows: list[Example], _options: Options, backend: str) -> dict[str, list[Any]]:
    """A vector (empty for ``lexical``) and the content words of each prompt."""
    prompts = [prompt_text(row)[:PROMPT_CHARACTERS] for row in rows]
    vectors: list[Any] = [[]] * len(rows) if backend == "lexical" else list(embed(prompts, backend).tolist())
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "backend": [backend] * len(rows),
        "vector": vectors,
        "words": [content_words(prompt) for prompt in prompts],
    }


def find(table: pa.Table, options: Options, _earlier: Earlier) -> list[Finding]:
    """Tag each row with its cluster; evidence has the cluster's words and the distance."""
    if table.num_rows < 4:
        return []
    words = table["words"].to_pylist()
    backend = table["backend"][0].as_py()
    vectors = lexical_vectors(words) if backend == "lexical" else stacked(table["vector"])
    count = options.clusters or int(min(60, max(2, (table.num_rows / 2) ** 0.5)))
    labels, distances = k_means(vectors, min(count, table.num_rows), options.seed)
    names = cluster_names(words, labels)
    rows = table.select(["id", "file", "line"]).to_pylist()
    return [
        Finding(
            "clusters",
            "cluster",
            row["id"],
            {"file": row["file"], "line": row["line"]},
            float(max(0.0, 1.0 - distance)),
            "tag",
            {
                "cluster": names[label],
                "tags": [f"cluster:{names[label]}"],
                "distance": round(float(distance), 4),
                "embedder": backend,
            },
        )
        for row, label, distance in zip(rows, labels.tolist(), distances.tolist(), strict=True)
    ]


def stacked(column: pa.ChunkedArray) -> Vectors:
    """A list column of equal lengths as a matrix."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(len(column), -1)


def k_means(vectors: Vectors, count: int, seed: int) -> tuple[Any, Any]:
    """Cluster unit vectors; labels and Euclidean distances to the own centre."""
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=4096)
    labels = model.fit_predict(vectors)
    distances = np.linalg.norm(vectors - model.cluster_centers_[labels], axis=1)
    return labels, distances


def cluster_names(words: list[list[str]], labels: Any) -> dict[int, str]:
    """Name each cluster by its three words of highest mean TF-IDF, and its number."""
    matrix, terms = tf_idf(words)
    names: dict[int, str] = {}
    for label in sorted(set(labels.tolist())):
        name = f"{label:02d}"
        if terms:
            mean = np.asarray(matrix[labels == label].mean(axis=0)).ravel()
            best = [terms[i] for i in mean.argsort()[::-1][:3] if mean[i] > 0]
            name = " ".join([name, *best])
        names[label] = name
    return names
