"""The YAML of suites and of the harness's tasks, read without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import yaml

from workbench.errors import InputError, NotFoundError


def read_yaml(path: Path) -> dict[str, Any]:
    """The settings of a YAML file. Raises `NotFoundError` and `InputError`."""
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - derives from SafeLoader
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFoundError("there is no such file", where=str(path), remedy="check the suite") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("the file is not valid YAML", where=str(path), remedy="mend it") from error
    if not isinstance(value, dict):
        raise InputError("the file holds no settings", where=str(path), remedy="write key: value lines")
    return cast("dict[str, Any]", value)


def function_names(value: object) -> list[str]:
    """The ``module.function`` names that ``!function`` tags of a task's YAML gave."""
    if isinstance(value, dict):
        return [name for entry in value.values() for name in function_names(entry)]
    if isinstance(value, list):
        return [name for entry in value for name in function_names(entry)]
    return [str(value)] if isinstance(value, FunctionName) else []


class _Loader(yaml.SafeLoader):
    """Safe YAML that also accepts the harness's ``!function`` tag, as plain text."""


class FunctionName(str):
    """What a ``!function`` tag names: kept as text, never run here."""

    __slots__ = ()


def _as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> FunctionName:
    return FunctionName(loader.construct_scalar(node))


_Loader.add_constructor("!function", _as_text)
