"""Propose: run a recipe's steps over a version and write their findings."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from workbench.earlier import earlier_of, earlier_on_disk
from workbench.engine import BATCH_ROWS, Engine, Task, check_engine, opened_engine, shards_of
from workbench.engine.shards import feature_columns, found_tables
from workbench.errors import BusyError
from workbench.files import storage_errors, sweep, write_json
from workbench.findings import Finding, findings_folder, fingerprint_of, write_findings
from workbench.fingerprints import step_fingerprint
from workbench.projects import Project
from workbench.recipes import Recipe, Step
from workbench.versions import Dataset, reading

__all__ = ["BATCH_ROWS", "StepResult", "features_table", "preview", "propose"]

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


@dataclass(frozen=True)
class Planned:
    """One step of a recipe over one version: where its findings go and what they depend on."""

    step: Step
    path: Path
    fingerprint: str
    before: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether the findings are there already, made by the same code from the same rows."""
        return fingerprint_of(self.path) == self.fingerprint

    @property
    def shards(self) -> Path:
        """Where the results of single shards lie until the findings file is whole."""
        return self.path.parent / ".shards" / f"{self.step.name}-{self.fingerprint}"


def propose(
    project: Project,
    dataset: Dataset,
    recipe: Recipe,
    *,
    workers: int | None = None,
    engine: str = "local",
    ray_address: str | None = None,
    progress: Progress | None = None,
) -> list[StepResult]:
    """Run all steps in order and write one findings file a step; one proposal a version at a time.

    The findings are the same byte for byte on every engine (see `opened_engine`) and with any
    number of workers. Steps whose file is already there, made by the same code, options and
    rows, are not run again, nor are the shards that an interrupted step has done. Rows stream
    in batches; the feature columns of group steps lie on disk. ``progress`` gets step, rows
    done and rows in all; what it raises stops the work. Raises `InputError` for wrong
    options, `MissingExtraError`, `BusyError`, `NotFoundError` for what a step needs; the
    findings of an earlier recipe are then still there.
    """
    check_engine(engine, ray_address)
    with _one_at_a_time(project, dataset), ExitStack() as stack:
        plan = _planned(project, dataset, recipe)
        # What cannot be done is refused before anything that was found is taken away.
        tasks = _tasks(project, dataset, plan)
        opened: Engine | None = None
        if tasks:
            opened = stack.enter_context(opened_engine(engine, dataset.rows, workers, ray_address))
        _clear(findings_folder(project, dataset), plan)
        results = []
        for planned in plan:
            started = time.perf_counter()
            if opened and planned.step.name in tasks:
                _run_step(planned, tasks.pop(planned.step.name), opened, dataset.rows, progress)
            if progress:
                progress(planned.step.name, dataset.rows, dataset.rows)
            results.append(_result(planned, dataset, time.perf_counter() - started))
        summary = {
            "dataset": dataset.ref,
            "recipe": recipe.as_dict(),
            "engine": engine,
            "workers": opened.workers if opened else None,
            "steps": [result.as_dict() for result in results],
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        write_json(findings_folder(project, dataset) / "propose.json", summary)
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
            findings += step.module.find(table, step.options, earlier_of(findings))
    return findings


def features_table(
    project: Project,
    dataset: Dataset,
    step: Step,
    workers: int = 1,
    tick: Callable[[int], None] | None = None,
) -> pa.Table:
    """Compute the feature columns of a group step for every row; nothing is kept on disk."""
    with tempfile.TemporaryDirectory(dir=project.root, prefix=".features-") as folder:
        context = _prepare(project, dataset, step)
        task = Task(step.name, step.options, context, Path(folder), "", shards_of(dataset))
        with opened_engine("local", dataset.rows, workers) as engine:
            engine.run(task, range(len(task.shards)), tick or (lambda _rows: None))
        return feature_columns(task)


def _planned(project: Project, dataset: Dataset, recipe: Recipe) -> list[Planned]:
    folder = findings_folder(project, dataset)
    plan: list[Planned] = []
    for step in recipe.steps:
        earlier = [f"{planned.step.name}:{planned.fingerprint}" for planned in plan]
        fingerprint = step_fingerprint(project, dataset, step, earlier)
        names = tuple(planned.step.name for planned in plan)
        plan.append(Planned(step, folder / f"{step.name}.parquet", fingerprint, names))
    return plan


def _clear(folder: Path, plan: list[Planned]) -> None:
    """Take away what this recipe will not make again as it is."""
    # From here to the end the findings are of no one recipe, and must not be published.
    (folder / "propose.json").unlink(missing_ok=True)
    sweep(folder)
    for stale in set(folder.glob("*.parquet")) - {planned.path for planned in plan}:
        stale.unlink()
    for stale in set(folder.glob(".shards/*")) - {planned.shards for planned in plan}:
        shutil.rmtree(stale, ignore_errors=True)


def _tasks(project: Project, dataset: Dataset, plan: list[Planned]) -> dict[str, Task]:
    """What is to be done for each step that is not done, by the step's name, ready to run."""
    waiting = [planned for planned in plan if not planned.is_done]
    shards = shards_of(dataset) if waiting else ()
    return {
        planned.step.name: Task(
            planned.step.name,
            planned.step.options,
            _prepare(project, dataset, planned.step),
            planned.shards,
            planned.fingerprint,
            shards,
        )
        for planned in waiting
    }


def _run_step(planned: Planned, task: Task, engine: Engine, total: int, progress: Progress | None) -> None:
    folder = planned.shards
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
    waiting = [number for number in range(len(task.shards)) if not task.is_done(number)]
    count = total - sum(task.shards[number].rows for number in waiting)

    def tick(rows: int) -> None:
        nonlocal count
        count += rows
        if progress:
            progress(task.step, count, total)

    tick(0)
    engine.run(task, waiting, tick)
    write_findings(planned.path, _findings(task, planned, engine, lambda: tick(0)), planned.fingerprint)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # other steps may have shards yet
        folder.parent.rmdir()


def _findings(
    task: Task, planned: Planned, engine: Engine, look_up: Callable[[], None]
) -> Iterator[Finding | pa.Table]:
    """All findings of a step: those of its shards in order, or what it makes of all columns."""
    found: Iterable[Finding | pa.Table]
    if task.module.SCOPE == "map":
        found = found_tables(task)
    else:
        columns = feature_columns(task)
        earlier = earlier_on_disk(planned.path.parent, planned.before, engine.collisions)
        found = task.module.find(columns, task.options, earlier) if columns.num_rows else []
    for number, finding in enumerate(found):
        if number % BATCH_ROWS == 0:
            look_up()
        yield finding


def _prepare(project: Project, dataset: Dataset, step: Step) -> Any:
    prepare = getattr(step.module, "prepare", None)
    return prepare(step.options, project, dataset) if prepare else None


def _result(planned: Planned, dataset: Dataset, seconds: float) -> StepResult:
    counts: Counter[str] = Counter()
    with reading(planned.path), pq.ParquetFile(planned.path) as parquet:
        for batch in parquet.iter_batches(columns=["proposal"]):
            for count in batch["proposal"].value_counts().to_pylist():
                counts[count["values"]] += count["counts"]
    rate = dataset.rows / max(seconds, 1e-9)
    return StepResult(
        planned.step.name, counts.total(), dict(sorted(counts.items())), round(seconds, 3), round(rate, 1)
    )


@contextmanager
def _one_at_a_time(project: Project, dataset: Dataset) -> Iterator[None]:
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
        yield
    finally:
        lock.release()
