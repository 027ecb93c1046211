"""Ask an artefact some of the items that were judged, in exactly the words they were judged in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation import evaluation_suite
from workbench.evaluation.arms import Arm, Models, opened_arms
from workbench.evaluation.freezing import refuse_changed
from workbench.evaluation.harness import answer, build_requests
from workbench.evaluation.loading import LoadedTask, load_task
from workbench.projects import Project
from workbench.runs import Run
from workbench.scores import Score, Scores
from workbench.suites import HELD_OUT, Suite, SuiteTask, heldout_task

SEED = 20


def reanswer(project: Project, run: Run, base: str, artefact: Arm, judged: Scores, items: int) -> Scores:
    """Scores of an artefact on a seeded sample of the items that a run judged, ``items`` a task.

    All prompts of the task are written first and the sample is taken from them, because the
    few-shot examples of one item depend on the items before it. Raises `InputError` when the
    task's files are no longer those that were judged.
    """
    suite = evaluation_suite(run, project)
    refuse_changed(suite, run.config.get("tasks", {}))
    limit = run.config.get("limit")
    scores: Scores = {}
    with opened_arms(base, [artefact]) as models:
        for task in suite.file.tasks:
            if task.kind == HELD_OUT:
                scores.update(_rows(project, models, artefact, task, limit, items))
            else:
                scores.update(_sampled(models, artefact, suite, task, limit, items))
    return {name: _known(name, found, judged) for name, found in scores.items()}


def _sampled(
    models: Models, artefact: Arm, suite: Suite, task: SuiteTask, limit: int | None, items: int
) -> Scores:
    loaded = load_task(suite, task, limit)
    build_requests(loaded, artefact, models.tokenizer_of(artefact), chat_template=suite.file.chat_template)
    thin_out(loaded, items)
    with models.active(artefact) as active:
        found = answer(active, artefact, loaded, suite)
    loaded.release()
    return found


def thin_out(loaded: LoadedTask, items: int) -> None:
    """Keep the built requests of a seeded sample of a task's items, and forget the others.

    The harness counts documents by their place among those asked, so the places are given anew.
    """
    places = [(leaf, place) for leaf, indices in loaded.samples.items() for place in range(len(indices))]
    kept = set(random.Random(SEED).sample(places, min(items, len(places))))
    for leaf in list(loaded.leaves):
        mine = sorted(place for name, place in kept if name == leaf)
        if not mine:
            del loaded.leaves[leaf], loaded.samples[leaf]
            continue
        place_now = {old: new for new, old in enumerate(mine)}
        instances = [one for one in loaded.leaves[leaf].instances if one.doc_id in place_now]
        for instance in instances:
            instance.doc_id = place_now[instance.doc_id]
        loaded.leaves[leaf]._instances = instances
        loaded.samples[leaf] = [loaded.samples[leaf][old] for old in mine]


def _rows(
    project: Project, models: Models, artefact: Arm, task: SuiteTask, limit: int | None, items: int
) -> Scores:
    """Held-out rows; what the evaluation chose by looking at all of them is told beforehand.

    A task whose score is a judge's mark is left out: another mark may come of the same answer.
    """
    from workbench import task_evals
    from workbench.task_evals.choosing import choose, look
    from workbench.task_evals.generating import context_of, longest_answer
    from workbench.task_evals.settings import RUBRIC

    asked = heldout_task(task)
    seen = look(project, asked, limit, models.tokenizer_of(artefact))
    metrics = choose(asked, seen).metrics
    if metrics[0] == RUBRIC:
        return {}
    with models.active(artefact) as active:
        longest = longest_answer(
            asked.max_new_tokens, seen.tokens_p99, context_of(active.model, active.tokenizer)
        )
        fixed = {
            "metrics": tuple(metric for metric in metrics if metric != RUBRIC),
            "max_new_tokens": longest,
            "timed_items": 0,
            "rubric": None,
        }
        fewer = min(items, limit) if limit else items
        found = task_evals.answer(active, artefact, asked.model_copy(update=fixed), project, limit=fewer)
    return {name: {score.item: score for score in scores} for name, scores in found.items()}


def _known(name: str, found: Mapping[str, Score], judged: Scores) -> dict[str, Score]:
    """The answers to judged items; a group's items are named alike whether sampled or not."""
    mine = judged.get(name, {})
    named = {_item(item, mine): score for item, score in found.items()}
    known = {item: replace(score, item=item) for item, score in named.items() if item in mine}
    if not known:
        raise InputError(
            f"task '{name}': none of its judged items could be asked again",
            remedy="evaluate and judge anew, then export",
        )
    return known


def _item(item: str, judged: Mapping[str, Any]) -> str:
    if item in judged or "/" in item:
        return item
    return next((known for known in judged if known.partition("/")[2] == item), item)


def artefact_arm(kind: str, place: Path) -> Arm:
    """The arm that answers as an exported artefact."""
    if kind == "adapter":
        return Arm("exported", "adapter", adapter=str(place))
    return Arm("exported", "quantised" if kind == "gguf" else "merged", model=str(place))
