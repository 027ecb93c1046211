"""Scoring: the log-likelihood of each asked token sequence, and how far it moved from the base.

The numbers are those of lm-evaluation-harness's ``HFLM`` with its softmax in 32 bits. What it
computes and throws away is left out: the head at positions nobody asked for, and what several
sequences begin with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.errors import InputError
from workbench.likelihood.encoding import encode_pairs
from workbench.likelihood.forward import can_branch, packed, scored_logits
from workbench.likelihood.layout import (
    CPU_TOKENS,
    GPU_TOKENS,
    LOGIT_VALUES,
    Asked,
    Row,
    Size,
    batches,
    rows_of,
)

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Reference = Callable[[], AbstractContextManager[Any]]
"""Opens a block in which the model answers as the base: ``model.disable_adapter`` of PEFT.

What the block yields, if it is a model, answers instead: ``lambda: nullcontext(base_model)``.
"""
SLICE_VALUES = 2**22
"""Softmax is taken over this many logits at a time, which stay in the processor's cache."""


@dataclass(frozen=True)
class Likelihood:
    """How likely a model finds the ``tokens`` asked for. Nats; sums over tokens unless said.

    ``greedy``: each token was the model's first choice. With a reference: ``reference`` is its
    log-likelihood, ``kl`` the mean divergence KL(reference ‖ model) at the asked positions in
    nats a token, ``agreement`` the share of positions where both have the same first choice.
    """

    logprob: float
    greedy: bool
    tokens: int
    reference: float | None = None
    kl: float | None = None
    agreement: float | None = None


class _Found(NamedTuple):
    """What a batch gave, a value for each scored position or token asked."""

    logprob: list[float]
    top: list[int]
    reference: list[float] | None
    kl: list[float] | None
    agrees: list[bool] | None


def score_choices(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    contexts: Sequence[str],
    choices: Sequence[Sequence[str]],
    *,
    batch_size: int = 64,
    reference: Reference | None = None,
    max_length: int | None = None,
) -> list[list[Likelihood]]:
    """The likelihood of every choice after its context: one list for each context.

    ``batch_size`` bounds the rows of a batch (a question with its choices is one row).
    ``max_length`` is the model's own when not given. Raises `InputError` for a choice that
    the model's input cannot hold.
    """
    pairs = [(context, choice) for context, own in zip(contexts, choices, strict=True) for choice in own]
    asked = encode_pairs(tokenizer, pairs, max_length or longest_input(model, tokenizer))
    found = iter(score_tokens(model, asked, batch_size=batch_size, reference=reference))
    return [[next(found) for _ in own] for own in choices]


def score_tokens(
    model: PreTrainedModel,
    asked: Sequence[Asked],
    *,
    batch_size: int = 64,
    reference: Reference | None = None,
    tick: Callable[[], None] | None = None,
    share: bool = True,
) -> list[Likelihood]:
    """The likelihood of the asked tokens of every sequence, in the order given.

    Each sequence asks for one token at least, none of them its first. Memory holds one batch's
    logits (twice with a ``reference``); ``tick`` is called after every batch. ``share=False``
    writes no beginning once for several sequences, whatever the model can do.
    """
    import torch

    if not asked:
        return []
    longest = max(one.targets[-1] for one in asked)
    vocabulary = int(model.get_input_embeddings().weight.shape[0])  # type: ignore[union-attr]
    scored = max(1, LOGIT_VALUES // vocabulary)
    was_training = model.training
    model.eval()
    try:
        branching = share and _branching(model, longest, reference)
        rows = rows_of(asked, branching=branching, width=_width(model), scored=scored)
        tokens = CPU_TOKENS if model.device.type == "cpu" else GPU_TOKENS
        results: list[Likelihood | None] = [None] * len(asked)
        with torch.inference_mode():
            for group in batches(rows, Size(batch_size, tokens, scored)):
                for number, likelihood in _score_batch(model, asked, group, reference):
                    results[number] = likelihood
                if tick:
                    tick()
    finally:
        model.train(was_training)
    return [likelihood for likelihood in results if likelihood is not None]


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The most tokens the model reads, by the rule of the harness."""
    from lm_eval.models.utils import resolve_max_length

    return int(resolve_max_length(model.config, tokenizer))


def _branching(model: Any, longest: int, reference: Reference | None) -> bool:
    if not can_branch(model, longest):
        return False
    if reference is None:
        return True
    with reference() as other:
        return can_branch(_model_of(other, model), longest)


def _model_of(yielded: Any, model: Any) -> Any:
    return yielded if hasattr(yielded, "get_output_embeddings") else model


def _width(model: Any) -> int:
    return int(model.get_input_embeddings().weight.shape[-1])


def _score_batch(
    model: Any, asked: Sequence[Asked], rows: list[Row], reference: Reference | None
) -> Iterator[tuple[int, Likelihood]]:
    """Each sequence of a batch with its likelihood."""
    batch, places = packed(rows)
    numbers = [number for row in rows for number in row.before]
    at = [
        place[node]
        for row, place in zip(rows, places, strict=True)
        for nodes in row.before.values()
        for node in nodes
    ]
    wanted = [asked[number].ids[target] for number in numbers for target in asked[number].targets]
    logits = scored_logits(model, batch)
    base = None
    if reference is not None:
        with reference() as other:
            base = scored_logits(_model_of(other, model), batch)
        if base.shape != logits.shape:
            raise InputError(
                "model and reference have different vocabularies",
                where=f"{logits.shape[-1]} and {base.shape[-1]} tokens",
                remedy="compare a model with the base it was made from",
            )
    found = _found(logits, base, at, wanted)
    first = 0
    for number in numbers:
        last = first + len(asked[number].targets)
        yield number, _likelihood(found, at[first:last], wanted[first:last], slice(first, last))
        first = last


def _found(logits: Tensor, base: Tensor | None, at: list[int], wanted: list[int]) -> _Found:
    """Take the softmax over a few positions at a time: the whole is never held in 32 bits."""
    import torch

    index, ids = torch.tensor(at, device=logits.device), torch.tensor(wanted, device=logits.device)
    step = max(1, SLICE_VALUES // logits.shape[-1])
    norms, tops, base_norms, divergences, base_tops = [], [], [], [], []
    for start in range(0, len(logits), step):
        new = logits[start : start + step].float()
        norms.append(new.logsumexp(-1))
        tops.append(new.argmax(-1))
        if base is not None:
            old = base[start : start + step].float()
            base_norms.append(old.logsumexp(-1))
            base_tops.append(old.argmax(-1))
            old_logs = old - base_norms[-1][:, None]
            gaps = old_logs - new + norms[-1][:, None]
            divergences.append((old_logs.exp() * gaps).sum(-1).clamp_min(0.0))
    top = torch.cat(tops)
    taken = (logits[index, ids].float() - torch.cat(norms)[index]).tolist()
    if base is None:
        return _Found(taken, top.tolist(), None, None, None)
    base_taken = (base[index, ids].float() - torch.cat(base_norms)[index]).tolist()
    agrees = (top == torch.cat(base_tops)).tolist()
    return _Found(taken, top.tolist(), base_taken, torch.cat(divergences).tolist(), agrees)


def _likelihood(found: _Found, at: list[int], wanted: list[int], span: slice) -> Likelihood:
    count = len(at)
    greedy = all(found.top[place] == token for place, token in zip(at, wanted, strict=True))
    total = sum(found.logprob[span])
    if found.reference is None or found.kl is None or found.agrees is None:
        return Likelihood(total, greedy, count)
    return Likelihood(
        total,
        greedy,
        count,
        reference=sum(found.reference[span]),
        kl=sum(found.kl[place] for place in at) / count,
        agreement=sum(found.agrees[place] for place in at) / count,
    )
