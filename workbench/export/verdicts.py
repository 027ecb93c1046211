"""Which verdict speaks for what is exported: the one given on exactly these weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from workbench.evaluation.arms import Arm
from workbench.evaluation.hashes import arm_identity
from workbench.export.sources import Source, open_source
from workbench.files import read_json
from workbench.history.evidence import standing
from workbench.projects import Project
from workbench.runs import Run, list_runs

BINDING = ("weights_sha256", "adapter_sha256", "adapter_config_sha256", "scale", "prompt_sha256")
"""What a verdict and an export must have in common, as the evaluation's manifest names it."""

NOT_EVALUATED = "not evaluated"


class Judged(NamedTuple):
    """A verdict and where it was given; no run when these weights were never judged."""

    run: Run | None
    arm: str
    verdict: str


def find_verdict(project: Project, adapter: str | Path, scale: float = 1.0) -> Judged:
    """The newest verdict on this adapter at this strength, on its base. See `verdict_on`."""
    return verdict_on(project, open_source(project, adapter, scale))


def verdict_on(project: Project, source: Source) -> Judged:
    """The newest verdict bound to base, adapter weights, adapter settings and strength.

    An evaluation whose manifest does not tell all of these speaks for nothing. The verdict is as
    it counts now: ``pass`` only by the thresholds fixed before, on evidence that is the same still.
    """
    if not source.base:
        return Judged(None, "", NOT_EVALUATED)
    wanted = identity(source)
    for run in list_runs(project, "evaluate"):
        if run.state != "finished" or not (run.path / "verdict.json").exists():
            continue
        verdicts = read_json(run.path / "verdict.json").get("arms", {})
        arm = _arm_of(read_json(run.path / "manifest.json"), verdicts, wanted)
        if arm is not None:
            return Judged(run, arm, standing(run, verdicts[arm]))
    return Judged(None, "", NOT_EVALUATED)


def identity(source: Source) -> dict[str, Any]:
    """The hashes and the strength that a verdict must name to hold for this source."""
    arm = Arm(source.name, "adapter", adapter=str(source.folder), scale=source.scale)
    found = arm_identity(source.base, arm)
    return {key: found[key] for key in BINDING}


def _arm_of(manifest: dict[str, Any], verdicts: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """The arm that the manifest, and the verdict where it says so itself, bind to what is wanted."""
    for arm in manifest.get("arms", []):
        bound = (verdicts.get(arm["name"]) or {}).get("bound_to", {})
        told = all(key in arm and arm[key] == value for key, value in wanted.items())
        if (
            told
            and arm["name"] in verdicts
            and all(bound.get(key, value) == value for key, value in wanted.items())
        ):
            return str(arm["name"])
    return None
