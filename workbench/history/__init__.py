"""History: every judged candidate over time, who approved which, and how two compare."""

from workbench.history.approving import Approval, approvals, approve, last_approved
from workbench.history.candidates import Candidate, TaskPoint, candidates, trend
from workbench.history.comparing import ComparedTask, Comparison, compare
from workbench.history.judged import judged_at, note_judged

__all__ = [
    "Approval",
    "Candidate",
    "ComparedTask",
    "Comparison",
    "TaskPoint",
    "approvals",
    "approve",
    "candidates",
    "compare",
    "judged_at",
    "last_approved",
    "note_judged",
    "trend",
]
