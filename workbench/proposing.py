"""Propose: run a recipe's steps over a version and write their findings."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from workbench.engine import Batch, default_workers, map_batches
from workbench.errors import BusyError
from workbench.files import storage_errors, sweep, write_json
from workbench.findings import (
    Finding,
    finding_counts,
    findings_folder,
    fingerprint_of,
    read_findings,
    write_findings,
)
from workbench.projects import Project
from workbench.recipes import Recipe, Step
from workbench.steps._earlier import Earlier
from workbench.versions import Dataset

BATCH_ROWS = 512
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class StepResult:
    """What one step did: counts by proposal, seconds, rows a second."""

    step: str
    findings: int
    by_proposal: dict[str, int]
    seconds: float
    rows_per_s: float

    def as_dict(self) -> dict[str, Any]:
        """As the machine contract of ``workbench propose`` has it."""
        return asdict(self)


def propose(
    project: Project,
    dataset: Dataset,
    recipe: Recipe,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[StepResult]:
    """Run all steps in order and write one findings file a step; one proposal a version at a time.

    Steps whose file is already there, made by the same code, options and rows, are not run
    again: an interrupted proposal goes on where it stopped. Rows stream in batches; group
    steps hold only their feature columns. Raises `InputError` for wrong options, `BusyError`.
    """
    folder = findings_folder(project, dataset)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=2.0)
        except Timeout as error:
            raise BusyError(
                f"another run is proposing for {dataset.ref}", remedy="wait for it; see `workbench runs`"
            ) from error
    try:
        return _propose(project, dataset, recipe, workers, progress)
    finally:
        lock.release()


def _propose(
    project: Project, dataset: Dataset, recipe: Recipe, workers: int | None, progress: Progress | None
) -> list[StepResult]:
    folder = findings_folder(project, dataset)
    names = [step.name for step in recipe.steps]
    # From here to the end the findings are of no one recipe, and must not be published.
    (folder / "propose.json").unlink(missing_ok=True)
    sweep(folder)
    for stale in folder.glob("*.parquet"):
        if stale.stem not in names:
            stale.unlink()
    processes = workers or default_workers(dataset.rows)
    done: list[str] = []
    results = []
    for step in recipe.steps:
        started = time.perf_counter()
        path = folder / f"{step.name}.parquet"
        fingerprint = step.fingerprint(f"{dataset.content_hash}{done}")
        if fingerprint_of(path) != fingerprint:
            found = _run_step(project, dataset, step, done, processes, progress)
            write_findings(path, found, fingerprint)
        if progress:
            progress(step.name, dataset.rows, dataset.rows)
        done.append(f"{step.name}:{fingerprint}")
        results.append(_result(project, dataset, step.name, time.perf_counter() - started))
    summary = {
        "dataset": dataset.ref,
        "recipe": recipe.as_dict(),
        "steps": [result.as_dict() for result in results],
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    write_json(folder / "propose.json", summary)
    return results


def preview(project: Project, dataset: Dataset, recipe: Recipe, rows: int) -> list[Finding]:
    """Run map and group steps over the first ``rows`` rows, in this process, writing nothing."""
    batch = list(itertools.islice(dataset.examples(), rows))
    findings: list[Finding] = []
    for step in recipe.steps:
        context = _prepare(project, dataset, step)
        if step.module.SCOPE == "map":
            findings += step.module.find(batch, step.options, context)
        else:
            table = pa.table(step.module.features(batch, step.options, context))
            findings += step.module.find(table, step.options, _earlier_of(findings))
    return findings


def features_table(
    project: Project,
    dataset: Dataset,
    step: Step,
    workers: int = 1,
    tick: Callable[[int], None] | None = None,
) -> pa.Table:
    """Compute the feature columns of a group step for every row."""
    context = _prepare(project, dataset, step)
    tables = []
    for rows, columns in map_batches(step.name, _batches(dataset), step.options, context, workers):
        tables.append(pa.table(columns))
        if tick:
            tick(rows)
    return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})


def _run_step(
    project: Project,
    dataset: Dataset,
    step: Step,
    done: list[str],
    workers: int,
    progress: Progress | None,
) -> Iterator[Finding]:
    count = 0

    def tick(rows: int) -> None:
        nonlocal count
        count += rows
        if progress:
            progress(step.name, count, dataset.rows)

    if step.module.SCOPE == "map":
        context = _prepare(project, dataset, step)
        for rows, found in map_batches(step.name, _batches(dataset), step.options, context, workers):
            tick(rows)
            yield from found
        return
    table = features_table(project, dataset, step, 1 if step.name == "clusters" else workers, tick)
    if table.num_rows:
        earlier = _earlier(project, dataset, [name.split(":")[0] for name in done])
        yield from step.module.find(table, step.options, earlier)


def _prepare(project: Project, dataset: Dataset, step: Step) -> Any:
    prepare = getattr(step.module, "prepare", None)
    return prepare(step.options, project, dataset) if prepare else None


def _earlier(project: Project, dataset: Dataset, steps: list[str]) -> Earlier:
    found = (
        finding
        for name in steps
        for finding in read_findings(project, dataset, step=name, proposals=("drop", "tag"))
    )
    return _earlier_of(found)


def _earlier_of(findings: Any) -> Earlier:
    dropped, clusters = set(), {}
    for finding in findings:
        if finding.proposal == "drop":
            dropped.add(finding.example_id)
        elif finding.kind == "cluster":
            clusters[finding.example_id] = str(finding.evidence["cluster"])
    return Earlier(frozenset(dropped), clusters=clusters)


def _batches(dataset: Dataset) -> Iterator[Batch]:
    for batch in dataset.batches(rows=BATCH_ROWS):
        yield batch.to_pylist()


def _result(project: Project, dataset: Dataset, step: str, seconds: float) -> StepResult:
    counts: Counter[str] = Counter()
    for row in finding_counts(project, dataset):
        if row["step"] == step:
            counts[row["proposal"]] += row["findings"]
    total = sum(counts.values())
    return StepResult(
        step, total, dict(counts), round(seconds, 3), round(dataset.rows / max(seconds, 1e-9), 1)
    )
