"""Scores of models on items: where they come from, and pairing them item by item."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError


@dataclass(frozen=True)
class Score:
    """One model's score on one item; hashes tell whether item and prompt are the same.

    ``parsed``: the answer had the form that was asked for. ``choices``: log-likelihood of each
    choice, nats; ``gold``: the right choice's number; ``nll``: negative log-likelihood of the
    right answer, nats; ``tokens`` and ``prompt_tokens``: generated and read; ``seconds``: time
    of this answer; ``kl``: divergence from the base, nats per token; ``slices``: name to value;
    ``metrics``: every metric of the item, by name; ``oriented``: whether its reader saw to it that
    a higher score is a better one (False: it could not tell). None is "not measured".
    """

    item: str
    score: float
    cluster: str | None = None
    prompt_hash: str | None = None
    response: str | None = None
    target: str | None = None
    question: str | None = None
    parsed: bool | None = None
    choices: list[float] | None = None
    gold: int | None = None
    nll: float | None = None
    tokens: int | None = None
    prompt_tokens: int | None = None
    seconds: float | None = None
    kl: float | None = None
    slices: dict[str, str] | None = None
    metrics: dict[str, float] | None = None
    oriented: bool | None = None


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
    ``lm_eval --log_samples``; tasks with several filters become ``task:filter``, and a metric
    of which less is better is negated. Raises `NotFoundError` and `InputError` (with file and
    line).
    """
    if path.is_dir():
        from workbench.harness_samples import read_harness_folder

        return read_harness_folder(path)
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
            score = score_number(row["score"], where)
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
    """Pair two models' scores of a task.

    Raises `InputError` when items, prompts or clusters differ, or only some items have a cluster.
    """
    if set(old) != set(new):
        missing, extra = len(set(old) - set(new)), len(set(new) - set(old))
        raise InputError(
            f"task '{task}': the two models did not answer the same items",
            where=f"{missing} items only in the baseline, {extra} only in the candidate",
            remedy="evaluate both on the same items; a comparison needs pairs",
        )
    paired = Paired(task, items=sorted(old))
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
    paired.clusters = _clusters(task, [(old[item].cluster, new[item].cluster) for item in paired.items])
    return paired


def _clusters(task: str, told: list[tuple[str | None, str | None]]) -> list[str] | None:
    """The groups of the items, None without any. Items that lost theirs would count as alone."""
    if any(left != right for left, right in told):
        raise InputError(
            f"task '{task}': the two models' items have different clusters",
            where=f"{sum(left != right for left, right in told)} of {len(told)} items",
            remedy="give an item the same cluster on both sides, or none on both",
        )
    clusters = [left for left, _ in told if left is not None]
    if clusters and len(clusters) < len(told):
        raise InputError(
            f"task '{task}': only some items have a cluster",
            where=f"{len(told) - len(clusters)} of {len(told)} items have none",
            remedy="give every item a cluster (one of its own where it stands alone), or none",
        )
    return clusters or None


def read_arm(folder: Path) -> Scores:
    """Read the scores that our own evaluation wrote for one arm. Raises `InputError`."""
    scores: Scores = {}
    for path in sorted(folder.glob("*.jsonl")):
        found = scores[path.stem] = {}
        for where, row in read_score_lines(path):
            try:
                found[row["item"]] = Score(**row)
            except (KeyError, TypeError) as error:
                raise InputError("a line is no score", where=where, remedy="evaluate again") from error
    return scores


def read_score_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The rows of a file of scores, each with its file and line.

    A last line that a crash cut short is left out; any other that cannot be read would be an
    item nobody misses. Raises `InputError`.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=0)
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == last:
                continue
            raise InputError(
                "a line of scores cannot be read", where=where, remedy="mend the file, or score again"
            ) from error
        if not isinstance(row, dict):
            raise InputError("a line is no score", where=where, remedy="mend the file, or score again")
        rows.append((where, row))
    return rows


def score_line(score: Score) -> str:
    """One score as a line of JSON; what was not measured is left out."""
    told = {name: value for name, value in vars(score).items() if value is not None}
    return json.dumps(told, ensure_ascii=False) + "\n"


def score_number(value: object, where: str) -> float:
    """A score as a float. Raises `InputError` for anything but a finite number."""
    if isinstance(value, (bool, int, float)) and abs(value) <= LARGEST:
        return float(value)
    raise InputError("a score is not a finite number", where=where, remedy="give a number for every item")
