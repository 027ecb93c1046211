"""Write what ships: weights, proof that they answer as judged, papers. Refuses without a pass.

Everything is written into a folder beside the target and renamed when it is whole. Weights come
first, then the parity check, then, for an export against the gate, its record; a failure before
that leaves no trace, and no half export.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workbench import __version__
from workbench.errors import InputError
from workbench.evaluation import read_evaluation, summary
from workbench.evaluation.hashes import weights_dtype
from workbench.export.artefacts import write_artefacts
from workbench.export.bill import bill_of_materials
from workbench.export.cards import data_card, model_card
from workbench.export.checksums import NAME as SUMS
from workbench.export.checksums import hashes, write_sums
from workbench.export.formats import Form, forms_of, served_name
from workbench.export.licences import Told, carry_licences
from workbench.export.override import Override, check_override, record_override
from workbench.export.parity import ITEMS, check_parity
from workbench.export.serving import commands, serving_page
from workbench.export.sources import Source, need_base, open_source, without_paths
from workbench.export.stopping import generation_settings, stop_texts
from workbench.export.verdicts import Judged, find_verdict, identity, verdict_on
from workbench.export.weights import SHARD_SIZE, base_tokenizer, check_shard_size
from workbench.files import (
    append_line,
    expanded,
    file_sha256,
    read_json,
    read_lines,
    storage_errors,
    sweep,
    sync_folder,
    temporary_name,
    write_json,
    write_text,
)
from workbench.lineage import dataset_history
from workbench.projects import Project
from workbench.report.building import build_report

__all__ = ["ExportResult", "Judged", "Override", "export", "find_verdict"]
LOG = "exports.jsonl"
TIME = "%Y-%m-%dT%H:%M:%SZ"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class ExportResult:
    """Where it lies, the SHA-256 of every file, and how close every artefact is to what was judged."""

    path: str
    files: dict[str, str]
    parity: dict[str, Any]
    verdict: str
    overridden: bool
    formats: list[str]
    scale: float

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench export``."""
        return asdict(self)


def export(
    project: Project,
    adapter: str,
    to: Path,
    *,
    merge: bool = False,
    formats: Sequence[str] = (),
    scale: float = 1.0,
    override: Override | None = None,
    items: int = ITEMS,
    shard_size: str = SHARD_SIZE,
    licences: Told | None = None,
) -> ExportResult:
    """Export the adapter of a training run into a new folder, in one or more formats.

    Needs a passing verdict on exactly this base, these adapter weights and settings and this
    strength, from any judged evaluation in the project, or an override with name and reason,
    which report, card and manifest then show. Every artefact is asked ``items`` judged items of
    each task again, as it lies on disk. Raises `NotPassedError`, `InputError`, `StorageError`,
    `MissingExtraError`.
    """
    check_shard_size(shard_size)
    forms = forms_of(list(formats), merge=merge)
    source = open_source(project, adapter, scale)
    to = expanded(to).resolve()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InputError("the target is not empty", where=str(to), remedy="name a new folder")
    judged = verdict_on(project, source)
    passed = judged.verdict == "pass"
    if not passed:
        check_override(judged.verdict, override, adapter)
    need_base(source)
    going = _Going(project, source, judged, None if passed else override, licences or Told({}, {}))
    work = temporary_name(to)
    with storage_errors(to):
        try:
            work.mkdir(parents=True)
            sweep(to.parent)
            places = write_artefacts(project, source, forms, work, shard_size)
            parity = check_parity(project, source, judged, places, items=items)
            if going.override is not None:
                record_override(project, judged, source, going.override)
            files = _write_papers(going, places, parity, work)
            write_sums(work)
            if to.exists():
                to.rmdir()
            work.rename(to)
            sync_folder(to.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    result = ExportResult(str(to), files, parity, judged.verdict, not passed, [f.name for f in forms], scale)
    _log(going, result)
    return result


def exports(project: Project) -> list[dict[str, Any]]:
    """What was exported from a project, oldest first."""
    return read_lines(project.folder(LOG))


class _Going(NamedTuple):
    """What leaves, on which verdict; ``override`` only where it is needed."""

    project: Project
    source: Source
    judged: Judged
    override: Override | None
    told: Told


def _write_papers(
    going: _Going, places: dict[Form, Path], parity: dict[str, Any], work: Path
) -> dict[str, str]:
    """Cards, licences, report, bill of materials, serving page, manifest; returns all hashes."""
    project, source, judged, override, told = going
    when = time.strftime(TIME, time.gmtime())
    licences = carry_licences(source, work, told)
    verdict = read_json(judged.run.path / "verdict.json")["arms"][judged.arm] if judged.run else None
    results = _results(judged)
    card = model_card(
        project.name, source, list(places), licences, verdict, results, judged.verdict, override, parity
    )
    write_text(work / "README.md", card)
    for manifest in source.trainings[-1:]:
        write_text(work / "DATA_CARD.md", data_card(project, manifest["dataset"]["ref"]))
    if judged.run is not None:
        build_report(project, judged.run, work / "report", judged.arm)
    _write_serving(project, source, places, work)
    bill = bill_of_materials(project, source, licences, results, hashes(work), when)
    write_json(work / "bom.cdx.json", bill)
    files = hashes(work)
    write_json(work / "manifest.json", _manifest(going, when) | {"files": files, "parity": parity})
    return files


def _results(judged: Judged) -> list[dict[str, Any]]:
    if judged.run is None:
        return []
    return [row for row in summary(read_evaluation(judged.run)) if row["arm"] == judged.arm]


def _write_serving(project: Project, source: Source, places: dict[Form, Path], work: Path) -> None:
    tokenizer = base_tokenizer(source)
    stops = stop_texts(tokenizer, generation_settings(source.base))
    write_text(work / "chat_template.jinja", str(tokenizer.chat_template))
    name = served_name(project.name)
    told = commands(
        name,
        source.base_name,
        [(form, place.relative_to(work).as_posix()) for form, place in places.items()],
        read_json(work / "adapter" / "adapter_config.json"),
        weights_dtype(source.base),
    )
    notes = [
        "vLLM and transformers read the template and the stop tokens from the model's folder; "
        "`transformers serve` needs `pip install 'transformers[serving]'`.",
        "These commands were written, not run, by the export. What was run is the check in `manifest.json`.",
    ]
    if not HUB_NAME.fullmatch(source.base_name):
        notes.append(f"`{source.base_name}` is a folder of its own: name where it lies on your machine.")
    write_text(work / "SERVING.md", serving_page(told, name, stops, notes))


def _manifest(going: _Going, when: str) -> dict[str, Any]:
    project, source, judged, override, _ = going
    refs = dict.fromkeys(manifest["dataset"]["ref"] for manifest in source.trainings)
    evaluation = read_json(judged.run.path / "manifest.json") if judged.run else None
    return {
        "project": project.name,
        "exported": when,
        "workbench": __version__,
        "base": source.base_name,
        "scale": source.scale,
        "verdict": judged.verdict,
        "judged": {"run": judged.run.id if judged.run else None, "arm": judged.arm, **identity(source)},
        "override": asdict(override) if override else None,
        "evaluation": without_paths(evaluation),
        "trainings": without_paths(source.trainings),
        "datasets": {ref: dataset_history(project, ref) for ref in refs},
    }


def _log(going: _Going, result: ExportResult) -> None:
    run = going.judged.run
    append_line(
        going.project.folder(LOG),
        {
            "when": time.strftime(TIME, time.gmtime()),
            "evaluation": run.id if run else None,
            "arm": going.judged.arm,
            "adapter": going.source.name,
            "scale": result.scale,
            "formats": result.formats,
            "verdict": result.verdict,
            "override": asdict(going.override) if going.override else None,
            "parity": result.parity,
            "sums_sha256": file_sha256(Path(result.path) / SUMS),
            "path": result.path,
        },
    )
