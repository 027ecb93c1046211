"""Build a report: HTML, JSON and Markdown from stored files, and the chain of what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.files import file_sha256, write_json, write_text
from workbench.lineage import adapter_history
from workbench.projects import Project
from workbench.report.evidence import sources
from workbench.report.gathering import judged_arm, report_data
from workbench.report.markdown import markdown
from workbench.report.rendering import render
from workbench.runs import Run
from workbench.signing.chain import CHAIN, Chain, Source, extend, write_chain
from workbench.signing.keys import SIGNATURE

__all__ = ["Report", "build_report", "render", "report_data", "report_folder"]


@dataclass(frozen=True)
class Report:
    """Where the report lies. ``sha256`` is the head of its chain, which stands for all of it."""

    html: Path
    json: Path
    markdown: Path
    chain: Path
    sha256: str
    verdict: str


def build_report(project: Project, run: Run, folder: Path | None = None, arm: str | None = None) -> Report:
    """Write ``report.html``, ``.json`` and ``.md`` of a judged evaluation, and ``chain.json``.

    About the last candidate of the evaluation, unless another ``arm`` is named. The same
    stored files give the same bytes; a signature of other bytes is taken away. Raises
    `InputError` and `NotFoundError`.
    """
    data = report_data(project, run, arm)
    folder = folder or report_folder(project, run, arm)
    judged = judged_arm(run, arm)
    trainings = adapter_history(project, judged.adapter) if judged.adapter else []
    weights = judged.adapter or (Path(judged.entry["model"]) if judged.entry.get("model") else None)
    write_json(folder / "report.json", data)
    dial = (data["dial"] or {}).get("run")
    evidence = sources(project, run, weights, trainings, dial)
    chain = extend(Chain(()), [*evidence, Source("report.json", "report")], project.root, folder)
    write_text(folder / "report.html", render(data, chain.head))
    write_text(folder / "report.md", markdown(data, chain.head))
    own = [Source(name, "report") for name in ("report.html", "report.md")]
    chain = extend(chain, own, project.root, folder)
    before = file_sha256(folder / CHAIN) if (folder / CHAIN).exists() else None
    path = write_chain(folder, chain)
    if file_sha256(path) != before:
        (folder / (CHAIN + SIGNATURE)).unlink(missing_ok=True)
    return Report(
        folder / "report.html",
        folder / "report.json",
        folder / "report.md",
        path,
        chain.head,
        str(data["verdict"]["verdict"]),
    )


def report_folder(project: Project, run: Run, arm: str | None = None) -> Path:
    """Where a report lies unless it is told: ``reports/RUN``, and below it those of other candidates."""
    home, last = project.folder("reports", run.id), judged_arm(run).arm
    return home if arm in (None, last) else home / str(arm)
