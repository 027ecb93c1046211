"""Suites: which tasks an evaluation runs, each with its role. YAML, the project's own first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.content import content_path
from workbench.errors import InputError, NotFoundError
from workbench.formats.files import records
from workbench.policy import Policy, TaskPolicy
from workbench.projects import Project

TASK_NAME = re.compile(r"[\w-][\w.-]*")
"""A task's name is also the name of a file in the run."""


class SuiteTask(BaseModel):
    """One task: a YAML file beside the suite, or the name of a task of the harness."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    task: str
    role: Literal["target", "retained"] = "retained"
    margin: float | None = Field(None, gt=0.0, lt=1.0)
    chance: float = Field(0.0, ge=0.0, lt=1.0)
    limit: int | None = Field(None, ge=10)


class SuiteFile(BaseModel):
    """The YAML of a suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    doc: str = ""
    tasks: list[SuiteTask] = Field(min_length=1)
    chat_template: bool = True
    batch_size: int = Field(32, ge=1)
    seed: int = 0
    policy: dict[str, Any] = {}


@dataclass(frozen=True)
class Suite:
    """A suite and the folder its task files are relative to."""

    file: SuiteFile
    folder: Path

    @property
    def name(self) -> str:
        """The suite's name."""
        return self.file.name

    def policy(self) -> Policy:
        """The gate's policy: the suite's thresholds, with each task's margin and role."""
        own = {
            self.task_name(task): TaskPolicy(margin=task.margin, chance=task.chance, role=task.role)
            for task in self.file.tasks
        }
        return Policy.model_validate({"name": self.name, **self.file.policy, "tasks": own})

    def task_config(self, task: SuiteTask) -> dict[str, Any] | None:
        """The task's own YAML with data files made absolute, or None for a harness task."""
        if not task.task.endswith((".yaml", ".yml")):
            return None
        path = self.folder / task.task
        config = _read_yaml(path)
        options = config.get("dataset_kwargs")
        files = options.get("data_files") if isinstance(options, dict) else None
        if files:
            config["dataset_kwargs"] = {
                **config["dataset_kwargs"],
                "data_files": _absolute(files, path.parent),
            }
        return config

    def task_name(self, task: SuiteTask) -> str:
        """The task's name in the harness."""
        config = self.task_config(task)
        if config is not None and not TASK_NAME.fullmatch(str(config.get("task", ""))):
            raise InputError("the task file names no task", where=task.task, remedy="write `task: NAME`")
        return str(config["task"]) if config else task.task


def suite_names(project: Project | None) -> list[str]:
    """Names of the suites a project sees."""
    return sorted({path.stem for folder in _folders(project) for path in folder.glob("*.yaml")})


def load_suite(name_or_file: str, project: Project | None) -> Suite:
    """Read a suite by name or file. Raises `NotFoundError` and `InputError`."""
    path = Path(name_or_file)
    if path.suffix not in (".yaml", ".yml"):
        found = [folder / f"{name_or_file}.yaml" for folder in _folders(project)]
        path = next((candidate for candidate in found if candidate.is_file()), path)
    if not path.is_file():
        raise NotFoundError(
            f"there is no suite '{name_or_file}'", remedy=f"suites: {', '.join(suite_names(project))}"
        )
    raw = _read_yaml(path)
    try:
        suite = Suite(SuiteFile.model_validate({"name": path.stem, **raw}), path.parent)
        suite.policy()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"suite key '{key}': {first['msg']}", where=str(path), remedy="mend it, or start from demo.yaml"
        ) from error
    return suite


def suite_items(suite: Suite, roles: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
    """Yield ``(task, item number, question text)`` of the local items of a suite's tasks.

    Raises `NotFoundError` for a file that is not there and `InputError` for one that cannot
    be read: items that nobody looked at must not pass for items that no row holds.
    """
    for task in suite.file.tasks:
        config = suite.task_config(task)
        if config is None or task.role not in roles:
            continue
        template = str(config.get("doc_to_text", "{{question}}"))
        first = 0
        for path in _item_files(config, suite.folder / task.task):
            number = 0
            for number, item in records(path):
                if not isinstance(item, dict):
                    raise InputError(
                        "an evaluation item cannot be read",
                        where=f"{path}, line {number}",
                        remedy="mend the line: one JSON object for each item",
                    )
                yield str(config["task"]), first + number, _filled(template, item)
            first += number


def _item_files(config: dict[str, Any], task: Path) -> list[Path]:
    """The local files of a task's test items; none for a task whose items come from elsewhere."""
    files = (config.get("dataset_kwargs") or {}).get("data_files") or []
    if isinstance(files, dict):
        files = files.get(config.get("test_split", "test")) or []
    paths = [Path(str(name)) for name in ([files] if isinstance(files, str) else files)]
    for path in paths:
        if not path.is_file():
            raise NotFoundError(
                "there is no such file of evaluation items",
                where=str(path),
                remedy=f"check data_files in {task.name}",
            )
    return paths


def _absolute(files: object, folder: Path) -> Any:
    """Data files of a task, relative to the folder of its YAML, in the shape they were given."""
    if isinstance(files, dict):
        return {split: _absolute(names, folder) for split, names in files.items()}
    if isinstance(files, list):
        return [_absolute(name, folder) for name in files]
    return str((folder / str(files)).resolve())


def _filled(template: str, item: dict[str, Any]) -> str:
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment().from_string(template).render(**item)


def _folders(project: Project | None) -> list[Path]:
    own = [project.folder("evalsuites")] if project else []
    return [*own, content_path("evalsuites")]


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - derives from SafeLoader
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError("there is no such file", where=str(path), remedy="check the suite") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("the file is not valid YAML", where=str(path), remedy="mend it") from error
    if not isinstance(value, dict):
        raise InputError("the file holds no settings", where=str(path), remedy="write key: value lines")
    return cast("dict[str, Any]", value)


class _Loader(yaml.SafeLoader):
    """Safe YAML that also accepts the harness's ``!function`` tag, as plain text."""


def _as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!function", _as_text)
