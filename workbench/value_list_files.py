"""Lists of values from a file: one value a line, or a CSV with the columns value, entity, reason."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import InputError, NotFoundError
from workbench.projects import Project
from workbench.value_lists import ANY, Kind, Wanted, add_values

COLUMNS = ("value", "entity", "reason")
MOST = 100_000


def import_values(
    project: Project, path: Path, kind: Kind, *, entity: str = ANY, reason: str = "", who: str | None = None
) -> int:
    """Put every value of a file on a list, all or none, and return how many are new.

    ``entity`` and ``reason`` hold where the file says nothing. The file stays where it is and is
    not copied. Raises `NotFoundError` and `InputError`, which name a line and never its text.
    """
    if not path.is_file():
        raise NotFoundError("there is no such file", where=str(path), remedy="check the path")
    read = _from_csv(path) if path.suffix.lower() == ".csv" else _from_text(path)
    wanted, places = [], []
    try:
        for number, (value, own_entity, own_reason) in read:
            place = f"{path}, line {number}"
            if len(value) > 1000:
                raise InputError("the value is too long", where=place, remedy="at most 1000 characters")
            chosen = own_entity or entity
            wanted.append(Wanted(list=kind, value=value, entity=chosen, reason=own_reason or reason))
            places.append(place)
            if len(wanted) > MOST:
                raise InputError(f"more than {MOST:,} values", where=str(path), remedy="split the file")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "the file is no UTF-8 text or CSV", where=str(path), remedy="save it as such"
        ) from error
    if not wanted:
        raise InputError("the file holds no value", where=str(path), remedy="write one value a line")
    return len(add_values(project, wanted, who=who, places=places))


def _from_text(path: Path) -> Iterator[tuple[int, tuple[str, str, str]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                yield number, (line.strip(), "", "")


def _from_csv(path: Path) -> Iterator[tuple[int, tuple[str, str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        heads = reader.fieldnames or []
        if "value" not in heads or (unknown := set(heads) - set(COLUMNS)):
            wrong = (
                "has no column 'value'" if "value" not in heads else f"has {len(unknown)} columns too many"
            )
            raise InputError(f"the CSV {wrong}", where=str(path), remedy=f"columns are {', '.join(COLUMNS)}")
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    "the row has more or fewer cells than the head",
                    where=f"{path}, line {reader.line_num}",
                    remedy="quote cells that hold a comma",
                )
            value, entity, reason = (str(row.get(name) or "").strip() for name in COLUMNS)
            yield reader.line_num, (value, entity, reason)
