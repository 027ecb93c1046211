"""Choose the prompted base's prompt on validation rows, never on the gate's items.

Candidates are the given system prompts times few-shot sets drawn by seed from train rows.
The score of a candidate is the mean negative log-likelihood of the validation rows' own
answers, nats per token: it needs no generation and sees small differences. The choice costs
the prompted base nothing of its fairness, because the gate asks other items.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from workbench.errors import InputError
from workbench.evaluation.arms import Arm, Models
from workbench.examples import Example, content_id, prompt_text
from workbench.files import read_json, write_json
from workbench.paired import mean_interval
from workbench.projects import Project
from workbench.suite_data.reading import read_task_data
from workbench.suites import HELD_OUT, Suite, suite_items
from workbench.versions import open_dataset
from workbench.worker import Worker

RECORD = "prompting.json"
POOL = 400
"""Train rows among which few-shot sets are drawn."""

LEAST = 10


class PromptChoice(BaseModel):
    """What is tried for the prompted base, and on which rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    data: str = Field(description="Split data set: examples from train, scores on validation")
    prompts: list[str] = Field(default_factory=list, max_length=50)
    shots: list[int] = Field(default_factory=lambda: [0], min_length=1, max_length=10)
    sets: int = Field(2, ge=1, le=20, description="Few-shot sets drawn for each number of examples")
    rows: int = Field(100, ge=LEAST, le=5000, description="Validation rows")
    seed: int = 0


@dataclass(frozen=True)
class Candidate:
    """One thing to try: a prompt (by number, None for none) and few-shot rows."""

    prompt: int | None
    fewshot: tuple[Example, ...]


def check_choice(project: Project, suite: Suite, choice: PromptChoice) -> None:
    """Raise `InputError` unless the rows can be chosen on and none of them is a gate item."""
    taken = gate_items(project, suite)
    validation = list(_drawn(project, choice, "validation", choice.rows))
    if len(validation) < LEAST:
        raise InputError(
            f"{choice.data} has {len(validation)} validation rows with an answer, fewer than {LEAST}",
            remedy="split it with a validation share",
        )
    both = sum(bool(_keys(row) & taken) for row in validation)
    if both:
        raise InputError(
            f"{both} of the validation rows are items of the gate",
            where=choice.data,
            remedy="choose on other rows: the gate's items must stay unseen",
        )
    if max(choice.shots) and not next(_drawn(project, choice, "train", 1), None):
        raise InputError(f"{choice.data} has no train rows for few-shot examples", remedy="split it first")


def choose_prompt(worker: Worker, suite: Suite, models: Models, choice: PromptChoice, name: str) -> Arm:
    """The prompted arm with the likeliest candidate; what was tried is in ``prompting.json``.

    A choice that was made before is read back. Raises `InputError` when no candidate fits
    into the model.
    """
    path = worker.run.path / RECORD
    if path.exists():
        from workbench.evaluation.arms import arm_from

        return arm_from(read_json(path)["arm"])
    project = worker.project
    check_choice(project, suite, choice)
    rows = list(_drawn(project, choice, "validation", choice.rows))
    tried = []
    candidates = list(_candidates(project, suite, choice))
    with models.active(Arm("base")):
        for number, candidate in enumerate(candidates):
            worker.progress(number, len(candidates), "prompts tried on validation rows")
            tried.append(_tried(models, candidate, choice, rows))
    fitting = [i for i, entry in enumerate(tried) if entry["too_long"] == 0]
    if not fitting:
        raise InputError("no prompt fits into the model", remedy="shorten the prompts or give fewer shots")
    best = min(fitting, key=lambda i: (tried[i]["nats_per_token"], tried[i]["shots"], i))
    chosen = candidates[best]
    turns = tuple((_question(row)[-1]["content"], _answer(row)) for row in chosen.fewshot)
    prompt = None if chosen.prompt is None else choice.prompts[chosen.prompt]
    arm = Arm(name, "prompted" if prompt or turns else "base", prompt=prompt, fewshot=turns or None)
    write_json(
        path,
        {
            "choice": choice.model_dump(),
            "data_hash": open_dataset(project, choice.data).content_hash,
            "validation_rows": len(rows),
            "tried": tried,
            "best": best,
            "arm": arm.as_dict(),
        },
    )
    return arm


def gate_items(project: Project, suite: Suite) -> set[str]:
    """Content ids and question hashes of everything the suite asks from files and data sets."""
    from workbench.leakage.items import without_frame

    keys = set()
    by_task: dict[str, list[str]] = {}
    for name, _, text in suite_items(suite, ("target", "retained")):
        by_task.setdefault(name, []).append(text)
    for texts in by_task.values():
        keys |= {_hash(text) for text in [*texts, *without_frame(texts)]}
    for task in suite.file.tasks:
        folder = suite.data_folder(task)
        if folder is not None:
            keys |= set(_fetched(folder, task.task))
        if task.kind == HELD_OUT:
            split = str((task.model_extra or {}).get("split", "test"))
            for row in open_dataset(project, str(task.data)).examples():
                if row.get("split") == split:
                    keys |= _keys(row)
    return keys


def _fetched(folder: Any, name: str) -> Iterator[str]:
    from workbench.formats.files import records

    for path in read_task_data(folder, name).sha256:
        if path.stem not in ("train", "dev"):
            for _, row in records(path):
                yield from (_hash(text) for text in dict(row).values() if isinstance(text, str))  # type: ignore[call-overload]


def _candidates(project: Project, suite: Suite, choice: PromptChoice) -> Iterator[Candidate]:
    prompts: list[int | None] = list(range(len(choice.prompts))) or [None]
    taken = gate_items(project, suite) if max(choice.shots) else set()
    drawn = _drawn(project, choice, "train", POOL) if max(choice.shots) else iter(())
    pool = [row for row in drawn if not _keys(row) & taken]
    for shots in sorted(set(choice.shots)):
        for number in range(choice.sets if shots else 1):
            generator = random.Random(f"{choice.seed} {shots} {number}")
            fewshot = tuple(generator.sample(pool, min(shots, len(pool))))
            yield from (Candidate(prompt, fewshot) for prompt in prompts)


def _tried(models: Models, candidate: Candidate, choice: PromptChoice, rows: list[Example]) -> dict[str, Any]:
    from workbench.row_scores.likelihood import likelihoods

    prompt = None if candidate.prompt is None else choice.prompts[candidate.prompt]
    most = getattr(models.model.config.get_text_config(), "max_position_embeddings", None)
    encoded = [_encoded(models.tokenizer, prompt, candidate.fewshot, row) for row in rows]
    fits = [piece for piece in encoded if most is None or len(piece.given.ids) <= most]
    losses = [loss for _, loss, _ in likelihoods(models.model, fits) if loss is not None]
    interval = mean_interval(losses, bounded=False)
    return {
        "prompt": candidate.prompt,
        "shots": len(candidate.fewshot),
        "fewshot_ids": [row["id"] for row in candidate.fewshot],
        "nats_per_token": interval.value,
        "low": interval.low,
        "high": interval.high,
        "too_long": len(encoded) - len(fits),
    }


def _encoded(tokenizer: Any, prompt: str | None, fewshot: tuple[Example, ...], row: Example) -> Any:
    from workbench.row_scores.likelihood import Encoding, Piece
    from workbench.training.encoding import IGNORED

    history: list[dict[str, str]] = [{"role": "system", "content": prompt}] if prompt else []
    for shown in fewshot:
        history += [_question(shown)[-1], {"role": "assistant", "content": _answer(shown)}]
    own = _question(row)
    history += [turn for turn in own if not (prompt and turn["role"] == "system")]
    opened = str(tokenizer.apply_chat_template(history, tokenize=False, add_generation_prompt=True))
    read = list(tokenizer(opened, add_special_tokens=False)["input_ids"])
    said = list(tokenizer(_answer(row), add_special_tokens=False)["input_ids"])
    return Encoding(Piece(read + said, [IGNORED] * len(read) + said), [], False, None)


def _drawn(project: Project, choice: PromptChoice, split: str, most: int) -> Iterator[Example]:
    """A seeded sample of a split's answered rows, by the hash of seed and id: order plays no part."""
    answered = (
        row
        for row in open_dataset(project, choice.data).examples()
        if row.get("split") == split and row["kind"] == "sft" and _is_answered(row)
    )
    ranked = ((_hash(f"{choice.seed} {row['id']}"), row["id"], row) for row in answered)
    return (row for _, _, row in heapq.nsmallest(most, ranked, key=lambda entry: entry[:2]))


def _is_answered(row: Example) -> bool:
    turns = row["messages"]
    return (
        len(turns) > 1
        and turns[-1]["role"] == "assistant"
        and bool(turns[-1]["content"].strip())
        and turns[-2]["role"] == "user"
        and all(turn["role"] in ("system", "user", "assistant") for turn in turns)
    )


def _question(row: Example) -> list[dict[str, str]]:
    return [{"role": turn["role"], "content": turn["content"]} for turn in row["messages"][:-1]]


def _answer(row: Example) -> str:
    return row["messages"][-1]["content"]


def _keys(row: Example) -> set[str]:
    return {content_id(row), _hash(prompt_text(row))}


def _hash(text: str) -> str:
    return hashlib.sha256(" ".join(text.casefold().split()).encode("utf-8", "surrogatepass")).hexdigest()[:24]
