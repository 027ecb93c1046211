"""The report: self-contained and escaped. No model runs here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import InputError
from workbench.files import append_line, write_json
from workbench.judging import judge_run
from workbench.projects import Project, init_project
from workbench.report.building import build_report
from workbench.report.charts import Bar, interval_chart, line_chart
from workbench.runs import Run, create_run

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"


def arm_file(run: Run, arm: str, task: str, scores: list[int]) -> None:
    """Write an arm's answers as the evaluation does."""
    rows = [
        {"item": f"{i}:h", "score": float(s), "cluster": None, "prompt_hash": "p", "response": HOSTILE}
        | {"target": HOSTILE, "question": f"{HOSTILE} {i}"}
        for i, s in enumerate(scores)
    ]
    path = run.path / "arms" / arm / f"{task}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def evaluated(project: Project, lost: int) -> tuple[Run, Path]:
    """A finished evaluation of one adapter that lost some items of every retained task."""
    adapter = project.folder("adapters", "one")
    adapter.mkdir(parents=True, exist_ok=True)
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    write_json(adapter / "adapter_config.json", {"base_model_name_or_path": "tiny-chat"})
    suite = project.folder("evalsuites")
    suite.mkdir(exist_ok=True)
    for task in ("kept", "job"):
        (suite / f"{task}.yaml").write_text(
            f"task: {task}\ndataset_kwargs: {{data_files: {{test: x.jsonl}}}}\n"
        )
    (suite / "own.yaml").write_text(
        "name: own\ntasks: [{task: kept.yaml, role: retained}, {task: job.yaml, role: target}]\n"
    )
    arms: list[dict[str, Any]] = [
        {"name": "base", "prompt": None, "adapter": None},
        {"name": "prompted", "prompt": HOSTILE, "adapter": None},
        {"name": "sft", "prompt": None, "adapter": str(adapter)},
    ]
    config = {"base": HOSTILE, "suite": str(suite / "own.yaml"), "limit": None, "arms": arms}
    run = create_run(project, "evaluate", config)
    for arm in ("base", "prompted", "sft"):
        arm_file(
            run,
            arm,
            "kept",
            [1] * (300 - lost if arm == "sft" else 300) + [0] * (lost if arm == "sft" else 0),
        )
        arm_file(run, arm, "job", [1] * 200 + [0] * 100 if arm == "sft" else [0] * 300)
    import hashlib

    digest = hashlib.sha256(b"weights").hexdigest()
    entries = [arm | {"adapter_sha256": digest if arm["adapter"] else None} for arm in arms]
    write_json(run.path / "manifest.json", {"arms": entries, "items_sha256": "0" * 64})
    write_json(run.path / "result.json", {})
    append_line(run.path / "events.jsonl", {"event": "finished", "time": 0})
    return run, adapter


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def test_the_report_is_one_file_that_asks_for_nothing(project: Project) -> None:
    run, _ = evaluated(project, lost=2)
    judge_run(project, run)
    html = build_report(project, run).html.read_text(encoding="utf-8")
    assert not re.search(r"<(?:script|link|img|iframe|object)|@import|url\(|https?://", html)
    assert "Pass: this adapter may ship" in html
    assert "<svg" in html


def test_hostile_text_is_escaped_everywhere(project: Project) -> None:
    run, _ = evaluated(project, lost=40)
    judge_run(project, run)
    html = build_report(project, run).html.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{7*7}}" in html


def test_the_report_names_what_was_lost(project: Project) -> None:
    run, _ = evaluated(project, lost=40)
    verdict = judge_run(project, run)
    assert verdict["verdict"] == "fail"
    data = json.loads(build_report(project, run).json.read_text(encoding="utf-8"))
    assert data["verdict"]["tasks"][0]["verdict"] == "forgotten"
    assert {flip["task"] for flip in data["flips"]} == {"kept"}


def test_a_report_needs_a_verdict(project: Project) -> None:
    run, _ = evaluated(project, lost=0)
    with pytest.raises(InputError, match="not judged"):
        build_report(project, run)


def test_charts_escape_their_labels() -> None:
    chart = interval_chart([Bar(HOSTILE, 0.0, -0.01, 0.01, "retained", 0.05)], HOSTILE)
    assert "<script" not in chart
    assert "<script" not in line_chart({HOSTILE: [(0, 1), (1, 2)]}, HOSTILE, HOSTILE)
