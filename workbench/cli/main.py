"""``workbench``: the entry point; every verb of the library as a command."""

from __future__ import annotations

import io
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import typer

from workbench.cli import (
    assess,
    coverage,
    curation,
    data,
    dial,
    export,
    failures,
    history,
    judge,
    patterns,
    personal_data,
    project,
    proof,
    propose,
    red_flags,
    release,
    report,
    suites,
    task_evals,
    training,
    vault,
    votes,
)
from workbench.cli.answers import show_error
from workbench.errors import InputError, RunFailedError

HERE = Path(__file__).parents[1]
WrongUse: type[Exception] = typer.BadParameter.__bases__[0]
"""What a wrong option or command raises; newer releases of typer carry a click of their own."""

app = typer.Typer(
    name="workbench",
    help="From raw chat logs to an adapter you can defend.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (
    project,
    data,
    propose,
    curation,
    personal_data,
    patterns,
    coverage,
    assess,
    training,
    release,
    suites,
    red_flags,
    judge,
    dial,
    failures,
    report,
    history,
    export,
    task_evals,
    votes,
    proof,
    vault,
):
    part.register(app)


def main() -> None:
    """Run a command; a wrong use is answered like any other error."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Progress is told in our own words; the bars of libraries would run through it.
    os.environ.setdefault("TQDM_DISABLE", "1")
    # PEFT asks transformers for an attribute by its former name; people cannot act on it.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # File names and rows may hold what the terminal's encoding cannot.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
    except WrongUse as error:
        code = _show_wrong_use(error)
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except Exception as error:  # noqa: BLE001 - an exit code of 1 would say that the gate failed
        code = _show_mistake(error)
    sys.exit(code or 0)


def _show_wrong_use(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(error.format_message() + "\n")
        return 2
    path = error.ctx.command_path if error.ctx else "workbench"
    told = InputError(error.format_message(), remedy=f"see `{path} --help`")
    return show_error(told, as_json="--json" in sys.argv)


def _show_mistake(error: Exception) -> int:
    """Say where a mistake of our own happened; its own words may hold a row, so they are left out."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(HERE)] or frames
    told = RunFailedError(
        f"a mistake in Workbench ({type(error).__name__})",
        where=f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "",
        remedy="nothing was decided; report it with this place",
    )
    return show_error(told, as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
