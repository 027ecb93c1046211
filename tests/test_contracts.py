"""The contracts for machines: what ``--json`` prints on stdout, key by key, and the exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.conftest import Answered, Command, command_line, environment
from tests.make import chat, example, pair, sentence, stored, write_jsonl
from workbench.formats import Accepted, read_examples
from workbench.projects import Project, init_project
from workbench.versions import open_dataset

EMAIL, PHONE, CARD, IBAN = (
    "jana.novak@example.org",
    "+49 30 1234567",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
)
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
VALUES = {"EMAIL_ADDRESS": EMAIL, "PHONE_NUMBER": PHONE, "CREDIT_CARD": CARD, "IBAN_CODE": IBAN}
PATTERNS = "personal_data: {names: {backend: none}}"
"""Personal data without names: the made sentences are words in no order, of which some are names."""
RECIPE = f"name: planted\nsteps: [quality, secrets, {{{PATTERNS}}}, exact_duplicates, near_duplicates]\n"


def planted_rows() -> list[dict[str, Any]]:
    """Forty clean chats, then the faults; line 41 repeats line 1, line 42 nearly line 2."""
    rows = [chat(f"Please tell me: {sentence(i)[:-1]}?", sentence(i + 500, 24), label="a") for i in range(40)]
    first, second = rows[0]["messages"], rows[1]["messages"]
    rows.append(chat(first[0]["content"], first[1]["content"], label="a"))
    rows.append(chat(second[0]["content"], second[1]["content"][:-1] + " today."))
    rows += [chat(f"My number is {value}, is it?", "Thank you, we have it.") for value in VALUES.values()]
    rows.append(chat("Which key?", f"Use {TOKEN} for it."))
    rows.append(chat("Hello there, how are you?", ""))
    return rows


def ran(project: Project, *arguments: object) -> Answered:
    done = subprocess.run(
        command_line(*arguments, "--json"),
        cwd=project.root,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Answered(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with planted faults, imported as ``chats``."""
    project = init_project(tmp_path_factory.mktemp("planted"))
    file = write_jsonl(project.root / "chats.jsonl", planted_rows())
    with file.open("a") as lines:
        lines.write('broken\n{"messages": [{"role": "poet", "content": "x"}]}\n')
    (project.root / "planted.yaml").write_text(RECIPE)
    return project


@pytest.fixture(scope="module")
def imported(planted: Project) -> Answered:
    return ran(planted, "import", "chats.jsonl", "--name", "chats")


@pytest.fixture(scope="module")
def proposed(planted: Project, imported: Answered) -> Answered:
    return ran(planted, "propose", "chats", "--recipe", "planted.yaml", "--workers", "1")


@pytest.fixture(scope="module")
def findings(planted: Project, proposed: Answered) -> list[dict[str, Any]]:
    return ran(planted, "findings", "chats@v0001").data["findings"]  # type: ignore[no-any-return]


# --- import


def test_import_says_what_it_did(imported: Answered) -> None:
    path = imported.data.pop("rejects_path")
    assert imported.returncode == 0
    assert {key: value for key, value in imported.data.items() if key != "rejects_path"} == {
        "dataset": "chats@v0001",
        "format": "openai_messages",
        "rows_in": 50,
        "rows_out": 48,
        "rejects": 2,
        "duplicates_of_existing": 0,
    }
    assert Path(path).exists()


def test_rejects_have_file_line_reason_and_remedy_and_no_text(imported: Answered) -> None:
    lines = [json.loads(line) for line in Path(imported.data["rejects_path"]).read_text().splitlines()]
    assert [(row["file"], row["line"]) for row in lines] == [("chats.jsonl", 49), ("chats.jsonl", 50)]
    assert all(set(row) == {"file", "line", "reason", "remedy"} for row in lines)
    assert "poet" not in json.dumps(lines)


def test_import_again_counts_what_is_known(planted: Project, imported: Answered) -> None:
    write_jsonl(planted.root / "more.jsonl", [*planted_rows()[:3], chat("Something new?", "Yes, new.")])
    answer = ran(planted, "import", "more.jsonl", "--name", "chats2")
    again = ran(planted, "import", "more.jsonl", "--name", "chats2", "--append")
    assert answer.data["duplicates_of_existing"] == 0
    assert again.data["duplicates_of_existing"] == 4


def test_import_with_a_mapping(here: Command, project: Project) -> None:
    (project.root / "t.csv").write_text("asked,said,kind\nWhy?,Because.,x\nWho?,,y\n")
    line = ["--map", "user=asked", "--map", "assistant=said", "--map", "label=kind"]
    data = here("import", "t.csv", "--name", "t", *line, "--json").data
    assert (data["format"], data["rows_in"], data["rows_out"], data["rejects"]) == ("columns", 2, 1, 1)


@pytest.mark.parametrize("broken", [0, 1, 7])
def test_rows_in_are_rows_out_plus_rejects(here: Command, project: Project, broken: int) -> None:
    lines = [json.dumps(chat(f"{i}?", "yes")) for i in range(20)]
    lines[3:3] = ["{"] * broken
    (project.root / "f.jsonl").write_text("\n".join(lines))
    data = here("import", "f.jsonl", "f.jsonl", "--name", "f", "--json").data
    assert (data["rows_in"], data["rows_out"], data["rejects"]) == (2 * (20 + broken), 40, 2 * broken)
    assert (data["rejects_path"] is None) == (broken == 0)


# --- propose and findings


def test_propose_counts_findings_by_step_and_proposal(proposed: Answered) -> None:
    data = proposed.data
    assert proposed.returncode == 0
    assert list(data) == ["dataset", "run", "steps"]
    assert data["dataset"] == "chats@v0001"
    steps = {step["step"]: step for step in data["steps"]}
    assert list(steps) == ["quality", "secrets", "personal_data", "exact_duplicates", "near_duplicates"]
    for step in data["steps"]:
        assert list(step) == ["step", "findings", "by_proposal", "seconds", "rows_per_s"]
        assert step["findings"] == sum(step["by_proposal"].values())
        assert set(step["by_proposal"]) <= {"drop", "rewrite", "tag", "weight", "flag"}
    assert steps["personal_data"]["by_proposal"] == {"rewrite": 4}
    assert steps["exact_duplicates"]["by_proposal"] == {"drop": 1}


def test_a_preview_writes_nothing(here: Command, project: Project) -> None:
    stored(project, "d", [example("q", "a"), example("q", "a")])
    (project.root / "r.yaml").write_text("steps: [exact_duplicates]")
    data = here("propose", "d", "--recipe", "r.yaml", "--sample", "2", "--json").data
    assert data["steps"] == [{"step": "exact_duplicates", "findings": 1, "by_proposal": {"drop": 1}}]
    assert not project.folder("findings").exists()
    assert not project.folder("runs").exists()


def test_every_finding_has_the_keys_of_the_contract(findings: list[dict[str, Any]]) -> None:
    keys = ["id", "step", "kind", "example_id", "source", "score", "proposal", "evidence"]
    assert findings
    for finding in findings:
        assert list(finding) == keys
        assert set(finding["source"]) == {"file", "line"}
        assert 0 <= finding["score"] <= 1
        assert finding["proposal"] in ("drop", "rewrite", "tag", "weight", "flag")
    assert len({finding["id"] for finding in findings}) == len(findings)


def test_duplicates_name_the_row_that_stays(findings: list[dict[str, Any]], planted: Project) -> None:
    ids = {row["source"]["line"]: row["id"] for row in open_dataset(planted, "chats@1").examples()}
    for step, line, keeper in (("exact_duplicates", 41, 1), ("near_duplicates", 42, 2)):
        (found,) = [f for f in findings if f["step"] == step and f["proposal"] == "drop"]
        assert found["source"] == {"file": "chats.jsonl", "line": line}
        assert found["evidence"]["keeper"] == ids[keeper]
        assert found["evidence"]["keeper_source"] == {"file": "chats.jsonl", "line": keeper}


@pytest.mark.parametrize(("entity", "line"), [(entity, 43 + i) for i, entity in enumerate(VALUES)])
def test_spans_of_personal_data_cover_the_value(
    findings: list[dict[str, Any]], planted: Project, entity: str, line: int
) -> None:
    (found,) = [f for f in findings if f["step"] == "personal_data" and f["source"]["line"] == line]
    row = open_dataset(planted, "chats@1").lookup([found["example_id"]])[found["example_id"]]
    (span,) = [span for span in found["evidence"]["spans"] if span["entity"] == entity]
    assert {"part", "message", "start", "end", "entity", "score"} <= set(span)
    text = row[span["part"]][span["message"]]["content"]  # type: ignore[literal-required]
    assert text[span["start"] : span["end"]] == VALUES[entity]


def test_evidence_never_holds_the_value(planted: Project, proposed: Answered) -> None:
    answer = ran(planted, "findings", "chats@v0001")
    folder = planted.folder("findings", "chats", "v0001")
    texts = [answer.stdout, answer.stderr, proposed.stdout, proposed.stderr]
    texts += [path.read_bytes().decode("latin-1") for path in folder.iterdir()]
    texts += [str(pq.read_table(path).to_pylist()) for path in folder.glob("*.parquet")]
    texts += [path.read_text() for path in planted.folder("runs").rglob("*") if path.is_file()]
    for value in [*VALUES.values(), TOKEN, TOKEN[4:20], "1234567", "jana"]:
        assert not any(value in text for text in texts)


def test_findings_can_be_narrowed_by_step_and_kind(planted: Project, proposed: Answered) -> None:
    found = ran(planted, "findings", "chats@v0001", "--step", "quality", "--kind", "empty_answer").data[
        "findings"
    ]
    assert [(f["step"], f["kind"], f["source"]["line"]) for f in found] == [("quality", "empty_answer", 48)]


def test_findings_without_json_are_one_object_a_line(
    cli: Command, planted: Project, proposed: Answered
) -> None:
    answer = cli("findings", "chats@v0001", "--project", planted.root)
    assert all("example_id" in json.loads(line) for line in answer.stdout.splitlines())


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_findings_go_to_a_file(
    findings: list[dict[str, Any]], planted: Project, tmp_path: Path, format: str
) -> None:
    out = tmp_path / f"f.{format}"
    answer = ran(planted, "findings", "chats@v0001", "--format", format, "--out", out)
    assert answer.data == {"findings": len(findings), "path": str(out)}
    if format == "jsonl":
        ids = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    else:
        ids = pq.read_table(out)["id"].to_pylist()
    assert ids == [finding["id"] for finding in findings]


# --- decide, publish, look


def test_publish_show_and_diff_agree(here: Command, project: Project) -> None:
    write_jsonl(project.root / "c.jsonl", planted_rows())
    here("import", "c.jsonl", "--name", "c")
    (project.root / "r.yaml").write_text(
        "steps: [quality, {personal_data: {names: {backend: none}}}, exact_duplicates]"
    )
    here("propose", "c", "--recipe", "r.yaml")
    kept = here("findings", "c", "--step", "quality", "--json").data["findings"][0]
    assert here("review", "c", "--reject", kept["id"], "--who", "me", "--json").data == {
        "recorded": 1,
        "decisions": 1,
    }
    published = here("publish", "c", "--json").data
    assert published == {
        "dataset": "c@v0002",
        "parent": "c@v0001",
        "rows_in": 48,
        "rows_out": 47,
        "dropped": {"exact_duplicates.exact_verbatim": 1},
        "edited": {"personal_data.personal_data": 4},
        "overruled": 1,
    }
    shown = here("show", "c", "--json").data
    assert list(shown) == ["dataset", "manifest", "findings"]
    assert (shown["dataset"], shown["manifest"]["rows"], shown["manifest"]["parent"]) == (
        "c@v0002",
        47,
        "c@v0001",
    )
    found = here("diff", "c@v0001", "c@v0002", "--json").data
    assert (found["same"], found["removed"], found["added"]) == (43, 5, 4)
    assert found["reasons"] == {
        "edited: personal_data.personal_data": 4,
        "dropped: exact_duplicates.exact_verbatim": 1,
    }
    assert here("datasets", "--json").data == {
        "datasets": [
            {"dataset": "c@v0001", "rows": 48, "made_by": "import", "parent": None},
            {"dataset": "c@v0002", "rows": 47, "made_by": "publish", "parent": "c@v0001"},
        ]
    }
    assert here("restore", "c@v0001", "--json").data == {"dataset": "c@v0003", "rows": 48}


def test_runs_lists_id_kind_state_and_progress(planted: Project, proposed: Answered) -> None:
    (row,) = ran(planted, "runs").data["runs"]
    assert row["run"] == proposed.data["run"]
    assert (row["kind"], row["state"]) == ("propose", "finished")
    assert set(row) == {"run", "kind", "state", "progress"}


def test_split_counts_its_rows(here: Command, project: Project) -> None:
    stored(project, "d", [example(sentence(i), sentence(i + 900)) for i in range(60)])
    data = here("split", "d", "--validation", "0.2", "--test", "0.2", "--json").data
    assert set(data) == {
        *("dataset", "parent", "rows", "units", "largest_unit", "left_out", "kept", "joined", "new"),
        *("crossing", "folds", "fold", "shares", "deviation", "strata"),
    }
    assert sum(data["rows"].values()) == 60


def test_gaps_have_the_keys_of_the_contract(here: Command, project: Project) -> None:
    def rows(label: str, count: int, start: int) -> list[Any]:
        return [example(sentence(i, 8), "Yes.", label=label) for i in range(start, start + count)]

    stored(project, "train", rows("a", 200, 0))
    stored(project, "field", rows("a", 40, 1000) + rows("b", 40, 2000))
    answer = here(
        "gaps", "train", "--reference", "field", "--embedder", "lexical", "--brief", "b.md", "--json"
    )
    gaps = answer.data["gaps"]
    assert all(
        list(gap) == ["id", "kind", "title", "severity", "evidence", "want", "examples"] for gap in gaps
    )
    (label,) = [gap for gap in gaps if gap["id"] == "label:b"]
    assert (label["kind"], label["want"] > 0, 0 < label["severity"] <= 1) == ("label", True, True)
    known = {row["id"] for row in open_dataset(project, "field").examples()}
    assert set(label["examples"]) <= known
    assert "label 'b'" in project.folder("b.md").read_text()


@pytest.mark.parametrize("format", ["messages", "sharegpt", "alpaca", "trl", "openai", "parquet"])
@pytest.mark.parametrize("kind", ["sft", "preference"])
def test_exported_data_reads_back_with_the_same_ids(
    here: Command, project: Project, format: str, kind: str
) -> None:
    make = example if kind == "sft" else lambda q, a: pair(q, a, "No.")
    stored(project, "d", [make(f"{sentence(i)}?", sentence(i + 70)) for i in range(12)])  # type: ignore[operator]
    out = project.root / ("o.parquet" if format == "parquet" else "o.jsonl")
    answer = here("export-data", "d", "--format", format, "--out", out, "--json")
    written = {"rows": 12, "path": str(out), "skipped": 0, "skipped_path": None, "warnings": []}
    assert answer.data == written
    back = [row.example["id"] for row in read_examples(out) if isinstance(row, Accepted)]
    assert back == [row["id"] for row in open_dataset(project, "d").examples()]


# --- judge


def scored(project: Project, name: str, right: int, of: int, tasks: tuple[str, ...] = ("t",)) -> str:
    rows = [{"task": task, "item": i, "score": int(i < right)} for task in tasks for i in range(of)]
    write_jsonl(project.root / name, rows)
    return name


def harness(project: Project, name: str, right: int, of: int) -> str:
    """What ``lm_eval --log_samples --output_path`` leaves, for two tasks, one with an older run."""
    folder = project.folder(name, "my__model")
    folder.mkdir(parents=True)
    (folder / "results_2026-01-02T00-00-00.000001.json").write_text("{}")
    for task, stamp, score in (
        ("arc_easy", "2026-01-02T00-00-00.000001", "acc"),
        ("gsm_8k", "2026-01-02T00-00-00.000001", "exact_match"),
        ("gsm_8k", "2026-01-01T00-00-00.000001", "exact_match"),
    ):
        rows = [
            {
                "doc_id": i,
                "doc": {"question": f"q{i}"},
                "target": "x",
                "arguments": {"gen_args_0": {"arg_0": f"q{i}"}},
                "resps": [["x"]],
                "filtered_resps": ["x"],
                "filter": "none",
                "metrics": [score],
                "doc_hash": f"{i:064x}",
                "prompt_hash": f"{i + 7:064x}",
                "target_hash": f"{i:064x}",
                score: float(i < right) if "-01-02" in stamp else 0.0,
            }
            for i in range(of)
        ]
        write_jsonl(folder / f"samples_{task}_{stamp}.jsonl", rows)
    return name


TASK_KEYS = {
    "task",
    "verdict",
    "n",
    "delta",
    "low",
    "high",
    "p_harm",
    "p_harm_holm",
    "margin",
    "more_items_needed",
}


@pytest.mark.parametrize(
    ("right", "of", "verdict", "code", "word"),
    [
        (390, 400, "pass", 0, "retained"),
        (300, 400, "fail", 1, "forgotten"),
        (38, 40, "inconclusive", 3, "inconclusive"),
    ],
)
@pytest.mark.parametrize("shape", [scored, harness])
def test_judge_gives_verdict_and_exit_code(
    here: Command, project: Project, shape: Any, right: int, of: int, verdict: str, code: int, word: str
) -> None:
    old = shape(project, "old", of * 39 // 40, of)
    new = shape(project, "new", right, of)
    answer = here("judge", "--baseline", old, "--candidate", new, "--json")
    assert (answer.returncode, answer.data["verdict"]) == (code, verdict)
    assert {task["verdict"] for task in answer.data["tasks"]} == {word}
    assert all(set(task) >= TASK_KEYS for task in answer.data["tasks"])
    assert all(task["low"] <= task["delta"] <= task["high"] for task in answer.data["tasks"])
    assert all((task["more_items_needed"] > 0) == (code == 3) for task in answer.data["tasks"])
    assert {"verdict", "delta", "low", "high", "margin"} <= set(answer.data["macro"])


def test_the_newest_samples_of_a_harness_folder_count(here: Command, project: Project) -> None:
    old, new = harness(project, "old", 390, 400), harness(project, "new", 390, 400)
    tasks = here("judge", "--baseline", old, "--candidate", new, "--json").data["tasks"]
    assert [(task["task"], task["n"], task["old"], task["new"]) for task in tasks] == [
        ("arc_easy", 400, 0.975, 0.975),
        ("gsm_8k", 400, 0.975, 0.975),
    ]


def test_one_forgotten_task_among_many_fails_the_whole(here: Command, project: Project) -> None:
    names = ("a", "b", "c")
    old = [{"task": t, "item": i, "score": 1} for t in names for i in range(400)]
    new = [{**row, "score": int(row["task"] != "b" or row["item"] > 99)} for row in old]  # type: ignore[operator]
    write_jsonl(project.root / "old.jsonl", old)
    write_jsonl(project.root / "new.jsonl", new)
    answer = here("judge", "--baseline", "old.jsonl", "--candidate", "new.jsonl", "--json")
    assert answer.returncode == 1
    assert {t["task"]: t["verdict"] for t in answer.data["tasks"]} == {
        "a": "retained",
        "b": "forgotten",
        "c": "retained",
    }


def test_judge_of_items_in_clusters_is_less_sure(here: Command, project: Project) -> None:
    def rows(lost: set[int], clustered: bool) -> list[dict[str, Any]]:
        extra = {"cluster": "c"} if clustered else {}
        return [
            {
                "task": "t",
                "item": i,
                "score": int(i not in lost),
                **{k: f"{v}{i // 20}" for k, v in extra.items()},
            }
            for i in range(400)
        ]

    widths = {}
    for clustered in (False, True):
        write_jsonl(project.root / "old.jsonl", rows(set(), clustered))
        write_jsonl(project.root / "new.jsonl", rows(set(range(20)), clustered))
        (task,) = here("judge", "--baseline", "old.jsonl", "--candidate", "new.jsonl", "--json").data["tasks"]
        widths[clustered] = task["high"] - task["low"]
    assert widths[True] > 1.5 * widths[False]


def test_a_policy_gives_roles_and_margins(here: Command, project: Project) -> None:
    old, new = scored(project, "old", 200, 400), scored(project, "new", 300, 400)
    (project.root / "p.yaml").write_text("tasks: {t: {role: target}}\ntarget_gain: 0.1\n")
    data = here("judge", "--baseline", old, "--candidate", new, "--policy", "p.yaml", "--json").data
    assert [(task["role"], task["verdict"]) for task in data["tasks"]] == [("target", "improved")]


def test_a_base_at_chance_cannot_be_measured(here: Command, project: Project) -> None:
    old = scored(project, "old", 2, 400)
    answer = here("judge", "--baseline", old, "--candidate", old, "--json")
    assert (answer.returncode, answer.data["tasks"][0]["verdict"]) == (3, "not_measurable")


@pytest.mark.parametrize("of", [1, 2])
def test_judge_of_very_few_items_is_still_json(here: Command, project: Project, of: int) -> None:
    old = scored(project, "old", of, of)
    answer = here("judge", "--baseline", old, "--candidate", old, "--json")
    assert answer.returncode == 3
    assert answer.data["verdict"] == "inconclusive"


# --- all commands


@pytest.mark.parametrize(
    "line",
    [
        ["datasets"],
        ["runs"],
        ["show", "chats@1"],
        ["sample", "chats@1"],
        ["diff", "chats@1", "chats@1"],
        ["findings", "chats@1"],
        ["review"],
        ["recipe"],
        ["recipe", "clean"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_stdout_holds_exactly_one_json_object(planted: Project, proposed: Answered, line: list[str]) -> None:
    answer = ran(planted, *line)
    assert answer.returncode == 0
    assert isinstance(answer.data, dict)
    assert answer.stdout.count("\n") == 1
    assert "Traceback" not in answer.stderr


@pytest.mark.slow
def test_a_run_that_fails_gives_exit_code_4_with_its_reason(here: Command, project: Project) -> None:
    stored(project, "d", [example("q", "a")])
    model = project.root / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "llama"}')
    answer = here("train", "sft", "--data", "d", "--base", model, "--json")
    assert answer.returncode == 4
    assert answer.data["error"]["type"] == "RunFailedError"
    assert answer.data["error"]["remedy"]
    assert here("runs", "--json").data["runs"][0]["state"] == "failed"
