"""The report's words: one sentence for the approver, and a line for every rule."""

from __future__ import annotations

import re
from typing import Any

WORST_FIRST = ("broken", "open", "waived", "not measurable", "not measured", "note", "met")
OUTCOMES = {
    "retained": "met",
    "improved": "met",
    "forgotten": "broken",
    "not_improved": "broken",
    "inconclusive": "open",
    "not_measurable": "not measurable",
}


def sentence(arm: str, verdict: dict[str, Any]) -> str:
    """The verdict in one sentence that an approver can repeat."""
    found, reasons = verdict["verdict"], verdict["reasons"]
    more = f"; {len(reasons) - 1} more below" if len(reasons) > 1 else ""
    if found == "fail":
        return f"{arm} must not ship: {reasons[0]}{more}."
    if found == "inconclusive":
        return f"It is not decided whether {arm} may ship: {reasons[0]}{more}."
    parts = [part for part in (_gain(verdict), _kept(verdict), _waived(verdict)) if part]
    return f"{arm} may ship: {'; '.join(parts) or 'nothing speaks against it'}."


def rules(verdict: dict[str, Any], flags: list[dict[str, Any]] | None) -> list[dict[str, str]]:
    """One row for every rule, worst first: what was asked for, measured, and what came out."""
    waived = {waiver["rule"]: waiver for waiver in verdict.get("waivers", []) if waiver["used"]}
    rows = [_task_rule(task, verdict, waived) for task in verdict["tasks"]]
    rows += _average_rule(verdict, waived)
    rows += _control_rule(verdict, waived)
    rows += _look_rule(verdict)
    rows += _flag_rules(flags, waived)
    return sorted(rows, key=lambda row: WORST_FIRST.index(row["outcome"]))


def points(value: float) -> str:
    """A difference of scores in points, with its sign."""
    return f"{100 * value:+.1f}"


def clock(when: str) -> str:
    """A time of ours for people: ``2026-01-31 12:05 UTC``; anything else as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(\.\d+)?Z", when)
    return f"{found[1]} {found[2]} UTC" if found else when


def _gain(verdict: dict[str, Any]) -> str:
    goals = [task for task in verdict["tasks"] if task["role"] == "target"]
    if not goals:
        return ""
    by_rival: dict[str, list[float]] = {}
    for goal in goals:
        by_rival.setdefault(str(goal["against"]), []).append(float(goal["delta"]))
    told = [
        f"{points(min(gains))} points over the {rival}"
        if len(gains) == 1
        else f"at least {points(min(gains))} points over the {rival} on each of {len(gains)} target tasks"
        for rival, gains in by_rival.items()
    ]
    return "it gains " + " and ".join(told)


def _kept(verdict: dict[str, Any]) -> str:
    tasks = [task for task in verdict["tasks"] if task["role"] == "retained"]
    if not tasks:
        return "no task was named that it must retain"
    shown = sum(task["verdict"] == "retained" for task in tasks)
    words = f"{shown} of {len(tasks)} retained tasks lost no more than their margin"
    macro = verdict["macro"]
    return words + (f" ({points(macro['delta'])} points on average)" if "delta" in macro else "")


def _waived(verdict: dict[str, Any]) -> str:
    used = [waiver for waiver in verdict.get("waivers", []) if waiver["used"]]
    people = ", ".join(sorted({str(waiver["by"]) for waiver in used}))
    return f"{len(used)} rule{'s' if len(used) > 1 else ''} waived by {people}" if used else ""


def _task_rule(task: dict[str, Any], verdict: dict[str, Any], waived: dict[str, Any]) -> dict[str, str]:
    outcome, why = OUTCOMES.get(task["verdict"], "open"), str(task["reason"])
    if task["role"] == "target":
        gain = f" by {100 * task['margin']:g} points" if task["margin"] else ""
        asked = f"better than the {task['against']}{gain}"
    else:
        asked = f"loses less than {100 * task['margin']:g} points"
        if not task.get("required", True):
            asked += " (not required)"
    if task["task"] in waived and outcome in ("broken", "open"):
        outcome, why = "waived", _waiver(waived[task["task"]], why)
    elif outcome == "open" and not task.get("required", True):
        outcome = "note"
    return _row(str(task["task"]), asked, _interval(task), outcome, why)


def _average_rule(verdict: dict[str, Any], waived: dict[str, Any]) -> list[dict[str, str]]:
    macro = verdict["macro"]
    if not any(task["role"] == "retained" for task in verdict["tasks"]):
        return []
    asked = f"loses less than {100 * macro.get('margin', verdict['policy']['macro_margin']):g} points"
    if "delta" not in macro:
        return [_row("average of retained tasks", asked, "–", "not measurable", "no task can be averaged")]
    outcome = OUTCOMES.get(macro["verdict"], "open")
    why = {
        "met": "a loss beyond the margin is ruled out",
        "broken": "a loss that chance does not explain",
    }.get(outcome, "a loss beyond its margin is not ruled out")
    if "average" in waived and outcome in ("broken", "open"):
        outcome, why = "waived", _waiver(waived["average"], why)
    return [_row("average of retained tasks", asked, _interval(macro), outcome, why)]


def _control_rule(verdict: dict[str, Any], waived: dict[str, Any]) -> list[dict[str, str]]:
    control, policy = verdict.get("control"), verdict["policy"].get("aa_control")
    if control is None and policy is None:
        return [_row("base against itself", "nothing", "–", "not measured", "the policy asks for no control")]
    most = 100 * (control or policy)["max_flip_rate"]
    asked = f"at most {most:g} % of the items differ"
    if control is None:
        outcome, measured, why = "not measured", "–", "the base was not asked twice"
    else:
        outcome = "met" if control["verdict"] == "agrees" else "open"
        measured, why = f"{control['flips']} of {control['items']} items", str(control["verdict"])
    if "control" in waived and outcome != "met":
        outcome, why = "waived", _waiver(waived["control"], why)
    return [_row("base against itself", asked, measured, outcome, why)]


def _look_rule(verdict: dict[str, Any]) -> list[dict[str, str]]:
    look = verdict.get("look")
    if look is None:
        return [_row("looks", "as planned", "–", "not measured", "no record of looks was kept")]
    measured = f"look {look['number']} at {look['items']} items"
    planned = bool(look["planned"])
    why = (
        "as planned"
        if planned
        else f"not planned: an error is up to {100 * look['bound']:.3g} % over all looks"
    )
    return [_row("looks", "as planned", measured, "met" if planned else "note", why)]


def _flag_rules(flags: list[dict[str, Any]] | None, waived: dict[str, Any]) -> list[dict[str, str]]:
    if not flags:
        return [_row("red flags", "none that blocks", "–", "not measured", "no red flag was looked for")]
    rows = []
    for flag in flags:
        if flag["level"] == "ok":
            continue
        rule, why = f"flag:{flag['name']}", str(flag["statement"])
        outcome = "broken" if flag["effect"] == "block" else "note"
        if rule in waived and outcome == "broken":
            outcome, why = "waived", _waiver(waived[rule], why)
        rows.append(_row(f"red flag {_spaced(flag['name'])}", "not raised", str(flag["level"]), outcome, why))
    calm = [_spaced(flag["name"]) for flag in flags if flag["level"] == "ok" and flag["measured"]]
    unknown = [_spaced(flag["name"]) for flag in flags if flag["level"] == "ok" and not flag["measured"]]
    name = "other red flags" if rows else "red flags"
    if calm:
        rows.append(_row(name, "not raised", f"{len(calm)} looked at", "met", ", ".join(calm)))
    if unknown:
        rows.append(
            _row(
                "red flags", "not raised", f"{len(unknown)} not measured", "not measured", ", ".join(unknown)
            )
        )
    return rows


def _spaced(name: object) -> str:
    return str(name).replace("_", " ")


def _waiver(waiver: dict[str, Any], why: str) -> str:
    return f"waived by {waiver['by']}: {waiver['reason']} ({why})"


def _interval(found: dict[str, Any]) -> str:
    return f"{points(found['delta'])} ({points(found['low'])} to {points(found['high'])})"


def _row(rule: str, asked: str, measured: str, outcome: str, why: str) -> dict[str, str]:
    return {"rule": rule, "asked": asked, "measured": measured, "outcome": outcome, "why": why}
