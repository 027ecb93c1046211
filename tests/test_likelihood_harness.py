"""The fast scorer inside the harness: same prompts, same metrics, same hashes, and the base beside."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.test_likelihood import adapted, sized
from workbench.harness_samples import sample_scores
from workbench.likelihood import fast_answer, fast_harness
from workbench.models import load_model, load_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

WORDS = ["river", "house", "stone", "light", "garden", "window", "paper", "summer", "little", "other"]
ITEMS = 12
ACC = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]
CHOICE = {
    "output_type": "multiple_choice",
    "doc_to_text": "Which word comes next? {{question}}",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "answer",
    "metric_list": [*ACC, {"metric": "acc_norm", "aggregation": "mean", "higher_is_better": True}],
}
TASKS: dict[str, dict[str, Any]] = {
    "choice": CHOICE,
    "few_shot": {**CHOICE, "num_fewshot": 3, "fewshot_split": "test"},
    "mutual": {
        **CHOICE,
        "metric_list": [{"metric": "acc_mutual_info", "aggregation": "mean", "higher_is_better": True}],
    },
    "contexts": {
        "output_type": "multiple_choice",
        "doc_to_text": "{{answer}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{choices[2]}} {{choices[3]}}",
        "metric_list": ACC,
    },
    "continuation": {
        "output_type": "loglikelihood",
        "doc_to_text": "{{question}}",
        "doc_to_target": " {{choices[0]}}",
        "metric_list": [
            {"metric": "perplexity", "aggregation": "perplexity", "higher_is_better": False},
            *ACC,
        ],
    },
    "rolling": {
        "output_type": "loglikelihood_rolling",
        "doc_to_text": "",
        "doc_to_target": "{{question}}",
        "metric_list": [
            {"metric": "word_perplexity", "aggregation": "weighted_perplexity", "higher_is_better": False}
        ],
    },
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer("tiny-chat")


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made questions; every fourth has more words than the model reads at once."""
    chance = random.Random(0)
    path = tmp_path_factory.mktemp("items") / "items.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(ITEMS):
            question = " ".join(chance.choices(WORDS, k=120 if number % 4 == 3 else 12))
            choices = [" ".join(chance.choices(WORDS, k=n)) for n in (1, 1, 3, 5)]
            file.write(json.dumps({"question": question, "choices": choices, "answer": number % 4}) + "\n")
    return path


def loaded(items: Path, name: str) -> dict[str, Any]:
    from lm_eval.tasks import TaskManager

    data = {"data_files": {"test": str(items)}}
    config = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": data,
        "test_split": "test",
        **TASKS[name],
    }
    tasks: dict[str, Any] = TaskManager(include_defaults=False).load([config])["tasks"]
    for task in tasks.values():
        task.set_config(key="num_fewshot", value=TASKS[name].get("num_fewshot", 0))
        task.set_fewshot_seed(seed=1234)
    return tasks


def answered(lm: Any, items: Path, name: str, **options: Any) -> list[dict[str, Any]]:
    return fast_answer(lm, loaded(items, name), **options)[name]


def plain(model: Any, tokenizer: Any) -> Any:
    """The harness's own model, asked through the same door."""
    from lm_eval.models.huggingface import HFLM

    made: Any = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8)
    made.likelihoods = {}
    return made


@pytest.mark.parametrize(
    ("name", "chat"), [*((name, False) for name in TASKS), ("choice", True), ("few_shot", True)]
)
def test_samples_are_those_of_the_harness(name: str, chat: bool, items: Path, tokenizer: Any) -> None:
    model = load_model("tiny-chat").eval()
    slow = plain(model, tokenizer)
    fast = fast_harness(model, tokenizer, check=0)
    slow._max_length = fast._max_length = 90
    told = answered(slow, items, name, apply_chat_template=chat)
    found = answered(fast, items, name, apply_chat_template=chat)
    assert len(found) == len(told) == ITEMS
    for ours, theirs in zip(found, told, strict=True):
        for key in (
            "doc_id",
            "doc_hash",
            "prompt_hash",
            "target_hash",
            "arguments",
            "target",
            "filter",
            "metrics",
        ):
            assert ours[key] == theirs[key]
        for key in theirs["metrics"]:
            assert ours[key] == pytest.approx(theirs[key], abs=1e-3)
        assert len(ours["filtered_resps"]) == len(theirs["filtered_resps"])
    ours, theirs = sample_scores(found, name)[name], sample_scores(told, name)[name]
    for item, score in theirs.items():
        assert ours[item].score == pytest.approx(score.score, abs=1e-3)
        assert ours[item].nll == pytest.approx(score.nll, abs=1e-3)
        assert ours[item].choices == (
            None if score.choices is None else pytest.approx(score.choices, abs=1e-3)
        )
        assert ours[item].prompt_hash == score.prompt_hash
        assert score.choices is None or ours[item].response == score.response


@pytest.mark.parametrize("name", ["choice", "continuation", "rolling"])
def test_a_sample_says_how_far_the_adapter_moved(name: str, items: Path, tokenizer: Any) -> None:
    model = adapted(sized("llama"))
    fast = fast_harness(model, tokenizer, reference=model.disable_adapter, check=2)
    for row in answered(fast, items, name):
        assert row["kl"] > 0.0
        assert 0.0 <= row["agreement"] <= 1.0
    assert fast.checks[name].same
    with model.disable_adapter():
        base = answered(fast_harness(model, tokenizer, check=0), items, name)
    references = {key: one.reference for key, one in fast.likelihoods.items()}
    for number, row in enumerate(base):
        for place, answer in enumerate(row["filtered_resps"]):
            value = answer if isinstance(answer, float) else answer[0]
            assert references[name, number, place] == pytest.approx(value, abs=1e-3)


def test_an_adapter_without_strength_has_not_moved(items: Path, tokenizer: Any) -> None:
    from peft.helpers import rescale_adapter_scale

    model = adapted(sized("llama"))
    with rescale_adapter_scale(model, 0.0):
        rows = answered(
            fast_harness(model, tokenizer, reference=model.disable_adapter, check=0), items, "choice"
        )
    assert all(row["kl"] < 1e-9 and row["agreement"] == 1.0 for row in rows)


def test_divergence_grows_with_the_adapters_strength(items: Path, tokenizer: Any) -> None:
    from peft.helpers import rescale_adapter_scale

    model = adapted(sized("llama"))
    means = []
    for scale in (0.1, 0.3, 1.0):
        with rescale_adapter_scale(model, scale):
            fast = fast_harness(model, tokenizer, reference=model.disable_adapter, check=0)
            rows = answered(fast, items, "choice")
        means.append(sum(row["kl"] for row in rows) / len(rows))
    assert 0.0 < means[0] < means[1] < means[2]


def test_a_sample_of_the_items_keeps_their_numbers(items: Path, tokenizer: Any) -> None:
    model = adapted(sized("llama"))
    fast = fast_harness(model, tokenizer, reference=model.disable_adapter, check=0)
    whole = {row["doc_id"]: row for row in answered(fast, items, "choice")}
    part = answered(fast, items, "choice", samples={"choice": [2, 7, 11]})
    assert [row["doc_id"] for row in part] == [2, 7, 11]
    for row in part:
        assert row["kl"] == pytest.approx(whole[row["doc_id"]]["kl"], abs=1e-5)
        assert row["prompt_hash"] == whole[row["doc_id"]]["prompt_hash"]
