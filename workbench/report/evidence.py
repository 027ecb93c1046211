"""The files that a report rests on, in the order of its chain: run, results, data, decisions, verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.decisions import decisions_path
from workbench.errors import WorkbenchError
from workbench.history import approving, judged
from workbench.lineage import dataset_history
from workbench.projects import Project
from workbench.runs import Run
from workbench.signing.chain import Source, name_from, sources_below
from workbench.versions import open_dataset

RESULTS = ("arms/*/*.jsonl", "flags/*.json", "*.json")
LATER = ("verdict.json", "looks.json")
WEIGHTS = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "model.safetensors.index.json",
    "*.safetensors",
)


def sources(
    project: Project, run: Run, weights: Path | None, trainings: list[dict[str, Any]], dial: str | None = None
) -> list[Source]:
    """Every stored file that the report of a run was made from; logs are taken as they are now.

    ``weights`` is the folder of what was judged, ``trainings`` the manifests of its training
    runs, ``dial`` the id of the dial run that the report shows.
    """
    root = project.root
    found = sources_below(root, run.path, ("config.json", "manifest.json"))
    found += sources_below(root, run.path, RESULTS)
    if dial is not None:
        found += sources_below(root, project.folder("runs", dial), ("config.json", "dial.json"))
    if weights is not None:
        found += sources_below(root, weights, WEIGHTS)
    for training in trainings:
        folder = project.folder("runs", str(training["run"]))
        found += sources_below(root, folder, ("config.json", "manifest.json", "result.json"))
        found += [Source(name_from(root, folder / "events.jsonl"), grows=True)]
    for ref in dict.fromkeys(training["dataset"]["ref"] for training in trainings):
        found += _versions(project, ref)
    logs = [decisions_path(project), project.folder("overrides.jsonl"), project.folder(approving.FILE)]
    found += [Source(name_from(root, path), grows=True) for path in logs]
    found += [Source(name_from(root, judged.judged_file(run)), grows=True)]
    verdict = [Source(name_from(root, run.path / name)) for name in LATER]
    first = [source for source in dict.fromkeys(found) if source not in verdict]
    return first + verdict


def _versions(project: Project, ref: str) -> list[Source]:
    """The manifests of a version and those before it, which hold the hashes of the rows, and its audit."""
    found: list[Source] = []
    for version in dataset_history(project, ref):
        try:
            dataset = open_dataset(project, version["ref"])
        except WorkbenchError:
            continue
        audit = project.folder("audits", dataset.name, f"v{dataset.version:04d}.json")
        found += sources_below(project.root, dataset.path, ("manifest.json",))
        found.append(Source(name_from(project.root, audit)))
    return found
