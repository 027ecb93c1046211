"""Suites: which tasks an evaluation runs, each with its role. YAML, the project's own first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.content import content_path
from workbench.errors import InputError, NotFoundError
from workbench.files import expanded
from workbench.formats.files import records
from workbench.policy import Policy, TaskPolicy
from workbench.projects import Project
from workbench.suite_data.reading import read_task_data
from workbench.suite_data.task_yaml import function_names, read_yaml

if TYPE_CHECKING:
    from workbench.task_evals.settings import HeldoutTask

TASK_NAME = re.compile(r"[\w-][\w.-]*")
"""A task's name is also the name of a file in the run."""


HELD_OUT = "heldout"
"""The task that asks rows of a data set of the project; the rest of its keys are its own."""


class SuiteTask(BaseModel):
    """One task: a YAML file beside the suite, a name of the harness, or ``heldout`` rows.

    ``data`` is the folder that `workbench suites fetch` wrote (a task of the harness) or a
    data set of the project (``heldout``). Keys of ``heldout`` that are not named here are
    checked by the task evaluations.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    task: str
    name: str | None = Field(
        None, pattern=r"^[\w-][\w.-]*$", description="Name in scores; default the task's"
    )
    role: Literal["target", "retained"] = "retained"
    margin: float | None = Field(None, gt=0.0, lt=1.0)
    chance: float = Field(0.0, ge=0.0, lt=1.0)
    limit: int | None = Field(None, ge=10, description="A seeded sample of so many items")
    num_fewshot: int | None = Field(None, ge=0, le=100, description="Examples shown before each question")
    metric: str | None = Field(None, description="Which of the task's metrics is the score")
    data: str | None = Field(None, description="Folder of fetched items, or a data set")

    @model_validator(mode="before")
    @classmethod
    def _own_rows_are_the_target(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and raw.get("task") == HELD_OUT:
            return {"role": "target", **raw}
        return raw

    @model_validator(mode="after")
    def _keys(self) -> SuiteTask:
        unknown = sorted(self.model_extra or {})
        if unknown and self.kind != HELD_OUT:
            raise ValueError(f"unknown key '{unknown[0]}'")
        if self.kind == HELD_OUT and not self.data:
            raise ValueError("a heldout task names its data, as `data: name@v1`")
        return self

    @property
    def kind(self) -> Literal["heldout", "file", "harness"]:
        """Where the task comes from."""
        if self.task == HELD_OUT:
            return "heldout"
        return "file" if self.task.endswith((".yaml", ".yml")) else "harness"


class SuiteFile(BaseModel):
    """The YAML of a suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    doc: str = ""
    tasks: list[SuiteTask] = Field(min_length=1)
    chat_template: bool = True
    batch_size: int = Field(32, ge=1)
    seed: int = 0
    num_fewshot: int | None = Field(None, ge=0, le=100, description="For tasks that do not say")
    data: str | None = Field(None, description="Folder of fetched items for the tasks of the harness")
    scorer: Literal["harness", "fast"] = Field("harness", description="What scores log-likelihood tasks")
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
        if task.kind != "file":
            return None
        path = self.folder / task.task
        config = read_yaml(path)
        options = config.get("dataset_kwargs")
        files = options.get("data_files") if isinstance(options, dict) else None
        if files:
            config["dataset_kwargs"] = {
                **config["dataset_kwargs"],
                "data_files": _absolute(files, path.parent),
            }
        return config

    def task_name(self, task: SuiteTask) -> str:
        """The task's name in scores, policy and report."""
        if task.name:
            return task.name
        if task.kind == HELD_OUT:
            split = str((task.model_extra or {}).get("split", "test"))
            return f"{HELD_OUT}-{str(task.data).partition('@')[0]}-{re.sub(r'[^A-Za-z0-9_-]', '-', split)}"
        config = self.task_config(task)
        if config is not None and not TASK_NAME.fullmatch(str(config.get("task", ""))):
            raise InputError("the task file names no task", where=task.task, remedy="write `task: NAME`")
        return str(config["task"]) if config else task.task

    def data_folder(self, task: SuiteTask) -> Path | None:
        """Where the fetched items of a task of the harness are; None when the harness finds them."""
        named = task.data or self.file.data
        if task.kind != "harness" or named is None:
            return None
        return (self.folder / expanded(Path(named))).resolve()

    def task_files(self, task: SuiteTask) -> list[Path]:
        """The local files that a task's items and settings are read from.

        Raises `NotFoundError` for one that is not there.
        """
        folder = self.data_folder(task)
        if folder is not None:
            return read_task_data(folder, task.task).files()
        config = self.task_config(task)
        if config is None:
            return []
        path = self.folder / task.task
        options = config.get("dataset_kwargs")
        files = [path, *_item_files(config, path, every=True)] if isinstance(options, dict) else [path]
        code = [path.parent / f"{name.split('.')[0]}.py" for name in function_names(config)]
        included = path.parent / str(config["include"]) if config.get("include") else None
        return [file for file in dict.fromkeys([*files, *code, *([included] if included else [])]) if file]


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
    raw = read_yaml(path)
    try:
        suite = Suite(SuiteFile.model_validate({"name": path.stem, **raw}), path.parent)
        suite.policy()
        for task in suite.file.tasks:
            if task.kind == HELD_OUT:
                heldout_task(task)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"suite key '{key}': {first['msg']}", where=str(path), remedy="mend it, or start from demo.yaml"
        ) from error
    return suite


def heldout_task(task: SuiteTask) -> HeldoutTask:
    """A ``heldout`` task as the task evaluations take it. Raises pydantic's ``ValidationError``."""
    from workbench.task_evals.settings import HeldoutTask

    return HeldoutTask.model_validate(task.model_dump(exclude_none=True))


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


def _item_files(config: dict[str, Any], task: Path, *, every: bool = False) -> list[Path]:
    """The local files of a task's test items (or of all splits); none when items come from elsewhere."""
    files = (config.get("dataset_kwargs") or {}).get("data_files") or []
    if isinstance(files, dict):
        splits = sorted(files) if every else [config.get("test_split", "test")]
        files = [name for split in splits for name in _listed(files.get(split))]
    paths = [Path(str(name)) for name in _listed(files)]
    for path in paths:
        if not path.is_file():
            raise NotFoundError(
                "there is no such file of evaluation items",
                where=str(path),
                remedy=f"check data_files in {task.name}",
            )
    return paths


def _listed(files: object) -> list[Any]:
    return [files] if isinstance(files, str) else list(files or [])  # type: ignore[call-overload]


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
