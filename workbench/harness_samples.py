"""Samples of lm-evaluation-harness as scores, from this process or from its output folder.

A metric of which less is better is negated, so that a higher score is always better. The
harness logs a perplexity of an item as its log-likelihood (or as log-likelihood and length);
the score is then the log-likelihood itself, per unit where there is a length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.files import read_json
from workbench.scores import Score, Scores, read_score_lines, score_number

PER_UNIT = {"word_perplexity": 1.0, "byte_perplexity": 1.0, "bits_per_byte": math.log(2)}
"""Logged as ``(log-likelihood, units)``; the divisor turns nats into the metric's own unit."""

WHOLE = ("perplexity",)
"""Logged as the log-likelihood of the item, nats."""

NOT_BY_ITEM = ("f1", "mcc", "brier_score", "likelihood", "bypass", "bleu", "chrf", "ter")
"""Logged as what a whole set's metric is made of: an item has no score of its own."""

FAMILIAR = ("acc", "exact_match")
KNOWN = (*FAMILIAR, "acc_norm", "acc_bytes", "acc_mutual_info", *PER_UNIT, *WHOLE)
"""Metrics whose direction needs no telling."""

INVALID = "[invalid]"
"""What the harness's regex filter gives for an answer without the form that was asked for."""

SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<when>\d{4}-\d{2}-\d{2}T[\d.:-]+)\Z")


def sample_scores(
    samples: Iterable[dict[str, Any]],
    task: str,
    *,
    metric: str | None = None,
    higher: Mapping[str, bool] | None = None,
    lines: Sequence[str] = (),
) -> Scores:
    """Turn the harness's samples of a task into scores, by filter when there are several.

    ``metric`` names the score among the task's metrics (default: the first that an item has
    by itself); ``higher`` says of which metrics more is better; ``lines`` names the file and line
    of every sample. Raises `InputError`.
    """
    rows = list(samples)
    filters = {str(row.get("filter", "none")) for row in rows}
    scores: Scores = {}
    for number, row in enumerate(rows):
        name = task if len(filters) == 1 else f"{task}:{_file_name(str(row.get('filter', 'none')))}"
        where = lines[number] if lines else f"task {task}, sample {number + 1}"
        try:
            score = _score(row, task, metric, higher or {}, where)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InputError(
                "this is no sample of the harness", where=where, remedy="run lm_eval with --log_samples"
            ) from error
        if score.item in scores.setdefault(name, {}):
            raise InputError(
                f"task '{task}': an item is there twice",
                where=f"item {score.item}",
                remedy="evaluate it again",
            )
        scores[name][score.item] = score
    return scores


def score_metric(names: list[str], task: str, metric: str | None) -> str:
    """Which of a task's metrics is its score. Raises `InputError` when none can be."""
    usable = [name for name in names if name not in NOT_BY_ITEM]
    if metric is not None:
        if metric not in usable:
            raise InputError(
                f"task '{task}' has no metric '{metric}' of single items",
                remedy=f"name one of {', '.join(usable) or 'none'}",
            )
        return metric
    plain = [name for name in usable if name not in PER_UNIT and name not in WHOLE]
    if not usable:
        raise InputError(
            f"task '{task}' has no metric of single items in its samples",
            where=", ".join(names),
            remedy="use --log_samples, and a metric such as acc or exact_match",
        )
    return (plain or usable)[0]


def read_harness_folder(folder: Path) -> Scores:
    """Read the output folder of ``lm_eval --log_samples``: of each task the newest run.

    Raises `NotFoundError` for a folder without samples, and `InputError` when it holds more
    than one model's, or what the harness did not write.
    """
    newest = _newest(folder)
    scores: Scores = {}
    for task, (when, path) in newest.items():
        rows = read_score_lines(path)
        if not rows:
            raise InputError(
                f"the samples of task '{task}' are empty", where=str(path), remedy="run lm_eval again"
            )
        scores.update(
            sample_scores(
                [row for _, row in rows],
                task,
                higher=_directions(path, when, task),
                lines=[where for where, _ in rows],
            )
        )
    return scores


def _newest(folder: Path) -> dict[str, tuple[str, Path]]:
    newest: dict[str, tuple[str, Path]] = {}
    homes: dict[str, set[Path]] = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        found = SAMPLES.match(path.stem)
        task, when = (found["task"], found["when"]) if found else (path.stem.removeprefix("samples_"), "")
        homes.setdefault(task, set()).add(path.parent)
        if task not in newest or when > newest[task][0]:
            newest[task] = (when, path)
    if not newest:
        raise NotFoundError(
            "the folder holds no samples",
            where=str(folder),
            remedy="run lm_eval with --output_path and --log_samples",
        )
    for task, places in homes.items():
        if len(places) > 1:
            raise InputError(
                f"task '{task}' was answered by more than one model here",
                where=", ".join(sorted(place.name for place in places)),
                remedy="name the folder of one model",
            )
    return newest


def _directions(path: Path, when: str, task: str) -> dict[str, bool]:
    results = path.with_name(f"results_{when}.json")
    if not results.is_file():
        return {}
    told = read_json(results).get("higher_is_better")
    found = told.get(task) if isinstance(told, dict) else None
    if not isinstance(found, dict):
        return {}
    return {str(name): bool(value) for name, value in found.items() if value is not None}


def _score(
    row: dict[str, Any], task: str, metric: str | None, higher: Mapping[str, bool], where: str
) -> Score:
    names = row.get("metrics") or [key for key in FAMILIAR if key in row]
    chosen = score_metric([str(name) for name in names], task, metric)
    item = f"{row['doc_id']}:{str(row.get('doc_hash', ''))[:16]}"
    values = {name: value for name in names if (value := _value(name, row.get(name))) is not None}
    if chosen not in values:
        raise InputError("a score is not a finite number", where=where, remedy="give a number for every item")
    score = score_number(values[chosen], where)
    negated = chosen not in PER_UNIT and chosen not in WHOLE and higher.get(chosen) is False
    choices, asked = _choices(row), _arguments(row.get("arguments"))
    gold = _gold(row, choices)
    return Score(
        item,
        -score if negated else score,
        prompt_hash=row.get("prompt_hash"),
        response=_response(row, choices, asked),
        target=asked[gold][1]
        if choices and gold is not None and gold < len(asked)
        else _text(row.get("target")),
        question=asked[0][0] if asked else "",
        parsed=_parsed(row),
        choices=choices if choices and len(choices) > 1 else None,
        gold=gold,
        nll=_nll(row, choices, gold),
        metrics={name: value for name, value in values.items() if abs(value) < math.inf},
        oriented=chosen in KNOWN or chosen in higher,
    )


def _value(name: str, value: object) -> float | None:
    """An item's value of a metric, higher being better for what is a log-likelihood; None for no number."""
    if name in NOT_BY_ITEM:
        return None
    if name in PER_UNIT and isinstance(value, (list, tuple)) and len(value) == 2:
        total, units = _number(value[0]), _number(value[1])
        return total / units / PER_UNIT[name] if total is not None and units else None
    if isinstance(value, str):
        return None
    return _number(value)


def _number(value: object) -> float | None:
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    try:
        return float(plain) if isinstance(plain, (bool, int, float)) else None
    except OverflowError:
        return None


def _choices(row: dict[str, Any]) -> list[float] | None:
    """Log-likelihoods where the answers are ``(log-likelihood, is greedy)`` pairs, nats."""
    answers = row.get("filtered_resps")
    if not isinstance(answers, (list, tuple)) or not answers:
        return None
    if not all(isinstance(answer, (list, tuple)) and len(answer) == 2 for answer in answers):
        return None
    try:
        found = [float(answer[0]) for answer in answers]
    except (TypeError, ValueError):
        return None
    return found[: len(found) // 2] if "acc_mutual_info" in (row.get("metrics") or []) else found


def _gold(row: dict[str, Any], choices: list[float] | None) -> int | None:
    if not choices or len(choices) < 2:
        return None
    target = row.get("gold_index", row.get("target"))
    if isinstance(target, str) and target.isdigit():
        target = int(target)
    if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < len(choices):
        return target
    return None


def _nll(row: dict[str, Any], choices: list[float] | None, gold: int | None) -> float | None:
    if choices and len(choices) == 1:
        return -choices[0]
    if choices and gold is not None:
        return -choices[gold]
    answers = row.get("filtered_resps")
    rolling = any(name in PER_UNIT for name in row.get("metrics") or [])
    if rolling and isinstance(answers, (list, tuple)) and answers and isinstance(answers[0], (int, float)):
        return -float(answers[0])
    return None


def _parsed(row: dict[str, Any]) -> bool | None:
    """Whether a filter found its answer; None where no filter looks for one."""
    answers = row.get("filtered_resps")
    if not isinstance(answers, (list, tuple)) or not answers or not isinstance(answers[0], str):
        return None
    if answers[0] == INVALID:
        return False
    return None if str(row.get("filter", "none")) == "none" else True


def _response(row: dict[str, Any], choices: list[float] | None, asked: list[tuple[str, str]]) -> str:
    if choices and len(choices) > 1 and len(asked) >= len(choices):
        return asked[choices.index(max(choices))][1]
    return _text(row.get("resps"))


def _arguments(value: object) -> list[tuple[str, str]]:
    """``(prompt, continuation)`` of each request, as in memory or as the harness writes it."""
    found: list[Any] = list(value.values()) if isinstance(value, dict) else list(value or [])  # type: ignore[call-overload]
    pairs = []
    for entry in found:
        fields = list(entry.values()) if isinstance(entry, dict) else list(entry)
        second = fields[1] if len(fields) > 1 and isinstance(fields[1], str) else ""
        pairs.append((_text(fields[0]) if fields else "", second.strip()))
    return pairs


def _text(value: object) -> str:
    """The innermost first string of the harness's nested answers."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, dict):
        return _text(list(value.values()))
    return "" if value is None or value == [] or value == () else str(value)


def _file_name(name: str) -> str:
    """A filter's name as part of a file's."""
    return re.sub(r"[^\w.-]", "-", name)
