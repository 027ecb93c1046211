"""Judge a candidate against the one approved last: every task they share must be retained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.files import read_json, write_json
from workbench.history.approving import last_approved
from workbench.history.comparing import opened_candidate
from workbench.history.judged import suite_name
from workbench.judging import judge_arm
from workbench.projects import Project
from workbench.runs import Run

FILE = "regression.json"


def judge_regression(
    project: Project, run: Run, arm: str | None = None, against: str | None = None
) -> dict[str, Any]:
    """The verdict on a candidate with an earlier candidate as its baseline, targets included.

    ``against`` is ``RUN`` or ``RUN:ARM``; without it the candidate approved last on the same
    suite. Margins and alpha are those of the candidate's own verdict; what only makes sense
    against the base (prompt, control, looks, waivers) is left out. Kept as ``regression.json``
    in the run. Raises `NotFoundError` when nothing is approved, and `InputError` when the two
    did not answer the same items.
    """
    name, new, policy = opened_candidate(project, f"{run.id}:{arm}" if arm else run.id)
    if against is None:
        approved = last_approved(project, suite_name(run), before=run)
        baseline, old = f"{approved.run.id}:{approved.arm}", approved.scores
    else:
        baseline, old, _ = opened_candidate(project, against)
    both = sorted(set(old) & set(new))
    if not both:
        raise InputError("the two candidates have no task in common", where=baseline, remedy="name another")
    plain = policy.model_copy(update={"aa_control": None, "looks": None, "beat_prompt": False, "waivers": []})
    own = name.partition(":")[2]
    verdict = judge_arm(
        {"base": {task: old[task] for task in both}, own: {task: new[task] for task in both}},
        own,
        dict.fromkeys(both, "retained"),
        plain,
    )
    found = {"run": run.id, "arm": own, "baseline": baseline, **verdict.as_dict()}
    path = run.path / FILE
    kept = dict(read_json(path)["arms"]) if path.exists() else {}
    write_json(path, {"arms": dict(sorted({**kept, own: found}.items()))})
    return found


def regression_of(run: Run, arm: str) -> dict[str, Any] | None:
    """The verdict against an earlier candidate, when it was asked for."""
    path: Path = run.path / FILE
    found = read_json(path)["arms"].get(arm) if path.exists() else None
    return dict(found) if found is not None else None
