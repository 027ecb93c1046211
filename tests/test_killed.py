"""A process that is killed (SIGKILL) at any moment costs no data, and the same command again finishes."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, command_line, environment
from tests.make import chat, example, proposed, sentence, stored, write_jsonl
from workbench.errors import InputError
from workbench.evaluation import create_evaluation
from workbench.files import read_json, sweep, temporary_name, write_text
from workbench.findings import findings_folder, read_findings
from workbench.projects import Project, init_project
from workbench.publishing import publish
from workbench.runs import Run, cancel_run, create_run, list_runs, resume_run, start_run, wait_run
from workbench.starting import create_proposal, create_training
from workbench.training.settings import make_settings
from workbench.versions import dataset_versions, open_dataset

pytestmark = pytest.mark.slow

ROWS = 6000
DELAYS = (0.0, 0.05, 0.15, 0.3, 0.6)
CHEAP = "steps: [quality, secrets, exact_duplicates]"


def started(project: Project, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a command and leave it going."""
    return subprocess.Popen(
        command_line(*arguments),
        cwd=project.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Look every two milliseconds until something holds."""
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, "it never came to that"
        time.sleep(0.002)


def killed_while_writing(process: subprocess.Popen[bytes], home: Path, delay: float) -> bool:
    """Kill a command some time after it began to write a version; say whether it still lived."""
    wait_until(lambda: process.poll() is not None or any(home.glob(".writing.*")))
    time.sleep(delay)
    alive = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL) if alive else None
    process.wait()
    return alive


def kill_worker(run: Run) -> None:
    """Kill a run's whole session, as the machine would when memory ends."""
    process_id = next(event["pid"] for event in reversed(run.events()) if "pid" in event)
    os.killpg(process_id, signal.SIGKILL)
    wait_until(lambda: run.state != "running")


def leftovers(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.name.endswith(".tmp"))


def large_file(project: Project) -> Path:
    """Chats of which every tenth is a duplicate and every hundredth line is broken."""
    file = project.root / "large.jsonl"
    numbers = [i % (ROWS * 9 // 10) for i in range(ROWS)]
    rows = [chat(f"{n} {sentence(n % 400)}?", sentence(n % 400 + 9000)) for n in numbers]
    write_jsonl(file, rows)
    lines = file.read_text().splitlines()
    lines[::100] = ["broken"] * len(lines[::100])
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def undisturbed(tmp_path: Path) -> Project:
    """A second project, in which nothing is killed."""
    return init_project(tmp_path / "undisturbed")


def test_import_killed_at_several_moments(cli: Command, project: Project, undisturbed: Project) -> None:
    file = large_file(project)
    cli("import", file, "--name", "d", cwd=undisturbed.root)
    wanted = open_dataset(undisturbed, "d").content_hash
    home = project.folder("datasets", "d")
    hits = 0
    for delay in DELAYS:
        hits += killed_while_writing(started(project, "import", file, "--name", "d"), home, delay)
        assert {dataset.content_hash for dataset in dataset_versions(project, "d")} <= {wanted}
        assert cli("datasets", "--json").returncode == 0
    answer = cli("import", file, "--name", "d", "--json")
    assert answer.data["rows_in"] == ROWS == answer.data["rows_out"] + answer.data["rejects"]
    assert cli("show", "d", "--json").data["manifest"]["content_hash"] == wanted
    assert open_dataset(project, "d").ref == "d@v0001"
    assert leftovers(home) == []
    assert hits


def test_publish_killed_at_several_moments(cli: Command, project: Project, undisturbed: Project) -> None:
    file = large_file(project)
    for place in (project, undisturbed):
        cli("import", file, "--name", "d", cwd=place.root)
        proposed(place, open_dataset(place, "d"), "[exact_duplicates]")
    publish(undisturbed, open_dataset(undisturbed, "d"))
    wanted = open_dataset(undisturbed, "d@2").manifest
    home = project.folder("datasets", "d")
    hits = 0
    for delay in DELAYS:
        hits += killed_while_writing(started(project, "publish", "d@1"), home, delay)
        assert {d.content_hash for d in dataset_versions(project, "d")[1:]} <= {wanted["content_hash"]}
        assert cli("show", "d", "--json").returncode == 0
    assert cli("publish", "d@1", "--json").returncode == 0
    found = open_dataset(project, "d").manifest
    assert (found["version"], found["content_hash"]) == (2, wanted["content_hash"])
    assert found["files"] == wanted["files"]
    assert (home / "v0002" / "changes.parquet").exists()
    assert leftovers(home) == []
    assert hits


def proposal(project: Project, recipe: str) -> Run:
    """Start a proposal of a recipe's text, with two worker processes."""
    file = project.root / f"{hashlib.sha256(recipe.encode()).hexdigest()[:8]}.yaml"
    file.write_text(recipe)
    run = create_proposal(project, "d", str(file), workers=2)
    start_run(run)
    return run


def several_thousand(project: Project) -> None:
    stored(
        project,
        "d",
        [example(f"{i % 2700} {sentence(i % 300)}", sentence(i % 300 + 9000)) for i in range(3000)],
    )


def test_a_killed_proposal_is_lost_and_goes_on_when_resumed(project: Project, undisturbed: Project) -> None:
    for place in (project, undisturbed):
        several_thousand(place)
    proposed(undisturbed, open_dataset(undisturbed, "d"), "[quality, secrets, exact_duplicates]")
    wanted = [finding.as_dict() for finding in read_findings(undisturbed, open_dataset(undisturbed, "d"))]
    assert len(wanted) >= 300
    folder = findings_folder(project, open_dataset(project, "d"))
    run = proposal(project, CHEAP)
    for files in (0, 1):
        wait_until(lambda run=run: run.state == "running")
        wait_until(lambda files=files: len(list(folder.glob("*.parquet"))) >= files)
        kill_worker(run)
        assert run.state == "lost"
        with pytest.raises(InputError, match="no findings"):
            publish(project, open_dataset(project, "d"))
        with (run.path / "events.jsonl").open("ab") as events:
            events.write(b'{"event": "torn')
        resume_run(run)
    wait_run(run)
    assert [finding.as_dict() for finding in read_findings(project, open_dataset(project, "d"))] == wanted
    assert leftovers(folder) == []
    assert [other.state for other in list_runs(project)] == ["finished"]


def test_a_new_proposal_after_a_killed_one_gives_the_same_findings(
    project: Project, undisturbed: Project
) -> None:
    for place in (project, undisturbed):
        several_thousand(place)
    proposed(undisturbed, open_dataset(undisturbed, "d"), "[quality, secrets, exact_duplicates]")
    killed = proposal(project, CHEAP)
    wait_until(lambda: killed.state == "running")
    kill_worker(killed)
    wait_run(proposal(project, CHEAP))
    found = [finding.as_dict() for finding in read_findings(project, open_dataset(project, "d"))]
    assert found == [f.as_dict() for f in read_findings(undisturbed, open_dataset(undisturbed, "d"))]


ENGINES = [
    "workers",
    pytest.param(
        "ray",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("ray") is None, reason="the extra ray is not installed"
        ),
    ),
]
SHARDED = "[language, exact_duplicates]"


def in_the_middle_of_a_step(project: Project, engine: str) -> Run:
    """Start a proposal and wait until one shard of its first step is done."""
    file = project.root / "r.yaml"
    file.write_text(f"steps: {SHARDED}")
    run = create_proposal(project, "d", str(file), 2, engine=engine)
    start_run(run)
    wait_until(lambda: shards_left(project), 200)
    return run


def shards_left(project: Project) -> list[Path]:
    return sorted(findings_folder(project, open_dataset(project, "d")).glob(".shards/*/[0-9]*"))


@pytest.fixture(scope="module")
def undisturbed_rows(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four shards of rows that take the step a while, with the findings of an undisturbed proposal."""
    project = init_project(tmp_path_factory.mktemp("undisturbed") / "p")
    rows = [example(f"{i} {sentence(i, 20)}", sentence(i + 9000, 40)) for i in range(7000)]
    proposed(project, stored(project, "d", rows), SHARDED)
    return project


def descendants(process_id: str) -> list[str]:
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    if not children.exists():
        pytest.skip("this kernel does not list children")
    below = children.read_text().split()
    return below + [deeper for child in below for deeper in descendants(child)]


def process_of(run: Run) -> int:
    return int(next(event["pid"] for event in reversed(run.events()) if "pid" in event))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("end", ["kill", "cancel"])
def test_a_step_that_is_ended_halfway_goes_on_with_its_shards(
    tmp_path: Path, undisturbed_rows: Project, engine: str, end: str
) -> None:
    shutil.copytree(undisturbed_rows.root, tmp_path / "q", ignore=shutil.ignore_patterns("findings"))
    project = Project(tmp_path / "q")
    run = in_the_middle_of_a_step(project, engine)
    below = descendants(str(process_of(run)))
    assert len(below) >= 2
    if end == "kill":
        os.kill(process_of(run), signal.SIGKILL)
        wait_until(lambda: run.state == "lost")
    else:
        assert cancel_run(run) == "cancelled"
    wait_until(lambda: not any(is_alive(child) for child in below), 150)  # agents of Ray take a minute
    kept = {path: path.stat().st_ino for path in shards_left(project)}
    assert kept
    resume_run(run)
    wait_until(lambda: len(shards_left(project)) != len(kept), 200)
    again = {path: path.stat().st_ino for path in shards_left(project) if path in kept}
    assert again
    assert again.items() <= kept.items()
    wait_run(run)
    found, wanted = (
        findings_folder(place, open_dataset(place, "d")) for place in (project, undisturbed_rows)
    )
    for name in ("language.parquet", "exact_duplicates.parquet"):
        assert (found / name).read_bytes() == (wanted / name).read_bytes()
    assert shards_left(project) == []


def test_a_long_stretch_without_progress_is_cancelled(project: Project) -> None:
    job = """
import sys, time
from pathlib import Path
from workbench.jobs import interruptible
from workbench.worker import work

def job(worker):
    with interruptible(worker):
        worker.event("busy")
        while True:
            time.sleep(60)

sys.exit(work(Path(sys.argv[1]), job))
"""
    run = create_run(project, "propose", {})
    process = subprocess.Popen(
        [sys.executable, "-c", job, str(run.path)], env=environment(), start_new_session=True
    )
    wait_until(lambda: any(event["event"] == "busy" for event in run.events()))
    assert cancel_run(run) == "cancelled"
    assert process.wait() == 130


def test_findings_of_a_half_done_second_recipe_cannot_be_published(project: Project) -> None:
    several_thousand(project)
    proposed(project, open_dataset(project, "d"), "[quality, exact_duplicates]")
    run = proposal(project, "steps: [{quality: {refusal: false}}, secrets, near_duplicates]")
    folder = findings_folder(project, open_dataset(project, "d"))
    wait_until(lambda: not (folder / "exact_duplicates.parquet").exists())
    kill_worker(run)
    with pytest.raises(InputError, match="no findings"):
        publish(project, open_dataset(project, "d"))


def test_a_killed_worker_leaves_no_process_behind(project: Project) -> None:
    several_thousand(project)
    run = proposal(project, CHEAP)
    wait_until(lambda: any("pid" in event for event in run.events()))
    process_id = next(event["pid"] for event in run.events() if "pid" in event)
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    if not children.exists():
        pytest.skip("this kernel does not list children")
    wait_until(lambda: len(children.read_text().split()) >= 3)
    below = children.read_text().split()
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: run.state == "lost")
    wait_until(lambda: not any(is_alive(child) for child in below), 15)


def is_alive(process_id: str) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_an_interrupt_cancels_the_proposal_and_it_can_go_on(cli: Command, project: Project) -> None:
    several_thousand(project)
    (project.root / "r.yaml").write_text(CHEAP)
    process = started(project, "propose", "d", "--recipe", "r.yaml", "--workers", "1")
    wait_until(lambda: any(run.state == "running" for run in list_runs(project)))
    (run,) = list_runs(project)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert run.state == "cancelled"
    assert cli("resume", run.id, "--json").data["state"] == "finished"


@pytest.mark.parametrize("line", [["import", "large.jsonl", "--name", "d"], ["split", "big"]])
def test_an_interrupt_leaves_nothing_behind(project: Project, line: list[str]) -> None:
    large_file(project)
    stored(project, "big", [example(f"{i} {sentence(i % 300)}", sentence(i % 300)) for i in range(3000)])
    process = subprocess.Popen(
        command_line(*line), cwd=project.root, env=environment(), stderr=subprocess.PIPE, text=True
    )
    home = project.folder("datasets", "d" if line[0] == "import" else "big")
    wait_until(lambda: process.poll() is not None or any(home.glob(".writing.*")))
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode in (0, 130)
    assert "Traceback" not in told
    assert leftovers(home) == []


# --- what a writer leaves


def left_by(name: str, writer: str, process_id: int) -> str:
    """The name that a writer of another process, and maybe of another machine, would have given."""
    mine = temporary_name(Path(name)).name
    host = mine.split(".on-")[1].split(".")[0]
    return mine.replace(f".on-{host}.", f".on-{writer or host}.").replace(
        f".{os.getpid()}.tmp", f".{process_id}.tmp"
    )


def test_only_what_a_dead_writer_of_this_machine_left_is_swept_away(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = process.pid
    gone = [left_by("a.json", "", dead), f".a.parquet.{dead}.tmp", f".writing-0123abcd.{dead}.tmp"]
    stays = [
        left_by("a.json", "", os.getpid()),
        left_by("a.json", "another-node", dead),
        f".a.parquet.{os.getpid()}.tmp",
        f"a.{dead}.tmp",
        ".a.0123abcd.tmp",
        "a.json",
    ]
    for name in (*gone, *stays):
        (tmp_path / name).write_text("half")
    (tmp_path / left_by("folder", "", dead)).mkdir()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stays)


def test_no_two_temporary_names_are_the_same_and_a_long_one_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120)
    assert len({temporary_name(path) for _ in range(100)}) == 100
    write_text(path, "whole")
    assert [(found, found.read_text()) for found in tmp_path.iterdir()] == [(path, "whole")]


# --- two at once


def test_two_proposals_at_once_do_not_mix(project: Project) -> None:
    several_thousand(project)
    runs = [proposal(project, CHEAP), proposal(project, "steps: [{quality: {refusal: false}}, secrets]")]
    wait_until(lambda: all(run.state not in ("running", "queued") for run in runs))
    folder = findings_folder(project, open_dataset(project, "d"))
    recipe = read_json(folder / "propose.json")["recipe"]
    steps = [next(iter(step)) for step in recipe["steps"]]
    assert sorted(path.stem for path in folder.glob("*.parquet")) == sorted(steps)
    assert "finished" in [run.state for run in runs]


def test_two_imports_at_once_are_two_whole_versions(project: Project) -> None:
    files = [
        write_jsonl(
            project.root / f"{k}.jsonl", [chat(f"{k} {i}?", sentence(i % 99)) for i in range(1000 + k)]
        )
        for k in (0, 1)
    ]
    processes = [started(project, "import", file, "--name", "d") for file in files]
    assert [process.wait() for process in processes] == [0, 0]
    versions = dataset_versions(project, "d")
    assert [dataset.ref for dataset in versions] == ["d@v0001", "d@v0002"]
    assert sorted(sum(1 for _ in dataset.examples()) for dataset in versions) == [1000, 1001]
    assert leftovers(project.folder("datasets", "d")) == []


def test_publish_and_import_at_once_never_overwrite(project: Project) -> None:
    stored(project, "d", [example(sentence(i % 50), "yes.") for i in range(1000)])
    proposed(project, open_dataset(project, "d"), "[exact_duplicates]")
    file = write_jsonl(project.root / "n.jsonl", [chat(f"{i}?", sentence(i)) for i in range(700)])
    lines = [["publish", "d@1"], ["import", file, "--name", "d"], ["publish", "d@1"]]
    assert [process.wait() for process in [started(project, *line) for line in lines]] == [0, 0, 0]
    versions = dataset_versions(project, "d")
    assert versions[0].rows == 1000
    assert {dataset.rows for dataset in versions[1:]} == {50, 700}
    for dataset in versions:
        assert sum(1 for _ in dataset.examples()) == dataset.rows


def test_decisions_of_two_processes_are_all_there(cli: Command, project: Project) -> None:
    lines = [[word for i in range(150) for word in ("--keep", f"{k}-{i}")] for k in "ab"]
    processes = [started(project, "review", *line) for line in lines]
    assert [process.wait() for process in processes] == [0, 0]
    assert cli("review", "--json").data == {"recorded": 0, "decisions": 300}


# --- training and evaluation


def chats_with_held_out_rows(project: Project) -> None:
    rows = [example(f"What is word {i}?", sentence(i, 6)) for i in range(60)]
    for row in rows[48:]:
        row["split"] = "validation"
    stored(project, "d", rows)


def training(project: Project) -> Run:
    given = {"data": "d", "base": "tiny-chat", "max_steps": 12, "eval_every": 3, "batch_size": 4, "lora_r": 4}
    run = create_training(project, make_settings("sft", None, {**given, "patience": 99, "lora_dropout": 0.1}))
    start_run(run)
    return run


def adapter_hash(run: Run) -> str:
    return hashlib.sha256((run.path / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest()


@pytest.mark.slow
def test_killed_training_resumes_to_the_same_adapter(cli: Command, project: Project) -> None:
    chats_with_held_out_rows(project)
    whole = training(project)
    wait_run(whole)
    broken = training(project)
    wait_until(lambda: any(event["event"] == "checkpoint" for event in broken.events()))
    kill_worker(broken)
    assert broken.state == "lost"
    answer = cli("resume", broken.id, "--json")
    assert (answer.returncode, answer.data["state"]) == (0, "finished")
    resumed = [event["checkpoint"] for event in broken.events() if event["event"] == "resumed"]
    assert resumed and resumed[0] in ("checkpoint-3", "checkpoint-6", "checkpoint-9")
    assert adapter_hash(broken) == adapter_hash(whole)


SUITE = """
name: small
tasks:
  - {task: TASKS/facts.yaml, limit: 12}
  - {task: TASKS/copy.yaml, limit: 12}
"""


@pytest.mark.slow
def test_killed_evaluation_resumes_and_keeps_the_finished_tasks(cli: Command, project: Project) -> None:
    from workbench.content import content_path

    suite = project.root / "small.yaml"
    suite.write_text(SUITE.replace("TASKS", str(content_path("evalsuites", "tasks"))))

    def evaluation() -> Run:
        run = create_evaluation(
            project, base="tiny-chat", suite=str(suite), adapters=[], prompt="Answer in one word."
        )
        start_run(run)
        return run

    whole = evaluation()
    wanted = wait_run(whole)
    shutil.rmtree(project.folder("scores_by_content"))  # else nothing is left to be answered
    broken = evaluation()
    wait_until(lambda: any(broken.path.glob("arms/*/*.done")))
    kill_worker(broken)
    assert broken.state == "lost"
    done = {path: path.stat().st_mtime_ns for path in broken.path.glob("arms/*/*.done")}
    assert 0 < len(done) < 4
    answer = cli("resume", broken.id, "--json")
    assert (answer.returncode, answer.data["state"]) == (0, "finished")
    assert answer.data["tasks"] == wanted["tasks"]
    assert {path: path.stat().st_mtime_ns for path in done} == done
    for path in whole.path.glob("arms/*/*.jsonl"):
        assert (broken.path / path.relative_to(whole.path)).read_bytes() == path.read_bytes()
