"""Build the report's JSON from run directories, and the HTML from that JSON alone."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench import __version__
from workbench.comparing import changes_between
from workbench.errors import InputError
from workbench.evaluation import read_evaluation, summary
from workbench.files import read_json, write_json, write_text
from workbench.lineage import adapter_history, dataset_history
from workbench.projects import Project
from workbench.report.charts import Bar, bar_chart, interval_chart, line_chart
from workbench.runs import Run, open_run
from workbench.scores import Score
from workbench.versions import open_dataset

FLIPS = 6
RETAINED, STEPS = "retained loss", "optimizer steps"
TEXT_LIMIT = 600


@dataclass(frozen=True)
class Report:
    """Where the report lies."""

    html: Path
    json: Path
    sha256: str
    verdict: str


def build_report(project: Project, run: Run, folder: Path | None = None, arm: str | None = None) -> Report:
    """Write ``report.html`` and ``report.json`` of a judged evaluation. Raises `InputError`.

    About the last adapter of the evaluation, unless another ``arm`` is named.
    """
    data = report_data(project, run, arm)
    folder = folder or project.folder("reports", run.id)
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    write_json(folder / "report.json", data)
    write_text(folder / "report.html", render(data, digest))
    return Report(folder / "report.html", folder / "report.json", digest, str(data["verdict"]["verdict"]))


def report_data(project: Project, run: Run, arm: str | None = None) -> dict[str, Any]:
    """Everything the report says, as plain JSON."""
    path = run.path / "verdict.json"
    if not path.exists():
        raise InputError(
            f"evaluation {run.id} is not judged yet", remedy=f"run `workbench judge {run.id}` first"
        )
    judged = read_json(path)
    name = arm or judged["arm"]
    verdict = {"run": run.id, "arm": name, **judged["arms"][name]}
    arms = read_evaluation(run)
    adapter = Path(next(a["adapter"] for a in run.config["arms"] if a["name"] == verdict["arm"]))
    trainings = adapter_history(project, adapter)
    exports = _overrides(project, run)
    return {
        "title": project.name,
        "created": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "workbench": __version__,
        "run": run.id,
        "base": run.config["base"],
        "suite": run.config["suite"],
        "arm": verdict["arm"],
        "arms": [{"name": a["name"], "prompt": a["prompt"]} for a in run.config["arms"]],
        "verdict": verdict,
        "other_arms": {name: v["verdict"] for name, v in judged["arms"].items()},
        "scores": summary(arms),
        "flips": _flips(arms["base"], arms[verdict["arm"]], verdict),
        "trainings": [_training(project, manifest) for manifest in trainings],
        "data": _data(project, trainings),
        "evaluation": read_json(run.path / "manifest.json"),
        "overrides": exports,
    }


def render(data: dict[str, Any], digest: str) -> str:
    """Render the HTML; every string is escaped by the template engine."""
    environment = Environment(
        loader=PackageLoader("workbench.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    tasks = data["verdict"]["tasks"]
    retained = [_bar(t) for t in tasks if t["role"] == "retained"]
    macro = data["verdict"]["macro"]
    if "delta" in macro:
        retained.append(
            Bar("average", macro["delta"], macro["low"], macro["high"], macro["verdict"], macro["margin"])
        )
    charts = {
        "retained": interval_chart(retained, "Change on retained tasks"),
        "target": interval_chart([_bar(t) for t in tasks if t["role"] == "target"], "Change on target tasks"),
        "changes": bar_chart(data["data"]["changes"], "Rows changed by reason"),
        "training": [
            (
                line_chart(_without_retained(training["curves"]), f"Losses of {training['run']}", STEPS),
                line_chart(
                    {RETAINED: training["curves"].get(RETAINED, [])},
                    f"Forgetting curve of {training['run']}",
                    STEPS,
                ),
            )
            for training in data["trainings"]
        ],
    }
    return environment.get_template("report.html.j2").render(**data, charts=charts, digest=digest)


def _without_retained(curves: dict[str, Any]) -> dict[str, Any]:
    return {name: line for name, line in curves.items() if name != RETAINED}


def _bar(task: dict[str, Any]) -> Bar:
    label = task["task"] if task["role"] == "retained" else f"{task['task']} over {task['against']}"
    margin = task["margin"] if task["role"] == "retained" else 0.0
    return Bar(label, task["delta"], task["low"], task["high"], task["verdict"], margin)


def _flips(
    old: dict[str, dict[str, Score]], new: dict[str, dict[str, Score]], verdict: dict[str, Any]
) -> list[dict[str, Any]]:
    """Items that the base got right and the adapter does not, worst tasks first."""
    found = []
    tasks = sorted((t for t in verdict["tasks"] if t["role"] == "retained"), key=lambda t: t["delta"])
    for task in tasks:
        name = task["task"]
        lost = [item for item in old[name] if new[name][item].score < old[name][item].score]
        for item in sorted(lost)[:FLIPS]:
            found.append(
                {
                    "task": name,
                    "item": item,
                    "question": _short(new[name][item].question),
                    "target": _short(old[name][item].target),
                    "base": _short(old[name][item].response),
                    "adapter": _short(new[name][item].response),
                }
            )
    return found[: 4 * FLIPS]


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " …"


def _training(project: Project, manifest: dict[str, Any]) -> dict[str, Any]:
    run = open_run(project, manifest["run"])
    curves: dict[str, list[tuple[float, float]]] = {}
    for metric in run.metrics():
        if metric["name"].endswith("_loss"):
            name = metric["name"].replace("_", " ")
            curves.setdefault(name, []).append((metric["step"], metric["value"]))
    return {
        "run": run.id,
        "method": manifest["settings"]["method"],
        "dataset": manifest["dataset"],
        "rows": manifest["rows"],
        "settings": manifest["settings"],
        "adapter_sha256": manifest["adapter_sha256"],
        "libraries": manifest["libraries"],
        "hardware": manifest["hardware"],
        "curves": curves,
        "metrics": (run.result or {}).get("metrics", {}),
    }


def _data(project: Project, trainings: list[dict[str, Any]]) -> dict[str, Any]:
    history: list[dict[str, Any]] = []
    changes: dict[str, int] = {}
    for ref in dict.fromkeys(training["dataset"]["ref"] for training in trainings):
        versions = dataset_history(project, ref)
        history += versions
        first, last = open_dataset(project, versions[0]["ref"]), open_dataset(project, ref)
        for change in changes_between(project, first, last):
            if change["change"] in ("dropped", "edited"):
                reason = f"{change['change']}: {change['step']} / {change['kind']}"
                changes[reason] = changes.get(reason, 0) + 1
    return {"history": history, "changes": changes}


def _overrides(project: Project, run: Run) -> list[dict[str, Any]]:
    path = project.folder("overrides.jsonl")
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row for row in rows if row.get("evaluation") == run.id]
