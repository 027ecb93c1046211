"""Commands of votes: which of two arms people find better, and whether a judge agrees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.task_evals import First, RunId, Second, Task


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    votes = typer.Typer(help="People's votes on two arms' answers.", no_args_is_help=True)
    command(votes, "sheet")(sheet_command)
    command(votes, "add")(add_command)
    command(votes, "import")(import_command)
    command(votes, "agreement")(agreement_command)
    app.add_typer(votes, name="votes")


def sheet_command(
    run_id: RunId,
    task: Task,
    first: First,
    second: Second,
    out: Annotated[Path, typer.Option("--out", help="CSV file to write.")],
    items: Annotated[int | None, typer.Option("--items", min=1, help="Items, drawn by the seed.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw.")] = 0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write a sheet to vote in: two answers side by side, without saying whose they are."""
    from workbench.task_evals.votes import write_sheet

    _ = as_json
    here = opened(project)
    here.refuse_own(out)
    count = write_sheet(_ballot(project, run_id, task, first, second), out, items, seed)
    text = f"{out}: {count} items\nfill in `preferred` with left, right or tie, and `who`; then `workbench votes import`"
    return Answer({"path": str(out), "items": count}, text)


def add_command(
    run_id: RunId,
    task: Task,
    first: First,
    second: Second,
    item: Annotated[str, typer.Option("--item", help="Which item.")],
    preferred: Annotated[str, typer.Option("--preferred", help="The better arm, or tie.")],
    who: Annotated[str, typer.Option("--who", help="Who votes.")],
    why: Annotated[str, typer.Option("--why", help="Why.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Record one person's vote on one item."""
    from workbench.task_evals.votes import add_vote

    _ = as_json
    vote = add_vote(opened(project), _ballot(project, run_id, task, first, second), item, preferred, who, why)
    return Answer({"vote": vote.model_dump()}, f"{vote.who} prefers {vote.preferred} on {vote.item}")


def import_command(
    run_id: RunId,
    file: Annotated[Path, typer.Argument(help="CSV or JSONL with item, preferred, who.")],
    task: Task,
    first: First,
    second: Second,
    who: Annotated[str | None, typer.Option("--who", help="Who voted, if the file does not say.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Record the votes of a file: all of them, or none when a line is wrong."""
    from workbench.task_evals.votes import import_votes

    _ = as_json
    votes = import_votes(opened(project), _ballot(project, run_id, task, first, second), file, who)
    people = sorted({vote.who for vote in votes})
    return Answer({"votes": len(votes), "people": people}, f"{len(votes)} votes of {len(people)} people")


def agreement_command(
    run_id: RunId,
    task: Task,
    first: First,
    second: Second,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say how far the judge of `task-eval compare` agrees with people's votes: Cohen's kappa."""
    from workbench.runs import open_run
    from workbench.task_evals.pairwise import read_comparison
    from workbench.task_evals.votes import agreement_dict, judge_agreement, read_votes

    _ = as_json
    here = opened(project)
    on = _ballot(project, run_id, task, first, second)
    found = judge_agreement(
        read_comparison(open_run(here, run_id).path, task, first, second), read_votes(here, on)
    )
    data = agreement_dict(found)
    rows = [[name, one["n"], 100 * one["observed"], _kappa(one)] for name, one in _named(data)]
    return Answer(data, table(rows, ["judge and", "items", "same %", "kappa (95 %)"]))


def _ballot(project: Path | None, run_id: str, task: str, first: str, second: str) -> Any:
    from workbench.evaluation import read_evaluation
    from workbench.runs import open_run
    from workbench.task_evals.votes import ballot

    run = open_run(opened(project), run_id)
    return ballot(run.id, read_evaluation(run), task, first, second)


def _named(data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    between = [("(people with each other)", data["between"])] if data["between"] else []
    return [("majority", data["majority"]), *data["each"].items(), *between]


def _kappa(one: dict[str, Any]) -> str:
    if one["kappa"] is None:
        return "not measurable: one word throughout"
    few = ", few items" if one["few"] else ""
    return f"{one['kappa']:.2f} ({one['low']:.2f} to {one['high']:.2f}{few})"
