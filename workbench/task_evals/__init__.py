"""Task evals: the user's own held-out rows, answered by every arm and compared with what they hold."""

from workbench.task_evals.answering import answer
from workbench.task_evals.settings import HeldoutTask

__all__ = ["HeldoutTask", "answer"]
