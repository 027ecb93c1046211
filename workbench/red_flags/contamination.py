"""Contamination: training rows that hold questions of this very evaluation.

The rows are those its training read, replay included, and the questions those it was asked
here. They are compared by the leakage step (`workbench.steps.leakage`): word for word, by runs
of words, and nearly; rephrasings are left to the step. It blocks where it carries a conclusion:
the change of a task's score meets the policy with all items, and does not with the clean ones.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import islice
from typing import Any

from workbench.examples import Example
from workbench.leakage.index import build_index
from workbench.leakage.items import Item, without_frame
from workbench.leakage.matching import crowds
from workbench.leakage.words import words_of
from workbench.paired import wilson
from workbench.policy import Policy
from workbench.red_flags.bounds import paired_change, told
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, Level, not_measured, worst
from workbench.red_flags.training_rows import training_rows
from workbench.scores import Score
from workbench.steps.leakage import Items, Options, find

NAME = "contamination"
ROWS = 512
ROLE = re.compile(r"\A(?:user|human|system|assistant|model)\b:?", re.IGNORECASE)


def measure(candidate: Candidate) -> Flag:
    """The largest share of a task's items that stand in training rows."""
    arm = candidate.arm.name
    if not candidate.trained_on:
        return not_measured(NAME, arm, "nobody knows which rows it was trained on")
    if not any(training.ids for training in candidate.trained_on):
        return not_measured(NAME, arm, "its training kept no list of the rows it read")
    options = Options(semantic="off")
    asked = _asked(candidate)
    index = build_index(
        (Item(*key, text) for key, (text, _) in asked.items()), options.ngram, options.min_words
    )
    if not index.names:
        return not_measured(NAME, arm, f"no question has {options.min_words} words or more")
    items = Items(index, crowds(index), None)
    alike: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (task, _), (text, item) in asked.items():
        alike[_words(text)].append((task, item))
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows: dict[str, str] = {}
    rows_read = 0
    source = training_rows(candidate.project, candidate.trained_on)
    while block := list(islice(source, ROWS)):
        rows_read += len(block)
        for finding in find([_learned(row) for row in block], options, items):
            text, _ = asked[finding.evidence["task"], finding.evidence["item"]]
            for task, item in alike[_words(text)]:
                found[task].setdefault(item, finding.kind)
            rows[finding.example_id] = finding.kind
    return _flag(candidate, found, rows, rows_read, len(index.names))


def _flag(
    candidate: Candidate, found: dict[str, dict[str, str]], rows: dict[str, str], read: int, compared: int
) -> Flag:
    tasks = {task: _task(candidate, task, items) for task, items in sorted(found.items())}
    evidence = {
        "unit": "share of a task's items",
        "rule": "block where a conclusion holds with all items and not with the clean ones, else warn",
        "rows_read": read,
        "questions_compared": compared,
        "rows": sorted(rows)[:50],
        "rows_by_kind": dict(sorted(Counter(rows.values()).items())),
        "tasks": tasks,
        "method": "leakage step without rephrasings: exact, runs of 8 words, near",
    }
    if not tasks:
        text = f"none of {compared} questions stands in the {read} rows it was trained on"
        low, high = wilson(0, compared, 2 * ALPHA)[1:]
        return Flag(NAME, candidate.arm.name, "ok", text, 0.0, low, high, evidence)
    name, task = max(tasks.items(), key=lambda pair: (pair[1]["share"], pair[0]))
    items = sum(one["contaminated"] for one in tasks.values())
    text = (
        f"{items} questions of {len(tasks)} tasks stand in {len(rows)} training rows; "
        f"most in {name}: {task['contaminated']} of {task['items']}"
    )
    level = worst([_level(one) for one in tasks.values()])
    carried = [key for key, one in tasks.items() if one["carries_conclusion"]]
    text += (
        f"; without them nothing is shown in {', '.join(carried)}"
        if carried
        else "; the clean ones say the same"
    )
    share = wilson(task["contaminated"], task["items"], 2 * ALPHA)
    return Flag(NAME, candidate.arm.name, level, text, *share, evidence)


def _level(task: dict[str, Any]) -> Level:
    return "block" if task["carries_conclusion"] else "warn"


def _task(candidate: Candidate, task: str, items: dict[str, str]) -> dict[str, Any]:
    """One task: how many items, of what kind, and the change of the score without them."""
    old, new = candidate.old[task], candidate.new[task]
    clean = [item for item in sorted(old) if item in new and item not in items]
    everything = [item for item in sorted(old) if item in new]
    change, change_clean = (_change(old, new, some) for some in (everything, clean))
    least = _asked_for(candidate, task)
    shown = change is not None and change["low"] > least
    return {
        "items": len(everything),
        "contaminated": len(items),
        "share": len(items) / len(everything),
        "kinds": dict(sorted(Counter(items.values()).items())),
        "item_ids": sorted(items)[:50],
        "change": change,
        "change_clean": change_clean,
        "change_asked_for": least,
        "carries_conclusion": shown and (change_clean is None or change_clean["low"] <= least),
    }


def _asked_for(candidate: Candidate, task: str) -> float:
    """The change that the policy wants ruled in: a target's gain, or a loss within the margin."""
    policy = Policy.model_validate(candidate.run.config.get("policy") or {})
    return policy.target_gain if policy.role(task) == "target" else -policy.margin(task)


def _change(old: dict[str, Score], new: dict[str, Score], items: list[str]) -> dict[str, float] | None:
    if len(items) < 2:
        return None
    before, after = [old[item].score for item in items], [new[item].score for item in items]
    clusters = [old[item].cluster or item for item in items]
    return told(paired_change(before, after, clusters, ALPHA))


def _asked(candidate: Candidate) -> dict[tuple[str, int], tuple[str, str]]:
    """The base's questions, by task and number, each with its item; of two filters, the first."""
    asked: dict[tuple[str, int], tuple[str, str]] = {}
    seen: set[str] = set()
    for task in candidate.tasks:
        if task.split(":")[0] in seen:
            continue
        seen.add(task.split(":")[0])
        scores = [score for _, score in sorted(candidate.old[task].items()) if score.question]
        texts = without_frame([_question(candidate, str(score.question)) for score in scores])
        for number, (score, text) in enumerate(zip(scores, texts, strict=True), 1):
            asked[task, number] = text, score.item
    return asked


def _question(candidate: Candidate, text: str) -> str:
    """The last question in a rendered prompt: without the chat template, and without examples before it."""
    before, after = _template(candidate)
    if before and before in text:
        text = text.rsplit(before, 1)[1]
    return text.removesuffix(after)


def _template(candidate: Candidate) -> tuple[str, str]:
    """What the chat template writes right before and after a question."""
    tokenizer = candidate.asking.models.tokenizer_of(candidate.base)
    mark = "QUESTION"
    turns = [{"role": "user", "content": mark}]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    before, found, after = text.partition(mark)
    return (before, after) if found else ("", "")


def _learned(row: Example) -> Example:
    """A row as the leakage step takes one that is trained on."""
    return {**row, "split": "train"}


def _words(text: str) -> str:
    """A question as the index tells two apart."""
    return " ".join(words_of(text))
