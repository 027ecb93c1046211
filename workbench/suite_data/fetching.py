"""Fetch the items of the harness's tasks into files, on a machine that has a network.

The harness itself loads the task, so the rows are those it would ask; every split that the
task uses becomes one JSONL file, and a manifest holds the SHA-256 of each. Rows from files
at hand take the same shape, so that a task runs offline on data that was got another way.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.errors import InputError
from workbench.files import (
    file_sha256,
    storage_errors,
    sync_folder,
    temporary_name,
    write_json,
    write_text_lines,
)
from workbench.formats.files import records
from workbench.suite_data.harness_index import SPLITS, load_by_name
from workbench.suite_data.reading import MANIFEST, SAFE, TaskData, read_task_data


def fetch_task(task: str, folder: Path) -> TaskData:
    """Load a task, group or tag by the harness and write its items below ``folder``.

    Raises `NotFoundError` for an unknown task or data that cannot be reached, and
    `InputError` for rows that JSON cannot hold (images, sound).
    """
    leaves = load_by_name(task)
    splits = {
        leaf: {split: loaded.dataset[split] for split in _splits(loaded)} for leaf, loaded in leaves.items()
    }
    return _write(task, folder, splits)


def fetch_from_files(task: str, files: Mapping[str, Path], folder: Path) -> TaskData:
    """Write local files of rows (JSONL, also .gz, CSV, Parquet …) as the fetched items of a task.

    ``files`` is by split. The rows must have the columns that the harness's task asks for;
    `workbench suites check` tells. Raises `NotFoundError` and `InputError`.
    """
    splits = {split: _rows_of(path) for split, path in files.items()}
    return _write(task, folder, {task: splits})


def _splits(loaded: Any) -> list[str]:
    config = loaded.config
    named = [getattr(config, key, None) for key in SPLITS]
    own = getattr(config, "fewshot_config", None)
    named.append(own.get("split") if isinstance(own, dict) else None)
    return [split for split in dict.fromkeys(named) if split and split in loaded.dataset]


def _rows_of(path: Path) -> Iterator[dict[str, Any]]:
    for number, row in records(path):
        if not isinstance(row, dict):
            raise InputError(
                "an evaluation item cannot be read",
                where=f"{path.name}, line {number}",
                remedy="mend the line: one JSON object for each item",
            )
        yield row


def _write(task: str, folder: Path, leaves: Mapping[str, Mapping[str, Iterable[Any]]]) -> TaskData:
    if not SAFE.fullmatch(task):
        raise InputError(f"'{task[:60]}' cannot be the name of a task", remedy="name a task of the harness")
    target = folder / task
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        work = temporary_name(target)
        work.mkdir()
        try:
            entries = {leaf: _write_leaf(work, leaf, splits) for leaf, splits in leaves.items()}
            write_json(
                work / MANIFEST,
                {
                    "task": task,
                    "leaves": entries,
                    "lm_eval": importlib.metadata.version("lm-eval"),
                    "workbench": __version__,
                },
            )
            shutil.rmtree(target, ignore_errors=True)
            work.rename(target)
            sync_folder(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return read_task_data(folder, task)


def _write_leaf(work: Path, leaf: str, splits: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    if not SAFE.fullmatch(leaf):
        raise InputError(f"'{leaf[:60]}' cannot be the name of a file", remedy="fetch another task")
    entries = {}
    for split, rows in splits.items():
        if not SAFE.fullmatch(split):
            raise InputError(f"'{split[:60]}' cannot be a split", remedy="name train, validation or test")
        path = work / leaf / f"{split}.jsonl"
        count = write_text_lines(path, (_line(row, leaf) for row in rows))
        if not count:
            raise InputError(f"task '{leaf}' has no rows in split '{split}'", remedy="check its data")
        entries[split] = {"file": f"{leaf}/{split}.jsonl", "sha256": file_sha256(path), "rows": count}
    if not entries:
        raise InputError(f"task '{leaf}' has no split", remedy="check its data")
    return entries


def _line(row: Any, leaf: str) -> str:
    try:
        return json.dumps(dict(row), ensure_ascii=False)
    except TypeError as error:
        raise InputError(
            f"a row of task '{leaf}' holds what JSON cannot (an image, sound or bytes)",
            remedy="only tasks of text can be fetched",
        ) from error
