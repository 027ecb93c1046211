"""Semantic duplicates: rows that say the same in other words.

Embeddings of prompt and of answer propose pairs; the rows' words, numbers and names decide.
SemDeDup (Abbas et al. 2023) drops on similarity alone, which merges every row of a template.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from workbench.embedding import embed
from workbench.embedding.lexical import latent_vectors
from workbench.embedding.matrix import Matrix, matrix, vector_column
from workbench.embedding.neighbours import nearest
from workbench.examples import Example, answer_text, prompt_text
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._embedder import prepare as prepare
from workbench.steps._embedder import reads as reads
from workbench.steps._hashing import text_hash
from workbench.steps._keepers import (
    DEFAULT,
    Criterion,
    is_dropped,
    keeper_ranks,
    label_agreement,
    rule_in_words,
)
from workbench.steps._stars import stars
from workbench.steps._wording import Part, wording_columns

TITLE = "Semantic duplicates"
SCOPE = "group"
WORKERS = 1  # a model in every process would fight for the same cores
CHARACTERS = 2000
NEIGHBOURS = 12
SHRINK = 20.0
RANDOM_PAIRS = 200_000
HIGHEST = 0.9
SHORT_ANSWER = 5
BARE_OVERLAP = 0.5
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Floor(NamedTuple):
    """Least similarity, of centred and of plain vectors, and least overlap of words."""

    centred: float
    plain: float
    overlap: float


# Measured by benchmarks/semantic.py; docs/semantic.md has the figures.
FLOORS = {"static": Floor(0.65, 0.85, 0.25), "lexical": Floor(0.7, 0.7, 0.5)}
MODEL_FLOOR = Floor(0.7, 0.78, 0.1)


class Options(StepOptions):
    """A pair counts when prompts and answers are alike, and have the same numbers and names.

    ``threshold`` is the least cosine similarity; 0 calibrates it on the data, so that about
    ``false_alarms`` of the rows would find an unlike row above it. ``overlap`` is the least
    weighted share of common words, 0 for the embedder's own. ``action`` is what is proposed.
    """

    threshold: float = Field(default=0.0, ge=0.0, le=1.0)
    overlap: float = Field(default=0.0, ge=0.0, le=1.0)
    false_alarms: float = Field(default=0.1, gt=0.0, lt=1.0)
    action: Literal["flag", "drop"] = "flag"
    keeper: list[Criterion] = Field(default=list(DEFAULT))
    embedder: str = "auto"
    seed: int = 0


def features(rows: list[Example], _options: Options, backend: str) -> dict[str, Any]:
    """Vectors and hashed words of prompt and answer; no text."""
    prompts = [prompt_text(row)[:CHARACTERS] for row in rows]
    answers = [answer_text(row) for row in rows]
    cut = [answer[:CHARACTERS] for answer in answers]
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "label": pa.array([row["label"] for row in rows], pa.string()),
        "length": [len(answer) for answer in answers],
        "backend": [backend] * len(rows),
        "said": pa.array([text_hash(_plain(answer)) for answer in answers], pa.uint64()),
        "prompt": _vectors(prompts, backend),
        "answer": _vectors(cut, backend),
        **wording_columns(prompts, "prompt"),
        **wording_columns(cut, "answer"),
    }


def find(table: pa.Table, options: Options, earlier: Earlier) -> Iterator[Finding]:
    """Flag every row that matches a keeper; each member of a group matches its keeper itself."""
    rows = np.flatnonzero(~is_dropped(table["id"], earlier))
    if len(rows) < 2:
        return
    compared = _Compared(table, rows, options)
    pairs = compared.candidates(options.seed)
    pairs = pairs[compared.matches(pairs)]
    if not len(pairs):
        return
    agreement = label_agreement(table["label"].take(pa.array(rows)), pairs)
    ranks = keeper_ranks(
        table.select(["id", "length"]).take(pa.array(rows)), earlier, options.keeper, agreement
    )
    keepers = stars(pairs, ranks, compared.matches)
    members = np.flatnonzero(keepers >= 0)
    stars_pairs = np.stack([keepers[members], members], axis=1)
    shown = table.select(["id", "file", "line"])
    evidence = compared.evidence(stars_pairs)
    for (keeper, member), measured in zip(stars_pairs.tolist(), evidence, strict=True):
        kept, row = (
            {name: shown[name][int(rows[place])].as_py() for name in shown.column_names}
            for place in (keeper, member)
        )
        yield Finding(
            "semantic_duplicates",
            "paraphrase",
            row["id"],
            {"file": row["file"], "line": row["line"]},
            max(0.0, min(1.0, measured["similarity"])),
            options.action,
            {
                "keeper": kept["id"],
                "keeper_source": {"file": kept["file"], "line": kept["line"]},
                "keeper_rule": rule_in_words(options.keeper),
                **measured,
            },
        )


class _Compared:
    """The rows that take part, and whether two of them match."""

    def __init__(self, table: pa.Table, rows: Integers, options: Options) -> None:
        self.backend = str(table["backend"][0].as_py())
        kind = self.backend.partition(":")[0]
        floor = FLOORS.get(kind, MODEL_FLOOR)
        self.prompt, self.answer = Part(table, "prompt", rows), Part(table, "answer", rows)
        self.said = table["said"].to_numpy()[rows]
        self.sizes = self.answer.sizes()
        self.overlap = options.overlap or floor.overlap
        self.vectors = self._matrix(table, rows)
        trust = len(rows) / (len(rows) + SHRINK)
        least = trust * floor.centred + (1 - trust) * floor.plain
        self.random = [random_quantile(self.vectors, part, options) for part in (0, 1)]
        self.thresholds = [options.threshold or min(max(least, found), HIGHEST) for found in self.random]

    def candidates(self, seed: int) -> Integers:
        """Pairs of neighbours, each once, lower place first; shape ``(pairs, 2)``."""
        places, similarities = nearest(self.vectors, NEIGHBOURS, seed)
        near = (places >= 0) & (similarities >= min(self.thresholds) - 0.15)
        left, right = np.repeat(np.arange(len(places)), near.sum(axis=1)), places[near]
        keys = np.unique(np.minimum(left, right) * len(places) + np.maximum(left, right))
        return np.stack(np.divmod(keys, len(places)), axis=1)

    def matches(self, pairs: Integers) -> Bools:
        """Whether the rows of each pair say the same: the cheap checks first."""
        kept = np.arange(len(pairs))
        for check in (self._alike, self._same_words, self._same_slots):
            kept = kept[check(pairs[kept])]
        found = np.zeros(len(pairs), np.bool_)
        found[kept] = True
        return found

    def evidence(self, pairs: Integers) -> list[dict[str, Any]]:
        """What was measured for each pair, rounded."""
        prompt, answer = (self.vectors.similarity(pairs, part) for part in (0, 1))
        answer = np.where(self._equal_answers(pairs), 1.0, answer)
        overlap = self.prompt.overlap(pairs)
        return [
            {
                "similarity": round(float(min(p, a)), 4),
                "prompt_similarity": round(float(p), 4),
                "answer_similarity": round(float(a), 4),
                "word_overlap": round(float(o), 4),
                "threshold": round(self.thresholds[0], 4),
                "answer_threshold": round(self.thresholds[1], 4),
                "random_pair_quantile": round(self.random[0], 4),
                "embedder": self.backend,
            }
            for p, a, o in zip(prompt.tolist(), answer.tolist(), overlap.tolist(), strict=True)
        ]

    def _alike(self, pairs: Integers) -> Bools:
        prompts = self.vectors.similarity(pairs, 0) >= self.thresholds[0]
        # Of two or three words no embedding tells "yes" from "no": they must be equal.
        short = self.sizes[pairs].min(axis=1) < SHORT_ANSWER
        answers = (self.vectors.similarity(pairs, 1) >= self.thresholds[1]) & ~short
        return np.asarray(prompts & (answers | self._equal_answers(pairs)))

    def _same_words(self, pairs: Integers) -> Bools:
        # Without an answer only the prompts speak for the pair, so they must say more.
        bare = self.said[pairs[:, 0]] == text_hash("")
        prompts = self.prompt.overlap(pairs) >= np.where(bare, max(BARE_OVERLAP, self.overlap), self.overlap)
        return np.asarray(
            prompts & ((self.answer.overlap(pairs) >= self.overlap) | self._equal_answers(pairs))
        )

    def _same_slots(self, pairs: Integers) -> Bools:
        answers = self.answer.other_slots(pairs, strict=False) & ~self._equal_answers(pairs)
        return np.asarray(~(self.prompt.other_slots(pairs, strict=True) | answers))

    def _equal_answers(self, pairs: Integers) -> Bools:
        return np.asarray(self.said[pairs[:, 0]] == self.said[pairs[:, 1]])

    def _matrix(self, table: pa.Table, rows: Integers) -> Matrix:
        if self.backend != "lexical":
            return matrix(table, ("prompt", "answer"), rows, SHRINK)
        parts = tuple(latent_vectors(part.counts()) for part in (self.prompt, self.answer))
        zero = tuple(np.zeros(part.shape[1], np.float32) for part in parts)
        return Matrix(parts, np.arange(len(rows), dtype=np.int64), zero)


def random_quantile(vectors: Matrix, part: int, options: Options) -> float:
    """The similarity that a row's most alike unlike row exceeds for ``false_alarms`` of the rows.

    Random pairs give the middle and the upper spread (90th percentile); the tail beyond is
    taken for a normal one, since a set's own duplicates would spoil its measured tail.
    """
    generator = np.random.default_rng(options.seed)
    pairs = generator.integers(0, len(vectors), (RANDOM_PAIRS, 2), dtype=np.int64)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    middle, high = np.quantile(vectors.similarity(pairs, part), [0.5, 0.9])
    spread = (high - middle) / NormalDist().inv_cdf(0.9)
    chance = options.false_alarms / len(vectors)
    return float(middle + spread * NormalDist().inv_cdf(1 - chance))


def _vectors(texts: list[str], backend: str) -> pa.Array:
    if backend == "lexical":
        return vector_column(np.zeros((len(texts), 1), np.float16))
    return vector_column(embed(texts, backend))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!")
