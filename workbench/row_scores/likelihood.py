"""How likely a base model finds each answer, given its prompt and by itself.

Perplexity is the exponential of the mean negative log-likelihood of an answer's tokens
given the conversation. Instruction-following difficulty compares that with the same tokens
without the conversation: Li et al. 2023 (arXiv 2308.12032) divide the two losses, Li et al.
2024 ("Superfiltering", arXiv 2402.00530) the two perplexities. ``ifd`` here is the latter;
both lie above 1 for the same rows: those whose prompt does not help to say the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.errors import InputError
from workbench.examples import Example
from workbench.likelihood import Asked, score_tokens
from workbench.training.encoding import IGNORED, encode, encode_pair

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DIGITS = 6


class Piece(NamedTuple):
    """Token ids, and the same with `IGNORED` where no loss is taken."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class Encoding:
    """A row made ready: the answers in their conversation, and each answer alone."""

    given: Piece | None
    alone: list[Piece]
    cut: bool
    problem: str | None


def encodings(
    tokenizer: PreTrainedTokenizerBase, examples: list[Example], max_length: int, *, alone: bool
) -> list[Encoding]:
    """Encode rows by the chat template, cut at ``max_length`` tokens.

    All answers of a conversation count; of a preference pair the chosen one. Without the
    conversation an answer keeps the opening that the template writes before every answer,
    so that both passes score the same tokens.
    """
    start = opening_ids(tokenizer) if alone else []
    made = []
    for example in examples:
        try:
            ids, labels = _tokens(tokenizer, example)
        except InputError:
            made.append(Encoding(None, [], False, "the chat template refuses it"))
            continue
        cut = len(ids) > max_length
        piece = Piece(ids[:max_length], labels[:max_length])
        if all(label == IGNORED for label in piece.labels[1:]):
            problem = "no answer within max_length" if cut else "it has no answer"
            made.append(Encoding(None, [], cut, problem))
            continue
        made.append(Encoding(piece, _alone(piece, start) if alone else [], cut, None))
    return made


def likelihoods(
    model: PreTrainedModel,
    rows: list[Encoding],
    tick: Callable[[], None] | None = None,
) -> list[tuple[int, float | None, float | None]]:
    """``(answer tokens, mean loss given, mean loss alone)`` of each row, in nats a token.

    Batches hold pieces of like length. A loss is None where the row could not be encoded or
    was not asked for. Values are rounded to 6 decimals, below which padding shows.
    """
    pieces, owners = [], []
    for number, row in enumerate(rows):
        if row.given is not None:
            pieces += [row.given, *row.alone]
            owners += [(number, 0), *[(number, 1)] * len(row.alone)]
    losses = _summed_losses(model, pieces, tick)
    sums = [[0.0, 0.0] for _ in rows]
    counts = [[0, 0] for _ in rows]
    for (number, side), (loss, count) in zip(owners, losses, strict=True):
        sums[number][side] += loss
        counts[number][side] += count
    return [
        (count[0], _mean(total[0], count[0]), _mean(total[1], count[1]))
        for total, count in zip(sums, counts, strict=True)
    ]


def _mean(total: float, count: int) -> float | None:
    return round(total / count, DIGITS) if count else None


def perplexity(loss: float | None) -> float | None:
    """The exponential of a mean loss, to 6 digits; None stays None, and what overflows is infinite."""
    if loss is None:
        return None
    return float(f"{math.exp(loss):.{DIGITS}g}") if loss < 700 else math.inf


def opening_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """What the chat template writes before an answer, from the beginning of the text."""
    turn = [{"role": "user", "content": "x"}]
    asked = str(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=False))
    opened = str(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))
    text = opened[len(asked) :] if opened.startswith(asked) else ""
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []
    first = tokenizer(opened, add_special_tokens=False)["input_ids"][:1]
    if tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]:
        ids = [tokenizer.bos_token_id, *ids]
    return ids or [int(tokenizer.eos_token_id)]


def _tokens(tokenizer: PreTrainedTokenizerBase, example: Example) -> tuple[list[int], list[int]]:
    if example["kind"] == "preference":
        pair = encode_pair(tokenizer, example)
        ids = pair.prompt_ids + pair.chosen_ids
        return ids, [IGNORED] * len(pair.prompt_ids) + pair.chosen_ids
    encoded = encode(tokenizer, example, "all")
    return encoded.input_ids, encoded.labels


def _alone(piece: Piece, start: list[int]) -> list[Piece]:
    """Each run of answer tokens after the opening, without what was said before."""
    runs: list[list[int]] = []
    learning = False
    for token, label in zip(piece.ids, piece.labels, strict=True):
        if label == IGNORED:
            learning = False
            continue
        if not learning:
            runs.append([])
        learning = True
        runs[-1].append(token)
    return [Piece(start + run, [IGNORED] * len(start) + run) for run in runs]


def _summed_losses(
    model: PreTrainedModel, pieces: list[Piece], tick: Callable[[], None] | None
) -> list[tuple[float, int]]:
    asked = [Asked(piece.ids, _learned(piece)) for piece in pieces]
    # A shared beginning would move the last digits with whatever else is in the batch.
    scored = score_tokens(model, asked, tick=tick, share=False)
    return [(-one.logprob, one.tokens) for one in scored]


def _learned(piece: Piece) -> list[int]:
    return [place for place, label in enumerate(piece.labels) if place and label != IGNORED]


def load_scorer(base: str) -> tuple[Any, Any, int | None]:
    """Model (on the GPU if there is one), tokenizer, and the longest input the model takes."""
    import torch

    from workbench.models import load_model, load_tokenizer

    tokenizer = load_tokenizer(base)
    model: Any = load_model(base).eval()
    if torch.cuda.is_available():
        model = model.to("cuda")
    return model, tokenizer, getattr(model.config.get_text_config(), "max_position_embeddings", None)
