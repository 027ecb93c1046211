"""Read what `workbench suites fetch` wrote: a folder for each task, with hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InputError, NotFoundError
from workbench.files import DAMAGED, file_sha256, read_json

MANIFEST = "manifest.json"
SAFE = re.compile(r"[\w-][\w.-]*")


@dataclass(frozen=True)
class TaskData:
    """The fetched items of one task, or of every task of a group.

    ``leaves`` gives for each task of the harness its files by split.
    """

    task: str
    manifest: Path
    leaves: dict[str, dict[str, Path]]
    sha256: dict[Path, str]

    def files(self) -> list[Path]:
        """Manifest and items."""
        return [self.manifest, *sorted(self.sha256)]


def read_task_data(folder: Path, task: str) -> TaskData:
    """The items of a task in a folder of fetched data.

    Raises `NotFoundError` when the task was not fetched and `InputError` when the manifest is
    damaged or names files outside its folder.
    """
    home = folder / task
    path = home / MANIFEST
    if not SAFE.fullmatch(task) or not path.is_file():
        raise NotFoundError(
            f"the items of task '{task}' are not in this folder",
            where=str(folder),
            remedy=f"on a machine with a network: workbench suites fetch {task} --to FOLDER",
        )
    raw = read_json(path)
    try:
        leaves: dict[str, dict[str, Path]] = {}
        digests: dict[Path, str] = {}
        for leaf, splits in raw["leaves"].items():
            for split, entry in splits.items():
                file = (home / entry["file"]).resolve()
                if not file.is_relative_to(home.resolve()):
                    raise KeyError("file")
                leaves.setdefault(str(leaf), {})[str(split)] = file
                digests[file] = str(entry["sha256"])
        return TaskData(task, path, leaves, digests)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "the manifest of fetched items is damaged", where=str(path), remedy=DAMAGED
        ) from error


def check_task_data(data: TaskData) -> None:
    """Raise `InputError` when a file of items is missing or is not the one that was fetched."""
    for path, digest in data.sha256.items():
        if not path.is_file() or file_sha256(path) != digest:
            raise InputError(
                "a file of fetched items is missing or has changed",
                where=str(path),
                remedy=f"fetch it again: workbench suites fetch {data.task} --to FOLDER",
            )
