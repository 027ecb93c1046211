"""Decisions as one file that can travel: bulk decisions carry the ids they decided.

Each line is a line of ``decisions.jsonl``. Before a bulk decision stand lines of another
shape, ``{"set": hash, "ids": […]}``, with the ids of its set in order, 1,000 a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from workbench.decided_sets import read_set, set_file, write_set
from workbench.decisions import Decision, decision_of, decisions_path, read_decisions
from workbench.errors import InputError
from workbench.files import append_lines, write_text_lines
from workbench.projects import Project

LINE_IDS = 1000
SHAPE = 'each line needs "target", "id", "action", "who", "why", "when", "dataset"'


def export_decisions(project: Project, path: Path) -> int:
    """Write every decision to a file, atomically, and return how many lines of decisions it has."""
    decisions = read_decisions(project)
    write_text_lines(path, (json.dumps(line, ensure_ascii=False) for line in _lines(project, decisions)))
    return len(decisions)


def import_decisions(project: Project, path: Path) -> int:
    """Append the decisions of a file that `export_decisions` wrote; return how many lines.

    Raises `InputError`, before any decision is recorded, when a line is no decision, the file
    holds none, or it lacks ids that a bulk decision names.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy="check the path")
    decisions = [
        decision_of(row, f"{path}, line {number}") for number, row in _objects(path) if "set" not in row
    ]
    if not decisions and path.stat().st_size:
        raise InputError("the file holds no decision", where=str(path), remedy=SHAPE)
    wanted = {decision.ids for decision in decisions if decision.ids}
    for digest in sorted(wanted):
        if set_file(project, digest).exists():
            continue
        found, _ = write_set(project, _members(path, digest), expected=digest)
        if found != digest:
            raise InputError(
                "the file lacks ids that one of its bulk decisions names",
                where=str(path),
                remedy="export the decisions again with `workbench review --export FILE`",
            )
    append_lines(decisions_path(project), [decision.as_dict() for decision in decisions])
    return len(decisions)


def _lines(project: Project, decisions: list[Decision]) -> Iterator[dict[str, Any]]:
    written: set[str] = set()
    for decision in decisions:
        if decision.ids and decision.ids not in written:
            written.add(decision.ids)
            for ids in read_set(project, decision.ids):
                for start in range(0, len(ids), LINE_IDS):
                    yield {"set": decision.ids, "ids": ids[start : start + LINE_IDS]}
        yield decision.as_dict()


def _members(path: Path, digest: str) -> Iterator[pa.Array]:
    for _, row in _objects(path):
        ids = row.get("ids")
        if row.get("set") == digest and isinstance(ids, list):
            yield pa.array([str(identity) for identity in ids], pa.string())


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of every line. Raises `InputError` for a line that is none."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise InputError("the line is no decision", where=f"{path}, line {number}", remedy=SHAPE)
            yield number, row
