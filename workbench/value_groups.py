"""Findings by the value they are about: "this value, 41 times", and one decision for all of them.

A value is named by its entity and its keyed hash; no question here reads a text. The groups are
worked out by DuckDB over the findings' files, so millions of findings need no memory of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.bulk import BulkDecision, decide_where
from workbench.errors import InputError, NotFoundError
from workbench.finding_filter import FindingFilter, condition
from workbench.projects import Project
from workbench.reviewing import SENSITIVE_STEPS
from workbench.sql import one, rows
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

ORDERS = {
    "least-sure": "min_score, findings DESC, entity, value",
    "surest": "max_score DESC, findings DESC, entity, value",
    "most-rows": "rows DESC, min_score, entity, value",
}
_ABOUT = """SELECT id, example_id, kind, proposal, score, state, about[1] AS entity, about[2] AS value,
    coalesce(about[3], '') AS operator, coalesce(json_array_length(evidence, '$.spans'), 0) AS places
    FROM (SELECT *, json_extract_string(evidence, ['$.entity', '$.value', '$.operator']) AS about
        FROM listed WHERE step IN (SELECT unnest($steps)) AND {where})
    WHERE about[1] IS NOT NULL AND about[2] IS NOT NULL"""
_COUNTS = """count(*) AS findings, count(DISTINCT example_id) AS rows, sum(places)::BIGINT AS places,
    min(score) AS min_score, max(score) AS max_score,
    count(*) FILTER (state = 'waiting') AS waiting, count(*) FILTER (state = 'accepted') AS accepted,
    count(*) FILTER (state IN ('overruled', 'row kept')) AS overruled"""


@dataclass(frozen=True)
class ValueGroup:
    """All findings about one value; ``finding`` is the least sure of them, in row ``example_id``.

    ``places`` counts the spans, ``rows`` the examples; scores are between 0 and 1.
    """

    entity: str
    value: str
    kinds: tuple[str, ...]
    proposals: tuple[str, ...]
    operators: tuple[str, ...]
    findings: int
    rows: int
    places: int
    min_score: float
    max_score: float
    waiting: int
    accepted: int
    overruled: int
    finding: str
    example_id: str


@dataclass(frozen=True)
class KindGroup:
    """All findings of one kind and entity, with how many values they are about."""

    kind: str
    entity: str
    values: int
    findings: int
    rows: int
    places: int
    min_score: float
    max_score: float
    waiting: int
    accepted: int
    overruled: int


def groups(
    connection: Connection,
    chosen: FindingFilter,
    *,
    order: str = "least-sure",
    limit: int = 50,
    offset: int = 0,
) -> list[ValueGroup]:
    """Values among the findings that fit, in an order of `ORDERS`. Raises `InputError`.

    ``connection`` is one of `workbench.finding_queries.listed`.
    """
    if order not in ORDERS:
        raise InputError(f"'{order[:40]}' is no order of values", remedy=f"use {', '.join(ORDERS)}")
    query = f"""SELECT entity, value, list_sort(list(DISTINCT kind)) AS kinds,
        list_sort(list(DISTINCT proposal)) AS proposals,
        list_sort(list(DISTINCT operator)) AS operators, {_COUNTS},
        arg_min(id, (score, id)) AS finding, arg_min(example_id, (score, id)) AS example_id
        FROM ({{about}}) GROUP BY entity, value ORDER BY {ORDERS[order]} LIMIT $limit OFFSET $offset"""  # noqa: S608
    found = _asked(connection, query, chosen, limit=limit, offset=offset)
    lists = ("kinds", "proposals", "operators")
    return [
        ValueGroup(**{**row, **{name: tuple(filter(None, row[name])) for name in lists}}) for row in found
    ]


def count_groups(connection: Connection, chosen: FindingFilter) -> int:
    """How many values there are among the findings that fit."""
    about, bound = _about(chosen)
    query = f"SELECT count(*) FROM (SELECT DISTINCT entity, value FROM ({about}))"  # noqa: S608
    return int(one(connection, query, bound))


def kinds(connection: Connection, chosen: FindingFilter) -> list[KindGroup]:
    """The kinds and entities among the findings that fit, most findings first."""
    query = f"""SELECT kind, entity, count(DISTINCT value) AS values, {_COUNTS}
        FROM ({{about}}) GROUP BY kind, entity ORDER BY findings DESC, kind, entity"""  # noqa: S608
    return [KindGroup(**row) for row in _asked(connection, query, chosen)]


def group_of(connection: Connection, value: str, entity: str | None = None) -> ValueGroup:
    """One value by its hash, or the beginning of it. Raises `NotFoundError`, and `InputError` if unclear."""
    chosen = FindingFilter(entity=(entity,) if entity else ())
    query = """SELECT DISTINCT entity, value FROM ({about})
        WHERE starts_with(value, $start) ORDER BY ALL LIMIT 3"""
    found = _asked(connection, query, chosen, start=value) if value else []
    if not found:
        raise NotFoundError("no finding is about that value", remedy="see `workbench values list`")
    if len(found) > 1:
        raise InputError(
            "more than one value fits", remedy="give all 16 digits, and --entity if it has several kinds"
        )
    exact = FindingFilter(entity=(found[0]["entity"],), value=(found[0]["value"],))
    return groups(connection, exact, limit=1)[0]


def decide_values(
    project: Project,
    dataset: Dataset,
    chosen: FindingFilter,
    action: str,
    *,
    who: str | None = None,
    why: str = "",
) -> BulkDecision:
    """Accept or reject all findings that `meant` says, in one line that can be undone.

    Raises `NotFoundError` when none fits, and `InputError` for a filter that means everything.
    """
    if chosen.is_empty:
        raise InputError("this means every value", remedy="name a value, an entity, a kind or a score")
    done = decide_where(project, dataset, meant(chosen), action, who=who, why=why)
    if done is None:
        raise NotFoundError("no finding fits", where=dataset.ref, remedy="see `workbench values list`")
    return done


def meant(chosen: FindingFilter) -> FindingFilter:
    """The findings about personal data and secrets that a decision by this filter is about.

    A filter that names a value means all of them; any other, unless it names states, only those
    that wait, so that it takes back no judgement of a person.
    """
    exact = chosen if chosen.step else chosen.model_copy(update={"step": SENSITIVE_STEPS})
    everything = exact.value or exact.state
    return exact if everything else exact.model_copy(update={"state": ("waiting",)})


def _about(chosen: FindingFilter) -> tuple[str, dict[str, Any]]:
    where, bound = condition(chosen)
    return _ABOUT.format(where=where), {**bound, "steps": list(SENSITIVE_STEPS)}


def _asked(connection: Connection, query: str, chosen: FindingFilter, **more: Any) -> list[dict[str, Any]]:
    about, bound = _about(chosen)
    return rows(connection, query.format(about=about), {**bound, **more})
