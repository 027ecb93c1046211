"""Near duplicates for splits: the one place where splits meet the step that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from workbench.projects import Project
from workbench.proposing import features_table
from workbench.recipes import Step
from workbench.steps import near_duplicates
from workbench.versions import Dataset

PARTS: tuple[Literal["whole", "prompt"], ...] = ("whole", "prompt")


def similar_pairs(project: Project, dataset: Dataset, threshold: float) -> Iterator[tuple[int, int]]:
    """Yield row numbers ``(i, j)`` with i < j whose verified similarity is at least ``threshold``.

    Whole rows are compared, and questions alone: two questions that are alike belong
    together whatever their answers are. So do two examples of one template, which on two
    sides would tell each other's answers.
    """
    for part in PARTS:
        options = near_duplicates.Options(compare=part, threshold=threshold)
        table = features_table(project, dataset, Step(name="near_duplicates", options=options))
        if table.num_rows > 1:
            for left, right, _ in near_duplicates.similar_pairs(table, options):
                yield left, right
