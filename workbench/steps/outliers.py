"""Outliers: rows that are far from all others by what they are about.

The distance to the k-th nearest neighbour (Ramaswamy, Rastogi & Shim 2000) in units of the
median absolute deviation (Iglewicz & Hoaglin 1993), so that outliers do not hide themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from workbench.embedding import embed
from workbench.embedding.lexical import latent_vectors
from workbench.embedding.matrix import Matrix, Vectors, matrix, vector_column
from workbench.embedding.neighbours import nearest
from workbench.examples import Example, answer_text, prompt_text
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._embedder import prepare as prepare
from workbench.steps._embedder import reads as reads
from workbench.steps._keepers import is_dropped
from workbench.steps._wording import Part, wording_columns

TITLE = "Outliers"
SCOPE = "group"
WORKERS = 1  # a model in every process would fight for the same cores
CHARACTERS = 1000
LEAST_ROWS = 30
SHOWN = 3


class Options(StepOptions):
    """``z``: how many robust standard deviations a row lies farther out than the middle row.

    ``neighbours`` 0 means one in fifty rows, between 5 and 20: that many foreign rows of one
    kind do not vouch for each other. At most ``max_share`` of the rows are flagged, those
    beyond twice ``z`` not counted.
    """

    z: float = Field(default=4.0, gt=0.0)
    neighbours: int = Field(default=0, ge=0, le=200)
    max_share: float = Field(default=0.01, gt=0.0, le=1.0)
    embedder: str = "auto"
    seed: int = 0


def features(rows: list[Example], _options: Options, backend: str) -> dict[str, Any]:
    """A vector of prompt and answer together, and their hashed words for ``lexical``."""
    texts = [f"{prompt_text(row)[:CHARACTERS]}\n{answer_text(row)[:CHARACTERS]}" for row in rows]
    columns: dict[str, Any] = {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "backend": [backend] * len(rows),
    }
    if backend == "lexical":
        return columns | wording_columns(texts, "text")
    return columns | {"vector": vector_column(embed(texts, backend))}


def find(table: pa.Table, options: Options, earlier: Earlier) -> Iterator[Finding]:
    """Flag the rows whose distance stands out, in file order."""
    ids = table["id"].to_pylist()
    rows = np.flatnonzero(~is_dropped(table["id"], earlier))
    if len(rows) < LEAST_ROWS:
        return
    count = options.neighbours or int(min(20, max(5, len(rows) // 50)))
    places, similarities = nearest(_vectors(table, rows), count, options.seed)
    distances = 1.0 - similarities[:, -1]
    scores, typical = robust_scores(distances)
    most = max(1, int(options.max_share * len(rows)))
    farthest = np.argsort(-scores, kind="stable")
    near = (scores[farthest] < 2 * options.z) & (np.arange(len(farthest)) >= most)
    for place in np.sort(farthest[(scores[farthest] >= options.z) & ~near]).tolist():
        row = int(rows[place])
        yield Finding(
            "outliers",
            "outlier",
            ids[row],
            {"file": table["file"][row].as_py(), "line": table["line"][row].as_py()},
            float(1.0 - options.z / (options.z + scores[place])),
            "flag",
            {
                "distance": round(float(distances[place]), 4),
                "typical_distance": round(typical, 4),
                "z": round(float(scores[place]), 2),
                "nearest": [ids[int(rows[other])] for other in places[place][:SHOWN] if other >= 0],
                "neighbours": count,
                "embedder": str(table["backend"][row].as_py()),
            },
        )


def robust_scores(distances: Vectors) -> tuple[Vectors, float]:
    """Each distance in robust standard deviations above the median, and the median.

    The deviation is that of the upper half: distances cannot fall below zero, so the two
    halves differ. Where half of the rows are equally far, the smallest unit is 0.01.
    """
    middle = float(np.median(distances))
    above = distances[distances > middle] - middle
    unit = max(1.4826 * float(np.median(above)) if len(above) else 0.0, 0.01)
    return np.asarray((distances - middle) / unit, dtype=np.float32), middle


def _vectors(table: pa.Table, rows: Any) -> Matrix:
    if table["backend"][0].as_py() != "lexical":
        # Not centred: what a set has in common is just what a foreign row lacks.
        return matrix(table, ("vector",), rows, shrink=float("inf"))
    found = latent_vectors(Part(table, "text", rows).counts())
    return Matrix((found,), np.arange(len(rows), dtype=np.int64), (np.zeros(found.shape[1], np.float32),))
