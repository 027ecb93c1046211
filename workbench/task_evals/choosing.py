"""Which metrics fit a split: a look at its answers, and the choice that follows from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.projects import Project
from workbench.task_evals.items import Item, heldout_ids, heldout_items
from workbench.task_evals.metrics.classification import distinct_classes
from workbench.task_evals.metrics.json_answers import NOTHING, parsed_json
from workbench.task_evals.metrics.numbers import NUMBER, last_number
from workbench.task_evals.settings import HeldoutTask
from workbench.versions import open_dataset

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_CLASSES = 50
ROWS_A_CLASS = 3
CLASS_WORDS = 8
SHORT_WORDS = 8
NEARLY_ALL = 0.95
CLASS_CHARACTERS = 200
TRACKED = 2000
"""Different answers that are counted; with more than this, or longer ones, they are no classes."""


@dataclass(frozen=True)
class Look:
    """What the answers of a split look like. Words and tokens: quantiles over its rows."""

    items: int
    without_answer: int
    json: float
    numbers: float
    classes: tuple[str, ...]
    rows_a_class: float
    labelled: float
    words_median: int
    words_p95: int
    tokens_p99: int | None


@dataclass(frozen=True)
class Choice:
    """Metrics, the first of which is the score, and why these."""

    metrics: tuple[str, ...]
    reason: str


def look(
    project: Project,
    task: HeldoutTask,
    limit: int | None = None,
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> Look:
    """Look at the answers of a task's rows, one at a time. Raises `InputError` without any."""
    dataset = open_dataset(project, task.data)
    ids = heldout_ids(dataset, task, limit)
    seen = _Seen()
    for item in heldout_items(dataset, task, ids):
        seen.add(item, tokenizer)
    return seen.look(len(ids))


def choose(task: HeldoutTask, seen: Look) -> Choice:
    """The metrics named in the task, or those that fit what its answers look like.

    Raises `InputError` when classes are named and the answers are none.
    """
    if "class_match" in task.metrics and not seen.classes:
        raise InputError(
            "the answers of this split are no classes",
            where=f"over {TRACKED:,} different ones, or some over {CLASS_CHARACTERS} characters",
            remedy="name another metric, or `extract` and rows that hold the class alone",
        )
    if task.metrics:
        return Choice(task.metrics, "named in the task")
    if seen.json >= NEARLY_ALL:
        return Choice(("json_match", "json_valid", "json_fields", "exact_match"), "the answers are JSON")
    few = 2 <= len(seen.classes) <= MOST_CLASSES and seen.rows_a_class >= ROWS_A_CLASS
    if few and seen.words_p95 <= CLASS_WORDS:
        return Choice(
            ("class_match", "exact_match"), f"the answers are {len(seen.classes)} classes, each many times"
        )
    if seen.numbers >= NEARLY_ALL:
        return Choice(("numeric", "exact_match"), "the answers are numbers")
    if seen.words_median <= SHORT_WORDS:
        return Choice(("normalised_match", "exact_match", "token_f1"), "the answers are short")
    return Choice(("rouge_l", "chrf", "bleu", "token_f1"), "the answers are long texts")


class _Seen:
    """Counts over the answers seen so far; holds no text but what may be classes."""

    def __init__(self) -> None:
        self.json = self.numbers = self.labelled = 0
        self.words: list[int] = []
        self.tokens: list[int] = []
        self.answers: Counter[str] | None = Counter()

    def add(self, item: Item, tokenizer: PreTrainedTokenizerBase | None) -> None:
        """Count one answer."""
        words = len(item.reference.split())
        self.words.append(words)
        value = parsed_json(item.reference)
        self.json += isinstance(value, (dict, list)) and value is not NOTHING
        self.numbers += _is_number(item.reference)
        self.labelled += "label" in item.slices
        if tokenizer is not None:
            self.tokens.append(len(tokenizer(item.reference, add_special_tokens=False)["input_ids"]))
        if self.answers is not None:
            self.answers[item.reference] += 1
            if len(self.answers) > TRACKED or len(item.reference) > CLASS_CHARACTERS:
                self.answers = None

    def look(self, asked: int) -> Look:
        """What was seen, of the rows asked for."""
        count = len(self.words)
        if not count:
            raise InputError(
                "no row of this split has an answer in words",
                where=f"{asked} rows",
                remedy="name a split whose rows end with an answer of the assistant",
            )
        classes = distinct_classes(list(self.answers or ()))
        return Look(
            items=count,
            without_answer=asked - count,
            json=self.json / count,
            numbers=self.numbers / count,
            classes=classes,
            rows_a_class=count / len(classes) if classes else 0.0,
            labelled=self.labelled / count,
            words_median=_quantile(self.words, 0.5),
            words_p95=_quantile(self.words, 0.95),
            tokens_p99=_quantile(self.tokens, 0.99) if self.tokens else None,
        )


def _is_number(text: str) -> bool:
    """Whether a text is a number and at most a unit, or ends with ``#### number`` as GSM8K's do."""
    if "####" in text:
        return last_number(text.rpartition("####")[2]) is not None
    found = NUMBER.search(text)
    return found is not None and len(text.split()) <= 2 and len(NUMBER.findall(text)) == 1


def _quantile(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
