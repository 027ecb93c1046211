"""JSON answers: whether they parse and fit a schema, and whether they say the same.

The schema is checked by jsonschema, which fetches no reference from anywhere.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from workbench.errors import InputError
from workbench.task_evals.metrics.metric import Metric, Wanted

FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)
NOTHING = object()
"""No JSON: None is JSON's null."""

DEEPEST = 100
"""Deeper nesting counts as no JSON: no answer means it, and comparing it would exhaust the stack."""


def parsed_json(answer: str) -> Any:
    """The JSON of an answer, bare or in one fenced block; `NOTHING` when there is none."""
    text = answer.strip()
    found = _loaded(text)
    if found is NOTHING:
        fenced = FENCE.findall(text)
        found = _loaded(fenced[0]) if len(fenced) == 1 else NOTHING
    return found


def json_valid(answer: str, reference: str, wanted: Wanted) -> float:
    """1 when the answer is JSON that fits the schema, or without one is of the reference's kind."""
    value = parsed_json(answer)
    if value is NOTHING:
        return 0.0
    if wanted.json_schema is not None:
        return float(_fits(value, json.dumps(wanted.json_schema, sort_keys=True)))
    right = parsed_json(reference)
    return float(right is NOTHING or _kind(value) == _kind(right))


def json_match(answer: str, reference: str, _wanted: Wanted) -> float:
    """1 when answer and reference are the same JSON value; the order of keys does not count."""
    given, right = parsed_json(answer), parsed_json(reference)
    return float(given is not NOTHING and right is not NOTHING and _canonical(given) == _canonical(right))


def json_fields(answer: str, reference: str, _wanted: Wanted) -> float:
    """F1 over the fields (path and value) that answer and reference have."""
    given, right = parsed_json(answer), parsed_json(reference)
    if given is NOTHING or right is NOTHING:
        return 0.0
    have, want = Counter(_fields(given)), Counter(_fields(right))
    return 2.0 * sum((have & want).values()) / (sum(have.values()) + sum(want.values()))


def is_json(answer: str, _wanted: Wanted) -> bool:
    """Whether an answer parses as JSON."""
    return parsed_json(answer) is not NOTHING


def _loaded(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return NOTHING
    return value if _is_shallow(value) else NOTHING


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for entry in level
            if isinstance(entry, (list, dict))
            for child in (entry.values() if isinstance(entry, dict) else entry)
        ]
        if not level:
            return True
    return False


def _refused(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _kind(value: Any) -> str:
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    )


def _canonical(value: Any) -> str:
    return json.dumps(_whole_numbers(value), sort_keys=True)


def _whole_numbers(value: Any) -> Any:
    """The same with 2.0 as 2, which JSON does not tell apart."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _whole_numbers(entry) for key, entry in value.items()}
    return value


def _fields(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict) and value:
        for key, entry in value.items():
            yield from _fields(entry, (*path, str(key)))
    elif isinstance(value, list) and value:
        for entry in value:
            yield from _fields(entry, (*path, "[]"))
    else:
        yield path, _canonical(value)


def _fits(value: Any, schema: str) -> bool:
    import referencing.exceptions

    try:
        return bool(_validator(schema).is_valid(value))
    except referencing.exceptions.Unresolvable:
        # The cause may quote the answer, so it is not passed on.
        raise InputError(
            "the JSON schema refers to something that is not in it",
            remedy="put the definition into the schema itself; nothing is fetched",
        ) from None


@lru_cache(maxsize=8)
def _validator(schema: str) -> Any:
    import jsonschema  # type: ignore[import-untyped]
    from referencing import Registry

    rules = json.loads(schema)
    return jsonschema.validators.validator_for(rules)(rules, registry=Registry())


METRICS = (
    Metric("json_valid", "parses as JSON and fits `json_schema`", json_valid, is_json),
    Metric("json_match", "the same JSON value as the reference", json_match, is_json),
    Metric("json_fields", "fields in common with the reference's JSON (F1)", json_fields, is_json),
)
