"""Drift: how far the candidate's words moved from the base's on text it was not trained for.

Kullback–Leibler divergence KL(base ‖ candidate) in nats a token, and how often both have the
same first choice. The text is the retained text that the training watched, else the questions
of retained tasks with the base's own answers. The scale: PEFT's published adapters forget 0.03
to 0.11 nats a token on general text when all is well, and are clearly damaged from about 0.3.
An early warning: no capability need be lost yet, which the retained tasks tell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from workbench.evaluation.reading import evaluation_suite, roles
from workbench.likelihood import Asked, gold_shift, score_tokens
from workbench.red_flags.bounds import bounded, ratio
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, level_of, not_measured
from workbench.red_flags.pools import sampled
from workbench.row_scores.likelihood import encodings
from workbench.versions import open_dataset

NAME = "drift"
WARN, BLOCK = 0.3, 1.5
TEXTS, LONGEST, LEAST = 64, 256, 8
BATCH = 16


def measure(candidate: Candidate) -> Flag:
    """Mean divergence in nats a token."""
    arm = candidate.arm.name
    texts, source = _texts(candidate)
    if len(texts) < LEAST:
        return not_measured(NAME, arm, "there is neither retained text nor a retained task with questions")
    found = _compared(candidate, texts)
    names = [str(number) for number in range(len(found))]
    tokens = [one.tokens for one in found]
    kl = bounded(ratio([one.tokens * (one.kl or 0.0) for one in found], tokens, names), ALPHA)
    same = ratio([one.tokens * (one.agreement or 0.0) for one in found], tokens, names).value
    worse = bounded(ratio([(one.reference or 0.0) - one.logprob for one in found], tokens, names), ALPHA)
    shifts = {
        task: vars(shift)
        for task in _retained(candidate)
        if (shift := gold_shift(candidate.old[task], candidate.new[task])) is not None
    }
    evidence = {
        "unit": "nats a token",
        "thresholds": {"warn": WARN, "block": BLOCK},
        "texts": len(found),
        "tokens": sum(tokens),
        "source": source,
        "same_first_choice": same,
        "loss_change": {"value": worse.value, "low": worse.low, "high": worse.high},
        "gold_shift": shifts,
        "method": "KL(base ‖ candidate) at every token, ratio of sums over texts, Student's t",
    }
    statement = f"it moved {kl.value:.3f} nats a token from the base on {source}; first choice the same in {100 * same:.0f} %"
    return Flag(NAME, arm, level_of(kl.low, WARN, BLOCK), statement, *kl, evidence)


def _compared(candidate: Candidate, texts: list[str]) -> list[Any]:
    """Likelihoods of the texts with the base as reference, base and candidate side by side."""
    asking = candidate.asking
    with asking.speaker(candidate.base) as speaker:
        tokenizer, base = speaker.tokenizer, speaker.model
        longest = min(LONGEST, speaker.longest)
        encoded = [tokenizer(text, add_special_tokens=False)["input_ids"][:longest] for text in texts]
    asked = [Asked(ids, range(1, len(ids))) for ids in encoded if len(ids) > 1]
    with asking.speaker(candidate.arm) as speaker:
        reference: Callable[[], Any] = (
            (lambda: contextlib.nullcontext(base)) if candidate.arm.model else speaker.model.disable_adapter
        )
        return score_tokens(speaker.model, asked, batch_size=BATCH, reference=reference)


def _texts(candidate: Candidate) -> tuple[list[str], str]:
    """At most 64 texts as the model reads them, and where they are from."""
    watched = _watched(candidate)
    if watched:
        return watched, "the retained text of its training"
    found: dict[str, str] = {}
    for task in _retained(candidate):
        for item, score in candidate.old[task].items():
            said = score.response if score.choices is None else score.target
            if score.question:
                found[f"{task} {item}"] = f"{score.question}{said or ''}"
    return [found[name] for name in sampled(list(found), TEXTS)], "questions of retained tasks"


def _watched(candidate: Candidate) -> list[str]:
    """Rows of the data set whose loss the training watched as the forgetting curve, as text."""
    for training in reversed(candidate.trained_on):
        if not training.retained_text:
            continue
        dataset = open_dataset(candidate.project, training.retained_text)
        table = dataset.table(["id", "kind", "split"]).to_pylist()
        rows = [row for row in table if row["kind"] == "sft" and row["id"] not in set(training.ids)]
        held_out = [row["id"] for row in rows if row["split"] == "validation"]
        chosen = sampled(held_out or [row["id"] for row in rows], TEXTS)
        found = dataset.lookup(chosen)
        tokenizer = candidate.asking.models.tokenizer_of(candidate.base)
        made = encodings(tokenizer, [found[identity] for identity in chosen], LONGEST, alone=False)
        return [tokenizer.decode(one.given.ids) for one in made if one.given]
    return []


def _retained(candidate: Candidate) -> list[str]:
    suite = evaluation_suite(candidate.run, candidate.project)
    told = roles(suite, {"base": candidate.old})
    return [task for task in candidate.tasks if told.get(task) == "retained"]
