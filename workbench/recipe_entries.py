"""A recipe's YAML, with all that it includes, as one list of entries not yet checked as steps.

An entry of a later recipe changes the options of an earlier one of the same step, and stays
in its place; new ones come at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import InputError, NotFoundError
from workbench.projects import Project

KEYS = ("name", "doc", "include", "without", "steps")


@dataclass(frozen=True)
class Entry:
    """A step as the YAML has it; ``where`` is the line that was written last."""

    name: str
    options: dict[str, Any]
    doc: str
    where: str


@dataclass(frozen=True)
class Place:
    """Where a recipe's text stands; ``chain`` are the files that include it, itself the last."""

    where: str
    project: Project | None
    path: Path | None
    chain: tuple[Path, ...]


class _OnceLoader(yaml.SafeLoader):
    """Safe YAML in which a key that is given twice is a fault and not the last one's win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a mapping. Raises `yaml.YAMLError` with the line of the second key."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{str(key)[:40]}' is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str, where: str) -> dict[str, Any]:
    """A recipe's YAML as it stands, its keys checked. Raises `InputError` with the line."""
    try:
        raw = yaml.load(text, _OnceLoader)  # noqa: S506 - derives from SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(
            f"the recipe is not valid YAML: {getattr(error, 'problem', 'unreadable')}",
            where=f"{where}{line}",
            remedy="mend the line, or start from `workbench recipe clean`",
        ) from error
    if not isinstance(raw, dict) or not (isinstance(raw.get("steps"), list) or raw.get("include")):
        raise InputError(
            "the recipe has no list of steps",
            where=where,
            remedy="write `steps:` and below it lines such as `- quality: {}`",
        )
    if unknown := set(raw) - set(KEYS):
        raise InputError(
            f"unknown key {', '.join(sorted(map(str, unknown)))}",
            where=where,
            remedy=f"a recipe has {', '.join(KEYS)}",
        )
    if not isinstance(raw.get("steps", []), list):
        raise InputError("steps is not a list", where=where, remedy="- quality: {}")
    return raw


def read_entries(raw: dict[str, Any], place: Place) -> dict[str, Entry]:
    """All entries by step name, in order: included ones first, changed by the recipe's own."""
    found: dict[str, Entry] = {}
    for name in _names(raw, "include", place.where):
        path = _included(name, place)
        deeper = Place(str(path), place.project, path, (*place.chain, path.resolve()))
        _merge(found, read_entries(read_yaml(read_recipe(path), str(path)), deeper))
    for name in _names(raw, "without", place.where):
        if found.pop(name, None) is None:
            raise InputError(
                f"step '{name}' is left out but not included",
                where=place.where,
                remedy=f"included steps: {', '.join(found) or 'none'}",
            )
    own: dict[str, Entry] = {}
    for number, line in enumerate(raw.get("steps", []), 1):
        entry = _entry(line, f"{place.where}, step {number}")
        if entry.name in own:
            raise InputError(
                f"step {entry.name} is there twice", where=place.where, remedy="give each step once"
            )
        own[entry.name] = entry
    _merge(found, own)
    return found


def _merge(into: dict[str, Entry], entries: dict[str, Entry]) -> None:
    for name, entry in entries.items():
        old = into.get(name)
        if old is not None:
            entry = Entry(name, {**old.options, **entry.options}, entry.doc or old.doc, entry.where)
        into[name] = entry


def _names(raw: dict[str, Any], key: str, where: str) -> list[str]:
    value = raw.get(key) or []
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{key} is not a list of names", where=where, remedy=f"{key}: [clean]")
    return names


def _included(name: str, place: Place) -> Path:
    # A recipe that includes its own name extends the one that it hides.
    own = place.chain[-1] if place.chain else None
    beside = place.path.parent if place.path else None
    path = find_recipe(name, place.project, beside=beside, but=own)
    if path.resolve() in place.chain:
        circle = " → ".join(file.name for file in (*place.chain, path))
        raise InputError(
            f"recipes include each other in a circle: {circle}",
            where=place.where,
            remedy="take one of the includes out",
        )
    return path


def _entry(line: object, where: str) -> Entry:
    if isinstance(line, str):
        line = {line: {}}
    if not isinstance(line, dict) or len(line) != 1:
        raise InputError("a step is one name with its options", where=where, remedy="- quality: {}")
    ((name, given),) = line.items()
    options = given if given is not None else {}
    if not isinstance(options, dict) or not all(isinstance(key, str) for key in options):
        raise InputError(
            f"the options of step '{name}' are not key: value", where=where, remedy="- quality: {}"
        )
    doc = options.get("doc", "")
    if not isinstance(doc, str):
        raise InputError(f"the doc of step '{name}' is not a text", where=where, remedy='doc: "why"')
    return Entry(str(name), {key: value for key, value in options.items() if key != "doc"}, doc, where)


def shipped_recipes() -> Path:
    """The folder of recipes that come with Workbench."""
    return Path(__file__).parent / "shipped_recipes"


def recipe_names(project: Project | None) -> list[str]:
    """Names that `load_recipe` accepts, the project's own included."""
    folders = [shipped_recipes()] + ([project.folder("recipes")] if project else [])
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def read_recipe(path: Path) -> str:
    """The text of a recipe's file. Raises `InputError` when it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "the recipe is not UTF-8 text", where=str(path), remedy="save it as UTF-8"
        ) from error


def find_recipe(
    name_or_file: str, project: Project | None, *, beside: Path | None = None, but: Path | None = None
) -> Path:
    """The file of a recipe: a name, or a YAML file (looked for ``beside`` another one's folder).

    ``but`` is a file that a name never means. Raises `NotFoundError`.
    """
    direct = Path(name_or_file)
    if direct.suffix in (".yaml", ".yml"):
        path = beside / direct if beside else direct
        # The text of a file that is not saved yet may name that file.
        if path.is_file() or path.resolve() == but:
            return path
        raise NotFoundError("there is no such recipe file", where=str(path), remedy="check the path")
    folders = ([project.folder("recipes")] if project else []) + [shipped_recipes()]
    for folder in folders:
        path = folder / f"{name_or_file}.yaml"
        if path.is_file() and path.resolve() != but:
            return path
    raise NotFoundError(
        f"there is no recipe '{name_or_file}'", remedy=f"recipes: {', '.join(recipe_names(project))}"
    )
