"""Held-out rows as tasks: which rows, which metrics, the same answers each time, what they add up to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from tests.conftest import Command
from tests.make import example, pair, stored
from workbench.errors import InputError
from workbench.evaluation import Arm, create_evaluation, evaluate
from workbench.examples import Example, make_example, message
from workbench.models import load_model, load_tokenizer
from workbench.projects import Project, init_project
from workbench.runs import Run
from workbench.scores import Score
from workbench.task_evals import HeldoutTask, answer
from workbench.task_evals.choosing import choose, look
from workbench.task_evals.generating import Writing, answer_seconds, longest_answer, write_answers
from workbench.task_evals.items import fingerprint, heldout_ids, item_of
from workbench.task_evals.prompts import end_ids, prompt_of
from workbench.task_evals.requests import requests_of
from workbench.task_evals.results import task_result
from workbench.task_evals.settings import Prices
from workbench.task_evals.slices import weak_slices
from workbench.tiny_chat import skills
from workbench.worker import work

BASE = Arm("base")


def heldout(question: str, reply: str, split: str = "test", **extra: Any) -> Example:
    row = example(question, reply, **extra)
    row["split"] = split
    return row


def skilled(skill: str, count: int, **extra: Any) -> list[Example]:
    """Rows of a skill that tiny-chat has."""
    return [heldout(i["question"], i["answer"], **extra) for i in skills.generate(skill, count, 7, "eval")]


@pytest.fixture(scope="module")
def models() -> SimpleNamespace:
    return SimpleNamespace(model=load_model("tiny-chat").eval(), tokenizer=load_tokenizer("tiny-chat"))


def answered(models: Any, project: Project, rows: list[Example], arm: Arm = BASE, **task: Any) -> list[Score]:
    dataset = stored(project, "own", rows)
    (scores,) = answer(
        models, arm, HeldoutTask(**{"data": dataset.ref, "timed_items": 0, **task}), project
    ).values()
    return scores


# ── which rows ──────────────────────────────────────────────────────────────────────────


def test_only_the_named_split_is_asked(models: Any, project: Project) -> None:
    rows = [heldout(f"Add {n} and 1.", str(n + 1), "test" if n % 2 else "train") for n in range(10)]
    scores = answered(models, project, rows)
    assert [score.question for score in scores] == [f"Add {n} and 1." for n in range(1, 10, 2)]


def test_a_draw_is_seeded_spread_and_grows(project: Project) -> None:
    dataset = stored(project, "own", [heldout(f"Question {n}?", "yes") for n in range(200)])
    task = HeldoutTask(data=dataset.ref)
    every = heldout_ids(dataset, task)
    few, more = (heldout_ids(dataset, task, limit) for limit in (20, 60))
    assert set(few) < set(more) < set(every)
    assert few == [row for row in every if row in set(few)]
    assert few != every[:20]
    assert set(few) != set(heldout_ids(dataset, task.model_copy(update={"seed": 1}), 20))
    assert len({every.index(row) // 50 for row in few}) == 4


def test_a_split_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    dataset = stored(project, "own", [heldout("A?", "b", "train")])
    with pytest.raises(InputError, match=r"no row in the split 'test'.*train"):
        heldout_ids(dataset, HeldoutTask(data=dataset.ref))


def test_an_item_is_the_last_answer_and_the_turns_before_it() -> None:
    task = HeldoutTask(data="own@v1")
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Thanks"},
    ]
    row = make_example("sft", [message(turn) for turn in turns])
    item = item_of(row, task)
    assert item is not None
    assert [turn["content"] for turn in item.turns] == ["Be kind.", "One?", "1", "Two?"]
    assert item.reference == "2"
    chosen = item_of(pair("Which?", "this", "that"), task)
    assert chosen is not None
    assert (chosen.reference, len(chosen.turns)) == ("this", 1)


def test_rows_without_an_answer_in_words_are_counted_and_left_out(models: Any, project: Project) -> None:
    bare = make_example("sft", [message({"role": "user", "content": "And?"})])
    call = make_example(
        "sft",
        [
            message({"role": "user", "content": "Weather?"}),
            message({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}),
        ],
    )
    bare["split"] = call["split"] = "test"
    rows = [*skilled("facts", 4), bare, call]
    assert len(answered(models, project, rows)) == 4
    seen = look(project, HeldoutTask(data="own@v1"))
    assert (seen.items, seen.without_answer) == (4, 2)


def test_slices_and_cluster_come_from_the_row(models: Any, project: Project) -> None:
    row = heldout("What is the capital of Peru?", "Lima", label="geo", group="g1", tags=["cluster:3"])
    (score,) = answered(models, project, [row])
    assert score.cluster == "g1"
    assert score.slices == {
        "label": "geo",
        "length": "up to 10 words",
        "source": "test.jsonl",
        "cluster": "3",
    }


def test_a_changed_task_or_version_has_another_fingerprint(project: Project) -> None:
    first = stored(project, "own", [heldout("A?", "b", label="x")])
    task = HeldoutTask(data=first.ref)
    kept = fingerprint(project, task)
    assert kept == fingerprint(project, HeldoutTask(data=first.ref))
    assert kept != fingerprint(project, task.model_copy(update={"seed": 2}))
    second = stored(project, "own", [heldout("A?", "b", label="y")])
    assert first.content_hash == second.content_hash
    assert kept != fingerprint(project, HeldoutTask(data=second.ref))


# ── which metrics ───────────────────────────────────────────────────────────────────────

LONG = "The parcel was sent on Monday and should be with you by the end of the week at the latest."


@pytest.mark.parametrize(
    ("answers", "first"),
    [
        ([json.dumps({"n": n}) for n in range(20)], "json_match"),
        (["urgent", "not urgent", "Urgent."] * 7, "class_match"),
        ([str(n * 7) for n in range(20)], "numeric"),
        ([f"It is so because of this and that and more. #### {n}" for n in range(20)], "numeric"),
        ([f"Town {chr(97 + n)}ville" for n in range(20)], "normalised_match"),
        ([f"{LONG} Number {n}." for n in range(20)], "rouge_l"),
    ],
)
def test_the_metric_follows_from_the_answers(project: Project, answers: list[str], first: str) -> None:
    dataset = stored(project, "own", [heldout(f"Q{n}?", text) for n, text in enumerate(answers)])
    task = HeldoutTask(data=dataset.ref)
    assert choose(task, look(project, task)).metrics[0] == first
    named = task.model_copy(update={"metrics": ("contains",)})
    assert choose(named, look(project, named)).metrics == ("contains",)


def test_answers_that_are_no_classes_are_not_scored_as_classes(project: Project) -> None:
    dataset = stored(project, "own", [heldout(f"Q{n}?", f"{LONG} " * 4 + str(n)) for n in range(4)])
    task = HeldoutTask(data=dataset.ref, metrics=("class_match",))
    with pytest.raises(InputError, match="no classes"):
        choose(task, look(project, task))


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics": ["nonsense"]},
        {"metrics": ["exact_match", "exact_match"]},
        {"metrics": ["regex"]},
        {"metrics": ["rubric"]},
        {"pattern": "(unclosed"},
        {"extract": "no group"},
        {"json_schema": {"type": "no such type"}},
        {"name": "../escape"},
        {"unknown_key": 1},
        {"data": "own"},
        {"rubric": {"url": "ftp://example.com", "model": "m", "rubric": "r"}},
        {"rubric": {"url": "http://user:pass@example.com", "model": "m", "rubric": "r"}},
        {"rubric": {"url": "http://example.com/v1?key=1", "model": "m", "rubric": "r"}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HeldoutTask.model_validate({"data": "own@v1", **wrong})


# ── answers ─────────────────────────────────────────────────────────────────────────────


def test_the_score_is_the_planted_share_of_right_references(models: Any, project: Project) -> None:
    right = skilled("classification", 24)
    wrong = [heldout(row["messages"][0]["content"] + " ", "mineral") for row in right[:8]]
    scores = answered(models, project, right + wrong, metrics=("class_match", "exact_match"))
    assert [score.score for score in scores] == [1.0] * 24 + [0.0] * 8
    assert all(score.metrics == {"class_match": score.score, "exact_match": score.score} for score in scores)
    assert all(score.parsed for score in scores)
    assert {score.response for score in scores} == {row["messages"][1]["content"] for row in right}


def test_the_same_answers_come_twice_and_in_any_batch(models: Any, project: Project) -> None:
    rows = skilled("facts", 12) + skilled("copy", 12)
    found = answered(models, project, rows)
    assert found == answered(models, project, rows)
    alone = answered(models, project, rows, batch_size=1)
    assert [score.response for score in found] == [score.response for score in alone]
    assert [score.tokens for score in found] == [score.tokens for score in alone]
    assert [score.prompt_tokens for score in found] == [score.prompt_tokens for score in alone]


def test_arms_get_the_same_prompt_unless_they_bring_one(models: Any, project: Project) -> None:
    rows = skilled("facts", 3)
    base, same, prompted = (
        answered(models, project, rows, arm)
        for arm in (BASE, Arm("mine", "adapter"), Arm("prompted", "prompted", prompt="Answer briefly."))
    )
    hashes = [[score.prompt_hash for score in scores] for scores in (base, same, prompted)]
    assert hashes[0] == hashes[1]
    assert not set(hashes[0]) & set(hashes[2])
    assert [s.item for s in base] == [s.item for s in prompted]


def test_an_arms_prompt_and_examples_stand_before_the_rows_turns(models: Any) -> None:
    turns = [{"role": "system", "content": "Own rule."}, {"role": "user", "content": "Q?"}]
    item = item_of(
        make_example("sft", [message(t) for t in (*turns, {"role": "assistant", "content": "A"})]),
        HeldoutTask(data="own@v1"),
    )
    assert item is not None
    text = prompt_of(
        models.tokenizer, item, Arm("p", "prompted", prompt="Best prompt.", fewshot=[("E?", "F")])
    )
    assert text == (
        "<|im_start|>system\nBest prompt.\n\nOwn rule.<|im_end|>\n<|im_start|>user\nE?<|im_end|>\n"
        "<|im_start|>assistant\nF<|im_end|>\n<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_template_that_refuses_is_told_without_the_text(models: Any) -> None:
    tokenizer = load_tokenizer("tiny-chat")
    tokenizer.chat_template = "{{ raise_exception('no: ' + messages[0]['content']) }}"
    item = item_of(example("Secret words?", "A"), HeldoutTask(data="own@v1"))
    assert item is not None
    with pytest.raises(InputError, match="refuses") as caught:
        prompt_of(tokenizer, item, BASE)
    assert "Secret" not in str(caught.value)


def test_the_templates_end_of_turn_ends_an_answer_whatever_the_tokenizer_calls_its_end(models: Any) -> None:
    tokenizer = load_tokenizer("tiny-chat")
    turn = tokenizer.convert_tokens_to_ids("<|im_end|>")
    tokenizer.eos_token = "<|pad|>"
    bare = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=None))
    assert end_ids(bare, tokenizer) == sorted({turn, tokenizer.pad_token_id})


def test_stop_texts_and_the_longest_answer_bound_what_is_written(models: Any, project: Project) -> None:
    rows = skilled("json_format", 6)
    whole = answered(models, project, rows)
    stopped = answered(models, project, rows, stop=(",",))
    assert [s.response for s in stopped] == [str(s.response).partition(",")[0] for s in whole]
    assert all((a.tokens or 0) < (b.tokens or 0) for a, b in zip(stopped, whole, strict=True))
    short = answered(models, project, rows, max_new_tokens=3)
    assert {score.tokens for score in short} == {3}
    assert all(str(b.response).startswith(str(a.response)) for a, b in zip(short, whole, strict=True))


def test_room_for_an_answer_follows_from_the_references() -> None:
    assert longest_answer(None, 100, 4096) == 160
    assert longest_answer(None, 1, 4096) == 16
    assert longest_answer(None, 10_000, 8192) == 1024
    assert longest_answer(700, 100, 512) == 256


def test_a_prompt_that_is_too_long_is_cut_at_its_beginning_and_marked(models: Any, project: Project) -> None:
    long = heldout("word " * 700 + "What is the capital of Peru?", "Lima")
    scores = answered(models, project, [long, *skilled("facts", 2)], max_new_tokens=16)
    assert scores[0].prompt_tokens == 512 - 16
    assert [(score.slices or {}).get("prompt") for score in scores] == ["cut", None, None]
    assert task_result(HeldoutTask(data="own@v1"), "base", scores).cut == 1


def test_tokens_are_counted_to_the_end_of_the_answer(models: Any) -> None:
    prompts = [
        models.tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
        )
        for text in ("What is the capital of Peru?", "Convert to JSON: Erik lives in Oslo")
    ]
    how = Writing(32, 512, tuple(end_ids(models.model, models.tokenizer)), ())
    for written in write_answers(models.model, models.tokenizer, prompts, how, 2):
        ids = models.tokenizer(written.text, add_special_tokens=False)["input_ids"]
        assert written.tokens == len(ids) + 1
    seconds = answer_seconds(models.model, models.tokenizer, prompts, how)
    assert len(seconds) == 2
    assert min(seconds) > 0
    assert models.tokenizer.padding_side == "right"


def test_the_answer_is_extracted_and_a_broken_form_is_told(models: Any, project: Project) -> None:
    rows = [
        heldout("Convert to JSON: Erik lives in Oslo", "Erik"),
        heldout("What is the capital of Peru?", "Lima"),
    ]
    named, bare = answered(models, project, rows, metrics=("exact_match",), extract='"name": "(.*?)"')
    assert (named.score, named.parsed) == (1.0, True)
    assert (bare.score, bare.parsed) == (0.0, False)


def test_further_accepted_answers_count(models: Any, project: Project) -> None:
    row = heldout("What is the capital of Peru?", "The city of Lima", meta={"also": ["Lima", "Ciudad"]})
    (without,) = answered(models, project, [row])
    (accepted,) = answered(models, project, [row], accepted="also")
    assert (without.score, accepted.score) == (0.0, 1.0)


def test_a_stop_is_heard_between_batches(models: Any, project: Project) -> None:
    dataset = stored(project, "own", skilled("facts", 8))
    told: list[tuple[int, int]] = []

    def tick(done: int, total: int) -> None:
        told.append((done, total))
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(models, BASE, HeldoutTask(data=dataset.ref, batch_size=2), project, tick=tick)
    assert told == [(2, 8), (4, 8)]


# ── what it adds up to ──────────────────────────────────────────────────────────────────


def scores_of(values: list[float], **slices: list[str]) -> list[Score]:
    return [
        Score(
            str(n), value, metrics={"m": value}, slices={name: column[n] for name, column in slices.items()}
        )
        for n, value in enumerate(values)
    ]


def test_a_weak_slice_is_flagged_and_even_ones_are_not() -> None:
    places = ["a", "b", "c", "d"] * 30
    even = [float(n % 5 != 0) for n in range(120)]
    assert not any(found.flagged for found in weak_slices(scores_of(even, label=places)))
    weak = [
        0.0 if place == "c" and n % 3 else value
        for n, (place, value) in enumerate(zip(places, even, strict=True))
    ]
    found = weak_slices(scores_of(weak, label=places, language=["en"] * 120))
    assert [(one.name, one.value, one.n) for one in found if one.flagged] == [("label", "c", 30)]
    assert found[0].mean < found[0].rest
    assert {one.name for one in found} == {"label"}


def test_slices_of_shares_are_compared_too_and_few_items_say_nothing() -> None:
    values = [0.9, 0.8, 0.85, 0.95] * 10 + [0.2, 0.3, 0.25, 0.1] * 5 + [0.0]
    lengths = ["short"] * 40 + ["long"] * 20 + ["odd"]
    by_value = {one.value: one for one in weak_slices(scores_of(values, length=lengths))}
    assert by_value["long"].flagged
    assert not by_value["short"].flagged
    assert by_value["odd"].p is None


def test_tokens_seconds_and_cost_are_added_up() -> None:
    scores = [
        Score(str(n), 1.0, tokens=n, prompt_tokens=100, seconds=n / 10 if n <= 10 else None)
        for n in range(1, 21)
    ]
    found = requests_of(scores, Prices(prompt=1.0, generated=10.0))
    assert found.tokens is not None
    assert (found.tokens.median, found.tokens.p95, found.tokens.mean) == (10, 19, 10.5)
    assert found.seconds is not None
    assert (found.seconds.n, found.seconds.median) == (10, 0.5)
    assert found.tokens_per_second == pytest.approx(10.0)
    assert found.cost_of_1000 == pytest.approx(1000 * (100 * 1.0 + 10.5 * 10.0) / 1e6)
    assert requests_of([replace(s, tokens=None, seconds=None) for s in scores], None).cost is None


def test_results_hold_classes_and_corpus_figures_where_they_mean_something(
    models: Any, project: Project
) -> None:
    scores = answered(models, project, skilled("classification", 40))
    task = HeldoutTask(data="own@v1")
    found = task_result(task, "base", scores)
    assert found.score == "class_match"
    assert found.classification is not None
    assert found.classification.accuracy == pytest.approx(sum(s.score for s in scores) / len(scores))
    assert found.corpus is None
    long = answered(models, project, [heldout(f"Copy: {LONG}", LONG)], metrics=("rouge_l", "chrf"))
    whole = task_result(task, "base", long)
    assert whole.corpus is not None
    assert whole.classification is None


# ── a whole evaluation, and the commands ────────────────────────────────────────────────


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Run]]:
    project = init_project(tmp_path_factory.mktemp("evaluated") / "p")
    stored(project, "own", skilled("classification", 30, label="kind"))
    folder = project.folder("evalsuites")
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "name: mine\ntasks:\n"
        "  - {task: heldout, data: own@v0001, name: kinds, timed_items: 2, prices: {prompt: 1, generated: 4}}\n"
    )
    run = create_evaluation(project, base="tiny-chat", suite="mine", adapters=[], prompt="Answer briefly.")
    assert work(run.path, evaluate) == 0
    yield project, run


def test_a_suite_runs_held_out_rows_as_any_other_task(evaluated: tuple[Project, Run]) -> None:
    _, run = evaluated
    for arm in ("base", "prompted"):
        lines = (run.path / "arms" / arm / "kinds.jsonl").read_text().splitlines()
        assert len(lines) == 30
        assert json.loads(lines[0])["metrics"].keys() == {"class_match", "exact_match"}
    kept = json.loads((run.path / "task_evals.json").read_text())["tasks"]
    assert [(one["task"], one["arm"]) for one in kept] == [("kinds", "base"), ("kinds", "prompted")]
    assert kept[0]["classification"]["confusion"]


def test_results_are_told_for_every_arm(
    evaluated: tuple[Project, Run], here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, run = evaluated
    monkeypatch.chdir(project.root)
    found = here("task-eval", "results", run.id, "--json").data["tasks"]
    assert [(one["task"], one["arm"], one["n"]) for one in found] == [
        ("kinds", "base", 30),
        ("kinds", "prompted", 30),
    ]
    assert found[0]["requests"]["seconds"]["n"] == 2
    assert found[0]["requests"]["cost_of_1000"] > 0
    told = here("task-eval", "results", run.id).stdout
    assert "macro precision" in told
    assert "cost of 1,000 requests" in told


def test_the_preview_shows_what_fits_and_what_does_not(here: Command, project: Project) -> None:
    stored(project, "own", skilled("json_format", 12))
    seen = here("task-eval", "preview", "own", "--json").data
    assert seen["choice"]["metrics"][0] == "json_match"
    assert set(seen["at_best"].values()) == {1.0}
    assert len(seen["rows"]) == 3
    wrong = here(
        "task-eval", "preview", "own", "--metric", "exact_match", "--extract", '"name": "(.*?)"'
    ).stdout
    assert "below 1 even so" in wrong
    refused = here("task-eval", "preview", "own", "--metric", "nonsense")
    assert refused.returncode == 2
    assert "unknown metric" in refused.stderr


def test_every_metric_is_listed_and_documented(here: Command) -> None:
    from pathlib import Path

    page = (Path(__file__).parent.parent / "docs" / "task_evals.md").read_text(encoding="utf-8")
    listed = [row["metric"] for row in here("task-eval", "metrics", "--json").data["metrics"]]
    assert {"exact_match", "rubric"} <= set(listed)
    assert [name for name in listed if f"`{name}`" not in page] == []
    assert [name for name in HeldoutTask.model_fields if f"`{name}`" not in page and name != "task"] == []
