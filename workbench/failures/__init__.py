"""From failure back to data: what an evaluation got wrong, and what in the training rows explains it."""

from workbench.failures.finding import failures_of_arm, find_failures
from workbench.failures.gaps import failure_gaps
from workbench.failures.settings import FailureSettings
from workbench.failures.showing import failure_rows

__all__ = ["FailureSettings", "failure_gaps", "failure_rows", "failures_of_arm", "find_failures"]
