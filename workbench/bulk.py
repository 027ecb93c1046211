"""Bulk decisions: one word about every finding that a filter finds.

The ids are stored first (`workbench.decided_sets`), then one line is appended to
``decisions.jsonl`` that names the set, the filter and the version. Ids are made of content,
so the decision holds in later versions too, while the filter is kept only as its reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.decided_sets import write_set
from workbench.decisions import Decision, bulk_id, check_action, current_user, decisions_path, timestamp
from workbench.files import append_line
from workbench.finding_filter import FindingFilter
from workbench.finding_queries import listed, matching_ids
from workbench.projects import Project
from workbench.versions import Dataset


@dataclass(frozen=True)
class BulkDecision:
    """What was recorded: its id, which ``undo`` takes, and how many findings or examples it decides."""

    id: str
    count: int


def decide_where(
    project: Project,
    dataset: Dataset,
    chosen: FindingFilter,
    action: str,
    *,
    target: str = "finding",
    who: str | None = None,
    why: str = "",
) -> BulkDecision | None:
    """Decide about all findings that fit (or, by ``target``, their examples) with one line.

    Returns None, and records nothing, when none fits. Raises `InputError` for an action that
    the target does not have.
    """
    check_action(target, action)
    with listed(project, dataset) as connection:
        digest, count = write_set(project, matching_ids(connection, chosen, target))
    if not count:
        return None
    line = Decision(
        target,
        bulk_id(),
        action,
        who or current_user(),
        why,
        timestamp(),
        dataset.ref,
        ids=digest,
        where=chosen.words(),
        count=count,
    )
    append_line(decisions_path(project), line.as_dict())
    return BulkDecision(line.id, count)
