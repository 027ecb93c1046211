"""Is this enough to fine-tune? Each check shows its arithmetic, its threshold and whose it is.

The thresholds are starting points from the literature, not laws: only an evaluation tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.assessment.results import Check, Enough

SERVICE_MINIMUM, FIRST_GAINS, CURATED = 10, 50, 1000
FEW, SOME = 10, 30
GOOD_POINTS, ROUGH_POINTS = 0.05, 0.10
GOOD_STEPS, FEW_STEPS = 100, 30
UNCLEAN_SHARE = 0.2
BITS_PER_PARAMETER = 2.0
ASSUMED_BITS_PER_TOKEN = 1.0
Z = 1.959964

OPENAI = "OpenAI, fine-tuning guide (at least 10 examples; gains are usual from 50 to 100)"
LIMA = "Zhou et al. 2023, LIMA, arXiv 2305.11206 (1,000 curated examples)"
FEW_SHOT = "Casanueva et al. 2020, arXiv 2003.04807 (10 and 30 examples of each intent)"
CAPACITY = "Allen-Zhu & Li 2024, arXiv 2404.05405 (2 bits of knowledge a parameter)"
NORMAL = "normal approximation of a share at its widest, p = 0.5: n = (1.96 ÷ d)² · p(1 − p)"
OURS = "Workbench's rule of thumb"


@dataclass(frozen=True)
class Size:
    """What the checks need to know. Rows are those that publishing would keep."""

    rows: int
    train_rows: int
    held_out_rows: int
    is_split: bool
    groups: dict[str, int]
    grouped_by: str
    proposed_to_go: int | None
    tokens_per_row: float
    answer_tokens_per_row: float
    epochs: float
    batch_size: int
    steps: int
    lora_parameters: int | None
    lora_r: int
    bits_per_token: float | None


def enough(size: Size) -> Enough:
    """Run every check and say in words what follows."""
    checks = [
        _rows(size),
        *([_groups(size)] if len(size.groups) > 1 else []),
        _tokens(size),
        _adapter(size),
        _held_out(size),
        _clean(size),
    ]
    outcomes = {check.outcome for check in checks}
    verdict = "not_enough" if "short" in outcomes else "narrow" if "thin" in outcomes else "enough"
    words = {
        "not_enough": "Not enough to fine-tune on yet.",
        "narrow": "Enough to try one narrow task or a tone, with care.",
        "enough": "Enough to fine-tune, by every check that could be made.",
    }[verdict]
    for outcome, title in (("short", "Falls short"), ("thin", "Thin"), ("unknown", "Not known")):
        if names := [check.name for check in checks if check.outcome == outcome]:
            words += f" {title}: {', '.join(names)}."
    return Enough(verdict, words, checks, [check.advice for check in checks if check.advice])


def held_out_needed(points: float, p: float = 0.5) -> int:
    """Items for a 95 % interval of ± ``points`` (a share) around a score of ``p``."""
    return math.ceil((Z / points) ** 2 * p * (1 - p))


def detectable(items: int, p: float = 0.5) -> float:
    """The half-width of the 95 % interval that ``items`` give, as a share."""
    return Z * math.sqrt(p * (1 - p) / items) if items else 1.0


def _rows(size: Size) -> Check:
    n = size.train_rows
    outcome = "short" if n < FIRST_GAINS else "thin" if n < CURATED else "ok"
    side = "on the training side" if size.is_split else "when a tenth is held out"
    advice = {
        "short": f"collect at least {FIRST_GAINS - n:,} more good rows of the one task you want",
        "thin": f"for a broad assistant collect about {CURATED - n:,} more curated rows; for one format or tone go on",
        "ok": "",
    }[outcome]
    arithmetic = f"{size.rows:,} rows that publishing would keep, of these {n:,} {side}"
    threshold = f"{SERVICE_MINIMUM} at the very least, gains from {FIRST_GAINS}, {CURATED:,} curated rows for a broad assistant"
    return Check("training rows", outcome, f"{n:,} rows", arithmetic, threshold, f"{OPENAI}; {LIMA}", advice)


def _groups(size: Size) -> Check:
    smallest = min(size.groups.values())
    few = [name for name, count in size.groups.items() if count < FEW]
    some = [name for name, count in size.groups.items() if count < SOME]
    outcome = "short" if len(few) * 2 > len(size.groups) else "thin" if some else "ok"
    lacking = sum(SOME - size.groups[name] for name in some)
    named = ", ".join(some[:10]) + (" …" if len(some) > 10 else "")
    advice = f"collect {lacking:,} rows so that every {size.grouped_by} has {SOME}: {named}" if some else ""
    arithmetic = (
        f"{len(size.groups):,} {size.grouped_by}s; smallest {smallest:,} rows; {len(few):,} below {FEW}, "
        f"{len(some):,} below {SOME}"
    )
    return Check(
        f"rows of each {size.grouped_by}",
        outcome,
        f"smallest {smallest:,}",
        arithmetic,
        f"{SOME} of each, {FEW} at the least; short when more than half have fewer than {FEW}",
        FEW_SHOT,
        advice,
    )


def _tokens(size: Size) -> Check:
    seen = size.tokens_per_row * size.train_rows * size.epochs
    outcome = "short" if size.steps < FEW_STEPS else "thin" if size.steps < GOOD_STEPS else "ok"
    arithmetic = (
        f"{size.train_rows:,} rows × {size.tokens_per_row:,.0f} tokens × {size.epochs:g} epochs = {seen:,.0f} tokens; "
        f"⌈{size.train_rows:,} ÷ {size.batch_size}⌉ × {size.epochs:g} = {size.steps:,} optimizer steps"
    )
    advice = (
        f"use a smaller batch or more epochs until there are about {GOOD_STEPS} steps, or collect more rows"
        if outcome != "ok"
        else ""
    )
    threshold = f"{GOOD_STEPS} steps, {FEW_STEPS} at the least, at the trainer's default batch and epochs"
    return Check("steps of training", outcome, f"{size.steps:,} steps", arithmetic, threshold, OURS, advice)


def _adapter(size: Size) -> Check:
    tokens = size.answer_tokens_per_row * size.train_rows
    threshold = "the answers carry no more bits than the adapter can hold"
    if size.lora_parameters is None:
        return Check(
            "size of the adapter",
            "unknown",
            "no base model named",
            f"{tokens:,.0f} answer tokens; the adapter's parameters depend on the base",
            threshold,
            CAPACITY,
            "",
        )
    measured = size.bits_per_token is not None
    bits = tokens * (size.bits_per_token if size.bits_per_token is not None else ASSUMED_BITS_PER_TOKEN)
    holds = size.lora_parameters * BITS_PER_PARAMETER
    fits = bits <= holds
    how = "measured by its perplexity" if measured else "assumed; `workbench score` measures it"
    arithmetic = (
        f"{tokens:,.0f} answer tokens × {bits / max(tokens, 1):.2f} bits ({how}) = {bits:,.0f} bits; "
        f"{size.lora_parameters:,} LoRA parameters (rank {size.lora_r}) × {BITS_PER_PARAMETER:g} bits = {holds:,.0f} bits; "
        f"{size.train_rows / size.lora_parameters:.2g} examples and {tokens / size.lora_parameters:.2g} answer tokens a parameter"
    )
    advice = "" if fits else "raise lora_r, or train all weights: the adapter is the narrow place"
    note = (
        "the adapter can hold the whole set, so watch the held-out loss" if fits else "more than it can hold"
    )
    return Check(
        "size of the adapter", "ok" if fits else "thin", note, arithmetic, threshold, CAPACITY, advice
    )


def _held_out(size: Size) -> Check:
    items = size.held_out_rows
    seen = detectable(items)
    needed, rough = held_out_needed(GOOD_POINTS), held_out_needed(ROUGH_POINTS)
    arithmetic = (
        f"± {100 * GOOD_POINTS:g} points need {needed:,} items, ± {100 * ROUGH_POINTS:g} need {rough:,}; "
        f"the {items:,} held-out rows give ± {100 * seen:.1f} points"
    )
    side = "" if size.is_split else " (a tenth of the rows, as nothing is split yet)"
    advice = ""
    if items < needed:
        advice = f"hold out or write {needed - items:,} more evaluation items to see a difference of {100 * GOOD_POINTS:g} points"
    return Check(
        "held-out rows",
        "ok" if items >= needed else "thin",
        f"{items:,} rows{side}",
        arithmetic,
        f"{needed:,} items; paired comparisons of two models need fewer",
        NORMAL,
        advice,
    )


def _clean(size: Size) -> Check:
    threshold = f"at most {100 * UNCLEAN_SHARE:g} % of the rows"
    if size.proposed_to_go is None:
        return Check(
            "rows proposed to go",
            "unknown",
            "no recipe has run over this version",
            "–",
            threshold,
            OURS,
            "run a recipe over it first: `workbench propose`",
        )
    total = size.rows + size.proposed_to_go
    share = size.proposed_to_go / total if total else 0.0
    advice = "look at where these rows come from before collecting more" if share > UNCLEAN_SHARE else ""
    return Check(
        "rows proposed to go",
        "thin" if share > UNCLEAN_SHARE else "ok",
        f"{size.proposed_to_go:,} rows",
        f"{size.proposed_to_go:,} of {total:,} rows = {100 * share:.1f} %",
        threshold,
        OURS,
        advice,
    )
