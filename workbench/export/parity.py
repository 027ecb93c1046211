"""Parity: does each artefact answer as what was judged? A mismatch stops the export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import NotPassedError
from workbench.evaluation import read_evaluation
from workbench.evaluation.arms import Arm, opened_arms
from workbench.evaluation.hashes import weights_dtype
from workbench.export.formats import Form, Tolerance, loaded_dtype, tolerance_of
from workbench.export.reanswering import artefact_arm, reanswer
from workbench.export.sources import Source
from workbench.export.verdicts import Judged
from workbench.projects import Project
from workbench.scores import Score, Scores

ITEMS = 16
SHARE = 0.05
"""Largest difference of a score between 0 and 1, as F1 is, that is no flip."""
PROMPTS = ("Hello.", "What is 2 plus 3?", "Write one short sentence about the sea.", "Name a colour.")


@dataclass(frozen=True)
class Parity:
    """One artefact against what was judged, or against the adapter where nothing was.

    ``items``: items or prompts compared. ``flips``: of these, how many are scored (or go on)
    differently. ``largest_difference``: of log-likelihoods, nats; None when no item has any.
    ``other_prompts``: items that the artefact's own tokenizer and template put differently.
    """

    against: str
    items: int
    flips: int
    flips_allowed: int
    largest_difference: float | None
    tolerance: float
    other_prompts: int
    dtype: str

    @property
    def holds(self) -> bool:
        """Whether the artefact may stand for what was judged."""
        near = self.largest_difference is None or self.largest_difference <= self.tolerance
        return self.items > 0 and near and self.flips <= self.flips_allowed and not self.other_prompts


def check_parity(
    project: Project,
    source: Source,
    judged: Judged,
    artefacts: Mapping[Form, Path],
    *,
    items: int = ITEMS,
) -> dict[str, Any]:
    """Re-evaluate every artefact as it lies on disk; returns what the manifest says of it.

    ``items``: of each task. Raises `NotPassedError` with the numbers at the first mismatch.
    """
    known = read_evaluation(judged.run)[judged.arm] if judged.run else None
    own = weights_dtype(source.base)
    found: dict[str, Parity] = {}
    for form, place in artefacts.items():
        arm, dtype = artefact_arm(form.kind, place), loaded_dtype(form, own)
        tolerance = tolerance_of(own, dtype)
        if judged.run is not None and known is not None:
            again = reanswer(project, judged.run, source.base, arm, known, items)
            parity = compare(
                known, again, tolerance, dtype, f"judged answers of {judged.run.id}, arm {judged.arm}"
            )
        else:
            parity = _beside_adapter(source, arm, tolerance, dtype)
        found[form.name] = parity
        if not parity.holds:
            raise _refusal(form, parity)
    return told(found)


def told(found: Mapping[str, Parity]) -> dict[str, Any]:
    """The parity of all artefacts as plain JSON, with the worst of them on top."""
    differences = [p.largest_difference for p in found.values() if p.largest_difference is not None]
    return {
        "checked": bool(found),
        "items": min((parity.items for parity in found.values()), default=0),
        "flips": max((parity.flips for parity in found.values()), default=0),
        "largest_difference": max(differences, default=None),
        "artefacts": {name: asdict(parity) for name, parity in found.items()},
    }


def compare(judged: Scores, again: Scores, tolerance: Tolerance, dtype: str, against: str) -> Parity:
    """Compare scores of the same items, by task and item."""
    pairs = [(judged[task][item], score) for task, items in again.items() for item, score in items.items()]
    differences = [gap for old, new in pairs for gap in _gaps(old, new)]
    other = sum(
        old.prompt_hash is not None and new.prompt_hash is not None and old.prompt_hash != new.prompt_hash
        for old, new in pairs
    )
    return Parity(
        against=against,
        items=len(pairs),
        flips=sum(_flipped(old, new, tolerance) for old, new in pairs),
        flips_allowed=int(tolerance.flips * len(pairs)) + tolerance.spare,
        largest_difference=max(differences, default=None),
        tolerance=tolerance.nats,
        other_prompts=other,
        dtype=dtype,
    )


def _gaps(old: Score, new: Score) -> list[float]:
    gaps = []
    if old.choices and new.choices and len(old.choices) == len(new.choices):
        gaps += [abs(a - b) for a, b in zip(old.choices, new.choices, strict=True)]
    if old.nll is not None and new.nll is not None:
        gaps.append(abs(old.nll - new.nll))
    return gaps


def _flipped(old: Score, new: Score, tolerance: Tolerance) -> bool:
    """Any change of a right or wrong; of a share, as F1 is, more than rounding does; else relative."""
    gap = abs(old.score - new.score)
    if {old.score, new.score} <= {0.0, 1.0}:
        return gap > 0.0
    if all(0.0 <= score <= 1.0 for score in (old.score, new.score)):
        return gap > min(SHARE, tolerance.nats)
    return gap > tolerance.nats * max(1.0, abs(old.score))


def _beside_adapter(source: Source, artefact: Arm, tolerance: Tolerance, dtype: str) -> Parity:
    """Without judged answers: next-token log-probabilities beside the adapter's own."""
    trained = Arm("trained", "adapter", adapter=str(source.folder), scale=source.scale)
    old, new = _log_probabilities(source.base, trained), _log_probabilities(source.base, artefact)
    gaps = [float(((a - b).abs() * b.exp().clamp(min=1e-3)).max()) for a, b in zip(new, old, strict=True)]
    flips = sum(int(a[-1].argmax()) != int(b[-1].argmax()) for a, b in zip(new, old, strict=True))
    return Parity(
        against="the adapter as it was trained, on fixed prompts: nothing was judged",
        items=len(old),
        flips=flips,
        flips_allowed=int(tolerance.flips * len(old)) + tolerance.spare,
        largest_difference=max(gaps),
        tolerance=tolerance.nats,
        other_prompts=0,
        dtype=dtype,
    )


def _log_probabilities(base: str, arm: Arm) -> list[Any]:
    import torch

    with opened_arms(base, [arm]) as models, models.active(arm) as active, torch.no_grad():
        found = []
        for prompt in PROMPTS:
            ids = active.tokenizer(prompt, return_tensors="pt")["input_ids"].to(active.device)
            found.append(active.model(ids).logits[0].float().log_softmax(-1).cpu())
    return found


def _refusal(form: Form, parity: Parity) -> NotPassedError:
    gap = parity.largest_difference
    numbers = [
        f"{parity.flips} of {parity.items} items flip ({parity.flips_allowed} allowed)",
        f"log-likelihoods differ by up to {gap:.4g} nats ({parity.tolerance:g} allowed)"
        if gap is not None
        else "no log-likelihoods to compare",
    ]
    if parity.other_prompts:
        numbers.append(f"{parity.other_prompts} items are put in other words")
    return NotPassedError(
        f"the artefact '{form.name}' does not answer as what was judged: {'; '.join(numbers)}",
        where=f"{parity.dtype}, against {parity.against}",
        remedy="nothing was exported; evaluate and judge this form as an arm of its own, or export another",
    )
