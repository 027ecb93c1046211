"""Personal data: what detectors see in every text of a row, one finding for each value.

Patterns are Presidio's and our own, names and places the recognizer's that the recipe names
(`docs/personal_data.md`). Evidence says where and what kind, and names the value by a keyed
hash; the value itself is never in a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field

from workbench.examples import Example
from workbench.findings import Finding, about
from workbench.personal_data.everywhere import everywhere
from workbench.personal_data.leniency import ENTITY_OF, KINDS, Leniency, set_apart
from workbench.personal_data.settings import Detection
from workbench.personal_data.spans import Scan, without_overlaps
from workbench.personal_data.user_patterns import list_patterns, with_saved
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.scrubbing.fields import Field as Text
from workbench.scrubbing.fields import fields_of
from workbench.scrubbing.proposing import ValueEdit, value_edits
from workbench.scrubbing.settings import Scrubbing
from workbench.value_keys import ValueKey, value_key
from workbench.value_lists import ValueLists, load_lists
from workbench.versions import Dataset

TITLE = "Personal data"
SCOPE = "map"


class Options(StepOptions, Detection):
    """What is looked for, what stands in its place, and what is only put to a person.

    ``fiction``: names in a story, poem or role that the user asks for. ``places``: a place
    counts in a row that tells of a person, or everywhere.
    """

    scrubbing: Scrubbing = Scrubbing()
    fiction: Literal["flag", "scrub"] = "flag"
    places: Literal["with_person", "all"] = Field(default="with_person")

    @property
    def detection(self) -> Detection:
        """The part that detectors read."""
        return Detection.model_validate(self.model_dump(include=set(Detection.model_fields)))

    @property
    def leniency(self) -> Leniency:
        """The part that says what is only reported."""
        return Leniency(self.names.public_figures, self.fiction, self.places)


@dataclass(frozen=True)
class Context:
    """What the project adds: its patterns, its key, its lists of values that never or always count."""

    detection: Detection
    key: ValueKey
    lists: ValueLists


def prepare(options: Options, project: Project, _dataset: Dataset) -> Context:
    """Read patterns and lists. Raises `NotFoundError` and `MissingExtraError` when the model of names is not here."""
    from workbench.personal_data.detecting import detector

    detection = with_saved(options.detection, project)
    detector(detection)
    return Context(detection, value_key(project), load_lists(project))


def reads(_options: Options, project: Project, _dataset: Dataset) -> str:
    """The patterns, the lists and the key."""
    patterns = [pattern.model_dump() for pattern in list_patterns(project)]
    key = value_key(project).digest("fingerprint")[:16]
    return json.dumps([patterns, load_lists(project).fingerprint(), key])


def find(rows: list[Example], options: Options, context: Context) -> Iterator[Finding]:
    """Propose one edit for each value of a row; flag public names, fiction and what was not scanned."""
    from workbench.personal_data.detecting import detector
    from workbench.steps.secrets import scan_texts

    detect = detector(context.detection)
    scrubbing, leniency = options.scrubbing, options.leniency
    for row in rows:
        fields = fields_of(row)
        texts, roles = [field.text for field in fields], [field.role for field in fields]
        scans = detect.scan(texts, roles=roles, code=[field.is_code for field in fields])
        if unread := [
            (field, scan.not_scanned) for field, scan in zip(fields, scans, strict=True) if scan.not_scanned
        ]:
            yield _not_scanned(row, unread)
        scans = [_with_denied(text, scan, context) for text, scan in zip(texts, scans, strict=True)]
        if not any(scan.spans for scan in scans):
            continue
        scans = [_outside(scan, secret) for scan, secret in zip(scans, scan_texts(texts), strict=True)]
        scans = set_apart(texts, roles, everywhere(texts, scans), leniency)
        scans = [_not_allowed(text, scan, context) for text, scan in zip(texts, scans, strict=True)]
        for edit in value_edits(fields, scans, scrubbing, context.key, stands_for=ENTITY_OF):
            if context.lists.allowed(ENTITY_OF.get(edit.entity, edit.entity), edit.value) is None:
                yield _finding(row, edit)


def _finding(row: Example, edit: ValueEdit) -> Finding:
    kind = KINDS.get(edit.entity, "personal_data")
    entity = ENTITY_OF.get(edit.entity, edit.entity)
    proposal = "rewrite" if kind == "personal_data" and not edit.reason else "flag"
    evidence: dict[str, Any] = {"entity": entity, "value": edit.value}
    if edit.reason:  # no machine may make this edit, not even when the flag is accepted
        evidence["reason"] = edit.reason
        written = {"operator", "replacement", "marks"}
        spans = [{k: v for k, v in span.items() if k not in written} for span in edit.spans]
    else:
        evidence["operator"] = edit.operator
        spans = list(edit.spans)
    return about(row, "personal_data", kind, edit.score, proposal, **evidence, spans=spans)


def _not_scanned(row: Example, unread: Sequence[tuple[Text, str | None]]) -> Finding:
    places = [{"part": field.part, "message": field.message, "field": field.field} for field, _ in unread]
    return about(
        row,
        "personal_data",
        "not_scanned",
        1.0,
        "flag",
        reason="; ".join(sorted({reason for _, reason in unread if reason})),
        places=places,
    )


def _with_denied(text: str, scan: Scan, context: Context) -> Scan:
    denied = context.lists.denied(text, context.key)
    return replace(scan, spans=tuple(without_overlaps([*denied, *scan.spans]))) if denied else scan


def _not_allowed(text: str, scan: Scan, context: Context) -> Scan:
    lists, key = context.lists, context.key
    kept = tuple(
        span
        for span in scan.spans
        if lists.allows(ENTITY_OF.get(span.entity, span.entity), text[span.start : span.end], key) is None
    )
    return scan if len(kept) == len(scan.spans) else replace(scan, spans=kept)


def _outside(scan: Scan, secrets: Scan) -> Scan:
    """A run of digits within a key belongs to the secrets step."""
    if not secrets.spans or not scan.spans:
        return scan
    kept = tuple(
        span
        for span in scan.spans
        if not any(secret.start <= span.start and span.end <= secret.end for secret in secrets.spans)
    )
    return replace(scan, spans=kept)
