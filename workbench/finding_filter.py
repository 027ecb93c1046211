"""Which findings are meant: the filter that page, command line and bulk decisions share.

In words it is ``key=value``, as in ``kind=template min_score=0.8``: one key given twice
means either value, different keys must all hold.
"""

from __future__ import annotations

import re
import shlex
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from workbench.errors import InputError

Proposal = Literal["drop", "rewrite", "tag", "weight", "flag"]
State = Literal["waiting", "accepted", "overruled", "row kept", "row dropped"]
EVIDENCE = re.compile(r"[A-Za-z0-9_ -]{1,60}")
LISTS = ("step", "kind", "proposal", "state", "file", "label", "example", "finding", "value", "entity")


class FindingFilter(BaseModel):
    """Findings that fulfil everything given here; empty means every finding of a version.

    ``value`` is the keyed hash by which a finding names a personal datum or secret, and ``entity``
    its kind. ``evidence`` compares one field of the evidence with a value, as text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    step: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    proposal: tuple[Proposal, ...] = ()
    state: tuple[State, ...] = ()
    file: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    example: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    entity: tuple[str, ...] = ()
    min_score: float | None = Field(default=None, allow_inf_nan=False)
    max_score: float | None = Field(default=None, allow_inf_nan=False)
    evidence: dict[str, str] = {}

    @field_validator("evidence")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(EVIDENCE.fullmatch(name) for name in value):
            raise ValueError("a field of the evidence has letters, digits, '_' and '-'")
        return value

    @property
    def is_empty(self) -> bool:
        """Whether the filter lets everything through."""
        return self == FindingFilter()

    def words(self) -> str:
        """The filter as `parse_filter` reads it; the same filter always gives the same words."""
        found = [(key, value) for key in LISTS for value in sorted(set(getattr(self, key)))]
        found += [
            (key, repr(value))
            for key in ("min_score", "max_score")
            if (value := getattr(self, key)) is not None
        ]
        found += [(f"evidence.{name}", value) for name, value in sorted(self.evidence.items())]
        return " ".join(f"{key}={shlex.quote(value)}" for key, value in found)


def parse_filter(text: str) -> FindingFilter:
    """Read ``kind=template min_score=0.8 evidence.task=sums``. Raises `InputError`."""
    remedy = f"write key=value; keys are {', '.join(LISTS)}, min_score, max_score, evidence.NAME"
    try:
        words = [word.partition("=") for word in shlex.split(text)]
    except ValueError as error:
        raise InputError("a quote in the filter is not closed", remedy=remedy) from error
    given: dict[str, Any] = {}
    for key, separator, value in words:
        if not separator:
            raise InputError(f"'{key[:40]}' in the filter is not key=value", remedy=remedy)
        if key in LISTS:
            given.setdefault(key, []).append(value)
        elif key.startswith("evidence."):
            given.setdefault("evidence", {})[key.removeprefix("evidence.")] = value
        elif key in given:
            raise InputError(f"'{key}' is in the filter twice", remedy="give it once")
        else:
            given[key] = value
    return made_filter(given)


def made_filter(given: dict[str, Any]) -> FindingFilter:
    """Check a filter's fields. Raises `InputError` naming the one that is wrong."""
    try:
        return FindingFilter.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else "filter"
        known = f"keys are {', '.join(FindingFilter.model_fields)}"
        raise InputError(f"filter, '{key[:40]}': {first['msg']}", remedy=known) from error


class Condition(NamedTuple):
    """A condition in SQL over the table ``listed``, and the values it binds."""

    sql: str
    values: dict[str, Any]


COLUMNS = {
    "example": "example_id",
    "finding": "id",
    "value": "json_extract_string(evidence, '$.value')",
    "entity": "json_extract_string(evidence, '$.entity')",
}


def condition(chosen: FindingFilter) -> Condition:
    """The filter in SQL. What a person typed is only ever in the bound values."""
    tests = ["true"]
    values: dict[str, Any] = {}
    for key in LISTS:
        if wanted := getattr(chosen, key):
            values[key] = sorted(set(wanted))
            column = COLUMNS.get(key, key)
            tests.append(
                f"example_id IN (SELECT id FROM examples WHERE label IN (SELECT unnest(${key})))"  # noqa: S608
                if key == "label"
                else f"{column} IN (SELECT unnest(${key}))"
            )
    for key, sign in (("min_score", ">="), ("max_score", "<=")):
        if (limit := getattr(chosen, key)) is not None:
            values[key] = limit
            tests.append(f"score {sign} ${key}")
    for number, (name, value) in enumerate(sorted(chosen.evidence.items())):
        values[f"path{number}"], values[f"value{number}"] = f'$."{name}"', value
        tests.append(f"json_extract_string(evidence, $path{number}) = $value{number}")
    return Condition(" AND ".join(tests), values)
