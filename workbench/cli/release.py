"""Commands before a release: evaluate, judge, report, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress, run_watcher
from workbench.errors import InputError

RunId = Annotated[str, typer.Argument(help="Evaluation run id, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "evaluate")(evaluate)
    command(app, "judge")(judge)
    command(app, "report")(report)
    command(app, "export")(export_command)


def evaluate(
    base: Annotated[str, typer.Option("--base", help="Base model: folder, hub name or tiny-chat.")],
    suite: Annotated[str, typer.Option("--suite", help="Suite name or YAML file.")],
    adapter: Annotated[
        list[str] | None, typer.Option("--adapter", help="Run or folder, or name=run; more than once.")
    ] = None,
    prompt: Annotated[
        Path | None, typer.Option("--prompt", help="File with the best system prompt for the base.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=2, help="Items of each task.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    allow_download: Annotated[bool, typer.Option("--allow-download", help="Let the hub be asked.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Answer a suite as base, prompted base and every adapter: same items, one copy of weights."""
    from workbench.evaluation import create_evaluation
    from workbench.runs import start_run, wait_run

    _ = as_json
    run = create_evaluation(
        opened(project),
        base=base,
        suite=suite,
        adapters=adapter or [],
        prompt=_prompt_text(prompt) if prompt else None,
        limit=limit,
        allow_download=allow_download,
    )
    start_run(run)
    if detach:
        return Answer({"run": run.id, "state": run.state}, f"started {run.id}")
    with progress("evaluate") as tell:
        result = wait_run(run, run_watcher(tell))
    return Answer(result, f"{_scores(result['tasks'])}\n\njudge it with `workbench judge {run.id}`")


def judge(
    run_id: Annotated[str | None, typer.Argument(help="Evaluation run id, or its beginning.")] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="YAML file of thresholds.")] = None,
    baseline: Annotated[Path | None, typer.Option("--baseline", help="Scores of the old model.")] = None,
    candidate: Annotated[Path | None, typer.Option("--candidate", help="Scores of the new model.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Give the verdict: pass (exit 0), fail (1) or inconclusive (3)."""
    from workbench.judging import judge_run, judge_scores
    from workbench.policy import Policy, load_policy
    from workbench.runs import open_run

    _ = as_json
    if (run_id is None) == (baseline is None) or (baseline is None) != (candidate is None):
        raise InputError("name an evaluation run, or --baseline and --candidate", remedy="see --help")
    if run_id is not None:
        here = opened(project)
        data = judge_run(here, open_run(here, run_id), policy)
    else:
        given = load_policy(policy) if policy else Policy()
        data = judge_scores(Path(str(baseline)), Path(str(candidate)), given).as_dict()
    code = {"pass": 0, "fail": 1, "inconclusive": 3}[data["verdict"]]
    return Answer(data, verdict_text(data), code)


def report(
    run_id: RunId,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the release report: one self-contained HTML file, and its JSON."""
    from workbench.report.building import build_report
    from workbench.runs import open_run

    _ = as_json
    here = opened(project)
    found = build_report(here, open_run(here, run_id), out)
    data = {
        "html": str(found.html),
        "json": str(found.json),
        "sha256": found.sha256,
        "verdict": found.verdict,
    }
    return Answer(data, f"{found.verdict}: {found.html}")


def export_command(
    run_id: Annotated[str, typer.Argument(help="Training run, or adapter folder.")],
    to: Annotated[Path, typer.Option("--to", help="New folder.")],
    merge: Annotated[
        bool, typer.Option("--merge", help="Also the merged model, checked for parity.")
    ] = False,
    override: Annotated[bool, typer.Option("--override", help="Export without a passing verdict.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why it is overridden.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who overrides.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write what ships. Refused without a passing verdict on exactly these weights."""
    from workbench.export.exporting import Override, export

    _ = as_json
    result = export(
        opened(project), run_id, to, merge=merge, override=Override(by, reason) if override else None
    )
    text = f"{result.path}: {len(result.files)} files, verdict {result.verdict}"
    if result.parity.get("checked"):
        text += f"\nmerged and adapter differ by at most {result.parity['largest_logit_difference']:.2g} in logits"
    return Answer(result.as_dict(), text)


def verdict_text(data: dict[str, Any]) -> str:
    """A verdict in words."""
    words = {
        "pass": "PASS: this adapter may ship",
        "fail": "FAIL: this adapter must not ship",
        "inconclusive": "INCONCLUSIVE: the items do not decide it",
    }
    rows = [
        [
            task["task"],
            task["role"] if task["role"] == "retained" else f"target, over {task['against']}",
            task["verdict"],
            task["n"],
            f"{100 * task['delta']:+.1f}",
            f"{100 * task['low']:+.1f} to {100 * task['high']:+.1f}",
            task["reason"],
        ]
        for task in data["tasks"]
    ]
    lines = [words[data["verdict"]], *[f"  {reason}" for reason in data["reasons"]], ""]
    return "\n".join(lines) + table(rows, ["task", "role", "verdict", "items", "points", "bounds", "why"])


def _prompt_text(path: Path) -> str:
    if not path.is_file():
        raise InputError("there is no such prompt file", where=str(path), remedy="check the path")
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            "the prompt is not UTF-8 text", where=str(path), remedy="save it as UTF-8"
        ) from error


def _scores(rows: list[dict[str, Any]]) -> str:
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    by_task: dict[str, dict[str, str]] = {}
    for row in rows:
        half = 50 * (row["high"] - row["low"])
        by_task.setdefault(row["task"], {})[row["arm"]] = f"{100 * row['value']:.1f} ±{half:.1f}"
    lines = [[task, *[values.get(arm, "") for arm in arms]] for task, values in by_task.items()]
    return table(lines, ["task (%, 95 %)", *arms])
