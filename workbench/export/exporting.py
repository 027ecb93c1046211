"""Write what ships: safetensors, model card, data card, manifest. Refuses without a pass."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workbench import __version__
from workbench.errors import InputError, NotPassedError
from workbench.export.cards import data_card, model_card
from workbench.files import (
    append_line,
    expanded,
    file_sha256,
    read_json,
    storage_errors,
    sync_folder,
    temporary_name,
    write_json,
    write_text,
)
from workbench.lineage import adapter_history, dataset_history
from workbench.projects import Project
from workbench.report.building import build_report
from workbench.runs import Run, list_runs
from workbench.training.session import find_adapter

PARITY_TOLERANCE = {"float32": 1e-3, "float16": 0.5, "bfloat16": 0.5}
PARITY_PROMPTS = ("Hello.", "What is 2 plus 3?", "Write one short sentence about the sea.")


@dataclass(frozen=True)
class Override:
    """Who lets an adapter out without a passing verdict, and why."""

    by: str
    reason: str


@dataclass(frozen=True)
class ExportResult:
    """Where it lies, the SHA-256 of every file, and how close merged and adapter answer."""

    path: str
    files: dict[str, str]
    parity: dict[str, Any]
    verdict: str
    overridden: bool

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench export``."""
        return asdict(self)


def export(
    project: Project,
    adapter: str,
    to: Path,
    *,
    merge: bool = False,
    override: Override | None = None,
) -> ExportResult:
    """Export the adapter of a training run into a new folder.

    Needs a passing verdict on exactly these weights, from any judged evaluation in the
    project, or an override with name and reason, which the report and manifest then show.
    Raises `NotPassedError`, `InputError`, `StorageError`.
    """
    source = find_adapter(project, adapter)
    to = expanded(to).resolve()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InputError("the target is not empty", where=str(to), remedy="name a new folder")
    judged = find_verdict(project, source)
    evaluation, verdict = judged.run, judged.verdict
    if verdict != "pass":
        _check_override(verdict, override, adapter)
        if override is not None:
            _record_override(project, evaluation, source, override, verdict)
    work = temporary_name(to)
    with storage_errors(to):
        try:
            work.mkdir(parents=True)
            parity = _write_weights(project, source, work, merge=merge)
            _write_papers(project, source, judged, override, work)
            files = {
                str(path.relative_to(work)): file_sha256(path)
                for path in sorted(work.rglob("*"))
                if path.is_file()
            }
            manifest = _manifest(project, source, evaluation, verdict, override)
            write_json(work / "manifest.json", manifest | {"files": files, "parity": parity})
            if to.exists():
                to.rmdir()
            work.rename(to)
            sync_folder(to.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return ExportResult(str(to), files, parity, verdict, verdict != "pass")


class Judged(NamedTuple):
    """A verdict and where it was given; no run when these weights were never judged."""

    run: Run | None
    arm: str
    verdict: str


def find_verdict(project: Project, adapter: Path) -> Judged:
    """The newest verdict on exactly these weights."""
    digest = file_sha256(adapter / "adapter_model.safetensors")
    for run in list_runs(project, "evaluate"):
        if run.state != "finished" or not (run.path / "verdict.json").exists():
            continue
        for arm in read_json(run.path / "manifest.json")["arms"]:
            if arm["adapter_sha256"] == digest:
                verdicts = read_json(run.path / "verdict.json")["arms"]
                return Judged(run, arm["name"], str(verdicts[arm["name"]]["verdict"]))
    return Judged(None, "", "not evaluated")


def _check_override(verdict: str, override: Override | None, adapter: str) -> None:
    if override is None:
        raise NotPassedError(
            f"the gate has no pass for this adapter: {verdict}",
            where=adapter,
            remedy='evaluate and judge it, or take responsibility with --override --reason "…" --by NAME',
        )
    if not override.reason.strip() or not override.by.strip():
        raise InputError("an override needs a person and a reason", remedy='--reason "…" --by NAME')


def _record_override(
    project: Project, evaluation: Run | None, adapter: Path, override: Override, verdict: str
) -> None:
    append_line(
        project.folder("overrides.jsonl"),
        {
            "evaluation": evaluation.id if evaluation else None,
            "adapter": adapter.parent.name,
            "verdict": verdict,
            "by": override.by,
            "reason": override.reason,
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )


def _write_weights(project: Project, source: Path, work: Path, *, merge: bool) -> dict[str, Any]:
    target = work / "adapter"
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and path.suffix in (".safetensors", ".json", ".jinja", ".txt", ".model"):
            shutil.copy2(path, target / path.name)
    if not merge:
        return {"checked": False, "reason": "no merged model was asked for"}
    return _merge(_base_of(project, source), source, work / "merged")


def _merge(base: str, adapter: Path, target: Path) -> dict[str, Any]:
    """Merge, save, load again from disk, and compare logits on a few prompts."""
    import torch
    from peft import PeftModel

    from workbench.models import load_model, load_tokenizer

    tokenizer = load_tokenizer(base)
    model: Any = PeftModel.from_pretrained(load_model(base), str(adapter)).eval()
    batches = [tokenizer(text, return_tensors="pt")["input_ids"] for text in PARITY_PROMPTS]
    with torch.no_grad():
        before = [model(batch).logits.float() for batch in batches]
        merged = model.merge_and_unload()
        merged.config.use_cache = True
        merged.save_pretrained(str(target))
        tokenizer.save_pretrained(str(target))
        again: Any = load_model(str(target)).eval()
        after = [again(batch).logits.float() for batch in batches]
    difference = max(float((a - b).abs().max()) for a, b in zip(before, after, strict=True))
    dtype = str(next(again.parameters()).dtype).removeprefix("torch.")
    tolerance = PARITY_TOLERANCE.get(dtype, 1e-3)
    if difference > tolerance:
        raise InputError(
            f"the merged model answers differently: largest logit difference {difference:.4f}",
            where=str(target.name),
            remedy="export the adapter alone, without --merge",
        )
    same = all(bool((a.argmax(-1) == b.argmax(-1)).all()) for a, b in zip(before, after, strict=True))
    return {
        "checked": True,
        "prompts": len(PARITY_PROMPTS),
        "largest_logit_difference": difference,
        "tolerance": tolerance,
        "dtype": dtype,
        "same_top_token": same,
    }


def _write_papers(
    project: Project,
    source: Path,
    judged: Judged,
    override: Override | None,
    work: Path,
) -> None:
    history = adapter_history(project, source)
    own = read_json(judged.run.path / "verdict.json")["arms"][judged.arm] if judged.run else None
    write_text(work / "README.md", model_card(project.name, history, own, judged.verdict, override))
    for manifest in history[-1:]:
        write_text(work / "DATA_CARD.md", data_card(project, manifest["dataset"]["ref"]))
    if judged.run is not None:
        build_report(project, judged.run, work / "report", judged.arm)


def _manifest(
    project: Project, source: Path, evaluation: Run | None, verdict: str, override: Override | None
) -> dict[str, Any]:
    history = adapter_history(project, source)
    refs = dict.fromkeys(manifest["dataset"]["ref"] for manifest in history)
    return {
        "project": project.name,
        "exported": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "workbench": __version__,
        "verdict": verdict,
        "override": asdict(override) if override and verdict != "pass" else None,
        "evaluation": read_json(evaluation.path / "manifest.json") if evaluation else None,
        "trainings": history,
        "datasets": {ref: dataset_history(project, ref) for ref in refs},
    }


def _base_of(project: Project, source: Path) -> str:
    history = adapter_history(project, source)
    if history:
        return str(history[-1]["settings"]["base"])
    return str(read_json(source / "adapter_config.json")["base_model_name_or_path"])
