"""The gate: may this adapter ship? Paired scores and a policy in, a verdict with reasons out."""

from workbench.gate.deciding import Evidence, decide_gate
from workbench.gate.results import TaskVerdict, Verdict

__all__ = ["Evidence", "TaskVerdict", "Verdict", "decide_gate"]
