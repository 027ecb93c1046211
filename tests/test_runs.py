"""Runs: state is read from files; any program that follows the protocol is a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.make import example, sentence, stored
from workbench.errors import BusyError, InputError, NotFoundError, RunFailedError
from workbench.files import append_line, write_json
from workbench.projects import Project, init_project
from workbench.runs import Run, cancel_run, create_run, list_runs, open_run, result_of, start_run, wait_run
from workbench.starting import create_proposal
from workbench.worker import explain

HOLDER = """
import sys, time
from pathlib import Path
from workbench.runs import Run
from workbench.worker import Worker, work

def job(worker):
    for i in range(600):
        worker.progress(i, 600, "ticks")
        time.sleep(0.05)
    return {}

sys.exit(work(Path(sys.argv[1]), job))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def started(run: Run) -> subprocess.Popen[bytes]:
    """Start a long job in a session of its own and wait until it runs."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(run.path)], start_new_session=True)
    deadline = time.time() + 30
    while run.state != "running" and time.time() < deadline:
        time.sleep(0.05)
    assert run.state == "running"
    return process


def test_states_follow_from_files(project: Project) -> None:
    run = create_run(project, "propose", {})
    assert run.state == "lost"
    append_line(run.path / "events.jsonl", {"event": "launched", "time": time.time()})
    assert run.state == "queued"
    append_line(run.path / "events.jsonl", {"event": "failed", "time": 0, "reason": "r", "advice": "a"})
    assert run.state == "failed"
    with pytest.raises(RunFailedError, match="r") as error:
        result_of(run)
    assert error.value.remedy == "a"
    write_json(run.path / "result.json", {"x": 1})
    assert run.state == "finished"


def test_a_killed_process_leaves_a_lost_run(project: Project) -> None:
    run = create_run(project, "propose", {})
    process = started(run)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert run.state == "lost"
    with pytest.raises(RunFailedError, match="gone"):
        result_of(run)


def test_cancel_stops_a_run(project: Project) -> None:
    run = create_run(project, "propose", {})
    process = started(run)
    assert cancel_run(run) == "cancelled"
    assert process.wait() == 130


def test_cancelling_a_relaunched_run_spares_the_process_of_its_first_launch(project: Project) -> None:
    """The old number may be anybody's by now."""
    run = create_run(project, "propose", {})
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    append_line(run.path / "events.jsonl", {"event": "started", "time": 0, "pid": stranger.pid})
    append_line(run.path / "events.jsonl", {"event": "launched", "time": time.time()})
    assert run.state == "queued"
    assert cancel_run(run, wait_seconds=0.1) == "cancelled"
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_running_run_is_not_started_twice(project: Project) -> None:
    run = create_run(project, "propose", {})
    process = started(run)
    with pytest.raises(BusyError):
        start_run(run)
    cancel_run(run)
    process.wait()


def test_training_runs_wait_for_one_another(project: Project) -> None:
    first, second = create_run(project, "sft", {}), create_run(project, "dpo", {})
    one = started(first)
    two = subprocess.Popen([sys.executable, "-c", HOLDER, str(second.path)], start_new_session=True)
    time.sleep(1.5)
    assert (first.state, second.state) == ("running", "queued")
    cancel_run(first)
    one.wait()
    deadline = time.time() + 30
    while second.state != "running" and time.time() < deadline:
        time.sleep(0.1)
    assert second.state == "running"
    cancel_run(second)
    two.wait()


def test_a_queued_run_can_be_cancelled(project: Project) -> None:
    first, second = create_run(project, "sft", {}), create_run(project, "sft", {})
    one = started(first)
    two = subprocess.Popen([sys.executable, "-c", HOLDER, str(second.path)], start_new_session=True)
    while second.state != "queued":
        time.sleep(0.05)
    assert cancel_run(second) == "cancelled"
    cancel_run(first)
    one.wait()
    two.wait()


def test_a_proposal_runs_in_a_process_of_its_own(project: Project) -> None:
    dataset = stored(project, "d", [example(sentence(i), "ok.") for i in range(20)])
    (project.root / "recipes").mkdir()
    project.folder("recipes", "small.yaml").write_text("steps: [quality, exact_duplicates]")
    run = create_proposal(project, dataset.ref, "small")
    start_run(run)
    events: list[str] = []
    result = wait_run(run, lambda event: events.append(event["event"]))
    assert [step["step"] for step in result["steps"]] == ["quality", "exact_duplicates"]
    assert events[0] == "launched"
    assert "started" in events
    assert json.loads((run.path / "result.json").read_text())["dataset"] == "d@v0001"


@pytest.mark.slow
def test_a_worker_that_fails_says_why(project: Project) -> None:
    dataset = stored(project, "d", [example("q", "a.")])
    project.folder("recipes").mkdir()
    project.folder("recipes", "bad.yaml").write_text("steps: [clusters: {embedder: no-such-model/here}]")
    for i in range(6):
        dataset = stored(project, "d", [example(f"q{i}{j}", "a.") for j in range(8)])
    run = create_proposal(project, dataset.ref, "bad")
    start_run(run)
    with pytest.raises(RunFailedError) as error:
        wait_run(run)
    assert error.value.remedy


def test_runs_are_found_by_their_beginning(project: Project) -> None:
    run = create_run(project, "propose", {})
    assert open_run(project, run.id[:-2]).id == run.id
    assert [r.id for r in list_runs(project)] == [run.id]
    with pytest.raises(NotFoundError):
        open_run(project, "nothing")
    with pytest.raises(InputError):
        open_run(project, "../etc")


def test_out_of_memory_is_explained() -> None:
    reason, advice = explain(RuntimeError("CUDA out of memory. Tried to allocate"))
    assert "memory" in reason
    assert "batch_size" in advice
