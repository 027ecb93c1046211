"""Files behind URLs and data sets of the hub: read as they stream, and no secret is kept."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.conftest import Command
from workbench.errors import InputError, MissingExtraError, NotFoundError, WorkbenchError
from workbench.formats.files import records
from workbench.formats.hub import hub_sources
from workbench.formats.places import places, public_url
from workbench.importing import import_files
from workbench.projects import Project
from workbench.versions import open_dataset

SECRET = "hunter2"


def chat(number: int) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": f"q{number}"}, {"role": "assistant", "content": "a"}],
    }


def lines(count: int = 20) -> bytes:
    return "".join(json.dumps(chat(number)) + "\n" for number in range(count)).encode()


def table(count: int = 20) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([chat(number) for number in range(count)]), sink)
    return sink.getvalue().to_pybytes()


FILES = {
    "a.jsonl": lines(),
    "a.jsonl.gz": gzip.compress(lines()),
    "a.jsonl.zst": zstandard.compress(lines()),
    "a.json": json.dumps([chat(number) for number in range(20)]).encode(),
    "a.csv": b"prompt,completion\n" + b"".join(b"q%d,a\n" % number for number in range(20)),
    "a.parquet": table(),
}


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server on this machine, which like many does not serve ranges."""
    folder = tmp_path / "www"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    ) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("name", FILES)
def test_a_remote_file_gives_the_rows_of_a_local_one(
    project: Project, tmp_path: Path, memory: Any, name: str
) -> None:
    memory.pipe(f"/d/{name}", FILES[name])
    (tmp_path / name).write_bytes(FILES[name])
    remote = open_dataset(project, import_files(project, [f"memory://d/{name}"], "r").dataset)
    local = open_dataset(project, import_files(project, [tmp_path / name], "l").dataset)
    assert list(remote.examples()) == list(local.examples())
    assert remote.manifest["origin"]["files"] == [f"memory://d/{name}"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_over_http(project: Project, server: str, name: str) -> None:
    assert import_files(project, [f"{server}/{name}"], "d").rows_out == 20


def test_a_pattern_names_several_files_in_order(project: Project, memory: Any, tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        memory.pipe(f"/d/{name}", lines(3))
        (tmp_path / name).write_bytes(lines(3))
    for pattern in ("memory://d/*.jsonl", str(tmp_path / "*.jsonl")):
        result = import_files(project, [pattern], "d")
        rows = list(open_dataset(project, result.dataset).examples())
        assert [row["source"]["file"] for row in rows] == ["a.jsonl"] * 3 + ["b.jsonl"] * 3


def test_a_pattern_on_a_web_server_uses_its_listing(project: Project, server: str) -> None:
    assert import_files(project, [f"{server}/*.json"], "d").rows_out == 20


def test_rejects_of_a_remote_file_name_file_and_line(project: Project, memory: Any) -> None:
    memory.pipe("/d/a.jsonl", lines(2) + b"broken\n" + lines(1))
    result = import_files(project, ["memory://d/a.jsonl"], "d")
    (reject,) = [json.loads(line) for line in Path(result.rejects_path or "").read_text().splitlines()]
    assert (reject["file"], reject["line"]) == ("a.jsonl", 3)


def test_the_first_row_of_a_long_file_needs_only_its_beginning(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/d/a.jsonl", lines(60_000))
    read: list[int] = []
    whole = fsspec.implementations.memory.MemoryFile.read

    def counted(self: Any, size: int = -1) -> bytes:
        data = whole(self, size)
        read.append(len(data))
        return data

    monkeypatch.setattr(fsspec.implementations.memory.MemoryFile, "read", counted)
    (place,) = places("memory://d/a.jsonl")
    found = records(place)
    assert next(found) == (1, chat(0))
    found.close()  # type: ignore[attr-defined]
    assert sum(read) < 2_000_000 < len(lines(60_000))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{SECRET}@host/a/b.jsonl", "https://host/a/b.jsonl"),
        (f"https://{SECRET}@host:8080/b.jsonl", "https://host:8080/b.jsonl"),
        (f"https://host/b.jsonl?X-Amz-Signature={SECRET}&x=1", "https://host/b.jsonl"),
        (f"https://host/b.jsonl#{SECRET}", "https://host/b.jsonl"),
        (f"https://me:{SECRET}/{SECRET}@host/b.jsonl", "https://…/b.jsonl"),
        (f"simplecache::https://me:{SECRET}@host/b.gz?sig={SECRET}", "simplecache::https://host/b.gz"),
        (f"zip://a.jsonl::s3://key:{SECRET}@bucket/z.zip", "zip://a.jsonl::s3://bucket/z.zip"),
        ("s3://bucket/a.jsonl", "s3://bucket/a.jsonl"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert public_url(url) == shown


@pytest.mark.parametrize("what", ["/a.jsonl?X-Amz-Signature=", "/nothing.jsonl?token=", "/a.csv?sig="])
def test_no_credential_reaches_the_project_or_an_error(
    project: Project, server: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.replace("://", f"://me:{SECRET}@") + what + SECRET
    (project.root / "bad.jsonl").write_text("broken\n" + lines(1).decode())
    try:
        import_files(project, [url, project.root / "bad.jsonl"], "d")
    except WorkbenchError as error:
        assert SECRET not in f"{error} {error.as_dict()} {error.__cause__!r}"
    kept = b"".join(path.read_bytes() for path in project.root.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("memory://d/none.jsonl", NotFoundError, "no such file"),
        ("memory://d/none*.jsonl", NotFoundError, "no file fits"),
        ("nosuch://d/a.jsonl", InputError, "protocol is not known"),
        ("http://127.0.0.1:1/a.jsonl", InputError, "cannot be reached"),
    ],
)
def test_a_url_that_cannot_be_read_says_why(
    project: Project, memory: Any, url: str, error: type[WorkbenchError], said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        import_files(project, [url], "d")
    assert raised.value.remedy
    assert raised.value.where == url


def test_a_missing_protocol_package_names_the_extra(project: Project) -> None:
    fsspec.register_implementation("uninstalled", "no_such_package.Files", clobber=True, errtxt="install it")
    with pytest.raises(MissingExtraError) as raised:
        import_files(project, [f"uninstalled://key:{SECRET}@bucket/a.jsonl"], "d")
    assert "cloud" in raised.value.remedy
    assert raised.value.where == "uninstalled://bucket/a.jsonl"


def test_a_connection_that_breaks_imports_nothing(
    project: Project, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/d/a.jsonl", lines(60_000))
    whole = fsspec.implementations.memory.MemoryFile.read

    def read(self: Any, size: int = -1) -> bytes:
        if self.tell() > 3_000_000:
            raise TimeoutError(f"https://me:{SECRET}@host timed out")
        return whole(self, size)

    monkeypatch.setattr(fsspec.implementations.memory.MemoryFile, "read", read)
    with pytest.raises(InputError, match="TimeoutError") as raised:
        import_files(project, ["memory://d/a.jsonl"], "d")
    assert SECRET not in str(raised.value)
    assert not list(project.folder("datasets").glob("d/v*"))


def test_the_command_takes_a_url(here: Command, memory: Any) -> None:
    memory.pipe("/d/a.jsonl", lines())
    answer = here("import", "memory://d/a.jsonl", "--name", "d", "--json")
    assert answer.data["rows_out"] == 20


# --- data sets of the hub


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders: one that `datasets` saved, and one as a hub repository has it."""
    import datasets

    datasets.disable_progress_bars()
    home = tmp_path_factory.mktemp("hub")
    parts = {"train": 12, "test": 3}
    made = {
        split: datasets.Dataset.from_list([chat(n) for n in range(count)]) for split, count in parts.items()
    }
    datasets.DatasetDict(made).save_to_disk(str(home / "saved"))
    for split, part in made.items():
        part.to_parquet(home / "repository" / "data" / f"{split}-00000-of-00001.parquet")
    return home


@pytest.mark.parametrize("kind", ["saved", "repository"])
def test_a_data_set_keeps_its_splits_and_row_numbers(project: Project, saved: Path, kind: str) -> None:
    result = import_files(project, hub_sources(str(saved / kind)), "d")
    dataset = open_dataset(project, result.dataset)
    rows = list(dataset.examples())
    assert (result.rows_in, result.rows_out) == (15, 15)
    assert dataset.manifest["counts"]["split"] == {"train": 12, "test": 3}
    assert rows[-1]["source"] == {"file": f"{kind}/test", "line": 3}
    assert str(saved) not in json.dumps(dataset.manifest)


def test_one_split_is_read_alone(here: Command, project: Project, saved: Path) -> None:
    line = ["import", "--from-hub", saved / "repository", "--split", "test", "--name", "d", "--json"]
    assert here(*line).data["rows_out"] == 3


def test_a_saved_folder_is_read_by_its_path(here: Command, saved: Path) -> None:
    assert here("import", saved / "saved", "--name", "d", "--json").data["rows_out"] == 15


def test_a_split_that_is_not_there_names_those_that_are(saved: Path) -> None:
    with pytest.raises(NotFoundError) as raised:
        hub_sources(str(saved / "saved"), split="validation")
    assert "train, test" in raised.value.remedy


@pytest.mark.parametrize("given", ["org/name", "hf://datasets/org/name", "hf://datasets/org/name@main"])
def test_offline_the_hub_is_not_asked(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="HF_HUB_OFFLINE"):
        hub_sources(given)


@pytest.mark.parametrize("given", ["../x", "a b/c", "a/b/c", "", "hf://datasets/only"])
def test_a_name_that_no_data_set_can_have_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="neither"):
        hub_sources(given)


def test_options_of_the_hub_need_a_data_set(here: Command) -> None:
    answer = here("import", "x.jsonl", "--name", "d", "--split", "test", "--json")
    assert answer.returncode == 2
    assert "--from-hub" in answer.data["error"]["what"]
