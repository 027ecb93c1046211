"""How a command answers: text for people, one JSON object for machines, errors for both."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from workbench.errors import InputError, WorkbenchError
from workbench.files import json_text, storage_errors
from workbench.projects import Project, find_project

ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="Project folder (default: found upward from here).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Ref = Annotated[str, typer.Argument(help="Dataset, as name or name@v0001.")]
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal would obey; file names and rows are not trusted."""
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Answer:
    """What a command found: the contract's object, and the same in words."""

    data: dict[str, Any]
    text: str
    exit_code: int = 0


def command(app: typer.Typer, name: str) -> Callable[[Function], Function]:
    """Register a function as a command; it returns an `Answer` and may raise `WorkbenchError`.

    The function takes ``as_json``. Its docstring is the command's help.
    """

    def register(function: Function) -> Function:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            as_json = bool(kwargs.get("as_json"))
            try:
                with storage_errors(Path.cwd()):
                    answer = function(*args, **kwargs)
            except WorkbenchError as error:
                raise typer.Exit(show_error(error, as_json=as_json)) from error
            except BrokenPipeError:
                raise
            except OSError as error:
                told = InputError(
                    error.strerror or "a file cannot be used",
                    where=str(error.filename or ""),
                    remedy="check the path",
                )
                raise typer.Exit(show_error(told, as_json=as_json)) from error
            except KeyboardInterrupt:
                sys.stderr.write("stopped\n")
                raise typer.Exit(130) from None
            show(answer, as_json=as_json)
            raise typer.Exit(answer.exit_code)

        app.command(name)(run)
        return function

    return register


def show(answer: Answer, *, as_json: bool) -> None:
    """Print an answer."""
    text = json_text(answer.data, default=str) if as_json else _CONTROL.sub("�", answer.text)
    sys.stdout.write(text.rstrip("\n") + "\n")


def show_error(error: WorkbenchError, *, as_json: bool) -> int:
    """Print an error with where and remedy; return the exit code."""
    if as_json:
        sys.stdout.write(json_text({"error": error.as_dict()}) + "\n")
    sys.stderr.write(f"error: {_cell(error.what)}\n")
    if error.where:
        sys.stderr.write(f"  where: {_cell(error.where)}\n")
    if error.remedy:
        sys.stderr.write(f"  remedy: {_cell(error.remedy)}\n")
    return error.exit_code


def opened(project: Path | None) -> Project:
    """The project of a command."""
    return find_project(project)


def table(rows: list[list[Any]], heads: list[str]) -> str:
    """Columns of text, numbers to the right."""
    cells = [heads, *[[_cell(value) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    numeric = [all(_is_number(row[i]) for row in cells[1:]) and len(cells) > 1 for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(c if c.isprintable() else " " for c in str("" if value is None else value))


def _is_number(text: str) -> bool:
    return (
        text.replace(",", "")
        .replace(".", "")
        .replace("-", "")
        .replace("+", "")
        .replace("%", "")
        .strip()
        .isdigit()
    )


def counted(counts: dict[str, Any]) -> str:
    """``3 drop, 2 flag``: counts in words."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def printable(text: str) -> str:
    """Text from a data set, without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
