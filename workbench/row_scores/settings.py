"""What a person can choose about a scoring run, and the run that is made of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError
from workbench.files import expanded
from workbench.models import is_hub_name, pinned_model
from workbench.projects import Project
from workbench.runs import Run, create_run
from workbench.versions import open_dataset

What = Literal["perplexity", "ifd"]


class JudgeSettings(BaseModel):
    """An endpoint that answers as OpenAI's chat completions do, and what it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Address of the server; /v1/chat/completions is added where it lacks")
    model: str = Field(min_length=1, description="Name of the model, as the server knows it")
    rubric: str = Field(min_length=1, max_length=20_000, description="What a good answer is, for the judge")
    key_env: str | None = Field(None, description="Environment variable that holds the key")
    parallel: int = Field(4, ge=1, le=64, description="Requests that are out at the same time")
    timeout: float = Field(60.0, gt=0.0, le=600.0, description="Seconds to wait for one reply")
    attempts: int = Field(3, ge=1, le=10, description="Requests for one row before it counts as failed")

    @property
    def endpoint(self) -> str:
        """The whole address that is posted to."""
        url = self.url.rstrip("/")
        if url.endswith("/chat/completions"):
            return url
        return f"{url}/chat/completions" if url.endswith("/v1") else f"{url}/v1/chat/completions"

    @property
    def key(self) -> str | None:
        """The key, read from the environment each time and kept nowhere. Raises `InputError`."""
        if self.key_env is None:
            return None
        value = os.environ.get(self.key_env, "").strip()
        if not value:
            raise InputError(
                f"the environment variable '{self.key_env}' is empty",
                remedy=f"put the judge's key into it: export {self.key_env}=…",
            )
        if not (value.isascii() and value.isprintable()):
            raise InputError(
                f"the environment variable '{self.key_env}' holds no key",
                remedy="a key is printable ASCII on one line",
            )
        return value


class ScoreSettings(BaseModel):
    """Settings of one scoring run. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str = Field(description="Dataset version to score, as name@v0001")
    base: str | None = Field(None, description="Base model: a local folder, a hub name, or tiny-chat")
    what: Annotated[tuple[What, ...], Field(description="Scores by the base model")] = ()
    max_length: int = Field(1024, ge=16, description="Longest example in tokens; longer ones are cut")
    judge: JudgeSettings | None = Field(None, description="A model behind an address that grades answers")


def create_scoring(
    project: Project,
    ref: str,
    *,
    base: str | None = None,
    what: list[str] | None = None,
    max_length: int = 1024,
    judge: str | None = None,
    judge_model: str | None = None,
    rubric: Path | None = None,
    key_env: str | None = None,
    parallel: int = 4,
    allow_download: bool = False,
) -> Run:
    """Make a scoring run, checked before anything starts. Raises `InputError`, `NotFoundError`.

    With a base and nothing named in ``what``, both scores of the base are computed.
    """
    dataset = open_dataset(project, ref)
    wanted = list(dict.fromkeys(what or (("perplexity", "ifd") if base else ())))
    if wanted and not base:
        raise InputError("these scores need a model", remedy="name one with --base, for example tiny-chat")
    if not wanted and not judge:
        raise InputError("nothing to score with", remedy="give --base MODEL, or --judge URL, or both")
    settings = _checked(
        {
            "data": dataset.ref,
            "base": pinned_model(base) if base else None,
            "what": wanted,
            "max_length": max_length,
            "judge": judge_values(judge, judge_model, rubric, key_env, parallel) if judge else None,
        }
    )
    if settings.judge:
        _ = settings.judge.key
    config = {
        "settings": settings.model_dump(mode="json", exclude_none=True),
        "content_hash": dataset.content_hash,
        "allow_download": allow_download and base is not None and is_hub_name(base),
    }
    return create_run(project, "score", config)


def judge_values(
    url: str, model: str | None, rubric: Path | None, key_env: str | None, parallel: int
) -> dict[str, Any]:
    """The values of `JudgeSettings` from what a command was given. Raises `InputError`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise InputError("the judge's address is not http or https", remedy="--judge http://localhost:8000")
    if parts.query or parts.fragment:
        raise InputError(
            "the judge's address holds more than host and path",
            remedy="leave out what follows ? or #; a key belongs into an environment variable",
        )
    if parts.username or parts.password:
        raise InputError(
            "the judge's address holds a user name or password",
            remedy="put the key into an environment variable and name that with --judge-key-env",
        )
    if not model or rubric is None:
        raise InputError(
            "a judge needs a model and a rubric", remedy="give --judge-model NAME and --rubric FILE"
        )
    path = expanded(rubric)
    if not path.is_file():
        raise InputError("there is no such file", where=str(rubric), remedy="check the path")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "the rubric is not UTF-8 text", where=str(path), remedy="save it as UTF-8"
        ) from error
    return {"url": url, "model": model, "rubric": text.strip(), "key_env": key_env, "parallel": parallel}


def _checked(values: dict[str, Any]) -> ScoreSettings:
    try:
        return ScoreSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"score setting '{key}': {first['msg']}", remedy="see `workbench score --help`"
        ) from error
