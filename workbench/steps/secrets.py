"""Secrets: keys, tokens and passwords in every text of a row, one finding for each value.

They are known by the formats that their issuers publish (`docs/secrets.md`), and by rules in
gitleaks' format that the recipe names. Evidence says where and what kind, and names the value
by a keyed hash; the secret itself is never in a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from workbench.examples import Example
from workbench.findings import Finding
from workbench.personal_data.spans import Scan
from workbench.projects import Project
from workbench.recipes import StepOptions
from workbench.scrubbing.fields import fields_of
from workbench.scrubbing.proposing import value_edits
from workbench.scrubbing.settings import SecretScrubbing
from workbench.secret_rules.gitleaks import rules_of
from workbench.secret_rules.repeats import with_repeats
from workbench.secret_rules.rules import Rule, pack_hash
from workbench.secret_rules.scanning import scanner, scanner_of
from workbench.secret_rules.settings import Secrets
from workbench.steps._value_findings import not_scanned, value_finding
from workbench.value_keys import ValueKey, value_key
from workbench.value_lists import ValueLists, load_lists
from workbench.versions import Dataset

TITLE = "Secrets"
SCOPE = "map"


class Options(StepOptions, Secrets):
    """What is looked for (`Secrets`), and what stands in its place."""

    scrubbing: SecretScrubbing = SecretScrubbing()

    @property
    def search(self) -> Secrets:
        """The part that the scanner reads."""
        return Secrets.model_validate(self.model_dump(include=set(Secrets.model_fields)))


@dataclass(frozen=True)
class Context:
    """The rules of the files that were named, the project's key, and its lists of values."""

    rules: tuple[Rule, ...]
    key: ValueKey
    lists: ValueLists


def prepare(options: Options, project: Project, _dataset: Dataset) -> Context:
    """Read the files of rules. Raises `NotFoundError` and `InputError`."""
    rules = tuple(rule for name in options.rules for rule in rules_of(project.folder(name)))
    scanner_of(rules, options.search)
    return Context(rules, value_key(project), load_lists(project))


def reads(options: Options, project: Project, _dataset: Dataset) -> str:
    """The packs, the files of rules, the lists and the key."""
    paths = [project.folder(name) for name in options.rules]
    files = [sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in paths]
    key = value_key(project).digest("fingerprint")[:16]
    return json.dumps([pack_hash(), files, load_lists(project).fingerprint(), key])


def find(rows: list[Example], options: Options, context: Context) -> Iterator[Finding]:
    """Propose one edit for each secret of a row; flag what could not be read in time."""
    search = scanner_of(context.rules, options.search)
    for row in rows:
        fields = fields_of(row)
        texts = [field.text for field in fields]
        scans = with_repeats(texts, [search.scan(text) for text in texts])
        if (unread := not_scanned(row, "secrets", fields, scans)) is not None:
            yield unread
        if not any(scan.spans for scan in scans):
            continue
        kept = [_not_allowed(field.text, scan, context) for field, scan in zip(fields, scans, strict=True)]
        for edit in value_edits(fields, kept, options.scrubbing, context.key):
            yield value_finding(row, "secrets", "secret", edit.entity, edit, flag=False)


def scan_texts(texts: Sequence[str]) -> list[Scan]:
    """Where the texts of one row hold a secret, by the rules that come with Workbench."""
    search = scanner(Secrets())
    return with_repeats(texts, [search.scan(text) for text in texts])


def scan(text: str, min_entropy: float = 0.0) -> list[dict[str, object]]:
    """Spans ``{start, end, entity, score, operator, replacement}`` of one text, without overlaps."""
    return [
        {
            "start": span.start,
            "end": span.end,
            "entity": span.entity,
            "score": span.score,
            "operator": "redact",
            "replacement": f"<{span.entity}>",
        }
        for span in scanner(Secrets(min_entropy=min_entropy)).scan(text).spans
    ]


def _not_allowed(text: str, scan: Scan, context: Context) -> Scan:
    lists, key = context.lists, context.key
    kept = tuple(
        span for span in scan.spans if lists.allows(span.entity, text[span.start : span.end], key) is None
    )
    return scan if len(kept) == len(scan.spans) else replace(scan, spans=kept)
