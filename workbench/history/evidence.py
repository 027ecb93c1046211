"""What a verdict rests on, and whether it still stands: by hash of the answers and flags it read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from workbench.files import file_sha256
from workbench.runs import Run

OTHER_THRESHOLDS = "pass by other thresholds than were fixed before the run"
OTHER_EVIDENCE = "judged before its evidence changed: judge again"
EVIDENCE = ("arms/*/*.jsonl", "flags/*.json")


def evidence_sha256(run: Run) -> str:
    """SHA-256 over path and SHA-256 of every file of answers and red flags of an evaluation."""
    found = sorted({path for pattern in EVIDENCE for path in run.path.glob(pattern) if path.is_file()})
    lines = [[path.relative_to(run.path).as_posix(), file_sha256(path)] for path in found]
    return hashlib.sha256(json.dumps(lines, separators=(",", ":")).encode("ascii")).hexdigest()


def standing(run: Run, verdict: Mapping[str, Any]) -> str:
    """The verdict on an arm as it counts now; only the word ``pass`` is one.

    A verdict on evidence that is another now, or that does not say what it rests on, is none;
    a pass by thresholds that were named after the run was made is said to be that.
    """
    if verdict.get("evidence_sha256") != evidence_sha256(run):
        return OTHER_EVIDENCE
    if verdict["verdict"] == "pass" and not verdict.get("policy_fixed", False):
        return OTHER_THRESHOLDS
    return str(verdict["verdict"])
