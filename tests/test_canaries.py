"""Canaries: planted in a new version, taken out again, and found in a model that learned them."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import example, pair, sentence, stored
from tests.test_leak_audit import NAME, scrubbed, spans
from workbench.canaries.checking import Check, check, check_file
from workbench.canaries.exposure import exposure, together
from workbench.canaries.generating import completions, load_speaker, losses, prompt_of
from workbench.canaries.making import BITS, TAG, candidates, make_canaries, make_secret
from workbench.canaries.planting import carried, open_planted, plant, remove
from workbench.canaries.regurgitation import new_values, values_in_output
from workbench.errors import InputError, NotFoundError
from workbench.leak_audit.searching import Searcher, Value
from workbench.projects import Project, init_project
from workbench.runs import start_run, wait_run
from workbench.starting import create_training
from workbench.training.session import find_adapter
from workbench.training.settings import make_settings
from workbench.versions import Dataset, open_dataset


def some(project: Project, count: int = 6, split: str | None = None) -> Dataset:
    rows = [example(f"Where is {sentence(i, 4)}", f"It is {sentence(i + 50, 4)}") for i in range(count)]
    for row in rows:
        row["split"] = split
    return stored(project, "d", rows)


# --- planting --------------------------------------------------------------------------------


def test_planting_adds_tagged_rows_as_often_as_asked_and_changes_no_other(project: Project) -> None:
    dataset = some(project)
    planted = plant(project, dataset, count=3, repeats=(1, 4))
    new = open_dataset(project, "d")
    rows = list(new.examples())
    assert rows[:6] == list(dataset.examples())
    assert [row["tags"] for row in rows[6:]] == [[TAG]] * 6
    assert [c.repeats for c in planted.canaries] == [1, 4, 1, 0, 0, 0]
    assert carried(new) == 6
    assert carried(dataset) == 0
    texts = [row["messages"][1]["content"] for row in rows[6:]]
    assert texts.count(planted.canaries[1].answer) == 4
    assert not any(canary.secret in text for canary in planted.canaries[3:] for text in texts)


def test_the_record_is_read_back_and_the_same_seed_gives_the_same_canaries(project: Project) -> None:
    dataset = some(project)
    planted = plant(project, dataset, count=2)
    assert open_planted(project, "d") == planted
    assert open_planted(project, "d", planted.id) == planted
    assert plant(project, open_dataset(project, "d@1"), count=2).canaries == planted.canaries


def test_another_project_has_other_canaries(project: Project, tmp_path: Path) -> None:
    here, there = (plant(p, some(p), count=2) for p in (project, init_project(tmp_path / "other")))
    assert {c.secret for c in here.canaries}.isdisjoint(c.secret for c in there.canaries)


def test_canaries_go_into_the_training_split(project: Project) -> None:
    plant(project, some(project, split="train"), count=1)
    assert {row["split"] for row in open_dataset(project, "d").examples()} == {"train"}


def test_canaries_of_preference_data_are_the_chosen_answers(project: Project) -> None:
    dataset = stored(project, "d", [pair("Which?", "This one.", "That one.")])
    planted = plant(project, dataset, count=1, repeats=(1,))
    *_, row = open_dataset(project, "d").examples()
    assert row["chosen"][0]["content"] == planted.canaries[0].answer
    assert planted.canaries[0].secret not in row["rejected"][0]["content"]


def test_removing_gives_the_rows_back(project: Project) -> None:
    dataset = some(project)
    plant(project, dataset, count=2)
    clean = remove(project, open_dataset(project, "d"))
    assert clean.content_hash == dataset.content_hash
    assert carried(clean) == 0
    with pytest.raises(InputError, match="no canaries"):
        remove(project, clean)


def test_planting_twice_is_refused(project: Project) -> None:
    plant(project, some(project), count=1)
    with pytest.raises(InputError, match="already"):
        plant(project, open_dataset(project, "d"), count=1)


def test_without_canaries_there_is_nothing_to_check(project: Project) -> None:
    some(project)
    with pytest.raises(NotFoundError, match="no canaries"):
        open_planted(project, "d")


@given(st.integers(0, 1000), st.integers(1, 8), st.integers(0, 8))
def test_no_two_canaries_share_a_question_or_secret(seed: int, count: int, controls: int) -> None:
    made = make_canaries(str(seed), count, (1, 2), controls)
    assert len({c.question for c in made}) == len({c.secret for c in made}) == count + controls
    assert [c.repeats > 0 for c in made] == [True] * count + [False] * controls


def test_candidates_leave_the_secret_out() -> None:
    (canary,) = make_canaries("s", 1, (1,), 0)
    drawn = candidates(canary, 500, 0)
    assert len(set(drawn)) == 500
    assert canary.secret not in drawn
    assert all(len(one) == len(canary.secret) for one in drawn)


# --- exposure --------------------------------------------------------------------------------


def test_exposure_is_the_papers_at_both_ends() -> None:
    best = exposure(0.5, [1.0 + i for i in range(255)])
    assert (best.rank, best.bits, best.high) == (1, 8.0, round(BITS, 4))
    assert best.p == 1 / 256
    worst = exposure(9.0, [1.0] * 255)
    assert (worst.rank, worst.bits, worst.low) == (256, 0.0, 0.0)


def test_a_tie_counts_against_the_secret() -> None:
    assert exposure(1.0, [1.0] * 99).rank == 100


@given(st.lists(st.floats(0, 50), min_size=99, max_size=120), st.floats(0, 50))
def test_the_interval_holds_the_exposure(others: list[float], own: float) -> None:
    found = exposure(own, others)
    assert 0.0 <= found.low <= found.bits <= found.high <= round(BITS, 4)


def test_chance_is_not_called_memory() -> None:
    source = random.Random(5)
    rejected = 0
    for _ in range(200):
        ranks = [exposure(source.random(), [source.random() for _ in range(99)]).p for _ in range(10)]
        rejected += (together(ranks) or 1.0) < 0.05
    # Of 200 tests at 5 % ten are expected; more than 20 have a chance of one in a thousand.
    assert rejected <= 20


def test_many_high_ranks_together_are_memory() -> None:
    assert (together([0.03] * 10) or 1.0) < 1e-5
    assert together([]) is None
    assert math.isclose(together([0.2]) or 0.0, 0.2)


# --- models ----------------------------------------------------------------------------------


def test_losses_prefer_what_the_model_says_itself(project: Project) -> None:
    speaker = load_speaker("tiny-chat", None)
    (canary,) = make_canaries("s", 1, (1,), 0)
    drawn = [make_secret(random.Random(i)) for i in range(20)]
    one_by_one = [losses(speaker, canary, [secret])[0] for secret in drawn]
    assert losses(speaker, canary, drawn) == pytest.approx(one_by_one, abs=1e-3)


def test_samples_are_seeded_and_greedy_is_single() -> None:
    speaker = load_speaker("tiny-chat", None)
    prompt = prompt_of(speaker, [{"role": "user", "content": "What is 2 plus 3?"}])
    assert completions(speaker, [prompt], 8, samples=3, seed=1) == completions(
        speaker, [prompt], 8, samples=3, seed=1
    )
    assert [len(texts) for texts in completions(speaker, [prompt, prompt], 8)] == [1, 1]


def test_a_model_that_never_saw_them_remembers_none(project: Project) -> None:
    planted = plant(project, some(project), count=4)
    found = check(project, planted, base="tiny-chat", adapter=None, samples=2)
    assert found.verdict == "not remembered"
    assert found.extracted == 0
    assert found.trained_on is None
    assert check_file(project, planted, found).exists()


def test_too_few_candidates_are_refused(project: Project) -> None:
    planted = plant(project, some(project), count=1)
    with pytest.raises(InputError, match="too few"):
        check(project, planted, base="tiny-chat", adapter=None, others=10)


def trained(project: Project, data: str, **settings: Any) -> str:
    own = {"base": "tiny-chat", "max_length": 96, "batch_size": 8, "learning_rate": 3e-3, **settings}
    run = create_training(project, make_settings("sft", overrides={"data": data, "lora_r": 32, **own}))
    start_run(run)
    wait_run(run)
    return run.id


@pytest.mark.slow
def test_a_model_that_learned_them_is_caught_and_its_controls_are_not(project: Project) -> None:
    dataset = some(project, 8)
    planted = plant(project, dataset, count=4, repeats=(8,), controls=4)
    run = trained(project, planted.dataset, epochs=30.0)
    found = check(project, planted, base="tiny-chat", adapter=run, samples=2)
    assert found.verdict == "remembered"
    assert found.extracted >= 2
    assert (found.p or 1.0) < 1e-4
    assert (found.p_controls or 0.0) > 0.01
    assert found.trained_on == planted.dataset


@pytest.mark.slow
def test_a_model_trained_without_them_is_not_blamed(project: Project) -> None:
    dataset = some(project, 24)
    planted = plant(project, dataset, count=4)
    run = trained(project, dataset.ref, max_steps=20)
    found: Check = check(project, planted, base="tiny-chat", adapter=run, samples=2)
    assert found.verdict == "not remembered"
    assert found.trained_on is None


# --- regurgitation ---------------------------------------------------------------------------


def test_values_that_a_model_never_says_are_not_found(project: Project) -> None:
    row = example(f"I am {NAME}. What is 2 plus 3?", "5")
    dataset = scrubbed(project, [row], [spans(row, NAME)])
    found = values_in_output(project, dataset, load_speaker("tiny-chat", None), longest=12)
    assert (found.prompts, found.values, found.found) == (1, 1, ())


@pytest.mark.slow
def test_a_value_that_a_model_learned_and_says_is_found(project: Project) -> None:
    name = "Lena Karl"  # of words that the embedded model can say
    question = "Who looks after order seven?"
    raw = stored(project, "raw", [example(question, name, meta={"n": number}) for number in range(8)])
    run = trained(project, raw.ref, epochs=30.0, batch_size=4)
    row = example(question, name)
    dataset = scrubbed(project, [row], [spans(row, name)])
    speaker = load_speaker("tiny-chat", find_adapter(project, run))
    result = values_in_output(project, dataset, speaker, longest=24)
    (found,) = result.found
    assert found["entity"] == "PERSON"
    assert name not in str(result.as_dict())


def test_a_value_in_the_prompt_itself_is_not_the_models(project: Project) -> None:
    searcher = Searcher([Value("PERSON", NAME)])
    assert new_values(searcher, f"I am {NAME}", f"Hello {NAME}") == []
    assert new_values(searcher, "Who are you?", f"Hello {NAME}") == [(0, "plain")]
