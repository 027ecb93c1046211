"""Commands of the gate: judge, and how many items it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.errors import InputError

WORDS = {
    "pass": "PASS: this adapter may ship",
    "fail": "FAIL: this adapter must not ship",
    "inconclusive": "INCONCLUSIVE: the items do not decide it",
}
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="YAML file of thresholds.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "judge")(judge)
    command(app, "plan-items")(plan_items_command)


def judge(
    run_id: Annotated[str | None, typer.Argument(help="Evaluation run id, or its beginning.")] = None,
    policy: PolicyFile = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Scores of the old model: harness folder or JSONL.")
    ] = None,
    candidate: Annotated[Path | None, typer.Option("--candidate", help="Scores of the new model.")] = None,
    prompted: Annotated[
        Path | None, typer.Option("--prompted", help="Scores of the old model with its best prompt.")
    ] = None,
    control: Annotated[
        Path | None, typer.Option("--control", help="Scores of the old model, asked a second time.")
    ] = None,
    looks: Annotated[
        Path | None, typer.Option("--looks", help="File that remembers the looks at this candidate.")
    ] = None,
    waive: Annotated[
        list[str] | None,
        typer.Option("--waive", help="Rule to let go: task, average, flag:NAME; repeatable."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who waives.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it is waived.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Give the verdict: pass (exit 0), fail (1) or inconclusive (3)."""
    from workbench.judging import judge_run, judge_scores, with_waivers
    from workbench.policy import Policy, load_policy
    from workbench.runs import open_run

    _ = as_json
    outside = [option for option in (baseline, candidate, prompted, control, looks) if option is not None]
    if (run_id is None) == (not outside) or (run_id is None and None in (baseline, candidate)):
        raise InputError("name an evaluation run, or --baseline and --candidate", remedy="see --help")
    waivers = _waivers(waive or [], by, reason)
    if run_id is not None:
        here = opened(project)
        data = judge_run(here, open_run(here, run_id), policy, waivers)
    else:
        given = with_waivers(load_policy(policy) if policy else Policy(), waivers)
        data = judge_scores(
            Path(str(baseline)),
            Path(str(candidate)),
            given,
            prompted=prompted,
            control=control,
            looks=looks,
        ).as_dict()
    code = {"pass": 0, "fail": 1, "inconclusive": 3}[data["verdict"]]
    return Answer(data, verdict_text(data), code)


def plan_items_command(
    loss: Annotated[
        float | None, typer.Option("--loss", min=0.001, max=0.5, help="The loss to be seen, as a share.")
    ] = None,
    flip_rate: Annotated[
        float | None, typer.Option("--flip-rate", min=0.001, max=1.0, help="Share of items that change.")
    ] = None,
    pilot: Annotated[
        str | None, typer.Option("--pilot", help="Evaluation run to take flip rates from.")
    ] = None,
    tasks: Annotated[int, typer.Option("--tasks", min=1, help="Tasks judged together (Holm).")] = 1,
    cluster_size: Annotated[
        float, typer.Option("--cluster-size", min=1.0, help="Items in a group, on average.")
    ] = 1.0,
    icc: Annotated[
        float, typer.Option("--icc", min=0.0, max=1.0, help="How alike the items of a group are.")
    ] = 0.0,
    alpha: Annotated[float, typer.Option("--alpha", min=0.0001, max=0.49, help="One-sided error.")] = 0.05,
    power: Annotated[float, typer.Option("--power", min=0.51, max=0.999, help="Chance to see it.")] = 0.8,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say how many items it takes to see a loss, or to rule it out."""
    from workbench.planning import Design, plan_from_pilot, plan_items, plan_table
    from workbench.runs import open_run

    _ = as_json
    if (flip_rate is None) == (pilot is None):
        raise InputError("give a flip rate or a pilot", remedy="--flip-rate 0.1, or --pilot RUN")
    design = Design(alpha=alpha, power=power, tasks=tasks, cluster_size=cluster_size, correlation=icc)
    if pilot is not None:
        here = opened(project)
        found = plan_from_pilot(open_run(here, pilot), loss or 0.02, design)
        rows = [plan.as_row() for plan in found]
        return Answer({"loss": loss or 0.02, "tasks": rows}, _pilot_text(rows, loss or 0.02))
    assert flip_rate is not None
    plans = [plan_items(loss, flip_rate, design)] if loss else plan_table(flip_rate, design)
    rows = [plan.as_row() for plan in plans]
    return Answer({"flip_rate": flip_rate, "plans": rows}, _plan_text(rows, flip_rate))


def verdict_text(data: dict[str, Any]) -> str:
    """The sentence, its reasons, a table of the tasks, and the slices worth a look."""
    lines = [WORDS[data["verdict"]], *[f"  {reason}" for reason in data["reasons"]], ""]
    heads = ["task", "role", "verdict", "items", "points", "bounds", "why"]
    text = "\n".join(lines) + table([_row(task) for task in data["tasks"]], heads)
    found = [part for part in data.get("slices", []) if part["found"]]
    if found:
        rows = [
            [part["task"], f"{part['slice']} = {part['value']}", part["n"], f"{100 * part['delta']:+.1f}"]
            for part in found
        ]
        text += "\n\nslices with a loss (exploratory, never blocking)\n"
        text += table(rows, ["task", "slice", "items", "points"])
    return text


def _row(task: dict[str, Any]) -> list[Any]:
    return [
        task["task"],
        task["role"] if task["role"] == "retained" else f"target, over {task['against']}",
        task["verdict"],
        task["n"],
        f"{100 * task['delta']:+.1f}",
        f"{100 * task['low']:+.1f} to {100 * task['high']:+.1f}",
        task["reason"],
    ]


def _waivers(rules: Sequence[str], by: str, reason: str) -> list[Any]:
    from workbench.policy import Waiver

    if rules and not (by.strip() and reason.strip()):
        raise InputError("a waiver needs a person and a reason", remedy='--by NAME --reason "…"')
    if not rules and (by or reason):
        raise InputError("there is nothing to waive", remedy="name the rule with --waive")
    if not all(rule.strip() for rule in rules):
        raise InputError("a waiver needs a rule", remedy="--waive TASK, average or flag:NAME")
    return [Waiver(rule=rule, by=by, reason=reason) for rule in rules]


def _plan_text(rows: list[dict[str, Any]], flip_rate: float) -> str:
    lines = [
        [f"{100 * row['loss']:g}", row["to_see"], row["to_rule_out"], row["power_at_to_see"]] for row in rows
    ]
    heads = ["loss (points)", "items to see it", "items to rule it out", "exact power"]
    return f"when {100 * flip_rate:g} % of the items change\n" + table(lines, heads)


def _pilot_text(rows: list[dict[str, Any]], loss: float) -> str:
    lines = [
        [
            row["task"],
            row["arm"],
            row["items"],
            f"{100 * row['flip_rate']:.1f} (up to {100 * row['flip_rate_high']:.1f})",
            f"{row['correlation']:.2f}",
            row["to_see"],
            row["to_rule_out"],
            row["to_rule_out_high"],
        ]
        for row in rows
    ]
    heads = ["task", "arm", "items now", "flips (%)", "ICC", "to see", "to rule out", "at the upper flips"]
    return f"items for a loss of {100 * loss:g} points\n" + table(lines, heads)
