"""A held-out task answered by one arm: prompts, greedy answers, metrics, one score a row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.projects import Project
from workbench.scores import Score
from workbench.task_evals.asking import shifted
from workbench.task_evals.choosing import choose, look
from workbench.task_evals.generating import (
    Writing,
    Written,
    answer_seconds,
    context_of,
    longest_answer,
    write_answers,
)
from workbench.task_evals.items import Item, heldout_ids, heldout_items
from workbench.task_evals.metrics import METRICS, Wanted
from workbench.task_evals.metrics.patterns import extracted
from workbench.task_evals.prompts import end_ids, prompt_of
from workbench.task_evals.settings import RUBRIC, HeldoutTask
from workbench.versions import open_dataset

if TYPE_CHECKING:
    from workbench.evaluation.arms import Arm

CHUNK = 512
"""Rows whose prompts are held and sorted by length together."""

Tick = Callable[[int, int], None]


class Plan(NamedTuple):
    """What is the same for every arm: the metrics, what they compare by, and how answers are written."""

    metrics: tuple[str, ...]
    wanted: Wanted
    how: Writing


def answer(
    models: Any,
    arm: Arm,
    task: HeldoutTask,
    project: Project,
    *,
    limit: int | None = None,
    tick: Tick | None = None,
) -> dict[str, list[Score]]:
    """Answer a task as the arm that is active: ``{task name: [score, …]}`` in the version's order.

    ``models`` has ``model`` and ``tokenizer``. ``score`` is the first metric's value, between 0
    and 1; ``metrics`` holds all. ``tick(done, total)`` may raise to stop. Raises `InputError`.
    """
    model, tokenizer = models.model, models.tokenizer
    dataset = open_dataset(project, task.data)
    ids = heldout_ids(dataset, task, limit)
    plan, total = _plan(project, task, limit, model, tokenizer)
    scores: list[Score] = []
    timed = 0
    for chunk in _chunks(heldout_items(dataset, task, ids), CHUNK):
        prompts = [prompt_of(tokenizer, item, arm) for item in chunk]
        done = len(scores)
        written = _answered(
            models, chunk, prompts, plan, task.batch_size, shifted(tick, done, total) if tick else None
        )
        made = [
            _score(item, prompt, reply, task, plan)
            for item, prompt, reply in zip(chunk, prompts, written, strict=True)
        ]
        if timed < task.timed_items:
            seconds = answer_seconds(model, tokenizer, prompts[: task.timed_items - timed], plan.how)
            timed += len(seconds)
            made = _with_seconds(made, seconds)
        scores += made
    if RUBRIC in plan.metrics:
        from workbench.task_evals.rubric import with_marks

        scores = with_marks(project, dataset, task, plan.metrics, scores, tick)
    return {task.task_name: scores}


def compared(
    reply: str, references: Sequence[str], task: HeldoutTask, metrics: Iterable[str], wanted: Wanted
) -> tuple[dict[str, float], bool | None]:
    """Every metric of a reply, the best of its references each; and whether it had the form asked for."""
    given, parsed = reply, None
    if task.extract is not None:
        part = extracted(task.extract, reply)
        given, parsed = part or "", part is not None
    names = [name for name in metrics if name in METRICS]
    values = {
        name: max(METRICS[name].measure(given, reference, wanted) for reference in references)
        for name in names
    }
    form = METRICS[names[0]].has_form if names else None
    if form is not None and parsed is not False:
        parsed = form(given, wanted)
    return values, parsed


def _plan(
    project: Project, task: HeldoutTask, limit: int | None, model: Any, tokenizer: Any
) -> tuple[Plan, int]:
    seen = look(project, task, limit, tokenizer)
    context = context_of(model, tokenizer)
    how = Writing(
        longest=longest_answer(task.max_new_tokens, seen.tokens_p99, context),
        context=context,
        ends=tuple(end_ids(model, tokenizer)),
        stop=task.stop,
    )
    return Plan(choose(task, seen).metrics, wanted_of(task, seen.classes), how), seen.items


def wanted_of(task: HeldoutTask, classes: tuple[str, ...]) -> Wanted:
    """What a task's answers are compared by."""
    return Wanted(task.pattern, task.json_schema, task.tolerance, task.relative_tolerance, classes)


def _answered(
    models: Any,
    items: list[Item],
    prompts: list[str],
    plan: Plan,
    batch_size: int,
    tick: Callable[[int], None] | None,
) -> list[Written]:
    """Answers in the order of the items, written by length so that batches hold little padding.

    The order is that of the rows' own turns, so that an arm's system prompt changes no batch.
    """
    lengths = [sum(len(turn["content"]) for turn in item.turns) for item in items]
    order = sorted(range(len(items)), key=lambda i: (-lengths[i], items[i].id))
    written = write_answers(
        models.model, models.tokenizer, [prompts[i] for i in order], plan.how, batch_size, tick
    )
    placed = dict(zip(order, written, strict=True))
    return [placed[i] for i in range(len(items))]


def _score(item: Item, prompt: str, reply: Written, task: HeldoutTask, plan: Plan) -> Score:
    values, parsed = compared(reply.text, [item.reference, *item.accepted], task, plan.metrics, plan.wanted)
    return Score(
        item=item.id,
        score=values.get(plan.metrics[0], 0.0),
        cluster=item.cluster,
        prompt_hash=hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
        response=reply.text,
        target=item.reference,
        question=item.question,
        parsed=parsed,
        tokens=reply.tokens,
        prompt_tokens=reply.prompt_tokens,
        slices=item.slices | ({"prompt": "cut"} if reply.cut else {}),
        metrics=values,
    )


def _with_seconds(scores: list[Score], seconds: list[float]) -> list[Score]:
    timed = [replace(score, seconds=round(s, 6)) for score, s in zip(scores, seconds, strict=False)]
    return [*timed, *scores[len(timed) :]]


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk
