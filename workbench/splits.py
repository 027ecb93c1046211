"""Splits that never put one conversation, group or duplicate on two sides.

Rows are first joined into units: same group key, same normalised prompt, or verified near
duplicates. Whole units are then dealt to the splits, label by label, by a seeded hash.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from workbench.errors import InputError
from workbench.examples import Example, prompt_text
from workbench.projects import Project
from workbench.proposing import BATCH_ROWS
from workbench.steps import near_duplicates
from workbench.steps.exact_duplicates import Options as ExactOptions
from workbench.steps.exact_duplicates import normalise
from workbench.versions import Dataset, write_version

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitResult:
    """The new version and the rows of each split."""

    dataset: str
    parent: str
    rows: dict[str, int]
    units: int
    largest_unit: int

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def split(
    project: Project,
    dataset: Dataset,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    threshold: float = 0.75,
    seed: int = 0,
) -> SplitResult:
    """Write the next version with the ``split`` column filled. Raises `InputError`."""
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise InputError(
            "validation and test shares leave nothing to train on",
            remedy="give shares between 0 and 1 that add up to less than 1",
        )
    units, labels = _units(project, dataset, threshold)
    assignment = deal(units, labels, {"validation": validation, "test": test}, seed)
    written = write_version(
        project,
        dataset.name,
        _assigned(dataset, assignment),
        parent=dataset,
        origin={
            "verb": "split",
            "validation": validation,
            "test": test,
            "threshold": threshold,
            "seed": seed,
        },
    )
    sizes = Counter(units)
    rows = Counter(assignment)
    return SplitResult(
        written.ref,
        dataset.ref,
        {name: rows.get(name, 0) for name in SPLITS},
        len(sizes),
        max(sizes.values(), default=0),
    )


def deal(units: list[int], labels: list[str], shares: dict[str, float], seed: int) -> list[str]:
    """Give every row a split: whole units, each label near its share, deterministic.

    Units of one label are taken in the order of a seeded hash; a unit goes to the split
    that lacks most rows for its share, and to ``train`` when none lacks any.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for row, unit in enumerate(units):
        members[unit].append(row)
    by_label: dict[str, list[list[int]]] = defaultdict(list)
    for rows in members.values():
        label = Counter(labels[row] for row in rows).most_common(1)[0][0]
        by_label[label].append(rows)
    result = ["train"] * len(units)
    for label, groups in sorted(by_label.items()):
        groups.sort(key=lambda rows: hashlib.sha256(f"{seed}{label}{rows[0]}".encode()).digest())
        total = sum(len(rows) for rows in groups)
        wanted = {name: share * total for name, share in shares.items()}
        for rows in groups:
            name = max(wanted, key=lambda split_name: wanted[split_name])
            if wanted[name] >= 0.5 * len(rows) and wanted[name] >= 0.5:
                wanted[name] -= len(rows)
                for row in rows:
                    result[row] = name
    return result


def _units(project: Project, dataset: Dataset, threshold: float) -> tuple[list[int], list[str]]:
    """Union-find over group keys, normalised prompts and verified near duplicates."""
    parent: list[int] = list(range(dataset.rows))
    labels: list[str] = []
    firsts: dict[str, int] = {}
    tables = []
    options = near_duplicates.Options(threshold=threshold, part_threshold=0.0, min_words=1)
    exact = ExactOptions(ignore_punctuation=True)
    row = 0
    for batch in dataset.batches(rows=BATCH_ROWS):
        examples: list[Example] = batch.to_pylist()
        columns = near_duplicates.features(examples, options)
        tables.append(pa.table({name: columns[name] for name in ("bands", "prompt", "answer")}))
        for example in examples:
            labels.append(example["label"] or "")
            prompt = normalise(prompt_text(example), exact)
            keys = [f"p{hashlib.sha256(prompt.encode()).hexdigest()}"] if prompt else []
            if example["group"]:
                keys.append(f"g{example['group']}")
            for key in keys:
                _join(parent, row, firsts.setdefault(key, row))
            row += 1
    if tables and row > 1:
        for left, right, _ in near_duplicates.verified_pairs(pa.concat_tables(tables), options):
            _join(parent, left, right)
    return [_root(parent, i) for i in range(row)], labels


def _join(parent: list[int], left: int, right: int) -> None:
    low, high = sorted((_root(parent, left), _root(parent, right)))
    parent[high] = low


def _root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


def _assigned(dataset: Dataset, assignment: list[str]) -> Iterator[Example]:
    for example, name in zip(dataset.examples(), assignment, strict=True):
        example["split"] = name
        yield example
