"""Counts over a version's findings: duplicates, faults by source, personal data, clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.assessment.counting import NAMES, balance, counted, shown
from workbench.assessment.results import Balance, Looked, Rate, SourceQuality, rate
from workbench.files import file_sha256
from workbench.findings import findings_folder, proposed_recipe
from workbench.leakage.items import unchecked_tasks
from workbench.plans import make_plan_of
from workbench.projects import Project
from workbench.quality_summary import STEPS as QUALITY
from workbench.quality_summary import quality_summary
from workbench.sql import one
from workbench.suites import suite_names
from workbench.versions import Dataset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

DUPLICATES = (
    ("equal rows", "exact_duplicates", ("exact_verbatim", "exact_normalised")),
    ("one pair preferred both ways", "exact_duplicates", ("preference_conflict",)),
    ("near duplicates", "near_duplicates", ("near_duplicate", "near_prompt", "near_answer")),
    ("alike, but not surely duplicates", "near_duplicates", ("borderline",)),
    ("one template, other values", "near_duplicates", ("template",)),
    ("same meaning in other words", "semantic_duplicates", ()),
)
NO_FAULT = (
    "exact_duplicates",
    "near_duplicates",
    "semantic_duplicates",
    "clusters",
    "balance",
)
"""Steps whose findings say how rows stand to each other, not what is wrong with one."""


GOES = "(select id from changes where change = 'dropped')"
"""Ids of the rows that publishing would drop, decisions included (`workbench.plans`)."""

FAULT = "not list_contains($no_fault, step) and proposal not in ('tag', 'weight') and state <> 'overruled'"


def by_source(project: Project, dataset: Dataset, steps: Sequence[str]) -> list[SourceQuality]:
    """The largest source files, each with its rows of doubtful quality or language."""
    if not set(QUALITY) & set(steps):
        return []
    return [
        SourceQuality(
            shown(group.name),
            rate(shown(group.name), group.faulty, group.rows),
            {f"{kind.step} · {kind.kind}".replace("_", " "): kind.rows for kind in group.kinds[:5]},
        )
        for group in quality_summary(project, dataset).groups[:NAMES]
    ]


class Noticed:
    """The findings of a version, through a connection that `listed` opened.

    ``steps`` are those of the recipe that has run to its end; without one nothing was looked for.
    Raises `InputError` when the findings are not whole.
    """

    def __init__(self, connection: Connection, project: Project, dataset: Dataset) -> None:
        self.connection, self.project, self.rows = connection, project, dataset.rows
        summary = findings_folder(project, dataset) / "propose.json"
        self.recipe, self.stamp = "", ""
        self.options: dict[str, dict[str, Any]] = {}
        if summary.exists():
            recipe = proposed_recipe(project, dataset)
            self.recipe, self.stamp = str(recipe.get("name", "")), file_sha256(summary)
            self.options = {
                name: dict(options or {}) for step in recipe["steps"] for name, options in step.items()
            }
        self.steps: tuple[str, ...] = tuple(self.options)
        make_plan_of(connection, dataset, self.steps)

    def looked(self, name: str, step: str, kinds: Sequence[str] = ()) -> Looked:
        """Rows with a kind of finding (any kind if none is named); no count when the step has not run."""
        if step not in self.steps:
            return Looked(name, step, None)
        found = one(
            self.connection,
            """select count(distinct example_id) from findings where step = $step
               and (len($kinds) = 0 or list_contains($kinds, kind))""",
            {"step": step, "kinds": list(kinds)},
        )
        return Looked(name, step, rate(name, int(found), self.rows))

    def not_compared(self) -> list[str]:
        """Tasks that the step ``leakage`` was to look for, and could not: their items are not local files."""
        if "leakage" not in self.steps:
            return []
        there = suite_names(self.project)
        suites = [name for name in self.options["leakage"].get("suites") or there if name in there]
        return unchecked_tasks(self.project, suites) if suites else []

    def duplicates(self) -> list[Looked]:
        """Every kind of duplicate."""
        return [self.looked(*entry) for entry in DUPLICATES]

    def personal_data(self) -> list[Looked]:
        """Rows touched by each entity type; never a value."""
        found: list[Looked] = []
        for step, title in (("personal_data", "personal data"), ("secrets", "secrets")):
            found.append(self.looked(f"any {title}", step))
            entities = counted(
                self.connection,
                """select entity, count(distinct example_id) from (select example_id,
                     unnest(json_extract_string(evidence, '$.spans[*].entity')) as entity
                     from findings where step = $step) group by 1 order by 2 desc, 1""",
                {"step": step},
            )
            found += [
                Looked(shown(entity), step, rate(shown(entity), count, self.rows))
                for entity, count in entities.items()
                if step in self.steps
            ]
        return found

    def faults(self) -> list[Rate]:
        """Rows by what is wrong with them, the commonest first; overruled findings are left out."""
        found = counted(
            self.connection,
            f"""select step || ' · ' || kind, count(distinct example_id) from listed
                where {FAULT} group by 1 order by 2 desc, 1""",  # noqa: S608
            {"no_fault": list(NO_FAULT)},
        )
        return [rate(name.replace("_", " "), count, self.rows) for name, count in found.items()]

    def cluster_balance(self) -> Balance | None:
        """Balance of the clusters, if there are any."""
        found = self.cluster_rows()
        return balance("cluster", list(found.items()), self.rows) if found else None

    def cluster_rows(self, *, kept: bool = False) -> dict[str, int]:
        """Rows by cluster: from this version's findings, else from the tags it was published with.

        With ``kept`` only the rows that publishing would keep.
        """
        stays = f"and {{}} not in {GOES}" if kept else ""
        if "clusters" in self.steps:
            query = f"""select json_extract_string(evidence, '$.cluster'), count(distinct example_id)
                from findings where step = 'clusters' and kind = 'cluster' {stays.format("example_id")}
                group by 1 order by 2 desc, 1"""  # noqa: S608
        else:
            query = f"""select substr(tag, 9), count(*) from (select id, unnest(tags) as tag from examples)
                where starts_with(tag, 'cluster:') {stays.format("id")} group by 1 order by 2 desc, 1"""  # noqa: S608
        return counted(self.connection, query)

    def kept_rows(self) -> dict[str, int]:
        """Rows by split that publishing would keep."""
        return counted(
            self.connection,
            f"select coalesce(split, ''), count(*) from examples where id not in {GOES} group by 1",  # noqa: S608
        )

    def kept_labels(self) -> dict[str, int]:
        """Rows by label, the fewest first, that publishing would keep and that are trained on."""
        return counted(
            self.connection,
            f"""select label, count(*) from examples where label is not null and id not in {GOES}
                and coalesce(split, '') in ('', 'train') group by 1 order by 2, 1""",  # noqa: S608
        )
