"""Find a task of the harness by name, without the harness reading its 14,000 files.

`TaskManager()` takes 20 CPU seconds, because it parses every YAML it ships. Looking for the
one line that names the task, and indexing only that folder, takes about one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import TemplateError

from workbench.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager

    from workbench.suite_data.reading import TaskData

UNLOADABLE = (
    ImportError,
    FileNotFoundError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    TemplateError,
)
"""What the harness raises for a task whose settings or items are wrong."""

SPLITS = ("training_split", "validation_split", "test_split", "fewshot_split")


def harness_tasks() -> Path:
    """The folder of the tasks that the harness ships."""
    import lm_eval.tasks

    return Path(str(lm_eval.tasks.__file__)).parent


@lru_cache(maxsize=64)
def task_home(name: str) -> str | None:
    """The folder below the harness's tasks that holds a task or group; None when no line names it."""
    wanted = re.compile(rf"""^["']?(?:task|group)["']?\s*:\s*["']?{re.escape(name)}["']?\s*$""", re.MULTILINE)
    root = harness_tasks()
    for path in sorted(root.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if name in text and wanted.search(text):
            return str(path.parent.relative_to(root))
    return None


@lru_cache(maxsize=64)
def manager_of(home: str) -> TaskManager:
    """The harness's manager of one folder of its tasks."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=str(harness_tasks() / home), include_defaults=False)


@lru_cache(maxsize=1)
def whole_manager() -> TaskManager:
    """The harness's manager of every task; slow to make, so made once."""
    from lm_eval.tasks import TaskManager

    return TaskManager()


def load_by_name(name: str) -> dict[str, Any]:
    """Load a task, group or tag of the harness: ``{name: task}`` of its leaves.

    Raises `NotFoundError` for a name the harness does not have, or data that is not on this
    machine, and `InputError` for a task that does not load.
    """
    manager = _manager(name, [name])
    return _loaded(manager, name, name)


def load_offline(data: TaskData) -> dict[str, Any]:
    """Load a task of the harness on fetched items, as `load_by_name` does."""
    manager = _manager(data.task, list(data.leaves))
    members = []
    for leaf, files in data.leaves.items():
        settings = _settings(manager, leaf)
        missing = [key for key in SPLITS if settings.get(key) and settings[key] not in files]
        members.append(
            {
                "task": leaf,
                "dataset_path": "json",
                "dataset_name": None,
                "dataset_kwargs": {"data_files": {split: str(path) for split, path in files.items()}},
                **dict.fromkeys(missing),
            }
        )
    # The harness takes a bare dictionary for a whole task; members of a group override one.
    return _loaded(manager, {"group": "workbench_offline", "task": members}, data.task)


def _manager(name: str, members: list[str]) -> TaskManager:
    """The smallest manager that knows a task and its members."""
    place = task_home(members[0]) or task_home(name)
    for home in dict.fromkeys([place, place.split("/")[0]] if place else []):
        manager = manager_of(home)
        if all(member in manager.all_tasks for member in members) and _is_complete(manager, name):
            return manager
    manager = whole_manager()
    unknown = [member for member in members if member not in manager.all_tasks]
    if unknown:
        raise NotFoundError(
            f"the harness has no task '{unknown[0]}'", remedy="see its list of tasks: lm-eval ls tasks"
        )
    return manager


def _is_complete(manager: TaskManager, name: str) -> bool:
    """Whether all members of a group lie in the manager's folder; a task is complete by itself."""
    entry = manager.task_index.get(name)
    members = (entry.cfg or {}).get("task") if entry else None
    if not isinstance(members, list):
        return True
    named = [
        member.get("task", member.get("group")) if isinstance(member, dict) else member for member in members
    ]
    return all(member in manager.all_tasks and _is_complete(manager, str(member)) for member in named)


def _settings(manager: TaskManager, leaf: str) -> dict[str, Any]:
    """A task's settings as its YAML has them, includes followed, nothing run."""
    from lm_eval.tasks._yaml_loader import load_yaml

    entry = manager.task_index[leaf]
    return dict(load_yaml(entry.yaml_path, resolve_func=False, recursive=True)) if entry.yaml_path else {}


def _loaded(manager: TaskManager, spec: str | dict[str, Any], name: str) -> dict[str, Any]:
    try:
        found = manager.load([spec])
    except ConnectionError as error:
        raise NotFoundError(
            f"the items of task '{name}' are not on this machine",
            remedy=f"fetch them where there is a network: workbench suites fetch {name} --to FOLDER",
        ) from error
    except UNLOADABLE as error:
        raise InputError(
            f"the harness cannot load task '{name}' ({type(error).__name__})",
            remedy="its items may lack a column or split; the run's log.txt has the harness's own words",
        ) from error
    return dict(found["tasks"])
