"""Approvals: a named person says that a judged candidate may go out. Append-only.

``approvals.jsonl`` in the project; the last word on a candidate counts. An approval names
the verdict's hash, so it does not outlive a verdict that was given anew.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import InputError, NotFoundError, NotPassedError
from workbench.files import append_line, file_sha256, read_json, read_lines
from workbench.history.evidence import standing
from workbench.history.judged import TIME, suite_name
from workbench.projects import Project
from workbench.runs import Run, list_runs
from workbench.scores import Scores, read_arm

FILE = "approvals.jsonl"
Action = Literal["approve", "withdraw"]


@dataclass(frozen=True)
class Approval:
    """One line of ``approvals.jsonl``."""

    run: str
    arm: str
    suite: str
    action: Action
    by: str
    reason: str
    when: str
    verdict_sha256: str

    def as_dict(self) -> dict[str, Any]:
        """The line as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Approved:
    """The candidate that was approved last: its run, its arm and its scores by task."""

    run: Run
    arm: str
    approval: Approval
    scores: Scores

    @property
    def folder(self) -> Path:
        """Where its scores lie."""
        return self.run.path / "arms" / self.arm


def approve(
    project: Project, run: Run, *, by: str, reason: str = "", arm: str | None = None, withdraw: bool = False
) -> Approval:
    """Record that a person approves a judged candidate, or takes that back.

    Raises `NotPassedError` for a candidate that has no pass by the thresholds fixed before, on the
    evidence there is now, and `InputError` without a name,
    or when there is nothing to withdraw.
    """
    if not by.strip():
        raise InputError("an approval needs a person", remedy="--by NAME")
    path = run.path / "verdict.json"
    if not path.exists():
        raise InputError(
            f"evaluation {run.id} is not judged yet", remedy=f"run `workbench judge {run.id}` first"
        )
    verdict = read_json(path)
    name = arm or str(verdict["arm"])
    if name not in verdict["arms"]:
        raise NotFoundError(
            f"the evaluation has no verdict on '{name[:60]}'",
            where=run.id,
            remedy=f"arms: {', '.join(verdict['arms'])}",
        )
    if withdraw and approval_of(project, run, name) is None:
        raise InputError(
            "there is no approval to withdraw", where=f"{run.id}, {name}", remedy="see `workbench history`"
        )
    if not withdraw and (found := standing(run, verdict["arms"][name])) != "pass":
        raise NotPassedError(
            f"'{name}' has no pass: {found}",
            where=run.id,
            remedy="let a rule go by a waiver, with name and reason, and judge again by the fixed policy",
        )
    approval = Approval(
        run=run.id,
        arm=name,
        suite=suite_name(run),
        action="withdraw" if withdraw else "approve",
        by=by.strip(),
        reason=reason.strip(),
        when=time.strftime(TIME, time.gmtime()),
        verdict_sha256=file_sha256(path),
    )
    append_line(project.folder(FILE), approval.as_dict())
    return approval


def approvals(project: Project) -> list[Approval]:
    """All that was said, oldest first."""
    names = Approval.__dataclass_fields__
    return [
        Approval(**{name: entry[name] for name in names})
        for entry in read_lines(project.folder(FILE))
        if set(names) <= set(entry)
    ]


def approval_of(project: Project, run: Run, arm: str) -> Approval | None:
    """The approval that holds of a candidate; None when there is none, or the verdict is another now."""
    said = [entry for entry in approvals(project) if (entry.run, entry.arm) == (run.id, arm)]
    if not said or said[-1].action != "approve":
        return None
    path = run.path / "verdict.json"
    return said[-1] if path.exists() and file_sha256(path) == said[-1].verdict_sha256 else None


def last_approved(project: Project, suite: str | None = None, before: Run | None = None) -> Approved:
    """The candidate approved last, on a suite if one is named: the baseline for regression.

    ``before`` is left out, so that a candidate is never compared with itself. Raises
    `NotFoundError` when nothing is approved.
    """
    runs = {run.id: run for run in list_runs(project, "evaluate")}
    for entry in reversed(approvals(project)):
        run = runs.get(entry.run)
        if run is None or run == before or (suite is not None and entry.suite != suite):
            continue
        if approval_of(project, run, entry.arm) == entry:
            return Approved(run, entry.arm, entry, read_arm(run.path / "arms" / entry.arm))
    raise NotFoundError(
        "no candidate is approved yet" + (" on this suite" if suite else ""),
        where=str(project.root),
        remedy="approve one with `workbench approve RUN --by NAME`, or name a baseline",
    )
