"""Training for real, on the embedded model: counts, learning, DPO's reference, cancel, manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.make import chat, example, imported, pair, sentence, stored, write_jsonl
from workbench.errors import InputError, NotFoundError, RunCancelledError, WorkbenchError
from workbench.examples import Example
from workbench.models import load_tokenizer
from workbench.projects import Project, init_project
from workbench.runs import Run, cancel_run, resume_run, start_run, wait_run
from workbench.starting import create_training
from workbench.training.encoding import decoded_mask, encode, encode_pair
from workbench.training.preflight import preflight
from workbench.training.settings import make_settings, parse_overrides

TINY: dict[str, Any] = {
    "base": "tiny-chat",
    "max_length": 256,
    "batch_size": 8,
    "max_steps": 8,
    "eval_every": 4,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def rows(count: int = 60) -> list[Example]:
    made = [
        example(f"Where is order {48000 + i}?", f"Topic: delivery\nIt is on its way, {i}.")
        for i in range(count)
    ]
    for number, row in enumerate(made):
        row["split"] = "validation" if number % 6 == 0 else "train"
    return made


def trained(project: Project, method: str, **settings: Any) -> tuple[Run, dict[str, Any]]:
    run = create_training(project, make_settings(method, overrides={**TINY, **settings}))  # type: ignore[arg-type]
    start_run(run)
    return run, wait_run(run)


def event(run: Run, name: str) -> dict[str, Any]:
    return next(e for e in run.events() if e["event"] == name)


# --- encoding (no training) ---------------------------------------------------------------


def test_the_loss_is_on_the_answers_and_their_end_only() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    row = example("Where is it?", "On its way.")
    row["messages"] += [{"role": "user", "content": "Thanks."}, {"role": "assistant", "content": "Welcome."}]
    encoded = encode(tokenizer, row, "all")
    learned = [run["text"] for run in decoded_mask(tokenizer, encoded) if run["learned"]]
    assert learned == ["On its way.<|im_end|>", "Welcome.<|im_end|>"]
    assert encoded.stops
    assert encoded.whole
    last = [run["text"] for run in decoded_mask(tokenizer, encode(tokenizer, row, "last")) if run["learned"]]
    assert last == ["Welcome.<|im_end|>"]


def test_encoding_agrees_with_the_templates_own_generation_marks() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    row = example("Where is it?", "On its way.")
    turns = [{"role": m["role"], "content": m["content"]} for m in row["messages"]]
    theirs = tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    ours = encode(tokenizer, row, "all")
    assert ours.input_ids == theirs["input_ids"][: len(ours.input_ids)]
    mask = [int(label != -100) for label in ours.labels]
    assert mask == theirs["assistant_masks"][: len(mask)]
    assert sum(theirs["assistant_masks"][len(mask) :]) == 0


def test_a_pair_is_prompt_and_two_answers() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    encoded = encode_pair(tokenizer, pair("Where?", "Here.", "There."))
    assert tokenizer.decode(encoded.chosen_ids) == "Here.<|im_end|>"
    assert tokenizer.decode(encoded.rejected_ids) == "There.<|im_end|>"
    assert tokenizer.decode(encoded.prompt_ids).endswith("assistant\n")


# --- settings and preflight ---------------------------------------------------------------


def test_overrides_are_read_as_yaml_scalars() -> None:
    assert parse_overrides(["learning_rate=2e-4", "epochs=2", "replay=a", "load_in_4bit=true"]) == {
        "learning_rate": 2e-4,
        "epochs": 2,
        "replay": "a",
        "load_in_4bit": True,
    }


@pytest.mark.parametrize("override", [{"lora_r": 0}, {"magic": 1}, {"epochs": "many"}, {"replay_share": 1.0}])
def test_wrong_settings_name_the_key(override: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        make_settings("sft", overrides={"data": "d", "base": "tiny-chat", **override})
    assert next(iter(override)) in error.value.what


def test_preflight_counts_what_cannot_be_learned(project: Project) -> None:
    made = rows(10)
    made.append(example(sentence(1, 400), "Too long a question."))
    made.append(example("Nothing to say?", ""))
    dataset = stored(project, "d", made)
    found = preflight(project, make_settings("sft", overrides={**TINY, "data": dataset.ref}), measure=False)
    assert found.problems["too_long_dropped"] == 1
    assert found.rows == 9
    assert found.held_out_rows == 2
    assert any("longer than max_length" in warning for warning in found.warnings)


def test_preflight_explains_every_estimate(project: Project) -> None:
    dataset = stored(project, "d", rows())
    found = preflight(project, make_settings("sft", overrides={**TINY, "data": dataset.ref}))
    assert {e.name for e in found.estimates} >= {"weights", "memory", "time"}
    assert all(e.reason and e.value > 0 for e in found.estimates)


def test_preflight_of_the_wrong_kind_says_so(project: Project) -> None:
    dataset = stored(project, "d", rows())
    with pytest.raises(InputError) as error:
        preflight(project, make_settings("dpo", overrides={**TINY, "data": dataset.ref}))
    assert "preference" in error.value.remedy


def test_a_too_long_row_can_be_an_error(project: Project) -> None:
    dataset = stored(project, "d", [*rows(6), example(sentence(1, 400), "x")])
    settings = make_settings("sft", overrides={**TINY, "data": dataset.ref, "too_long": "error"})
    with pytest.raises(WorkbenchError, match="max_length"):
        preflight(project, settings)


def test_a_missing_model_is_named(project: Project) -> None:
    dataset = stored(project, "d", rows())
    with pytest.raises(NotFoundError, match="no-such"):
        create_training(project, make_settings("sft", overrides={"data": dataset.ref, "base": "./no-such"}))


# --- real runs ----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_trainer_does_what_preflight_counted(project: Project, tmp_path: Path) -> None:
    replay = imported(
        project, write_jsonl(tmp_path / "r.jsonl", [chat(sentence(i), "Yes.") for i in range(80)]), "r"
    )
    dataset = stored(project, "d", rows())
    settings = {"data": dataset.ref, "replay": replay.ref, "replay_share": 0.4, "retained_text": replay.ref}
    found = preflight(project, make_settings("sft", overrides={**TINY, **settings}), measure=False)
    run, result = trained(project, "sft", **settings)
    prepared, trainer = event(run, "prepared"), event(run, "trainer")
    assert (prepared["rows"], prepared["supervised_tokens"]) == (found.rows, found.supervised_tokens)
    assert (trainer["rows"], trainer["supervised_tokens"]) == (found.rows, found.supervised_tokens)
    assert prepared["data_hash"] == found.data_hash
    assert found.replay_rows == round(50 * 0.4 / 0.6)
    names = {metric["name"] for metric in run.metrics()}
    assert {"train_loss", "held_out_loss", "retained_loss"} <= names
    held_out = [m["value"] for m in run.metrics() if m["name"] == "held_out_loss"]
    assert held_out[-1] < held_out[0]
    manifest = json.loads((run.path / "manifest.json").read_text())
    assert manifest["dataset"]["content_hash"] == dataset.content_hash
    assert result["adapter"].endswith("adapter")


@pytest.mark.slow
def test_dpo_starts_from_the_sft_policy_and_ships_no_reference(project: Project) -> None:
    sft, _ = trained(project, "sft", data=stored(project, "d", rows()).ref)
    pairs = [pair(f"Where is order {i}?", "Sorry! It is on its way.", "No idea.") for i in range(40)]
    for number, row in enumerate(pairs):
        row["split"] = "validation" if number % 5 == 0 else "train"
    run, _ = trained(
        project, "dpo", data=stored(project, "p", pairs).ref, adapter=sft.id, learning_rate=1e-3, max_steps=12
    )
    losses = [m["value"] for m in run.metrics() if m["name"] == "held_out_loss"]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)
    assert losses[-1] < 0.65
    assert not (run.path / "adapter" / "ref").exists()
    assert json.loads((run.path / "manifest.json").read_text())["parent_adapter"] == sft.id


@pytest.mark.slow
def test_a_cancelled_run_is_saved_and_resumed(project: Project) -> None:
    dataset = stored(project, "d", rows())
    run = create_training(
        project,
        make_settings("sft", overrides={**TINY, "data": dataset.ref, "max_steps": 60, "eval_every": 20}),
    )
    start_run(run)

    def stop(seen: dict[str, Any]) -> None:
        if seen["event"] == "progress" and 2 <= seen["done"] < 60:
            (run.path / "cancel").touch()

    with pytest.raises(RunCancelledError):
        wait_run(run, stop)
    assert list((run.path / "checkpoints").glob("checkpoint-*"))
    assert cancel_run(run) == "cancelled"
    resume_run(run)
    result = wait_run(run)
    assert result["metrics"]["steps"] == 60
    assert any(e["event"] == "resumed" for e in run.events())


@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_the_run_with_advice(project: Project) -> None:
    from workbench.errors import RunFailedError

    dataset = stored(project, "d", rows())
    with pytest.raises(RunFailedError, match="finite") as error:
        trained(project, "sft", data=dataset.ref, learning_rate=1e30, max_steps=30)
    assert "learning_rate" in error.value.remedy
