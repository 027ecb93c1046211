"""The rows that an adapter was trained on, and rows of the same version that it never saw."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.examples import Example
from workbench.files import read_json
from workbench.lineage import adapter_history
from workbench.projects import Project
from workbench.runs import open_run
from workbench.versions import Dataset, open_dataset

BLOCK = 512


@dataclass(frozen=True)
class TrainedOn:
    """One training: its run, its versions (rows, replay, retained text), and the ids it read."""

    run: str
    kind: str
    dataset: str
    replay: str | None
    retained_text: str | None
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Stratum:
    """Sampled rows of one version: ``train`` was learned from, ``held_out`` was not."""

    dataset: str
    train: tuple[Example, ...]
    held_out: tuple[Example, ...]


def trained_on(project: Project, adapter: Path) -> list[TrainedOn]:
    """The trainings from the first adapter to this one (or to this checkpoint), oldest first.

    Empty for an adapter that was not made here. Raises `NotFoundError` for a run that is gone.
    """
    history = adapter_history(project, adapter) or adapter_history(project, adapter.parent)
    return [_training(project, manifest) for manifest in history]


def training_rows(project: Project, trainings: Iterable[TrainedOn]) -> Iterator[Example]:
    """Every row that was learned from, once for each training; they stream."""
    for training in trainings:
        for ref in (training.dataset, training.replay):
            if ref:
                yield from _rows_of(open_dataset(project, ref), training.ids)


def strata(project: Project, trainings: Iterable[TrainedOn], rows: int) -> list[Stratum]:
    """At most ``rows`` training rows, and as many held-out ones, shared among the versions.

    Rows are chosen by the hash of their ids. Held out are those of the split ``test``, else
    ``validation``. A version without held-out rows gives only training rows.
    """
    by_version = {training.dataset: training for training in trainings}
    each = max(1, rows // max(1, len(by_version)))
    found = []
    for ref, training in by_version.items():
        dataset = open_dataset(project, ref)
        learned = set(training.ids)
        table = dataset.table(["id", "kind", "split"]).to_pylist()
        own = [row["id"] for row in table if row["id"] in learned]
        unseen = [row for row in table if row["kind"] == training.kind and row["id"] not in learned]
        test = [row["id"] for row in unseen if row["split"] == "test"]
        held_out = test or [row["id"] for row in unseen if row["split"] == "validation"]
        found.append(Stratum(ref, _sampled(dataset, own, each), _sampled(dataset, held_out, each)))
    return found


def group_of(row: Example) -> str:
    """What rows that are not independent of each other share: their group, else only themselves."""
    return str(row.get("group") or row["id"])


def _training(project: Project, manifest: dict[str, Any]) -> TrainedOn:
    settings = manifest["settings"]
    kept = open_run(project, manifest["run"]).path / "rows.json"
    ids = read_json(kept)["train"] if kept.exists() else []
    return TrainedOn(
        run=manifest["run"],
        kind="sft" if settings["method"] == "sft" else "preference",
        dataset=manifest["dataset"]["ref"],
        replay=settings.get("replay"),
        retained_text=settings.get("retained_text"),
        ids=tuple(ids),
    )


def _rows_of(dataset: Dataset, ids: Iterable[str]) -> Iterator[Example]:
    wanted = set(ids)
    return (row for row in dataset.examples(BLOCK) if row["id"] in wanted)


def _sampled(dataset: Dataset, ids: list[str], count: int) -> tuple[Example, ...]:
    chosen = heapq.nsmallest(count, ids, key=lambda identity: hashlib.sha256(identity.encode()).digest())
    rows = dataset.lookup(chosen)
    return tuple(rows[identity] for identity in chosen)
