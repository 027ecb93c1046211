"""From failure back to data: missing, contradictory, badly formed and covered regions, planted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.judged_project import written_adapter
from tests.make import example, stored
from workbench.embedding import minilm_path
from workbench.errors import InputError, NotFoundError
from workbench.evaluation.store import write_scores
from workbench.failures import FailureSettings, failure_gaps, failure_rows, failures_of_arm, find_failures
from workbench.failures.asking import question_of, user_marks
from workbench.failures.causes import differ, same_question
from workbench.files import append_line, write_json, write_text
from workbench.gaps import collection_brief
from workbench.judging import judge_run
from workbench.models import load_tokenizer
from workbench.projects import Project
from workbench.report.gathering import failures_of as in_report
from workbench.report.gathering import report_data
from workbench.runs import Run, create_run
from workbench.scores import Score
from workbench.versions import open_dataset

LEXICAL = FailureSettings.model_validate({"embedder": "lexical"})
THINGS = ["shoes", "jackets", "books", "lamps", "phones", "chairs", "clocks", "toys", "rugs", "pans"]
CITIES = ["Paris", "Lima", "Oslo", "Cairo", "Quito", "Dublin", "Hanoi", "Riga", "Delhi", "Rome"]
HOSTILE = "<script>alert(1)</script>\u202e"


def training_rows() -> list[Any]:
    """Returns (agreed), warranties (contradictory: each asked twice, answered yes and no), parcels."""
    rows = []
    for thing in THINGS:
        for how in ("Can I return my", "May I send back my"):
            rows.append(
                example(f"{how} {thing} to the shop within thirty days?", "yes", tags=["cluster:returns"])
            )
        for answer in ("yes", "no"):
            rows.append(example(f"Does the warranty of {thing} cover water damage?", answer))
        rows.append(example(f"Where is the parcel with my {thing}?", "on its way"))
    return rows


def training_rows_stored(project: Project) -> list[Any]:
    return list(open_dataset(project, "chats").examples())


def trained(project: Project, rows: list[Any] | None = None) -> Run:
    """A finished training run as the protocol has it, over rows of a version."""
    data = stored(project, "chats", rows or training_rows())
    run = create_run(project, "sft", {"settings": {"base": "tiny-chat"}})
    ids = data.table(["id"])["id"].to_pylist()
    adapter = written_adapter(project)
    adapter.rename(run.path / "adapter")
    write_json(run.path / "rows.json", {"train": ids})
    write_json(
        run.path / "manifest.json",
        {
            "run": run.id,
            "settings": {"method": "sft", "base": "tiny-chat"},
            "dataset": {"ref": data.ref, "content_hash": data.content_hash},
            "rows": {"train": len(ids), "replay": 0, "hash": "0"},
            "adapter_sha256": "0",
            "parent_adapter": None,
            "libraries": {},
            "hardware": "CPU",
        },
    )
    write_json(run.path / "result.json", {"run": run.id, "metrics": {}})
    return run


def templated(question: str) -> str:
    turns = [
        {"role": "system", "content": "Be kind to the capital of shoes."},
        {"role": "user", "content": question},
    ]
    return str(
        load_tokenizer("tiny-chat").apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    )


def items(questions: list[tuple[str, str]], right: bool, response: str = "", **more: Any) -> dict[str, Score]:
    found = {}
    for i, (question, target) in enumerate(questions):
        item = f"{i}:{i:04x}"
        found[item] = Score(
            item,
            float(right),
            prompt_hash="p",
            question=templated(question),
            target=target,
            response=target if right else response,
            **more,
        )
    return found


CAPITALS = [(f"Which country has the capital {city}?", f"country of {city}") for city in CITIES]
WARRANTY = [(f"Is water damage covered by the warranty of {thing}?", "no") for thing in THINGS]
RETURNS = [(f"Can I return the {thing} to your shop within thirty days?", "yes") for thing in THINGS]


def evaluated(project: Project, run: Run) -> Run:
    """An evaluation in which the adapter forgot capitals and fails at warranties, forms and returns."""
    suite = project.folder("evalsuites", "own.yaml")
    for task in ("capitals", "warranty", "form", "returns"):
        write_text(project.folder("evalsuites", f"{task}.yaml"), f"task: {task}\ndataset_kwargs: {{}}\n")
    tasks = ", ".join(
        f"{{task: {task}.yaml, role: {'retained' if task == 'capitals' else 'target'}}}"
        for task in ("capitals", "warranty", "form", "returns")
    )
    write_text(suite, f"name: own\ntasks: [{tasks}]\n")
    base = {"name": "base", "kind": "base", "adapter": None}
    arms = [base, {"name": "one", "kind": "adapter", "adapter": str(run.path / "adapter")}]
    roles = {
        t: {"role": "retained" if t == "capitals" else "target"}
        for t in ("capitals", "warranty", "form", "returns")
    }
    config = {
        "base": "tiny-chat",
        "suite": str(suite),
        "arms": arms,
        "policy": {"tasks": roles, "beat_prompt": False},
    }
    made = create_run(project, "evaluate", config)
    right_form = items(RETURNS, right=False, response="Well, the answer is: yes!", parsed=False)
    write_scores(
        made.path / "arms" / "base",
        {
            "capitals": items(CAPITALS, right=True),
            "warranty": items(WARRANTY, right=False, response="hm"),
            "form": items(RETURNS, right=True),
            "returns": items(RETURNS, right=False, response="hm"),
        },
    )
    write_scores(
        made.path / "arms" / "one",
        {
            "capitals": items(CAPITALS, right=False, response=HOSTILE),
            "warranty": items(WARRANTY, right=False, response="yes"),
            "form": right_form,
            "returns": items(RETURNS, right=False, response="never"),
        },
    )
    same = {"weights_sha256": "1" * 64, "dtype": "float32", "batch_size": 8, "device": "cpu"}
    hashes = {"adapter_sha256": "2" * 64, "adapter_config_sha256": "3" * 64}
    write_json(
        made.path / "manifest.json",
        {
            "base": "tiny-chat",
            "suite": {"name": "own", "chat_template": True},
            "items_sha256": "0",
            "seeds": {},
            "libraries": {},
            "arms": [{**arm, **same, **(hashes if arm["adapter"] else {})} for arm in arms],
        },
    )
    write_json(made.path / "result.json", {"arms": ["base", "one"]})
    append_line(made.path / "events.jsonl", {"event": "finished", "time": 0})
    return made


@pytest.fixture
def run(project: Project) -> Run:
    return evaluated(project, trained(project))


def regions_of(run: Run, kind: str) -> list[dict[str, Any]]:
    return [region for region in failures_of_arm(run)["regions"] if region["kind"] == kind]


def links_of(run: Run, task: str) -> list[dict[str, Any]]:
    return [link for link in failures_of_arm(run)["links"] if link["task"] == task]


def test_a_topic_that_training_lacks_is_missing_and_every_failure_of_it_is_a_flip(
    project: Project, run: Run
) -> None:
    find_failures(project, run, settings=LEXICAL)
    assert {link["kind"] for link in links_of(run, "capitals")} == {"missing"}
    found = regions_of(run, "missing")
    assert sum(region["failures"] for region in found) == sum(region["flips"] for region in found) == 10
    assert all(set(region["tasks"]) == {"capitals"} for region in found)
    assert any({"capital", "country"} & set(region["words"]) for region in found)
    assert all(region["want"].startswith("mix in about") for region in found)


def test_rows_that_answer_one_question_in_two_ways_are_contradictory(project: Project, run: Run) -> None:
    find_failures(project, run, settings=LEXICAL)
    assert {link["kind"] for link in links_of(run, "warranty")} == {"contradictory"}
    rows = {row["id"]: row for row in training_rows_stored(project)}
    for link in links_of(run, "warranty"):
        asked = {rows[identity]["messages"][0]["content"] for identity in link["disagree"]}
        answers = {rows[identity]["messages"][1]["content"] for identity in link["disagree"]}
        assert answers == {"yes", "no"} and all("warranty" in question for question in asked)
    named = {row["id"] for region in regions_of(run, "contradictory") for row in region["nearest"]}
    assert named and all("warranty" in rows[identity]["messages"][0]["content"] for identity in named)


def test_a_right_answer_in_the_wrong_form_is_told_from_missing_data(project: Project, run: Run) -> None:
    find_failures(project, run, settings=LEXICAL)
    assert {link["kind"] for link in links_of(run, "form")} == {"format"}
    assert all("form" in region["want"] for region in regions_of(run, "format"))


def test_failures_near_rows_that_agree_ask_for_no_further_rows(project: Project, run: Run) -> None:
    found = find_failures(project, run, settings=LEXICAL)["arms"]["one"]
    assert {link["kind"] for link in links_of(run, "returns")} == {"covered"}
    assert all(region["rows"] == 0 for region in regions_of(run, "covered"))
    assert not [gap for gap in failure_gaps(found) if gap.evidence["cause"] == "covered"]
    assert {name for region in regions_of(run, "covered") for name in region["clusters"]} == {"returns"}


def test_contradictory_rows_mended_are_no_longer_found(project: Project) -> None:
    rows = [row for row in training_rows() if "warranty" not in row["messages"][0]["content"]]
    rows += [example(f"Does the warranty of {thing} cover water damage?", "no") for thing in THINGS]
    run = evaluated(project, trained(project, rows))
    find_failures(project, run, settings=LEXICAL)
    assert {link["kind"] for link in links_of(run, "warranty")} == {"covered"}


def test_rows_that_teach_another_answer_than_the_evaluation_expects_are_contradictory(
    project: Project,
) -> None:
    rows = [row for row in training_rows() if "warranty" not in row["messages"][0]["content"]]
    rows += [example(f"Is water damage covered by the warranty of {thing}?", "yes") for thing in THINGS]
    run = evaluated(project, trained(project, rows))
    find_failures(project, run, settings=LEXICAL)
    assert {link["kind"] for link in links_of(run, "warranty")} == {"contradictory"}
    assert any("the evaluation" in region["title"] for region in regions_of(run, "contradictory"))


def test_missing_topics_that_are_added_are_no_longer_missing(project: Project) -> None:
    rows = [*training_rows(), *(example(question, answer) for question, answer in CAPITALS)]
    run = evaluated(project, trained(project, rows))
    find_failures(project, run, settings=LEXICAL)
    assert {link["kind"] for link in links_of(run, "capitals")} == {"covered"}
    nearest = [link["nearest"][0]["similarity"] for link in links_of(run, "capitals")]
    assert min(nearest) > 0.99


def test_items_that_are_right_are_in_no_link_and_counts_add_up(project: Project, run: Run) -> None:
    find_failures(project, run, settings=LEXICAL)
    found = failures_of_arm(run, "one")
    assert (found["items"], found["failures"], found["flips"], found["looked_at"]) == (40, 40, 20, 40)
    assert sum(found["causes"].values()) == len(found["links"]) == 40
    write_scores(run.path / "arms" / "one", {"capitals": items(CAPITALS, right=True)})
    find_failures(project, run, settings=LEXICAL)
    assert not links_of(run, "capitals") and failures_of_arm(run)["failures"] == 30


def test_flips_are_looked_at_before_other_failures(project: Project, run: Run) -> None:
    find_failures(project, run, settings=FailureSettings.model_validate({"embedder": "lexical", "items": 20}))
    found = failures_of_arm(run)
    assert found["failures"] == 40 and found["looked_at"] == 20
    assert all(link["flip"] for link in found["links"])


def test_the_file_is_the_same_twice_and_holds_no_text_of_rows_or_items(project: Project, run: Run) -> None:
    find_failures(project, run, settings=LEXICAL)
    first = (run.path / "failures.json").read_bytes()
    find_failures(project, run, settings=LEXICAL)
    assert (run.path / "failures.json").read_bytes() == first
    text = first.decode()
    assert "within thirty days" not in text and "script" not in text and "on its way" not in text


def test_regions_become_gaps_of_the_collection_brief(project: Project, run: Run) -> None:
    found = find_failures(project, run, settings=LEXICAL)["arms"]["one"]
    gaps = failure_gaps(found)
    assert {gap.kind for gap in gaps} == {"evaluation_failure"}
    assert {gap.evidence["cause"] for gap in gaps} == {"missing", "contradictory", "format"}
    assert [gap.severity for gap in gaps] == sorted((gap.severity for gap in gaps), reverse=True)
    assert all(0 < gap.severity <= 1 and gap.want > 0 and gap.examples for gap in gaps)
    brief = collection_brief(gaps)
    assert "no training row is near" in brief and "Typical words" in brief


def test_the_rows_for_a_page_hold_the_texts_of_both_sides(project: Project, run: Run) -> None:
    find_failures(project, run, settings=LEXICAL)
    rows = failure_rows(project, run)
    assert len(rows) == 40 and rows[0]["flip"]
    capital = next(row for row in rows if row["task"] == "capitals" and row["item"] == "0:0000")
    assert capital["question"] == "Which country has the capital Paris?"
    assert capital["answer"].startswith("<script>") and "\u202e" not in capital["answer"]
    warranty = next(row for row in rows if row["task"] == "warranty")
    assert {near["answer"] for near in warranty["rows"] if near["disagrees"]} == {"yes", "no"}
    region = regions_of(run, "missing")[0]["id"]
    assert {row["region"] for row in failure_rows(project, run, region=region)} == {region}


def test_the_report_shows_the_regions_of_its_arm(project: Project, run: Run) -> None:
    find_failures(project, run, settings=LEXICAL)
    told = in_report(run, "one")
    assert told is not None and told["regions"][0]["title"] and told["regions"][0]["want"]
    judge_run(project, run)
    assert report_data(project, run)["failures"]["causes"]["missing"] == 10


def test_a_task_whose_scores_do_not_say_what_is_right_is_left_out_and_named(
    project: Project, run: Run
) -> None:
    for arm in ("base", "one"):
        nats = {item: replace(score, score=-2.5) for item, score in items(CAPITALS, right=True).items()}
        write_scores(run.path / "arms" / arm, {"capitals": nats})
    find_failures(project, run, settings=LEXICAL)
    assert set(failures_of_arm(run)["left_out"]) == {"capitals"}
    assert not links_of(run, "capitals")


def test_an_adapter_that_was_not_trained_here_is_refused(project: Project) -> None:
    made = trained(project)
    run = evaluated(project, made)
    (made.path / "manifest.json").unlink()
    with pytest.raises(InputError, match="nobody knows"):
        find_failures(project, run, settings=LEXICAL)


def test_an_arm_that_is_not_there_is_named(project: Project, run: Run) -> None:
    with pytest.raises(NotFoundError, match="no adapter 'two'"):
        find_failures(project, run, "two", LEXICAL)
    with pytest.raises(NotFoundError, match="not looked at"):
        failures_of_arm(run)


@pytest.mark.skipif(minilm_path() is None, reason="the sentence model is not installed")
def test_a_sentence_model_finds_the_same_causes(project: Project, run: Run) -> None:
    find_failures(project, run)
    assert failures_of_arm(run)["embedder"] == "minilm"
    assert {link["kind"] for link in links_of(run, "capitals")} == {"missing"}
    assert {link["kind"] for link in links_of(run, "warranty")} == {"contradictory"}
    assert {link["kind"] for link in links_of(run, "returns")} == {"covered"}


# --- the parts that words decide


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Does the warranty cover water damage?", "does the WARRANTY cover water damage", True),
        ("What colour is the sky?", "What colour is the grass?", False),
        ("Is 7 an even number?", "Is 8 an even number?", False),
        ("And then?", "And then?", False),
    ],
)
def test_two_wordings_ask_the_same_or_not(left: str, right: str, same: bool) -> None:
    assert same_question(left, right) is same


@pytest.mark.parametrize(
    ("left", "right", "different"),
    [
        ("yes", "no", True),
        ("Yes.", "yes", False),
        ("30 days", "14 days", True),
        ("within thirty days", "in thirty days", False),
        ("word " * 30, "other " * 30, False),
        ("", "no", False),
    ],
)
def test_two_answers_differ_or_not(left: str, right: str, different: bool) -> None:
    assert differ(left, right) is different


def test_a_question_is_found_inside_the_template_the_system_prompt_and_the_shots() -> None:
    marks = user_marks("tiny-chat")
    turns = [
        {"role": "system", "content": "Answer shortly."},
        {"role": "user", "content": "first question"},
        {"role": "assistant", "content": "first answer"},
        {"role": "user", "content": "What is asked?\n\nReally?"},
    ]
    prompt = load_tokenizer("tiny-chat").apply_chat_template(
        turns, tokenize=False, add_generation_prompt=True
    )
    assert question_of(str(prompt), marks, shots=True) == "What is asked?\n\nReally?"
    assert question_of("Q: one\nA: two\n\nQ: three\nA:", None, shots=True) == "Q: three\nA:"
    assert question_of("A passage.\n\nA question?", None, shots=False) == "A passage.\n\nA question?"


def test_the_command_tells_causes_and_writes_the_brief(
    project: Project, run: Run, here: Command, tmp_path: Path
) -> None:
    brief = tmp_path / "brief.md"
    told = here("failures", run.id, "--embedder", "lexical", "--brief", brief)
    assert told.returncode == 0, told.stderr
    assert "40 of 40 items fail, 20 of them were right" in told.stdout
    assert "What to collect next" in brief.read_text(encoding="utf-8")
    data = here("failures", run.id, "--arm", "one", "--embedder", "lexical", "--json").data
    assert data["arms"]["one"]["causes"] == {"contradictory": 10, "covered": 10, "format": 10, "missing": 10}
    assert json.loads((run.path / "failures.json").read_text())["arms"]["one"]["links"]
    wrong = here("failures", run.id, "--near", "2", "--json")
    assert wrong.data["error"]["what"].startswith("near")
