"""The rows of a diff as people see them: both forms of an edited row, personal data masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.comparing import Diff
from workbench.examples import Example, parts, prompt_text
from workbench.finding_queries import listed
from workbench.markup import printable
from workbench.projects import Project
from workbench.reviewing import examples_of, sensitive_spans
from workbench.scrubbing.masking import masked_row
from workbench.versions import Dataset, open_dataset

THRESHOLD = 0.4
"""From this score on personal data is masked, as the step ``personal_data`` does by default."""
CONTEXT = 40
EXCERPT = 120


@dataclass(frozen=True)
class DiffRow:
    """One row of a diff: its form in the version that has it and, if edited, the new form.

    ``spans`` are the personal data and secrets of ``example`` and of ``edited``, by example id:
    those that a step has found and those that the scanners see now, for an edited row has no
    findings yet. ``changes`` are the changed spans of `workbench.comparing.Diff`.
    """

    reason: str
    example: Example
    edited: Example | None
    spans: dict[str, list[dict[str, Any]]]
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
        refs = [(row["version"], row["id"]), *([(found.new, row["new_id"])] if "new_id" in row else [])]
        sides = {identity: texts[ref][identity] for ref, identity in refs}
        known = {identity: spans[ref][identity] for ref, identity in refs}
        yield DiffRow(
            reason,
            sides[row["id"]],
            sides.get(row.get("new_id", "")),
            {identity: [*known[identity], *_seen(side)] for identity, side in sides.items()},
            row.get("spans", []),
        )


def row_text(row: DiffRow) -> str:
    """A row for the terminal: where it is from, then ``-`` and ``+`` lines, or how it begins."""
    source = row.example["source"] or {}
    head = f"  {source.get('file')}:{source.get('line')}  {row.example['id']}"
    masked = masked_row(row.example, row.spans[row.example["id"]])
    if row.edited is None:
        text = prompt_text(masked)
        return f"{head}\n    {_line(text[:EXCERPT])}{'…' if len(text) > EXCERPT else ''}"
    after = masked_row(row.edited, row.spans[row.edited["id"]])
    sides = [{(part, i): m["content"] for part, i, m in parts(side)} for side in (masked, after)]
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


def _seen(example: Example) -> list[dict[str, Any]]:
    """What the scanners of the steps ``personal_data`` and ``secrets`` see in a row."""
    from workbench.personal_data.detecting import ENTITIES, scan
    from workbench.steps.secrets import scan as scan_secrets

    return [
        {"part": part, "message": index, **span}
        for part, index, message in parts(example)
        for span in (
            *scan(message["content"], tuple(ENTITIES), THRESHOLD),
            *scan_secrets(message["content"]),
        )
    ]


def _line(text: str) -> str:
    return printable(" ".join(text.split()))
