"""The run kinds that are library functions: ``python -m workbench.jobs RUN_DIRECTORY``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.worker import Worker, work


def propose_job(worker: Worker) -> dict[str, Any]:
    """Run a recipe over a version."""
    from workbench.proposing import propose
    from workbench.recipes import parse_recipe
    from workbench.versions import open_dataset

    dataset = open_dataset(worker.project, worker.config["dataset"])
    recipe = parse_recipe(worker.config["recipe_text"], worker.config["recipe"], where="the run's recipe")
    names = [step.name for step in recipe.steps]

    def progress(step: str, done: int, total: int) -> None:
        finished = names.index(step)
        worker.progress(finished + done / max(total, 1), len(names), f"steps ({step})")

    results = propose(
        worker.project, dataset, recipe, workers=worker.config.get("workers"), progress=progress
    )
    return {"dataset": dataset.ref, "steps": [result.as_dict() for result in results]}


def evaluate_job(worker: Worker) -> dict[str, Any]:
    """Run a suite over base, prompted base and adapters."""
    from workbench.evaluation import evaluate

    return evaluate(worker)


JOBS = {"propose": propose_job, "evaluate": evaluate_job}


def main(arguments: list[str]) -> int:
    """Do the job that the run directory's config names."""
    if len(arguments) != 1:
        raise InputError("give one run directory")

    def job(worker: Worker) -> dict[str, Any]:
        return JOBS[worker.run.kind](worker)

    return work(Path(arguments[0]), job)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
