"""Engines: the same step code in this process, in worker processes and on Ray, byte for byte."""

from __future__ import annotations

import importlib.util
import multiprocessing
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Command
from tests.make import chat, example, sentence, stored, write_jsonl
from workbench.earlier import earlier_of, earlier_on_disk
from workbench.engine import Task, shards_of
from workbench.engine.shards import feature_columns, read_batches
from workbench.errors import InputError, NotFoundError, RunFailedError
from workbench.files import read_json
from workbench.findings import findings_folder, read_findings
from workbench.importing import import_files
from workbench.projects import Project, init_project
from workbench.proposing import propose
from workbench.recipes import parse_recipe
from workbench.steps import balance, quality
from workbench.steps._grouping import collisions
from workbench.versions import Dataset, open_dataset

ROWS = 5000
STEPS = "[quality, secrets, exact_duplicates, near_duplicates, balance: {cap_share: 0.2}]"
with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra ray is not installed"
)


class StopError(Exception):
    """Raised by a progress function, as a cancelled run does."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A version of three shards: copies, near copies, empty answers, crowded labels."""
    project = init_project(tmp_path_factory.mktemp("engines") / "p")
    rows = []
    for i in range(ROWS):
        answer = "" if i % 97 == 0 else sentence(i % 4400 + 20_000, 12)
        rows.append(
            chat(f"{sentence(i % 4400, 12)}{' now' * (i % 7 == 0)}", answer, label="abcde"[i % 5 % 3])
        )
    file = write_jsonl(project.root / "rows.jsonl", rows)
    import_files(project, [file], "d")
    return project


@pytest.fixture
def copied(home: Project, tmp_path: Path) -> Project:
    """The same project in a folder of its own, without findings."""
    shutil.copytree(home.root, tmp_path / "p", ignore=shutil.ignore_patterns("findings"))
    return Project(tmp_path / "p")


@pytest.fixture(scope="module")
def wanted(home: Project) -> dict[str, bytes]:
    """What an undisturbed proposal in this process leaves."""
    ran(home)
    return files(home)


@pytest.fixture(scope="module")
def own_ray() -> Iterator[Any]:
    """One Ray with two CPUs for all tests here; starting one takes seconds."""
    from workbench.engine.ray_engine import opened_ray

    with opened_ray(None, 2) as engine:
        yield engine


def ran(project: Project, steps: str = STEPS, **options: Any) -> Any:
    return propose(project, open_dataset(project, "d"), recipe(steps), **({"workers": 1} | options))


def recipe(steps: str) -> Any:
    return parse_recipe(f"steps: {steps}", "test", where="test")


def files(project: Project) -> dict[str, bytes]:
    """Every findings file by name, with its bytes."""
    return {path.name: path.read_bytes() for path in sorted(folder(project).glob("*.parquet"))}


def folder(project: Project) -> Path:
    return findings_folder(project, open_dataset(project, "d"))


def stopped(project: Project, step: str = "quality", **options: Any) -> list[Path]:
    """Propose, stop a step when its first shard is done, and return the shards it leaves."""

    def progress(name: str, _done: int, _total: int) -> None:
        if name == step and shards_left(project, step):
            raise StopError

    with pytest.raises(StopError):
        ran(project, progress=progress, **options)
    assert not (folder(project) / "propose.json").exists()
    return shards_left(project, step)


def shards_left(project: Project, step: str) -> list[Path]:
    return sorted(folder(project).glob(f".shards/{step}-*/[0-9]*"))


# --- shards


@given(rows=st.integers(0, 9000))
@settings(max_examples=8, deadline=None)
def test_shards_hold_every_row_once_and_in_order(tmp_path_factory: Any, rows: int) -> None:
    project = init_project(tmp_path_factory.mktemp("shards") / "p")
    dataset = stored(project, "d", [example(str(i), "a") for i in range(rows)])
    shards = shards_of(dataset)
    assert sum(shard.rows for shard in shards) == dataset.rows == rows
    groups = [group for shard in shards for group in shard.row_groups]
    assert groups == list(range(len(groups)))
    assert len(shards) == -(-rows // 2048)


def test_shards_of_a_damaged_version_are_refused(copied: Project) -> None:
    dataset = open_dataset(copied, "d")
    dataset.files()[0].write_bytes(b"PAR1")
    with pytest.raises(InputError, match="damaged"):
        shards_of(dataset)


def test_a_column_that_one_shard_leaves_empty_takes_the_type_of_the_others(
    home: Project, tmp_path: Path
) -> None:
    shards = shards_of(open_dataset(home, "d"))[:2]
    task = Task("balance", balance.Options(), None, tmp_path, "", shards)
    for number, columns in enumerate(({"v": [[]], "w": [None]}, {"v": [[0.5]], "w": ["x"]})):
        table = pa.table(columns)
        with pa.OSFile(str(task.path(number)), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    assert feature_columns(task).to_pydict() == {"v": [[], [0.5]], "w": [None, "x"]}


# --- the same findings


def test_the_planted_faults_are_found(wanted: dict[str, bytes], home: Project) -> None:
    kinds = {finding.kind for finding in read_findings(home, open_dataset(home, "d"))}
    assert kinds >= {"empty_answer", "exact_verbatim", "near_duplicate", "surplus"}
    assert set(wanted) == {f"{name}.parquet" for name in recipe_names()}


def recipe_names() -> list[str]:
    return [step.name for step in recipe(STEPS).steps]


@pytest.mark.parametrize("options", [{"workers": 2}, {"workers": 3, "engine": "workers"}])
def test_worker_processes_find_the_same_bytes(
    copied: Project, wanted: dict[str, bytes], options: dict[str, Any]
) -> None:
    ran(copied, **options)
    assert files(copied) == wanted
    assert list(folder(copied).glob(".shards/*")) == []
    assert multiprocessing.active_children() == []


@with_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_finds_the_same_bytes(copied: Project, wanted: dict[str, bytes], own_ray: Any) -> None:
    ran(copied, engine="ray", workers=2)
    assert files(copied) == wanted
    assert read_json(folder(copied) / "propose.json")["engine"] == "ray"


@with_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_shuffle_of_ray_groups_as_sorting_does(own_ray: Any) -> None:
    from workbench.engine.ray_engine import RayEngine

    generator = np.random.default_rng(0)
    wide = generator.integers(0, 2**64, 4000, dtype=np.uint64)
    keys = np.concatenate([wide, wide[:900], wide[:100], np.arange(50, dtype=np.uint64)])
    found, expected = RayEngine(2, shuffle_rows=0).collisions(keys), collisions(keys)
    assert len(expected.rows) == 1900
    assert np.array_equal(found.rows, expected.rows)
    assert np.array_equal(found.keys, expected.keys)


# --- going on


ENGINES = [
    {"workers": 1},
    {"workers": 2},
    pytest.param(
        {"workers": 1, "engine": "ray"},
        marks=[with_ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore")],
    ),
]


@pytest.mark.parametrize("options", ENGINES)
@pytest.mark.parametrize("step", ["quality", "exact_duplicates"])
def test_a_stopped_step_goes_on_with_the_shards_it_has(
    copied: Project, wanted: dict[str, bytes], options: dict[str, Any], step: str, request: Any
) -> None:
    if options.get("engine") == "ray":
        request.getfixturevalue("own_ray")
    done = stopped(copied, step, **options)
    assert done
    before = {path: path.stat().st_ino for path in done}
    told: list[int] = []
    kept: list[bool] = []

    def progress(name: str, rows: int, _total: int) -> None:
        if name == step:
            told.append(rows)
            kept.extend(path.stat().st_ino == before[path] for path in done if path.exists())

    ran(copied, progress=progress, **options)
    assert told[0] >= ROWS - 2 * 2048
    assert kept
    assert all(kept)
    assert files(copied) == wanted


def test_another_engine_goes_on_where_one_stopped(copied: Project, wanted: dict[str, bytes]) -> None:
    assert stopped(copied, workers=2)
    ran(copied)
    assert files(copied) == wanted


@pytest.mark.parametrize("step", ["quality", "exact_duplicates"])
def test_a_torn_shard_is_done_again(copied: Project, wanted: dict[str, bytes], step: str) -> None:
    (first, *_) = stopped(copied, step)
    first.write_bytes(first.read_bytes()[:40])
    ran(copied)
    assert files(copied) == wanted


def test_shards_that_this_recipe_does_not_need_are_taken_away(copied: Project) -> None:
    assert stopped(copied)
    ran(copied, "[secrets]")
    assert list(folder(copied).glob(".shards/*")) == []


# --- trouble


def test_stopping_ends_the_worker_processes(copied: Project) -> None:
    stopped(copied, workers=2)
    assert multiprocessing.active_children() == []


def test_a_worker_process_that_is_killed_ends_the_run_with_advice(copied: Project) -> None:
    def progress(_step: str, done: int, _total: int) -> None:
        if done:
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(RunFailedError, match="worker process ended") as error:
        ran(copied, engine="workers", workers=2, progress=progress)
    assert "--workers" in error.value.remedy
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("options", ENGINES)
def test_an_error_in_a_step_arrives_as_it_is(copied: Project, options: dict[str, Any], request: Any) -> None:
    if options.get("engine") == "ray":
        request.getfixturevalue("own_ray")
    file = open_dataset(copied, "d").files()[0]
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + bytes(len(whole) // 2) + whole[100 + len(whole) // 2 :])
    with pytest.raises(InputError, match="damaged"):
        ran(copied, **options)
    assert list(folder(copied).glob("*.parquet")) == []


def test_an_idle_worker_that_died_is_replaced(copied: Project, wanted: dict[str, bytes]) -> None:
    killed: list[int | None] = []

    def progress(step: str, done: int, _total: int) -> None:
        if step == "secrets" and done == 0 and not killed:
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
                killed.append(child.pid)

    ran(copied, workers=2, progress=progress)
    assert len(killed) == 2
    assert files(copied) == wanted


def test_stopping_a_step_on_whole_columns_ends_its_threads(copied: Project, wanted: dict[str, bytes]) -> None:
    def progress(step: str, done: int, _total: int) -> None:
        if step == "near_duplicates" and done:
            raise StopError

    with pytest.raises(StopError):
        ran(copied, workers=3, progress=progress)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("shard")]
    assert multiprocessing.active_children() == []
    assert not list(folder(copied).rglob("*.tmp"))
    ran(copied, workers=3)
    assert files(copied) == wanted


@pytest.mark.parametrize("options", [{}, {"engine": "ray", "ray_address": "127.0.0.1:1"}])
def test_what_cannot_be_done_is_refused_before_findings_are_taken_away(
    copied: Project, options: dict[str, Any]
) -> None:
    if options and importlib.util.find_spec("ray") is None:
        pytest.skip("the extra ray is not installed")
    ran(copied, "[quality, exact_duplicates]")
    before = {path.name: path.read_bytes() for path in folder(copied).glob("*.*")}
    with pytest.raises(InputError if options else NotFoundError):
        ran(copied, "[secrets]" if options else "[secrets, model_scores]", **options)
    assert {path.name: path.read_bytes() for path in folder(copied).glob("*.*")} == before
    assert {"propose.json", "quality.parquet", "exact_duplicates.parquet"} <= before.keys()


# --- long rows


def test_batches_of_long_rows_are_small(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [example(f"{i}?", "long " * (40_000 if i % 50 == 7 else 200)) for i in range(300)]
    dataset = stored(project, "d", rows)
    monkeypatch.setattr("workbench.engine.shards.BATCH_BYTES", 100_000)
    batches = [batch for shard in shards_of(dataset) for batch in read_batches(shard, 2048)]
    assert all(batch.nbytes <= 100_000 or batch.num_rows == 1 for batch in batches)
    assert [i for batch in batches for i in batch["id"].to_pylist()] == [
        i for batch in dataset.batches() for i in batch["id"].to_pylist()
    ]
    assert max(batch.num_rows for batch in batches) > 10


def test_findings_do_not_depend_on_how_long_rows_are_cut(
    copied: Project, wanted: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.engine.shards.BATCH_BYTES", 50_000)
    ran(copied)
    assert files(copied) == wanted


# --- what is run again


def test_a_proposal_that_is_done_starts_no_engine(copied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(copied, "[quality]")
    monkeypatch.setattr("workbench.proposing.opened_engine", None)
    assert [result.step for result in ran(copied, "[quality]")] == ["quality"]


def test_new_options_of_one_step_leave_the_other_rows_steps_alone(copied: Project) -> None:
    ran(copied, "[{language: {min_confidence: 0.9}}, secrets, exact_duplicates]")
    before = {path.stem: path.stat().st_ino for path in folder(copied).glob("*.parquet")}
    ran(copied, "[{language: {min_confidence: 0.8}}, secrets, exact_duplicates]")
    after = {path.stem: path.stat().st_ino for path in folder(copied).glob("*.parquet")}
    assert [step for step in before if before[step] == after[step]] == ["secrets"]


def test_a_step_is_run_again_when_what_it_reads_has_changed(
    copied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    inodes = []
    for scores in ("first", "second", "second"):
        monkeypatch.setattr(quality, "reads", lambda *_, scores=scores: scores, raising=False)
        ran(copied, "[quality]")
        inodes.append((folder(copied) / "quality.parquet").stat().st_ino)
    assert inodes[0] != inodes[1]
    assert inodes[1] == inodes[2]


# --- what steps before proposed


def test_earlier_findings_read_column_by_column_are_those_of_the_findings(
    home: Project, wanted: dict[str, bytes]
) -> None:
    dataset: Dataset = open_dataset(home, "d")
    names = recipe_names()
    found = earlier_on_disk(folder(home), names)
    expected = earlier_of(read_findings(home, dataset))
    assert found.dropped == expected.dropped != frozenset()
    assert dict(found.faults) == dict(expected.faults)
    assert dict(found.templates) == dict(expected.templates)
    assert dict(found.clusters) == dict(expected.clusters) == {}


def test_clusters_and_faults_reach_the_steps_after(project: Project) -> None:
    rows = [example(f"{sentence(i % 4)} number {i}?", sentence(i)) for i in range(40)]
    rows[3]["messages"][1]["content"] = "As an AI language model, I cannot help with that."
    dataset = stored(project, "d", rows)
    ran(project, "[quality, clusters: {embedder: lexical, clusters: 4}]")
    found = earlier_on_disk(findings_folder(project, dataset), ["quality", "clusters"])
    assert len(found.clusters) == 40
    assert rows[3]["id"] in found.clusters
    flagged = [f for f in read_findings(project, dataset, step="quality") if f.proposal == "flag"]
    assert set(found.faults) == {finding.example_id for finding in flagged}


# --- the command


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (["--engine", "spark"], "there is no engine"),
        (["--ray-address", "10.0.0.1:6379"], "needs the engine ray"),
    ],
)
def test_a_wrong_engine_is_refused_before_a_run_is_made(
    here: Command, project: Project, line: list[str], word: str
) -> None:
    stored(project, "d", [example("q", "a")])
    answer = here("propose", "d", *line, "--json")
    assert answer.returncode == 2
    assert word in answer.data["error"]["what"]
    assert not project.folder("runs").exists()


def test_ray_without_the_extra_is_refused(
    here: Command, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(project, "d", [example("q", "a")])
    monkeypatch.setattr("workbench.engine.choosing.importlib.util.find_spec", lambda name: None)
    answer = here("propose", "d", "--engine", "ray", "--json")
    assert answer.data["error"]["type"] == "MissingExtraError"
    assert "finetune-workbench[ray]" in answer.data["error"]["remedy"]


@with_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_an_address_without_a_cluster_is_refused(project: Project, address: str) -> None:
    dataset = stored(project, "d", [example("q", "a")])
    with pytest.raises(InputError, match="no Ray cluster answers") as error:
        propose(project, dataset, recipe("[quality]"), engine="ray", ray_address=address)
    assert error.value.where == address


def test_the_command_runs_worker_processes_and_keeps_its_contract(here: Command, project: Project) -> None:
    stored(project, "d", [example(f"{sentence(i)}?", sentence(i + 50)) for i in range(30)])
    (project.root / "r.yaml").write_text("steps: [quality, exact_duplicates]")
    answer = here("propose", "d", "--recipe", "r.yaml", "--engine", "workers", "--workers", "2", "--json")
    assert answer.data.keys() >= {"dataset", "run", "steps"}
    assert [set(step) for step in answer.data["steps"]] == [
        {"step", "findings", "by_proposal", "seconds", "rows_per_s"}
    ] * 2
    config = read_json(project.folder("runs", answer.data["run"], "config.json"))
    assert (config["engine"], config["workers"]) == ("workers", 2)
