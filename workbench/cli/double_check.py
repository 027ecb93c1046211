"""Commands on double checks: draw a sample, ask, answer, estimate."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, Ref, command, opened, printable, table
from workbench.cli.progress import progress
from workbench.errors import InputError

Check = Annotated[str | None, typer.Option("--check", help="Double check by its id (default: the newest).")]
Who = Annotated[str | None, typer.Option("--who", help="Who does it (default: you).")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    check = typer.Typer(
        help="Estimate precision and recall from a random sample that you judge.", no_args_is_help=True
    )
    for name, function in (
        ("draw", draw_command),
        ("next", next_command),
        ("answer", answer_command),
        ("estimate", estimate_command),
    ):
        command(check, name)(function)
    app.add_typer(check, name="double-check")


def draw_command(
    ref: Ref,
    size: Annotated[int, typer.Option("--size", help="Questions, about.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 0,
    who: Who = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Draw findings and passages at random, to be judged with `next` and `answer`."""
    from workbench.double_check.sampling import draw
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    with progress("draw") as tell:
        sample = draw(
            here,
            open_dataset(here, ref),
            size=size,
            seed=seed,
            who=who,
            progress=lambda done, total: tell("rows", done, total),
        )
    rows = [[one.ask, one.name, one.population, one.drawn] for one in sample.strata]
    data = {"check": sample.id, "dataset": sample.dataset, "questions": len(sample.items)}
    data["strata"] = [one.model_dump() for one in sample.strata]
    text = table(rows, ["asks about", "stratum", "there are", "drawn"])
    return Answer(data, f"{text}\n\n{sample.id}: {len(sample.items)} questions")


def next_command(
    check: Check = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the finding's value; who looked is recorded.")
    ] = False,
    who: Who = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Show the first question that has no answer."""
    from workbench.double_check.questions import question
    from workbench.double_check.samples import SAID, next_item, open_sample

    _ = as_json
    here = opened(project)
    sample = open_sample(here, check)
    item = next_item(here, sample)
    if item is None:
        return Answer(
            {"check": sample.id, "question": None},
            f"all {len(sample.items)} questions are answered; see `workbench double-check estimate`",
        )
    asked = question(here, sample, item, show=reveal, who=who)
    says = SAID[asked.ask]
    words = f"{asked.number} of {asked.of}: {asked.words}"
    value = f"\nvalue: {printable(asked.value)}" if asked.value else ""
    place = f"{asked.file}, line {asked.line}"
    data = {name: getattr(asked, name) for name in ("number", "of", "ask", "entity", "value", "file", "line")}
    shown = data | {"text": asked.text(), "revealed": asked.revealed, "answers": says}
    told = f"{words}\n{place}{value}\n\n{asked.text()}\n\nanswer: {', '.join(says)}"
    return Answer({"check": sample.id, "question": shown}, told)


def answer_command(
    number: Annotated[int, typer.Argument(help="The question's number.")],
    said: Annotated[str, typer.Argument(help="right, wrong, wrong-kind; nothing, missed; unsure.")],
    entity: Annotated[str, typer.Option("--entity", help="The true kind, with wrong-kind.")] = "",
    missed: Annotated[
        list[str] | None, typer.Option("--missed", help="PERSON=2: kind and number (may be repeated).")
    ] = None,
    check: Check = None,
    who: Who = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Answer a question; a later answer to the same question replaces it."""
    from workbench.double_check.samples import open_sample, read_answers, record_answer

    _ = as_json
    here = opened(project)
    sample = open_sample(here, check)
    record_answer(here, sample, number, said, entity=entity, missed=_counts(missed or []), who=who)
    answered = len(read_answers(here, sample))
    data = {"check": sample.id, "answered": answered, "questions": len(sample.items)}
    return Answer(data, f"{answered} of {len(sample.items)} answered")


def estimate_command(
    check: Check = None,
    within: Annotated[
        float, typer.Option("--within", min=0.001, max=0.5, help="Half width of the interval you want.")
    ] = 0.05,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Estimate precision and recall with 95 % intervals from the answers so far."""
    from workbench.double_check.estimating import estimate, table_rows
    from workbench.double_check.samples import open_sample, read_answers

    _ = as_json
    here = opened(project)
    sample = open_sample(here, check)
    found = estimate(sample, read_answers(here, sample), within=within)
    rows: list[list[Any]] = [list(row.values()) for row in table_rows(found)]
    text = table(rows, ["", "answered", "share", "95 % interval"])
    return Answer(found.as_dict(), f"{text}\n\n{found.words()}")


def _counts(given: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in given:
        name, _, number = text.partition("=")
        if not number.isdecimal() or name in counts:
            raise InputError("a kind with a number is wanted, once each", remedy="write --missed PERSON=2")
        counts[name] = int(number)
    return counts
