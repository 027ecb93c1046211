"""Assess: one function that computes everything the report says about a version."""

from __future__ import annotations

import math
from typing import Any

from workbench import __version__
from workbench.assessment.counting import label_balance, licences, splits, volume
from workbench.assessment.enough import Size, enough
from workbench.assessment.history import history
from workbench.assessment.noticed import Noticed, by_source
from workbench.assessment.results import Assessment, Enough, Tokens, rate
from workbench.assessment.sampling import Tick, measure_sample
from workbench.errors import InputError
from workbench.finding_queries import listed
from workbench.models import pinned_model
from workbench.projects import Project
from workbench.row_scores.storage import available_scores, score_summary, scores_made_by
from workbench.versions import Dataset

SAMPLE_ROWS = 20_000
GROUPS = 200
"""Beyond this many labels or clusters they are no classes to count rows of."""


def assess(
    project: Project,
    dataset: Dataset,
    *,
    base: str | None = None,
    sample_rows: int = SAMPLE_ROWS,
    seed: int = 0,
    tick: Tick | None = None,
) -> Assessment:
    """Count, sample and judge one version. The same version, findings and seed give the same result.

    Counts are over all rows, in SQL; tokens over at most ``sample_rows`` rows. ``base`` is a
    model whose tokenizer counts; without one tokens are estimated from bytes. Raises
    `InputError` for an empty version and `NotFoundError` for a model that is not there.
    """
    if not dataset.rows:
        raise InputError(f"{dataset.ref} has no rows", remedy="import a file with rows")
    base = pinned_model(base) if base else None
    sampled = measure_sample(dataset, base, sample_rows, seed, tick)
    with listed(project, dataset) as connection:
        noticed = Noticed(connection, project, dataset)
        labels, clusters = label_balance(connection), noticed.cluster_balance()
        groups: dict[str, dict[str, int]] = {}
        if labels.groups:
            groups["label"] = noticed.kept_labels()
        elif clusters is not None:
            groups["cluster"] = noticed.cluster_rows(kept=True)
        kept = noticed.kept_rows()
        gone = dataset.rows - sum(kept.values()) if noticed.steps else None
        scores = _scores(project, dataset)
        return Assessment(
            dataset=dataset.ref,
            content_hash=dataset.content_hash,
            made=str(dataset.manifest["created"]),
            workbench=__version__,
            seed=seed,
            recipe=noticed.recipe,
            findings_stamp=noticed.stamp,
            volume=volume(connection),
            tokens=sampled.tokens,
            languages=sampled.languages,
            languages_rows=sampled.languages_rows,
            duplicates=noticed.duplicates(),
            faults=noticed.faults(),
            sources=by_source(project, dataset, noticed.steps),
            personal_data=noticed.personal_data(),
            balance=[found for found in (labels, clusters) if found is not None and found.groups],
            splits=splits(connection),
            leakage=noticed.looked("rows that hold an evaluation item", "leakage"),
            not_compared=noticed.not_compared(),
            licences=licences(connection, project, dataset),
            history=history(project, dataset),
            scores=scores,
            enough=_enough(dataset, base, kept, gone, groups, sampled.tokens, scores),
            proposed_to_go=None if gone is None else rate("rows proposed to go", gone, dataset.rows),
        )


def _enough(
    dataset: Dataset,
    base: str | None,
    kept: dict[str, int],
    gone: int | None,
    groups: dict[str, dict[str, int]],
    tokens: Tokens,
    scores: list[dict[str, Any]],
) -> Enough:
    from workbench.training.preflight import planned_steps
    from workbench.training.settings import make_settings

    pairs = dataset.manifest["counts"]["kind"].get("preference", 0) > dataset.rows / 2
    settings = make_settings(
        "dpo" if pairs else "sft", overrides={"data": dataset.ref, "base": base or "tiny-chat"}
    )
    rows = sum(kept.values())
    is_split = bool(kept.keys() & {"validation", "test"})
    held_out = kept.get("validation", 0) + kept.get("test", 0) if is_split else rows // 10
    train = rows - held_out
    grouped_by, sizes = next(iter(groups.items()), ("label", {}))
    return enough(
        Size(
            rows=rows,
            train_rows=train,
            held_out_rows=held_out,
            is_split=is_split,
            groups=sizes if len(sizes) <= GROUPS else {},
            grouped_by=grouped_by,
            proposed_to_go=gone,
            tokens_per_row=tokens.whole.mean,
            answer_tokens_per_row=tokens.answer.mean,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            steps=planned_steps(train, settings),
            lora_parameters=_lora_parameters(settings) if base else None,
            lora_r=settings.lora_r,
            bits_per_token=_bits_per_token(scores, base),
        )
    )


def _lora_parameters(settings: Any) -> int:
    from workbench.training.preflight import lora_parameters

    return lora_parameters(settings)


def _scores(project: Project, dataset: Dataset) -> list[dict[str, Any]]:
    """The scores by a model that this version has, without their paths."""
    found = []
    for name in available_scores(project, dataset):
        summary = score_summary(project, dataset, name)
        summary.pop("path")
        made = scores_made_by(project, dataset, name) or {}
        found.append({**summary, "model": made.get("model", "")})
    return found


def _bits_per_token(scores: list[dict[str, Any]], base: str | None) -> float | None:
    """Bits of a median answer token for the base, when its perplexity was scored."""
    for score in scores:
        if score["score"] == "perplexity" and score["model"] == base and score["percentiles"]:
            return float(math.log2(max(1.0, score["percentiles"]["p50"])))
    return None
