"""A small project with findings that name values, written by hand: no detector has a say in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.make import example, sentence, stored
from workbench.examples import Example, parts
from workbench.files import write_json
from workbench.findings import Finding, about, findings_folder, write_findings
from workbench.projects import Project, init_project
from workbench.value_keys import ValueKey, value_key
from workbench.versions import Dataset

MAIL = "ana.berg@example.com"
PHONE = "+44 20 7946 0018"
NAME = "Ana Berg"
PUBLIC = "Ada Lovelace"
HOSTILE = "<script>alert(1)</script>"


class Planted(NamedTuple):
    """A value that stands in some rows, as a detector would report it."""

    entity: str
    value: str
    score: float
    kind: str = "personal_data"


PLANTED = (
    Planted("EMAIL_ADDRESS", MAIL, 1.0),
    Planted("PHONE_NUMBER", PHONE, 0.6),
    Planted("PERSON", NAME, 0.45),
    Planted("PERSON", PUBLIC, 0.9, "public_figure"),
)


def rows() -> list[Example]:
    """20 rows: the address in 12, the name in 6 of them, the number in 3, a public name in 1, 5 clean."""
    made = [
        example(f"I am {NAME} {HOSTILE} and my address is {MAIL}, order {n}.", f"Thank you, {NAME}.")
        for n in range(6)
    ]
    made += [example(f"Write to {MAIL} about {sentence(n, 5)}", "We will do that.") for n in range(6)]
    made += [example(f"Call {PHONE}, {sentence(40 + n, 4)}", "We call.") for n in range(3)]
    made += [example(f"{PUBLIC} wrote the first program, did she not?", "She did.") for _ in range(1)]
    return made + [example(sentence(70 + n), sentence(80 + n)) for n in range(4)]


def findings_of(key: ValueKey, row: Example, planted: Iterable[Planted] = PLANTED) -> list[Finding]:
    """One finding for each planted value in a row, with a span for every place where it stands."""
    found = []
    for one in planted:
        spans: list[dict[str, Any]] = []
        for part, index, entry in parts(row):
            start = entry["content"].find(one.value)
            while start >= 0:
                where = {"part": part, "message": index, "start": start, "end": start + len(one.value)}
                fill = {"operator": "tag", "replacement": f"<{one.entity}_1>"}
                spans.append(where | {"entity": one.entity, "score": one.score} | fill)
                start = entry["content"].find(one.value, start + 1)
        if spans:
            named = {"value": key.name_of(one.entity, one.value), "entity": one.entity, "operator": "tag"}
            proposal = "flag" if one.kind == "public_figure" else "rewrite"
            found.append(about(row, "personal_data", one.kind, one.score, proposal, spans=spans, **named))
    return found


def with_findings(project: Project, dataset: Dataset, planted: Iterable[Planted] = PLANTED) -> None:
    """Write the findings of a version as if a recipe with the step personal_data had run."""
    key, planted = value_key(project), tuple(planted)
    folder = findings_folder(project, dataset)
    found = (one for row in dataset.examples() for one in findings_of(key, row, planted))
    write_findings(folder / "personal_data.parquet", found, "by hand")
    recipe = {"name": "by hand", "steps": [{"personal_data": {}}]}
    write_json(folder / "propose.json", {"dataset": dataset.ref, "recipe": recipe})


def values_project(root: Path) -> tuple[Project, Dataset]:
    """The project and its version ``chats@v0001``."""
    project = init_project(root, "Values")
    dataset = stored(project, "chats", rows())
    with_findings(project, dataset)
    return project, dataset
