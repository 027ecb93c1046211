"""Decide: may this adapter ship? Scores and a policy in, a verdict out; no file is read.

For every retained task: ``retained`` when a loss beyond the margin is ruled out (Tango),
``forgotten`` when there is a loss that chance does not explain (exact McNemar, Holm over
all tasks and the average), ``not_measurable`` when the base is too close to chance to lose
anything, else ``inconclusive`` with the number of further items it would take. The whole
passes when all that is required is shown (Berger 1982: an intersection of tests, each at
alpha, errs by at most alpha).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError
from workbench.gate.averaging import average, average_verdict
from workbench.gate.looks import Look
from workbench.gate.measuring import measure
from workbench.gate.results import (
    ControlVerdict,
    FlagVerdict,
    SliceVerdict,
    TaskVerdict,
    Verdict,
)
from workbench.gate.task_verdicts import retained_verdict, target_verdict
from workbench.gate.waiving import Objection, apply_waivers
from workbench.paired import holm
from workbench.policy import Policy
from workbench.scores import Paired


@dataclass(frozen=True)
class Evidence:
    """What is known besides the scores of the tasks."""

    slices: Sequence[SliceVerdict] = ()
    flags: Sequence[FlagVerdict] = ()
    control: ControlVerdict | None = None
    look: Look | None = None
    notes: Sequence[str] = ()


def decide_gate(
    retained: list[Paired],
    policy: Policy,
    targets: list[Paired] | None = None,
    prompted: Mapping[str, list[Paired]] | list[Paired] | None = None,
    *,
    prompt_expected: bool = False,
    evidence: Evidence | None = None,
) -> Verdict:
    """Judge a candidate against its baseline.

    ``retained`` and ``targets`` pair baseline with candidate; ``prompted`` pairs the prompted
    baseline with the candidate on the target tasks, or several of them by name, all of which
    must be beaten. With ``prompt_expected``, target tasks that no prompted baseline answered
    are an open question. Raises `InputError` when there is nothing to judge.
    """
    if not retained and not targets:
        raise InputError("there is no task to judge", remedy="name a suite with tasks")
    evidence = evidence or Evidence()
    alpha = evidence.look.alpha if evidence.look else policy.alpha
    tasks, macro = _retained(retained, policy, alpha, evidence.look)
    rivals = _rivals(prompted) if policy.beat_prompt else {}
    goals = [target_verdict(measure(p, policy, alpha), policy, alpha, "base") for p in targets or []]
    for rival, pairs in rivals.items():
        goals += [target_verdict(measure(p, policy, alpha), policy, alpha, rival) for p in pairs]
    open_goals = [] if rivals or not prompt_expected else [p.task for p in targets or []]
    failures, questions = _objections(tasks, goals, macro, open_goals, policy, evidence)
    failures, questions, waivers, waived = apply_waivers(
        failures, questions, policy, {t.task for t in tasks + goals}
    )
    verdict, reasons = _overall(failures, questions, policy)
    reasons += waived
    reasons += [
        f"could not be measured: {t.task}: {t.reason}" for t in tasks if t.verdict == "not_measurable"
    ]
    if verdict == "pass":
        reasons += _notes(tasks, evidence)
        if tasks and not reasons:
            reasons = ["no retained task lost more than its margin"]
    return Verdict(
        verdict=verdict,
        tasks=tasks + goals,
        macro=macro,
        reasons=reasons + list(evidence.notes),
        policy=policy.model_dump(),
        policy_sha256=policy.sha256,
        slices=list(evidence.slices),
        flags=list(evidence.flags),
        waivers=waivers,
        control=evidence.control,
        look=evidence.look.as_dict() if evidence.look else None,
    )


def _retained(
    pairs: list[Paired], policy: Policy, alpha: float, look: Look | None
) -> tuple[list[TaskVerdict], dict[str, Any]]:
    measured = [measure(pair, policy, alpha) for pair in pairs]
    counted = [one for one in measured if one.measurable]
    found = average(counted, alpha)
    p_values = [one.p_harm for one in counted] + ([found.p_harm] if found else [])
    adjusted = holm([look.adjusted(p) if look else p for p in p_values])
    by_task = {one.paired.task: p for one, p in zip(counted, adjusted, strict=False)}
    tasks = [retained_verdict(m, by_task.get(m.paired.task, 1.0), policy, alpha) for m in measured]
    return tasks, average_verdict(found, adjusted[-1] if found else 1.0, policy, alpha)


def _rivals(prompted: Mapping[str, list[Paired]] | list[Paired] | None) -> dict[str, list[Paired]]:
    """The prompted baselines by the words a verdict has for them."""
    if not isinstance(prompted, Mapping):
        return {"prompted base": prompted} if prompted else {}
    given = {name: pairs for name, pairs in prompted.items() if pairs}
    if len(given) == 1:
        return {"prompted base": next(iter(given.values()))}
    return {f"prompted base ({name})": pairs for name, pairs in given.items()}


def _objections(
    tasks: list[TaskVerdict],
    goals: list[TaskVerdict],
    macro: dict[str, Any],
    unbeaten: list[str],
    policy: Policy,
    evidence: Evidence,
) -> tuple[list[Objection], list[Objection]]:
    """What speaks against a pass: what is shown to be wrong, and what is open."""
    failures = [
        Objection(t.task, f"{t.task}: {t.reason} ({_points(t.delta)})")
        for t in tasks
        if t.verdict == "forgotten"
    ]
    failures += [Objection(t.task, f"{t.task}: {t.reason}") for t in goals if t.verdict == "not_improved"]
    if macro["verdict"] == "forgotten":
        failures.append(
            Objection("average", f"average of retained tasks: a loss ({_points(macro['delta'])})")
        )
    failures += [
        Objection(f"flag:{f.name}", f"red flag {f.name}: {f.statement}")
        for f in evidence.flags
        if f.effect == "block"
    ]
    required = [t for t in tasks if t.required] + goals
    questions = [Objection(t.task, f"{t.task}: {t.reason}") for t in required if t.verdict == "inconclusive"]
    questions += [
        Objection(
            task,
            f"{task}: no prompted base to compare with; evaluate with --prompt, or set beat_prompt: false",
        )
        for task in unbeaten
    ]
    if macro["verdict"] == "inconclusive":
        words = "average of retained tasks: a loss beyond its margin is not ruled out"
        questions.append(Objection("average", words))
    if tasks and all(t.verdict == "not_measurable" for t in tasks):
        questions.append(Objection("average", "no retained task can be measured on this base"))
    return failures, questions + _open_controls(policy, evidence)


def _open_controls(policy: Policy, evidence: Evidence) -> list[Objection]:
    """The base against itself, when the policy asks for it."""
    control = evidence.control
    if policy.aa_control is None:
        return []
    if control is None:
        words = "the base was not asked twice, so its own flips are not known"
        return [Objection("control", words)]
    if control.verdict == "agrees":
        return []
    share, most = 100 * control.flip_rate, 100 * control.max_flip_rate
    words = f"the base differs from itself on {share:.2g} % of the items; {most:g} % are allowed"
    return [Objection("control", words)]


def _overall(failures: list[Objection], questions: list[Objection], policy: Policy) -> tuple[str, list[str]]:
    if failures:
        return "fail", [objection.words for objection in failures]
    if questions and policy.on_inconclusive == "block":
        return "inconclusive", [objection.words for objection in questions]
    return "pass", [f"warning: {objection.words}" for objection in questions]


def _notes(tasks: list[TaskVerdict], evidence: Evidence) -> list[str]:
    """What a pass must not hide."""
    notes = [f"small loss: {t.task} ({_points(t.delta)}), within its margin" for t in tasks if t.small_loss]
    notes += [
        f"not required: {t.task}: {t.reason}" for t in tasks if t.verdict == "inconclusive" and not t.required
    ]
    notes += [f"warning: red flag {f.name}: {f.statement}" for f in evidence.flags if f.effect == "warn"]
    return notes


def _points(value: float) -> str:
    return f"{100 * value:+.1f} points"
