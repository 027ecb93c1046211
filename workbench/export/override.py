"""An export against the gate: a person, a reason, and the project's record of both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import InputError, NotPassedError
from workbench.files import append_line
from workbench.projects import Project

if TYPE_CHECKING:
    from workbench.export.sources import Source
    from workbench.export.verdicts import Judged

FILE = "overrides.jsonl"


@dataclass(frozen=True)
class Override:
    """Who lets an adapter out without a passing verdict, and why."""

    by: str
    reason: str


def check_override(verdict: str, override: Override | None, adapter: str) -> None:
    """Raise `NotPassedError` without an override, `InputError` for one without person or reason."""
    if override is None:
        raise NotPassedError(
            f"the gate has no pass for this adapter: {verdict}",
            where=adapter,
            remedy='evaluate and judge it, or take responsibility with --override --reason "…" --by NAME',
        )
    if not override.reason.strip() or not override.by.strip():
        raise InputError("an override needs a person and a reason", remedy='--reason "…" --by NAME')


def record_override(project: Project, judged: Judged, source: Source, override: Override) -> None:
    """Append an override to the project's ``overrides.jsonl``, where the report finds it."""
    append_line(
        project.folder(FILE),
        {
            "evaluation": judged.run.id if judged.run else None,
            "adapter": source.name,
            "scale": source.scale,
            "verdict": judged.verdict,
            "by": override.by,
            "reason": override.reason,
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )
