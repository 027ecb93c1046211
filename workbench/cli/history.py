"""Commands of the history: approve, every judged candidate over time, and how two compare."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.report.wording import clock

SuiteOption = Annotated[str | None, typer.Option("--suite", help="Only this suite.")]
history = typer.Typer(
    name="history",
    help="Every judged candidate over time, and how two compare.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "approve")(approve_command)
    app.add_typer(history)


def approve_command(
    run_id: Annotated[str, typer.Argument(help="Evaluation run id, or its beginning.")],
    by: Annotated[str, typer.Option("--by", help="Who approves.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    arm: Annotated[str | None, typer.Option("--arm", help="Candidate (default: the last one).")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take an approval back.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Approve a candidate that passed, by name: it becomes the baseline for the next ones."""
    from workbench.history import approve
    from workbench.runs import open_run

    _ = as_json
    here = opened(project)
    said = approve(here, open_run(here, run_id), by=by, reason=reason, arm=arm, withdraw=withdraw)
    verb = "withdrew the approval of" if withdraw else "approved"
    return Answer(said.as_dict(), f"{said.by} {verb} {said.arm} of {said.run}, {said.when}")


@command(history, "list")
def list_command(
    suite: SuiteOption = None, project: ProjectOption = None, as_json: JsonOption = False
) -> Answer:
    """All judged candidates, oldest first, with verdict, average change and approval."""
    from workbench.history import candidates

    _ = as_json
    found = candidates(opened(project), suite)
    rows = [
        [clock(one.when), one.name, one.suite, one.verdict, _average(one.macro), one.approved_by or "–"]
        for one in found
    ]
    heads = ["judged", "candidate", "suite", "verdict", "average", "approved by"]
    text = table(rows, heads) if rows else "no candidate is judged yet"
    return Answer({"candidates": [one.as_dict() for one in found]}, text)


@command(history, "trend")
def trend_command(
    task: Annotated[str, typer.Argument(help="Task, as the verdicts name it.")],
    suite: SuiteOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """One task over time: each candidate's score and its change against the base."""
    from workbench.errors import NotFoundError
    from workbench.history import candidates, trend
    from workbench.history.candidates import task_names

    _ = as_json
    found = candidates(opened(project), suite)
    points = trend(found, task)
    if not points:
        names = ", ".join(task_names(found)) or "none"
        raise NotFoundError(f"no candidate was judged on '{task[:60]}'", remedy=f"tasks: {names}"[:400])
    rows = [
        [
            clock(p["when"]),
            p["name"],
            f"{100 * p['new']:.1f}",
            _interval(p),
            p["verdict"],
            "yes" if p["approved"] else "",
        ]
        for p in points
    ]
    heads = ["judged", "candidate", "score %", "change, points", "verdict", "approved"]
    return Answer({"task": task, "points": points}, table(rows, heads))


@command(history, "regress")
def regress_command(
    run_id: Annotated[str, typer.Argument(help="Judged evaluation run id, or its beginning.")],
    arm: Annotated[str | None, typer.Option("--arm", help="Candidate (default: the last one).")] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="RUN or RUN:ARM (default: the candidate approved last).")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Judge a candidate against the one approved last: pass (exit 0), fail (1), inconclusive (3)."""
    from workbench.history.regression import judge_regression
    from workbench.runs import open_run

    _ = as_json
    here = opened(project)
    found = judge_regression(here, open_run(here, run_id), arm, against)
    rows = [
        [task["task"], task["verdict"], task["n"], _interval(task), task["reason"]] for task in found["tasks"]
    ]
    told = [
        f"{found['verdict'].upper()} against {found['baseline']}",
        *[f"  {r}" for r in found["reasons"]],
        "",
    ]
    text = "\n".join(told) + table(rows, ["task", "verdict", "items", "change, points", "why"])
    return Answer(found, text, {"pass": 0, "fail": 1, "inconclusive": 3}[found["verdict"]])


@command(history, "compare")
def compare_command(
    first: Annotated[str, typer.Argument(help="RUN, or RUN:ARM; `approved` is the one approved last.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Compare two candidates on the items that both answered, by the tests of the gate."""
    from workbench.history import compare

    _ = as_json
    found = compare(opened(project), first, second)
    shown = found.rows()
    rows = [["" if value is None else value for value in row.values()] for row in shown]
    heads = list(shown[0])
    return Answer(found.as_dict(), f"{found.first}\n{found.second}\n\n{table(rows, heads)}")


def _average(macro: dict[str, Any]) -> str:
    return _interval(macro) if "delta" in macro else "–"


def _interval(found: dict[str, Any]) -> str:
    low, high = 100 * found["low"], 100 * found["high"]
    return f"{100 * found['delta']:+.1f} ({low:+.1f} to {high:+.1f})"
