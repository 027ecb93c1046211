"""Turn the dial: evaluate every point, choose on one half of the items, confirm on the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.dial.choosing import label, points_of, reasons, recommend
from workbench.dial.confirming import confirmed, gate_evaluation
from workbench.dial.halves import halves
from workbench.dial.merging import make_merge
from workbench.dial.points import BASE, Point, measured_points
from workbench.dial.settings import DialSettings
from workbench.evaluation import evaluate, evaluation_arms, evaluation_suite, read_evaluation_folder, roles
from workbench.files import write_json
from workbench.jobs import interruptible
from workbench.paired import Interval
from workbench.policy import Policy
from workbench.red_flags import FlagSettings, measure_run
from workbench.runs import open_run
from workbench.scores import Scores
from workbench.worker import Worker

FORMAT = 1
FLAGS = {"rows": 64, "prompts": 24, "tokens": 48}
"""How much is looked at for the red flags, where the run does not say: enough for bounds, in minutes."""
OUTCOMES = {
    "confirmed": "the items that did not choose it confirm it",
    "refuted": "the items that did not choose it speak against it",
    "open": "the items that did not choose it leave it open",
}


def turn_dial(worker: Worker) -> dict[str, Any]:
    """Run a dial; returns what ``dial.json`` in the run then holds.

    The answers come from the content store where they are known, so base and points that were
    evaluated before cost nothing; a dial that was stopped goes on with the next task. The red flags
    of the recommended point are measured in its own evaluation, unless the settings say no.
    """
    config = worker.config
    settings = DialSettings.model_validate(config["dial"]["settings"])
    with interruptible(worker):
        for number, merge in enumerate(config["dial"]["merges"]):
            worker.progress(number, len(config["dial"]["merges"]), f"merges ({merge['method']})")
            make_merge(
                config["base"],
                merge["adapters"],
                merge["method"],
                Path(merge["folder"]),
                density=settings.density,
                seed=settings.seed,
            )
    evaluate(worker)
    found = _dial(worker, settings)
    if settings.red_flags and found["evaluation"]:
        with interruptible(worker):
            _measure_flags(worker, found["evaluation"])
    return found


def _measure_flags(worker: Worker, evaluation: str) -> None:
    """Measure the recommended point's red flags where `judge` reads them; those that are there stay."""
    settings = FlagSettings.model_validate(worker.config.get("flags") or FLAGS)
    run = open_run(worker.project, evaluation)
    measure_run(worker.project, run, settings=settings, progress=worker.progress)


def _dial(worker: Worker, settings: DialSettings) -> dict[str, Any]:
    config, run = worker.config, worker.run
    policy = Policy.model_validate(config["policy"])
    arms = read_evaluation_folder(run.path)
    role_of = roles(evaluation_suite(run, worker.project), arms)
    selection, gate = halves(arms, policy, share=settings.selection, seed=settings.seed)
    points = recommend(measured_points(selection, evaluation_arms(run), role_of, policy))
    chosen = next((point for point in points if point.recommended), None)
    division = {
        "half": "gate",
        "seed": settings.seed,
        "selection": settings.selection,
        "items": {"selection": _items(selection), "gate": _items(gate)},
    }
    confirmation = confirmed(gate, chosen, role_of, policy) if chosen else None
    judged = gate_evaluation(worker.project, run, chosen.name, gate, division).id if chosen else None
    found = {
        "format": FORMAT,
        "run": run.id,
        "base": config["base"],
        "suite": config["suite_file"]["name"],
        "alpha": policy.alpha,
        "macro_margin": policy.macro_margin,
        "division": division,
        "points": [point.as_dict() for point in points],
        "merges": config["dial"]["merges"],
        "recommended": chosen.name if chosen else None,
        "why": reasons(points, policy),
        "confirmation": confirmation,
        "evaluation": judged,
        "statement": _statement(chosen, confirmation),
    }
    write_json(run.path / "dial.json", found)
    return found


def _statement(chosen: Point | None, confirmation: dict[str, Any] | None) -> str:
    if chosen is None or confirmation is None:
        return "No setting is recommended: none that keeps what the base can do gains on the target tasks."
    gate = {role: Interval(**confirmation[role]) for role in ("target", "retained")}
    return (
        f"Recommended: {label(chosen)}. Where it was chosen it gains {points_of(chosen.target)} points on the "
        f"target tasks and changes the retained ones by {points_of(chosen.retained)}; on the other items "
        f"{points_of(gate['target'])} and {points_of(gate['retained'])}: {OUTCOMES[confirmation['outcome']]}."
    )


def _items(arms: dict[str, Scores]) -> int:
    return sum(len(items) for items in arms[BASE].values())
