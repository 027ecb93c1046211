"""The project's own patterns: one file each in ``patterns/``, to be read, shared and mended by hand."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from workbench.errors import InputError, NotFoundError
from workbench.files import write_text
from workbench.personal_data.settings import Detection, UserPattern
from workbench.personal_data.wizard import check_safe
from workbench.projects import Project, check_name

FOLDER = "patterns"


def save_pattern(project: Project, pattern: UserPattern, *, replace: bool = False) -> Path:
    """Write a pattern to ``patterns/name.yaml`` and return the file.

    Raises `InputError` when the pattern is not safe to run, or one of that name is there already.
    """
    check_safe(pattern.regex)
    path = _file(project, pattern.name)
    if path.exists() and not replace:
        raise InputError(
            "there is a pattern of that name", where=str(path), remedy="choose another, or replace it"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    told = pattern.model_dump(mode="json", exclude_defaults=True)
    write_text(path, yaml.safe_dump(told, allow_unicode=True, sort_keys=False))
    return path


def load_pattern(project: Project, name: str) -> UserPattern:
    """Read one pattern. Raises `NotFoundError`, and `InputError` when the file is not a pattern."""
    path = _file(project, name)
    if not path.is_file():
        there = ", ".join(pattern.name for pattern in list_patterns(project)) or "none"
        raise NotFoundError("there is no such pattern", where=str(path), remedy=f"there are: {there}")
    return _read(path)


def list_patterns(project: Project) -> list[UserPattern]:
    """All patterns of the project, by name."""
    return [_read(path) for path in sorted(project.folder(FOLDER).glob("*.yaml"))]


def with_saved(settings: Detection, project: Project) -> Detection:
    """Settings with the project's patterns besides those they name; theirs come first."""
    own = {pattern.name for pattern in settings.patterns}
    saved = [pattern for pattern in list_patterns(project) if pattern.name not in own]
    return settings.model_copy(update={"patterns": [*settings.patterns, *saved]}) if saved else settings


def _file(project: Project, name: str) -> Path:
    return project.folder(FOLDER, f"{check_name(name.lower())}.yaml")


def _read(path: Path) -> UserPattern:
    try:
        return UserPattern.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
        told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not YAML"
        raise InputError(
            f"this is no pattern: {told}", where=str(path), remedy="mend the file, or save it again"
        ) from error
