"""What the app's pages list about a project and its runs, worked out without Streamlit."""

from __future__ import annotations

import re
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.errors import InputError
from workbench.files import read_json
from workbench.findings import findings_folder
from workbench.markup import printable
from workbench.projects import Project
from workbench.runs import TRAINING, Run, list_runs
from workbench.versions import Dataset, dataset_names, dataset_versions, open_dataset

POINTS = 300
LOSSES = {"train_loss": "train", "held_out_loss": "held-out", "retained_loss": "retained"}


def command_line(project: Project | None, *words: object) -> str:
    """The ``workbench …`` line for a shell, quoted; words that are None are left out."""
    given = ["workbench", *(str(word) for word in words if word is not None)]
    return shlex.join([*given, "--project", str(project.root)] if project else given)


def column_mapping(text: str) -> dict[str, str]:
    """Read ``user=question assistant=answer``. Raises `InputError`."""
    try:
        pairs = [word.partition("=") for word in shlex.split(text)]
    except ValueError as error:
        raise InputError("a quote is not closed", remedy="user=question assistant=answer") from error
    for role, separator, column in pairs:
        if not (role and separator and column):
            raise InputError("this is not role=column", remedy="user=question assistant=answer")
    return {role: column for role, _, column in pairs}


def file_name_as_dataset(name: str) -> str:
    """A dataset name made from a file's name."""
    stem = name.lower().split(".")[0]
    return re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:64] or "data"


class LoopStep(NamedTuple):
    """One step of the loop: its page, what it is called, whether it is done, what it found."""

    page: str
    title: str
    done: bool
    detail: str
    action: str


def loop(project: Project) -> list[LoopStep]:
    """The steps from raw file to verdict, with what is done in this project."""
    versions = [version for name in dataset_names(project) for version in dataset_versions(project, name)]
    verbs = Counter(version.manifest["origin"]["verb"] for version in versions)
    proposed = sum(has_findings(project, version) for version in versions)
    finished = Counter(run.kind for run in list_runs(project) if run.state == "finished")
    trained = sum(finished[kind] for kind in TRAINING)
    judged = len(judged_runs(project))
    return [
        LoopStep(
            "import",
            "Import",
            bool(versions),
            _count(len(dataset_names(project)), "dataset"),
            "Import a file",
        ),
        LoopStep(
            "recipe", "Propose", bool(proposed), _count(proposed, "version") + " checked", "Run a recipe"
        ),
        LoopStep(
            "review",
            "Review",
            bool(verbs["publish"]),
            _count(verbs["publish"], "published version"),
            "Review the findings",
        ),
        LoopStep(
            "coverage",
            "Split",
            bool(verbs["split"]),
            _count(verbs["split"], "split version"),
            "Split the data",
        ),
        LoopStep("train", "Train", bool(trained), _count(trained, "adapter"), "Train an adapter"),
        LoopStep(
            "evaluate",
            "Evaluate",
            bool(finished["evaluate"]),
            _count(finished["evaluate"], "evaluation"),
            "Evaluate the adapter",
        ),
        LoopStep("approve", "Approve", bool(judged), _count(judged, "verdict"), "Look at the verdict"),
    ]


def dataset_rows(project: Project) -> list[dict[str, Any]]:
    """One line for every dataset version, newest version first within a dataset."""
    return [
        {
            "dataset": version.ref,
            "rows": version.rows,
            "made by": version.manifest["origin"]["verb"],
            "from": version.manifest["parent"] or ", ".join(version.manifest["origin"].get("files", [])),
            "checked": "yes" if has_findings(project, version) else "",
            "created": str(version.manifest["created"]).replace("T", " ").removesuffix("Z"),
        }
        for name in dataset_names(project)
        for version in reversed(dataset_versions(project, name))
    ]


def dataset_refs(project: Project, kind: str | None = None) -> list[str]:
    """All versions as ``name@v0001``, newest first within a dataset; of one kind if named."""
    return [
        version.ref
        for name in dataset_names(project)
        for version in reversed(dataset_versions(project, name))
        if kind is None or version.manifest["counts"]["kind"].get(kind)
    ]


def newest_ref(project: Project, refs: Sequence[str]) -> str:
    """Of some versions the one that was made last."""
    return max(refs, key=lambda ref: (str(open_dataset(project, ref).manifest["created"]), ref))


def has_findings(project: Project, dataset: Dataset) -> bool:
    """Whether a recipe has run over a version to its end."""
    return (findings_folder(project, dataset) / "propose.json").exists()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def run_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One line for every run."""
    rows = []
    for run in runs:
        at = run.progress()
        rows.append(
            {
                "run": run.id,
                "kind": run.kind,
                "state": run.state,
                "about": run_subject(run),
                "progress": round(100 * at[0] / at[1]) if at and at[1] else None,
                "started (UTC)": run_started(run),
                "took": duration_text(run_seconds(run)),
            }
        )
    return rows


def run_subject(run: Run) -> str:
    """What a run works on, in a few words."""
    config = run.config
    settings = config.get("settings", {})
    if run.kind == "propose":
        return f"{config.get('dataset', '')} · {config.get('recipe', '')}"
    if run.kind in ("evaluate", "dial"):
        return f"{config.get('base', '')} · {config.get('suite', '')}"
    return f"{settings.get('data', '')} · {settings.get('base', '')}"


def run_started(run: Run) -> str:
    """When a run was made, from its id."""
    _, day, clock, _ = run.id.split("-")
    return f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}:{clock[4:]}"


def run_seconds(run: Run) -> float | None:
    """How long a run has worked: from its last start to its last event, or to now."""
    events = run.events()
    starts = [event["time"] for event in events if event["event"] == "started"]
    if not starts:
        return None
    end = time.time() if run.state == "running" else events[-1]["time"]
    return max(0.0, float(end) - float(starts[-1]))


def seconds_left(run: Run) -> float | None:
    """A guess from the pace so far: first to last progress event since the last start."""
    events = run.events()
    begin = max((i for i, event in enumerate(events) if event["event"] == "started"), default=0)
    seen = [event for event in events[begin:] if event["event"] == "progress"]
    if len(seen) < 2 or seen[-1]["done"] <= seen[0]["done"]:
        return None
    pace = (seen[-1]["time"] - seen[0]["time"]) / (seen[-1]["done"] - seen[0]["done"])
    return float(pace * (seen[-1]["total"] - seen[-1]["done"]))


def duration_text(seconds: float | None) -> str:
    """``42 s``, ``3 min 5 s`` or ``2 h 10 min``; empty when it is not known."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def curves(run: Run) -> list[dict[str, Any]]:
    """Losses over steps, ``[{step, loss, series}]``, at most 300 points a line."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for metric in run.metrics():
        series = LOSSES.get(metric["name"])
        if series is not None:
            lines.setdefault(series, []).append(
                {"step": metric["step"], "loss": metric["value"], "series": series}
            )
    return [point for line in lines.values() for point in _thinned(line)]


def log_tail(run: Run, lines: int = 200) -> str:
    """The end of a run's log."""
    path = run.path / "log.txt"
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64_000))
        text = file.read().decode("utf-8", "replace")
    return printable("\n".join(text.splitlines()[-lines:]))


def finished_adapters(project: Project) -> list[Run]:
    """Training runs that have an adapter, newest first."""
    return [run for run in list_runs(project) if run.kind in TRAINING and run.state == "finished"]


def judged_runs(project: Project) -> list[Run]:
    """Evaluations with a verdict, newest first."""
    return [run for run in list_runs(project, "evaluate") if (run.path / "verdict.json").exists()]


def last_verdict(project: Project) -> tuple[Run, dict[str, Any]] | None:
    """The newest judged evaluation and its verdict."""
    found = judged_runs(project)
    return (found[0], read_json(found[0].path / "verdict.json")) if found else None


def score_table(tasks: Sequence[dict[str, Any]], roles: dict[str, str]) -> list[dict[str, Any]]:
    """One line a task: role, items, and each arm's score in percent with its half-width."""
    rows: dict[str, dict[str, Any]] = {}
    for task in tasks:
        row = rows.setdefault(
            task["task"],
            {"task": task["task"], "role": roles.get(task["task"], "retained"), "items": task["n"]},
        )
        row[task["arm"]] = f"{100 * task['value']:.1f} ± {50 * (task['high'] - task['low']):.1f}"
    return sorted(rows.values(), key=lambda row: (row["role"] != "target", row["task"]))


def verdict_table(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for every rule of a verdict, worst first within a role."""
    return [
        {
            "task": task["task"],
            "role": task["role"] if task["role"] == "retained" else f"target, over {task['against']}",
            "verdict": task["verdict"].replace("_", " "),
            "items": task["n"],
            "base %": round(100 * task["old"], 1),
            "adapter %": round(100 * task["new"], 1),
            "points": f"{100 * task['delta']:+.1f}",
            "bounds": f"{100 * task['low']:+.1f} to {100 * task['high']:+.1f}",
            "margin": f"{100 * task['margin']:.0f}" if task["role"] == "retained" else "",
            "why": task["reason"],
        }
        for task in sorted(tasks, key=lambda t: (t["role"] == "retained", t["delta"]))
    ]


def _thinned(line: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(line) <= POINTS:
        return line
    step = (len(line) - 1) / (POINTS - 1)
    return [line[round(i * step)] for i in range(POINTS)]
