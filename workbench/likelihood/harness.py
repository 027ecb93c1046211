"""The fast scorer inside lm-evaluation-harness: its tasks, prompts and metrics, our forward passes.

The harness still writes every prompt, cuts every text, and makes every metric of the numbers.
Before the numbers of a task are used, its first items are scored by the harness as well; when
the two differ, the harness scores the whole task.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.likelihood.encoding import cut, encode_pairs
from workbench.likelihood.scoring import Likelihood, Reference, score_tokens

if TYPE_CHECKING:
    from workbench.likelihood.layout import Asked

CHECKED = 16
FULL, HALF = 1e-3, 5e-2
"""Largest difference allowed: nats for each request in 32 bits, nats for each token in 16."""


@dataclass(frozen=True)
class Check:
    """The harness and the fast scorer on the same requests: how many, and how far apart (nats)."""

    requests: int
    largest: float
    same: bool


def fast_harness(
    model: Any,
    tokenizer: Any,
    batch_size: int = 64,
    *,
    reference: Reference | None = None,
    check: int = CHECKED,
) -> Any:
    """A model of the harness (``HFLM``) whose log-likelihood requests are scored fast.

    Give it to ``lm_eval.evaluate`` or `fast_answer`; generation runs as in the harness.
    ``reference`` opens the base, for divergence in the same pass. ``check`` items of each task
    are scored by the harness too (0: none). Afterwards ``checks`` holds a `Check` for each
    task and ``likelihoods`` a `Likelihood` for each ``(task, item number, choice number)``.
    """
    from lm_eval.models.huggingface import HFLM

    methods = {"loglikelihood": _loglikelihood, "loglikelihood_rolling": _loglikelihood_rolling}
    made = type("FastHarness", (HFLM,), methods)(
        pretrained=model, tokenizer=tokenizer, batch_size=batch_size, softmax_dtype="float32"
    )
    made.slow, made.reference, made.check = HFLM, reference, check
    made.checks, made.likelihoods = {}, {}
    return made


def fast_answer(
    harness: Any, tasks: Mapping[str, Any], samples: Mapping[str, list[int]] | None = None, **options: Any
) -> dict[str, list[dict[str, Any]]]:
    """Answer tasks of the harness; its samples by task, as ``lm_eval.evaluate`` gives them.

    ``harness`` is what `fast_harness` made, ``samples`` the rising item indices of each task,
    ``options`` go to the harness. With a reference a sample also has ``kl`` (nats a token)
    and ``agreement`` (share of tokens with the same first choice), over all its choices.
    """
    import lm_eval

    harness.likelihoods.clear()
    found = lm_eval.evaluate(
        harness,
        {"tasks": dict(tasks), "groups": {}, "group_map": {}},
        samples=None if samples is None else dict(samples),
        bootstrap_iters=0,
        log_samples=True,
        **options,
    )
    answered: dict[str, list[dict[str, Any]]] = found["samples"]
    for name, rows in answered.items():
        drifts = _drifts(tasks[name].instances, harness.likelihoods)
        numbers: dict[str, itertools.count[int]] = {}
        for row in rows:
            # The harness numbers requests 0, 1, 2 … whichever items were asked for.
            number = next(numbers.setdefault(str(row["filter"]), itertools.count()))
            if number in drifts:
                row["kl"], row["agreement"] = drifts[number]
    return answered


def _drifts(
    instances: Sequence[Any], likelihoods: Mapping[tuple[str, int, int], Likelihood]
) -> dict[int, tuple[float, float]]:
    """``(divergence, agreement)`` of each item: the mean over the tokens of all its choices."""
    sums: dict[int, list[float]] = {}
    for instance in instances:
        found = likelihoods.get(_key(instance))
        if found is not None and found.kl is not None and found.agreement is not None:
            total = sums.setdefault(instance.doc_id, [0.0, 0.0, 0.0])
            total[0] += found.kl * found.tokens
            total[1] += found.agreement * found.tokens
            total[2] += found.tokens
    return {number: (kl / tokens, same / tokens) for number, (kl, same, tokens) in sums.items()}


def _loglikelihood(
    self: Any, requests: Sequence[Any], disable_tqdm: bool = False
) -> list[tuple[float, bool]]:
    """``(log-likelihood, is greedy)`` of each request, in place of the harness's method."""
    if self.enable_thinking:
        return self.slow.loglikelihood(self, requests, disable_tqdm)  # type: ignore[no-any-return]
    asked = encode_pairs(
        self.tokenizer,
        [request.args for request in requests],
        self.max_length,
        prefix=self.prefix_token_id,
        add_bos=self.add_bos_token,
    )
    found = _scored(self, asked)
    answers = [(one.logprob, one.greedy) for one in found]
    for task, own in _by_task(requests).items():
        if not _trusted(self, task, requests, own, found, "loglikelihood"):
            told = self.slow.loglikelihood(self, [requests[i] for i in own], True)
            for i, answer in zip(own, told, strict=True):
                answers[i] = answer
            continue
        self.likelihoods.update({_key(requests[i]): found[i] for i in own})
    return answers


def _loglikelihood_rolling(self: Any, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
    """The log-likelihood of each whole text, read in the harness's windows."""
    asked: list[Asked] = []
    owners: list[int] = []
    for number, request in enumerate(requests):
        for context, text in _windows(self, request.args[0]):
            asked.append(cut([*context, *text], len(text), self.max_length, number))
            owners.append(number)
    parts: list[list[Likelihood]] = [[] for _ in requests]
    for number, one in zip(owners, _scored(self, asked), strict=True):
        parts[number].append(one)
    found = [_joined(part) for part in parts]
    answers = [one.logprob for one in found]
    for task, own in _by_task(requests).items():
        if not _trusted(self, task, requests, own, found, "loglikelihood_rolling"):
            told = self.slow.loglikelihood_rolling(self, [requests[i] for i in own], True)
            for i, answer in zip(own, told, strict=True):
                answers[i] = answer
            continue
        self.likelihoods.update({_key(requests[i]): found[i] for i in own})
    return answers


def _scored(self: Any, asked: Sequence[Asked]) -> list[Likelihood]:
    return score_tokens(self.model, asked, batch_size=self.batch_size, reference=self.reference)


def _trusted(
    self: Any, task: str, requests: Sequence[Any], own: list[int], found: list[Likelihood], method: str
) -> bool:
    """Whether the harness gives the same numbers for the first items of a task; asked once."""
    import torch

    if not self.check:
        return True
    if task not in self.checks:
        items = sorted({requests[i].doc_id for i in own})[: self.check]
        first = [i for i in own if requests[i].doc_id in set(items)]
        told = getattr(self.slow, method)(self, [requests[i] for i in first], True)
        full = self.model.dtype in (torch.float32, torch.float64)
        gaps, same = [], True
        for i, answer in zip(first, told, strict=True):
            gaps.append(abs(found[i].logprob - (answer if isinstance(answer, float) else answer[0])))
            same = same and gaps[-1] <= (FULL if full else HALF * found[i].tokens)
        self.checks[task] = Check(len(first), max(gaps, default=0.0), same)
    trusted: bool = self.checks[task].same
    return trusted


def _windows(self: Any, text: str) -> list[tuple[list[int], list[int]]]:
    from lm_eval import utils

    windows = utils.get_rolling_token_windows(
        token_list=self.tok_encode(text),
        prefix_token=self.prefix_token_id,
        max_seq_len=self.max_length,
        context_len=1,
    )
    return [utils.make_disjoint_window(window) for window in windows]


def _joined(parts: list[Likelihood]) -> Likelihood:
    """Windows of one text as one: sums of log-likelihoods, means by their tokens."""
    tokens = sum(part.tokens for part in parts)
    total = sum(part.logprob for part in parts)
    greedy = all(part.greedy for part in parts)
    if not tokens or any(part.reference is None for part in parts):
        return Likelihood(total, greedy, tokens)
    return Likelihood(
        total,
        greedy,
        tokens,
        reference=sum(part.reference or 0.0 for part in parts),
        kl=sum((part.kl or 0.0) * part.tokens for part in parts) / tokens,
        agreement=sum((part.agreement or 0.0) * part.tokens for part in parts) / tokens,
    )


def _by_task(requests: Sequence[Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, request in enumerate(requests):
        found.setdefault(str(request.task_name), []).append(number)
    return found


def _key(request: Any) -> tuple[str, int, int]:
    return str(request.task_name), int(request.doc_id), int(request.idx)
