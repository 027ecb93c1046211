"""Warn of conversations that are one of a kind by what they say, though no name is in them.

Age, sex and postcode alone single out most people (Sweeney, "k-anonymity", 2002). Counted
here is how many conversations of a version share their combination of such attributes, as
far as light patterns read them. That is a warning and no measure of anonymity: what a
pattern does not see, or what somebody knows from elsewhere, is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.examples import Example
from workbench.files import read_json, write_json
from workbench.projects import Project
from workbench.quasi_attributes import NAMES, attributes_of
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.names.finding import NameFinder

Progress = Callable[[int, int], None]
FEW = 5
SHOWN = 100
METHOD = (
    "light patterns for English; conversations count as alike when they say the same, generalised, of every "
    "attribute; rows of one group count once. A warning, no guarantee of anonymity"
)


@dataclass(frozen=True)
class QuasiIdentifiers:
    """How many conversations are one of a kind, or of fewer than 5, by their attributes.

    ``attributes`` counts rows by attribute, ``combined`` the rows with at least ``at_least`` of
    them; of these ``unique`` are alone and ``few`` share with fewer than 4 others, unique ones
    among them. ``rows_to_look_at``: id, line, names of the attributes, and how many are alike.
    """

    dataset: str
    content_hash: str
    rows: int
    at_least: int
    attributes: dict[str, int]
    combined: int
    unique: int
    few: int
    rows_to_look_at: list[dict[str, Any]]
    places: str
    method: str = METHOD

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench quasi-identifiers``, and the file that is kept."""
        return asdict(self)

    def words(self) -> str:
        """The warning in one sentence."""
        if not self.combined:
            return f"No conversation tells {self.at_least} attributes or more that the patterns see."
        return (
            f"{self.combined} of {self.rows} conversations tell {self.at_least} attributes or more; "
            f"{self.unique} of them are the only ones of their kind and {self.few} are of fewer than {FEW}."
        )


@dataclass(frozen=True)
class _Row:
    id: str
    line: int
    told: tuple[str, ...]
    kind: bytes
    person: bytes


def quasi_identifiers(
    project: Project,
    dataset: Dataset,
    *,
    at_least: int = 3,
    names: bool = False,
    progress: Progress | None = None,
) -> QuasiIdentifiers:
    """Count the combinations of attributes in a version's conversations, and keep the result.

    ``names`` lets the name recognizer say what is a place, too, wherever it is mentioned. Rows
    stream; what is held of one is its id and a hash. The answers that were rejected are not
    read. Raises `InputError`.
    """
    if not 2 <= at_least <= len(NAMES):
        raise InputError("that many attributes cannot be combined", remedy=f"use 2 to {len(NAMES)}")
    finder = _finder() if names else None
    counted: Counter[str] = Counter()
    rows: list[_Row] = []
    for number, example in enumerate(dataset.examples()):
        if progress and number % 1000 == 0:
            progress(number, dataset.rows)
        told = attributes_of(_texts(example))
        if finder:
            told = _with_places(told, finder, example)
        counted.update(told.keys())
        if len(told) >= at_least:
            rows.append(_row(example, told))
    found = _counted(dataset, at_least, counted, rows, bool(finder))
    write_json(warning_file(project, dataset), found.as_dict())
    return found


def warning_file(project: Project, dataset: Dataset) -> Path:
    """Where the warning about a version is kept."""
    return project.folder("audits", dataset.name, f"v{dataset.version:04d}.quasi-identifiers.json")


def load_warning(project: Project, dataset: Dataset) -> QuasiIdentifiers | None:
    """The warning that was kept of a version, if it is of these very rows."""
    path = warning_file(project, dataset)
    if not path.exists():
        return None
    kept = QuasiIdentifiers(**read_json(path))
    return kept if kept.content_hash == dataset.content_hash else None


def _texts(example: Example) -> Iterator[str]:
    for entry in (*example["messages"], *(example.get("chosen") or [])):
        yield entry["content"]


def _row(example: Example, told: dict[str, frozenset[str]]) -> _Row:
    combination = json.dumps({name: sorted(classes) for name, classes in told.items()}, sort_keys=True)
    person = f"group {example['group']}" if example.get("group") else f"row {example['id']}"
    line = int((example.get("source") or {}).get("line") or 0)
    return _Row(example["id"], line, tuple(told), _short(combination), _short(person))


def _counted(
    dataset: Dataset, at_least: int, attributes: Counter[str], rows: list[_Row], names: bool
) -> QuasiIdentifiers:
    people: dict[bytes, set[bytes]] = {}
    for row in rows:
        alike = people.setdefault(row.kind, set())
        if len(alike) < FEW:
            alike.add(row.person)
    rare = [row for row in rows if len(people[row.kind]) < FEW]
    rare.sort(key=lambda row: (len(people[row.kind]), -len(row.told), row.line, row.id))
    shown = [
        {"example": row.id, "line": row.line, "attributes": list(row.told), "alike": len(people[row.kind])}
        for row in rare[:SHOWN]
    ]
    return QuasiIdentifiers(
        dataset=dataset.ref,
        content_hash=dataset.content_hash,
        rows=dataset.rows,
        at_least=at_least,
        attributes=dict(sorted(attributes.items())),
        combined=len(rows),
        unique=sum(len(people[row.kind]) == 1 for row in rare),
        few=len(rare),
        rows_to_look_at=shown,
        places="patterns and the name recognizer" if names else "patterns",
    )


def _finder() -> NameFinder:
    from workbench.names.finding import name_finder
    from workbench.names.settings import Names

    return name_finder(Names())


def _with_places(
    told: dict[str, frozenset[str]], finder: NameFinder, example: Example
) -> dict[str, frozenset[str]]:
    texts = list(_texts(example))
    places = {
        " ".join(text[span.start : span.end].casefold().split())
        for text, spans in zip(texts, finder.find(texts), strict=True)
        for span in spans
        if span.entity == "LOCATION"
    }
    return (
        dict(sorted({**told, "place": told.get("place", frozenset()) | places}.items())) if places else told
    )


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
