"""Personal data: what detectors see in every text of a row, one finding for each value.

Patterns are Presidio's and our own, names and places the recognizer's that the recipe names
(`docs/personal_data.md`). Evidence says where and what kind, and names the value by a keyed
hash; the value itself is never in a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from workbench.examples import Example
from workbench.findings import Finding
from workbench.personal_data.everywhere import everywhere
from workbench.personal_data.files_read import model_files, shipped_files
from workbench.personal_data.leniency import ENTITY_OF, KINDS, Leniency, set_apart
from workbench.personal_data.settings import Detection
from workbench.personal_data.spans import Scan, Span, without_overlaps
from workbench.personal_data.user_patterns import list_patterns, with_saved
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.scrubbing.fields import fields_of
from workbench.scrubbing.proposing import value_edits
from workbench.scrubbing.settings import Scrubbing
from workbench.secret_rules.rules import pack_hash
from workbench.steps._value_findings import not_scanned, value_finding
from workbench.value_keys import ValueKey, value_key
from workbench.value_lists import RECOGNIZER as DENIED
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


def reads(options: Options, project: Project, _dataset: Dataset) -> str:
    """The patterns, the lists, the key, the rules for secrets, and the lists and models of names."""
    patterns = [pattern.model_dump() for pattern in list_patterns(project)]
    key = value_key(project).digest("fingerprint")[:16]
    names = [shipped_files(), model_files(options.names)]
    return json.dumps([patterns, load_lists(project).fingerprint(), key, pack_hash(), names])


def find(rows: list[Example], options: Options, context: Context) -> Iterator[Finding]:
    """Propose one edit for each value of a row; flag public names, fiction and what was not scanned."""
    from workbench.personal_data.detecting import detector

    detect = detector(context.detection)
    for row in rows:
        fields = fields_of(row)
        texts, roles = [field.text for field in fields], [field.role for field in fields]
        scans = detect.scan(texts, roles=roles, code=[field.is_code for field in fields])
        scans = [_with_denied(text, scan, context) for text, scan in zip(texts, scans, strict=True)]
        scans = _outside_keys(texts, scans)
        if (unread := not_scanned(row, "personal_data", fields, scans)) is not None:
            yield unread
        if not any(scan.spans for scan in scans):
            continue
        scans = set_apart(texts, roles, everywhere(texts, scans), options.leniency)
        scans = [_not_allowed(text, scan, context) for text, scan in zip(texts, scans, strict=True)]
        for edit in value_edits(fields, scans, options.scrubbing, context.key, stands_for=ENTITY_OF):
            kind, entity = KINDS.get(edit.entity, "personal_data"), ENTITY_OF.get(edit.entity, edit.entity)
            if context.lists.allowed(entity, edit.value) is None:
                flag = kind != "personal_data"
                yield value_finding(row, "personal_data", kind, entity, edit, flag=flag)


def _with_denied(text: str, scan: Scan, context: Context) -> Scan:
    denied = context.lists.denied(text, context.key)
    if not denied:
        return scan
    # What holds a denied value (*Mr* and a denied name) may win over it, and then counts as denied.
    held = [
        replace(span, recognizer=DENIED)
        if any(span.start < value.end and value.start < span.end for value in denied)
        else span
        for span in scan.spans
    ]
    return replace(scan, spans=tuple(without_overlaps([*denied, *held])))


def _not_allowed(text: str, scan: Scan, context: Context) -> Scan:
    lists, key = context.lists, context.key
    kept = tuple(
        span
        for span in scan.spans
        if lists.allows(ENTITY_OF.get(span.entity, span.entity), text[span.start : span.end], key) is None
    )
    return scan if len(kept) == len(scan.spans) else replace(scan, spans=kept)


def _outside_keys(texts: Sequence[str], scans: Sequence[Scan]) -> list[Scan]:
    """Leave out runs of digits that are a part of a key; all else stays, in a secret or not.

    A recipe may look for no secrets, so an e-mail address that serves as a password counts, and so
    does a number that is the whole secret. Where the search for secrets did not come to its end, the
    scan says so only if it has digits that might have been left out: nothing else depends on it.
    """
    from workbench.steps.secrets import scan_texts

    pairs = list(zip(texts, scans, strict=True))
    if not any(_may_be_of_a_key(text, span) for text, scan in pairs for span in scan.spans):
        return list(scans)
    found = zip(pairs, scan_texts(texts), strict=True)
    return [_outside(text, scan, secrets) for (text, scan), secrets in found]


def _outside(text: str, scan: Scan, secrets: Scan) -> Scan:
    kept = tuple(
        span
        for span in scan.spans
        if not (_may_be_of_a_key(text, span) and any(_within(span, secret) for secret in secrets.spans))
    )
    late = secrets.not_scanned if any(_may_be_of_a_key(text, span) for span in kept) else None
    return Scan(kept, "; ".join(filter(None, (scan.not_scanned, late))) or None)


def _may_be_of_a_key(text: str, span: Span) -> bool:
    return span.recognizer != DENIED and not any(map(str.isalpha, text[span.start : span.end]))


def _within(span: Span, secret: Span) -> bool:
    longer = secret.end - secret.start > span.end - span.start
    return longer and secret.start <= span.start and span.end <= secret.end
