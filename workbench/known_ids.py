"""Whether an id that a person typed is the id of anything."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow.parquet as pq

from workbench.errors import NotFoundError
from workbench.findings import finding_files
from workbench.projects import Project
from workbench.versions import dataset_versions, reading


def check_ids(project: Project, name: str, ids: Sequence[str], target: str) -> None:
    """Raise `NotFoundError` for an id that no version of a dataset knows.

    ``target`` is ``finding`` or ``example``. The newest version is looked at first.
    """
    missing = set(ids)
    for dataset in reversed(dataset_versions(project, name)):
        if not missing:
            return
        if target == "example":
            missing -= set(dataset.lookup(missing))
            continue
        for path in finding_files(project, dataset):
            with reading(path):
                found = pq.read_table(path, columns=["id"], filters=[("id", "in", sorted(missing))])
            missing -= set(found["id"].to_pylist())
            if not missing:
                return
    if missing:
        raise NotFoundError(
            f"no {target} of {name} has the id '{sorted(missing)[0][:60]}'",
            remedy=f"see `workbench findings {name}`; nothing was recorded",
        )
