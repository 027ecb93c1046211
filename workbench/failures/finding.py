"""Find what is behind the failures of an evaluation, and keep it in the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.evaluation import evaluation_arms, evaluation_suite, read_evaluation, roles
from workbench.evaluation.arms import Arm
from workbench.examples import Example
from workbench.failures.asking import question_of, user_marks
from workbench.failures.causes import cause_of
from workbench.failures.failing import Failing, failing
from workbench.failures.likeness import likeness
from workbench.failures.neighbours import Neighbourhood, neighbourhood, row_of
from workbench.failures.regions import Looked, Region, regions
from workbench.failures.settings import FailureSettings
from workbench.files import read_json, write_json
from workbench.policy import Policy
from workbench.projects import Project
from workbench.red_flags.training_rows import TrainedOn, trained_on
from workbench.runs import Run
from workbench.scores import Scores
from workbench.versions import open_dataset

FILE = "failures.json"
FORMAT = 1
BLOCK = 512
Tick = Callable[[int, int, str], None]


def find_failures(
    project: Project,
    run: Run,
    arm: str | None = None,
    settings: FailureSettings | None = None,
    tick: Tick | None = None,
) -> dict[str, Any]:
    """Link the failures of a finished evaluation to training rows; returns what is kept.

    Of one arm, or of every arm with an adapter. Kept as ``failures.json`` in the run, beside
    what was found of other arms. Raises `InputError` for an arm whose training rows nobody
    knows, and `NotFoundError` for a version or an arm that is not there.
    """
    settings = settings or FailureSettings.model_validate({})
    scores = read_evaluation(run)
    known = {entry.name: entry for entry in evaluation_arms(run) if entry.adapter}
    if arm is not None and arm not in known:
        raise NotFoundError(
            f"the evaluation has no adapter '{arm[:60]}'", where=run.id, remedy=f"arms: {', '.join(known)}"
        )
    if not known:
        raise InputError("the evaluation has no adapter", remedy="evaluate with --adapter RUN")
    found = {
        name: _of_arm(project, run, entry, scores, settings, tick)
        for name, entry in known.items()
        if arm in (None, name)
    }
    path = run.path / FILE
    before = dict(read_json(path)["arms"]) if path.exists() else {}
    kept = {"format": FORMAT, "run": run.id, "arms": dict(sorted({**before, **found}.items()))}
    write_json(path, kept)
    return kept


def failures_of_arm(run: Run, arm: str | None = None) -> dict[str, Any]:
    """What was found of an arm (of the last one without a name). Raises `NotFoundError`."""
    path = run.path / FILE
    arms = dict(read_json(path)["arms"]) if path.exists() else {}
    wanted = arm or next(reversed(arms), None)
    if wanted not in arms:
        raise NotFoundError(
            f"failures of evaluation {run.id} were not looked at",
            where=arm or "",
            remedy=f"run `workbench failures {run.id}`",
        )
    return dict(arms[wanted])


def trainings_of(project: Project, adapter: Path) -> list[TrainedOn]:
    """The trainings behind an adapter, or behind those that a merge was made of.

    Raises `InputError` when nobody knows them.
    """
    record = adapter / "merge.json"
    parts = [Path(part) for part in read_json(record)["adapters"]] if record.exists() else [adapter]
    found = {training.run: training for part in parts for training in trained_on(project, part)}
    if not found or not any(training.ids for training in found.values()):
        raise InputError(
            "nobody knows which rows this adapter was trained on",
            where=adapter.name,
            remedy="failures are linked to rows of adapters that were trained in this project",
        )
    return list(found.values())


def _of_arm(
    project: Project,
    run: Run,
    arm: Arm,
    scores: dict[str, Scores],
    settings: FailureSettings,
    tick: Tick | None,
) -> dict[str, Any]:
    trainings = trainings_of(project, Path(str(arm.adapter)))
    policy = Policy.model_validate(run.config["policy"])
    role_of = roles(evaluation_suite(run, project), scores)
    wrong = failing(scores["base"], scores[arm.name], role_of, policy, settings.items)
    questions = _questions(run, wrong)

    def rows() -> Iterator[tuple[str, Example]]:
        return _rows(project, trainings)

    count = sum(len(training.ids) for training in trainings)
    kind = likeness(settings.embedder, lambda: (row_of(ref, row).question for ref, row in rows()), count)
    hood = neighbourhood(
        questions,
        rows,
        kind,
        count=settings.neighbours,
        near=settings.near,
        tick=(lambda done: tick(done, count, f"training rows ({arm.name})")) if tick else None,
    )
    looked = [
        Looked(failure, question, near, cause_of(failure, question, near, hood.threshold))
        for failure, question, near in zip(wrong.failures, questions, hood.near, strict=True)
    ]
    grouped = regions(looked, wrong.items, hood.rows)
    return _told(run, arm, wrong, hood, kind.name, trainings, grouped)


def _rows(project: Project, trainings: Sequence[TrainedOn]) -> Iterator[tuple[str, Example]]:
    """Every row that was learned from, with its version."""
    for training in trainings:
        wanted = set(training.ids)
        for ref in filter(None, (training.dataset, training.replay)):
            for row in open_dataset(project, ref).examples(BLOCK):
                if row["id"] in wanted:
                    yield ref, row


def _questions(run: Run, wrong: Failing) -> list[str]:
    manifest = read_json(run.path / "manifest.json")
    told = manifest.get("tasks") or {}
    templated = bool((manifest.get("suite") or {}).get("chat_template", True))
    marks = user_marks(run.config["base"]) if templated and wrong.failures else None
    return [
        question_of(
            failure.prompt,
            marks,
            shots=bool((told.get(failure.task.split(":")[0]) or {}).get("num_fewshot")),
        )
        for failure in wrong.failures
    ]


def _told(
    run: Run,
    arm: Arm,
    wrong: Failing,
    hood: Neighbourhood,
    embedder: str,
    trainings: Sequence[TrainedOn],
    grouped: list[tuple[Region, list[Looked]]],
) -> dict[str, Any]:
    """One arm's part of ``failures.json``: ids and numbers; of texts only the words of a region."""
    return {
        "run": run.id,
        "arm": arm.name,
        "items": wrong.items,
        "failures": wrong.found,
        "flips": wrong.flips,
        "looked_at": len(wrong.failures),
        "left_out": wrong.left_out,
        "training": [{"run": training.run, "dataset": training.dataset} for training in trainings],
        "training_rows": hood.rows,
        "embedder": embedder,
        "threshold": round(hood.threshold, 4),
        "causes": {
            kind: sum(region.failures for region, _ in grouped if region.kind == kind)
            for kind in sorted({region.kind for region, _ in grouped})
        },
        "regions": [region.as_dict() for region, _ in grouped],
        "links": [_link(region.id, one) for region, group in grouped for one in group],
    }


def _link(region: str, one: Looked) -> dict[str, Any]:
    return {
        "task": one.failure.task,
        "item": one.failure.item,
        "flip": one.failure.flip,
        "kind": one.cause.kind,
        "region": region,
        "nearest": [
            {
                "dataset": near.row.dataset,
                "id": near.row.id,
                "similarity": near.similarity,
                "cluster": near.row.cluster,
            }
            for near in one.near
        ],
        "disagree": [row.id for row in one.cause.rows],
    }
