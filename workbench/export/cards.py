"""Model card and data card, in the Markdown that model hubs show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.comparing import changes_between
from workbench.export.proof_card import personal_data_lines
from workbench.lineage import dataset_history
from workbench.projects import Project
from workbench.versions import open_dataset

if TYPE_CHECKING:
    from workbench.export.exporting import Override


def model_card(
    title: str,
    trainings: list[dict[str, Any]],
    judged: dict[str, Any] | None,
    verdict: str,
    override: Override | None,
) -> str:
    """What it is, what it was trained on, what was measured, what it may have forgotten."""
    settings = trainings[-1]["settings"] if trainings else {}
    lines = [
        "---",
        f"base_model: {_plain(settings.get('base', 'unknown'))}",
        "library_name: peft",
        "tags: [lora, workbench]",
        "---",
        "",
        f"# {_plain(title)}: fine-tuned adapter",
        "",
        f"Verdict of the release gate: **{verdict}**.",
    ]
    if override is not None and verdict != "pass":
        lines.append(f"Released against the gate by {_plain(override.by)}: {_plain(override.reason)}")
    lines += ["", "## Training", ""]
    for manifest in trainings:
        own = manifest["settings"]
        lines.append(
            f"- {own['method'].upper()} on {manifest['rows']['train']} rows of {manifest['dataset']['ref']} "
            f"({manifest['rows']['replay']} replay), LoRA rank {own['lora_r']}, learning rate "
            f"{own['learning_rate']}, seed {own['seed']}"
        )
    if judged:
        lines += [
            "",
            "## Measured",
            "",
            "| task | role | items | base | adapter | change | bounds | verdict |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for task in judged["tasks"]:
            lines.append(
                f"| {_plain(task['task'])} | {task['role']}, over {task['against']} | {task['n']} | "
                f"{100 * task['old']:.1f} % | {100 * task['new']:.1f} % | {100 * task['delta']:+.1f} | "
                f"{100 * task['low']:+.1f} to {100 * task['high']:+.1f} | {task['verdict']} |"
            )
    lines += ["", "Everything needed to trace and repeat it is in `manifest.json`.", ""]
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
    lines += [f"- {_plain(label) or '(none)'}: {count}" for label, count in labels.items()]
    lines += personal_data_lines(project, dataset)
    return "\n".join(lines) + "\n"


def _plain(text: object) -> str:
    """Make a text safe in Markdown and YAML: one line, no markup characters."""
    return "".join(" " if c in "\r\n|<>`[]{}#*" else c for c in str(text)).strip()
