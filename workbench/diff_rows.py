"""The rows of a diff as people see them: both forms of an edited row, personal data masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.comparing import Diff
from workbench.examples import Example, parts, prompt_text
from workbench.finding_queries import listed
from workbench.markup import MASK, printable
from workbench.projects import Project
from workbench.reviewing import examples_of, sensitive_spans
from workbench.versions import Dataset, open_dataset

CONTEXT = 40
EXCERPT = 120


@dataclass(frozen=True)
class DiffRow:
    """One row of a diff: its form in the version that has it and, if edited, the new form.

    ``spans`` are the personal data and secrets found in ``example``, ``changes`` the changed
    spans of `workbench.comparing.Diff`.
    """

    reason: str
    example: Example
    edited: Example | None
    spans: list[dict[str, Any]]
    changes: list[dict[str, Any]]


def diff_rows(project: Project, found: Diff) -> Iterator[DiffRow]:
    """The examples that a diff names, with their texts, in its order."""
    versions = {ref: open_dataset(project, ref) for ref in (found.old, found.new)}
    named = [(reason, row) for reason, shown in found.examples.items() for row in shown]
    texts: dict[str, dict[str, Example]] = {}
    spans: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for ref, dataset in versions.items():
        ids = [row["id"] for _, row in named if row["version"] == ref]
        ids += [row["new_id"] for _, row in named if "new_id" in row and ref == found.new]
        texts[ref], spans[ref] = _of_version(project, dataset, ids)
    for reason, row in named:
        yield DiffRow(
            reason,
            texts[row["version"]][row["id"]],
            texts[found.new].get(row.get("new_id", "")),
            spans[row["version"]][row["id"]],
            row.get("spans", []),
        )


def row_text(row: DiffRow) -> str:
    """A row for the terminal: where it is from, then ``-`` and ``+`` lines, or how it begins."""
    source = row.example["source"] or {}
    head = f"  {source.get('file')}:{source.get('line')}  {row.example['id']}"
    masked = _masked(row.example, row.spans)
    if row.edited is None:
        text = prompt_text(masked)
        return f"{head}\n    {_line(text[:EXCERPT])}{'…' if len(text) > EXCERPT else ''}"
    sides = [{(part, i): m["content"] for part, i, m in parts(side)} for side in (masked, row.edited)]
    lines = [head]
    for change in row.changes:
        place = (change["part"], change["message"])
        for sign, side, (start, end) in (("-", 0, change["before"]), ("+", 1, change["after"])):
            text = sides[side].get(place, "")
            shown = text[max(start - CONTEXT, 0) : start] + f"[{text[start:end]}]" + text[end : end + CONTEXT]
            lines.append(f"    {sign} {_line(shown[: 4 * EXCERPT])}")
    return "\n".join(lines)


def _of_version(
    project: Project, dataset: Dataset, ids: list[str]
) -> tuple[dict[str, Example], dict[str, list[dict[str, Any]]]]:
    with listed(project, dataset) as connection:
        return examples_of(connection, ids), sensitive_spans(connection, ids)


def _masked(example: Example, spans: list[dict[str, Any]]) -> Example:
    columns: dict[str, list[Any]] = {"messages": [], "chosen": [], "rejected": []}
    for part, _, message in parts(example):
        columns[part].append(dict(message))
    for span in spans:
        entry = columns[span["part"]][int(span["message"])]
        text, start, end = entry["content"], int(span["start"]), int(span["end"])
        entry["content"] = text[:start] + MASK * (min(end, len(text)) - start) + text[end:]
    return {**example, **columns}  # type: ignore[typeddict-item]


def _line(text: str) -> str:
    return printable(" ".join(text.split()))
