"""Units: rows that must never stand on two sides of a split.

Rows are joined when they share a group key, a normalised prompt or the opening of one chat,
or are verified near duplicates; a unit is a connected component of these bonds. Only hashes
of texts are held, one of 8 bytes for each bond of a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError
from workbench.examples import Example, prompt_text
from workbench.leakage.words import words_of
from workbench.projects import Project
from workbench.splitting.similar import similar_pairs
from workbench.steps._hashing import text_hash
from workbench.steps.language import language_of
from workbench.versions import Dataset

BONDS = ("group", "component", "conversation")
COLUMNS = ("id", "kind", "messages", "chosen", "source", "label", "group", "tags", "meta")
OPENING_WORDS = 4
"""A first question of fewer words, such as a greeting, does not make two chats one."""
CLUSTER = "cluster:"
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """What a split needs to know of each row: arrays of one entry a row.

    ``keys``: a hash of the id, the same in every version. ``strata``: numbers into
    ``names``. ``times``: seconds or row numbers, or None. ``units``: numbers from 0.
    """

    keys: npt.NDArray[np.uint64]
    units: Numbers
    strata: Numbers
    names: list[str]
    times: npt.NDArray[np.float64] | None


def read_rows(
    project: Project,
    dataset: Dataset,
    *,
    by: Sequence[str],
    stratify: Sequence[str],
    threshold: float,
    time_column: str | None,
) -> Rows:
    """Read what splits need, one batch at a time. Raises `InputError` for a row without a time."""
    keys: list[int] = []
    strata: list[int] = []
    names: dict[str, int] = {}
    times: list[float] = []
    bonds: list[tuple[npt.NDArray[np.uint64], Numbers]] = []
    for batch in dataset.batches(columns=COLUMNS):
        examples: list[Example] = batch.to_pylist()
        bonds.append(_bonds(examples, by, len(keys)))
        for example in examples:
            name = " · ".join(_stratum(example, kind) for kind in stratify)
            strata.append(names.setdefault(name, len(names)))
            keys.append(text_hash(example["id"]))
            if "time" in by:
                times.append(_time(example, time_column) if time_column else float(len(keys)))
    similar = similar_pairs(project, dataset, threshold) if "component" in by else iter(())
    return Rows(
        np.array(keys, dtype=np.uint64),
        _components(len(keys), bonds, similar),
        np.array(strata, dtype=np.int64),
        list(names),
        np.array(times) if "time" in by else None,
    )


def _bonds(examples: list[Example], by: Sequence[str], first: int) -> tuple[npt.NDArray[np.uint64], Numbers]:
    found = [
        (text_hash(key), first + number)
        for number, example in enumerate(examples)
        for key in _keys(example, by)
    ]
    return (
        np.array([key for key, _ in found], dtype=np.uint64),
        np.array([row for _, row in found], dtype=np.int64),
    )


def _keys(example: Example, by: Sequence[str]) -> Iterator[str]:
    """What a row shares with the rows it belongs with."""
    if "group" in by and example["group"]:
        yield f"group {example['group']}"
    if "component" in by and (prompt := prompt_text(example).strip()):
        yield f"prompt {_normal(prompt)}"
    if "conversation" in by:
        asked = [entry["content"] for entry in example["messages"] if entry["role"] == "user"]
        if asked and len(words_of(asked[0])) >= OPENING_WORDS:
            yield f"opening {_normal(asked[0])}"
        answers = [*example["messages"], *(example.get("chosen") or [])]
        answer = next((entry["content"] for entry in answers if entry["role"] == "assistant"), "")
        if asked and answer.strip():
            yield f"exchange {_normal(asked[0])} {_normal(answer)}"


def _normal(text: str) -> str:
    """Words alone, or the text itself when it has none."""
    return " ".join(words_of(text)) or text.strip()


def _components(
    rows: int,
    bonds: list[tuple[npt.NDArray[np.uint64], Numbers]],
    similar: Iterator[tuple[int, int]],
) -> Numbers:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    keys = np.concatenate([found for found, _ in bonds] or [np.zeros(0, dtype=np.uint64)])
    row = np.concatenate([found for _, found in bonds] or [np.zeros(0, dtype=np.int64)])
    _, first, same = np.unique(keys, return_index=True, return_inverse=True)
    pairs = np.fromiter(similar, dtype=np.dtype((np.int64, 2)))
    left = np.concatenate([row[first[same]] if len(row) else row, pairs[:, 0]])
    right = np.concatenate([row, pairs[:, 1]])
    bound = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(rows, rows))
    _, component = connected_components(bound, directed=False)
    return np.asarray(component, dtype=np.int64)


def _stratum(example: Example, kind: str) -> str:
    if kind == "label":
        return example["label"] or ""
    if kind == "cluster":
        return next((tag for tag in example["tags"] or [] if tag.startswith(CLUSTER)), "")
    found = language_of(prompt_text(example), 25, 0.8)
    return found[0] if found else ""


def _time(example: Example, column: str) -> float:
    value: Any = json.loads(example["meta"] or "{}")
    for name in column.removeprefix("meta.").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    seconds = _seconds(value)
    if seconds is None:
        source = example["source"]
        raise InputError(
            f"a row has no time in {column}",
            where=f"{source['file']}, line {source['line']}",
            remedy="give ISO 8601 or seconds in every row, or leave --time-column out to go by row order",
        )
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return number if number is not None and np.isfinite(number) else None
