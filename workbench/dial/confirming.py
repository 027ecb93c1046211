"""Confirm the chosen point on the items that did not choose it, and hand them to the gate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from workbench.dial.points import BASE, Point, measured_point
from workbench.errors import InputError
from workbench.evaluation.arms import Arm, arm_from
from workbench.evaluation.reading import summary
from workbench.evaluation.recording import items_hash
from workbench.evaluation.store import write_scores
from workbench.files import append_line, read_json, write_json
from workbench.judging import judge_arm
from workbench.policy import Policy
from workbench.projects import Project
from workbench.runs import Run, create_run, list_runs
from workbench.scores import Scores


def confirmed(
    arms: Mapping[str, Scores], chosen: Point, role_of: dict[str, str], policy: Policy
) -> dict[str, Any]:
    """The chosen point on the gate's items: ``confirmed``, ``refuted`` or ``open``, with intervals.

    Confirmed when the same bound holds again, the target gain is shown, and nothing is
    forgotten; refuted when something is forgotten or the gain is ruled out.
    """
    entry = Arm(chosen.name, "adapter", adapter=chosen.adapter, scale=chosen.scale)
    again = measured_point(arms, entry, role_of, policy)
    verdict = judge_arm({BASE: arms[BASE], chosen.name: arms[chosen.name]}, chosen.name, role_of, policy)
    forgotten = [task.task for task in verdict.tasks if task.verdict == "forgotten"]
    wanted = policy.target_gain
    if forgotten or verdict.macro["verdict"] == "forgotten" or again.target.high <= wanted:
        outcome = "refuted"
    elif again.retained.low >= -policy.macro_margin and again.target.low > wanted:
        outcome = "confirmed"
    else:
        outcome = "open"
    told = again.as_dict()
    return {
        "outcome": outcome,
        "forgotten": forgotten,
        "target": told["target"],
        "retained": told["retained"],
        "tasks": told["tasks"],
    }


def gate_evaluation(
    project: Project, dial: Run, chosen: str, arms: Mapping[str, Scores], division: Mapping[str, Any]
) -> Run:
    """A finished evaluation of base, prompted base and the chosen point on the gate's items.

    ``arms`` are the scores on the gate's items; `judge` takes the run like any other. Made
    once for a dial. Raises `InputError` for a point that was not evaluated.
    """
    made = next((run for run in list_runs(project, "evaluate") if _is_of(run, dial, chosen)), None)
    if made is not None:
        return made
    config = {key: value for key, value in dial.config.items() if key not in ("kind", "project", "dial")}
    entries = [arm_from(raw) for raw in config["arms"]]
    kept = [arm for arm in entries if arm.adapter is None or arm.name == chosen]
    if chosen not in {arm.name for arm in kept}:
        raise InputError(f"the dial has no point '{chosen[:60]}'", where=dial.id, remedy="see its dial.json")
    names = [arm.name for arm in kept]
    of_dial = {"run": dial.id, "arm": chosen, **division}
    run = create_run(
        project, "evaluate", {**config, "arms": [arm.as_dict() for arm in kept], "of_dial": of_dial}
    )
    scores = {name: arms[name] for name in names}
    for name in names:
        write_scores(run.path / "arms" / name, scores[name])
    write_json(run.path / "manifest.json", _manifest(dial, run, scores, of_dial))
    result = {
        "run": run.id,
        "suite": config["suite_file"]["name"],
        "base": config["base"],
        "arms": names,
        "tasks": summary(scores),
    }
    append_line(run.path / "events.jsonl", {"event": "started", "time": time.time()})
    append_line(run.path / "events.jsonl", {"event": "finished", "time": time.time()})
    write_json(run.path / "result.json", result)
    return run


def _is_of(run: Run, dial: Run, chosen: str) -> bool:
    told = run.config.get("of_dial") or {}
    return (told.get("run"), told.get("arm")) == (dial.id, chosen) and run.state == "finished"


def _manifest(dial: Run, run: Run, scores: dict[str, Scores], of_dial: Mapping[str, Any]) -> dict[str, Any]:
    whole = read_json(dial.path / "manifest.json")
    tasks = {
        name: {
            **entry,
            "items": len(scores[BASE].get(name, {})) or entry.get("items"),
            "answers": {arm: told for arm, told in entry["answers"].items() if arm in scores},
        }
        for name, entry in whole["tasks"].items()
    }
    return {
        **whole,
        "run": run.id,
        "of_dial": dict(of_dial),
        "items_sha256": items_hash(scores),
        "tasks": tasks,
        "arms": [arm for arm in whole["arms"] if arm["name"] in scores],
    }
