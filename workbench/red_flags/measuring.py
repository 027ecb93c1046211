"""Measure the red flags of an evaluation: every candidate against the base, one file each."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from workbench.errors import InputError, WorkbenchError
from workbench.evaluation.arms import opened_arms
from workbench.evaluation.reading import evaluation_arms, read_evaluation_folder
from workbench.projects import Project
from workbench.red_flags import (
    calibration,
    collapse,
    contamination,
    divergence,
    formats,
    manners,
    memorising,
    overfitting,
    planted,
    repeating,
)
from workbench.red_flags.asking import Asking
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import Flag, FlagSettings, flag_file, not_measured, read_flag, write_flag
from workbench.runs import Run

if TYPE_CHECKING:
    from workbench.worker import Worker

Progress = Callable[[float, float, str], None]


class Measure(NamedTuple):
    """A flag's name and what measures it."""

    name: str
    of: Callable[[Candidate], Flag]


MEASURES = (
    Measure("contamination", contamination.measure),
    Measure("overfitting", overfitting.measure),
    Measure("memorised", memorising.measure),
    Measure("canaries", planted.canaries),
    Measure("scrubbed_values", planted.scrubbed_values),
    Measure("repetition", repeating.measure),
    Measure("mode_collapse", collapse.measure),
    Measure("length", manners.length),
    Measure("refusals", manners.refusals),
    Measure("format", formats.measure),
    Measure("calibration", calibration.measure),
    Measure("drift", divergence.measure),
)
"""In the order in which a reader wants them: what makes the scores untrue comes first."""


def measure(worker: Worker) -> list[Flag]:
    """Measure the flags of the evaluation that a worker runs, once its scores are written.

    What was measured before the run was interrupted is not measured again.
    """
    settings = FlagSettings.model_validate(worker.config.get("flags") or {})
    return measure_run(worker.project, worker.run, settings=settings, progress=worker.progress)


def measure_run(
    project: Project,
    run: Run,
    *,
    settings: FlagSettings | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> list[Flag]:
    """The flags of every candidate of an evaluation, kept as ``flags/<name>.<arm>.json`` in its run.

    Those that are there are read, unless ``again``. Base and prompted base are no candidates.
    The same run gives the same bytes. Raises `InputError` for a run that holds no scores.
    """
    arms = evaluation_arms(run)
    base, candidates = arms[0], [arm for arm in arms if arm.adapter or arm.model]
    folder = run.path / "flags"
    wanted = [(arm, one) for arm in candidates for one in MEASURES]
    todo = [(a, m) for a, m in wanted if again or not flag_file(folder, m.name, a.name).exists()]
    if todo:
        scores = read_evaluation_folder(run.path)
        if not all(scores[arm.name] for arm in (base, *candidates)):
            raise InputError(f"run {run.id} holds no scores", remedy="wait for the evaluation, or resume it")
        with warnings.catch_warnings(), opened_arms(run.config["base"], arms) as models:
            # PEFT asks transformers for an attribute by its former name; people cannot act on it.
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
            asking = Asking(models)
            for number, (arm, one) in enumerate(todo):
                if progress:
                    progress(number, len(todo), f"red flags ({arm.name}, {one.name})")
                candidate = Candidate(
                    project, run, arm, base, scores[base.name], scores[arm.name], asking,
                    settings or FlagSettings(),
                )  # fmt: skip
                write_flag(folder, _measured(candidate, one))
    return [read_flag(flag_file(folder, one.name, arm.name)) for arm, one in wanted]


def _measured(candidate: Candidate, one: Measure) -> Flag:
    """A flag; what a person must mend first (a data set that is gone) is told in it."""
    try:
        return one.of(candidate)
    except WorkbenchError as error:
        return not_measured(one.name, candidate.arm.name, error.what)
