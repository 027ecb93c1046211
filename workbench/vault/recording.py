"""What a vault remembers of a row that publishing edits, and how the row is made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workbench.editing import MESSAGES, Replaced
from workbench.errors import InputError
from workbench.examples import Example


@dataclass
class RowRecord:
    """The edits of one row as they are made; `entry` is what goes into the vault."""

    old_id: str
    meta: str | None
    tags: list[str] | None
    replaced: list[Replaced] = field(default_factory=list)

    def entry(self, new_id: str) -> dict[str, Any]:
        """The row under its new id: its old id, ``meta`` and tags, and each piece of text taken out."""
        return {
            "new": new_id,
            "old": self.old_id,
            "meta": self.meta,
            "tags": self.tags,
            "replaced": [list(piece) for piece in self.replaced],
        }


def restored(example: Example, entry: dict[str, Any]) -> Example:
    """The row as it was before the edits of an entry; its split and weight stay as they are.

    Raises `InputError` when the row's text is not the one that the edits left.
    """
    copy: Example = json.loads(json.dumps(example))
    by_place: dict[tuple[str, int, str], list[Replaced]] = {}
    for piece in pieces_of(entry):
        by_place.setdefault((piece.part, piece.message, piece.field), []).append(piece)
    for (part, index, name), pieces in by_place.items():
        if part in ("meta", "tags"):
            continue  # kept whole
        row: dict[str, Any] = copy  # type: ignore[assignment]
        holder, slot = _slot(row, part, index, name)
        text = holder[slot]
        for piece in reversed(pieces):  # they are in the order of the text
            if piece.end > len(text):
                raise InputError(
                    "a row is not the one that the vault was made with",
                    where=str(example["id"]),
                    remedy="open the vault over the version that was published with it",
                )
            text = text[: piece.start] + piece.original + text[piece.end :]
        holder[slot] = text
    copy["meta"], copy["tags"] = entry["meta"], entry["tags"]
    copy["id"] = entry["old"]
    return copy


def pieces_of(entry: dict[str, Any]) -> Iterator[Replaced]:
    """The pieces of text that an entry holds."""
    for piece in entry["replaced"]:
        yield Replaced(*piece)


def _slot(row: dict[str, Any], part: str, index: int, name: str) -> tuple[Any, Any]:
    if part in MESSAGES:
        return row[part][index], name or "content"
    return row, part
