"""When a run was judged: ``judged.jsonl`` in the run, one line for each different verdict.

The verdict itself holds no time, so that judging twice gives the same bytes; the time is
noted here, once, when a verdict is first given.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.decisions import current_user
from workbench.files import append_line, file_sha256, read_json, read_lines
from workbench.runs import Run

FILE = "judged.jsonl"
TIME = "%Y-%m-%dT%H:%M:%SZ"


def note_judged(run: Run) -> None:
    """Note the present verdict of a run with time and person, unless it is noted already."""
    verdict = run.path / "verdict.json"
    digest = file_sha256(verdict)
    if any(entry.get("verdict_sha256") == digest for entry in read_lines(run.path / FILE)):
        return
    found = read_json(verdict)
    line = {
        "verdict_sha256": digest,
        "verdict": found["verdict"],
        "policy_sha256": found.get("policy_sha256"),
        "who": current_user(),
        "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    append_line(run.path / FILE, line)


def judged_entry(run: Run) -> dict[str, Any] | None:
    """The line about the present verdict; None when it was given before such lines were kept."""
    verdict = run.path / "verdict.json"
    if not verdict.exists():
        return None
    digest = file_sha256(verdict)
    lines = read_lines(run.path / FILE)
    return next((entry for entry in lines if entry.get("verdict_sha256") == digest), None)


def judged_at(run: Run) -> str:
    """When the present verdict was given, UTC; without a note the time when the run was made."""
    entry = judged_entry(run)
    if entry is not None:
        return str(entry["when"])
    _, day, clock, _ = run.id.split("-")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"


def judged_file(run: Run) -> Path:
    """Where the notes are."""
    return run.path / FILE


def suite_name(run: Run) -> str:
    """The suite of an evaluation by its name, also when a file was named."""
    given = str(run.config["suite"])
    return Path(given).stem if given.endswith((".yaml", ".yml")) else given
