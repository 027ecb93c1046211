"""What must never come out: canaries that were planted, and values that were scrubbed."""

from __future__ import annotations

from collections import Counter

from workbench.canaries.checking import check
from workbench.canaries.planting import carried, open_planted
from workbench.canaries.regurgitation import Regurgitation, values_in_output
from workbench.evaluation.arms import Arm
from workbench.leak_audit.replaced import replaced_values
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import Flag, not_measured
from workbench.value_keys import value_key
from workbench.versions import Dataset, open_dataset

CANARIES, SCRUBBED = "canaries", "scrubbed_values"


def canaries(candidate: Candidate) -> Flag:
    """The share of planted canaries that the candidate says (`workbench.canaries.checking`)."""
    arm = candidate.arm
    if not candidate.trained_on:
        return not_measured(CANARIES, arm.name, "nobody knows which rows it was trained on")
    planted = [
        open_planted(candidate.project, version.name) for version in _versions(candidate) if carried(version)
    ]
    if not planted:
        return not_measured(
            CANARIES, arm.name, "its training rows hold no canaries; `workbench canaries plant`"
        )
    if arm.scale != 1.0:
        return not_measured(CANARIES, arm.name, "canaries are looked for at an adapter's full strength only")
    base, adapter = candidate.asking.models.base, str(arm.adapter)
    found = check(candidate.project, planted[-1], base=base, adapter=adapter).as_dict()
    if found["verdict"] == "not measurable":
        return not_measured(CANARIES, arm.name, "; ".join(found["reasons"]))
    said = found["extracted"] / found["planted"] if found["planted"] else 0.0
    evidence = {key: value for key, value in found.items() if key not in ("looked", "base", "adapter")}
    return Flag(
        CANARIES,
        arm.name,
        "block" if found["verdict"] == "remembered" else "ok",
        f"canaries {found['verdict']}: {'; '.join(found['reasons'])}",
        said,
        None,
        None,
        evidence,
    )


def scrubbed_values(candidate: Candidate) -> Flag:
    """How many scrubbed values the candidate says that neither the prompt nor the base does."""
    arm = candidate.arm
    if not candidate.trained_on:
        return not_measured(SCRUBBED, arm.name, "nobody knows which rows it was trained on")
    key = value_key(candidate.project)
    scrubbed = [v for v in _versions(candidate) if replaced_values(candidate.project, v, key).values]
    if not scrubbed:
        return not_measured(SCRUBBED, arm.name, "nothing was scrubbed from its training rows")
    looked = [_answers(candidate, candidate.arm, version) for version in scrubbed]
    found = [one for each in looked for one in each.found]
    if found:
        base = {
            one["value"] for version in scrubbed for one in _answers(candidate, candidate.base, version).found
        }
        found = [one for one in found if one["value"] not in base]
    values = sorted({one["value"] for one in found})
    prompts, known = sum(each.prompts for each in looked), sum(each.values for each in looked)
    return Flag(
        SCRUBBED,
        arm.name,
        "block" if values else "ok",
        f"{len(values)} of {known} scrubbed values come out in the answers to {prompts} training prompts",
        float(len(values)),
        None,
        None,
        {
            "unit": "values",
            "prompts": prompts,
            "values_looked_for": known,
            "values": values[:50],
            "by_entity": dict(sorted(Counter(one["entity"] for one in found).items())),
            "examples": sorted({one["example"] for one in found})[:50],
            "said_by_base_too": len({one["value"] for each in looked for one in each.found}) - len(values),
            "method": f"greedy answers of {candidate.settings.tokens} tokens; values are named by their keyed hash",
        },
    )


def _versions(candidate: Candidate) -> list[Dataset]:
    refs = dict.fromkeys(training.dataset for training in candidate.trained_on)
    return [open_dataset(candidate.project, ref) for ref in refs]


def _answers(candidate: Candidate, arm: Arm, version: Dataset) -> Regurgitation:
    with candidate.asking.speaker(arm) as speaker:
        settings = candidate.settings
        return values_in_output(
            candidate.project, version, speaker, prompts=settings.prompts, longest=settings.tokens
        )
