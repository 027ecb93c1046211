"""Votes of people on which of two arms answered an item better, one line each in ``votes.jsonl``.

People should not know whose answer they read, so a sheet shows the two as left and right, in an
order that follows from a hash of the item and can be undone when the sheet comes back.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError
from workbench.files import append_lines, write_text
from workbench.journals import read_journal
from workbench.projects import Project
from workbench.scores import Score, Scores
from workbench.task_evals.agreement import Agreement, agreement
from workbench.task_evals.pairwise import TIE, Comparison, answers_of

FILE = "votes.jsonl"
SHEET = ("item", "question", "left", "right", "preferred", "who", "why")
SHOWN = 32_000
"""Characters of a text in a sheet: a spreadsheet's cell holds no more."""


class Vote(BaseModel):
    """What one person says about one item: the arm they prefer, or ``tie``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    task: str
    item: str
    first: str
    second: str
    preferred: str
    who: str = Field(min_length=1, max_length=200)
    when: float
    why: str = Field("", max_length=2000)


class Ballot(NamedTuple):
    """What is voted on: two arms' answers to one task of an evaluation run."""

    run: str
    task: str
    first: str
    second: str
    left: dict[str, Score]
    right: dict[str, Score]


def ballot(run: str, arms: dict[str, Scores], task: str, first: str, second: str) -> Ballot:
    """Two arms to vote on. Raises `NotFoundError` and `InputError` for what is not there."""
    if first == second:
        raise InputError("an arm is compared with itself", remedy="name two different arms")
    one, other = (answers_of(arms, arm, task) for arm in (first, second))
    return Ballot(run, task, first, second, one, other)


def add_vote(project: Project, on: Ballot, item: str, preferred: str, who: str, why: str = "") -> Vote:
    """Record one vote. ``preferred``: an arm, ``tie``, or ``left`` or ``right`` of the sheet."""
    vote = _vote(on, {"item": item, "preferred": preferred, "who": who, "why": why}, "the vote")
    append_lines(project.folder(FILE), [vote.model_dump()])
    return vote


def import_votes(project: Project, on: Ballot, path: Path, who: str | None = None) -> list[Vote]:
    """Record the votes of a CSV or JSONL file: all of them, or none when a line is wrong.

    Columns ``item``, ``preferred``, ``who`` (or one person for all), and if given ``why``. Lines
    without a preference are left out. Raises `InputError` with the line.
    """
    votes = []
    for number, row in _rows(path):
        if not str(row.get("preferred") or "").strip():
            continue
        given = {"who": who or "", **{key: value for key, value in row.items() if value}}
        votes.append(_vote(on, given, f"{path.name}, line {number}"))
    if not votes:
        raise InputError(
            "the file holds no vote",
            where=str(path),
            remedy="fill the column `preferred`: left, right or tie",
        )
    append_lines(project.folder(FILE), [vote.model_dump() for vote in votes])
    return votes


def read_votes(project: Project, on: Ballot) -> list[Vote]:
    """The votes on two arms of a run's task; of one person's votes on an item the last."""
    standing: dict[tuple[str, str], Vote] = {}
    for vote in read_journal(project.folder(FILE), Vote):
        if (vote.run, vote.task) == (on.run, on.task) and {vote.first, vote.second} == {on.first, on.second}:
            standing[vote.item, vote.who] = vote
    return list(standing.values())


def write_sheet(on: Ballot, path: Path, items: int | None = None, seed: int = 0) -> int:
    """Write a CSV to vote in, blind; returns how many items. Items on which both say the same are left out.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    differing = [
        item
        for item in on.left
        if item in on.right and (on.left[item].response or "") != (on.right[item].response or "")
    ]
    drawn = sorted(differing, key=lambda item: _hash(f"{seed}\t{item}"))[:items]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(SHEET)
    for item in drawn:
        answers = (on.left[item].response or "", on.right[item].response or "")
        shown = answers[::-1] if _turned(on, item) else answers
        writer.writerow([item, *[_cell(text) for text in (on.left[item].question or "", *shown)], "", "", ""])
    write_text(path, out.getvalue())
    return len(drawn)


class Agreements(NamedTuple):
    """How far a judge agrees with each person and with their majority, and people with each other."""

    votes: int
    people: int
    majority: Agreement
    each: dict[str, Agreement]
    between: Agreement | None


def judge_agreement(judged: Comparison, votes: Sequence[Vote]) -> Agreements:
    """Cohen's kappa of a judge's preferences and people's votes on the same items.

    Items without a vote, or without two marks of the judge, are not counted; people who are
    split evenly count as a tie. Raises `InputError` without a common item.
    """
    said = {item.item: item.preferred for item in judged.items}
    votes = [vote for vote in votes if vote.item in said]
    if not votes:
        raise InputError(
            "nobody voted on an item that the judge compared",
            remedy="write a sheet with `workbench votes sheet`, and import it when it is filled in",
        )
    by_item: dict[str, list[str]] = {}
    by_person: dict[str, dict[str, str]] = {}
    for vote in votes:
        by_item.setdefault(vote.item, []).append(vote.preferred)
        by_person.setdefault(vote.who, {})[vote.item] = vote.preferred
    majority = {item: _majority(words) for item, words in by_item.items()}
    return Agreements(
        votes=len(votes),
        people=len(by_person),
        majority=_agree(said, majority),
        each={who: _agree(said, words) for who, words in sorted(by_person.items())},
        between=_between([words for _, words in sorted(by_person.items())]),
    )


def agreement_dict(found: Agreements) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "votes": found.votes,
        "people": found.people,
        "majority": asdict(found.majority),
        "each": {who: asdict(one) for who, one in found.each.items()},
        "between": None if found.between is None else asdict(found.between),
    }


def _agree(said: dict[str, str], words: dict[str, str]) -> Agreement:
    items = sorted(said.keys() & words.keys())
    return agreement([said[item] for item in items], [words[item] for item in items])


def _between(people: list[dict[str, str]]) -> Agreement | None:
    """Two people: their kappa; more: the pairs with the most items in common."""
    pairs = [
        (one, other)
        for place, one in enumerate(people)
        for other in people[place + 1 :]
        if one.keys() & other.keys()
    ]
    return _agree(*max(pairs, key=lambda pair: len(pair[0].keys() & pair[1].keys()))) if pairs else None


def _majority(words: list[str]) -> str:
    first, *rest = Counter(words).most_common()
    return TIE if rest and rest[0][1] == first[1] else first[0]


def _vote(on: Ballot, row: dict[str, Any], where: str) -> Vote:
    item, preferred = str(row.get("item", "")).strip(), str(row.get("preferred", "")).strip()
    if item not in on.left or item not in on.right:
        raise InputError(
            "there is no such item", where=where, remedy=f"name an item of '{on.task}' both arms answered"
        )
    sides = (on.second, on.first) if _turned(on, item) else (on.first, on.second)
    words = {on.first: on.first, on.second: on.second, TIE: TIE, "left": sides[0], "right": sides[1]}
    if preferred not in words:
        raise InputError(
            "the preference is none of the arms",
            where=where,
            remedy=f"write {on.first}, {on.second}, left, right or tie",
        )
    try:
        return Vote(
            run=on.run,
            task=on.task,
            item=item,
            first=on.first,
            second=on.second,
            preferred=words[preferred],
            who=str(row.get("who", "")).strip(),
            when=time.time(),
            why=str(row.get("why") or ""),
        )
    except ValidationError as error:
        key = error.errors(include_input=False)[0]["loc"][0]
        raise InputError(
            f"the vote's '{key}' is missing or too long", where=where, remedy="say who votes"
        ) from None


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy="check the path")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "the votes are not UTF-8 text", where=str(path), remedy="save it as UTF-8"
        ) from error
    if path.suffix in (".jsonl", ".json"):
        yield from _json_rows(text, path)
        return
    reader = csv.DictReader(io.StringIO(text))
    if not {"item", "preferred"} <= set(reader.fieldnames or []):
        raise InputError(
            "the columns item and preferred are not there", where=str(path), remedy="keep the sheet's head"
        )
    for row in reader:
        yield reader.line_num, {str(key): value for key, value in row.items() if isinstance(value, str)}


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise InputError(
                "a vote cannot be read",
                where=f"{path.name}, line {number}",
                remedy="write one JSON object a line",
            )
        yield number, row


def _cell(text: str) -> str:
    shown = text[:SHOWN]
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@", "\t", "\r") else shown


def _turned(on: Ballot, item: str) -> bool:
    pair = "\t".join(sorted((on.first, on.second)))
    turned = int(_hash(f"{on.run}\t{on.task}\t{pair}\t{item}"), 16) % 2 == 1
    return turned != (on.first > on.second)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
