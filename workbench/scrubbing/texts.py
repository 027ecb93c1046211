"""Scrub one text or one row in Python, without a project.

::

    from workbench.scrubbing.texts import new_key, scrub_text
    clean, report = scrub_text("Write to jane.doe@example.com", key=new_key())
"""

from __future__ import annotations

import secrets
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from workbench.editing import apply_spans, marked
from workbench.examples import Example, make_example
from workbench.personal_data.spans import Scan
from workbench.scrubbing.fields import Field, fields_of
from workbench.scrubbing.proposing import ValueEdit, value_edits
from workbench.scrubbing.settings import Scrubbing, SecretScrubbing
from workbench.value_keys import BYTES, ValueKey


class Finder(Protocol):
    """What looks for personal data: `workbench.personal_data.detecting.Detector`, or one of your own."""

    def scan(
        self, texts: Sequence[str], roles: Sequence[str] | None = None, code: Sequence[bool] | None = None
    ) -> list[Scan]:
        """What is in each of the texts of one conversation."""


@dataclass(frozen=True)
class Report:
    """What was done to a row: the edits that were made, those that were not, and what was not read.

    ``left`` are edits that would have broken JSON or code, each with its ``reason``;
    ``not_scanned`` says why texts were not wholly read. Both want a person.
    """

    edits: tuple[ValueEdit, ...]
    left: tuple[ValueEdit, ...] = ()
    not_scanned: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all that was found was replaced, and all texts were read."""
        return not self.left and not self.not_scanned


def new_key() -> ValueKey:
    """A random key. The same key gives the same pseudonyms and hashes; a project keeps its own."""
    return ValueKey(secrets.token_bytes(BYTES))


def scrub_text(
    text: str, *, key: ValueKey, scrubbing: Scrubbing | None = None, finder: Finder | None = None
) -> tuple[str, Report]:
    """A text without its personal data and secrets, and what was done. See `scrub_example`."""
    row = make_example("sft", [{"role": "user", "content": text, "name": None, "tool_calls": None}])
    clean, report = scrub_example(row, key=key, scrubbing=scrubbing, finder=finder)
    return clean["messages"][0]["content"], report


def scrub_example(
    example: Example, *, key: ValueKey, scrubbing: Scrubbing | None = None, finder: Finder | None = None
) -> tuple[Example, Report]:
    """A row without its personal data and secrets, and what was done to it.

    All texts of the row are scrubbed as one: a person has one pseudonym in all of them.
    ``finder`` is by default the detector with its default settings; secrets are replaced too, and
    public figures, fiction and places that tell of nobody are left, as the step ``personal_data``
    leaves them. With a finder of your own what it finds is replaced, and nothing else. The row keeps its source and gets the
    id of its new content.
    """
    chosen = scrubbing or Scrubbing()
    fields = fields_of(example)
    scans, hidden = _scans(fields, finder)
    edits = value_edits(fields, scans, chosen, key)
    edits += value_edits(fields, hidden, SecretScrubbing(), key)
    made = tuple(edit for edit in edits if not edit.reason)
    spans = [span for edit in made for span in edit.spans]
    clean = marked(apply_spans(example, spans), spans) if spans else example
    unread = tuple(scan.not_scanned for scan in (*scans, *hidden) if scan.not_scanned)
    return clean, Report(made, tuple(edit for edit in edits if edit.reason), unread)


def _scans(fields: Sequence[Field], finder: Finder | None) -> tuple[list[Scan], list[Scan]]:
    texts, roles = [field.text for field in fields], [field.role for field in fields]
    code = [field.is_code for field in fields]
    if finder is not None:
        return list(finder.scan(texts, roles, code)), [Scan(()) for _ in fields]
    from workbench.personal_data.detecting import detector
    from workbench.personal_data.leniency import KINDS, Leniency, set_apart
    from workbench.personal_data.settings import Detection
    from workbench.steps.secrets import scan_texts

    hidden = scan_texts(texts)
    found = detector(Detection()).scan(texts, roles, code)
    outside = [
        _without(scan, [(s.start, s.end) for s in secret.spans], ())
        for scan, secret in zip(found, hidden, strict=True)
    ]
    apart = set_apart(texts, roles, outside, Leniency("flag", "flag", "with_person"))
    return [_without(scan, (), KINDS) for scan in apart], hidden


def _without(scan: Scan, places: Sequence[tuple[int, int]], entities: Container[str]) -> Scan:
    """A scan without the spans that lie within places (digits of a key are the key's), or of some entities."""
    kept = tuple(
        span
        for span in scan.spans
        if span.entity not in entities
        and not any(start <= span.start and span.end <= end for start, end in places)
    )
    return replace(scan, spans=kept)
