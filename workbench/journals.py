"""Append-only files of lines that people caused: read strictly, so that no line is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from workbench.errors import InputError
from workbench.files import DAMAGED

Line = TypeVar("Line", bound=BaseModel)


def read_journal(path: Path, model: type[Line]) -> list[Line]:
    """Every line of a file of JSON lines, oldest first; none when there is no file.

    A line that a crash cut short never took effect and is left out. Any other line that cannot
    be read raises `InputError` with its number, never its text.
    """
    if not path.exists():
        return []
    with path.open("rb") as file:
        found = [_read(line.strip(), model, path, number) for number, line in enumerate(file, 1)]
    return [line for line in found if line is not None]


def _read(line: bytes, model: type[Line], path: Path, number: int) -> Line | None:
    if not line:
        return None
    try:
        return model.model_validate_json(line)
    except ValidationError:
        if line.startswith(b"{") and not line.endswith(b"}"):
            return None
    # The cause quotes the line, so it is not passed on.
    raise InputError(f"line {number} is damaged", where=str(path), remedy=DAMAGED)
