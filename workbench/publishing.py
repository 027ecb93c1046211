"""Publish: the only function that changes rows. Findings and decisions in, new version out.

Beside the new version's rows lies ``changes.parquet``: one line for every row that was
dropped, edited or weighted, with the finding that caused it and who said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from workbench.editing import edited
from workbench.errors import BusyError, InputError
from workbench.examples import SOURCE, Example
from workbench.files import storage_errors, temporary_name
from workbench.finding_queries import listed
from workbench.findings import findings_folder, proposed_recipe
from workbench.plans import Change, make_plan, overruled, planned
from workbench.projects import Project
from workbench.value_keys import value_key
from workbench.vault.keys import key_from_environment
from workbench.vault.recording import RowRecord
from workbench.vault.storing import VaultWriter
from workbench.versions import Dataset, open_dataset, unique_ids, write_version

CHANGES = pa.schema(
    [
        ("id", pa.string()),
        ("new_id", pa.string()),
        ("source", SOURCE),
        ("change", pa.string()),
        ("step", pa.string()),
        ("kind", pa.string()),
        ("finding", pa.string()),
        ("by", pa.string()),
        ("why", pa.string()),
    ]
)
LOG_ROWS = 5000
LOCK_SECONDS = 60.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PublishResult:
    """The new version, and how many rows each reason changed."""

    dataset: str
    parent: str
    rows_in: int
    rows_out: int
    dropped: dict[str, int]
    edited: dict[str, int]
    overruled: int

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def publish(
    project: Project, dataset: Dataset, *, progress: Progress | None = None, vault: Path | None = None
) -> PublishResult:
    """Apply the findings of a version, as decided, and write the next version.

    Rows and changes stream side by side; memory does not grow with their number. The same
    findings and decisions give the same version, so publishing twice changes nothing. No
    recipe can start over this version meanwhile. With ``vault`` what the edits take out is
    kept there, encrypted with the key of `workbench.vault.keys`; that file is whole before the
    version is. Raises `InputError` when no findings were proposed for this version or a step's
    are gone, or the vault has no key or is there already, `BusyError` when a proposal is under way.
    """
    with _findings_held(project, dataset) as recipe, listed(project, dataset) as connection:
        make_plan(connection, project, dataset)
        refused = overruled(connection)
        with _vault_at(vault) as kept, _Log(project, dataset, kept) as log:
            rows = _changed_rows(dataset, planned(connection), log, progress)
            written = write_version(
                project,
                dataset.name,
                rows,
                parent=dataset,
                origin={"verb": "publish", "recipe": recipe},
                sidecar=log.move_into,
            )
    dropped, changed = log.counts("dropped"), log.counts("edited")
    return PublishResult(written.ref, dataset.ref, dataset.rows, written.rows, dropped, changed, refused)


def restore(project: Project, ref: str) -> Dataset:
    """Undo: write the rows of an older version as the newest one."""
    old = open_dataset(project, ref)
    newest = open_dataset(project, old.name)
    if newest.version == old.version:
        raise InputError(f"{old.ref} is the newest version already", remedy="name an older one")
    return write_version(
        project, old.name, old.examples(), parent=newest, origin={"verb": "restore", "from": old.ref}
    )


@contextmanager
def _findings_held(project: Project, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """The recipe that the findings are of; no other can run until the block ends."""
    proposed_recipe(project, dataset)
    folder = findings_folder(project, dataset)
    lock = FileLock(folder / ".lock")
    try:
        with storage_errors(folder):
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise BusyError(
            f"a recipe is running over {dataset.ref}", remedy="wait for it; see `workbench runs`"
        ) from error
    try:
        # A proposal may have begun, and may have been killed, since the first look.
        yield proposed_recipe(project, dataset)
    finally:
        lock.release()


def _vault_at(path: Path | None) -> AbstractContextManager[VaultWriter | None]:
    return nullcontext() if path is None else VaultWriter(path, key_from_environment())


def _changed_rows(
    dataset: Dataset, changes: Iterator[Change], log: _Log, progress: Progress | None
) -> Iterator[Example]:
    unique = unique_ids()
    key = cache(lambda: value_key(log.project))
    by_row = groupby(changes, key=lambda change: change.position)
    place, group = next(by_row, (None, iter(())))
    for position, example in enumerate(dataset.examples()):
        if progress and position and position % 1000 == 0:
            progress(position, dataset.rows)
        if position != place:
            example["id"] = unique(example["id"])
            yield example
            continue
        mine = list(group)
        place, group = next(by_row, (None, iter(())))
        dropped = mine[0].change == "dropped"
        old_id, source = example["id"], example["source"]
        if not dropped:
            record = RowRecord(old_id, example["meta"], example["tags"])
            example = edited(example, mine, record.replaced.append, key)
            example["id"] = unique(example["id"])
            log.keep(record, example["id"])
        for change in mine:
            log.add(change, old_id, None if dropped else example["id"], source)
        if not dropped:
            yield example


@dataclass
class _Log:
    """The changes as they are made, on disk beside the dataset until the version is whole."""

    project: Project
    dataset: Dataset
    vault: VaultWriter | None = None
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> _Log:
        self.path = temporary_name(self.project.folder("datasets", self.dataset.name, "changes"))
        with storage_errors(self.path):
            self.writer = pq.ParquetWriter(self.path, CHANGES, compression="zstd")
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        self.path.unlink(missing_ok=True)

    def add(self, change: Change, old_id: str, new_id: str | None, source: dict[str, Any]) -> None:
        if change.change == "tagged":
            return
        self.counted[change.change, f"{change.step}.{change.kind}"] += 1
        line = {name: getattr(change, name) for name in ("change", "step", "kind", "finding", "by", "why")}
        self.lines.append({"id": old_id, "new_id": new_id, "source": source, **line})
        if len(self.lines) >= LOG_ROWS:
            self._write()

    def keep(self, record: RowRecord, new_id: str) -> None:
        if self.vault is not None and record.replaced:
            self.vault.add(record.entry(new_id))

    def counts(self, change: str) -> dict[str, int]:
        return dict(sorted((reason, n) for (name, reason), n in self.counted.items() if name == change))

    def move_into(self, folder: Path) -> None:
        self._write()
        self.writer.close()
        if self.vault is not None:
            self.vault.finish()  # before the version is there: nothing may be gone for good
        self.path.replace(folder / "changes.parquet")

    def _write(self) -> None:
        if self.lines:
            self.writer.write_table(pa.Table.from_pylist(self.lines, CHANGES))
            self.lines.clear()
