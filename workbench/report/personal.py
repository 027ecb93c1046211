"""What is known of personal data in the versions that an adapter was trained on; kinds and counts alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from workbench.canaries.planting import carried
from workbench.double_check.estimating import Estimate, estimate
from workbench.double_check.samples import open_sample, read_answers
from workbench.errors import NotFoundError, WorkbenchError
from workbench.leak_audit.counting import replaced_counts
from workbench.leak_audit.results import load_audit
from workbench.projects import Project
from workbench.quasi_identifiers import load_warning
from workbench.versions import Dataset, open_dataset

AUDIT_PARTS = ("verdict", "reasons", "values", "searched", "not_searched", "not_read")


def personal_data(project: Project, refs: Iterable[str]) -> list[dict[str, Any]] | None:
    """One entry for each version that was trained on; None when no version of them is there."""
    found = []
    for ref in dict.fromkeys(refs):
        try:
            found.append(_of(project, open_dataset(project, ref)))
        except NotFoundError:
            continue
    return found or None


def _of(project: Project, dataset: Dataset) -> dict[str, Any]:
    counts = replaced_counts(project, dataset)
    replaced: Counter[str] = Counter()
    for (entity, _), count in counts.replaced.items():
        replaced[entity] += count
    warning = load_warning(project, dataset)
    return {
        "dataset": dataset.ref,
        "looked": bool(counts.options),
        "replaced": dict(sorted(replaced.items())),
        "kept": dict(sorted(counts.kept.items())),
        "not_scanned": counts.not_scanned,
        "unknown": counts.unknown,
        "audit": _audit(project, dataset),
        "double_check": _double_check(project, counts.parents),
        "canaries": carried(dataset),
        "combinations": warning.words() if warning is not None else None,
    }


def _audit(project: Project, dataset: Dataset) -> dict[str, Any] | None:
    found = load_audit(project, dataset)
    if found is None:
        return None
    whole = asdict(found)
    counted = {part: whole[part] for part in AUDIT_PARTS}
    for part in ("leaks", "residual"):
        counted[part] = {name: value for name, value in whole[part].items() if name != "locations"}
    return counted


def _double_check(project: Project, parents: Iterable[str]) -> str | None:
    for ref in parents:
        try:
            sample = open_sample(project, dataset=ref)
            return _words(estimate(sample, read_answers(project, sample)))
        except NotFoundError:
            continue
        except WorkbenchError as error:
            return f"cannot be read: {error.what}"
    return None


def _words(found: Estimate) -> str:
    shares = [
        f"{name} {100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f} %)"
        for name, share in (("precision", found.precision), ("recall", found.recall))
        if share is not None
    ]
    told = ", ".join(shares) or "too few answers to estimate"
    return f"{found.answered} of {found.of} questions answered; {told}"
