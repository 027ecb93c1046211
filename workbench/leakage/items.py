"""Evaluation items: the questions that no training row may hold.

They are the local items of every suite that the project sees, and held-out rows: the
version's own validation and test rows, and every row of the data sets that are named.
A suite's item is known by its task and line; a held-out row by its version and row number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from workbench.errors import NotFoundError
from workbench.examples import prompt_text
from workbench.projects import Project
from workbench.suites import Suite, load_suite, suite_items, suite_names
from workbench.versions import Dataset, open_dataset

HELD_OUT = ("validation", "test")
COLUMNS = ("id", "split", "messages")
ROLES = ("target", "retained")
FRAME_ITEMS, FRAME_WORDS = 3, 5


class Item(NamedTuple):
    """One item. ``task`` is a task of a suite, or the version that the row ``number`` is of."""

    task: str
    number: int
    text: str


def items_of_suites(
    project: Project, suites: Sequence[str] = (), roles: tuple[str, ...] = ROLES
) -> Iterator[Item]:
    """Each local item of the suites (none named: all that the project sees), once.

    Instructions that a task puts before or after every question are not part of an item.
    """
    seen: set[tuple[str, int]] = set()
    for suite in suites or suite_names(project):
        found = suite_items(load_suite(suite, project), roles)
        for task, items in groupby(found, key=itemgetter(0)):
            numbered = [(number, text) for _, number, text in items]
            questions = without_frame([text for _, text in numbered])
            for (number, _), question in zip(numbered, questions, strict=True):
                if (task, number) not in seen:
                    seen.add((task, number))
                    yield Item(task, number, question)


def items_held_out(project: Project, dataset: Dataset, others: Sequence[str] = ()) -> Iterator[Item]:
    """The questions of the version's own held-out rows, and of every row of other data sets."""
    counts = dataset.manifest["counts"]["split"]
    if any(counts.get(split) for split in HELD_OUT):
        yield from _rows(dataset, HELD_OUT)
    for ref in others:
        other = open_dataset(project, ref)
        if other.ref != dataset.ref:
            yield from _rows(other, ())


def items_state(
    project: Project,
    dataset: Dataset,
    suites: Sequence[str],
    roles: tuple[str, ...],
    others: Sequence[str],
) -> str:
    """A hash that changes whenever the items do."""
    digest = hashlib.sha256()
    for item in items_of_suites(project, suites, roles):
        digest.update(repr(item).encode("utf-8", "replace"))
    for ref in others:
        other = open_dataset(project, ref)
        digest.update(f"{other.ref} {other.content_hash}\n".encode())
    digest.update(dataset.content_hash.encode())
    return digest.hexdigest()


def item_text(project: Project, task: str, number: int) -> str:
    """Fetch the question of an item that a finding names. Raises `NotFoundError`."""
    if "@" in task:
        dataset = open_dataset(project, task)
        found: Iterator[Item] = islice(_rows(dataset, (), first=number), 1)
    else:
        found = (item for item in items_of_suites(project) if item[:2] == (task, number))
    item = next(found, None)
    if item is None:
        raise NotFoundError(
            f"item {number} of '{task}' is no longer there", remedy="run `workbench propose` again"
        )
    return item.text


def unchecked_tasks(project: Project, suites: Sequence[str] = ()) -> list[str]:
    """Tasks whose items are not local files, such as those of the harness: they cannot be compared."""
    names: set[str] = set()
    for name in suites or suite_names(project):
        suite: Suite = load_suite(name, project)
        known = {task for task, _, _ in suite_items(suite, ROLES)}
        names |= {suite.task_name(task) for task in suite.file.tasks} - known
    return sorted(names)


def without_frame(texts: list[str]) -> list[str]:
    """The texts without the words that all begin with and all end with, where these are many."""
    if len(texts) < FRAME_ITEMS:
        return texts
    start = len(_frame(texts))
    rest = [text[start:] for text in texts]
    end = len(_frame([text[::-1] for text in rest]))
    return [text[: len(text) - end] for text in rest]


def _frame(texts: list[str]) -> str:
    """The whole words that all texts begin with, or nothing when they are few."""
    first, last = min(texts), max(texts)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    whole = first[: max(first.rfind(" ", 0, same), first.rfind("\n", 0, same)) + 1]
    return whole if len(whole.split()) >= FRAME_WORDS else ""


def _rows(dataset: Dataset, splits: tuple[str, ...], first: int = 1) -> Iterator[Item]:
    number = 0
    for batch in dataset.batches(columns=COLUMNS):
        if number + batch.num_rows < first:
            number += batch.num_rows
            continue
        for row in batch.to_pylist():
            number += 1
            if number >= first and (not splits or row["split"] in splits):
                yield Item(dataset.ref, number, prompt_text(row))
