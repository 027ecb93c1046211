"""The report as data: what ``report.json`` holds. Its JSON Schema is published with it.

Every part that may be absent is ``null`` when it was not measured, which is another thing
than measured and fine. Parts that other modules write (verdict, flags, dial) are checked
here for the fields that the report shows and may hold more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.files import write_text

FORMAT = "workbench-report/1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Outcome = Literal["met", "broken", "open", "waived", "not measurable", "not measured", "note"]
Overall = Literal["pass", "fail", "inconclusive"]


class Own(BaseModel):
    """A part that the report makes: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class Taken(BaseModel):
    """A part that is taken from another file as it is: it may hold more than is named here."""

    model_config = ConfigDict(extra="allow")


class TaskRow(Taken):
    """The verdict on one task."""

    task: str
    role: str
    verdict: str
    against: str
    n: int
    old: float
    new: float
    delta: float
    low: float
    high: float
    margin: float
    p_harm_holm: float
    lost: int
    gained: int
    detectable_loss: float = Field(description="Smallest true loss that this number of items would find")
    reason: str


class VerdictPart(Taken):
    """The verdict as it was judged."""

    verdict: Overall
    arm: str
    run: str
    tasks: list[TaskRow]
    macro: dict[str, Any]
    reasons: list[str]
    policy: dict[str, Any]
    policy_sha256: str


class Rule(Own):
    """One rule of the policy: what was asked for, what was measured, what came out."""

    rule: str
    asked: str
    measured: str
    outcome: Outcome
    why: str


class Flip(Own):
    """An item that the baseline got right, or nearly, and the candidate does not."""

    task: str
    item: str
    question: str
    target: str
    base: str
    adapter: str
    base_score: float
    adapter_score: float
    unparsed: bool | None = Field(description="The candidate's answer lacks the form; null: not measured")


class ArmRow(Taken):
    """A contestant and the hashes of what it is made of."""

    name: str


class ScoreRow(Own):
    """The mean score of one arm on one task with its 95 % interval."""

    task: str
    arm: str
    n: int
    metric: str
    value: float
    low: float
    high: float


class Version(Taken):
    """A data set version on the way to the one that was trained on."""

    ref: str
    verb: str
    rows: int
    content_hash: str


class Data(Own):
    """What the data went through: versions, oldest first, and rows changed by reason."""

    history: list[Version]
    changes: dict[str, int]


class Training(Own):
    """One training run of the adapter."""

    run: str
    method: str
    dataset: dict[str, Any]
    rows: dict[str, Any]
    settings: dict[str, Any]
    adapter_sha256: str
    libraries: dict[str, Any]
    hardware: Any
    curves: dict[str, list[tuple[float, float]]]
    metrics: dict[str, Any]


class PersonalData(Own):
    """What is known of personal data in a version that was trained on; null is not measured."""

    dataset: str
    looked: bool = Field(description="A step for personal data or secrets was published on the way")
    replaced: dict[str, int]
    kept: dict[str, int]
    not_scanned: int
    unknown: int
    audit: dict[str, Any] | None
    double_check: str | None
    canaries: int
    combinations: str | None


class FlagRow(Taken):
    """A red flag as it was measured, and what the policy lets it do."""

    name: str
    level: str
    statement: str
    effect: str
    measured: bool


class Word(Own):
    """Who said what, and when: verdicts, waivers, approvals, overrides."""

    what: str
    by: str
    when: str
    why: str


class Document(Own):
    """The whole report."""

    format: Literal["workbench-report/1"]
    title: str
    created: str = Field(description="When the verdict was given, UTC")
    workbench: str
    run: str
    base: str
    suite: str
    arm: str
    sentence: str
    verdict: VerdictPart
    other_arms: dict[str, str]
    rules: list[Rule]
    flips: list[Flip] = Field(description="The ten worst, worst first")
    flip_counts: dict[str, dict[str, int | None]] = Field(
        description="Lost, gained, lost without form, by task"
    )
    scores: list[ScoreRow]
    arms: list[ArmRow]
    trainings: list[Training]
    data: Data
    personal_data: list[PersonalData] | None
    people: list[Word]
    flags: list[FlagRow] | None
    task_evals: dict[str, Any] | None
    prompting: dict[str, Any] | None = Field(description="How the prompted base's prompt was chosen")
    dial: dict[str, Any] | None
    failures: dict[str, Any] | None
    looks: list[dict[str, Any]] | None
    regression: dict[str, Any] | None = Field(description="The verdict against the candidate approved last")
    overrides: list[dict[str, Any]]
    evaluation: dict[str, Any]
    not_measured: list[str]


def schema() -> dict[str, Any]:
    """The JSON Schema of ``report.json``, made from the model."""
    made = Document.model_json_schema(mode="serialization")
    return {
        "$schema": DIALECT,
        "title": "Workbench release report",
        **{k: v for k, v in made.items() if k != "title"},
    }


def schema_text() -> str:
    """The schema as it is published: stable order, readable."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def schema_path() -> Path:
    """The published file."""
    return Path(__file__).with_name("schema.json")


if __name__ == "__main__":
    write_text(schema_path(), schema_text())
