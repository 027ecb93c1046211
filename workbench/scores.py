"""Scores of models on items: where they come from, and pairing them item by item."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.files import read_lines


@dataclass(frozen=True)
class Score:
    """One model's score on one item; hashes tell whether item and prompt are the same."""

    item: str
    score: float
    cluster: str | None = None
    prompt_hash: str | None = None
    response: str | None = None
    target: str | None = None
    question: str | None = None


@dataclass
class Paired:
    """The scores of two models on the same items of one task, in one order."""

    task: str
    old: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    clusters: list[str] | None = None


Scores = dict[str, dict[str, Score]]
LARGEST = 1e12
"""Scores beyond this are mistakes, and their squares would overflow."""


def read_scores(path: Path) -> Scores:
    """Read ``{task: {item: Score}}`` from a JSONL file or an lm-evaluation-harness folder.

    A JSONL line is ``{"task", "item", "score"[, "cluster"]}``. A folder is the output of
    ``lm_eval --log_samples``; tasks with several filters become ``task:filter``. Raises
    `NotFoundError` and `InputError` (with file and line).
    """
    if path.is_dir():
        return _read_harness(path)
    if not path.is_file():
        raise NotFoundError(
            "there are no scores here", where=str(path), remedy="name a JSONL file or a folder"
        )
    scores: Scores = defaultdict(dict)
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            row = json.loads(line)
            score = _number(row["score"], where)
            task, item = str(row["task"]), str(row["item"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                "a line of scores cannot be read",
                where=where,
                remedy='write {"task": …, "item": …, "score": number}',
            ) from error
        if item in scores[task]:
            raise InputError("an item is there twice", where=where, remedy="give each item of a task once")
        cluster = row.get("cluster")
        scores[task][item] = Score(item, score, None if cluster is None else str(cluster))
    if not scores:
        raise InputError("the file holds no score", where=str(path), remedy="write one line for every item")
    return dict(scores)


def pair(task: str, old: dict[str, Score], new: dict[str, Score], *, same_prompt: bool = True) -> Paired:
    """Pair two models' scores of a task. Raises `InputError` when items or prompts differ."""
    if set(old) != set(new):
        missing, extra = len(set(old) - set(new)), len(set(new) - set(old))
        raise InputError(
            f"task '{task}': the two models did not answer the same items",
            where=f"{missing} items only in the baseline, {extra} only in the candidate",
            remedy="evaluate both on the same items; a comparison needs pairs",
        )
    paired = Paired(task, items=sorted(old))
    clusters: list[str] = []
    for item in paired.items:
        left, right = old[item], new[item]
        if same_prompt and left.prompt_hash and right.prompt_hash and left.prompt_hash != right.prompt_hash:
            raise InputError(
                f"task '{task}': the two models were given different prompts",
                where=f"item {item}",
                remedy="use the same template, few-shot examples and seed for both",
            )
        paired.old.append(left.score)
        paired.new.append(right.score)
        if left.cluster is not None:
            clusters.append(left.cluster)
    if clusters and len(clusters) == len(paired.items):
        paired.clusters = clusters
    return paired


def read_arm(folder: Path) -> Scores:
    """Read the scores that our own evaluation wrote for one arm."""
    scores: Scores = {}
    for path in sorted(folder.glob("*.jsonl")):
        rows = read_lines(path)
        scores[path.stem] = {row["item"]: Score(**row) for row in rows}
    return scores


def sample_scores(samples: Iterable[dict[str, Any]], task: str) -> Scores:
    """Turn lm-evaluation-harness samples into scores, by filter when there are several."""
    rows = list(samples)
    filters = {str(row.get("filter", "none")) for row in rows}
    scores: Scores = {}
    for row in rows:
        name = task if len(filters) == 1 else f"{task}:{row.get('filter', 'none')}"
        metrics = row.get("metrics") or [key for key in ("acc", "exact_match") if key in row]
        if not metrics:
            raise InputError(f"task '{task}' has no metric in its samples", remedy="use --log_samples")
        item = f"{row['doc_id']}:{str(row.get('doc_hash', ''))[:16]}"
        if item in scores.setdefault(name, {}):
            raise InputError(
                f"task '{task}': an item is there twice", where=f"item {item}", remedy="evaluate it again"
            )
        scores[name][item] = Score(
            item,
            _number(row[metrics[0]], f"task {task}, item {item}"),
            prompt_hash=row.get("prompt_hash"),
            response=_text(row.get("resps")),
            target=str(row.get("target", "")),
            question=_text(row.get("arguments")),
        )
    return scores


def _read_harness(folder: Path) -> Scores:
    newest: dict[str, Path] = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        newest[path.stem.removeprefix("samples_").rsplit("_", 1)[0]] = path
    if not newest:
        raise NotFoundError(
            "the folder holds no samples",
            where=str(folder),
            remedy="run lm_eval with --output_path and --log_samples",
        )
    scores: Scores = {}
    for task, path in newest.items():
        try:
            scores.update(sample_scores(read_lines(path), task))
        except (KeyError, TypeError) as error:
            raise InputError(
                "these are not samples of the harness",
                where=str(path),
                remedy="run lm_eval with --log_samples",
            ) from error
    return scores


def _number(value: object, where: str) -> float:
    if isinstance(value, (bool, int, float)) and abs(value) <= LARGEST:
        return float(value)
    raise InputError("a score is not a finite number", where=where, remedy="give a number for every item")


def _text(value: object) -> str:
    """The innermost first string of the harness's nested answers."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, dict):
        return _text(list(value.values()))
    return "" if value is None else str(value)
