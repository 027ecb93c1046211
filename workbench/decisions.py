"""Decisions: what people said about findings. Append-only; the last word counts.

A decision names a finding (``accept``: do as proposed, ``reject``: do nothing) or an
example (``drop``: remove it, ``keep``: never remove it); ``undo`` takes back the last word
on that finding or example. A person's decision beats every proposal.

A bulk decision is one line about many: it names a set of ids (`workbench.decided_sets`) and
means the same as one line for each of them. ``undo`` of its own id makes it as if it had
never been said; what was said before or after about one of its members still holds.
"""

from __future__ import annotations

import getpass
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from workbench.decided_sets import IDS, set_file
from workbench.errors import InputError, NotFoundError
from workbench.files import DAMAGED, append_lines
from workbench.projects import Project
from workbench.sql import arrow_table, parquet_view

if TYPE_CHECKING:
    from workbench.sql import Connection

FINDING_ACTIONS = ("accept", "reject")
EXAMPLE_ACTIONS = ("drop", "keep")
ACTIONS = {"finding": FINDING_ACTIONS, "example": EXAMPLE_ACTIONS}
REQUIRED = ("target", "id", "action", "who", "why", "when", "dataset")
WORDS = pa.schema([(name, pa.string()) for name in (*REQUIRED, "file")] + [("seq", pa.int64())])


@dataclass(frozen=True)
class Decision:
    """One decision; ``target`` is ``finding`` or ``example`` and ``id`` its id.

    For a bulk decision ``id`` is its own, ``ids`` the hash of the set it names, ``where`` the
    filter that found them in ``dataset``, and ``count`` how many they were.
    """

    target: str
    id: str
    action: str
    who: str
    why: str
    when: str
    dataset: str
    ids: str = ""
    where: str = ""
    count: int = 1

    def as_dict(self) -> dict[str, Any]:
        """One line of ``decisions.jsonl``."""
        line = asdict(self)
        return line if self.ids else {name: line[name] for name in REQUIRED}


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
    check_action(target, action, undo=True)
    by, now = who or current_user(), timestamp()
    rows = [Decision(target, identity, action, by, why, now, dataset).as_dict() for identity in ids]
    append_lines(decisions_path(project), rows)
    return len(ids)


def undo(project: Project, identity: str, *, dataset: str, who: str | None = None, why: str = "") -> int:
    """Take back the last word on a finding or example, or a whole bulk decision, by its id."""
    said = read_decisions(project)
    targets = [decision.target for decision in said if decision.id == identity]
    if not targets:
        raise NotFoundError(
            f"nothing was decided about '{identity[:60]}'", remedy="see `workbench review --export FILE`"
        )
    return decide(
        project,
        [identity],
        "undo",
        dataset=dataset,
        target=targets[-1],
        who=who,
        why=why,
    )


def check_action(target: str, action: str, *, undo: bool = False) -> None:
    """Raise `InputError` when nobody can decide that about such a target."""
    allowed = (*ACTIONS.get(target, ()), *(["undo"] if undo else []))
    if target not in ACTIONS or action not in allowed:
        raise InputError(
            f"'{action}' is no decision about a {target}", remedy=f"use one of {', '.join(allowed)}"
        )


def bulk_id() -> str:
    """A new name for a bulk decision."""
    return f"bulk-{uuid.uuid4().hex[:12]}"


def read_decisions(project: Project) -> list[Decision]:
    """Every line ever recorded, oldest first; a bulk decision is one line.

    A line that a crash cut short is left out. Any other line that cannot be read raises
    `InputError`: a decision that is not seen would let a row go that a person keeps.
    """
    path = decisions_path(project)
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [line for number, text in enumerate(file, 1) if (line := _recorded(text, path, number))]


def decision_of(row: object, where: str) -> Decision:
    """Read a decision from one line's JSON. Raises `InputError` naming ``where``."""
    if isinstance(row, dict) and all(isinstance(row.get(name), str) for name in REQUIRED):
        count = row.get("count", 1)
        decision = Decision(
            **{name: row[name] for name in REQUIRED},
            ids=str(row.get("ids") or ""),
            where=str(row.get("where") or ""),
            count=count if isinstance(count, int) else 1,
        )
        known = decision.target in ACTIONS and decision.action in (*ACTIONS[decision.target], "undo")
        if known and decision.id:
            return decision
    raise InputError("the line is no decision", where=where, remedy=f"each line has {', '.join(REQUIRED)}")


def standing_bulk(project: Project) -> list[Decision]:
    """The bulk decisions that nobody has undone, newest first."""
    return [decision for decision in in_force(read_decisions(project)) if decision.ids][::-1]


def in_force(decisions: Sequence[Decision]) -> list[Decision]:
    """The lines without the bulk decisions that were undone later, and without those undos."""
    bulk = {decision.id for decision in decisions if decision.ids}
    undone: set[str] = set()
    kept = []
    for decision in reversed(decisions):
        if decision.id in bulk and decision.action == "undo":
            undone.add(decision.id)
        elif not (decision.ids and decision.id in undone):
            kept.append(decision)
    return kept[::-1]


def standing_tables(connection: Connection, project: Project) -> None:
    """Make the decisions in force readable in SQL; millions of members stay on disk.

    ``said_findings`` and ``said_examples`` have one row for each id that is decided: ``id,
    action, who, why``.
    """
    lines = in_force(read_decisions(project))
    rows = [
        {**line.as_dict(), "seq": seq, "file": str(set_file(project, line.ids)) if line.ids else None}
        for seq, line in enumerate(lines)
    ]
    arrow_table(connection, "words", pa.Table.from_pylist(rows, WORDS))
    files = {set_file(project, line.ids) for line in lines if line.ids}
    parquet_view(connection, "members", sorted(files), IDS)
    for target in ACTIONS:
        connection.execute(
            f"""CREATE TEMP TABLE said_{target}s AS
            SELECT last.id, words.action, words.who, words.why FROM (
                SELECT id, max(seq) AS seq FROM (
                    SELECT id, seq FROM words WHERE target = '{target}' AND file IS NULL
                    UNION ALL
                    SELECT members.id, seq FROM members JOIN words ON file = filename
                    WHERE target = '{target}'
                ) GROUP BY id
            ) AS last JOIN words USING (seq) WHERE action <> 'undo'"""  # noqa: S608 - a constant of ours
        )


def decisions_path(project: Project) -> Path:
    """The project's append-only file of decisions."""
    return project.folder("decisions.jsonl")


def timestamp() -> str:
    """Now, in UTC, as decisions carry it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def current_user() -> str:
    """The name that decisions are signed with when none is given."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _recorded(text: bytes, path: Path, number: int) -> Decision | None:
    line = text.strip()
    if not line:
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        if line.startswith(b"{") and not line.endswith(b"}"):
            return None  # torn by a crash while it was written: it never took effect
        raise InputError(
            "a line of the decisions is damaged", where=f"{path}, line {number}", remedy=DAMAGED
        ) from error
    return decision_of(row, f"{path}, line {number}")
