"""Evaluation: the same items answered by every arm, with one copy of the base's weights."""

from workbench.evaluation.arms import Arm
from workbench.evaluation.creating import create_evaluation
from workbench.evaluation.reading import (
    check_comparable,
    evaluation_arms,
    evaluation_suite,
    read_evaluation,
    read_evaluation_folder,
    roles,
    summary,
)
from workbench.evaluation.running import evaluate

__all__ = [
    "Arm",
    "check_comparable",
    "create_evaluation",
    "evaluate",
    "evaluation_arms",
    "evaluation_suite",
    "read_evaluation",
    "read_evaluation_folder",
    "roles",
    "summary",
]
