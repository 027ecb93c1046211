"""Recipes: an ordered list of steps with options, written in YAML.

Recipes of the project (``recipes/*.yaml``) come before the shipped ones. Unknown steps and
unknown options are refused with the list of what there is.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from workbench.errors import InputError, NotFoundError
from workbench.projects import Project


class StepOptions(BaseModel):
    """The options of a step; every step's ``Options`` derives from this."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(BaseModel):
    """One line of a recipe: the step's module name and its checked options."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    name: str
    options: StepOptions

    @property
    def module(self) -> ModuleType:
        """The module under ``workbench/steps`` that does it."""
        return step_module(self.name)

    def fingerprint(self, dataset_hash: str) -> str:
        """Hash of what the findings of this step depend on."""
        code = Path(str(self.module.__file__)).read_bytes()
        text = f"{self.name}{self.options.model_dump_json()}{dataset_hash}".encode()
        return hashlib.sha256(code + text).hexdigest()[:16]


class Recipe(BaseModel):
    """A named, documented list of steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    doc: str = ""
    steps: list[Step]

    def as_dict(self) -> dict[str, Any]:
        """The recipe with every option spelled out, as manifests record it."""
        return {
            "name": self.name,
            "steps": [{step.name: step.options.model_dump(mode="json")} for step in self.steps],
        }


def step_names() -> list[str]:
    """A step is found because its module stands in ``workbench/steps``."""
    from workbench import steps

    return sorted(info.name for info in pkgutil.iter_modules(steps.__path__) if not info.name.startswith("_"))


def step_module(name: str) -> ModuleType:
    """Import a step. Raises `NotFoundError` with the steps there are."""
    if name not in step_names():
        raise NotFoundError(f"there is no step '{name}'", remedy=f"steps: {', '.join(step_names())}")
    return importlib.import_module(f"workbench.steps.{name}")


def shipped_recipes() -> Path:
    """The folder of recipes that come with Workbench."""
    return Path(__file__).parent / "shipped_recipes"


def recipe_names(project: Project | None) -> list[str]:
    """Names that `load_recipe` accepts, the project's own included."""
    folders = [shipped_recipes()] + ([project.folder("recipes")] if project else [])
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def load_recipe(name_or_file: str, project: Project | None = None) -> Recipe:
    """Read a recipe by file path or by name. Raises `NotFoundError` and `InputError`."""
    path = _find(name_or_file, project)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "the recipe is not UTF-8 text", where=str(path), remedy="save it as UTF-8"
        ) from error
    return parse_recipe(text, path.stem, where=str(path))


def parse_recipe(text: str, name: str, *, where: str) -> Recipe:
    """Check a recipe's YAML text. Raises `InputError` naming the step and option."""
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(
            f"the recipe is not valid YAML: {getattr(error, 'problem', 'unreadable')}",
            where=f"{where}{line}",
            remedy="mend the line, or start from `workbench recipe clean`",
        ) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("steps"), list):
        raise InputError(
            "the recipe has no list of steps",
            where=where,
            remedy="write `steps:` and below it lines such as `- quality: {}`",
        )
    unknown = set(raw) - {"name", "doc", "steps"}
    if unknown:
        raise InputError(
            f"unknown key {', '.join(sorted(map(str, unknown)))}",
            where=where,
            remedy="a recipe has name, doc and steps",
        )
    steps = [_step(entry, f"{where}, step {number}") for number, entry in enumerate(raw["steps"], 1)]
    names = [step.name for step in steps]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(
            f"step {', '.join(sorted(twice))} is there twice", where=where, remedy="give each step once"
        )
    return Recipe(name=str(raw.get("name", name)), doc=str(raw.get("doc", "")), steps=steps)


def _step(entry: object, where: str) -> Step:
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise InputError("a step is one name with its options", where=where, remedy="- quality: {}")
    ((name, options),) = entry.items()
    module = step_module(str(name))
    model = cast("type[StepOptions]", module.Options)
    try:
        return Step(name=str(name), options=model.model_validate(options or {}))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"step '{name}', option '{key}': {first['msg']}",
            where=where,
            remedy=f"options of {name}: {', '.join(model.model_fields) or 'none'}",
        ) from error


def _find(name_or_file: str, project: Project | None) -> Path:
    direct = Path(name_or_file)
    if direct.suffix in (".yaml", ".yml"):
        if direct.is_file():
            return direct
        raise NotFoundError("there is no such recipe file", where=name_or_file, remedy="check the path")
    folders = ([project.folder("recipes")] if project else []) + [shipped_recipes()]
    for folder in folders:
        path = folder / f"{name_or_file}.yaml"
        if path.is_file():
            return path
    raise NotFoundError(
        f"there is no recipe '{name_or_file}'", remedy=f"recipes: {', '.join(recipe_names(project))}"
    )
