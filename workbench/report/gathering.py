"""Gather what a report shows: stored files in, one document out. Nothing is measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from workbench import __version__
from workbench.comparing import changes_between
from workbench.errors import InputError, NotFoundError, WorkbenchError
from workbench.evaluation import read_evaluation, summary
from workbench.files import read_json, read_lines
from workbench.gate.controls import read_flags
from workbench.history.approving import approvals
from workbench.history.judged import judged_at, judged_entry, suite_name
from workbench.history.regression import regression_of
from workbench.lineage import adapter_history, dataset_history
from workbench.projects import Project
from workbench.report.document import FORMAT, Document
from workbench.report.flips import flip_counts, worst_flips
from workbench.report.personal import personal_data
from workbench.report.wording import rules, sentence
from workbench.runs import Run, list_runs, open_run
from workbench.versions import open_dataset

PARTS = {
    "flags": "red flags",
    "task_evals": "task evaluations on held-out rows",
    "dial": "the dial (adapter strength)",
    "failures": "from failures back to data",
    "personal_data": "personal data in the training rows",
    "looks": "looks at this candidate",
    "regression": "change against the candidate approved last",
}


class Judged(NamedTuple):
    """A judged arm: its verdict, what it is made of, and the verdicts on the others."""

    arm: str
    verdict: dict[str, Any]
    entry: dict[str, Any]
    others: dict[str, str]

    @property
    def adapter(self) -> Path | None:
        """Its adapter's folder; None for a model with weights of its own."""
        return Path(self.entry["adapter"]) if self.entry.get("adapter") else None


def report_data(project: Project, run: Run, arm: str | None = None) -> dict[str, Any]:
    """Everything the report says, as JSON that fits the published schema.

    About the last candidate, unless another ``arm`` is named. Raises `InputError` when the
    evaluation is not judged, and `NotFoundError` when the arm is not.
    """
    judged = judged_arm(run, arm)
    trainings = adapter_history(project, judged.adapter) if judged.adapter else []
    refs = [training["dataset"]["ref"] for training in trainings]
    manifest = read_json(run.path / "manifest.json")
    found = approver_data(project, run, judged) | {
        "format": FORMAT,
        "title": project.name,
        "workbench": __version__,
        "scores": summary(read_evaluation(run)),
        "arms": _arms(run, manifest),
        "trainings": [_training(project, training) for training in trainings],
        "data": _data(project, refs),
        "personal_data": personal_data(project, refs),
        "task_evals": _stored(run.path / "task_evals.json"),
        "prompting": _stored(run.path / "prompting.json"),
        "looks": _looks(run, judged.arm),
        "regression": regression_of(run, judged.arm),
        "evaluation": manifest,
    }
    found["not_measured"] = [words for part, words in PARTS.items() if found[part] is None]
    return Document.model_validate(found).model_dump(mode="json")


def approver_data(project: Project, run: Run, judged: Judged) -> dict[str, Any]:
    """What the approver looks at: the part of the report that pages show too."""
    verdict, arms = judged.verdict, read_evaluation(run)
    flags = flag_rows(run, judged)
    overrides = _overrides(project, run)
    return {
        "created": judged_at(run),
        "run": run.id,
        "base": run.config["base"],
        "suite": suite_name(run),
        "arm": judged.arm,
        "sentence": sentence(judged.arm, verdict),
        "verdict": verdict,
        "other_arms": judged.others,
        "rules": rules(verdict, flags),
        "flips": worst_flips(arms["base"], arms[judged.arm], verdict),
        "flip_counts": flip_counts(arms["base"], arms[judged.arm], verdict),
        "people": _people(project, run, judged, overrides),
        "flags": flags,
        "dial": dial_of(project, run, judged),
        "failures": failures_of(run, judged.arm),
        "overrides": overrides,
    }


def judged_arm(run: Run, arm: str | None = None) -> Judged:
    """The verdict on one arm of a run. Raises `InputError` and `NotFoundError`."""
    path = run.path / "verdict.json"
    if not path.exists():
        raise InputError(
            f"evaluation {run.id} is not judged yet", remedy=f"run `workbench judge {run.id}` first"
        )
    judged = read_json(path)
    name = arm or str(judged["arm"])
    if name not in judged["arms"]:
        raise NotFoundError(
            f"the evaluation has no verdict on '{name[:60]}'",
            where=run.id,
            remedy=f"arms: {', '.join(judged['arms'])}"[:400],
        )
    entry = next(entry for entry in run.config["arms"] if entry["name"] == name)
    verdict = {"run": run.id, "arm": name, **judged["arms"][name]}
    return Judged(name, verdict, entry, {other: str(v["verdict"]) for other, v in judged["arms"].items()})


def flag_rows(run: Run, judged: Judged) -> list[dict[str, Any]] | None:
    """The red flags that were looked for, each with what the verdict let it do; None without any.

    One without a value could not be measured, whatever its level.
    """
    effects = {flag["name"]: flag["effect"] for flag in judged.verdict.get("flags", [])}
    found = read_flags(run.path / "flags", judged.arm)
    rows = [
        {**flag, "effect": effects.get(flag["name"], "not judged"), "measured": flag.get("value") is not None}
        for flag in found
    ]
    return rows or None


def dial_of(project: Project, run: Run, judged: Judged) -> dict[str, Any] | None:
    """The dial that chose this candidate, else the newest over its adapter on the same suite."""
    chose = run.config.get("of_dial")
    if chose is not None:
        return _dial(project.folder("runs", str(chose["run"])))
    if judged.adapter is None:
        return None
    for other in list_runs(project, "dial"):
        same = (other.config.get("base"), other.config.get("suite")) == (
            run.config["base"],
            run.config["suite"],
        )
        if same and str(judged.adapter) in {arm.get("adapter") for arm in other.config["arms"]}:
            return _dial(other.path)
    return None


def failures_of(run: Run, arm: str) -> dict[str, Any] | None:
    """From failures back to data, when it was worked out for this arm."""
    found = (_stored(run.path / "failures.json") or {}).get("arms", {}).get(arm)
    return dict(found) if found is not None else None


def _dial(folder: Path) -> dict[str, Any] | None:
    found = _stored(folder / "dial.json")
    return {**found, "run": folder.name} if found is not None else None


def _stored(path: Path) -> dict[str, Any] | None:
    return read_json(path) if path.exists() else None


def _looks(run: Run, arm: str) -> list[dict[str, Any]] | None:
    own = ((_stored(run.path / "looks.json") or {}).get("arms") or {}).get(arm)
    return list(own["looks"]) if own else None


def _arms(run: Run, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Every arm of the run as its config has it, with the hashes of the manifest."""
    hashes = {entry["name"]: entry for entry in manifest["arms"]}
    return [{**entry, **hashes.get(entry["name"], {})} for entry in run.config["arms"]]


def _people(
    project: Project, run: Run, judged: Judged, overrides: list[dict[str, Any]]
) -> list[dict[str, str]]:
    entry = judged_entry(run)
    who, found = str(entry["who"]) if entry else "not recorded", judged.verdict["verdict"]
    said = [{"what": f"judged: {found}", "by": who, "when": judged_at(run), "why": ""}]
    said += [
        {
            "what": f"waived: {waiver['rule']}" + ("" if waiver["used"] else " (nothing to waive)"),
            "by": waiver["by"],
            "when": judged_at(run),
            "why": waiver["reason"],
        }
        for waiver in judged.verdict.get("waivers", [])
    ]
    said += [
        {
            "what": {"approve": "approved", "withdraw": "approval withdrawn"}[a.action],
            "by": a.by,
            "when": a.when,
        }
        | {"why": a.reason}
        for a in approvals(project)
        if (a.run, a.arm) == (run.id, judged.arm)
    ]
    said += [
        {"what": "exported without a pass", "by": row["by"], "when": row["when"], "why": row["reason"]}
        for row in overrides
    ]
    return said


def _training(project: Project, manifest: dict[str, Any]) -> dict[str, Any]:
    try:
        run: Run | None = open_run(project, manifest["run"])
    except WorkbenchError:
        run = None
    curves: dict[str, list[tuple[float, float]]] = {}
    for metric in run.metrics() if run else []:
        if metric["name"].endswith("_loss"):
            name = metric["name"].replace("_", " ")
            curves.setdefault(name, []).append((metric["step"], metric["value"]))
    return {
        "run": str(manifest["run"]),
        "method": manifest["settings"]["method"],
        "dataset": manifest["dataset"],
        "rows": manifest["rows"],
        "settings": manifest["settings"],
        "adapter_sha256": manifest["adapter_sha256"],
        "libraries": manifest["libraries"],
        "hardware": manifest["hardware"],
        "curves": curves,
        "metrics": ((run.result if run else None) or {}).get("metrics", {}),
    }


def _data(project: Project, refs: list[str]) -> dict[str, Any]:
    """Versions from the import on, each once, and how many rows were changed on the way."""
    history: dict[str, dict[str, Any]] = {}
    changes: dict[str, int] = {}
    for ref in dict.fromkeys(refs):
        versions = dataset_history(project, ref)
        history.update({version["ref"]: version for version in versions})
        if any(version["verb"] == "missing" for version in versions):
            continue
        first, last = open_dataset(project, versions[0]["ref"]), open_dataset(project, ref)
        for change in changes_between(project, first, last):
            if change["change"] in ("dropped", "edited"):
                reason = f"{change['change']}: {change['step']} / {change['kind']}"
                changes[reason] = changes.get(reason, 0) + 1
    return {"history": list(history.values()), "changes": changes}


def _overrides(project: Project, run: Run) -> list[dict[str, Any]]:
    return [row for row in read_lines(project.folder("overrides.jsonl")) if row.get("evaluation") == run.id]
