"""From what detectors saw in the texts of a row to edits, one for each value.

The edits of a row keep it whole: JSON parses to the same structure, Python that parsed still
does, tables and links keep their marks. Where no replacement can do that, the edit says why and
is for a person to make.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.personal_data.spans import Scan
from workbench.scrubbing.fields import Field
from workbench.scrubbing.marks import marks_for
from workbench.scrubbing.mentions import Mention, mentions_in
from workbench.scrubbing.operators import Replacements
from workbench.scrubbing.settings import Operator, Scrubbing
from workbench.scrubbing.validity import Placed, fitted
from workbench.value_keys import ValueKey

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class ValueEdit:
    """What to do about one value of a row, wherever it stands.

    ``entity`` is what the detector called it. ``value`` is the 16 hex digits of
    `ValueKey.name_of`; ``spans`` are the spans of a finding's evidence, with operator and replacement. ``reason`` is empty, or says why the replacement
    would break the row: such an edit must not be made by a machine.
    """

    entity: str
    value: str
    score: float
    operator: Operator
    spans: tuple[dict[str, Any], ...]
    reason: str = ""


def value_edits(
    fields: Sequence[Field],
    scans: Sequence[Scan],
    settings: Scrubbing,
    key: ValueKey,
    *,
    avoid: Container[str] = (),
    stands_for: Mapping[str, str] = NOTHING,
) -> list[ValueEdit]:
    """The edits of one row, in the order in which its values come.

    ``scans`` are those of ``fields``, one each. What scrubbing itself wrote earlier is left
    alone. ``avoid`` holds folded values (`workbench.value_keys.folded`) that no pseudonym may
    equal. ``stands_for`` gives the entity of spans that have a name of their own (PERSON of
    PUBLIC_FIGURE): its operator, tag and value hold for them. The same fields, scans, settings
    and key give the same edits.
    """
    mentions = mentions_in(fields, scans, settings, key, stands_for)
    if not mentions:
        return []
    replacements = Replacements(fields, mentions, settings, key, avoid)
    placed = fitted(fields, [Placed(mention, replacements.of(mention)) for mention in mentions])
    groups: dict[tuple[str, str, str], list[Placed]] = {}
    for item in placed:
        mention = item.mention
        value = key.name_of(mention.entity, mention.text)
        groups.setdefault((mention.kind, value, item.reason), []).append(item)
    return [
        ValueEdit(
            kind,
            value,
            min(item.mention.score for item in group),
            group[0].mention.operator,
            tuple(_evidence(item, fields[item.mention.field], key) for item in group),
            reason,
        )
        for (kind, value, reason), group in groups.items()
    ]


def _evidence(item: Placed, field: Field, key: ValueKey) -> dict[str, Any]:
    mention: Mention = item.mention
    span = field.coordinates(mention.start, mention.end) | {
        "entity": mention.entity,
        "score": mention.score,
        "operator": mention.operator,
        "replacement": item.replacement,
    }
    if mention.operator == "pseudonym" and not item.reason:
        span["marks"] = marks_for(item.replacement, key)
    return span
