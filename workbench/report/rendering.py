"""Render the report's data as one HTML file that loads nothing and prints on A4."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from workbench.markup import printable
from workbench.report.charts import Bar, bar_chart, interval_chart, line_chart
from workbench.report.figures import Bin, Setting, frontier_chart, reliability_chart
from workbench.report.wording import clock

RETAINED, STEPS = "retained loss", "optimizer steps"
FRONT_RULES = 12
WORDS = {
    "pass": "Pass: this adapter may ship",
    "fail": "Fail: this adapter must not ship",
    "inconclusive": "Inconclusive: the items do not decide it",
}
HASHES = ("weights_sha256", "adapter_sha256", "adapter_config_sha256", "prompt_sha256")
MOST_CLASSES = 20


def render(data: dict[str, Any], digest: str) -> str:
    """The HTML of a report; every string is escaped by the template engine.

    ``digest`` is the head of the chain over the evidence and ``report.json``.
    """
    environment = Environment(
        loader=PackageLoader("workbench.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cut": _cut,
        "points": _points,
        "percent": _percent,
        "told": _told,
        "clock": clock,
    }
    shown = {
        "charts": _charts(data),
        "words": WORDS,
        "hashes": HASHES,
        "front_rules": data["rules"][:FRONT_RULES],
        "more_rules": max(0, len(data["rules"]) - FRONT_RULES),
        "confusions": _confusions(data["task_evals"]),
        "calibrations": _calibrations(data["flags"]),
    }
    return environment.get_template("report.html.j2").render(**data, **shown, digest=digest)


def task_bars(verdict: dict[str, Any], role: str) -> list[Bar]:
    """The intervals of a verdict's tasks of one role, with the average last for retained tasks."""
    bars = [_bar(task) for task in verdict["tasks"] if task["role"] == role]
    macro = verdict["macro"]
    if role == "retained" and "delta" in macro:
        found = Bar("average", macro["delta"], macro["low"], macro["high"], macro["verdict"], macro["margin"])
        bars.append(found)
    return bars


def dial_settings(dial: dict[str, Any]) -> list[Setting]:
    """The points of a dial as the chart wants them; a point without both intervals is left out."""
    found = []
    for point in dial.get("points", []):
        target, retained = point.get("target"), point.get("retained")
        if target and retained:
            found.append(
                Setting(
                    label=str(point.get("name") or point.get("scale")),
                    target=target["value"],
                    target_low=target["low"],
                    target_high=target["high"],
                    retained=retained["value"],
                    retained_low=retained["low"],
                    retained_high=retained["high"],
                    chosen=bool(point.get("recommended")),
                )
            )
    return found


def dial_chart(dial: dict[str, Any], verdict: dict[str, Any]) -> Markup:
    """The frontier of a dial, with the policy's margin on the average."""
    margin = float(verdict["policy"].get("macro_margin", 0.0))
    return frontier_chart(dial_settings(dial), margin, "Target gain against retained change")


def _charts(data: dict[str, Any]) -> dict[str, Any]:
    verdict, dial = data["verdict"], data["dial"]
    return {
        "retained": interval_chart(task_bars(verdict, "retained"), "Change on retained tasks"),
        "target": interval_chart(task_bars(verdict, "target"), "Change on target tasks"),
        "changes": bar_chart(data["data"]["changes"], "Rows changed by reason"),
        "dial": dial_chart(dial, verdict) if dial else "",
        "training": [_curves(training) for training in data["trainings"]],
    }


def _curves(training: dict[str, Any]) -> tuple[Markup, Markup]:
    curves = training["curves"]
    others = {name: line for name, line in curves.items() if name != RETAINED}
    return (
        line_chart(others, f"Losses of {training['run']}", STEPS),
        line_chart({RETAINED: curves.get(RETAINED, [])}, f"Forgetting curve of {training['run']}", STEPS),
    )


def _bar(task: dict[str, Any]) -> Bar:
    label = task["task"] if task["role"] == "retained" else f"{task['task']} over {task['against']}"
    margin = task["margin"] if task["role"] == "retained" else 0.0
    return Bar(label, task["delta"], task["low"], task["high"], task["verdict"], margin)


def _confusions(found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Confusion matrices with every cell's share of its row; of many classes the table says so instead."""
    matrices = []
    for result in (found or {}).get("tasks", []):
        own = result.get("classification")
        if own is None:
            continue
        rows = [
            {
                "label": label,
                "cells": [{"n": n, "share": n / max(1, sum(row))} for n in row],
            }
            for label, row in zip(own["labels"], own["confusion"], strict=True)
        ]
        small = len(own["labels"]) <= MOST_CLASSES
        matrices.append({**own, "task": result["task"], "arm": result["arm"], "rows": rows, "small": small})
    return matrices


def _calibrations(flags: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The reliability curves that the calibration flag holds: of choices, of written answers."""
    found = []
    evidence = next((flag.get("evidence") or {} for flag in flags or [] if flag["name"] == "calibration"), {})
    for name, curve in evidence.items():
        if isinstance(curve, dict) and "curve" in curve:
            chart = reliability_chart(
                _bins(curve["curve"]), _bins(curve.get("base_curve", [])), f"Reliability of {name}"
            )
            found.append({**curve, "name": name, "chart": chart})
    return found


def _bins(curve: list[dict[str, Any]]) -> list[Bin]:
    return [Bin(float(one["confidence"]), float(one["accuracy"]), int(one["items"])) for one in curve]


def _cut(text: object, most: int) -> str:
    """A text on one line, cut; control and bidirectional characters are replaced."""
    shown = " ".join(printable(str(text)).split())
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _told(value: object) -> str:
    """A value for the auditor; what is absent is said to be."""
    if value is None or value == "":
        return "not recorded"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
