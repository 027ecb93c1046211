"""Findings from scores that a model gave the rows: too surprising, no use for the prompt, bad marks.

The scores are computed before by ``workbench score``; this step only draws the lines. Li et
al. 2023 (arXiv 2308.12032) leave out rows whose difficulty is 1 or more, because there the
prompt does not help to say the answer. Perplexity as a measure to prune by: Marion et al. 2023
("When Less is More", arXiv 2309.04564).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow.compute as pc
from pydantic import Field

from workbench.errors import NotFoundError
from workbench.examples import Example
from workbench.files import file_sha256
from workbench.findings import Finding, about
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.row_scores.storage import (
    SCORES,
    available_scores,
    read_scores,
    score_command,
    scores_made_by,
    scores_path,
)
from workbench.versions import Dataset

TITLE = "Scores by a model"
SCOPE = "map"
REASONS = {
    "high_perplexity": "the model finds the answer among the most surprising ones",
    "low_perplexity": "the model finds the answer among the most expected ones",
    "prompt_does_not_help": "the answer is no likelier after its prompt than without it",
    "easy": "the prompt all but gives the answer away",
    "low_mark": "the judge marks the answer low",
}


class Options(StepOptions):
    """Where the lines are; ``scores`` none means every score that is there.

    A percentile is of all rows with a score, from 0 to 100; None draws no line. Answers of
    fewer than ``min_tokens`` tokens are not judged by the base model's scores.
    """

    scores: list[Literal["perplexity", "ifd", "judge"]] = []
    perplexity_above_percentile: float | None = Field(default=99.0, gt=0.0, lt=100.0)
    perplexity_below_percentile: float | None = Field(default=None, gt=0.0, lt=100.0)
    ifd_from: float | None = Field(default=1.0, gt=0.0)
    ifd_below_percentile: float | None = Field(default=None, gt=0.0, lt=100.0)
    judge_below: int | None = Field(default=3, ge=2, le=5)
    min_tokens: int = Field(default=3, ge=1)
    action: Literal["flag", "drop"] = "flag"


class Line(NamedTuple):
    """Values ``above``, ``below`` or ``from`` the line make findings of a kind."""

    kind: str
    side: Literal["above", "below", "from"]
    value: float


@dataclass(frozen=True)
class Scored:
    """One score of a version as columns, by ids in order: what a worker needs to know of it."""

    name: str
    model: str
    ids: Any
    values: Any
    ranked: Any
    tokens: Any
    reasons: list[str]
    lines: list[Line]


def prepare(options: Options, project: Project, dataset: Dataset) -> list[Scored]:
    """Read the scores and draw the lines. Raises `NotFoundError` that names the command."""
    names = list(options.scores) or available_scores(project, dataset)
    if not names:
        raise NotFoundError(
            f"{dataset.ref} has no scores by a model",
            where="step model_scores",
            remedy=f"compute them with `{score_command(dataset, 'perplexity')}`, or take the step out",
        )
    return [_scored(name, options, project, dataset) for name in names]


def find(rows: list[Example], options: Options, scores: list[Scored]) -> list[Finding]:
    """Flag (or propose to drop) the rows beyond a line; evidence has value, line and model."""
    ids = np.array([row["id"].encode() for row in rows])
    places = [np.searchsorted(scored.ids, ids).tolist() for scored in scores]
    return [
        about(row, "model_scores", line.kind, certainty, options.action, **evidence)
        for number, row in enumerate(rows)
        for scored, place in zip(scores, places, strict=True)
        if place[number] < len(scored.ids) and scored.ids[place[number]] == ids[number]
        for line, certainty, evidence in _beyond(scored, place[number])
    ]


def reads(_options: Options, project: Project, dataset: Dataset) -> str:
    """What the findings rest on besides rows and options: the files of the scores."""
    names = available_scores(project, dataset)
    return " ".join(f"{name}:{file_sha256(scores_path(project, dataset, name))}" for name in names)


def _scored(name: str, options: Options, project: Project, dataset: Dataset) -> Scored:
    table = read_scores(project, dataset, name)
    table = table.filter(pc.is_valid(table[SCORES[name]]))
    if name != "judge":
        table = table.filter(pc.greater_equal(table["tokens"], options.min_tokens))
    table = table.sort_by("id")
    values = table[SCORES[name]].to_numpy().astype(float)
    made_by = scores_made_by(project, dataset, name) or {}
    return Scored(
        name=name,
        model=made_by.get("model", ""),
        ids=np.array([identity.encode() for identity in table["id"].to_pylist()], dtype=np.bytes_),
        values=values,
        ranked=np.sort(values),
        tokens=None if name == "judge" else table["tokens"].to_numpy(),
        reasons=table["reason"].to_pylist() if name == "judge" else [],
        lines=_lines(name, values, options),
    )


def _lines(name: str, values: Any, options: Options) -> list[Line]:
    """The lines of one score, percentiles turned into values."""

    def percentile(of: float | None) -> float | None:
        return None if of is None or not len(values) else float(np.percentile(values, of))

    drawn: dict[str, list[tuple[str, Literal["above", "below", "from"], float | None]]] = {
        "perplexity": [
            ("high_perplexity", "above", percentile(options.perplexity_above_percentile)),
            ("low_perplexity", "below", percentile(options.perplexity_below_percentile)),
        ],
        "ifd": [
            ("prompt_does_not_help", "from", options.ifd_from),
            ("easy", "below", percentile(options.ifd_below_percentile)),
        ],
        "judge": [("low_mark", "below", options.judge_below)],
    }
    return [Line(kind, side, float(value)) for kind, side, value in drawn[name] if value is not None]


def _beyond(scored: Scored, place: int) -> Iterator[tuple[Line, float, dict[str, Any]]]:
    """The lines that one row is beyond, with the finding's score and evidence."""
    value = float(scored.values[place])
    for line in scored.lines:
        if not {"above": value > line.value, "below": value < line.value, "from": value >= line.value}[
            line.side
        ]:
            continue
        evidence: dict[str, Any] = {"reason": REASONS[line.kind], "model": scored.model}
        if scored.name == "judge":
            certainty = (5 - value) / 4
            evidence |= {"mark": int(value), "line": int(line.value), "judge": scored.reasons[place]}
        else:
            rank = float(np.searchsorted(scored.ranked, value, side="right")) / len(scored.ranked)
            certainty = 1.0 - rank if line.side == "below" else rank
            evidence |= {
                scored.name: _rounded(value),
                "line": _rounded(line.value),
                "percentile": round(100 * rank, 2),
                "tokens": int(scored.tokens[place]),
            }
        yield line, certainty, evidence


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
