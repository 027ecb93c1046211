"""Which values were replaced on the way to a version, read back from the rows before.

A change names its finding, the finding its spans, and the parent version holds the text
there. Nothing of the scrubbing itself is asked. Values stay in memory and are not written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from workbench.errors import NotFoundError
from workbench.finding_queries import listed
from workbench.findings import proposed_steps
from workbench.leak_audit.forms import fold
from workbench.leak_audit.searching import Value
from workbench.lineage import ancestors
from workbench.projects import Project
from workbench.publishing import CHANGES
from workbench.sql import one, parquet_view, stream
from workbench.value_keys import ValueKey
from workbench.versions import Dataset, open_dataset, reading

if TYPE_CHECKING:
    from workbench.sql import Connection

STEPS = ("personal_data", "secrets")
_OF_STEPS = "('personal_data', 'secrets')"
NESTED = "$json"
MARKS = ("tag", "redact", "mask", "hash", "replace")
"""Operators whose result says that something was taken out; the others' look like values."""

ROWS = """SELECT examples.id, evidence, messages, chosen, rejected, tools, meta, label, "group", tags FROM {found}
    JOIN examples ON examples.id = found.example_id"""
MADE = f"""(SELECT findings.evidence, findings.example_id FROM made
    JOIN findings ON findings.id = made.finding
    WHERE made.change = 'edited' AND findings.step IN {_OF_STEPS}) AS found"""  # noqa: S608 - a constant of ours
KEPT = f"""(SELECT findings.evidence, findings.example_id FROM findings
    JOIN said_findings AS said ON said.id = findings.id
    WHERE said.action = 'reject' AND findings.proposal = 'rewrite' AND findings.step IN {_OF_STEPS}) AS found"""  # noqa: S608 - a constant of ours
FLAGGED = f"""(SELECT findings.evidence, findings.example_id FROM findings
    WHERE findings.proposal = 'flag' AND findings.step IN {_OF_STEPS}) AS found"""  # noqa: S608 - a constant of ours
RENAMED = """SELECT DISTINCT id, new_id FROM made WHERE change = 'edited' AND id <> new_id"""
LOST = f"""SELECT count(*) FROM made ANTI JOIN findings ON findings.id = made.finding
    WHERE made.change = 'edited' AND made.step IN {_OF_STEPS}"""  # noqa: S608 - a constant of ours


@dataclass
class Replaced:
    """What was replaced, what people kept, and what stands in the place of values.

    ``flagged`` names, for each row of the version, the values that were only put to a person
    there (a public figure, say) and so stayed. ``rows`` names, for each value that many people
    or texts share (`is_shared`), the rows of the version in which it was replaced.
    ``lost`` counts changes whose finding is gone, so that their values are not known;
    ``scrubbed`` says whether a step that looks for personal data or secrets was published.
    """

    values: dict[Value, None] = field(default_factory=dict, repr=False)
    kept: set[str] = field(default_factory=set, repr=False)
    stand_ins: set[str] = field(default_factory=set, repr=False)
    flagged: dict[str, set[str]] = field(default_factory=dict, repr=False)
    rows: dict[Value, set[str]] = field(default_factory=dict, repr=False)
    lost: int = 0
    scrubbed: bool = False


def replaced_values(project: Project, dataset: Dataset, key: ValueKey) -> Replaced:
    """Read the values that were replaced between the first ancestor of a version and itself.

    Memory grows with the number of distinct values, not with that of the rows.
    """
    found = Replaced()
    for version in reversed(ancestors(project, dataset)):
        parent = version.manifest.get("parent")
        made = version.path / "changes.parquet"
        if version.manifest["origin"].get("verb") != "publish" or not parent or not made.exists():
            continue
        try:
            before = open_dataset(project, parent)
        except NotFoundError:
            found.lost += _edits(version)
            continue
        found.scrubbed |= bool({*STEPS} & {*_steps(version)})
        _read_step(project, before, version, key, found)
    return found


def vault_values(path: Path) -> Iterator[Value]:
    """The values in a vault, whose key is in the environment. Raises `InputError` without it."""
    from workbench.vault.keys import key_from_environment
    from workbench.vault.opening import values_in

    for piece in values_in(path, key_from_environment()):
        if piece.entity:
            yield Value(piece.entity, piece.original)


def is_shared(value: Value) -> bool:
    """A place, or a name of one word: found in another row it need not be the same one's."""
    if value.entity in ("LOCATION", "ORGANIZATION", "NRP"):
        return True
    return value.entity == "PERSON" and len(value.text.split()) == 1


def text_at(row: dict[str, Any], span: dict[str, Any]) -> str | None:
    """The text that a span of evidence names in a row; None when there is no such place."""
    node: Any = row.get(span["part"])
    if isinstance(node, list):
        index = int(span.get("message", 0))
        if not 0 <= index < len(node):
            return None
        node = node[index]
        if isinstance(node, dict):
            node = node.get(span.get("field") or "content")
    for step in span.get("path") or []:
        node = _within(node, step)
    if isinstance(node, dict | list) or node is None:
        return None
    text = node if isinstance(node, str) else json.dumps(node)
    return text[int(span["start"]) : int(span["end"])] or None


def spans_of(evidence: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans of evidence that were put in place of something."""
    for span in evidence.get("spans", []):
        if span.get("operator") not in ("keep", "fix_encoding") and "entity" in span:
            yield span


def _steps(version: Dataset) -> list[str]:
    recipe = version.manifest["origin"].get("recipe") or {}
    return proposed_steps(recipe) if isinstance(recipe.get("steps"), list) else []


def _edits(version: Dataset) -> int:
    path = version.path / "changes.parquet"
    with reading(path):
        table = pq.read_table(path, columns=["change", "step"])
    pairs = zip(table["change"].to_pylist(), table["step"].to_pylist(), strict=True)
    return sum(change == "edited" and step in STEPS for change, step in pairs)


def _read_step(project: Project, before: Dataset, after: Dataset, key: ValueKey, found: Replaced) -> None:
    with listed(project, before) as connection:
        parquet_view(connection, "made", [after.path / "changes.parquet"], CHANGES)
        found.lost += int(one(connection, LOST) or 0)
        for row in _rows(connection, MADE):
            _take(row, found)
        for row in _rows(connection, KEPT):
            found.kept |= _names(row, key)
        for row in _rows(connection, FLAGGED):
            found.flagged.setdefault(row["id"], set()).update(_names(row, key))
        shared_in: dict[str, list[Value]] = {}
        for value, ids in found.rows.items():
            for identity in ids:
                shared_in.setdefault(identity, []).append(value)
        for batch in stream(connection, RENAMED):
            for renamed in batch.to_pylist():
                if stayed := found.flagged.pop(renamed["id"], None):
                    found.flagged.setdefault(renamed["new_id"], set()).update(stayed)
                for value in shared_in.get(renamed["id"], ()):
                    found.rows[value].discard(renamed["id"])
                    found.rows[value].add(renamed["new_id"])


def _rows(connection: Connection, findings: str) -> Iterator[dict[str, Any]]:
    for batch in stream(connection, ROWS.format(found=findings)):
        yield from batch.to_pylist()


def _names(row: dict[str, Any], key: ValueKey) -> set[str]:
    spans = [span for span in json.loads(row["evidence"]).get("spans", []) if "entity" in span]
    told = ((span["entity"], text_at(row, span)) for span in spans)
    return {key.name_of(entity, text) for entity, text in told if text}


def _take(row: dict[str, Any], found: Replaced) -> None:
    for span in spans_of(json.loads(row["evidence"])):
        operator, stand_in = str(span.get("operator", "")), str(span.get("replacement", ""))
        text = text_at(row, span)
        if text is None:
            found.lost += 1
            continue
        if text == stand_in:
            continue
        value = Value(str(span["entity"]), text)
        found.values.setdefault(value)
        if is_shared(value):
            found.rows.setdefault(value, set()).add(row["id"])
        if operator not in MARKS and not stand_in.startswith("<"):
            found.stand_ins.update({fold(stand_in), *map(fold, stand_in.split())})


def _within(node: Any, step: Any) -> Any:
    """One step down a JSON value; a string is read as JSON when the path goes on inside it.

    The step ``$json`` says that it does, and leads nowhere else.
    """
    if isinstance(node, str):
        try:
            node = json.loads(node)
        except (ValueError, RecursionError):
            return None
    if step == NESTED:
        return node
    if isinstance(node, dict):
        return node.get(str(step))
    if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
        return node[step]
    return None
