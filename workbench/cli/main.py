"""``workbench``: the entry point; every verb of the library as a command."""

from __future__ import annotations

import os
import sys

import click
import typer

from workbench.cli import data, project, release, training
from workbench.cli.answers import show_error
from workbench.errors import InputError

app = typer.Typer(
    name="workbench",
    help="From raw chat logs to an adapter you can defend.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (project, data, training, release):
    part.register(app)


def main() -> None:
    """Run a command; a wrong use is answered like any other error."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
    except click.ClickException as error:
        message = error.format_message()
        context = getattr(error, "ctx", None)
        remedy = f"see `{context.command_path} --help`" if context else "see `workbench --help`"
        code = show_error(InputError(message, remedy=remedy), as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        code = 130
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
