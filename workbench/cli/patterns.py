"""Commands on patterns of one's own: propose one from examples, try it, save it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.errors import InputError

Many = list[str] | None
Dataset = Annotated[str | None, typer.Option("--data", help="Dataset whose texts it is tried on.")]
Name = Annotated[str, typer.Option("--name", help="What it finds, as TICKET_NUMBER.")]
ROWS = 2000


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    patterns = typer.Typer(
        help="Reference numbers of your own: propose a pattern, try it, save it.", no_args_is_help=True
    )
    for name, function in (
        ("propose", propose_command),
        ("test", try_command),
        ("save", save_command),
        ("list", list_command),
    ):
        command(patterns, name)(function)
    app.add_typer(patterns, name="patterns")


def propose_command(
    examples: Annotated[list[str], typer.Argument(help="Two or more of your numbers.")],
    unlike: Annotated[Many, typer.Option("--unlike", help="What it must not find (may be repeated).")] = None,
    data: Dataset = None,
    name: Name = "REFERENCE_NUMBER",
    save: Annotated[bool, typer.Option("--save", help="Save it to the project.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Propose a pattern that finds numbers like these."""
    from workbench.personal_data.user_patterns import save_pattern
    from workbench.personal_data.wizard import propose_pattern

    _ = as_json
    proposed = propose_pattern(examples, unlike or (), _texts(project, data), name)
    lines = [f"pattern: {proposed.pattern.regex}", f"that is: {proposed.description}"]
    lines += [f"warning: {warning}" for warning in proposed.warnings]
    if data:
        lines.append(
            f"it hits {proposed.sample_hits} times in {proposed.sample_texts} texts: {', '.join(proposed.masked)}"
        )
    told = asdict(proposed) | {"pattern": proposed.pattern.model_dump(mode="json")}
    if save:
        told["file"] = str(save_pattern(opened(project), proposed.pattern))
        lines.append(f"saved: {told['file']}")
    return Answer(told, "\n".join(lines))


def try_command(
    name: Annotated[str, typer.Argument(help="A saved pattern.")],
    data: Annotated[str, typer.Option("--data", help="Dataset whose texts it is tried on.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Show what a saved pattern hits in a dataset, masked."""
    from workbench.personal_data.user_patterns import load_pattern
    from workbench.personal_data.wizard import try_pattern

    _ = as_json
    tried = try_pattern(load_pattern(opened(project), name), _texts(project, data))
    shown = "\n".join(f"  {form}" for form in tried.masked)
    return Answer(asdict(tried), f"{tried.hits} hits in {tried.texts_hit} of {tried.texts} texts\n{shown}")


def save_command(
    name: Annotated[str, typer.Argument(help="What it finds, as TICKET_NUMBER.")],
    regex: Annotated[str, typer.Option("--regex", help="The regular expression.")],
    score: Annotated[float, typer.Option("--score", help="How sure a match is, to 1.")] = 0.8,
    context: Annotated[Many, typer.Option("--context", help="Words nearby (may be repeated).")] = None,
    check: Annotated[str | None, typer.Option("--check", help="Check digits: luhn or mod97.")] = None,
    description: Annotated[str, typer.Option("--description", help="What it is.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace one of that name.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Save a pattern to the project, once it is known to be safe to run."""
    from pydantic import ValidationError

    from workbench.personal_data.settings import UserPattern
    from workbench.personal_data.user_patterns import save_pattern

    _ = as_json
    digits: Literal["luhn", "mod97"] | None = None
    if check is not None:
        if check not in ("luhn", "mod97"):
            raise InputError("unknown check digits", where=check, remedy="there are luhn and mod97")
        digits = "luhn" if check == "luhn" else "mod97"
    try:
        pattern = UserPattern(
            name=name, regex=regex, score=score, context=context or [], check=digits, description=description
        )
    except ValidationError as error:
        raise InputError(
            f"this is no pattern: {error.errors()[0]['msg']}", remedy="correct the options"
        ) from error
    path: Path = save_pattern(opened(project), pattern, replace=replace)
    return Answer({"file": str(path), "pattern": pattern.model_dump(mode="json")}, f"saved: {path}")


def list_command(project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """List the patterns of the project."""
    from workbench.personal_data.user_patterns import list_patterns

    _ = as_json
    found = list_patterns(opened(project))
    rows = [[p.name, p.regex, p.score, ", ".join(p.context), p.check or "", p.description] for p in found]
    text = (
        table(rows, ["name", "pattern", "score", "context", "check", "description"]) if rows else "no pattern"
    )
    return Answer({"patterns": [p.model_dump(mode="json") for p in found]}, text)


def _texts(project: Path | None, data: str | None) -> Iterator[str]:
    """The message texts of the first two thousand rows of a dataset."""
    if data is None:
        return
    from itertools import islice

    from workbench.examples import parts
    from workbench.versions import open_dataset

    for row in islice(open_dataset(opened(project), data).examples(), ROWS):
        for _, _, entry in parts(row):
            yield entry["content"]
