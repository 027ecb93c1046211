"""The report in Markdown, for a pull request: short, and inert whatever the texts say."""

from __future__ import annotations

from typing import Any

from workbench.markup import plain, printable
from workbench.report.wording import clock

HEADS = {"pass": "Pass", "fail": "Fail", "inconclusive": "Inconclusive"}
SHOWN = 160


def markdown(data: dict[str, Any], head: str) -> str:
    """The approver's part. Texts of items stand in code spans, where nothing in them can act."""
    lines = [
        f"## {HEADS[data['verdict']['verdict']]}: {plain(data['arm'])} on {plain(data['base'])}",
        "",
        plain(data["sentence"]),
        "",
        *_table(
            ("Rule", "Asked for", "Measured, points", "Result", "Why"),
            [
                [plain(row["rule"]), plain(row["asked"]), row["measured"], row["outcome"], plain(row["why"])]
                for row in data["rules"]
            ],
        ),
        *_flips(data),
        *_scores(data),
        *_data(data),
        *_people(data),
    ]
    if data["not_measured"]:
        lines += ["", f"Not measured: {plain('; '.join(data['not_measured']))}."]
    lines += [
        "",
        f"Evaluation `{data['run']}`, suite {plain(data['suite'])}, judged {plain(clock(data['created']))}; "
        f"evidence chain `{head}`; check it with `workbench verify`.",
    ]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """A text as a code span inside a table: no markup, no mention, no link, one line."""
    shown = " ".join(printable(str(text)).split())
    shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + " …"
    shown = shown.replace("`", "'").replace("|", "\\|")
    return f"`{shown}`" if shown else "–"


def _flips(data: dict[str, Any]) -> list[str]:
    if not data["flips"]:
        return ["", "No item that the base got right was lost."]
    rows = [
        [code(flip[name]) for name in ("task", "question", "target", "base", "adapter")]
        for flip in data["flips"]
    ]
    return [
        "",
        f"<details><summary>The {len(rows)} worst items lost</summary>",
        "",
        *_table(("Task", "Question", "Expected", "Base", "Candidate"), rows),
        "",
        "</details>",
    ]


def _scores(data: dict[str, Any]) -> list[str]:
    arms = list(dict.fromkeys(row["arm"] for row in data["scores"]))
    by_task: dict[str, dict[str, str]] = {}
    for row in data["scores"]:
        interval = f"{100 * row['value']:.1f} ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
        by_task.setdefault(row["task"], {})[row["arm"]] = interval
    rows = [
        [plain(task), *[values.get(arm, "–") for arm in arms]] for task, values in sorted(by_task.items())
    ]
    return [
        "",
        "<details><summary>All scores, %, with 95 % intervals</summary>",
        "",
        *_table(["Task", *[plain(arm) for arm in arms]], rows),
        "",
        "</details>",
    ]


def _data(data: dict[str, Any]) -> list[str]:
    lines = [""]
    for training in data["trainings"]:
        ref, train = training["dataset"]["ref"], training["rows"].get("train", "?")
        lines.append(f"- Trained by {plain(training['method'])} on {train} rows of `{ref}`.")
    if not data["trainings"]:
        lines.append("- Not trained in this project: nothing is known of its data.")
    for entry in data["personal_data"] or []:
        audit = entry["audit"]
        told = audit["verdict"] if audit else "not audited"
        count = sum(entry["replaced"].values())
        looked = f"{count} values replaced" if entry["looked"] else "not looked for"
        lines.append(f"- Personal data in `{entry['dataset']}`: {looked}; leak audit: {plain(told)}.")
    if data["personal_data"] is None:
        lines.append("- Personal data in the training rows: not measured.")
    return lines


def _people(data: dict[str, Any]) -> list[str]:
    return [
        f"- {plain(word['what'])} by {plain(word['by'])}, {plain(clock(word['when']))}"
        + (f": {plain(word['why'])}" if word["why"] else "")
        for word in data["people"]
    ]


def _table(heads: list[str] | tuple[str, ...], rows: list[list[str]]) -> list[str]:
    return [
        "| " + " | ".join(heads) + " |",
        "|" + " --- |" * len(heads),
        *["| " + " | ".join(cell or "–" for cell in row) + " |" for row in rows],
    ]
