"""The whole loop, for real: the demo, its verdicts, and forgetting when there is no replay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.demo.loop import NAIVE_SETTINGS
from workbench.evaluation import create_evaluation
from workbench.judging import judge_run
from workbench.projects import Project
from workbench.runs import start_run, wait_run
from workbench.starting import create_training
from workbench.training.settings import make_settings
from workbench.versions import open_dataset

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run ``workbench demo`` once, as a user would."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli.main", "demo", str(folder / "p"), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    found["stderr"] = done.stderr
    return found


def judged(demo: dict[str, Any]) -> dict[str, Any]:
    path = Path(demo["project"]) / "runs" / demo["runs"]["evaluate"] / "verdict.json"
    verdict: dict[str, Any] = json.loads(path.read_text())
    return verdict


def test_the_default_recipe_with_replay_passes(demo: dict[str, Any]) -> None:
    assert demo["verdict"] == "pass", demo["reasons"]
    assert Path(demo["report"]).exists()
    assert (Path(demo["export"]) / "merged" / "model.safetensors").exists()


def test_sft_lifts_the_target_by_forty_points(demo: dict[str, Any]) -> None:
    (topic,) = [
        task
        for task in judged(demo)["arms"]["sft"]["tasks"]
        if task["task"] == "support_topic" and task["against"] == "base"
    ]
    assert topic["delta"] >= 0.40


def test_retained_skills_of_the_base_are_real(demo: dict[str, Any]) -> None:
    retained = [t for t in judged(demo)["tasks"] if t["role"] == "retained"]
    assert sum(task["old"] >= 0.90 for task in retained) >= 5


def test_what_was_planted_is_found(demo: dict[str, Any]) -> None:
    for kind in (
        "exact_verbatim",
        "exact_normalised",
        "near_duplicate",
        "secret",
        "leaked_item",
        "malformed",
    ):
        assert demo["found"][kind]["found"] == demo["found"][kind]["planted"] > 0, kind
    for kind in ("personal_data", "quality_fault", "preference_personal_data", "gap"):
        assert demo["found"][kind]["found"] >= 0.75 * demo["found"][kind]["planted"], kind


def test_progress_is_shown_throughout(demo: dict[str, Any]) -> None:
    for stage in (
        "import",
        "propose",
        "publish",
        "split",
        "preflight",
        "sft",
        "dpo",
        "evaluate",
        "judge",
        "report",
    ):
        assert f"{stage}: " in demo["stderr"]


def test_no_planted_value_is_left_in_the_cleaned_rows(demo: dict[str, Any]) -> None:
    project = Project(Path(demo["project"]))
    text = json.dumps(list(open_dataset(project, "chats").examples()))
    for mark in ("AKIA", "ghp_", "xoxb-", "PRIVATE KEY", "@mail.example"):
        assert mark not in text, mark


def test_naive_training_without_replay_is_caught_forgetting(demo: dict[str, Any]) -> None:
    project = Project(Path(demo["project"]))
    settings = make_settings(
        "sft", overrides={**NAIVE_SETTINGS, "data": open_dataset(project, "chats").ref, "base": "tiny-chat"}
    )
    run = create_training(project, settings)
    start_run(run)
    wait_run(run)
    evaluation = create_evaluation(project, base="tiny-chat", suite="demo", adapters=[f"naive={run.id}"])
    start_run(evaluation)
    wait_run(evaluation)
    verdict = judge_run(project, evaluation)
    assert verdict["verdict"] == "fail"
    assert sum(task["verdict"] == "forgotten" for task in verdict["tasks"]) >= 2
