"""Bad input is answered, never with a traceback: exit code 2, what, where and remedy; nothing is lost."""

from __future__ import annotations

import errno
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import Answered, Command, command_line, environment
from tests.make import chat, example, sentence, stored, write_jsonl
from workbench.errors import StorageError
from workbench.projects import Project
from workbench.versions import Dataset, open_dataset

LONG_NAME = "a" * 300
DEEP = "[" * 1500


def refused(answer: Answered, code: int = 2) -> dict[str, str]:
    """Check that an answer to ``--json`` is one whole error and return it."""
    assert answer.returncode == code
    assert "Traceback" not in answer.stdout + answer.stderr
    assert list(answer.data) == ["error"]
    error = answer.data["error"]
    assert list(error) == ["type", "what", "where", "remedy"]
    assert error["what"]
    assert error["remedy"], error
    assert answer.stderr.startswith("error: ")
    assert "  remedy: " in answer.stderr
    return error  # type: ignore[no-any-return]


@pytest.fixture
def chats(project: Project) -> Path:
    """A good file of twenty chats, imported as ``d``."""
    rows = [chat(f"{sentence(i)[:-1]}?", sentence(i + 500), label="x") for i in range(20)]
    stored(project, "d", [example(sentence(i), sentence(i + 500)) for i in range(20)])
    return write_jsonl(project.root / "chats.jsonl", rows)


def written(project: Project, name: str, content: str | bytes) -> Path:
    path = project.root / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- files to import


def test_a_missing_file(here: Command) -> None:
    error = refused(here("import", "nothing.jsonl", "--name", "x", "--json"))
    assert (error["what"], error["where"]) == ("there is no such file", "nothing.jsonl")


def test_a_folder_instead_of_a_file(here: Command, project: Project) -> None:
    assert "folder" in refused(here("import", project.root, "--name", "x", "--json"))["what"]


@pytest.mark.parametrize("name", [LONG_NAME, "/dev/null/x", "~nobody-of-that-name/x.jsonl", "/dev/null"])
def test_a_path_that_cannot_be(here: Command, name: str) -> None:
    refused(here("import", name, "--name", "x", "--json"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jsonl", b""),
        ("blank.jsonl", b" \n\n"),
        ("binary.jsonl", bytes(range(128, 256)) * 20),
        ("binary.bin", bytes(range(256)) * 20),
        ("nul.jsonl", b"\0" * 1000),
        ("cut.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 50, mtime=0)[:12]),
        ("not.parquet", b"PAR1 and nothing else"),
        ("deep.jsonl", DEEP.encode()),
        ("number.json", b"5"),
        ("strange.jsonl", b'{"zz": 1}\n'),
        ("no-answers.jsonl", b'{"messages": []}\n'),
    ],
)
def test_a_file_without_one_usable_row(here: Command, project: Project, name: str, content: bytes) -> None:
    refused(here("import", written(project, name, content), "--name", "x", "--json"))
    folder = project.folder("datasets", "x")
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_truncated_gzip_gives_the_rows_before_the_cut(here: Command, project: Project) -> None:
    lines = "".join(json.dumps(chat(sentence(i), sentence(i + 900))) + "\n" for i in range(200))
    whole = gzip.compress(lines.encode())
    answer = here("import", written(project, "c.jsonl.gz", whole[: len(whole) // 2]), "--name", "x", "--json")
    assert answer.returncode == 0
    assert 0 < answer.data["rows_out"] < 200
    assert answer.data["rejects"] == answer.data["rows_in"] - answer.data["rows_out"] == 1
    reject = json.loads(Path(answer.data["rejects_path"]).read_text())
    assert "damaged" in reject["reason"]


@pytest.mark.parametrize("given", ["user=nothing", "user", "=x", "poet=messages", "label=label"])
def test_a_wrong_mapping(here: Command, chats: Path, given: str) -> None:
    refused(here("import", chats, "--name", "x", "--map", given, "--json"))


def test_an_unknown_format_names_the_formats(here: Command, chats: Path) -> None:
    error = refused(here("import", chats, "--name", "x", "--format", "zzz", "--json"))
    assert "openai_messages" in error["remedy"]


@pytest.mark.parametrize(
    "name",
    ["../x", "CON?", "con", "nul.txt", "a b", "", ".", "x/y", "x\ny", "é", "a" * 65, "-x", "X", "x."],
)
def test_a_bad_dataset_name(here: Command, project: Project, chats: Path, name: str) -> None:
    refused(here("import", chats, f"--name={name}", "--json"))
    assert [path.name for path in project.folder("datasets").iterdir()] == ["d"]


# --- names of things that are not there


@pytest.mark.parametrize(
    "ref", ["nothing", "d@v9", "d@x", "d@²", "d@" + "9" * 5000, "@", "d@@1", "../d", "d@-1", "d@vv1", ""]
)
def test_an_unknown_dataset_or_version(here: Command, chats: Path, ref: str) -> None:
    refused(here("show", ref, "--json"))


@pytest.mark.parametrize(
    "line",
    [
        ["diff", "d", "nothing"],
        ["sample", "nothing"],
        ["findings", "nothing"],
        ["propose", "nothing"],
        ["publish", "nothing"],
        ["publish", "d"],
        ["split", "nothing"],
        ["split", "d", "--validation", "2"],
        ["split", "d", "--validation", "nan"],
        ["split", "d", "--test", "-1"],
        ["restore", "d"],
        ["gaps", "d", "--reference", "nothing"],
        ["export-data", "nothing", "--format", "trl", "--out", "x.jsonl"],
        ["export-data", "d", "--format", "zzz", "--out", "x.jsonl"],
        ["export-data", "d", "--format", "trl", "--out", "x.txt"],
        ["findings", "d", "--format", "zzz"],
        ["findings", "d", "--format", "parquet"],
        ["propose", "d", "--engine", "moon"],
        ["propose", "d", "--recipe", "nothing"],
        ["propose", "d", "--recipe", "nothing.yaml"],
        ["propose", "d", "--recipe", LONG_NAME],
        ["recipe", "nothing"],
        ["cancel", "nothing"],
        ["resume", "../x"],
        ["report", "nothing"],
        ["export", "nothing", "--to", "x"],
        ["judge", "nothing"],
        ["review", "--import", "nothing"],
    ],
    ids=" ".join,
)
def test_what_is_named_is_not_there_or_cannot_be(here: Command, chats: Path, line: list[str]) -> None:
    refused(here(*line, "--json"))


@pytest.mark.parametrize(
    "line", [["datasets"], ["show", "d"], ["runs"], ["import", "x.jsonl", "--name", "x"], ["publish", "d"]]
)
def test_no_project_here(here: Command, tmp_path: Path, line: list[str]) -> None:
    error = refused(here(*line, "--project", tmp_path, "--json"))
    assert "workbench init" in error["remedy"]


@pytest.mark.parametrize("folder", [LONG_NAME, "~nobody-of-that-name", "/dev/null/x"])
def test_a_project_folder_that_cannot_be(here: Command, folder: str) -> None:
    refused(here("datasets", "--project", folder, "--json"))
    refused(here("init", folder, "--json"))


def test_a_mistyped_project_folder_is_not_taken_for_the_one_above(here: Command, project: Project) -> None:
    refused(here("datasets", "--project", project.root / "typo", "--json"))


# --- wrong use


@pytest.mark.parametrize(
    "line",
    [
        ["import"],
        ["import", "x.jsonl"],
        ["nothing"],
        ["show", "d", "--nothing"],
        ["sample", "d", "--rows", "0"],
        ["sample", "d", "--rows", "many"],
        ["train", "sft", "--data", "d"],
        ["train", "nothing"],
        ["evaluate", "--base", "tiny-chat"],
        ["judge"],
        ["judge", "x", "--baseline", "y", "--candidate", "z"],
        ["judge", "--baseline", "x"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_answered_like_any_other_error(here: Command, chats: Path, line: list[str]) -> None:
    assert refused(here(*line, "--json"))["type"] == "InputError"


def test_the_bare_command_shows_its_help(here: Command) -> None:
    answer = here()
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "import" in answer.stderr


def test_an_error_without_json_leaves_stdout_empty(cli: Command) -> None:
    answer = cli("show", "nothing")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.splitlines()[0] == "error: there is no dataset 'nothing'"
    assert "Traceback" not in answer.stderr


# --- recipes, suites, policies, settings


@pytest.mark.parametrize(
    "text",
    [
        "steps: [",
        "",
        "steps: {}",
        "- quality",
        "steps: [nothing]",
        "steps: [{'../x': {}}]",
        "steps: [_earlier]",
        "steps: [5]",
        "steps: [null]",
        "steps: [{quality: {nothing: 1}}]",
        "steps: [{quality: {repeat_share: much}}]",
        "steps: [{quality: 5}]",
        "steps: [{personal_data: {entities: [NOTHING]}}]",
        "steps: [quality, quality]",
        "nothing: 1\nsteps: []",
        "\0",
        DEEP,
        b"\xff\xfe\x00",
    ],
    ids=lambda text: repr(text[:40]),
)
def test_a_broken_recipe(here: Command, project: Project, chats: Path, text: str | bytes) -> None:
    file = written(project, "r.yaml", text)
    refused(here("propose", "d", "--recipe", file, "--json"))
    assert not project.folder("runs").exists()


@pytest.mark.parametrize(
    "text",
    [
        "tasks: [",
        "",
        "tasks: []",
        "tasks: [{task: nothing.yaml}]",
        "tasks: [{task: x, role: zz}]",
        "tasks: [{task: x, margin: 5}]",
        "nothing: 1\ntasks: [{task: x}]",
        "tasks: [{task: x}]\npolicy: {nothing: 1}",
        "tasks: [{task: x}]\npolicy: {alpha: much}",
        "tasks: [{task: folder.yaml}]",
        "tasks: [{task: s.yaml}]",
        "1: 2",
        DEEP,
        b"\xff\xfe\x00",
    ],
    ids=lambda text: repr(text[:40]),
)
def test_a_broken_suite(here: Command, project: Project, text: str | bytes) -> None:
    project.folder("folder.yaml").mkdir()
    file = written(project, "s.yaml", text)
    refused(here("evaluate", "--base", "tiny-chat", "--suite", file, "--json"))
    assert not project.folder("runs").exists()


@pytest.mark.parametrize(
    "text",
    [
        "task: x\ndataset_kwargs: 5",
        "task: x\ndataset_kwargs: {data_files: {test: 5}}",
        "doc_to_text: x",
        "task: ../../x",
    ],
)
def test_a_task_file_of_the_wrong_shape_gives_no_traceback(
    here: Command, project: Project, text: str
) -> None:
    written(project, "t.yaml", text)
    suite = written(project, "s.yaml", "tasks: [{task: t.yaml}]")
    answer = here("evaluate", "--base", "/nothing", "--suite", suite, "--json")
    refused(answer)


@pytest.mark.parametrize(
    "text",
    ["[", "- a", "5", "alpha: 5", "nothing: 1", "gate: [1]", "tasks: {t: 5}", "1: 2", DEEP, b"\xff\x00"],
    ids=lambda text: repr(text[:20]),
)
def test_a_broken_policy(here: Command, project: Project, text: str | bytes) -> None:
    scores = write_jsonl(project.root / "s.jsonl", [{"task": "t", "item": i, "score": 1} for i in range(9)])
    file = written(project, "p.yaml", text)
    refused(here("judge", "--baseline", scores, "--candidate", scores, "--policy", file, "--json"))


@pytest.mark.parametrize(
    "given",
    ["a", "=1", "epochs=many", "epochs=-1", "nothing=1", "epochs=[", "lora_r=1.5", "batch_size=0"],
)
def test_a_wrong_training_setting(here: Command, project: Project, chats: Path, given: str) -> None:
    refused(here("train", "sft", "--data", "d", "--base", "tiny-chat", "--set", given, "--json"))
    assert not project.folder("runs").exists()


@pytest.mark.parametrize(
    "text", ["[", "5", "", "1: 2", "nothing: 1", DEEP, b"\xff\x00"], ids=lambda t: repr(t[:9])
)
def test_a_broken_settings_file(here: Command, project: Project, chats: Path, text: str | bytes) -> None:
    file = written(project, "c.yaml", text)
    refused(here("train", "sft", "--data", "d", "--base", "tiny-chat", "--config", file, "--json"))


@pytest.mark.parametrize("option", ["--config", "--policy", "--prompt", "--recipe", "--suite"])
def test_a_folder_or_nothing_where_a_file_is_asked_for(here: Command, chats: Path, option: str) -> None:
    for given in (".", "nothing.yaml"):
        line = {
            "--config": ["train", "sft", "--data", "d", "--base", "tiny-chat"],
            "--policy": ["judge", "--baseline", chats, "--candidate", chats],
            "--prompt": ["evaluate", "--base", "tiny-chat", "--suite", "demo"],
            "--recipe": ["propose", "d"],
            "--suite": ["evaluate", "--base", "tiny-chat"],
        }[option]
        refused(here(*line, option, given, "--json"))


def test_a_prompt_that_is_not_text(here: Command, project: Project) -> None:
    prompt = written(project, "p.txt", b"\xff\xfe\x00")
    refused(here("evaluate", "--base", "tiny-chat", "--suite", "demo", "--prompt", prompt, "--json"))


# --- models and adapters


@pytest.mark.parametrize("base", ["/nothing", "nothing", "./x", LONG_NAME, "~nobody-of-that-name/x", ""])
def test_an_unknown_base_model(here: Command, project: Project, chats: Path, base: str) -> None:
    refused(here("train", "sft", "--data", "d", "--base", base, "--json"))
    refused(here("evaluate", "--base", base, "--suite", "demo", "--json"))
    assert not project.folder("runs").exists()


def test_a_model_folder_without_config(here: Command, project: Project, chats: Path) -> None:
    project.folder("model").mkdir()
    error = refused(here("train", "sft", "--data", "d", "--base", project.folder("model"), "--json"))
    assert "config.json" in error["remedy"]


@pytest.mark.parametrize("adapter", ["nothing", "/nothing", "folder", LONG_NAME])
def test_a_missing_adapter(here: Command, project: Project, chats: Path, adapter: str) -> None:
    project.folder("folder").mkdir()
    line = ["train", "sft", "--data", "d", "--base", "tiny-chat", "--adapter", adapter]
    refused(here(*line, "--json"))
    refused(here("evaluate", "--base", "tiny-chat", "--suite", "demo", "--adapter", adapter, "--json"))


def test_an_adapter_that_is_not_safetensors(here: Command, project: Project) -> None:
    project.folder("a").mkdir()
    written(project, "a/adapter_config.json", "{}")
    written(project, "a/adapter_model.bin", b"pickle")
    error = refused(here("export", "a", "--to", "out", "--json"))
    assert "safetensors" in error["what"]


def test_export_to_a_folder_that_holds_something(here: Command, project: Project) -> None:
    project.folder("a").mkdir()
    written(project, "a/adapter_config.json", "{}")
    written(project, "a/adapter_model.safetensors", b"weights")
    project.folder("out").mkdir()
    written(project, "out/mine.txt", "mine")
    line = ["export", "a", "--override", "--by", "me", "--reason", "why"]
    assert "not empty" in refused(here(*line, "--to", "out", "--json"))["what"]
    assert project.folder("out", "mine.txt").read_text() == "mine"


def test_export_without_a_verdict_is_refused_with_exit_code_1(here: Command, project: Project) -> None:
    project.folder("a").mkdir()
    written(project, "a/adapter_config.json", "{}")
    written(project, "a/adapter_model.safetensors", b"weights")
    error = refused(here("export", "a", "--to", "out", "--json"), 1)
    assert error["type"] == "NotPassedError"
    assert not project.folder("out").exists()


@pytest.mark.parametrize("target", [".", "folder.jsonl", "chats.jsonl/x.jsonl", "/dev/null/x.jsonl"])
def test_an_output_that_cannot_be_written(here: Command, project: Project, chats: Path, target: str) -> None:
    project.folder("folder.jsonl").mkdir()
    before = chats.read_bytes()
    refused(here("findings", "d", "--out", target, "--json"))
    refused(here("findings", "d", "--format", "parquet", "--out", target, "--json"))
    refused(here("review", "--export", target, "--json"))
    refused(here("export-data", "d", "--format", "trl", "--out", target, "--json"))
    assert chats.read_bytes() == before


# --- scores from outside


def scores(project: Project, name: str, rows: list[dict[str, Any]]) -> Path:
    return write_jsonl(project.root / name, rows)


GOOD = [{"task": "t", "item": i, "score": 1} for i in range(30)]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (GOOD[:-1], "same items"),
        ([{**row, "item": f"{row['item']}x"} for row in GOOD], "same items"),
        ([{**row, "task": "u"} for row in GOOD], "different tasks"),
        ([{**row, "score": "good"} for row in GOOD], "finite number"),
        ([{**row, "score": None} for row in GOOD], "finite number"),
        ([{**row, "score": [1]} for row in GOOD], "finite number"),
        ([{**row, "score": float("nan")} for row in GOOD], "finite number"),
        ([{**row, "score": float("inf")} for row in GOOD], "finite number"),
        ([{**row, "score": 10**400} for row in GOOD], "finite number"),
        ([{**row, "score": 1e300} for row in GOOD], "finite number"),
        (GOOD + GOOD[:1], "twice"),
        ([{"task": "t", "item": 1}], "cannot be read"),
        ([], "no score"),
    ],
)
def test_scores_that_cannot_be_compared(
    here: Command, project: Project, rows: list[dict[str, Any]], says: str
) -> None:
    old, new = scores(project, "old.jsonl", GOOD), scores(project, "new.jsonl", rows)
    assert says in refused(here("judge", "--baseline", old, "--candidate", new, "--json"))["what"]


@pytest.mark.parametrize(
    "text", ['{"task"', "[1]", "5", DEEP * 60, b"\xff\x00" * 99, '{"a": 1' + "0" * 5000 + "}"]
)
def test_a_file_that_holds_no_scores(here: Command, project: Project, text: str | bytes) -> None:
    old, new = scores(project, "old.jsonl", GOOD), written(project, "new.jsonl", text)
    error = refused(here("judge", "--baseline", old, "--candidate", new, "--json"))
    assert error["where"] == "new.jsonl, line 1"


@pytest.mark.parametrize(
    "rows",
    [
        [{"doc_id": 1}],
        [{"acc": 1}],
        [{"doc_id": 1, "acc": "good"}],
        [{"doc_id": 1, "metrics": ["nothing"]}],
        [{"doc_id": 1, "metrics": 5}],
        [{"doc_id": 1, "metrics": [["acc"]], "acc": 1}],
        [{"doc_id": 1, "filter": "a", "acc": 1}, {"doc_id": 1, "filter": "a", "acc": 0}],
        [],
    ],
)
def test_harness_samples_of_the_wrong_shape(
    here: Command, project: Project, rows: list[dict[str, Any]]
) -> None:
    project.folder("h").mkdir()
    write_jsonl(project.folder("h", "samples_t_2026-01-01T00-00-00.jsonl"), rows)
    refused(here("judge", "--baseline", "h", "--candidate", "h", "--json"))


def test_a_folder_without_samples(here: Command, project: Project) -> None:
    project.folder("h").mkdir()
    assert (
        "--log_samples" in refused(here("judge", "--baseline", "h", "--candidate", "h", "--json"))["remedy"]
    )


# --- damaged project files


def test_a_torn_last_decision_costs_that_line_only(here: Command, project: Project, chats: Path) -> None:
    first, second = [row["id"] for row in open_dataset(project, "d").examples()][:2]
    here("review", "d", "--keep", first)
    with project.folder("decisions.jsonl").open("ab") as file:
        file.write(b'{"target": "example", "id": "torn", "act')
    answer = here("review", "d", "--keep", second, "--json")
    assert answer.data == {"recorded": 1, "decisions": 2}
    here("review", "--export", "out.jsonl")
    ids = [json.loads(line)["id"] for line in project.folder("out.jsonl").read_text().splitlines()]
    assert ids == [first, second]


def test_an_id_that_nobody_knows_is_refused(here: Command, project: Project, chats: Path) -> None:
    for option in ("--keep", "--accept"):
        assert "nothing" in refused(here("review", "d", option, "mistyped", "--json"))["remedy"]
    assert "nothing was decided" in refused(here("review", "d", "--undo", "bulk-none", "--json"))["what"]
    assert not project.folder("decisions.jsonl").exists()


@pytest.mark.parametrize(
    "line",
    [
        '{"target": "example", "id": "x", "action": "kee", "who": "", "why": "", "when": "", "dataset": ""}',
        '{"target": "moon", "id": "x", "action": "drop", "who": "", "why": "", "when": "", "dataset": ""}',
        '{"target": "example"}',
        '{"target": "example", "id": "x", "action": "kee, "who": "", "why": "", "when": "", "dataset": ""}',
        "\\xff\\xfe",
    ],
)
def test_a_damaged_decision_stops_publishing(here: Command, project: Project, chats: Path, line: str) -> None:
    assert here("propose", "d", "--recipe", _recipe(project), "--json").returncode == 0
    project.folder("decisions.jsonl").write_text(f"\n{line}\n")
    assert refused(here("publish", "d", "--json"))["where"].endswith("decisions.jsonl, line 2")


@pytest.mark.parametrize("content", [b"\xff\x00\x01", b'{"a": 1}\n', DEEP.encode()])
def test_a_file_that_holds_no_decision(here: Command, project: Project, content: bytes) -> None:
    refused(here("review", "--import", written(project, "x.jsonl", content), "--json"))
    assert not project.folder("decisions.jsonl").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\x00", DEEP.encode()])
def test_a_damaged_manifest_is_named_and_nothing_is_overwritten(
    here: Command, project: Project, chats: Path, content: bytes
) -> None:
    manifest = project.folder("datasets", "d", "v0001", "manifest.json")
    rows = manifest.parent / "examples-00000.parquet"
    manifest.write_bytes(content)
    before = rows.read_bytes()
    for line in (["datasets"], ["show", "d"], ["import", chats, "--name", "d"], ["propose", "d"]):
        assert refused(here(*line, "--json"))["where"] == str(manifest)
    assert (manifest.read_bytes(), rows.read_bytes()) == (content, before)


@pytest.mark.parametrize("content", ["name = ", "name = [", b"\xff\xfe"])
def test_a_damaged_project_file_is_named_when_it_is_read(
    here: Command, project: Project, content: str | bytes
) -> None:
    written(project, "workbench.toml", content)
    error = refused(here("init", project.root, "--json"))
    assert error["where"] == str(project.folder("workbench.toml"))
    assert here("datasets", "--json").returncode == 0


def test_a_damaged_run_does_not_hide_the_others(here: Command, project: Project, chats: Path) -> None:
    run = here("propose", "d", "--recipe", _recipe(project), "--json").data["run"]
    broken = project.folder("runs", "propose-20200101-000000-abcd")
    broken.mkdir()
    (broken / "config.json").write_text("{")
    listed = here("runs", "--json").data["runs"]
    assert [(row["run"], row["state"]) for row in listed] == [(run, "finished"), (broken.name, "lost")]
    assert here("resume", run, "--json").data["error"]["what"] == f"run {run} has finished"


@pytest.mark.parametrize("damage", ["cut", "gone", "noise"])
def test_damaged_rows_are_named(here: Command, project: Project, chats: Path, damage: str) -> None:
    rows = project.folder("datasets", "d", "v0001", "examples-00000.parquet")
    if damage == "gone":
        rows.unlink()
    else:
        whole = rows.read_bytes()
        rows.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"PAR1" + bytes(999) + b"PAR1")
    for line in (
        ["sample", "d"],
        ["diff", "d", "d"],
        ["export-data", "d", "--format", "trl", "--out", "o.jsonl"],
    ):
        assert refused(here(*line, "--json"))["where"] == str(rows)
    assert not project.folder("o.jsonl").exists()


def test_damaged_findings_are_named_and_proposed_again(here: Command, project: Project, chats: Path) -> None:
    here("propose", "d", "--recipe", _recipe(project))
    file = project.folder("findings", "d", "v0001", "quality.parquet")
    file.write_bytes(file.read_bytes()[:50])
    for line in (["show", "d"], ["findings", "d"], ["publish", "d"]):
        assert refused(here(*line, "--json"))["where"] == str(file)
    assert here("propose", "d", "--recipe", _recipe(project)).returncode == 0
    assert here("publish", "d", "--json").returncode == 0


# --- a disk that refuses


def test_a_full_disk_leaves_the_old_version_and_no_rubbish(
    here: Command, project: Project, tmp_path: Path
) -> None:
    home = tmp_path / "small"
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", home], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        here("init", home)
        first = write_jsonl(project.root / "a.jsonl", [chat("Why?", "Because.")])
        assert here("import", first, "--name", "d", "--project", home).returncode == 0
        noise = [chat(f"{i}?", os.urandom(3000).hex()) for i in range(600)]
        large = write_jsonl(project.root / "b.jsonl", noise)
        error = refused(here("import", large, "--name", "d", "--project", home, "--json"))
        assert (error["type"], error["what"]) == ("StorageError", "no space left on the disk")
        assert [d["dataset"] for d in here("datasets", "--project", home, "--json").data["datasets"]] == [
            "d@v0001"
        ]
        left = [path.name for path in (home / "datasets" / "d").iterdir() if path.name.endswith(".tmp")]
        assert left == []
        assert here("import", first, "--name", "e", "--project", home).returncode == 0
    finally:
        subprocess.run(["umount", home], check=True)


def test_a_read_only_project_can_be_read_and_says_why_it_cannot_be_written(
    here: Command, project: Project, chats: Path
) -> None:
    mounted = subprocess.run(["mount", "--bind", project.root, project.root], capture_output=True)
    if mounted.returncode:
        pytest.skip("a read-only folder needs the right to mount one (root ignores permissions)")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", project.root], check=True, capture_output=True)
        where = ["--project", project.root, "--json"]
        assert here("show", "d", *where).returncode == 0
        for line in (
            ["import", chats, "--name", "e"],
            ["propose", "d"],
            ["review", "--keep", "x"],
            ["split", "d"],
        ):
            error = refused(here(*line, *where))
            assert error["type"] == "StorageError"
    finally:
        os.chdir("/")
        subprocess.run(["umount", project.root], check=True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_refused_write_is_a_storage_error_at_the_library_door(
    project: Project, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    stored(project, "d", [example("q", "a")])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pq.ParquetWriter, "write_table", refuse)
    with pytest.raises(StorageError):
        stored(project, "d", [example("q", "b")])
    monkeypatch.undo()
    assert open_dataset(project, "d").ref == "d@v0001"
    assert sorted(path.name for path in project.folder("datasets", "d").iterdir()) in (
        [".lock", "v0001"],
        ["v0001"],
    )


# --- hostile text

HOSTILE = "\x1b[31m<script>alert(1)</script>\x9b2J\r\n\u202e end"


def test_hostile_rows_come_back_as_they_were(here: Command, project: Project) -> None:
    file = write_jsonl(project.root / "h.jsonl", [chat(HOSTILE, HOSTILE, label=HOSTILE)])
    assert here("import", file, "--name", "x", "--json").returncode == 0
    (row,) = here("sample", "x", "--json").data["examples"]
    assert row["messages"][0]["content"] == HOSTILE


@pytest.mark.parametrize("line", [["sample", "x"], ["show", "x"], ["datasets"], ["diff", "x", "x"]])
def test_hostile_rows_cannot_steer_the_terminal(here: Command, project: Project, line: list[str]) -> None:
    file = write_jsonl(project.root / "h.jsonl", [chat(HOSTILE, HOSTILE, label=HOSTILE)])
    here("import", file, "--name", "x")
    answer = here(*line)
    assert answer.returncode == 0
    assert not set("\x1b\x9b\r") & set(answer.stdout + answer.stderr)


def test_a_hostile_file_name_cannot_steer_the_terminal(here: Command, project: Project) -> None:
    file = written(project, "a\x1b[31m\n<b>.jsonl", json.dumps(chat("q", "a")) + "\nbroken\n")
    answer = here("import", file, "--name", "x")
    assert answer.returncode == 0
    assert "\x1b" not in answer.stdout + answer.stderr
    missing = here("import", "gone\x1b[31m.jsonl", "--name", "x")
    assert "\x1b" not in missing.stderr


def test_a_file_name_that_is_not_utf8(cli: Command, project: Project) -> None:
    name = os.fsdecode(b"caf\xe9.jsonl")
    (project.root / name).write_text(json.dumps(chat("q", "a")) + "\nbroken\n")
    answer = cli("import", name, "--name", "x", "--json")
    assert answer.returncode == 0, answer.stderr
    assert answer.data["rows_out"] == 1
    assert cli("show", "x", "--json").data["manifest"]["origin"]["files"] == ["caf?.jsonl"]
    refused(cli("import", os.fsdecode(b"n\xe9.jsonl"), "--name", "x", "--json"))


def test_json_is_utf8_on_any_terminal(project: Project) -> None:
    stored(project, "d", [example("Grüße \U0001f600", "→ ok")])
    done = subprocess.run(
        command_line("sample", "d", "--json"),
        cwd=project.root,
        env=environment() | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["examples"][0]["messages"][0]["content"] == "Grüße \U0001f600"


def test_a_reader_that_goes_away_gets_no_traceback(project: Project) -> None:
    stored(project, "d", [example(f"q{i}", sentence(i, 300)) for i in range(300)])
    line = " ".join(command_line("sample", "d", "--rows", "300"))
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -c 10"], cwd=project.root, env=environment(), capture_output=True
    )
    assert b"Traceback" not in done.stderr


def test_hostile_task_names_cannot_steer_the_terminal(here: Command, project: Project) -> None:
    file = scores(project, "s.jsonl", [{**row, "task": HOSTILE} for row in GOOD])
    answer = here("judge", "--baseline", file, "--candidate", file)
    assert answer.returncode in (0, 3)
    assert not set("\x1b\x9b\r") & set(answer.stdout)


def test_line_separators_of_unicode_do_not_end_a_line_of_scores(here: Command, project: Project) -> None:
    file = scores(project, "s.jsonl", [{**row, "item": f"a\u2028b\x85{row['item']}"} for row in GOOD])
    assert here("judge", "--baseline", file, "--candidate", file, "--json").data["tasks"][0]["n"] == 30


def hard_rows() -> list[str]:
    nested: dict[str, Any] = {}
    for _ in range(200):
        nested = {"a": nested}
    return [
        json.dumps(chat("q", "a" * 2**20)),
        json.dumps(chat("q \ud800 end", "a \udfff")),
        json.dumps(chat("q\u0000", "a\u0000b")),
        json.dumps({**chat("deep", "a"), "extra": nested}),
        json.dumps(chat("x " * 2_000_000, "long line")),
        DEEP,
        '{"messages": "\0"}',
    ]


def test_rows_hard_to_keep_are_kept_or_rejected_and_all_are_counted(here: Command, project: Project) -> None:
    file = written(project, "hard.jsonl", "\n".join(hard_rows()) + "\n")
    answer = here("import", file, "--name", "x", "--json")
    assert answer.returncode == 0
    assert answer.data["rows_in"] == 7 == answer.data["rows_out"] + answer.data["rejects"]
    assert answer.data["rows_out"] >= 4
    assert here("sample", "x", "--rows", "10", "--json").returncode == 0
    assert here("export-data", "x", "--format", "messages", "--out", "o.jsonl", "--json").returncode == 0
    assert here("propose", "x", "--recipe", _recipe(project), "--sample", "10", "--json").returncode == 0


def test_rows_without_a_word_can_be_split_and_proposed_on(here: Command, project: Project) -> None:
    stored(project, "empty", [example("", "") for _ in range(12)])
    (project.root / "n.yaml").write_text("steps: [near_duplicates, exact_duplicates]")
    assert here("propose", "empty", "--recipe", "n.yaml", "--sample", "12", "--json").returncode == 0
    assert sum(here("split", "empty", "--json").data["rows"].values()) == 12


def test_a_version_without_rows_has_no_gaps_to_find(here: Command, project: Project, chats: Path) -> None:
    stored(project, "none", [])
    refused(here("gaps", "none", "--reference", "d", "--json"))
    refused(here("gaps", "d", "--reference", "none", "--json"))


def _recipe(project: Project) -> Path:
    return written(project, "cheap.yaml", "steps: [quality, secrets, exact_duplicates]")


def _rows(dataset: Dataset) -> list[str]:
    return [row["id"] for row in dataset.examples()]


def test_nothing_that_is_refused_changes_a_dataset(here: Command, project: Project, chats: Path) -> None:
    before = _rows(open_dataset(project, "d"))
    here("import", written(project, "bad.jsonl", "{"), "--name", "d", "--append")
    here("publish", "d")
    here("split", "d", "--test", "7")
    here("restore", "d@v0001")
    assert _rows(open_dataset(project, "d")) == before
    assert open_dataset(project, "d").version == 1
