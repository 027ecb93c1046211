"""Every judged candidate of a project over time, read from the verdicts that were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import read_json
from workbench.history.approving import approval_of
from workbench.history.judged import judged_at, suite_name
from workbench.projects import Project
from workbench.runs import Run, list_runs


@dataclass(frozen=True)
class TaskPoint:
    """What a candidate did on one task: scores of both models, the gain and its bounds."""

    task: str
    role: str
    against: str
    verdict: str
    n: int
    old: float
    new: float
    delta: float
    low: float
    high: float


@dataclass(frozen=True)
class Candidate:
    """One arm of a judged evaluation. ``when`` is UTC; ``approved_by`` is empty without an approval."""

    run: str
    arm: str
    when: str
    base: str
    suite: str
    verdict: str
    reason: str
    policy_sha256: str
    items_sha256: str
    adapter_sha256: str | None
    approved_by: str
    approved_at: str
    macro: dict[str, Any]
    tasks: tuple[TaskPoint, ...]

    @property
    def name(self) -> str:
        """How a command names it: ``RUN`` and the arm."""
        return f"{self.run}:{self.arm}"

    def as_dict(self) -> dict[str, Any]:
        """One entry of ``workbench history --json``."""
        return {**asdict(self), "name": self.name, "tasks": [asdict(task) for task in self.tasks]}


def candidates(project: Project, suite: str | None = None) -> list[Candidate]:
    """All judged candidates, oldest verdict first; a run whose files are damaged is left out."""
    found: list[Candidate] = []
    for run in list_runs(project, "evaluate"):
        try:
            found += _of_run(project, run)
        except (WorkbenchError, KeyError, TypeError):
            continue
    kept = [one for one in found if suite is None or one.suite == suite]
    return sorted(kept, key=lambda one: (one.when, one.run, one.arm))


def trend(found: Sequence[Candidate], task: str) -> list[dict[str, Any]]:
    """A task over time: ``[{when, name, arm, verdict, old, new, delta, low, high, n}]`` against the base."""
    points = []
    for candidate in found:
        for point in candidate.tasks:
            if point.task == task and point.against == "base":
                row = {"when": candidate.when, "name": candidate.name, "arm": candidate.arm, **asdict(point)}
                points.append({**row, "approved": bool(candidate.approved_by)})
    return points


def candidate_rows(found: Sequence[Candidate]) -> list[dict[str, Any]]:
    """A table of candidates for people, newest first."""
    return [
        {
            "judged (UTC)": one.when.replace("T", " ")[:19],
            "candidate": one.arm,
            "verdict": one.verdict,
            "average of retained": _average(one.macro),
            "approved by": one.approved_by,
            "why": one.reason,
            "run": one.run,
        }
        for one in reversed(found)
    ]


def task_names(found: Sequence[Candidate]) -> list[str]:
    """The tasks that any candidate has, targets first."""
    roles = {point.task: point.role for candidate in found for point in candidate.tasks}
    return sorted(roles, key=lambda task: (roles[task] != "target", task))


def _average(macro: dict[str, Any]) -> str:
    return f"{100 * macro['delta']:+.1f}" if "delta" in macro else "not measurable"


def _of_run(project: Project, run: Run) -> list[Candidate]:
    path = run.path / "verdict.json"
    if run.state != "finished" or not path.exists():
        return []
    judged, when, config = read_json(path), judged_at(run), run.config
    manifest = read_json(run.path / "manifest.json")
    hashes = {arm["name"]: arm.get("adapter_sha256") for arm in manifest["arms"]}
    found = []
    for name, verdict in judged["arms"].items():
        approval = approval_of(project, run, name)
        found.append(
            Candidate(
                run=run.id,
                arm=name,
                when=when,
                base=str(config["base"]),
                suite=suite_name(run),
                verdict=str(verdict["verdict"]),
                reason=str(next(iter(verdict["reasons"]), "")),
                policy_sha256=str(verdict.get("policy_sha256", "")),
                items_sha256=str(manifest.get("items_sha256", "")),
                adapter_sha256=hashes.get(name),
                approved_by=approval.by if approval else "",
                approved_at=approval.when if approval else "",
                macro=dict(verdict["macro"]),
                tasks=tuple(_point(task) for task in verdict["tasks"]),
            )
        )
    return found


def _point(task: dict[str, Any]) -> TaskPoint:
    return TaskPoint(**{name: task[name] for name in TaskPoint.__dataclass_fields__})
