"""Open a vault: rows as they were, and the values that were taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from workbench.decisions import current_user, timestamp
from workbench.editing import Replaced
from workbench.examples import Example
from workbench.files import append_line, storable_name
from workbench.projects import Project
from workbench.reveals import Reveal, reveals_path
from workbench.vault.recording import pieces_of, restored
from workbench.vault.storing import read_entries, read_piece, read_pieces
from workbench.versions import Dataset

KEPT_PIECES = 4


@dataclass(frozen=True)
class Taken:
    """A value in a vault: what it was, in which row it stood, and how often."""

    entity: str
    value: str
    original: str
    example: str


class Vault:
    """A vault that was read through once: every piece is proved, and rows are found by their new id.

    Memory is about 100 bytes a row, whatever the rows hold.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        ids: list[str] = []
        places: list[tuple[int, int]] = []
        self._starts: list[int] = []
        for number, (start, entries) in enumerate(read_pieces(path, key)):
            self._starts.append(start)
            ids += [str(entry["new"]) for entry in entries]
            places += [(number, index) for index in range(len(entries))]
        self._ids = np.array(ids, dtype=np.str_)
        self._order = np.argsort(self._ids, kind="stable")
        self._places = np.array(places, dtype=np.int64).reshape(-1, 2)
        self._piece = lru_cache(maxsize=KEPT_PIECES)(
            lambda number: read_piece(
                path, key, number, self._starts[number], last=number == len(self._starts) - 1
            )
        )

    @property
    def rows(self) -> int:
        """How many rows it can make again."""
        return len(self._ids)

    def entry(self, new_id: str) -> dict[str, Any] | None:
        """What it holds of a row, by the id that the row has in the version published with it."""
        at = int(np.searchsorted(self._ids, new_id, sorter=self._order))
        if at >= len(self._ids) or str(self._ids[self._order[at]]) != new_id:
            return None
        number, index = self._places[self._order[at]]
        entry: dict[str, Any] = self._piece(int(number))[int(index)]
        return entry

    def original(self, example: Example) -> Example:
        """A row as it was; one that the vault knows nothing of is given back as it is."""
        entry = self.entry(example["id"])
        return example if entry is None else restored(example, entry)

    def originals(self, dataset: Dataset) -> Iterator[Example]:
        """The rows of a version as they were before publishing."""
        for example in dataset.examples():
            yield self.original(example)


def values_in(path: Path, key: bytes) -> Iterator[Replaced]:
    """Every piece of text in a vault, for who looks for leaks. Memory holds one piece of the file."""
    for entry in read_entries(path, key):
        yield from pieces_of(entry)


def taken(
    project: Project, path: Path, key: bytes, value: str, *, who: str | None = None, why: str = ""
) -> list[Taken]:
    """Where the value that findings call ``value`` (16 hex digits) stood, and what it was.

    The look is recorded in the project before the value is given.
    """
    record_look(project, path, value=value, who=who, why=why)
    return [
        Taken(piece.entity, piece.value, piece.original, entry["old"])
        for entry in read_entries(path, key)
        for piece in pieces_of(entry)
        if piece.value == value
    ]


def record_look(
    project: Project, path: Path, *, value: str = "", who: str | None = None, why: str = ""
) -> None:
    """Record that somebody opens a vault, for one value or, with none, for all of its rows."""
    line = Reveal(
        finding="",
        dataset=f"vault {storable_name(path)}",
        value=value,
        who=who or current_user(),
        why=why,
        when=timestamp(),
    )
    append_line(reveals_path(project), line.model_dump())
