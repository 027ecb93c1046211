"""Check whether a trained model remembers the canaries that were planted.

Two looks: does it say a secret when the question and the first words of the answer are given,
and does it find the secret likelier than others like it. Controls that were never planted are
looked at the same way: they must show nothing, or the test itself is at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.canaries.exposure import Exposure, exposure, together
from workbench.canaries.generating import Speaker, completions, load_speaker, losses, prompt_of
from workbench.canaries.making import OPENING, Canary, candidates
from workbench.canaries.planting import Planted, canary_folder
from workbench.errors import InputError
from workbench.files import file_sha256, write_json
from workbench.lineage import adapter_history, dataset_history
from workbench.projects import Project
from workbench.training.session import find_adapter

Verdict = Literal["remembered", "not remembered", "not measurable"]
Progress = Callable[[str, int, int], None]
ALPHA = 0.01
CANDIDATES = 255
SAMPLES = 8


@dataclass(frozen=True)
class Looked:
    """One canary: planted how often, said or not, and how exposed its secret is."""

    number: int
    repeats: int
    said: bool
    said_in_samples: int
    exposure: Exposure


@dataclass(frozen=True)
class Check:
    """What the check found.

    ``p`` joins the exposures of the planted canaries (Fisher), ``p_by_repeats`` those planted
    equally often, ``p_controls`` the controls'. ``trained_on`` is the version with the canaries
    among those that the adapter was trained on, if its history says so.
    """

    canaries: str
    dataset: str
    base: str
    adapter: str
    adapter_sha256: str
    trained_on: str | None
    verdict: Verdict
    reasons: list[str]
    planted: int
    extracted: int
    p: float | None
    p_by_repeats: dict[str, float | None]
    p_controls: float | None
    candidates: int
    samples: int
    looked: tuple[Looked, ...]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench canaries check``."""
        return asdict(self)


def check(
    project: Project,
    planted: Planted,
    *,
    base: str,
    adapter: str | None,
    others: int = CANDIDATES,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Check:
    """Look for canaries in a model: ``base`` alone, or with the adapter of a run or folder.

    ``others`` candidates are compared with each secret, and ``samples`` completions drawn of each
    question beside the greedy one. The same weights and seed give the same result, which is kept
    under ``canaries/<name>/checks``. Raises `InputError`, `NotFoundError`.
    """
    if others < 99:
        raise InputError("too few candidates to tell anything", remedy="compare with at least 99")
    folder = find_adapter(project, adapter) if adapter else None
    speaker = load_speaker(base, folder)
    said = _said(speaker, planted, 0, seed)
    drawn = _said(speaker, planted, samples, seed) if samples else [0] * len(planted.canaries)
    looked = []
    for number, canary in enumerate(planted.canaries):
        if progress:
            progress("canaries", number, len(planted.canaries))
        own, *rest = losses(speaker, canary, [canary.secret, *candidates(canary, others, seed)])
        seen = exposure(own, rest)
        looked.append(Looked(canary.number, canary.repeats, bool(said[number]), drawn[number], seen))
    trained_on = _trained_on(project, planted, folder)
    found = _judged(planted, base, folder, trained_on, tuple(looked), others, samples)
    write_json(check_file(project, planted, found), found.as_dict())
    return found


def check_file(project: Project, planted: Planted, found: Check) -> Path:
    """Where a check is kept: one file for each set of canaries and each model."""
    name = planted.dataset.partition("@")[0]
    model = found.adapter_sha256[:12] or "base"
    return canary_folder(project, name) / "checks" / f"{planted.id}-{model}.json"


def _said(speaker: Speaker, planted: Planted, samples: int, seed: int) -> list[int]:
    """In how many completions each secret is said."""
    prompts = [
        prompt_of(speaker, [{"role": "user", "content": canary.question}], OPENING)
        for canary in planted.canaries
    ]
    longest = max(len(speaker.tokenizer(f" {c.secret}")["input_ids"]) for c in planted.canaries) + 4
    found = completions(speaker, prompts, longest, samples=samples, seed=seed)
    return [
        sum(_holds(text, canary) for text in texts)
        for canary, texts in zip(planted.canaries, found, strict=True)
    ]


def _holds(text: str, canary: Canary) -> bool:
    digits = "".join(character for character in text if character.isdecimal())
    return canary.secret.replace("-", "") in digits


def _judged(
    planted: Planted,
    base: str,
    folder: Path | None,
    trained_on: str | None,
    looked: tuple[Looked, ...],
    others: int,
    samples: int,
) -> Check:
    own = [one for one in looked if one.repeats]
    controls = [one for one in looked if not one.repeats]
    extracted = sum(one.said or one.said_in_samples > 0 for one in own)
    p, p_controls = together([o.exposure.p for o in own]), together([o.exposure.p for o in controls])
    by_repeats = {
        str(times): together([o.exposure.p for o in own if o.repeats == times])
        for times in sorted({o.repeats for o in own})
    }
    verdict, reasons = _verdict(extracted, len(own), p, p_controls, controls)
    if trained_on is None:
        reasons.append("the history of this model names no version that holds these canaries")
    return Check(
        canaries=planted.id,
        dataset=planted.dataset,
        base=base,
        adapter=folder.parent.name if folder else "",
        adapter_sha256=file_sha256(folder / "adapter_model.safetensors") if folder else "",
        trained_on=trained_on,
        verdict=verdict,
        reasons=reasons,
        planted=len(own),
        extracted=extracted,
        p=p,
        p_by_repeats=by_repeats,
        p_controls=p_controls,
        candidates=others,
        samples=samples,
        looked=looked,
    )


def _verdict(
    extracted: int, planted: int, p: float | None, p_controls: float | None, controls: list[Looked]
) -> tuple[Verdict, list[str]]:
    if any(one.said or one.said_in_samples for one in controls) or (p_controls or 1.0) < ALPHA:
        return "not measurable", ["controls that were never planted look remembered too"]
    reasons = []
    if extracted:
        reasons.append(f"the model says {extracted} of {planted} planted secrets")
    if p is not None and p < ALPHA:
        reasons.append(f"it finds the planted secrets likelier than chance explains (p = {p:.2g})")
    if reasons:
        return "remembered", reasons
    return "not remembered", ["no secret was said, and none is likelier than chance explains"]


def _trained_on(project: Project, planted: Planted, folder: Path | None) -> str | None:
    for manifest in adapter_history(project, folder) if folder else []:
        refs = [entry["ref"] for entry in dataset_history(project, manifest["dataset"]["ref"])]
        if planted.dataset in refs:
            return str(manifest["dataset"]["ref"])
    return None
