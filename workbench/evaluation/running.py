"""Evaluate: every arm answers every task of a suite, on the same items.

Arms that share the base's weights answer a task one after the other, from requests that are
written once. What was answered before, by this evaluation or another, is taken from the
content store. Each arm's answers to a task are one file, written whole, so a killed evaluation
goes on with the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation.arms import Arm, Models, opened_arms
from workbench.evaluation.freezing import refuse_changed
from workbench.evaluation.harness import (
    answer,
    build_requests,
    directions,
)
from workbench.evaluation.hashes import arm_identity, library_versions, sha256_of
from workbench.evaluation.loading import SEEDS, LoadedTask, load_task
from workbench.evaluation.prompting import PromptChoice, choose_prompt
from workbench.evaluation.reading import (
    evaluation_arms,
    evaluation_suite,
    read_evaluation_folder,
    roles,
    summary,
)
from workbench.evaluation.recording import is_told, manifest
from workbench.evaluation.store import Store, write_scores
from workbench.files import read_json, write_json
from workbench.scores import Scores
from workbench.suites import HELD_OUT, Suite, SuiteTask, heldout_task
from workbench.worker import Worker

FORMAT = 1
"""Of the score files: a change of what a score holds makes the store answer anew."""


@dataclass
class _Evaluation:
    """One evaluation while it runs."""

    worker: Worker
    suite: Suite
    arms: list[Arm]
    models: Models
    store: Store
    done: int = 0

    def folder(self, arm: Arm) -> Path:
        return self.worker.run.path / "arms" / arm.name

    def marker(self, arm: Arm, task: SuiteTask) -> Path:
        return self.folder(arm) / f"{self.suite.task_name(task)}.done"

    def tell(self, arm: Arm, task: SuiteTask) -> None:
        total = len(self.arms) * len(self.suite.file.tasks)
        self.worker.progress(self.done, total, f"tasks ({arm.name}, {self.suite.task_name(task)})")


def evaluate(worker: Worker) -> dict[str, Any]:
    """Run the suite of an evaluation run; returns the machine contract's result.

    Raises `InputError` when a task's files changed since the run was made, or arms that must
    be asked the same were not.
    """
    from workbench.jobs import interruptible

    config = worker.config
    suite = evaluation_suite(worker.run, worker.project)
    refuse_changed(suite, config.get("tasks", {}))
    arms = evaluation_arms(worker.run)
    with interruptible(worker), opened_arms(config["base"], arms) as models:
        arms = _with_chosen_prompt(worker, suite, models, arms)
        running = _Evaluation(worker, suite, arms, models, Store(worker.project))
        told = {suite.task_name(task): {"role": task.role, "kind": task.kind} for task in suite.file.tasks}
        for group in _groups(arms):
            for task in suite.file.tasks:
                told[suite.task_name(task)].update(_answer_task(running, group, task))
        total = len(arms) * len(suite.file.tasks)
        worker.progress(total, total, "tasks")
        _write_manifest(running, told)
    scores = read_evaluation_folder(worker.run.path)
    _sum_up_held_out(worker, suite, scores)
    return {
        "run": worker.run.id,
        "suite": suite.name,
        "base": config["base"],
        "arms": [arm.name for arm in arms],
        "roles": roles(suite, scores),
        "tasks": summary(scores),
    }


def _with_chosen_prompt(worker: Worker, suite: Suite, models: Models, arms: list[Arm]) -> list[Arm]:
    if not worker.config.get("prompting"):
        return arms
    choice = PromptChoice.model_validate(worker.config["prompting"])
    return [
        choose_prompt(worker, suite, models, choice, arm.name) if arm.kind == "prompted" else arm
        for arm in arms
    ]


def _write_manifest(running: _Evaluation, told: dict[str, dict[str, Any]]) -> None:
    markers = {
        running.suite.task_name(task): {arm.name: running.marker(arm, task) for arm in running.arms}
        for task in running.suite.file.tasks
    }
    run = running.worker.run
    found = manifest(run, running.suite, running.arms, running.models, told, markers)
    write_json(run.path / "manifest.json", found)


def _groups(arms: list[Arm]) -> Iterator[list[Arm]]:
    """Arms that share the base's weights, then each arm with weights of its own."""
    yield [arm for arm in arms if not arm.model]
    yield from ([arm] for arm in arms if arm.model)


def _answer_task(running: _Evaluation, arms: list[Arm], task: SuiteTask) -> dict[str, Any]:
    """Let a group of arms answer one task; returns what the manifest tells of the task."""
    todo = [arm for arm in arms if not running.marker(arm, task).exists()]
    running.done += len(arms) - len(todo)
    if task.kind == HELD_OUT:
        for arm in todo:
            running.tell(arm, task)
            _held_out(running, arm, task)
            running.done += 1
        return {"direction": "higher is better"}
    record = running.worker.run.path / "tasks" / f"{running.suite.task_name(task)}.json"
    if not todo:
        return read_json(record) if record.exists() else {}
    loaded = load_task(running.suite, task, running.worker.config.get("limit"))
    told = _told(loaded)
    write_json(record, told)
    built: str | None = None
    # Arms that are asked the same come one after the other: their requests are written once.
    for arm in sorted(todo, key=lambda arm: arm.kind == "prompted"):
        running.tell(arm, task)
        variant = sha256_of([arm.prompt, arm.fewshot, arm.model])
        if variant != built:
            requests = _requests(running, loaded, arm, task)
            built = variant
        _from_harness(running, arm, loaded, requests)
        running.done += 1
    loaded.release()
    return told


def _told(loaded: LoadedTask) -> dict[str, Any]:
    first = next(iter(loaded.leaves.values()))
    return {
        "subtasks": sorted(loaded.leaves),
        "items": sum(len(indices) for indices in loaded.samples.values()),
        "num_fewshot": first.get_config("num_fewshot"),
        "output_type": first.OUTPUT_TYPE,
        "lower_is_better": sorted(name for name, more in directions(first).items() if not more),
    }


def _requests(running: _Evaluation, loaded: LoadedTask, arm: Arm, task: SuiteTask) -> str:
    """Build an arm's requests and hold them against those of the arms that answered before."""
    tokenizer = running.models.tokenizer_of(arm)
    found = build_requests(loaded, arm, tokenizer, chat_template=running.suite.file.chat_template)
    for other in running.arms:
        marker = running.marker(other, task)
        known = read_json(marker).get("requests_sha256") if is_told(marker) else None
        if known is None:
            continue
        alike = (other.prompt, other.fewshot) == (arm.prompt, arm.fewshot)
        if alike and known != found:
            raise InputError(
                f"task '{loaded.name}': arms '{other.name}' and '{arm.name}' would be asked differently",
                remedy="the items or the chat template differ: put them back, or evaluate anew",
            )
        if not alike and known == found:
            raise InputError(
                f"the chat template leaves out the prompt of arm '{arm.name}'",
                where=f"task {loaded.name}",
                remedy="use chat_template: true and a model whose template knows system messages",
            )
    return found


def _from_harness(running: _Evaluation, arm: Arm, loaded: LoadedTask, requests: str) -> None:
    suite = running.suite
    parts = {
        **_common_parts(running, arm),
        "task": loaded.config_sha256(),
        "requests_sha256": requests,
        "samples": sha256_of(loaded.samples),
        "chat_template": suite.file.chat_template,
        "metric": loaded.task.metric,
        "scorer": suite.file.scorer,
        "batch_size": suite.file.batch_size,
        "seeds": SEEDS,
        "name": loaded.name,
    }

    def asked() -> Scores:
        with running.models.active(arm) as models:
            return answer(models, arm, loaded, suite)

    _take(running, arm, loaded.task, parts, requests, asked)


def _held_out(running: _Evaluation, arm: Arm, task: SuiteTask) -> None:
    from workbench import task_evals
    from workbench.task_evals.items import fingerprint

    asked_for = heldout_task(task)
    worker = running.worker
    limit = worker.config.get("limit")
    parts = {
        **_common_parts(running, arm),
        "task": asked_for.model_dump(),
        "data": fingerprint(worker.project, asked_for),
        "limit": limit,
    }

    def asked() -> Scores:
        with running.models.active(arm) as models:
            found = task_evals.answer(
                models,
                arm,
                asked_for,
                worker.project,
                limit=limit,
                tick=lambda *_: worker.stop_if_cancelled(),
            )
        return {name: {score.item: score for score in scores} for name, scores in found.items()}

    _take(running, arm, task, parts, None, asked)


def _sum_up_held_out(worker: Worker, suite: Suite, scores: dict[str, Scores]) -> None:
    from workbench.task_evals.results import write_results

    tasks = [heldout_task(task) for task in suite.file.tasks if task.kind == HELD_OUT]
    if tasks:
        write_results(worker.run.path, tasks, scores)


def _common_parts(running: _Evaluation, arm: Arm) -> dict[str, Any]:
    return {
        "format": FORMAT,
        # A control that the store answered would agree with the base by construction.
        "control": running.worker.run.id if arm.kind == "control" else None,
        **arm_identity(running.models.base, arm),
        "device": running.models.device,
        "libraries": library_versions(),
    }


def _take(
    running: _Evaluation, arm: Arm, task: SuiteTask, parts: dict[str, Any], requests: str | None, asked: Any
) -> None:
    """Scores from the store, or from the model and then into the store; into the run either way."""
    key = running.store.key(parts)
    scores: Scores | None = running.store.get(key)
    stored = scores is not None
    if scores is None:
        scores = asked()
        running.store.put(key, parts, scores)
    cut = sum(
        (score.slices or {}).get("prompt") == "cut" for items in scores.values() for score in items.values()
    )
    if cut:
        running.worker.warning(
            f"task {running.suite.task_name(task)}, arm {arm.name}: {cut} prompts are longer than the model's input"
        )
    write_scores(running.folder(arm), scores)
    write_json(running.marker(arm, task), {"requests_sha256": requests, "key": key, "from_store": stored})
