"""A drawn sample and the answers to it, on disk.

``double_checks/<id>.json`` holds ids and offsets and no text; it is never changed. Answers are
appended to ``double_checks/<id>.answers.jsonl``; the last answer to a question counts.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.decisions import current_user, timestamp
from workbench.errors import InputError, NotFoundError
from workbench.files import DAMAGED, append_line
from workbench.journals import read_journal
from workbench.projects import Project

FOLDER = "double_checks"
SAID = {
    "finding": ("right", "wrong", "wrong-kind", "unsure"),
    "passage": ("nothing", "missed", "unsure"),
}
_ID = re.compile(r"check-\d{8}-\d{6}-[0-9a-f]{4}")
_ENTITY = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
MOST_MISSED = 1000


class Stratum(BaseModel):
    """A part of what was drawn from: findings of an entity, or passages of a risk.

    ``population`` is how many there are, ``places`` how many spans they have together, and
    ``drawn`` how many are in the sample.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    ask: Literal["finding", "passage"]
    name: str
    population: int
    places: int = 0
    drawn: int = 0


class Item(BaseModel):
    """One question. A finding has its id; a passage the message and its characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    number: int
    ask: Literal["finding", "passage"]
    stratum: str
    example_id: str
    finding: str = ""
    places: int = 0
    part: str = ""
    message: int = 0
    start: int = 0
    end: int = 0


class Sample(BaseModel):
    """What was drawn from which version, and the questions in the order they are asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    dataset: str
    created: str
    who: str
    seed: int
    strata: tuple[Stratum, ...]
    items: tuple[Item, ...]


class Answer(BaseModel):
    """What a person said to a question. ``entity`` is the true kind, ``missed`` counts by kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    item: int
    said: str
    entity: str = ""
    missed: dict[str, int] = Field(default_factory=dict)
    who: str
    when: str


def sample_ids(project: Project) -> list[str]:
    """The samples of a project, oldest first."""
    found = (path.stem for path in project.folder(FOLDER).glob("check-*.json"))
    return sorted(name for name in found if _ID.fullmatch(name))


def open_sample(project: Project, identity: str | None = None, *, dataset: str | None = None) -> Sample:
    """A sample by its id, or the newest (of a version, if named). Raises `NotFoundError`."""
    if identity is not None:
        if not _ID.fullmatch(identity) or not sample_file(project, identity).exists():
            raise NotFoundError(f"there is no double check '{identity[:40]}'", remedy=_known(project))
        return _read(sample_file(project, identity))
    for name in reversed(sample_ids(project)):
        sample = _read(sample_file(project, name))
        if dataset in (None, sample.dataset):
            return sample
    raise NotFoundError("there is no double check yet", remedy="run `workbench double-check draw DATASET`")


def record_answer(
    project: Project,
    sample: Sample,
    number: int,
    said: str,
    *,
    entity: str = "",
    missed: dict[str, int] | None = None,
    who: str | None = None,
) -> Answer:
    """Append an answer. Raises `NotFoundError` for no such question, `InputError` for no such answer."""
    if not 1 <= number <= len(sample.items):
        raise NotFoundError(f"there is no question {number}", remedy=f"there are {len(sample.items)}")
    ask = sample.items[number - 1].ask
    if said not in SAID[ask]:
        raise InputError(
            f"'{said[:40]}' answers no question about a {ask}", remedy=f"say {', '.join(SAID[ask])}"
        )
    counts = dict(missed or {})
    if (said == "missed") != bool(counts) or not all(1 <= n <= MOST_MISSED for n in counts.values()):
        raise InputError(
            "missed values are counted by kind", remedy="say missed with kinds, as in PERSON=2, or nothing"
        )
    if entity and said != "wrong-kind":
        raise InputError("a true kind belongs to the answer wrong-kind", remedy="leave the kind out")
    if not all(_ENTITY.fullmatch(name) for name in [*counts, *([entity] if entity else [])]):
        raise InputError("a kind is a name in capitals", remedy="write PERSON, EMAIL_ADDRESS, …")
    answer = Answer(
        item=number, said=said, entity=entity, missed=counts, who=who or current_user(), when=timestamp()
    )
    append_line(answers_file(project, sample.id), answer.model_dump(exclude_defaults=True))
    return answer


def read_answers(project: Project, sample: Sample) -> dict[int, Answer]:
    """The last answer to each question that has one, by the question's number."""
    return {answer.item: answer for answer in read_journal(answers_file(project, sample.id), Answer)}


def next_item(project: Project, sample: Sample) -> Item | None:
    """The first question without an answer; None when all are answered."""
    answered = read_answers(project, sample)
    return next((item for item in sample.items if item.number not in answered), None)


def sample_file(project: Project, identity: str) -> Path:
    """Where a sample lies."""
    return project.folder(FOLDER, f"{identity}.json")


def answers_file(project: Project, identity: str) -> Path:
    """Where the answers to a sample lie."""
    return project.folder(FOLDER, f"{identity}.answers.jsonl")


def _read(path: Path) -> Sample:
    try:
        return Sample.model_validate_json(path.read_bytes())
    except ValidationError:
        pass
    raise InputError("the sample is damaged", where=str(path), remedy=DAMAGED)


def _known(project: Project) -> str:
    names = sample_ids(project)
    return f"there are {', '.join(names[-5:])}" if names else "run `workbench double-check draw DATASET`"
