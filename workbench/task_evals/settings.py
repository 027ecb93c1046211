"""What a person can say about a task on their own held-out rows."""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workbench.row_scores.settings import JudgeSettings
from workbench.task_evals.metrics import METRICS

KIND = "heldout"
RUBRIC = "rubric"
TASK_NAME = r"[\w-][\w.-]*"


class Rubric(JudgeSettings):
    """A model behind an address that marks answers by a rubric."""

    reveal: bool = Field(False, description="Send personal data and secrets as they are")
    show_reference: bool = Field(True, description="Show the judge the held-out row's own answer")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        plain = url.isprintable() and " " not in url and not (parts.query or parts.fragment)
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain or "@" in parts.netloc:
            raise ValueError("the judge's address is http or https, host and path, with no key in it")
        return url


class Prices(BaseModel):
    """What a million tokens cost, in any one currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(ge=0.0, description="Price of a million tokens that are read")
    generated: float = Field(ge=0.0, description="Price of a million tokens that are written")


class HeldoutTask(BaseModel):
    """A task of a suite: the rows of one split of a version, answered greedily and compared.

    ``metrics`` empty means: chosen by looking at the split's answers. The first metric is the
    task's score.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Literal["heldout"] = "heldout"
    data: str = Field(description="Dataset version, as name@v0001")
    split: str = Field("test", min_length=1, description="Which split's rows are asked")
    name: str | None = Field(None, pattern=rf"^{TASK_NAME}$", max_length=80, description="Name of the task")
    role: Literal["target", "retained"] = "target"
    margin: float | None = Field(None, gt=0.0, lt=1.0, description="Largest loss that is accepted")
    chance: float = Field(0.0, ge=0.0, lt=1.0, description="Score of guessing")
    limit: int | None = Field(None, ge=2, description="Rows, drawn by the seed; all without it")
    seed: int = Field(0, ge=0, description="Of the draw")
    metrics: tuple[str, ...] = Field((), description="Metrics, the first is the score; empty: chosen")
    extract: str | None = Field(None, description="Pattern whose first group is the answer in the reply")
    pattern: str | None = Field(None, description="Pattern that the metric `regex` looks for")
    json_schema: dict[str, Any] | None = Field(None, description="JSON Schema that `json_valid` checks")
    tolerance: float = Field(0.0, ge=0.0, description="Largest difference that `numeric` takes for equal")
    relative_tolerance: float = Field(
        0.0, ge=0.0, lt=1.0, description="The same, as a share of the reference"
    )
    accepted: str | None = Field(None, description="Key of `meta` that lists further right answers")
    max_new_tokens: int | None = Field(None, ge=1, le=8192, description="Longest answer; else from the rows")
    stop: tuple[str, ...] = Field((), description="Texts that end an answer, besides the model's own")
    batch_size: int = Field(16, ge=1, description="Answers that are written together")
    timed_items: int = Field(16, ge=0, description="Rows answered once more, singly, for their latency")
    prices: Prices | None = Field(None, description="Prices, for the cost of a request")
    rubric: Rubric | None = Field(None, description="The judge that the metric `rubric` asks")

    @property
    def task_name(self) -> str:
        """The task's name, which is also the name of its file in a run."""
        return (
            self.name or f"{KIND}-{self.data.partition('@')[0]}-{re.sub(r'[^A-Za-z0-9_-]', '-', self.split)}"
        )

    @field_validator("data")
    @classmethod
    def _is_a_version(cls, data: str) -> str:
        if not re.fullmatch(r"[^@]+@v?[0-9]{1,9}", data):
            raise ValueError("name the version, as name@v0001: all arms must be asked the same rows")
        return data

    @model_validator(mode="after")
    def _is_consistent(self) -> HeldoutTask:
        known = {*METRICS, RUBRIC}
        unknown = [name for name in self.metrics if name not in known]
        if unknown:
            raise ValueError(f"unknown metric '{unknown[0]}'; metrics: {', '.join(sorted(known))}")
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError("a metric is named twice")
        if "regex" in self.metrics and self.pattern is None:
            raise ValueError("the metric regex needs `pattern`")
        if RUBRIC in self.metrics and self.rubric is None:
            raise ValueError("the metric rubric needs a judge: `rubric: {url, model, rubric}`")
        self._has_sound_patterns()
        return self

    def _has_sound_patterns(self) -> None:
        import regex

        for name in ("extract", "pattern"):
            text = getattr(self, name)
            try:
                groups = regex.compile(text).groups if text is not None else 1
            except regex.error as error:
                raise ValueError(f"`{name}` is no regular expression: {error}") from error
            if name == "extract" and groups < 1:
                raise ValueError("`extract` needs a group: put round brackets around the answer")
        if self.json_schema is not None:
            _check_schema(self.json_schema)


def _check_schema(schema: dict[str, Any]) -> None:
    import jsonschema  # type: ignore[import-untyped]

    try:
        jsonschema.validators.validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"`json_schema` is no JSON Schema: {error.message}") from error
