"""Commands of task evals: tasks on one's own held-out rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, Ref, command, opened, printable, table
from workbench.cli.progress import progress

RunId = Annotated[str, typer.Argument(help="Evaluation run id, or its beginning.")]
Task = Annotated[str, typer.Option("--task", help="Name of the task.")]
First = Annotated[str, typer.Option("--first", help="One arm, often base.")]
Second = Annotated[str, typer.Option("--second", help="The other arm.")]
SHOWN = 160


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    evals = typer.Typer(help="Tasks on your own held-out rows.", no_args_is_help=True)
    command(evals, "metrics")(metrics_command)
    command(evals, "preview")(preview_command)
    command(evals, "results")(results_command)
    command(evals, "compare")(compare_command)
    app.add_typer(evals, name="task-eval")


def metrics_command(as_json: JsonOption = False) -> Answer:
    """List the metrics that a held-out task can name."""
    from workbench.task_evals.metrics import METRICS
    from workbench.task_evals.settings import RUBRIC

    _ = as_json
    says = {metric.name: metric.says for metric in METRICS.values()}
    says[RUBRIC] = "a judge's mark from 1 to 5 by your rubric, as 0 to 1"
    rows = [{"metric": name, "says": text} for name, text in says.items()]
    return Answer(
        {"metrics": rows}, table([[row["metric"], row["says"]] for row in rows], ["metric", "measures"])
    )


def preview_command(
    ref: Ref,
    split: Annotated[str, typer.Option("--split", help="Which split is asked.")] = "test",
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="Metric, the first is the score; more than once.")
    ] = None,
    extract: Annotated[
        str | None, typer.Option("--extract", help="Pattern whose first group is the answer.")
    ] = None,
    pattern: Annotated[str | None, typer.Option("--pattern", help="For the metric regex.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=2, help="Rows, drawn at random.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, max=50, help="Rows to show.")] = 3,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Show a held-out task before any model answers it: rows, metrics that fit, what they give at best."""
    from workbench.task_evals.previewing import preview, task_of
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    given = {
        "data": open_dataset(here, ref).ref,
        "split": split,
        "metrics": tuple(metric or ()),
        "extract": extract,
        "pattern": pattern,
    }
    seen = preview(here, task_of(given), rows=rows, limit=limit)
    best = [[name, f"{100 * value:.1f}"] for name, value in seen.at_best.items()]
    lines = [
        f"{seen.data}, split {seen.split}: {seen.look.items} rows"
        + (
            f", and {seen.look.without_answer} without an answer in words" if seen.look.without_answer else ""
        ),
        f"metrics: {', '.join(seen.choice.metrics)}, because {seen.choice.reason}"
        if not metric
        else f"metrics: {', '.join(seen.choice.metrics)}",
        "",
        table(best, ["metric", "% when every row is answered with its own answer"]),
    ]
    for item in seen.rows:
        lines += ["", item.id, f"  asks    {_short(item.question)}", f"  answer  {_short(item.reference)}"]
    if seen.doubtful:
        lines += ["", f"below 1 even so: {', '.join(seen.doubtful)}"]
    return Answer(seen.as_dict(), "\n".join(lines))


def results_command(run_id: RunId, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Show what the held-out tasks of an evaluation found, for every arm."""
    from workbench.runs import open_run
    from workbench.task_evals.results import summarise_run

    _ = as_json
    here = opened(project)
    found = summarise_run(here, open_run(here, run_id))
    rows = [
        [result["task"], result["arm"], metric["name"], metric["n"], _percent(metric)]
        for result in found
        for metric in result["metrics"]
    ]
    lines = [table(rows, ["task", "arm", "metric", "items", "% (95 %)"])]
    for result in found:
        lines += ["", f"{result['task']}, {result['arm']}", *_details(result)]
    return Answer({"run": run_id, "tasks": found}, "\n".join(lines))


def compare_command(
    run_id: RunId,
    task: Task,
    first: First,
    second: Second,
    judge: Annotated[
        str, typer.Option("--judge", help="Address of an OpenAI-compatible server; answers are sent there.")
    ],
    judge_model: Annotated[str, typer.Option("--judge-model", help="Model on that server.")],
    rubric: Annotated[Path, typer.Option("--rubric", help="File that says what a good answer is.")],
    judge_key_env: Annotated[
        str | None, typer.Option("--judge-key-env", help="Environment variable that holds its key.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=2, help="Items, drawn at random.")] = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=64, help="Requests at a time.")] = 4,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Send personal data and secrets as they are.")
    ] = False,
    reference: Annotated[
        bool, typer.Option("--reference/--no-reference", help="Show the judge the right answer.")
    ] = True,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Let a judge compare two arms' answers, each pair in both orders."""
    from workbench.evaluation import read_evaluation
    from workbench.row_scores.settings import judge_values
    from workbench.runs import open_run
    from workbench.task_evals.pairwise import compare_arms, write_comparison
    from workbench.task_evals.settings import Rubric

    _ = as_json
    here = opened(project)
    run = open_run(here, run_id)
    given = judge_values(judge, judge_model, rubric, judge_key_env, parallel)
    asked = Rubric(**given, reveal=reveal, show_reference=reference)
    with progress("compare") as tell:
        found = compare_arms(
            here,
            read_evaluation(run),
            task,
            first,
            second,
            asked,
            limit=limit,
            tick=lambda done, total: tell("questions", done, total),
        )
    path = write_comparison(run.path, found)
    data = {key: value for key, value in found.as_dict().items() if key != "items"} | {"path": str(path)}
    text = (
        f"{second} is better on {found.second_better}, {first} on {found.first_better}, "
        f"{found.ties} ties of {found.n} items: "
        f"{100 * found.rate:.1f} % for {second} (95 %: {100 * found.low:.1f} to {100 * found.high:.1f})\n"
        f"order decided {100 * found.swayed:.1f} % of the asked pairs, which count as ties; "
        f"{found.equal} pairs were equal and not asked; {found.unjudged} got no mark"
    )
    return Answer(data, text)


def _percent(metric: dict[str, Any]) -> str:
    if metric["value"] is None:
        return "not measured"
    return f"{100 * metric['value']:.1f} ({100 * metric['low']:.1f} to {100 * metric['high']:.1f})"


def _details(result: dict[str, Any]) -> list[str]:
    lines = []
    if result["parsed"]:
        lines.append(f"  answers in the form asked for: {_percent(result['parsed'])} %")
    if result["cut"]:
        lines.append(f"  prompts cut for length: {result['cut']}")
    if (classes := result["classification"]) is not None:
        lines.append(
            f"  macro precision {100 * classes['macro_precision']:.1f} %, recall "
            f"{100 * classes['macro_recall']:.1f} %, F1 {100 * classes['macro_f1']:.1f} %"
        )
    if (whole := result["corpus"]) is not None:
        lines.append(f"  corpus BLEU {100 * whole['bleu']:.1f}, chrF {100 * whole['chrf']:.1f}")
    spent = result["requests"]
    if spent["tokens"] is not None:
        lines.append(
            f"  tokens written: median {spent['tokens']['median']:g}, p95 {spent['tokens']['p95']:g}"
        )
    if spent["seconds"] is not None:
        lines.append(
            f"  seconds a request: median {spent['seconds']['median']:.3g}, p95 {spent['seconds']['p95']:.3g}"
        )
    if spent["cost_of_1000"] is not None:
        lines.append(f"  cost of 1,000 requests: {spent['cost_of_1000']:.4g}")
    weak = [row for row in result["slices"] if row["flagged"]]
    lines += [
        f"  weak (exploratory): {row['name']} {_short(row['value'])}, {row['n']} items, "
        f"{100 * row['mean']:.1f} % against {100 * row['rest']:.1f} % of the rest"
        for row in weak
    ]
    return lines


def _short(text: str) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
