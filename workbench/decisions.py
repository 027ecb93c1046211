"""Decisions: what people said about findings. Append-only; the last word counts.

A decision names a finding (``accept``: do as proposed, ``reject``: do nothing) or an
example (``drop``: remove it, ``keep``: never remove it); ``undo`` takes back the last word
on that finding or example. A person's decision beats every proposal.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.files import append_lines, read_lines
from workbench.projects import Project

FINDING_ACTIONS = ("accept", "reject")
EXAMPLE_ACTIONS = ("drop", "keep")
ACTIONS = {"finding": FINDING_ACTIONS, "example": EXAMPLE_ACTIONS}


@dataclass(frozen=True)
class Decision:
    """One decision; ``target`` is ``finding`` or ``example`` and ``id`` its id."""

    target: str
    id: str
    action: str
    who: str
    why: str
    when: str
    dataset: str


@dataclass(frozen=True)
class Standing:
    """The decisions in force: finding id to action, example id to action."""

    findings: dict[str, Decision]
    examples: dict[str, Decision]


def decide(
    project: Project,
    ids: Sequence[str],
    action: str,
    *,
    dataset: str,
    target: str = "finding",
    who: str | None = None,
    why: str = "",
) -> int:
    """Record one decision for each id and return how many. Raises `InputError`."""
    allowed = ACTIONS.get(target, ())
    if target not in ACTIONS or action not in (*allowed, "undo"):
        raise InputError(
            f"'{action}' is no decision about a {target}",
            remedy=f"use one of {', '.join((*allowed, 'undo'))}",
        )
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    by = who or current_user()
    rows = [asdict(Decision(target, identity, action, by, why, now, dataset)) for identity in ids]
    append_lines(decisions_path(project), rows)
    return len(ids)


def read_decisions(project: Project) -> list[Decision]:
    """Every decision ever recorded, oldest first."""
    return list(_parse(read_lines(decisions_path(project))))


def standing(project: Project) -> Standing:
    """The decisions in force now: later lines replace earlier ones, ``undo`` removes."""
    force: dict[str, dict[str, Decision]] = {"finding": {}, "example": {}}
    for decision in read_decisions(project):
        if decision.action == "undo":
            force[decision.target].pop(decision.id, None)
        else:
            force[decision.target][decision.id] = decision
    return Standing(force["finding"], force["example"])


def import_decisions(project: Project, path: Path) -> int:
    """Append the decisions of a file written by ``workbench review --export``."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy="check the path")
    decisions = list(_parse(read_lines(path)))
    if not decisions and path.stat().st_size:
        raise InputError(
            "the file holds no decision",
            where=str(path),
            remedy='each line needs "target", "id", "action", "who", "why", "when", "dataset"',
        )
    append_lines(decisions_path(project), [asdict(decision) for decision in decisions])
    return len(decisions)


def decisions_path(project: Project) -> Path:
    """The project's append-only file of decisions."""
    return project.folder("decisions.jsonl")


def current_user() -> str:
    """The name that decisions are signed with when none is given."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _parse(rows: Iterable[dict[str, Any]]) -> Iterable[Decision]:
    for row in rows:
        if not row.keys() >= Decision.__dataclass_fields__.keys():
            continue
        decision = Decision(**{key: str(row[key]) for key in Decision.__dataclass_fields__})
        if decision.action in (*ACTIONS.get(decision.target, ()), "undo") and decision.target in ACTIONS:
            yield decision
