"""The run kinds that are library functions: ``python -m workbench.jobs RUN_DIRECTORY``."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import InputError, RunCancelledError
from workbench.worker import Worker, work

CANCEL_SECONDS = 1.5


def propose_job(worker: Worker) -> dict[str, Any]:
    """Run a recipe over a version."""
    from workbench.proposing import propose
    from workbench.recipes import parse_recipe
    from workbench.versions import open_dataset

    config = worker.config
    dataset = open_dataset(worker.project, config["dataset"])
    recipe = parse_recipe(config["recipe_text"], config["recipe"], where="the run's recipe")
    with interruptible(worker):
        results = propose(
            worker.project,
            dataset,
            recipe,
            workers=config.get("workers"),
            engine=config.get("engine", "local"),
            ray_address=config.get("ray_address"),
            progress=step_progress(worker, [step.name for step in recipe.steps]),
        )
    return {"dataset": dataset.ref, "steps": [result.as_dict() for result in results]}


def step_progress(worker: Worker, names: list[str]) -> Callable[[str, int, int], None]:
    """Tell steps done, with rows a second and the time that is left for the step at this pace."""
    began: dict[str, tuple[float, int]] = {}

    def progress(step: str, done: int, total: int) -> None:
        now = time.monotonic()
        start, first = began.setdefault(step, (now, done))
        rate = (done - first) / (now - start) if now > start else 0.0
        pace = (
            f", {rate:,.0f} rows/s, {_time((total - done) / rate)} left" if 0 < done < total and rate else ""
        )
        worker.progress(names.index(step) + done / max(total, 1), len(names), f"steps ({step}{pace})")

    return progress


@contextmanager
def interruptible(worker: Worker) -> Iterator[None]:
    """End the block when the run is cancelled, also in a long stretch that tells no progress.

    The work is first left the time to notice by itself; then this thread, the main one, is
    interrupted as by Ctrl-C. Raises `RunCancelledError`.
    """
    over = threading.Event()
    main = threading.get_ident()

    def watch() -> None:
        while not over.wait(0.5):
            if worker.cancelled:
                if not over.wait(CANCEL_SECONDS):
                    signal.pthread_kill(main, signal.SIGINT)
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        raise RunCancelledError(f"run {worker.run.id} was cancelled") from None
    finally:
        over.set()


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def evaluate_job(worker: Worker) -> dict[str, Any]:
    """Run a suite over all arms, then measure what scores do not show."""
    from workbench.evaluation import evaluate
    from workbench.red_flags.measuring import measure

    result = evaluate(worker)
    with interruptible(worker):
        measure(worker)
    return result


def dial_job(worker: Worker) -> dict[str, Any]:
    """Run a suite over strengths of adapters and merges, and recommend one."""
    from workbench.dial import turn_dial

    return turn_dial(worker)


def score_job(worker: Worker) -> dict[str, Any]:
    """Score rows by a base model or a judge."""
    from workbench.row_scores.scoring import score

    return score(worker)


JOBS = {"propose": propose_job, "evaluate": evaluate_job, "dial": dial_job, "score": score_job}


def main(arguments: list[str]) -> int:
    """Do the job that the run directory's config names."""
    if len(arguments) != 1:
        raise InputError("give one run directory")

    def job(worker: Worker) -> dict[str, Any]:
        return JOBS[worker.run.kind](worker)

    return work(Path(arguments[0]), job)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
