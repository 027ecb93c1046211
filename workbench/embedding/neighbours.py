"""Nearest neighbours among all rows: exact for small sets, an inverted file for large ones (faiss)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.embedding.matrix import Matrix

EXACT_ROWS = 20_000
COMPRESSED = 160
TRAIN_ROWS_A_LIST = 40
PROBES = 12
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def nearest(matrix: Matrix, count: int, seed: int = 0) -> tuple[Integers, Floats]:
    """The ``count`` rows most like each row, itself left out: places and cosine similarities.

    Both have the shape ``(rows, count)``; a place is -1 where there are fewer neighbours. Up
    to 20,000 rows the search is exact. Above, vectors are cut to 160 principal components and
    searched in the 12 nearest of about 2 √rows lists, as half-precision numbers; similarities
    are then those of the cut vectors. The answer does not depend on the number of threads.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    rows = len(matrix)
    count = min(count, max(1, rows - 1))
    places = np.full((rows, count), -1, dtype=np.int64)
    similarities = np.full((rows, count), -1.0, dtype=np.float32)
    with threadpool_limits(1, user_api="blas"):
        index = _index(matrix, seed)
        for block in matrix.blocks():
            index.add(block)
        start = 0
        for block in matrix.blocks():
            found_similarities, found = index.search(block, count + 1)
            end = start + len(block)
            _without_self(found, found_similarities, start, places[start:end], similarities[start:end])
            start = end
    return places, similarities


def _index(matrix: Matrix, seed: int) -> Any:
    import faiss

    if len(matrix) <= EXACT_ROWS:
        return faiss.IndexFlatIP(matrix.dimensions)
    lists = int(2 * len(matrix) ** 0.5)
    sample = np.random.default_rng(seed).choice(
        len(matrix), min(len(matrix), TRAIN_ROWS_A_LIST * lists), replace=False
    )
    size = min(COMPRESSED, matrix.dimensions)
    index = faiss.index_factory(matrix.dimensions, f"PCA{size},IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT)
    inner = faiss.extract_index_ivf(index)
    inner.nprobe = PROBES
    inner.cp.seed = seed + 1
    inner.cp.min_points_per_centroid = 1
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.train(matrix.joined(np.sort(sample)))
    finally:
        faiss.omp_set_num_threads(threads)
    return index


def _without_self(found: Integers, similarities: Floats, start: int, places: Integers, kept: Floats) -> None:
    """Copy each row's neighbours, but not the row itself (or the last one, when it is not there)."""
    own = found == (start + np.arange(len(found)))[:, None]
    own[:, -1] |= ~own.any(axis=1)
    others = ~own
    width = places.shape[1]
    places[:] = found[others].reshape(-1, width)
    kept[:] = similarities[others].reshape(-1, width)
