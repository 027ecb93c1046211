"""Recipes: an ordered list of steps with options, written in YAML.

Recipes of the project (``recipes/*.yaml``) come before the shipped ones. A recipe may
``include`` others, leave steps of theirs out (``without``), change options of theirs by
naming the step again, and add steps of its own at the end. Unknown keys, steps and options
are refused with the list of what there is.
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
from workbench.files import write_text
from workbench.projects import Project, check_name
from workbench.recipe_entries import Entry, Place, find_recipe, read_entries, read_recipe, read_yaml
from workbench.recipe_entries import recipe_names as recipe_names
from workbench.recipe_entries import shipped_recipes as shipped_recipes


class StepOptions(BaseModel):
    """The options of a step; every step's ``Options`` derives from this."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(BaseModel):
    """One line of a recipe: the step's module name, its checked options, and why it is there."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    name: str
    options: StepOptions
    doc: str = ""

    @property
    def module(self) -> ModuleType:
        """The module under ``workbench/steps`` that does it."""
        return step_module(self.name)

    @property
    def changed(self) -> dict[str, Any]:
        """The options that are not as the step has them by default."""
        return self.options.model_dump(exclude_defaults=True)

    def fingerprint(self, dataset_hash: str) -> str:
        """Hash of the step's module, its options and ``dataset_hash``; its ``doc`` is no part of it."""
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
        """The recipe whole, with every option spelled out, as manifests record it.

        Nothing is included any more, and `parse_recipe` reads it back as the same recipe.
        """
        steps = [
            {step.name: ({"doc": step.doc} if step.doc else {}) | step.options.model_dump(mode="json")}
            for step in self.steps
        ]
        return {"name": self.name, **({"doc": self.doc} if self.doc else {}), "steps": steps}


def step_names() -> list[str]:
    """A step is found because its module stands in ``workbench/steps``."""
    from workbench import steps

    return sorted(info.name for info in pkgutil.iter_modules(steps.__path__) if not info.name.startswith("_"))


def step_module(name: str) -> ModuleType:
    """Import a step. Raises `NotFoundError` with the steps there are."""
    if name not in step_names():
        raise NotFoundError(f"there is no step '{name}'", remedy=f"steps: {', '.join(step_names())}")
    return importlib.import_module(f"workbench.steps.{name}")


def load_recipe(name_or_file: str, project: Project | None = None) -> Recipe:
    """Read a recipe by file path or by name. Raises `NotFoundError` and `InputError`."""
    path = find_recipe(name_or_file, project)
    return parse_recipe(read_recipe(path), path.stem, where=str(path), project=project, path=path)


def parse_recipe(
    text: str, name: str, *, where: str, project: Project | None = None, path: Path | None = None
) -> Recipe:
    """Check a recipe's YAML text. Raises `InputError` naming the step and option.

    ``path`` is the file that the text is of, if any: files that it includes are looked for
    beside it.
    """
    raw = read_yaml(text, where)
    found = read_entries(raw, Place(where, project, path, (path.resolve(),) if path else ()))
    steps = [_step(entry) for entry in found.values()]
    return Recipe(name=str(raw.get("name", name)), doc=str(raw.get("doc", "")), steps=steps)


def recipe_text(name_or_file: str, project: Project | None = None) -> str:
    """A recipe's YAML as its file has it. Raises as `load_recipe` does."""
    load_recipe(name_or_file, project)
    return read_recipe(find_recipe(name_or_file, project))


def resolved_text(recipe: Recipe) -> str:
    """YAML of a recipe with nothing included any more and every option spelled out."""
    return yaml.safe_dump(recipe.as_dict(), sort_keys=False, allow_unicode=True)


def save_recipe(project: Project, name: str, text: str) -> Path:
    """Check a recipe's text and write it into the project. Raises `InputError`, also for a shipped name."""
    check_name(name)
    if (shipped_recipes() / f"{name}.yaml").exists():
        raise InputError(f"'{name}' is a shipped recipe", remedy="save yours under a name of its own")
    path = project.folder("recipes", f"{name}.yaml")
    parse_recipe(text, name, where="the text", project=project, path=path)
    write_text(path, text.rstrip() + "\n")
    return path


def _step(entry: Entry) -> Step:
    model = cast("type[StepOptions]", step_module(entry.name).Options)
    try:
        return Step(name=entry.name, options=model.model_validate(entry.options), doc=entry.doc)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"step '{entry.name}', option '{key}': {first['msg']}",
            where=entry.where,
            remedy=f"options of {entry.name}: {', '.join(model.model_fields) or 'none'}",
        ) from error
