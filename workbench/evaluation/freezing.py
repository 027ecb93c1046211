"""What an evaluation is bound to when it is made, so that it cannot change while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation.hashes import sha256_of
from workbench.files import file_sha256
from workbench.suite_data.reading import check_task_data, read_task_data
from workbench.suites import Suite


def frozen_suite(suite: Suite) -> dict[str, Any]:
    """The suite's settings, and of each task the SHA-256 of settings and of every file it reads.

    Raises `NotFoundError` for items that are not there, and `InputError` for fetched items
    that are not those that were fetched.
    """
    return {
        "suite_file": suite.file.model_dump(),
        "suite_folder": str(suite.folder.resolve()),
        "tasks": {suite.task_name(task): _frozen(suite, task) for task in suite.file.tasks},
    }


def refuse_changed(suite: Suite, tasks: dict[str, Any]) -> None:
    """Raise `InputError` when a file of a task is not what it was when the run was made.

    Half of the arms would otherwise have answered other items than the rest.
    """
    for task in suite.file.tasks:
        name = suite.task_name(task)
        if name in tasks and _frozen(suite, task) != tasks[name]:
            raise InputError(
                f"task '{name}' has changed since this evaluation was made",
                where=task.task,
                remedy="put its files back as they were, or evaluate anew",
            )


def _frozen(suite: Suite, task: Any) -> dict[str, Any]:
    folder = suite.data_folder(task)
    if folder is not None:
        check_task_data(read_task_data(folder, task.task))
    files = [Path(path) for path in suite.task_files(task)]
    return {
        "settings_sha256": sha256_of(task.model_dump()),
        "files": [{"name": path.name, "sha256": file_sha256(path)} for path in files],
    }
