"""Greedy answers to prompts, many at a time, the same whenever they are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST = 1024
ROOM = 1.5
"""An answer may be this much longer than all but one in a hundred references."""

DEFAULT_CONTEXT = 4096


@dataclass(frozen=True)
class Written:
    """One answer: its text, tokens read and written, and whether the prompt had to be cut."""

    text: str
    tokens: int
    prompt_tokens: int
    cut: bool


@dataclass(frozen=True)
class Writing:
    """How answers are written; the same for every arm.

    ``longest``: tokens of an answer; ``context``: tokens of prompt and answer together;
    ``ends``: tokens that end an answer; ``stop``: texts that do.
    """

    longest: int
    context: int
    ends: tuple[int, ...]
    stop: tuple[str, ...]


def longest_answer(wanted: int | None, tokens_p99: int | None, context: int) -> int:
    """Tokens an answer may have: as asked, or by the references; at most half the context."""
    room = wanted or min(LONGEST, max(16, -(-int(ROOM * (tokens_p99 or 0)) // 16) * 16))
    return max(1, min(room, context // 2))


def context_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Tokens the model can hold."""
    config = model.config.get_text_config()
    known = (getattr(config, "max_position_embeddings", None), tokenizer.model_max_length)
    return min((int(n) for n in known if n and n < 10**9), default=DEFAULT_CONTEXT)


def write_answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    how: Writing,
    batch_size: int,
    tick: Callable[[int], None] | None = None,
) -> list[Written]:
    """Answer prompts greedily in the order given, ``batch_size`` at a time.

    A prompt that leaves no room for the answer is cut at its beginning. ``tick`` gets the
    number answered after each batch and may raise to stop.
    """
    found: list[Written] = []
    for start in range(0, len(prompts), batch_size):
        found += _batch(model, tokenizer, prompts[start : start + batch_size], how)
        if tick:
            tick(len(found))
    return found


def answer_seconds(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], how: Writing
) -> list[float]:
    """Wall time of each answer, in seconds, one prompt at a time, after one that is not counted."""
    found = []
    for prompt in [*prompts[:1], *prompts]:
        started = time.perf_counter()
        _batch(model, tokenizer, [prompt], how)
        found.append(time.perf_counter() - started)
    return found[1:]


def _batch(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], how: Writing
) -> list[Written]:
    import torch
    from transformers import GenerationConfig

    room = how.context - how.longest
    with _padded_left(tokenizer):
        lengths = [len(ids) for ids in tokenizer(list(prompts), add_special_tokens=False)["input_ids"]]
        given = tokenizer(
            list(prompts),
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=room,
            add_special_tokens=False,
            return_token_type_ids=False,
        ).to(model.device)
    greedy = GenerationConfig(
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        max_new_tokens=how.longest,
        eos_token_id=list(how.ends),
        pad_token_id=tokenizer.pad_token_id,
    )
    options: dict[str, Any] = {"stop_strings": list(how.stop), "tokenizer": tokenizer} if how.stop else {}
    with torch.inference_mode():
        made: Any = model.generate(**given, generation_config=greedy, **options)  # type: ignore[operator]
    rows = made[:, given["input_ids"].shape[1] :].tolist()
    return [
        _written(tokenizer, row, how, min(length, room), length > room)
        for row, length in zip(rows, lengths, strict=True)
    ]


def _written(
    tokenizer: PreTrainedTokenizerBase, row: list[int], how: Writing, prompt_tokens: int, cut: bool
) -> Written:
    over = {*how.ends, tokenizer.pad_token_id}
    end = next((place for place, token in enumerate(row) if token in over), len(row))
    text = str(tokenizer.decode(row[:end], skip_special_tokens=True))
    stopped = False
    for stop in how.stop:
        text, found, _ = text.partition(stop)
        stopped = stopped or bool(found)
    by_token = not stopped and row[end : end + 1] != [] and row[end] in how.ends
    return Written(text.strip(), end + by_token, prompt_tokens, cut)


@contextmanager
def _padded_left(tokenizer: PreTrainedTokenizerBase) -> Iterator[None]:
    sides = tokenizer.padding_side, tokenizer.truncation_side
    tokenizer.padding_side = tokenizer.truncation_side = "left"
    try:
        yield
    finally:
        tokenizer.padding_side, tokenizer.truncation_side = sides
