"""Counts over a version's rows, in SQL: the table ``examples`` of `workbench.finding_queries.listed`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workbench.assessment.results import Balance, Rate, Splits, Volume, rate
from workbench.markup import printable
from workbench.projects import Project
from workbench.sql import one, rows
from workbench.versions import Dataset, open_dataset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

NAMES = 20
NAME_CHARACTERS = 80
ANSWERS = "list_filter(messages, lambda m: m.role = 'assistant')"
CHOSEN = "coalesce(len(list_filter(chosen, lambda m: m.role = 'assistant')), 0)"
QUESTION = "array_to_string(list_transform(list_filter(messages, lambda m: m.role = 'user'), lambda m: m.content), ' ')"


def volume(connection: Connection) -> Volume:
    """Rows, conversations, turns and what they carry."""
    (totals,) = rows(
        connection,
        f"""select count(*)::int as rows, count_if(kind = 'sft')::int as sft,
            count_if(kind = 'preference')::int as pairs,
            count(distinct coalesce("group", id))::int as conversations,
            count_if(list_contains(list_transform(messages, lambda m: m.role), 'system'))::int as with_system,
            count_if(tools is not null
              or len(list_filter(messages, lambda m: m.tool_calls is not null)) > 0)::int as with_tools,
            count_if(kind = 'sft' and len({ANSWERS}) = 0)::int as without_answer from examples""",  # noqa: S608
    )
    (turns,) = rows(
        connection,
        f"""select avg(t) as mean, quantile_disc(t, 0.05) as p5, quantile_disc(t, 0.5) as p50,
            quantile_disc(t, 0.95) as p95, max(t) as max from
            (select len(list_filter(messages, lambda m: m.role in ('user', 'assistant'))) + {CHOSEN} as t
             from examples)""",  # noqa: S608
    )
    answers = rows(
        connection,
        f"""select least(len({ANSWERS}) + {CHOSEN}, 6)::int as n, count(*)::int as rows
            from examples group by n order by n""",  # noqa: S608
    )
    return Volume(
        **totals,
        turns={name: round(float(value or 0), 2) for name, value in turns.items()},
        answers={("6 or more" if row["n"] == 6 else str(row["n"])): row["rows"] for row in answers},
    )


def label_balance(connection: Connection) -> Balance:
    """Rows by label."""
    found = counted(
        connection,
        "select label, count(*) from examples where label is not null group by 1 order by 2 desc, 1",
    )
    return balance("label", list(found.items()), int(one(connection, "select count(*) from examples")))


def balance(by: str, counts: list[tuple[str, int]], total: int) -> Balance:
    """Balance of groups given largest first; rows in no group are counted apart."""
    grouped = sum(int(count) for _, count in counts)
    entropy = -sum(count / grouped * math.log(count / grouped) for _, count in counts) if grouped else 0.0
    named = [(shown(name), int(count)) for name, count in counts]
    return Balance(
        by,
        len(counts),
        grouped,
        total - grouped,
        round(math.exp(entropy), 2) if counts else 0.0,
        rate(named[0][0], named[0][1], grouped) if named else None,
        named[:NAMES],
        sorted(named[-10:], key=lambda item: (item[1], item[0])) if len(named) > 1 else [],
    )


def splits(connection: Connection) -> Splits:
    """Rows by split; questions equal but for case and white space that stand on both sides."""
    found = counted(connection, "select coalesce(split, ''), count(*) from examples group by 1 order by 1")
    sizes = {name or "not split": count for name, count in found.items()}
    held_out = sizes.get("validation", 0) + sizes.get("test", 0)
    if not held_out or not sizes.get("train"):
        return Splits(sizes, None)
    shared = one(
        connection,
        f"""with asked as (select split, md5(lower(trim(regexp_replace({QUESTION}, '\\s+', ' ', 'g')))) as h
              from examples where length(trim({QUESTION})) > 0)
            select count(*) from asked where split in ('validation', 'test')
              and h in (select h from asked where split = 'train')""",  # noqa: S608
    )
    return Splits(sizes, rate("held-out rows whose question is trained on", int(shared), held_out))


def licences(connection: Connection, project: Project, dataset: Dataset) -> list[Rate]:
    """Rows by the licence that ``meta`` or the import states, the commonest first."""
    stated = _imported_licence(project, dataset) or "not stated"
    found = counted(
        connection,
        """select coalesce(nullif(trim(case when json_valid(meta) then coalesce(
             json_extract_string(meta, '$.license'), json_extract_string(meta, '$.licence')) end), ''), $stated),
             count(*) from examples group by 1 order by 2 desc, 1""",
        {"stated": stated},
    )
    named = [rate(shown(name), count, dataset.rows) for name, count in list(found.items())[:NAMES]]
    rest = sum(list(found.values())[NAMES:])
    return [*named, rate(f"{len(found) - NAMES} others", rest, dataset.rows)] if rest else named


def counted(connection: Connection, query: str, values: dict[str, Any] | None = None) -> dict[str, int]:
    """The answer to a query for names and counts."""
    return {str(name): int(count) for name, count in connection.execute(query, values or {}).fetchall()}


def shown(name: object) -> str:
    """A name out of the data, printable and short."""
    text = " ".join(printable(str(name or "(none)")).split())
    return text if len(text) <= NAME_CHARACTERS else text[:NAME_CHARACTERS] + " …"


def _imported_licence(project: Project, dataset: Dataset) -> str | None:
    current: Dataset | None = dataset
    while current is not None:
        origin = current.manifest["origin"]
        if stated := origin.get("license") or origin.get("licence"):
            return str(stated)
        parent = current.manifest.get("parent")
        current = open_dataset(project, parent) if parent else None
    return None
