"""Failures as rows for a page: texts are read now, from the scores and the versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.evaluation import read_evaluation
from workbench.examples import answer_text, prompt_text
from workbench.failures.asking import question_of, user_marks
from workbench.failures.finding import failures_of_arm
from workbench.markup import printable
from workbench.projects import Project
from workbench.runs import Run
from workbench.versions import open_dataset

TEXT = 300


def failure_rows(
    project: Project, run: Run, arm: str | None = None, *, region: str | None = None, most: int = 50
) -> list[dict[str, Any]]:
    """``[{region, kind, task, item, flip, question, expected, base, answer, rows}]``, worst region first.

    ``rows`` are the nearest training rows: ``{dataset, id, similarity, cluster, question, answer,
    disagrees}``. Texts are cut and free of control characters, not escaped. Raises `NotFoundError`.
    """
    found = failures_of_arm(run, arm)
    scores = read_evaluation(run)
    old, new = scores["base"], scores[found["arm"]]
    marks = user_marks(run.config["base"])
    links = [link for link in found["links"] if region in (None, link["region"])][:most]
    texts = _texts(project, links)
    return [
        {
            "region": link["region"],
            "kind": link["kind"],
            "task": link["task"],
            "item": link["item"],
            "flip": link["flip"],
            "question": _cut(question_of(new[link["task"]][link["item"]].question or "", marks, shots=False)),
            "expected": _cut(new[link["task"]][link["item"]].target),
            "base": _cut(old[link["task"]][link["item"]].response),
            "answer": _cut(new[link["task"]][link["item"]].response),
            "rows": [
                {
                    **near,
                    **texts.get((near["dataset"], near["id"]), {}),
                    "disagrees": near["id"] in link["disagree"],
                }
                for near in link["nearest"]
            ],
        }
        for link in links
    ]


def _texts(project: Project, links: list[dict[str, Any]]) -> Mapping[tuple[str, str], dict[str, str]]:
    wanted: dict[str, set[str]] = {}
    for link in links:
        for near in link["nearest"]:
            wanted.setdefault(near["dataset"], set()).add(near["id"])
    return {
        (ref, identity): {"question": _cut(prompt_text(row)), "answer": _cut(answer_text(row))}
        for ref, ids in wanted.items()
        for identity, row in open_dataset(project, ref).lookup(ids).items()
    }


def _cut(text: str | None) -> str:
    shown = " ".join(printable(text or "").split())
    return shown if len(shown) <= TEXT else shown[: TEXT - 1] + "…"
