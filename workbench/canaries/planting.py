"""Plant canaries in a new version of a data set, find them, and take them out again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from workbench.canaries.making import TAG, Canary, canary_row, make_canaries
from workbench.errors import InputError, NotFoundError
from workbench.examples import Example
from workbench.files import read_json, write_json
from workbench.projects import Project
from workbench.value_keys import value_key
from workbench.versions import Dataset, with_unique_ids, write_version

REPEATS = (1, 4, 16)


@dataclass(frozen=True)
class Planted:
    """A set of canaries: where they were planted, and each of them, controls last."""

    id: str
    dataset: str
    parent: str
    kind: str
    canaries: tuple[Canary, ...]

    def as_dict(self) -> dict[str, Any]:
        """As it is kept in ``canaries/<name>/<id>.json``."""
        return asdict(self)


def plant(
    project: Project,
    dataset: Dataset,
    *,
    count: int = 10,
    repeats: tuple[int, ...] = REPEATS,
    controls: int | None = None,
    seed: int = 0,
) -> Planted:
    """Write the next version with canaries among its training rows, and keep a record of them.

    ``repeats`` says how often each is planted, in turn; ``controls`` (as many as canaries by
    default) are made the same way and never planted. They differ from project to project.
    Raises `InputError` when the version holds canaries already.
    """
    if count < 1 or not repeats or min(repeats) < 1:
        raise InputError("there is nothing to plant", remedy="--count and --repeats are at least 1")
    if carried(dataset):
        raise InputError(
            f"{dataset.ref} holds canaries already",
            remedy=f"take them out with `workbench canaries remove {dataset.ref}` first",
        )
    own = value_key(project).digest(f"canaries {seed} {dataset.name} {dataset.content_hash}")
    made = make_canaries(own, count, repeats, count if controls is None else controls)
    identity = f"canaries-{own[:8]}"
    kind = "sft" if "sft" in dataset.manifest["counts"]["kind"] else "preference"
    split = (
        "train" if any(dataset.manifest["counts"]["split"].get(s) for s in ("train", "validation")) else None
    )
    written = write_version(
        project,
        dataset.name,
        with_unique_ids(_rows(dataset, made, kind, split)),
        parent=dataset,
        origin={"verb": "plant canaries", "canaries": identity},
    )
    found = Planted(identity, written.ref, dataset.ref, kind, tuple(made))
    write_json(canary_folder(project, dataset.name) / f"{identity}.json", found.as_dict())
    return found


def remove(project: Project, dataset: Dataset) -> Dataset:
    """Write the next version without its canaries. Raises `InputError` when it has none."""
    if not carried(dataset):
        raise InputError(f"{dataset.ref} holds no canaries", remedy="there is nothing to remove")
    rows = (example for example in dataset.examples() if TAG not in (example["tags"] or []))
    return write_version(
        project, dataset.name, rows, parent=dataset, origin={"verb": "remove canaries", "of": dataset.ref}
    )


def carried(dataset: Dataset) -> int:
    """How many rows of a version are canaries; only the tags are read."""
    count = 0
    for batch in dataset.batches(["tags"], rows=65_536):
        count += int(pc.sum(pc.equal(pc.list_flatten(batch.column(0)), TAG)).as_py() or 0)
    return count


def open_planted(project: Project, name: str, identity: str | None = None) -> Planted:
    """The canaries of a data set that were planted last, or those named. Raises `NotFoundError`."""
    folder = canary_folder(project, name)
    files = sorted(folder.glob("canaries-*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    chosen = [path for path in files if identity in (None, path.stem)]
    if not chosen:
        raise NotFoundError(
            f"there are no canaries for '{name}'",
            where=str(folder),
            remedy=f"plant some with `workbench canaries plant {name}` before training",
        )
    kept = read_json(chosen[-1])
    return Planted(**kept | {"canaries": tuple(Canary(**canary) for canary in kept["canaries"])})


def canary_folder(project: Project, name: str) -> Path:
    """Where the records of canaries and of the checks for them lie."""
    return project.folder("canaries", name)


def _rows(dataset: Dataset, made: list[Canary], kind: str, split: str | None) -> Iterator[Example]:
    yield from dataset.examples()
    line = 0
    for canary in made:
        for _ in range(canary.repeats):
            line += 1
            yield canary_row(canary, kind, line, split)
