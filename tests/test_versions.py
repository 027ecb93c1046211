"""Versions: immutable, content-addressed, safe to write from two processes."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from tests.make import example, stored
from workbench.errors import InputError, NotFoundError
from workbench.projects import Project, init_project
from workbench.versions import dataset_versions, open_dataset, with_unique_ids, write_version


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def test_rows_come_back_as_they_were_written(project: Project) -> None:
    rows = [example(f"q{i}", f"a{i}", label="x", tags=["t"]) for i in range(5000)]
    dataset = stored(project, "d", rows)
    assert list(dataset.examples()) == rows
    assert dataset.rows == 5000
    assert dataset.manifest["counts"]["label"] == {"x": 5000}


def test_the_same_rows_again_are_the_same_version(project: Project) -> None:
    first = stored(project, "d", [example("q", "a")])
    assert stored(project, "d", [example("q", "a")]).ref == first.ref


def test_other_rows_are_the_next_version_and_the_old_one_stays(project: Project) -> None:
    stored(project, "d", [example("q", "a")])
    stored(project, "d", [example("q", "b")])
    assert [d.ref for d in dataset_versions(project, "d")] == ["d@v0001", "d@v0002"]
    assert next(open_dataset(project, "d@1").examples())["messages"][1]["content"] == "a"


def test_rows_of_one_content_get_numbered_ids() -> None:
    ids = [row["id"] for row in with_unique_ids([example("q", "a") for _ in range(3)])]
    assert ids == [ids[0], f"{ids[0]}-2", f"{ids[0]}-3"]


def test_numbered_ids_never_collide() -> None:
    rows = list(with_unique_ids([example("q", "a") for _ in range(3)]))
    again = [row["id"] for row in with_unique_ids([*rows[1:], example("q", "a")])]
    assert again == [rows[1]["id"], rows[2]["id"], rows[0]["id"]]


def test_lookup_finds_rows_by_id(project: Project) -> None:
    dataset = stored(project, "d", [example(f"q{i}", "a") for i in range(10)])
    wanted = [row["id"] for row in dataset.examples()][3]
    assert list(dataset.lookup([wanted, "nothing"])) == [wanted]


def test_a_version_without_manifest_does_not_exist(project: Project) -> None:
    dataset = stored(project, "d", [example("q", "a")])
    (dataset.path / "manifest.json").unlink()
    with pytest.raises(NotFoundError):
        open_dataset(project, "d")


def test_a_failing_writer_leaves_nothing_behind(project: Project) -> None:
    def rows() -> object:
        yield example("q", "a")
        raise InputError("broken")

    with pytest.raises(InputError):
        write_version(project, "d", rows(), origin={})  # type: ignore[arg-type]
    assert list(project.folder("datasets", "d").iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", ".x", "x" * 65, "a."])
def test_a_name_that_is_no_file_name_is_refused(project: Project, name: str) -> None:
    with pytest.raises(InputError):
        stored(project, name, [example("q", "a")])


def _write(root: str, number: int) -> str:
    return stored(Project(Path(root)), "d", [example(f"q{number}-{i}", "a") for i in range(50)]).ref


def test_two_processes_never_overwrite_each_other(project: Project) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        refs = pool.starmap(_write, [(str(project.root), number) for number in range(6)])
    assert sorted(refs) == [f"d@v{n:04d}" for n in range(1, 7)]
    questions = {next(d.examples())["messages"][0]["content"] for d in dataset_versions(project, "d")}
    assert questions == {f"q{n}-0" for n in range(6)}
