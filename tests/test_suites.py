"""Suites: reading them, the harness's tasks on local data, fetching, checking, outside samples."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.make import example, stored, write_jsonl
from workbench.errors import InputError, NotFoundError
from workbench.evaluation import create_evaluation, evaluate
from workbench.evaluation.loading import load_task
from workbench.harness_samples import read_harness_folder, sample_scores
from workbench.projects import Project
from workbench.scores import read_scores, score_line
from workbench.suite_data.checking import check_suite
from workbench.suite_data.fetching import fetch_from_files, fetch_task
from workbench.suite_data.reading import check_task_data, read_task_data
from workbench.suites import load_suite
from workbench.worker import Worker

GSM8K = Path(__file__).parent.parent.parent / "shared" / "data" / "eval" / "gsm8k_test.jsonl.gz"
SUMS = [
    {
        "question": f"Ann has {n} pens and buys {n + 3} more. How many?",
        "answer": f"{n}+{n + 3}\n#### {2 * n + 3}",
    }
    for n in range(2, 14)
]
ARC = [
    {
        "id": f"q{n}",
        "question": f"Which is larger than {n}?",
        "choices": {"text": [str(n - 1), str(n + 1), "0"], "label": ["A", "B", "C"]},
        "answerKey": "B",
    }
    for n in range(3, 15)
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TQDM_DISABLE"):
        monkeypatch.setenv(name, "1")


def suite_file(folder: Path, **suite: Any) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mine.yaml"
    path.write_text(json.dumps({"name": "mine", **suite}))
    return str(path)


def evaluated(project: Project, suite: str, **options: Any) -> tuple[Path, list[tuple[str, int]]]:
    """Tiny-chat's scores, and ``(task, items)``: a finished evaluation in this process."""
    run = create_evaluation(project, base="tiny-chat", suite=suite, adapters=[], **options)
    tasks = evaluate(Worker(run))["tasks"]
    return run.path / "arms" / "base", [(row["task"], row["n"]) for row in tasks]


# --- reading


def test_an_unknown_key_of_a_task_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown key 'rolle'"):
        load_suite(suite_file(tmp_path, tasks=[{"task": "arc_easy", "rolle": "target"}]), None)
    with pytest.raises(InputError, match="names its data"):
        load_suite(suite_file(tmp_path, tasks=[{"task": "heldout"}]), None)
    with pytest.raises(InputError, match="unknown metric"):
        load_suite(suite_file(tmp_path, tasks=[{"task": "heldout", "data": "d@v1", "metrics": ["x"]}]), None)


def test_a_task_tells_its_kind_name_and_role(tmp_path: Path) -> None:
    suite = load_suite(
        suite_file(
            tmp_path,
            tasks=[{"task": "arc_easy", "name": "easy"}, {"task": "heldout", "data": "chats@v2"}],
        ),
        None,
    )
    assert [(suite.task_name(task), task.kind, task.role) for task in suite.file.tasks] == [
        ("easy", "harness", "retained"),
        ("heldout-chats-test", "heldout", "target"),
    ]


# --- the harness's tasks on local data


def test_a_task_of_the_harness_runs_on_fetched_rows_without_a_network(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "arc.jsonl", ARC)
    fetch_from_files("arc_easy", {"test": tmp_path / "arc.jsonl"}, tmp_path / "data")
    suite = load_suite(suite_file(tmp_path, data="data", tasks=[{"task": "arc_easy"}]), None)
    loaded = load_task(suite, suite.file.tasks[0], None)
    task = loaded.leaves["arc_easy"]
    assert len(task.eval_docs) == len(ARC)
    assert task.doc_to_text(task.eval_docs[0]) == "Question: Which is larger than 3?\nAnswer:"
    assert task.doc_to_target(task.eval_docs[0]) == 1


def test_two_filters_become_two_tasks_and_an_answer_without_form_is_told(
    here: Command, project: Project, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "sums.jsonl", SUMS)
    here(
        "suites",
        "fetch",
        "gsm8k",
        "--file",
        f"test={tmp_path / 'sums.jsonl'}",
        *shots(tmp_path),
        "--to",
        "data",
    )
    suite = suite_file(
        project.root, data="data", tasks=[{"task": "gsm8k", "num_fewshot": 1}], chat_template=False
    )
    folder, tasks = evaluated(project, suite, limit=10)
    assert tasks == [("gsm8k:flexible-extract", 10), ("gsm8k:strict-match", 10)]
    rows = [json.loads(line) for line in (folder / "gsm8k:strict-match.jsonl").read_text().splitlines()]
    assert len(rows) == 10
    assert all(row["question"].count("How many?") == 2 for row in rows)
    assert all(row["parsed"] == ("#### " in row["response"]) for row in rows)


def shots(tmp_path: Path) -> list[str]:
    write_jsonl(tmp_path / "train.jsonl", SUMS[:4])
    return ["--file", f"train={tmp_path / 'train.jsonl'}"]


@pytest.mark.skipif(not GSM8K.exists(), reason="the shared evaluation data is not here")
def test_the_public_gsm8k_rows_load_as_the_harness_task(tmp_path: Path) -> None:
    data = fetch_from_files("gsm8k", {"test": GSM8K, "train": GSM8K}, tmp_path / "data")
    check_task_data(data)
    suite = load_suite(suite_file(tmp_path, data="data", tasks=[{"task": "gsm8k", "limit": 50}]), None)
    loaded = load_task(suite, suite.file.tasks[0], None)
    with gzip.open(GSM8K, "rt") as file:
        count = sum(1 for _ in file)
    assert len(loaded.leaves["gsm8k"].eval_docs) == count
    assert len(loaded.samples["gsm8k"]) == 50
    assert loaded.leaves["gsm8k"].get_config("num_fewshot") == 5


def test_a_group_of_the_harness_is_one_task_with_its_parts_as_slices(
    project: Project, tmp_path: Path
) -> None:
    rows = [
        {"question": f"Which comes after {n}?", "choices": ["a", "b", "c", "d"], "answer": 1}
        for n in range(8)
    ]
    write_jsonl(tmp_path / "part.jsonl", rows)
    home = project.root / "data" / "mmlu_stem"
    for leaf in ("mmlu_anatomy", "mmlu_astronomy"):
        fetch_from_files(
            leaf, {"test": tmp_path / "part.jsonl", "dev": tmp_path / "part.jsonl"}, project.root
        )
        shutil.copytree(project.root / leaf / leaf, home / leaf)
    leaves = {
        leaf: json.loads((project.root / leaf / "manifest.json").read_text())["leaves"][leaf]
        for leaf in ("mmlu_anatomy", "mmlu_astronomy")
    }
    (home / "manifest.json").write_text(json.dumps({"task": "mmlu_stem", "leaves": leaves}))
    suite = suite_file(project.root, data="data", tasks=[{"task": "mmlu_stem", "limit": 10}])
    folder, tasks = evaluated(project, suite)
    assert tasks == [("mmlu_stem", 10)]
    path = folder / "mmlu_stem.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["slices"]["subtask"] for row in found] == ["mmlu_anatomy"] * 5 + ["mmlu_astronomy"] * 5


def test_a_task_file_may_include_another_and_call_its_own_function(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "rows.jsonl", SUMS)
    (tmp_path / "words.py").write_text("def asked(doc):\n    return 'Q: ' + doc['question']\n")
    (tmp_path / "plain.yaml").write_text(
        "dataset_path: json\ntest_split: test\noutput_type: generate_until\n"
        'doc_to_target: "{{answer}}"\nmetric_list: [{metric: exact_match}]\n'
    )
    (tmp_path / "own.yaml").write_text(
        "include: plain.yaml\ntask: own\ndataset_kwargs: {data_files: {test: rows.jsonl}}\n"
        "doc_to_text: !function words.asked\n"
    )
    suite = load_suite(suite_file(tmp_path, tasks=[{"task": "own.yaml"}]), None)
    assert [path.name for path in suite.task_files(suite.file.tasks[0])] == [
        "own.yaml",
        "rows.jsonl",
        "words.py",
        "plain.yaml",
    ]
    task = load_task(suite, suite.file.tasks[0], None).leaves["own"]
    assert task.doc_to_text(task.eval_docs[0]).startswith("Q: Ann has 2 pens")


def test_an_unknown_task_and_data_that_is_not_here_are_told_apart(tmp_path: Path) -> None:
    suite = load_suite(suite_file(tmp_path, tasks=[{"task": "arc_easy", "data": "nowhere"}]), None)
    with pytest.raises(NotFoundError, match="not in this folder") as caught:
        load_task(suite, suite.file.tasks[0], None)
    assert "suites fetch arc_easy" in caught.value.remedy


# --- fetching


def test_fetching_writes_the_splits_that_the_harness_loads_with_their_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way through the harness and ``datasets``; only the source is on this disk, not the hub."""
    from workbench.suite_data import fetching
    from workbench.suite_data.harness_index import load_offline

    rows = tmp_path / "arc.jsonl"
    write_jsonl(rows, ARC)
    source = fetch_from_files(
        "arc_easy", dict.fromkeys(("train", "validation", "test"), rows), tmp_path / "hub"
    )
    monkeypatch.setattr(fetching, "load_by_name", lambda _: load_offline(source))
    data = fetch_task("arc_easy", tmp_path / "data")
    assert sorted(data.leaves["arc_easy"]) == ["test", "train", "validation"]
    written = [json.loads(line) for line in data.leaves["arc_easy"]["test"].read_text().splitlines()]
    assert written == ARC
    check_task_data(data)


def test_a_fetched_file_that_changed_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "arc.jsonl", ARC)
    data = fetch_from_files("arc_easy", {"test": tmp_path / "arc.jsonl"}, tmp_path / "data")
    check_task_data(data)
    file = data.leaves["arc_easy"]["test"]
    file.write_text(file.read_text().replace('"B"', '"C"', 1))
    with pytest.raises(InputError, match="has changed"):
        check_task_data(data)


@pytest.mark.parametrize("file", ["../../secret.jsonl", "/etc/hostname"])
def test_a_manifest_that_points_outside_its_folder_is_refused(tmp_path: Path, file: str) -> None:
    home = tmp_path / "data" / "arc_easy"
    home.mkdir(parents=True)
    leaves = {"arc_easy": {"test": {"file": file, "sha256": "0"}}}
    (home / "manifest.json").write_text(json.dumps({"leaves": leaves}))
    with pytest.raises(InputError, match="damaged"):
        read_task_data(tmp_path / "data", "arc_easy")


def test_rows_that_are_no_objects_leave_no_half_fetched_folder(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"question": "a"}\n[1]\n')
    with pytest.raises(InputError, match="cannot be read"):
        fetch_from_files("arc_easy", {"test": tmp_path / "bad.jsonl"}, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


# --- the commands


def test_suites_are_listed_shown_and_checked(here: Command, project: Project) -> None:
    names = [row["suite"] for row in here("suites", "list", "--json").data["suites"]]
    assert "demo" in names
    shown = here("suites", "show", "demo", "--json").data
    assert len(shown["tasks"]) == 10
    assert all(len(file["sha256"]) == 64 for task in shown["tasks"] for file in task["files"])
    checked = here("suites", "check", "demo", "--json")
    assert checked.returncode == 0
    assert {task["metric"] for task in checked.data["tasks"]} == {"exact_match"}


def test_a_check_tells_every_task_that_cannot_be_asked(here: Command, project: Project) -> None:
    write_jsonl(project.root / "arc.jsonl", [{"wrong": "column"}, {"wrong": "column"}])
    fetch_from_files("arc_easy", {"test": project.root / "arc.jsonl"}, project.root / "data")
    rows = [example(f"Ask {n}?", "yes") for n in range(3)]
    for row in rows:
        row["split"] = "test"
    held_out = stored(project, "own", rows).ref
    suite = suite_file(
        project.root,
        data="data",
        tasks=[{"task": "arc_easy"}, {"task": "gsm8k"}, {"task": "heldout", "data": held_out}],
    )
    answer = here("suites", "check", suite, "--json")
    assert answer.returncode == 1
    assert [(row["task"], row["ok"]) for row in answer.data["tasks"]] == [
        ("arc_easy", False),
        ("gsm8k", False),
        ("heldout-own-test", True),
    ]
    assert "column" in answer.data["tasks"][0]["remedy"]
    assert answer.data["tasks"][2]["items"] == 3


def test_a_metric_that_an_item_does_not_have_is_found_by_the_check(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "arc.jsonl", ARC)
    fetch_from_files("arc_easy", {"test": tmp_path / "arc.jsonl"}, tmp_path / "data")
    tasks = [
        {"task": "arc_easy", "metric": "acc_norm"},
        {"task": "arc_easy", "name": "other", "metric": "bleu"},
    ]
    found = check_suite(load_suite(suite_file(tmp_path, data="data", tasks=tasks), None), None)
    assert [(row["ok"], row.get("metric")) for row in found] == [(True, "acc_norm"), (False, None)]


# --- samples from outside


def sample(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "doc_id": number,
        "doc_hash": f"{number:064d}",
        "prompt_hash": "p",
        "filter": "none",
        "arguments": {
            "gen_args_0": {"arg_0": "asked", "arg_1": " yes"},
            "gen_args_1": {"arg_0": "asked", "arg_1": " no"},
        },
        "resps": [[["-1.0", "False"]], [["-2.0", "False"]]],
        "filtered_resps": [["-1.0", "False"], ["-2.0", "False"]],
        "target": "1",
        "metrics": ["acc"],
        "acc": 0.0,
        **fields,
    }


def test_choices_and_gold_are_read_from_what_the_harness_wrote() -> None:
    score = sample_scores([sample(1)], "t")["t"]["1:0000000000000000"]
    assert (score.choices, score.gold, score.nll, score.response, score.target) == (
        [-1.0, -2.0],
        1,
        2.0,
        "yes",
        "no",
    )
    assert json.loads(score_line(score)) == {
        name: value for name, value in vars(score).items() if value is not None
    }


def test_an_answer_that_no_filter_could_read_is_told_from_a_wrong_one() -> None:
    said = [sample(n, filter="strict", filtered_resps=[text]) for n, text in enumerate(["[invalid]", "7"])]
    plain = [sample(2, filter="none", filtered_resps=["7"])]
    assert [score.parsed for score in sample_scores(said, "t")["t"].values()] == [False, True]
    assert [score.parsed for score in sample_scores(plain, "t")["t"].values()] == [None]


def test_a_metric_of_which_less_is_better_is_negated(tmp_path: Path) -> None:
    rows = [sample(n, metrics=["wer"], wer=n / 4) for n in range(3)]
    home = tmp_path / "out" / "model"
    home.mkdir(parents=True)
    write_jsonl(home / "samples_speech_2026-01-02T03-04-05.678.jsonl", rows)
    (home / "results_2026-01-02T03-04-05.678.json").write_text(
        json.dumps({"higher_is_better": {"speech": {"wer": False}}})
    )
    scores = read_scores(tmp_path / "out")["speech"]
    assert sorted(score.score for score in scores.values()) == [-0.5, -0.25, 0.0]
    assert {score.metrics["wer"] for score in scores.values() if score.metrics} == {0.0, 0.25, 0.5}


def test_accuracy_is_the_score_before_a_perplexity_that_is_named_first() -> None:
    rows = [sample(1, metrics=["perplexity", "acc"], perplexity=-3.5, acc=1.0)]
    assert [score.score for score in sample_scores(rows, "t")["t"].values()] == [1.0]
    chosen = sample_scores(rows, "t", metric="perplexity", higher={"perplexity": False})
    assert [score.score for score in chosen["t"].values()] == [-3.5], "it is a log-likelihood, more is better"


def test_the_newest_run_of_each_task_is_read_and_two_models_are_refused(tmp_path: Path) -> None:
    home = tmp_path / "a"
    home.mkdir()
    for when, value in (("2026-01-02T00-00-00.1", 0.0), ("2026-01-10T00-00-00.1", 1.0)):
        write_jsonl(home / f"samples_quiz_one_{when}.jsonl", [sample(1, acc=value)])
    assert [score.score for score in read_harness_folder(tmp_path)["quiz_one"].values()] == [1.0]
    other = tmp_path / "b"
    other.mkdir()
    write_jsonl(other / "samples_quiz_one_2026-01-11T00-00-00.1.jsonl", [sample(1)])
    with pytest.raises(InputError, match="more than one model"):
        read_harness_folder(tmp_path)


def test_a_task_whose_metrics_are_of_whole_sets_only_is_refused() -> None:
    with pytest.raises(InputError, match="no metric of single items"):
        sample_scores([sample(1, metrics=["f1"], f1=[1, 0])], "t")
