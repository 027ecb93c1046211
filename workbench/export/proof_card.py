"""The data card's part about personal data: what was replaced, by what, and what proves it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from workbench.canaries.planting import carried
from workbench.double_check.estimating import Estimate, estimate
from workbench.double_check.samples import open_sample, read_answers
from workbench.errors import NotFoundError, WorkbenchError
from workbench.leak_audit.counting import Counts, replaced_counts
from workbench.leak_audit.results import load_audit
from workbench.projects import Project
from workbench.quasi_identifiers import load_warning
from workbench.value_lists import load_lists
from workbench.versions import Dataset


def personal_data_lines(project: Project, dataset: Dataset) -> list[str]:
    """The section in Markdown, line by line. It tells kinds and counts, never a value."""
    counts = replaced_counts(project, dataset)
    lines = ["", "## Personal data", ""]
    if not counts.options:
        lines.append("- No step for personal data or secrets was published on the way to this version.")
    else:
        lines += [
            *_replaced(counts),
            *_recognizers(counts),
            *_lists(project),
            *_double_check(project, counts),
        ]
    return [*lines, *_audit(project, dataset), *_canaries(dataset), *_combinations(project, dataset)]


def canary_warning(dataset: Dataset) -> str | None:
    """What to say wherever rows leave the project while canaries are among them."""
    count = carried(dataset)
    if not count:
        return None
    return (
        f"{count} rows of {dataset.ref} are canaries, made-up secrets that a model is meant to be tested with; "
        f"take them out with `workbench canaries remove {dataset.ref}` before the rows go to anybody"
    )


def _replaced(counts: Counts) -> list[str]:
    by_entity: dict[str, Counter[str]] = {}
    for (entity, operator), count in counts.replaced.items():
        by_entity.setdefault(entity, Counter())[operator] += count
    lines = [
        f"- {entity}: {sum(operators.values())} replaced "
        f"({', '.join(f'{name} {count}' for name, count in sorted(operators.items()))})"
        f"{f', {counts.kept[entity]} kept by a person' if counts.kept[entity] else ''}"
        for entity, operators in sorted(by_entity.items())
    ]
    lines += [
        f"- {name}: {count} kept by a person"
        for name, count in sorted(counts.kept.items())
        if name not in by_entity
    ]
    if counts.not_scanned:
        lines.append(f"- {counts.not_scanned} findings say that a text was not wholly scanned.")
    if counts.unknown:
        lines.append(
            f"- The findings of {counts.unknown} published versions are gone; their counts are not in here."
        )
    return lines or ["- Nothing was found to replace."]


def _recognizers(counts: Counts) -> list[str]:
    own = counts.options[0].get("personal_data")
    if own is None:
        return ["- Names and places were not looked for: only secrets were."]
    told = own.get("names") or (own.get("detection") or {}).get("names") or {}
    about = _about(told if isinstance(told, dict) else {})
    if about is None:
        return ["- What looked for names and places is not on this machine and cannot be told."]
    preset = f", preset {about['preset']}" if about.get("preset") else ""
    lines = [f"- Names and places: backend {about['backend']}{preset}. What it misses: {about['misses']}"]
    if figures := about.get("figures"):
        lines.append(f"- Measured: {_figures(figures)}")
    return lines


def _about(settings: dict[str, Any]) -> dict[str, Any] | None:
    from pydantic import ValidationError

    from workbench.names.finding import name_finder
    from workbench.names.settings import Names

    try:
        return name_finder(Names.model_validate(settings)).about()
    except (ValidationError, WorkbenchError):
        return None


def _figures(figures: Any) -> str:
    if isinstance(figures, dict):
        return "; ".join(f"{name} {_figures(value)}" for name, value in figures.items())
    return f"{figures:.3f}" if isinstance(figures, float) else str(figures)


def _lists(project: Project) -> list[str]:
    counted = Counter(str(entry.list) for entry in load_lists(project).entries)
    return [f"- Lists: {counted['allow']} values or patterns allowed, {counted['deny']} values denied."]


def _double_check(project: Project, counts: Counts) -> list[str]:
    for ref in counts.parents:
        try:
            sample = open_sample(project, dataset=ref)
        except NotFoundError:
            continue
        return [f"- Double check: {_estimated(estimate(sample, read_answers(project, sample)))}"]
    return ["- Double check: none was made, so how much was missed is not estimated."]


def _estimated(found: Estimate) -> str:
    shares = [
        f"{name} {100 * share.value:.1f} % (95 % interval {100 * share.low:.1f} to {100 * share.high:.1f} %)"
        for name, share in (("precision", found.precision), ("recall", found.recall))
        if share is not None
    ]
    return f"{found.answered} of {found.of} questions answered; {', '.join(shares) or 'nothing can be estimated yet'}."


def _audit(project: Project, dataset: Dataset) -> list[str]:
    found = load_audit(project, dataset)
    if found is None:
        return [f"- Leak audit: **none was made** of these rows (`workbench audit {dataset.ref}`)."]
    searched = sum(counts.get("characters", 0) for counts in found.searched.values())
    residual = found.residual
    return [
        f"- Leak audit: **{found.verdict}**. {'; '.join(found.reasons)}.",
        f"- It searched {searched} characters for {found.values['searched']} replaced values; other detectors see "
        f"{residual['total']} candidates in the rows, {residual['sure']} of them beyond doubt "
        f"(Presidio read {residual['rows_read_by_presidio']} of {residual['rows']} rows).",
    ]


def _canaries(dataset: Dataset) -> list[str]:
    warning = canary_warning(dataset)
    return [f"- **Canaries**: {warning}."] if warning else ["- Canaries: none among these rows."]


def _combinations(project: Project, dataset: Dataset) -> list[str]:
    found = load_warning(project, dataset)
    if found is None:
        return ["- Combinations that single people out: not counted."]
    return [f"- Combinations that single people out: {found.words()} ({found.method}.)"]
