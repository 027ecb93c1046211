"""Write the rows of a version as they were before publishing took things out of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.examples import Example
from workbench.projects import Project
from workbench.vault.opening import Vault, record_look
from workbench.versions import Dataset


@dataclass(frozen=True)
class Restored:
    """How many rows were written, how many of them made again, and how many of the vault's were not there."""

    path: str
    rows: int
    restored: int
    absent: int

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def write_originals(
    project: Project,
    file: Path,
    key: bytes,
    dataset: Dataset,
    out: Path,
    *,
    format: str | None = None,
    kind: str | None = None,
    why: str = "",
) -> Restored:
    """Write a version's rows, those of the vault as they were, in a format of `export-data`.

    Without ``format`` a file ``.parquet`` gets all columns and any other chat messages.

    The text, ``meta`` and tags come back as they were; splits and weights are the version's. The look is
    recorded in the project first. Raises `InputError` when the vault cannot be opened or knows no row of this version.
    """
    from workbench.formats.writers import write_examples

    vault = Vault(file, key)
    if not any(vault.entry(identity) for identity in _ids(dataset)):
        raise InputError(
            "the vault knows no row of this version",
            where=dataset.ref,
            remedy="name the version that was published with it",
        )
    record_look(project, file, why=why)
    made = 0

    def rows() -> Iterator[Example]:
        nonlocal made
        for example in dataset.examples():
            original = vault.original(example)
            made += original is not example
            yield original

    chosen = format or ("parquet" if out.suffix == ".parquet" else "messages")
    written = write_examples(rows(), chosen, out, name=dataset.name, kind=kind)
    return Restored(written.path, written.rows, made, max(vault.rows - made, 0))


def _ids(dataset: Dataset) -> Iterator[str]:
    for batch in dataset.batches(["id"]):
        yield from batch.column(0).to_pylist()
