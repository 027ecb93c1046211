"""The harness, driven: load a suite's task once, build its requests once, answer as each arm.

lm-evaluation-harness (EleutherAI) loads tasks, writes prompts, scores answers. Requests are
built once for all arms that are given the same prompt, with the arm's own chat template.
Item samples are seeded indices: the harness's ``limit`` would take the first items.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from workbench.errors import InputError
from workbench.evaluation.arms import Arm, Models
from workbench.evaluation.loading import SEEDS, LoadedTask
from workbench.harness_samples import sample_scores
from workbench.scores import Scores
from workbench.suites import Suite

GENERATED = "generate_until"


def build_requests(loaded: LoadedTask, arm: Arm, tokenizer: Any, *, chat_template: bool) -> str:
    """Write the prompts of an arm into the task; returns the SHA-256 of all requests.

    Arms with the same hash are asked the same. Raises `InputError` when the chat template
    cannot hold the arm's prompt.
    """
    digest = hashlib.sha256()
    samples = loaded.partial_samples()
    for leaf, task in loaded.leaves.items():
        _seed()
        vars(task).pop("build_all_requests", None)
        try:
            task.build_all_requests(
                samples=samples.get(leaf),
                rank=0,
                world_size=1,
                system_instruction=arm.prompt,
                apply_chat_template=chat_template,
                fewshot_as_multiturn=True,
                chat_template=_templated(tokenizer, arm) if chat_template else None,
            )
        except ValueError as error:
            raise InputError(
                f"task '{loaded.name}' gives no requests", where=leaf, remedy="check its items and its limit"
            ) from error
        for instance in task.instances:
            request = [leaf, instance.doc_id, instance.idx, instance.request_type, list(instance.args)]
            digest.update(
                json.dumps(request, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
            )
    return digest.hexdigest()


def answer(models: Models, arm: Arm, loaded: LoadedTask, suite: Suite) -> Scores:
    """Answer the built requests as the arm that is active; scores by task (and filter)."""
    from workbench.likelihood import fast_answer

    for task in loaded.leaves.values():
        for instance in task.instances:
            instance.resps, instance.filtered_resps = [], {}
        # The harness would write every prompt again for every arm.
        task.build_all_requests = lambda **_: None
    _seed()
    harness = _harness(models, arm, suite)
    try:
        found = fast_answer(
            harness,
            loaded.leaves,
            loaded.partial_samples() or None,
            apply_chat_template=suite.file.chat_template,
        )
    except ValueError as error:
        if "unsafe" not in str(error):
            raise
        raise InputError(
            f"task '{loaded.name}' runs the code that a model writes", remedy="leave it out of the suite"
        ) from error
    return scores_of(loaded, found, models.tokenizer, harness)


def scores_of(
    loaded: LoadedTask, samples: dict[str, list[dict[str, Any]]], tokenizer: Any, harness: Any
) -> Scores:
    """The harness's samples of all leaves as the scores of one task.

    A prompt longer than the model's input loses its beginning: its item has the slice
    ``prompt: cut``.
    """
    scores: Scores = {}
    single = len(loaded.leaves) == 1
    for leaf, rows in samples.items():
        task = loaded.leaves[leaf]
        for row in rows:
            row["gold_index"] = _gold(task, row["doc"])
        found = sample_scores(rows, loaded.name, metric=loaded.task.metric, higher=directions(task))
        measured = _measured(task, rows, tokenizer)
        room = harness.max_length - (_longest_answer(task, harness) if task.OUTPUT_TYPE == GENERATED else 0)
        for name, items in found.items():
            for item, score in items.items():
                told = replace(score, **measured[item.split(":")[0]])
                slices = {} if single else {"subtask": leaf}
                if (told.prompt_tokens or 0) > room and not task.OUTPUT_TYPE.endswith("rolling"):
                    slices["prompt"] = "cut"
                told = replace(told, item=item if single else f"{leaf}/{item}", slices=slices or None)
                scores.setdefault(name, {})[told.item] = told
    return scores


def directions(task: Any) -> dict[str, bool]:
    """Of which metrics of a task more is better."""
    return {str(name): bool(more) for name, more in task.higher_is_better().items() if more is not None}


def _templated(tokenizer: Any, arm: Arm) -> Callable[..., str]:
    """The arm's chat template: its few-shot turns come after the system message."""
    turns = [
        {"role": role, "content": text}
        for pair in arm.fewshot or []
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]

    def apply(history: Sequence[dict[str, str]], add_generation_prompt: bool = True) -> str:
        from jinja2.exceptions import TemplateError

        first = 1 if history and history[0]["role"] == "system" else 0
        try:
            return str(
                tokenizer.apply_chat_template(
                    [*history[:first], *turns, *history[first:]],
                    tokenize=False,
                    add_generation_prompt=add_generation_prompt,
                    continue_final_message=not add_generation_prompt,
                )
            )
        except TemplateError as error:
            raise InputError(
                f"the chat template refuses the prompt of arm '{arm.name}'",
                remedy="it may know no system message: put the instruction into the task instead",
            ) from error

    return apply


def _harness(models: Models, arm: Arm, suite: Suite) -> Any:
    """The harness's model around the active arm: its own, or the one that scores fast."""
    if models.harness is None or models.harness[0] is not models.model:
        models.harness = (models.model, _made_harness(models, suite))
    found = models.harness[1]
    found.checks.clear()
    found.reference = models.model.disable_adapter if arm.adapter else None
    return found


def _made_harness(models: Models, suite: Suite) -> Any:
    # It warns that an opened model was given, which is what is meant.
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    if suite.file.scorer == "fast":
        from workbench.likelihood import fast_harness

        return fast_harness(models.model, models.tokenizer, suite.file.batch_size)
    from lm_eval.models.huggingface import HFLM

    made: Any = HFLM(pretrained=models.model, tokenizer=models.tokenizer, batch_size=suite.file.batch_size)
    made.checks, made.likelihoods = {}, {}
    return made


def _gold(task: Any, doc: Any) -> int | None:
    """The right choice's number, whichever way the task names it."""
    if task.OUTPUT_TYPE != "multiple_choice" or getattr(task.config, "doc_to_choice", None) is None:
        return None
    gold = task.doc_to_text(doc) if getattr(task, "multiple_input", 0) else task.doc_to_target(doc)
    if isinstance(gold, str):
        choices = task.doc_to_choice(doc)
        return choices.index(gold) if gold in choices else None
    return gold if isinstance(gold, int) and gold >= 0 else None


def _measured(task: Any, rows: list[dict[str, Any]], tokenizer: Any) -> dict[str, dict[str, Any]]:
    """Of each item number: tokens read, tokens generated (of what is generated), drift from the base."""
    prompts = [str(row["arguments"][0][0]) for row in rows]
    read = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    generated: list[Any] = [None] * len(rows)
    if task.OUTPUT_TYPE == GENERATED:
        answers = [str(row["resps"][0][0]) for row in rows]
        generated = tokenizer(answers, add_special_tokens=False)["input_ids"]
    return {
        str(row["doc_id"]): {
            "prompt_tokens": len(asked),
            "tokens": None if said is None else len(said),
            "kl": row.get("kl"),
        }
        for row, asked, said in zip(rows, read, generated, strict=True)
    }


def _longest_answer(task: Any, harness: Any) -> int:
    options = task.config.generation_kwargs or {}
    return int(options.get("max_gen_toks") or harness.max_gen_toks)


def _seed() -> None:
    import numpy as np
    import torch

    random.seed(SEEDS["random_seed"])
    np.random.seed(SEEDS["numpy_random_seed"])
    torch.manual_seed(SEEDS["torch_random_seed"])
