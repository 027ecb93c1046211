"""Publish: the only function that changes rows. Findings and decisions in, new version out.

Beside the new version's rows lies ``changes.parquet``: one line for every row that was
dropped, edited or weighted, with the finding that caused it and who said so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.decisions import Decision, standing
from workbench.errors import InputError
from workbench.examples import SOURCE, Example, content_id
from workbench.files import read_json
from workbench.findings import Finding, findings_folder, read_findings
from workbench.projects import Project
from workbench.versions import Dataset, open_dataset, with_unique_ids, write_version

CHANGES = pa.schema(
    [
        ("id", pa.string()),
        ("new_id", pa.string()),
        ("source", SOURCE),
        ("change", pa.string()),
        ("step", pa.string()),
        ("kind", pa.string()),
        ("finding", pa.string()),
        ("by", pa.string()),
        ("why", pa.string()),
    ]
)
DUPLICATE_KINDS = ("exact_verbatim", "exact_normalised", "near_duplicate")


@dataclass(frozen=True)
class Change:
    """Why one row changes: the proposal in force, its finding, and who stands behind it."""

    change: str
    step: str
    kind: str
    finding: str
    by: str
    why: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class PublishResult:
    """The new version, and how many rows each reason changed."""

    dataset: str
    parent: str
    rows_in: int
    rows_out: int
    dropped: dict[str, int]
    edited: dict[str, int]
    overruled: int

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def publish(
    project: Project, dataset: Dataset, *, progress: Callable[[int, int], None] | None = None
) -> PublishResult:
    """Apply the findings of a version, as decided, and write the next version.

    Rows stream. The same findings and decisions give the same version, so publishing twice
    changes nothing. Raises `InputError` when no findings were proposed for this version.
    """
    folder = findings_folder(project, dataset)
    if not (folder / "propose.json").exists():
        raise InputError(
            f"there are no findings for {dataset.ref}",
            remedy=f"run `workbench propose {dataset.ref}` first",
        )
    changes, overruled = outcome(project, dataset)
    log: list[dict[str, Any]] = []
    rows = with_unique_ids(_changed_rows(dataset, changes, log, progress))
    written = write_version(
        project,
        dataset.name,
        rows,
        parent=dataset,
        origin={"verb": "publish", "recipe": read_json(folder / "propose.json")["recipe"]},
        sidecar=lambda work: _write_changes(work, log),
    )
    return PublishResult(
        written.ref,
        dataset.ref,
        dataset.rows,
        written.rows,
        *_counts(log),
        overruled=overruled,
    )


def outcome(project: Project, dataset: Dataset) -> tuple[dict[str, list[Change]], int]:
    """What would happen to each example: ``({example id: changes}, overruled proposals)``.

    A row that is dropped has that one change, the first step's. A duplicate whose keeper a
    person drops is kept in its place.
    """
    force = standing(project)
    drops: dict[str, Change] = {}
    edits: dict[str, list[Change]] = {}
    duplicates: list[Finding] = []
    overruled = 0
    for finding in _in_recipe_order(project, dataset):
        decision = force.findings.get(finding.id)
        example_decision = force.examples.get(finding.example_id)
        if decision is not None and decision.action == "reject":
            overruled += 1
        elif finding.proposal == "drop":
            if example_decision is not None and example_decision.action == "keep":
                overruled += 1
            else:
                drops.setdefault(finding.example_id, _change("dropped", finding, decision))
                if finding.kind in DUPLICATE_KINDS:
                    duplicates.append(finding)
        elif finding.proposal in ("rewrite", "tag", "weight"):
            name = {"rewrite": "edited", "tag": "tagged", "weight": "weighted"}[finding.proposal]
            edits.setdefault(finding.example_id, []).append(_change(name, finding, decision))
    for example_id, decision in force.examples.items():
        if decision.action == "drop":
            drops[example_id] = Change("dropped", "decision", "person", "", decision.who, decision.why, {})
    _promote(drops, duplicates)
    changes = {identity: [change] for identity, change in drops.items()}
    changes.update({identity: found for identity, found in edits.items() if identity not in drops})
    return changes, overruled


def apply_spans(example: Example, spans: list[dict[str, Any]]) -> Example:
    """Return a copy of an example with edits made from right to left.

    A span is ``{part, message, start, end, operator, replacement}``; where two overlap, the
    one that begins first is made whole and the other on what it leaves.
    """
    copy: Example = json.loads(json.dumps(example))
    grouped: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for span in spans:
        grouped.setdefault((span["part"], int(span["message"])), []).append(span)
    for (part, index), group in grouped.items():
        entry = copy[part][index]  # type: ignore[literal-required]
        text = entry["content"]
        repaired = [span for span in group if span.get("operator") == "fix_encoding"]
        for span in reversed(_disjoint([s for s in group if s not in repaired], len(text))):
            text = text[: span["start"]] + span["replacement"] + text[span["end"] :]
        if repaired:
            from ftfy import fix_encoding

            text = fix_encoding(text)
        entry["content"] = text
    return copy


def restore(project: Project, ref: str) -> Dataset:
    """Undo: write the rows of an older version as the newest one."""
    old = open_dataset(project, ref)
    newest = open_dataset(project, old.name)
    if newest.version == old.version:
        raise InputError(f"{old.ref} is the newest version already", remedy="name an older one")
    return write_version(
        project, old.name, old.examples(), parent=newest, origin={"verb": "restore", "from": old.ref}
    )


def _changed_rows(
    dataset: Dataset,
    changes: dict[str, list[Change]],
    log: list[dict[str, Any]],
    progress: Callable[[int, int], None] | None,
) -> Iterator[Example]:
    for number, example in enumerate(dataset.examples(), 1):
        if progress and number % 1000 == 0:
            progress(number, dataset.rows)
        mine = changes.get(example["id"], [])
        if not mine:
            yield example
            continue
        old_id, source = example["id"], example["source"]
        dropped = mine[0].change == "dropped"
        if not dropped:
            example = _edited(example, mine)
        for change in mine:
            if change.change == "tagged":
                continue
            entry = {key: value for key, value in asdict(change).items() if key != "evidence"}
            log.append({"id": old_id, "new_id": None if dropped else example["id"], "source": source} | entry)
        if not dropped:
            yield example


def _edited(example: Example, changes: list[Change]) -> Example:
    spans = [span for change in changes if change.change == "edited" for span in change.evidence["spans"]]
    old_id = example["id"]
    if spans:
        example = apply_spans(example, spans)
        meta = json.loads(example["meta"] or "{}")
        meta["edited_from"] = old_id
        example["meta"] = json.dumps(meta, ensure_ascii=False, sort_keys=True)
        example["id"] = content_id(example)
    for change in changes:
        if change.change == "tagged":
            own = [tag for tag in example["tags"] or [] if not tag.startswith("cluster:")]
            example["tags"] = [*own, *change.evidence["tags"]]
        elif change.change == "weighted":
            example["weight"] = float(example["weight"] or 1.0) * float(change.evidence["weight"])
    return example


def _in_recipe_order(project: Project, dataset: Dataset) -> Iterator[Finding]:
    recipe = read_json(findings_folder(project, dataset) / "propose.json")["recipe"]
    for step in recipe["steps"]:
        yield from read_findings(project, dataset, step=next(iter(step)))


def _change(name: str, finding: Finding, decision: Decision | None) -> Change:
    by, why = (decision.who, decision.why) if decision else ("proposal", "")
    return Change(name, finding.step, finding.kind, finding.id, by, why, finding.evidence)


def _promote(drops: dict[str, Change], duplicates: list[Finding]) -> None:
    promoted: set[str] = set()
    for finding in duplicates:
        keeper = str(finding.evidence["keeper"])
        change = drops.get(keeper)
        if change is not None and change.step == "decision" and keeper not in promoted:
            own = drops.get(finding.example_id)
            if own is not None and own.finding == finding.id:
                promoted.add(keeper)
                del drops[finding.example_id]


def _disjoint(spans: list[dict[str, Any]], length: int) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for span in sorted(spans, key=lambda s: (s["start"], -s["end"])):
        start = max(span["start"], kept[-1]["end"]) if kept else span["start"]
        if start < span["end"] <= length:
            kept.append({**span, "start": start})
    return kept


def _write_changes(folder: Path, log: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(log, CHANGES), folder / "changes.parquet", compression="zstd")


def _counts(log: list[dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    dropped = Counter(f"{row['step']}.{row['kind']}" for row in log if row["change"] == "dropped")
    edited = Counter(f"{row['step']}.{row['kind']}" for row in log if row["change"] == "edited")
    return dict(sorted(dropped.items())), dict(sorted(edited.items()))
