"""Gaps: what a reference set has and the training data lacks, and what to collect next.

The reference is what users really send (field questions, a log sample). Three kinds:
``label`` (a label that is rarer than in the reference), ``slice`` (language, length, turns,
tone: two exclamation marks or more),
and ``region`` (reference questions far from every training question, grouped).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.embedding import Vectors, choose_backend, content_words, embed, lexical_vectors
from workbench.errors import InputError
from workbench.examples import Example, prompt_text
from workbench.paired import wilson
from workbench.projects import Project
from workbench.steps.clusters import cluster_names, k_means
from workbench.steps.language import language_of
from workbench.versions import Dataset

EXAMPLES = 5
ALPHA = 0.05
FAR_QUANTILE = 0.99
SLICES = ("label", "language", "length", "turns", "tone")


@dataclass(frozen=True)
class Gap:
    """A gap: how sure and how large, the evidence, how many rows to collect, example ids.

    ``severity`` is the share of the reference that the gap concerns times how much of it is
    missing, between 0 and 1.
    """

    id: str
    kind: str
    title: str
    severity: float
    evidence: dict[str, Any]
    want: int
    examples: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def find_gaps(project: Project, dataset: Dataset, reference: Dataset, embedder: str = "auto") -> list[Gap]:
    """Compare a version with a reference; largest gap first. Raises `InputError`."""
    _ = project
    if reference.rows < 10:
        raise InputError(
            f"{reference.ref} has {reference.rows} rows", remedy="a reference needs at least 10 rows"
        )
    if not dataset.rows:
        raise InputError(f"{dataset.ref} has no rows", remedy="compare a version that has rows")
    have, want = _profile(dataset), _profile(reference)
    gaps = _slice_gaps(have, want, dataset.rows, reference.rows)
    gaps += _region_gaps(have, want, embedder)
    return sorted(gaps, key=lambda gap: -gap.severity)


def collection_brief(gaps: list[Gap]) -> str:
    """A Markdown list of what to collect, for the people who write or gather rows."""
    lines = ["# What to collect next", ""]
    for gap in gaps:
        lines.append(f"- **{gap.title}**: collect about {gap.want} examples (severity {gap.severity:.2f}).")
        words = gap.evidence.get("words")
        if words:
            lines.append(f"  Typical words: {', '.join(words)}.")
    return "\n".join(lines) + "\n"


@dataclass
class _Profile:
    ids: list[str]
    prompts: list[str]
    slices: dict[str, list[str]]


def _profile(dataset: Dataset) -> _Profile:
    profile = _Profile([], [], {name: [] for name in SLICES})
    for example in dataset.examples():
        prompt = prompt_text(example)
        profile.ids.append(example["id"])
        profile.prompts.append(prompt[:1000])
        for name, value in slice_values(example, prompt).items():
            profile.slices[name].append(value)
    return profile


def slice_values(example: Example, prompt: str) -> dict[str, str]:
    """The slices one example is in."""
    language = language_of(prompt, 25, 0.8)
    words = len(prompt.split())
    turns = sum(m["role"] == "user" for m in example["messages"])
    return {
        "label": example["label"] or "",
        "language": language[0] if language else "",
        "length": "up to 10 words" if words <= 10 else "11 to 60 words" if words <= 60 else "over 60 words",
        "turns": "one turn" if turns <= 1 else "several turns",
        "tone": "agitated" if prompt.count("!") >= 2 else "calm",
    }


def _slice_gaps(have: _Profile, want: _Profile, rows: int, reference_rows: int) -> list[Gap]:
    gaps = []
    for name in SLICES:
        ours, theirs = Counter(have.slices[name]), Counter(want.slices[name])
        for value, count in theirs.items():
            if not value or count < 3:
                continue
            expected = wilson(count, reference_rows, 2 * ALPHA)
            actual = wilson(ours[value], rows, 2 * ALPHA)
            if actual.high >= expected.low / 2:
                continue
            missing = 1.0 - actual.value / expected.value
            needed = max(1, round(expected.value * rows) - ours[value])
            ids = [i for i, v in zip(want.ids, want.slices[name], strict=True) if v == value][:EXAMPLES]
            gaps.append(
                Gap(
                    f"{name}:{value}",
                    "label" if name == "label" else "slice",
                    f"{name} '{value}' is rare: {ours[value]} of {rows} rows, {count} of {reference_rows} in the reference",
                    round(expected.value * missing, 4),
                    {
                        "slice": name,
                        "value": value,
                        "rows": ours[value],
                        "share": round(actual.value, 4),
                        "share_high": round(actual.high, 4),
                        "reference_rows": count,
                        "reference_share": round(expected.value, 4),
                        "reference_share_low": round(expected.low, 4),
                    },
                    needed,
                    ids,
                )
            )
    return gaps


def _region_gaps(have: _Profile, want: _Profile, embedder: str) -> list[Gap]:
    """Reference questions farther from all training questions than those are from each other."""
    backend = choose_backend(embedder, len(have.ids) + len(want.ids))
    vectors = _vectors(have.prompts + want.prompts, backend)
    ours, theirs = vectors[: len(have.ids)], vectors[len(have.ids) :]
    sample = ours[:: max(1, len(ours) // 2000)]
    usual = _nearest(sample, ours, skip_self=True)
    threshold = float(np.quantile(usual, 1 - FAR_QUANTILE)) if len(usual) else 0.0
    similarity = _nearest(theirs, ours)
    far = np.flatnonzero(similarity < threshold)
    expected = (1 - FAR_QUANTILE) * len(theirs)
    if len(far) < max(5, 2 * expected):
        return []
    words = [content_words(want.prompts[i]) for i in far]
    labels, _ = k_means(theirs[far], max(1, min(6, len(far) // 5)), 0)
    names = cluster_names(words, labels)
    gaps = []
    for label, name in names.items():
        members = far[labels == label]
        if len(members) < 3:
            continue
        share = len(members) / len(theirs)
        gaps.append(
            Gap(
                f"region:{name}",
                "region",
                f"no training question is near {len(members)} of {len(theirs)} reference questions about: {name[3:]}",
                round(share, 4),
                {
                    "words": name.split()[1:],
                    "reference_rows": len(members),
                    "threshold": round(threshold, 4),
                    "mean_similarity": round(float(similarity[members].mean()), 4),
                    "embedder": backend,
                },
                max(10, round(share * len(ours))),
                [want.ids[i] for i in members[:EXAMPLES]],
            )
        )
    return gaps


def _vectors(prompts: list[str], backend: str) -> Vectors:
    if backend == "lexical":
        return lexical_vectors([content_words(prompt) for prompt in prompts])
    return embed(prompts, backend)


def _nearest(queries: Vectors, points: Vectors, *, skip_self: bool = False) -> Vectors:
    """Cosine similarity to the nearest point (the second nearest with ``skip_self``)."""
    best = np.zeros(len(queries), dtype=np.float32)
    for start in range(0, len(queries), 512):
        block = queries[start : start + 512] @ points.T
        best[start : start + 512] = (
            np.partition(block, -2, axis=1)[:, -2] if skip_self and block.shape[1] > 1 else block.max(axis=1)
        )
    return best
