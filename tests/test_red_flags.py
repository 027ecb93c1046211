"""Red flags: planted truths raise them, clean candidates and the base against itself do not."""

from __future__ import annotations

import contextlib
import json
import math
import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Command
from tests.make import example, sentence, stored
from tests.test_leak_audit import scrubbed, spans
from workbench.canaries.planting import plant
from workbench.errors import InputError
from workbench.evaluation.arms import Arm, opened_arms
from workbench.files import write_json, write_text
from workbench.projects import Project
from workbench.red_flags import (
    Flag,
    FlagSettings,
    calibration,
    collapse,
    formats,
    manners,
    measure_run,
    repeating,
)
from workbench.red_flags import planted as planted_flags
from workbench.red_flags.asking import Asking
from workbench.red_flags.bounds import difference, jackknife, paired_change, ratio, shares
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import level_of
from workbench.red_flags.memorising import longest_run
from workbench.red_flags.reliability import Told, bands, calibration_error, chance_error, error_of, threshold
from workbench.runs import Run, create_run
from workbench.scores import Score, Scores
from workbench.tiny_chat.words import CATEGORIES
from workbench.versions import open_dataset

BASE = "tiny-chat"
SETTINGS = FlagSettings(rows=20, prompts=20, tokens=32, items=60)


# --- candidates whose answers are planted -----------------------------------------------------


def answered(count: int, write: Callable[[int], str], **extra: Any) -> dict[str, Score]:
    """Scores of one task: item ``n`` was answered with ``write(n)``."""
    return {
        f"{n:03d}": Score(
            f"{n:03d}", 1.0, response=write(n), question=sentence(n), target=sentence(n), **extra
        )
        for n in range(count)
    }


@pytest.fixture
def planted(project: Project) -> Callable[[Scores, Scores], Candidate]:
    """A candidate of which only the scores are looked at."""

    def make(old: Scores, new: Scores) -> Candidate:
        run = create_run(project, "evaluate", {"base": BASE, "suite": "demo", "arms": []})
        with opened_arms(BASE, []) as models:
            asking = Asking(models)
        return Candidate(project, run, Arm("tuned", "adapter"), Arm("base"), old, new, asking, FlagSettings())

    return make


def test_looping_answers_are_a_warning_or_worse(planted: Callable[..., Candidate]) -> None:
    old = {"chat": answered(60, sentence)}
    new = {
        "chat": answered(
            60, lambda n: "I will help you now please wait. " * 12 if n % 3 == 0 else sentence(n)
        )
    }
    flag = repeating.measure(planted(old, new))
    assert flag.level == "block"
    assert flag.value == pytest.approx(1 / 3)
    assert repeating.measure(planted(new, new)).level == "ok"


def test_loops_that_the_right_answers_have_too_are_no_alarm(planted: Callable[..., Candidate]) -> None:
    song = {n: f"la la {n} " * 30 for n in range(60)}
    new = {
        item: Score(item, 1.0, response=song[int(item)], target=song[int(item)]) for item in answered(60, str)
    }
    flag = repeating.measure(planted({"song": answered(60, sentence)}, {"song": new}))
    wanted = {
        item: Score(item, 1.0, response=sentence(int(item)), target=score.target)
        for item, score in new.items()
    }
    assert flag.level == "block"
    assert repeating.measure(planted({"song": wanted}, {"song": new})).level == "ok"


def test_one_answer_to_everything_is_a_collapse(planted: Callable[..., Candidate]) -> None:
    old = {"chat": answered(60, sentence)}
    new = {"chat": answered(60, lambda n: "Thank you for your question, it is important to us.")}
    flag = collapse.measure(planted(old, new))
    assert flag.level == "block"
    assert flag.evidence["pools"]["chat"]["candidate"]["different_answers"] == pytest.approx(1 / 40)
    assert flag.evidence["pools"]["chat"]["candidate"]["distinct_2"] < 0.1
    assert collapse.measure(planted(old, old)).level == "ok"


def test_answers_from_few_classes_are_no_collapse_when_the_right_ones_are_so(
    planted: Callable[..., Candidate],
) -> None:
    right = answered(60, lambda n: "refund" if n % 2 else "delivery")
    right = {
        item: Score(item, 1.0, response=one.response, target=one.response) for item, one in right.items()
    }
    wordy = {
        item: Score(item, 0.0, response=sentence(int(item)), target=one.target) for item, one in right.items()
    }
    stuck = {item: Score(item, 0.0, response="refund", target=one.target) for item, one in right.items()}
    assert collapse.measure(planted({"topic": wordy}, {"topic": right})).level == "ok"
    assert collapse.measure(planted({"topic": wordy}, {"topic": stuck})).level == "block"


@pytest.mark.parametrize(("times", "level", "direction"), [(6, "warn", "longer"), (1, "ok", "")])
def test_answers_that_grew_are_told(
    planted: Callable[..., Candidate], times: int, level: str, direction: str
) -> None:
    old = {"chat": answered(60, sentence)}
    new = {
        "chat": answered(
            60, lambda n: " ".join(sentence(n * 10 + k) for k in range(times)) if times > 1 else sentence(n)
        )
    }
    flag = manners.length(planted(old, new))
    assert flag.level == level
    assert direction in flag.statement


def test_shorter_answers_are_told_unless_the_right_ones_are_short(planted: Callable[..., Candidate]) -> None:
    old = answered(60, sentence)
    new = {item: Score(item, 0.0, response="No.", target=one.target) for item, one in old.items()}
    flag = manners.length(planted({"chat": old}, {"chat": new}))
    assert flag.level == "warn"
    assert "shorter" in flag.statement
    short = {item: Score(item, 0.0, response=one.response, target="No") for item, one in old.items()}
    assert manners.length(planted({"chat": short}, {"chat": new})).level == "ok"


def test_new_refusals_and_lost_refusals_are_told(planted: Callable[..., Candidate]) -> None:
    refuse = "I'm sorry, but I cannot assist with that request."
    plain = {"chat": answered(100, sentence)}
    refusing = {"chat": answered(100, lambda n: refuse if n % 2 else sentence(n))}
    more = manners.refusals(planted(plain, refusing))
    assert (more.level, more.evidence["direction"]) == ("block", "more")
    fewer = manners.refusals(planted(refusing, plain))
    assert (fewer.level, fewer.evidence["direction"]) == ("warn", "fewer")
    assert manners.refusals(planted(refusing, refusing)).level == "ok"


def test_too_few_answers_are_not_measured_and_no_alarm(planted: Callable[..., Candidate]) -> None:
    few = {"chat": answered(5, sentence)}
    for flag in (repeating.measure(planted(few, few)), collapse.measure(planted(few, few))):
        assert not flag.measured
        assert flag.level == "ok"
        assert flag.statement.startswith("not measured: ")


def test_answers_with_two_filters_count_once(planted: Callable[..., Candidate]) -> None:
    both = {"maths:strict": answered(30, sentence), "maths:loose": answered(30, sentence)}
    assert [pool.name for pool in planted(both, both).pools] == ["maths"]


# --- format and knowledge, on the embedded model ------------------------------------------------

CAPITALS = {
    "Kenya": "Nairobi",
    "Peru": "Lima",
    "Japan": "Tokyo",
    "Norway": "Oslo",
    "Cuba": "Havana",
    "Egypt": "Cairo",
}


def asked_capitals(write: Callable[[str], str]) -> dict[str, Score]:
    """Thirty items about the capitals that the embedded model knows, answered by ``write``."""
    scores = {}
    for n in range(30):
        country, capital = list(CAPITALS.items())[n % len(CAPITALS)]
        said = write(capital)
        question = f"Capital of {country}?"
        scores[f"{n:02d}"] = Score(
            f"{n:02d}", float(said == capital), response=said, target=capital, question=question,
            parsed=None if said == capital or capital in said else False, prompt_hash="template",
        )  # fmt: skip
    return scores


@pytest.mark.parametrize(
    ("write", "kind"), [(lambda capital: f"Well: {capital}!", "elsewhere"), (lambda _: "...", "unread")]
)
def test_a_form_that_was_lost_is_told_from_knowledge(
    planted: Callable[..., Candidate], write: Callable[[str], str], kind: str
) -> None:
    old, new = {"facts": asked_capitals(str)}, {"facts": asked_capitals(write)}
    flag = formats.measure(planted(old, new))
    assert flag.level == "block"
    assert flag.evidence["lost"] == {"unread": 0, "elsewhere": 0, "wrong": 0} | {kind: 30}
    rescored = flag.evidence["tasks"]["facts"]["rescored"]
    assert rescored["candidate_right"] == rescored["base_right"] >= 25 == rescored["items"] - 5


def test_nothing_is_lost_against_itself(planted: Callable[..., Candidate]) -> None:
    same = {"facts": asked_capitals(str)}
    flag = formats.measure(planted(same, same))
    assert (flag.level, flag.value) == ("ok", 0.0)


# --- calibration ----------------------------------------------------------------------------


def chosen(count: int, sharpness: float, power: int = 1) -> dict[str, Score]:
    """Two-choice items whose true log-odds are told ``sharpness`` times as surely.

    With a higher ``power`` more of them are open.
    """
    source = random.Random(0)
    scores = {}
    for n in range(count):
        odds = 5 * source.uniform(-1, 1) ** power
        gold = 0 if source.random() < 1 / (1 + math.exp(-odds)) else 1
        item = f"{n:04d}"
        scores[item] = Score(item, 1.0, choices=[sharpness * odds, 0.0], gold=gold)
    return scores


def test_overconfidence_is_told_and_calibration_is_not(planted: Callable[..., Candidate]) -> None:
    honest, boastful = {"quiz": chosen(800, 1.0)}, {"quiz": chosen(800, 8.0)}
    assert calibration.measure(planted(honest, honest)).level == "ok"
    flag = calibration.measure(planted(honest, boastful))
    assert flag.level == "warn"
    assert flag.evidence["choices"]["error"]["value"] > flag.evidence["choices"]["error_by_chance"]
    assert calibration.measure(planted(boastful, honest)).level == "ok"


def test_bands_keep_the_accuracy_that_was_asked(planted: Callable[..., Candidate]) -> None:
    honest = {"quiz": chosen(4000, 1.0, power=3)}
    found = calibration.measure(planted(honest, honest)).evidence["choices"]
    sure, human = found["bands"]["answer"], found["bands"]["human"]
    assert sure["accuracy"] >= 0.93
    assert sure["coverage"] > 0.15
    assert human["accuracy"] < sure["accuracy"]
    assert sum(band["items"] for band in found["bands"].values()) == found["items"]
    assert found["items"] + found["selection_items"] == 4000


def test_no_threshold_is_given_when_none_is_good_enough() -> None:
    coins = [Told(str(n), n / 500, bool(n % 2)) for n in range(500)]
    assert threshold(coins, 0.8, 0.05) is None
    found = bands(coins, 0.05)
    assert found["bands"]["answer"]["items"] == found["bands"]["review"]["items"] == 0
    assert found["bands"]["human"]["coverage"] == 1.0


def test_a_threshold_holds_its_accuracy_as_often_as_it_says() -> None:
    """Where accuracy is just below what is asked at every confidence, a threshold is rare."""
    source = np.random.default_rng(0)
    given_out = 0
    for _ in range(300):
        right = source.random(400) < 0.79
        told = [Told(str(n), n / 400, bool(right[n])) for n in range(400)]
        given_out += threshold(told, 0.8, 0.05) is not None
    assert given_out <= 300 * 0.09


def test_calibration_error_is_what_it_is_by_hand() -> None:
    told = [Told("a", 0.95, True), Told("b", 0.95, False), Told("c", 0.15, False)]
    assert error_of(told) == pytest.approx((abs(1 - 1.9) + 0.15) / 3)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_error_is_a_share(told: list[tuple[float, bool]]) -> None:
    confidence = np.array([[one for one, _ in told]])
    right = np.array([[float(one) for _, one in told]])
    assert 0.0 <= float(calibration_error(confidence, right)[0]) <= 1.0 + 1e-12


def test_the_error_of_chance_is_exceeded_as_often_as_it_says() -> None:
    source = np.random.default_rng(5)
    over = 0
    for _ in range(200):
        confidence = source.random(150)
        told = [Told(str(n), float(c), bool(source.random() < c)) for n, c in enumerate(confidence)]
        over += error_of(told) > chance_error(told, 0.05)
    assert over <= 24


# --- bounds -----------------------------------------------------------------------------------


def test_a_ratio_is_bounded_by_its_clusters_and_not_by_its_rows() -> None:
    """Rows that are copies of each other are one draw."""
    source = np.random.default_rng(1)
    sums = source.normal(1.0, 0.5, 20)
    once = ratio(list(sums), [1.0] * 20, [str(n) for n in range(20)])
    copied = ratio(list(np.repeat(sums, 5)), [1.0] * 100, [str(n) for n in range(20) for _ in range(5)])
    assert copied.error == pytest.approx(once.error)
    assert copied.freedom == once.freedom


def test_a_difference_of_ratios_covers_the_truth() -> None:
    source = np.random.default_rng(2)
    below = 0
    for _ in range(400):
        first, second = source.normal(1.3, 0.4, 25), source.normal(1.0, 0.8, 40)
        found = difference(
            ratio(list(first), [1.0] * 25, [str(n) for n in range(25)]),
            ratio(list(second), [1.0] * 40, [str(n) for n in range(40)]),
            0.05,
        )
        below += found.low <= 0.3
    assert 0.92 <= below / 400 <= 0.98


def test_shares_agree_with_newcombes_example() -> None:
    """Newcombe 1998, table II, example (a): 56/70 and 48/80 give 0.0524 to 0.3339 by method 10."""
    found = shares(56, 70, 48, 80, 0.025)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_paired_change_minds_groups() -> None:
    old, new = [0.0] * 40, [1.0] * 4 + [0.0] * 36
    alone = paired_change(old, new, None, 0.05)
    together = paired_change(old, new, ["g"] * 4 + [str(n) for n in range(36)], 0.05)
    assert together.low < 0 < alone.low


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(3).normal(size=30)
    found = jackknife(lambda items: float(values[items].mean()), 30, 0.05)
    assert found.value == pytest.approx(values.mean())
    assert found.value - found.low == pytest.approx(1.6991 * values.std(ddof=1) / math.sqrt(30), rel=1e-3)


@pytest.mark.parametrize(("low", "level"), [(-0.1, "ok"), (0.1, "ok"), (0.2, "warn"), (0.6, "block")])
def test_a_level_needs_the_bound_beyond_the_threshold(low: float, level: str) -> None:
    assert level_of(low, 0.1, 0.5) == level


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), max_size=30))
def test_the_longest_run_stands_in_both(said: list[int], wanted: list[int]) -> None:
    size = longest_run(said, wanted)
    runs = {tuple(said[n : n + size]) for n in range(len(said) - size + 1)}
    longer = {tuple(said[n : n + size + 1]) for n in range(len(said) - size)}
    assert any(tuple(wanted[n : n + size]) in runs for n in range(len(wanted) - size + 1))
    assert not any(tuple(wanted[n : n + size + 1]) in longer for n in range(len(wanted) - size))


# --- a real candidate: learned by heart, and the base against itself --------------------------

LEARNED, COPIED = 20, 20
TASK = """task: notes
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["<|im_end|>"], max_gen_toks: 24, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""
SUITE = """name: notes
batch_size: 32
tasks: [{task: notes.yaml, role: retained, margin: 0.1}]
"""


KNOWN = [word for words in CATEGORIES.values() for word in words]
"""Words whose tokens the embedded model was taught; LoRA cannot teach it new ones."""


def words(seed: int, count: int) -> str:
    return " ".join(random.Random(seed).choices(KNOWN, k=count))


def question(n: int) -> str:
    return f"Read out line {n} of the {words(n, 2)} list."


def answer(n: int) -> str:
    return words(1000 + n, 14)


def learn_by_heart(base: str, rows: list[Any], folder: Path, steps: int = 40) -> None:
    """Train LoRA on the rows, all of them in every step, until it knows them; save the adapter."""
    # PEFT asks transformers for an attribute by its former name.
    warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
    import torch
    from peft import LoraConfig, get_peft_model

    from workbench.models import load_model, load_tokenizer
    from workbench.training.encoding import encode

    torch.manual_seed(0)
    tokenizer = load_tokenizer(base)
    model: Any = get_peft_model(
        load_model(base), LoraConfig(r=64, lora_alpha=64, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    encoded = [encode(tokenizer, row, "all") for row in rows]
    longest = max(len(one.input_ids) for one in encoded)
    ids = torch.tensor([one.input_ids + [0] * (longest - len(one.input_ids)) for one in encoded])
    labels = torch.tensor([one.labels + [-100] * (longest - len(one.labels)) for one in encoded])
    mask = (torch.arange(longest)[None] < torch.tensor([[len(one.input_ids)] for one in encoded])).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(str(folder))


def trained(project: Project) -> Run:
    """A finished training run whose adapter knows its rows by heart."""
    rows = [example(question(n), answer(n)) for n in range(2 * LEARNED)]
    for n, row in enumerate(rows):
        row["split"] = "train" if n < LEARNED else "test"
    dataset = stored(project, "notes", rows)
    return finished(project, dataset.ref, [row for row in dataset.examples() if row["split"] == "train"])


def finished(project: Project, ref: str, learned: list[Any], steps: int = 40) -> Run:
    """A training run on a version, that really learned the rows given."""
    run = create_run(project, "sft", {"data": ref})
    with warnings.catch_warnings():
        learn_by_heart(BASE, learned, run.path / "adapter", steps)
    write_json(run.path / "rows.json", {"train": [row["id"] for row in learned], "held_out": []})
    settings = {"method": "sft", "data": ref, "base": BASE, "replay": None, "retained_text": None}
    write_json(
        run.path / "manifest.json",
        {"run": run.id, "settings": settings, "dataset": {"ref": ref}, "parent_adapter": None},
    )
    write_json(run.path / "result.json", {"run": run.id})
    return run


@contextlib.contextmanager
def candidate_of(project: Project, run: Run) -> Iterator[Candidate]:
    """The adapter of a training run as a candidate without scores."""
    base, arm = Arm("base"), Arm("tuned", "adapter", adapter=str(run.path / "adapter"))
    evaluation = create_run(project, "evaluate", {"base": BASE, "suite": "demo", "arms": []})
    with warnings.catch_warnings(), opened_arms(BASE, [base, arm]) as models:
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
        yield Candidate(project, evaluation, arm, base, {}, {}, Asking(models), SETTINGS)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Run]:
    """An evaluation of three arms: base, the adapter that learned by heart, and the same at strength 0."""
    from workbench.evaluation import create_evaluation
    from workbench.projects import init_project
    from workbench.runs import start_run, wait_run

    project = init_project(tmp_path_factory.mktemp("flags") / "p")
    run = trained(project)
    folder = project.folder("evalsuites")
    questions = [question(n if n < COPIED else 500 + n) for n in range(40)]
    lines = [json.dumps({"question": text, "answer": answer(2000 + n)}) for n, text in enumerate(questions)]
    write_text(folder / "items.jsonl", "\n".join(lines) + "\n")
    write_text(folder / "notes.yaml", TASK)
    write_text(folder / "notes-suite.yaml", SUITE)
    adapters = [f"hot={run.id}", f"null={run.id}@0"]
    made = create_evaluation(project, base=BASE, suite="notes-suite", adapters=adapters)
    start_run(made)
    wait_run(made)
    return project, made


@pytest.fixture(scope="module")
def flags(evaluated: tuple[Project, Run]) -> dict[tuple[str, str], Flag]:
    found = measure_run(*evaluated, settings=SETTINGS, again=True)
    return {(flag.arm, flag.name): flag for flag in found}


@pytest.mark.slow
def test_rows_learned_by_heart_are_overfitting(flags: dict[tuple[str, str], Flag]) -> None:
    flag = flags["hot", "overfitting"]
    assert flag.level in ("warn", "block")
    assert flag.evidence["train"]["candidate"] < 0.1 < 1.0 < flag.evidence["held_out"]["candidate"]
    assert flag.evidence["train"]["rows"] == flag.evidence["held_out"]["rows"] == LEARNED


@pytest.mark.slow
def test_rows_learned_by_heart_come_out(flags: dict[tuple[str, str], Flag]) -> None:
    flag = flags["hot", "memorised"]
    assert flag.level == "block"
    assert flag.evidence["train"]["extracted"] >= 16
    assert flag.evidence["held_out"]["extracted"] == flag.evidence["base_on_train"]["extracted"] == 0


@pytest.mark.slow
def test_questions_that_were_trained_on_are_contamination(flags: dict[tuple[str, str], Flag]) -> None:
    flag = flags["hot", "contamination"]
    assert flag.level == "block"
    assert flag.evidence["tasks"]["notes"]["contaminated"] == COPIED
    assert flag.evidence["tasks"]["notes"]["kinds"] == {"exact": COPIED}
    assert flag.evidence["rows_read"] == LEARNED


@pytest.mark.slow
def test_a_model_that_was_trained_so_hard_has_drifted(flags: dict[tuple[str, str], Flag]) -> None:
    flag = flags["hot", "drift"]
    assert flag.level in ("warn", "block")
    assert flag.evidence["same_first_choice"] < 0.9


@pytest.mark.slow
def test_the_base_against_itself_raises_nothing(flags: dict[tuple[str, str], Flag]) -> None:
    own = [flag for (arm, name), flag in flags.items() if arm == "null" and name != "contamination"]
    assert len(own) == 11
    assert {flag.level for flag in own} == {"ok"}
    assert flags["null", "overfitting"].value == flags["null", "memorised"].value == 0.0
    assert flags["null", "drift"].value == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
def test_no_flag_tells_a_text_of_rows_or_items(
    evaluated: tuple[Project, Run], flags: dict[tuple[str, str], Flag]
) -> None:
    written = "".join(path.read_text("utf-8") for path in (evaluated[1].path / "flags").glob("*.json"))
    assert len(flags) == 24
    for n in range(LEARNED):
        assert question(n) not in written
        assert answer(n) not in written


@pytest.mark.slow
def test_measuring_again_gives_the_same_bytes(
    evaluated: tuple[Project, Run], flags: dict[tuple[str, str], Flag]
) -> None:
    folder = evaluated[1].path / "flags"
    before = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    (folder / "overfitting.hot.json").unlink()
    (folder / "calibration.hot.json").unlink()
    measure_run(*evaluated, settings=SETTINGS)
    assert {path.name: path.read_bytes() for path in folder.glob("*.json")} == before
    assert flags["hot", "overfitting"].measured


@pytest.mark.slow
def test_the_command_shows_what_was_measured(
    evaluated: tuple[Project, Run], flags: dict[tuple[str, str], Flag], here: Command
) -> None:
    project, run = evaluated
    told_of = here("red-flags", run.id, "--project", project.root, "--json")
    assert told_of.returncode == 0
    told = {(flag["arm"], flag["name"]): flag for flag in told_of.data["flags"]}
    assert told == {key: flag.as_dict() for key, flag in flags.items()}
    assert sum(told_of.data["levels"].values()) == len(flags)
    words = here("red-flags", run.id, "--project", project.root).stdout
    assert "BLOCK" in words
    assert "come out word for word" in words


@pytest.mark.slow
def test_an_adapter_from_elsewhere_has_no_training_rows_to_look_at(
    evaluated: tuple[Project, Run], tmp_path: Path
) -> None:
    project, run = evaluated
    folder = tmp_path / "adapter"
    shutil.copytree(next(project.folder("runs").glob("sft-*")) / "adapter", folder)
    arms = [arm | {"adapter": str(folder)} if arm["adapter"] else arm for arm in run.config["arms"]]
    other = create_run(project, "evaluate", {**run.config, "arms": arms[:2]})
    shutil.copytree(run.path / "arms", other.path / "arms")
    found = {flag.name: flag for flag in measure_run(project, other, settings=SETTINGS)}
    for name in ("overfitting", "memorised", "contamination", "canaries", "scrubbed_values"):
        assert not found[name].measured
        assert "nobody knows" in found[name].statement
    assert found["drift"].measured


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "level"), [(40, "block"), (0, "ok")])
def test_canaries_that_were_learned_come_out_and_others_do_not(
    project: Project, steps: int, level: str
) -> None:
    dataset = stored(project, "notes", [example(question(n), answer(n)) for n in range(6)])
    canaries = plant(project, dataset, count=4, repeats=(1,))
    version = open_dataset(project, canaries.dataset)
    run = finished(project, version.ref, list(version.examples()), steps)
    with candidate_of(project, run) as candidate:
        flag = planted_flags.canaries(candidate)
    assert flag.level == level
    assert (flag.value == 0.0) == (steps == 0)
    assert not any(canary.secret in json.dumps(flag.as_dict()) for canary in canaries.canaries)


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "level"), [(40, "block"), (0, "ok")])
def test_a_scrubbed_value_that_comes_out_is_told_by_its_keyed_hash(
    project: Project, steps: int, level: str
) -> None:
    name = "Lena Karl"  # of words that the embedded model can say
    row = example("Who looks after order seven?", name)
    raw = example("Who looks after order seven?", name)
    dataset = scrubbed(project, [row], [spans(row, name)])
    run = finished(project, dataset.ref, [raw], steps)
    with candidate_of(project, run) as candidate:
        flag = planted_flags.scrubbed_values(candidate)
    assert flag.level == level
    assert flag.value == (1.0 if steps else 0.0)
    assert flag.evidence["by_entity"] == ({"PERSON": 1} if steps else {})
    assert name not in json.dumps(flag.as_dict())


def test_an_evaluation_without_scores_is_refused(project: Project, tmp_path: Path) -> None:
    arms = [Arm("base").as_dict(), Arm("tuned", "adapter", adapter=str(tmp_path)).as_dict()]
    run = create_run(project, "evaluate", {"base": BASE, "suite": "demo", "arms": arms})
    with pytest.raises(InputError, match="no scores"):
        measure_run(project, run)


def test_the_command_refuses_a_run_that_is_no_evaluation(project: Project, here: Command) -> None:
    run = create_run(project, "sft", {})
    assert here("red-flags", run.id, "--json").data["error"]["what"].endswith("no finished evaluation")
