"""One candidate of an evaluation, and all that a red flag may look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from workbench.evaluation.arms import Arm
from workbench.evaluation.reading import evaluation_suite
from workbench.projects import Project
from workbench.red_flags.asking import Asking
from workbench.red_flags.flag import FlagSettings
from workbench.red_flags.pools import Pool, free_pool, task_pools
from workbench.red_flags.training_rows import Stratum, TrainedOn, strata, trained_on
from workbench.runs import Run
from workbench.scores import Scores
from workbench.suites import HELD_OUT


@dataclass
class Candidate:
    """An arm beside the base: its scores (``new``), the base's (``old``), and both as models."""

    project: Project
    run: Run
    arm: Arm
    base: Arm
    old: Scores
    new: Scores
    asking: Asking
    settings: FlagSettings

    @cached_property
    def trained_on(self) -> list[TrainedOn]:
        """The trainings that made its adapter, oldest first; none when nobody knows."""
        return trained_on(self.project, Path(self.arm.adapter)) if self.arm.adapter else []

    @cached_property
    def strata(self) -> list[Stratum]:
        """Training rows and as many held-out rows of each version that it was trained on."""
        return strata(self.project, self.trained_on, self.settings.rows)

    @cached_property
    def pools(self) -> list[Pool]:
        """What base and candidate answered: each generative task, and held-out questions freely."""
        suite = evaluation_suite(self.run, self.project)
        changing = [
            suite.task_name(task)
            for task in suite.file.tasks
            if task.role == "target" and task.kind != HELD_OUT
        ]
        found = task_pools(self.old, self.new, self.settings.items, changing)
        free = free_pool(self.asking, self.base, self.arm, self.strata, self.settings)
        return [*found, free] if free else found

    @property
    def formed_pools(self) -> list[Pool]:
        """Those whose answers should keep the form of the base's or of the right ones."""
        return [pool for pool in self.pools if pool.form_is_kept]

    @property
    def tasks(self) -> list[str]:
        """The tasks that both answered, in order."""
        return sorted(set(self.old) & set(self.new))
