"""Model card and data card, in the Markdown that model hubs show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.comparing import changes_between
from workbench.export.proof_card import personal_data_lines
from workbench.lineage import dataset_history
from workbench.projects import Project
from workbench.versions import open_dataset

if TYPE_CHECKING:
    from workbench.export.formats import Form
    from workbench.export.licences import Licence
    from workbench.export.override import Override
    from workbench.export.sources import Source

RELATIONS = {"adapter": "adapter", "merged": "finetune", "gguf": "quantized"}
HUB_DATASET = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def model_card(
    title: str,
    source: Source,
    forms: Sequence[Form],
    licences: Sequence[Licence],
    judged: dict[str, Any] | None,
    results: Sequence[dict[str, Any]],
    verdict: str,
    override: Override | None,
    parity: dict[str, Any],
) -> str:
    """What it is, what it was trained on, what was measured, what it may have forgotten.

    ``judged``: the verdict on this arm; ``results``: its rows of the evaluation's summary, with
    95 % intervals, which the front matter carries as ``model-index``.
    """
    lines = [
        "---",
        _metadata(title, source, forms, licences, results).strip(),
        "---",
        "",
        f"# {plain(title)}: fine-tuned {'adapter' if len(forms) == 1 else 'model'}",
        "",
        f"Verdict of the release gate: **{plain(verdict)}**.",
    ]
    if source.scale != 1.0:
        lines.append(f"The adapter is used at strength {source.scale:g} (1 is as trained).")
    if override is not None and verdict != "pass":
        lines.append(f"Released against the gate by {plain(override.by)}: {plain(override.reason)}")
    lines += ["", "## Training", "", f"- Base: {plain(source.base_name)}"]
    for manifest in source.trainings:
        own = manifest["settings"]
        lines.append(
            f"- {own['method'].upper()} on {manifest['rows']['train']} rows of {manifest['dataset']['ref']} "
            f"({manifest['rows']['replay']} replay), LoRA rank {own['lora_r']}, learning rate "
            f"{own['learning_rate']}, seed {own['seed']}"
        )
    lines += [*_measured(judged), *_checked(parity), *_licensed(licences)]
    lines += [
        "",
        "How to serve it: `SERVING.md`. What it is made of: `bom.cdx.json`. Everything needed to trace",
    ]
    lines += ["and repeat it: `manifest.json`. Whether a file has changed: `sha256sum -c SHA256SUMS`.", ""]
    return "\n".join(lines)


def data_card(project: Project, ref: str) -> str:
    """Rows, labels, every reason for which rows were dropped or edited, and what became of personal data."""
    dataset = open_dataset(project, ref)
    history = dataset_history(project, ref)
    first = open_dataset(project, history[0]["ref"])
    reasons: dict[str, int] = {}
    for change in changes_between(project, first, dataset):
        key = f"{change['change']}: {change['step']} / {change['kind']}"
        reasons[key] = reasons.get(key, 0) + 1
    lines = [f"# Data card: {ref}", "", f"{dataset.rows} rows, content hash `{dataset.content_hash}`.", ""]
    lines += ["## History", ""]
    lines += [f"- {entry['ref']}: {entry['verb']}, {entry['rows']} rows" for entry in history]
    lines += ["", "## Changes by reason", ""]
    lines += [f"- {reason}: {count}" for reason, count in sorted(reasons.items())] or ["- none"]
    lines += ["", "## Labels", ""]
    labels = dataset.manifest["counts"]["label"]
    lines += [f"- {plain(label) or '(none)'}: {count}" for label, count in labels.items()]
    lines += personal_data_lines(project, dataset)
    return "\n".join(lines) + "\n"


def plain(text: object) -> str:
    """Make a text safe in Markdown and YAML: one line, no markup characters."""
    return "".join(" " if c in "\r\n|<>`[]{}#*" else c for c in str(text)).strip()


def _metadata(
    title: str,
    source: Source,
    forms: Sequence[Form],
    licences: Sequence[Licence],
    results: Sequence[dict[str, Any]],
) -> str:
    """The hub's front matter; its relation to the base is that of the furthest form."""
    from huggingface_hub import EvalResult, ModelCardData

    refs = [licence.of.partition("@")[0] for licence in licences if licence.part == "data"]
    own = next((licence.name for licence in licences if licence.part == "model"), "unknown")
    known = re.fullmatch(r"[a-z0-9.-]+", own) is not None
    kinds = [form.kind for form in forms]
    found = [
        EvalResult(
            task_type="text-generation",
            dataset_type=plain(row["task"]),
            dataset_name=plain(row["task"]),
            metric_type=plain(row["metric"]).replace(" ", "_"),
            metric_value=round(float(row["value"]), 6),
            metric_name=plain(row["metric"]),
            metric_args={
                "low": round(row["low"], 6),
                "high": round(row["high"], 6),
                "interval": 0.95,
                "items": row["n"],
            },
        )
        for row in results
    ]
    data = ModelCardData(
        base_model=plain(source.base_name),
        library_name="transformers" if "merged" in kinds else "gguf" if "gguf" in kinds else "peft",
        pipeline_tag="text-generation",
        license=own if known else "other",
        license_name=None if known else plain(own),
        datasets=[ref for ref in refs if HUB_DATASET.fullmatch(ref)] or None,
        tags=["lora", "workbench"],
        model_name=plain(title) if found else None,
        eval_results=found or None,
        base_model_relation=RELATIONS["merged" if "merged" in kinds else kinds[-1]],
    )
    return str(data.to_yaml())


def _measured(judged: dict[str, Any] | None) -> list[str]:
    if not judged:
        return []
    lines = [
        "",
        "## Measured",
        "",
        "| task | role | items | base | adapter | change | bounds | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for task in judged["tasks"]:
        lines.append(
            f"| {plain(task['task'])} | {task['role']}, over {plain(task['against'])} | {task['n']} | "
            f"{100 * task['old']:.1f} % | {100 * task['new']:.1f} % | {100 * task['delta']:+.1f} | "
            f"{100 * task['low']:+.1f} to {100 * task['high']:+.1f} | {task['verdict']} |"
        )
    return lines


def _checked(parity: dict[str, Any]) -> list[str]:
    lines = ["", "## Checked after export", ""]
    for name, found in parity.get("artefacts", {}).items():
        gap = found["largest_difference"]
        told = f", log-likelihoods within {gap:.2g} nats" if gap is not None else ""
        lines.append(
            f"- {plain(name)}: {found['flips']} of {found['items']} items answered otherwise "
            f"than {plain(found['against'])}{told}"
        )
    return lines


def _licensed(licences: Sequence[Licence]) -> list[str]:
    lines = ["", "## Licences", ""]
    return lines + [
        f"- {entry.part} {plain(entry.of)}: {plain(entry.name)} ({entry.known_by})" for entry in licences
    ]
