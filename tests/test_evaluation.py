"""Evaluation: arms, the same items for all, the content store, choosing the prompt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.make import example, stored, write_jsonl
from workbench.errors import InputError, NotFoundError
from workbench.evaluation import (
    Arm,
    check_comparable,
    create_evaluation,
    evaluate,
    evaluation_arms,
    read_evaluation_folder,
)
from workbench.evaluation.arms import opened_arms
from workbench.evaluation.creating import chosen_prompts
from workbench.evaluation.hashes import adapter_hashes, weights_sha256
from workbench.evaluation.loading import sampled
from workbench.evaluation.prompting import PromptChoice
from workbench.evaluation.store import Store, stored_parts
from workbench.files import read_json
from workbench.projects import Project
from workbench.runs import Run
from workbench.scores import Score
from workbench.tiny_chat import model_path
from workbench.worker import Worker

# PEFT asks transformers for an attribute by its former name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

COLOURS = {"sky": "blue", "grass": "green", "snow": "white", "coal": "black", "blood": "red"}
ASKED = [{"question": f"What colour is {thing}?", "answer": colour} for thing, colour in COLOURS.items()]
TRAILS = ["today", "now", "really", "mostly"]
ITEMS = [{**row, "question": f"{row['question'][:-1]} {trail}?"} for trail in TRAILS for row in ASKED]

GENERATED = """
task: NAME
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["<|im_end|>"], max_gen_toks: 6, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
CHOSEN = """
task: NAME
dataset_path: json
dataset_kwargs: {data_files: {test: FILE, train: FILE}}
test_split: test
fewshot_split: train
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: [blue, green, white, black, red]
doc_to_target: "{{answer}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""
ROLLING = """
task: NAME
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list:
  - {metric: bits_per_byte, aggregation: bits_per_byte, higher_is_better: false}
"""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TQDM_DISABLE"):
        monkeypatch.setenv(name, "1")


def suite_of(project: Project, *, items: list[dict[str, Any]] = ITEMS, **more: Any) -> str:
    """A suite in the project with one generated and one multiple-choice task."""
    home = project.root / "evalsuites"
    home.mkdir(exist_ok=True)
    write_jsonl(home / "items.jsonl", items)
    for name, text in (("say", GENERATED), ("pick", CHOSEN), ("read", ROLLING)):
        (home / f"{name}.yaml").write_text(text.replace("NAME", name).replace("FILE", "items.jsonl"))
    tasks = more.pop("tasks", [{"task": "say.yaml", "role": "target"}, {"task": "pick.yaml"}])
    (home / "small.yaml").write_text(json.dumps({"name": "small", "batch_size": 8, "tasks": tasks, **more}))
    return str(home / "small.yaml")


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a real adapter of tiny-chat with seeded random weights, big enough to change answers."""

    def made(name: str, seed: int = 0, **settings: Any) -> Path:
        import torch
        from peft import LoraConfig, get_peft_model

        from workbench.models import load_model, load_tokenizer

        torch.manual_seed(seed)
        config = LoraConfig(
            r=4,
            lora_alpha=16,
            target_modules=["q_proj", "v_proj"],
            init_lora_weights=False,
            task_type="CAUSAL_LM",
            **settings,
        )
        folder = tmp_path_factory.mktemp("adapters") / name
        get_peft_model(load_model("tiny-chat"), config).save_pretrained(str(folder))
        load_tokenizer("tiny-chat").save_pretrained(str(folder))
        return folder

    return made


def run_of(project: Project, suite: str, **options: Any) -> Run:
    """A finished evaluation of tiny-chat, in this process."""
    run = create_evaluation(
        project, base="tiny-chat", suite=suite, adapters=options.pop("adapters", []), **options
    )
    (run.path / "result.json").write_text(json.dumps(evaluate(Worker(run))))
    return run


def lines(run: Run, arm: str, task: str) -> list[dict[str, Any]]:
    text = (run.path / "arms" / arm / f"{task}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


# --- arms


def test_arms_answer_the_same_items_and_only_the_prompted_one_another_prompt(
    project: Project, adapter: Callable[..., Path]
) -> None:
    run = run_of(project, suite_of(project), adapters=[f"new={adapter('a')}"], prompt="Answer in one word.")
    arms = read_evaluation_folder(run.path)
    assert list(arms) == ["base", "prompted", "new"]
    for task in ("say", "pick"):
        assert set(arms["base"][task]) == set(arms["new"][task])
        for item, score in arms["base"][task].items():
            assert arms["new"][task][item].prompt_hash == score.prompt_hash
            assert arms["prompted"][task][item].prompt_hash != score.prompt_hash
    assert any(
        arms["base"]["pick"][item].choices != arms["new"]["pick"][item].choices
        for item in arms["new"]["pick"]
    )


def test_scores_tell_choices_gold_and_token_counts(project: Project) -> None:
    run = run_of(project, suite_of(project))
    for row in lines(run, "base", "pick"):
        assert len(row["choices"]) == 5
        assert row["nll"] == -row["choices"][row["gold"]]
        assert row["score"] == (row["choices"].index(max(row["choices"])) == row["gold"])
        assert row["target"] in COLOURS.values()
        assert row["response"] == list(COLOURS.values())[row["choices"].index(max(row["choices"]))]
    assert all(row["tokens"] <= 6 and row["prompt_tokens"] > 5 for row in lines(run, "base", "say"))


def test_a_perplexity_task_is_scored_item_by_item_and_higher_is_better(project: Project) -> None:
    run = run_of(project, suite_of(project, tasks=[{"task": "read.yaml"}]))
    rows = lines(run, "base", "read")
    assert len(rows) == len(ITEMS)
    for row, item in zip(rows, ITEMS, strict=True):
        bits = row["nll"] / len(item["question"].encode()) / 0.6931471805599453
        assert row["score"] == pytest.approx(-bits, rel=1e-9)
    assert read_json(run.path / "manifest.json")["tasks"]["read"]["lower_is_better"] == ["bits_per_byte"]


def test_the_manifest_binds_every_arm_to_hashes_of_what_it_was(
    project: Project, adapter: Callable[..., Path]
) -> None:
    folder = adapter("bound")
    run = run_of(project, suite_of(project), adapters=[f"new={folder}"], prompt="Be short.")
    told = {arm["name"]: arm for arm in read_json(run.path / "manifest.json")["arms"]}
    assert told["new"]["adapter_sha256"] == adapter_hashes(folder)["adapter_sha256"]
    assert told["new"]["adapter_config_sha256"] == adapter_hashes(folder)["adapter_config_sha256"]
    assert {arm["weights_sha256"] for arm in told.values()} == {weights_sha256("tiny-chat")}
    assert (told["base"]["prompt_sha256"], told["prompted"]["prompt_sha256"] is None) == (None, False)
    assert {(arm["dtype"], arm["batch_size"], arm["device"]) for arm in told.values()} == {
        ("float32", 8, told["base"]["device"])
    }
    settings = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**settings, "lora_alpha": 32}))
    assert adapter_hashes(folder)["adapter_config_sha256"] != told["new"]["adapter_config_sha256"]


def test_a_scaled_arm_is_the_adapter_with_its_alpha_scaled_and_full_strength_comes_back(
    tmp_path: Path, adapter: Callable[..., Path]
) -> None:
    import torch

    folder = adapter("dial")
    half = tmp_path / "half"
    shutil.copytree(folder, half)
    settings = json.loads((half / "adapter_config.json").read_text())
    (half / "adapter_config.json").write_text(
        json.dumps({**settings, "lora_alpha": settings["lora_alpha"] / 2})
    )
    arms = [
        Arm("full", "adapter", adapter=str(folder)),
        Arm("scaled", "adapter", adapter=str(folder), scale=0.5),
        Arm("none", "adapter", adapter=str(folder), scale=0.0),
        Arm("half", "adapter", adapter=str(half)),
        Arm("base"),
    ]
    ids = torch.tensor([[5, 9, 21, 7, 300]])
    with opened_arms("tiny-chat", arms) as models:

        def logits(arm: Arm) -> Any:
            with models.active(arm), torch.inference_mode():
                return models.model(input_ids=ids).logits

        first = {arm.name: logits(arm) for arm in arms}
        again = {arm.name: logits(arm) for arm in reversed(arms)}
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert torch.equal(first["none"], first["base"])
    assert torch.allclose(first["scaled"], first["half"], atol=1e-6)
    assert not torch.allclose(first["full"], first["scaled"], atol=1e-3)


def test_a_strength_is_refused_where_lora_scaling_is_not_the_whole_adapter(
    project: Project, tmp_path: Path, adapter: Callable[..., Path]
) -> None:
    for name, settings in (
        ("dora", {"use_dora": True}),
        ("saved", {"modules_to_save": ["lm_head"]}),
        ("bias", {"bias": "lora_only"}),
    ):
        folder = tmp_path / name
        shutil.copytree(adapter(name), folder)
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps({**config, **settings}))
        with pytest.raises(InputError, match="cannot be scaled"):
            create_evaluation(
                project, base="tiny-chat", suite=suite_of(project), adapters=[f"x={folder}@0.5"]
            )
    with pytest.raises(InputError, match="strength"):
        create_evaluation(
            project, base="tiny-chat", suite=suite_of(project), adapters=[f"x={adapter('over')}@3"]
        )


def test_an_adapter_with_trained_tokens_on_tied_embeddings_is_evaluated(
    project: Project, adapter: Callable[..., Path]
) -> None:
    folder = adapter("tokens", trainable_token_indices=[3, 4])
    run = run_of(project, suite_of(project), adapters=[f"new={folder}"], limit=10)
    assert len(lines(run, "new", "pick")) == 10


def test_a_merged_model_is_an_arm_of_its_own_and_answers_as_its_adapter(
    project: Project, tmp_path: Path, adapter: Callable[..., Path]
) -> None:
    from peft import PeftModel

    from workbench.models import load_model, load_tokenizer

    folder = adapter("merged")
    merged = tmp_path / "whole"
    model: Any = PeftModel.from_pretrained(load_model("tiny-chat"), str(folder))
    model.merge_and_unload().save_pretrained(str(merged))
    load_tokenizer("tiny-chat").save_pretrained(str(merged))
    run = run_of(project, suite_of(project), adapters=[f"new={folder}"], models=[f"whole={merged}"])
    arms = read_evaluation_folder(run.path)
    assert [arm.kind for arm in evaluation_arms(run)] == ["base", "adapter", "merged"]
    for item, score in arms["new"]["pick"].items():
        assert arms["whole"]["pick"][item].choices == pytest.approx(score.choices, abs=1e-3)
    told = {arm["name"]: arm for arm in read_json(run.path / "manifest.json")["arms"]}
    assert told["whole"]["weights_sha256"] == weights_sha256(str(merged)) != told["base"]["weights_sha256"]


def test_a_model_whose_chat_template_asks_otherwise_is_refused(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(model_path(), other)
    for path in other.glob("chat_template*"):
        path.write_text(path.read_text() + " ")
    config = json.loads((other / "tokenizer_config.json").read_text())
    if config.get("chat_template"):
        config["chat_template"] += " "
        (other / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="asked differently"):
        run_of(project, suite_of(project), models=[f"other={other}"], limit=10)


def test_checkpoints_of_a_run_become_arms_in_order(project: Project, adapter: Callable[..., Path]) -> None:
    run = project.root / "runs" / "sft-20260101-000000-abcd"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    for step in (100, 20):
        shutil.copytree(adapter(f"c{step}", seed=step), run / "checkpoints" / f"checkpoint-{step}")
    (run / "checkpoints" / "checkpoint-120").mkdir()  # cut short by a kill
    made = create_evaluation(
        project, base="tiny-chat", suite=suite_of(project), adapters=[], checkpoints=["ck=sft-20260101"]
    )
    assert [(arm.name, arm.kind) for arm in evaluation_arms(made)] == [
        ("base", "base"),
        ("ck-20", "checkpoint"),
        ("ck-100", "checkpoint"),
    ]


def test_what_is_not_there_is_named_before_a_run_is_made(project: Project, tmp_path: Path) -> None:
    suite = suite_of(project)
    for options in ({"models": [f"x={tmp_path}"]}, {"checkpoints": ["sft-none"]}, {"adapters": ["sft-none"]}):
        with pytest.raises(NotFoundError):
            create_evaluation(project, base="tiny-chat", suite=suite, **{"adapters": [], **options})
    assert not (project.root / "runs").exists()


def test_arms_that_were_not_run_alike_are_not_comparable() -> None:
    alike = {"kind": "adapter", "batch_size": 8, "device": "cpu", "dtype": "float32"}
    base = {**alike, "name": "base", "kind": "base"}

    def manifest(**other: Any) -> dict[str, Any]:
        return {"arms": [base, {**alike, "name": "new", **other}]}

    check_comparable(manifest(), "base", "new")
    check_comparable(manifest(kind="merged", dtype="bfloat16"), "base", "new")
    for other in ({"dtype": "bfloat16"}, {"batch_size": 16}, {"device": "cuda"}):
        with pytest.raises(InputError, match="not run alike"):
            check_comparable(manifest(**other), "base", "new")


# --- the content store


def test_a_second_candidate_costs_one_arm(project: Project, adapter: Callable[..., Path]) -> None:
    suite = suite_of(project)
    first = run_of(project, suite, adapters=[f"one={adapter('one', 1)}"])
    second = run_of(project, suite, adapters=[f"two={adapter('two', 2)}"])
    answers = read_json(second.path / "manifest.json")["tasks"]["say"]["answers"]
    assert {name: answer["from_store"] for name, answer in answers.items()} == {"base": True, "two": False}
    for task in ("say", "pick"):
        old, new = (run.path / "arms" / "base" / f"{task}.jsonl" for run in (first, second))
        assert old.read_bytes() == new.read_bytes()
    assert len(stored_parts(project)) == 6


@pytest.mark.slow
def test_the_store_never_serves_answers_of_another_adapter_prompt_strength_or_item(
    project: Project, adapter: Callable[..., Path]
) -> None:
    folder = adapter("served")

    def keys(suite: str, **options: Any) -> set[str]:
        run = run_of(project, suite, **options)
        told = read_json(run.path / "manifest.json")["tasks"]["say"]["answers"]
        return {answer["key"] for answer in told.values()}

    plain = keys(suite_of(project), adapters=[f"a={folder}"])
    assert len(plain) == 2
    assert len(keys(suite_of(project), adapters=[f"a={folder}@0.5"]) - plain) == 1
    prompted = keys(suite_of(project), prompt="Say it in one word.")
    assert len(prompted - plain) == 1
    assert not keys(suite_of(project, batch_size=4)) & plain
    assert not keys(suite_of(project, chat_template=False)) & plain
    assert not keys(suite_of(project, items=ITEMS[:-1])) & plain
    assert not keys(suite_of(project), limit=10) & plain


def test_a_damaged_answer_in_the_store_is_answered_anew(project: Project) -> None:
    suite = suite_of(project)
    whole = run_of(project, suite)
    kept = next(project.folder("scores_by_content").glob("*/say.jsonl"))
    kept.write_text(kept.read_text().replace('"score": ', '"score": 1'))
    again = run_of(project, suite)
    answers = read_json(again.path / "manifest.json")["tasks"]["say"]["answers"]
    assert answers["base"]["from_store"] is False
    assert lines(again, "base", "say") == lines(whole, "base", "say")
    assert Store(project).get(answers["base"]["key"]) is not None


def test_the_store_gives_back_what_was_put_and_the_first_writer_stays(project: Project) -> None:
    store = Store(project)
    key = store.key({"weights": "a", "task": "t"})
    assert key != store.key({"weights": "b", "task": "t"})
    assert store.get(key) is None
    scores = {"t": {"1": Score("1", 0.5, choices=[-1.0, -2.0], metrics={"acc": 0.5})}}
    store.put(key, {"weights": "a"}, scores)
    assert store.get(key) == scores
    store.put(key, {"weights": "a"}, {"t": {"1": Score("1", 1.0)}})
    assert store.get(key) == scores
    assert not list(store.home.glob(".*"))


def test_a_control_asks_the_base_again_and_is_never_taken_from_the_store(project: Project) -> None:
    suite = suite_of(project)
    run_of(project, suite)
    run = run_of(project, suite, control=True)
    answers = read_json(run.path / "manifest.json")["tasks"]["pick"]["answers"]
    assert {name: answer["from_store"] for name, answer in answers.items()} == {
        "base": True,
        "control": False,
    }
    assert [row["score"] for row in lines(run, "control", "pick")] == [
        row["score"] for row in lines(run, "base", "pick")
    ]


@pytest.mark.slow
def test_a_prompt_longer_than_the_model_is_told(project: Project) -> None:
    long = [{"question": "What colour is it? " * 200, "answer": "blue"}, *ITEMS]
    run = run_of(project, suite_of(project, items=long))
    assert [row.get("slices") for row in lines(run, "base", "say")][:2] == [{"prompt": "cut"}, None]
    warnings = [event["reason"] for event in run.events() if event["event"] == "warning"]
    assert len(warnings) == 2
    assert "1 prompts are longer" in warnings[0]


# --- resuming


def test_a_run_whose_items_changed_meanwhile_is_refused(project: Project) -> None:
    suite = suite_of(project)
    run = create_evaluation(project, base="tiny-chat", suite=suite, adapters=[])
    write_jsonl(project.root / "evalsuites" / "items.jsonl", ITEMS[:-1])
    with pytest.raises(InputError, match="has changed since"):
        evaluate(Worker(run))


def test_a_run_keeps_its_suite_when_the_suite_file_changes(project: Project) -> None:
    suite = suite_of(project)
    run = create_evaluation(project, base="tiny-chat", suite=suite, adapters=[], limit=10)
    suite_of(project, tasks=[{"task": "say.yaml"}], batch_size=2)
    result = evaluate(Worker(run))
    assert result["roles"] == {"pick": "retained", "say": "target"}
    assert read_json(run.path / "manifest.json")["arms"][0]["batch_size"] == 8


def test_a_resumed_run_goes_on_with_what_is_missing(project: Project) -> None:
    run = run_of(project, suite_of(project))
    before = {path: path.read_bytes() for path in sorted(run.path.glob("arms/*/*.jsonl"))}
    manifest = read_json(run.path / "manifest.json")["tasks"]["say"]
    kept = run.path / "arms" / "base" / "say.done"
    stamp = kept.stat().st_mtime_ns
    (run.path / "arms" / "base" / "pick.done").unlink()
    (run.path / "arms" / "base" / "pick.jsonl").unlink()
    shutil.rmtree(project.folder("scores_by_content"))
    evaluate(Worker(run))
    assert {path: path.read_bytes() for path in sorted(run.path.glob("arms/*/*.jsonl"))} == before
    assert kept.stat().st_mtime_ns == stamp
    assert read_json(run.path / "manifest.json")["tasks"]["say"] == manifest


# --- samples and few-shot


def test_a_limit_draws_a_seeded_sample_and_not_the_first_items(project: Project) -> None:
    def asked(seed: int) -> list[int]:
        run = run_of(project, suite_of(project, seed=seed, tasks=[{"task": "say.yaml"}]), limit=10)
        return [int(row["item"].split(":")[0]) for row in lines(run, "base", "say")]

    first = asked(1)
    assert first == asked(1) != asked(2)
    assert first != list(range(10))


def test_a_sample_of_a_group_is_in_proportion_and_no_part_is_left_out() -> None:
    counts = {"large": 900, "small": 95, "tiny": 5}
    found = sampled(counts, 100, seed=3)
    assert sum(len(indices) for indices in found.values()) in (100, 101)
    assert 88 <= len(found["large"]) <= 91
    assert len(found["tiny"]) == 1
    assert all(
        max(indices) < counts[leaf] and len(set(indices)) == len(indices) for leaf, indices in found.items()
    )
    assert sampled(counts, None, 3)["tiny"] == [0, 1, 2, 3, 4]


def test_few_shot_examples_are_the_same_for_all_arms(project: Project, adapter: Callable[..., Path]) -> None:
    suite = suite_of(project, tasks=[{"task": "pick.yaml", "num_fewshot": 2}])
    run = run_of(project, suite, adapters=[f"new={adapter('few')}"], limit=10)
    base, new = lines(run, "base", "pick"), lines(run, "new", "pick")
    assert [row["prompt_hash"] for row in base] == [row["prompt_hash"] for row in new]
    assert all(row["question"].count("What colour") == 3 for row in base)


# --- choosing the prompt


def asked_rows(project: Project, name: str, *, overlap: bool = False) -> str:
    rows = []
    for number in range(40):
        row = example(f"Which word comes after number {number}?", "blue")
        row["split"] = "validation" if number < 15 else "train"
        rows.append(row)
    if overlap:
        rows[3] = {**example(ITEMS[2]["question"], "white"), "split": "validation"}
    return stored(project, name, rows).ref


@pytest.mark.slow
def test_the_prompt_is_chosen_by_the_likelihood_of_validation_answers(project: Project) -> None:
    data = asked_rows(project, "chats")
    prompts = ["Be kind.", "Answer in one word, always a colour."]
    choice = PromptChoice(data=data, prompts=prompts, shots=[0, 1], rows=15)
    run = run_of(project, suite_of(project), choice=choice, limit=10)
    record = read_json(run.path / "prompting.json")
    tried = record["tried"]
    assert [(entry["prompt"], entry["shots"]) for entry in tried] == [
        *[(0, 0), (1, 0)],
        *[(0, 1), (1, 1)] * 2,
    ]
    assert record["best"] == min(range(6), key=lambda i: tried[i]["nats_per_token"])
    rows = [row for row in open_rows(project, data) if row["split"] == "validation"]
    for number, prompt in enumerate(prompts):
        assert tried[number]["nats_per_token"] == pytest.approx(nats_per_token(prompt, rows), abs=1e-4)
    assert [arm.prompt for arm in evaluation_arms(run) if arm.kind == "prompted"] == [
        prompts[tried[record["best"]]["prompt"]]
    ]


def test_few_shot_turns_come_from_train_rows_and_stand_before_every_question(project: Project) -> None:
    data = asked_rows(project, "chats")
    run = run_of(project, suite_of(project), choice=PromptChoice(data=data, shots=[2], rows=15), limit=10)
    train = {row["id"] for row in open_rows(project, data) if row["split"] == "train"}
    tried = read_json(run.path / "prompting.json")["tried"]
    assert [len(entry["fewshot_ids"]) for entry in tried] == [2, 2]
    assert all(set(entry["fewshot_ids"]) <= train for entry in tried)
    assert tried[0]["fewshot_ids"] != tried[1]["fewshot_ids"]
    for row in lines(run, "prompted", "say"):
        assert row["question"].count("Which word comes after number") == 2
        assert row["question"].count("What colour is") == 1


def nats_per_token(prompt: str, rows: list[Any]) -> float:
    """The mean loss of the rows' answers by the model's own loss, one row at a time."""
    import torch

    from workbench.models import load_model, load_tokenizer

    model, tokenizer = load_model("tiny-chat").eval(), load_tokenizer("tiny-chat")
    losses = []
    for row in rows:
        turns = [
            {"role": "system", "content": prompt},
            {"role": "user", "content": row["messages"][0]["content"]},
        ]
        opened = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        asked = tokenizer(opened, add_special_tokens=False)["input_ids"]
        said = tokenizer(row["messages"][1]["content"], add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            ids = torch.tensor([[*asked, *said]])
            labels = torch.tensor([[-100] * len(asked) + said])
            losses.append(float(model(input_ids=ids, labels=labels).loss))
    return sum(losses) / len(losses)


def open_rows(project: Project, ref: str) -> list[Any]:
    from workbench.versions import open_dataset

    return list(open_dataset(project, ref).examples())


def test_a_validation_row_that_is_a_gate_item_stops_the_choice(project: Project) -> None:
    choice = PromptChoice(data=asked_rows(project, "mixed", overlap=True), prompts=["a", "b"], rows=15)
    with pytest.raises(InputError, match="items of the gate") as caught:
        create_evaluation(project, base="tiny-chat", suite=suite_of(project), adapters=[], choice=choice)
    assert ITEMS[2]["question"] not in str(caught.value)


def test_several_prompts_need_rows_to_choose_on() -> None:
    assert chosen_prompts(["one"], [], None) == ("one", None)
    assert chosen_prompts([], [], None) == (None, None)
    with pytest.raises(InputError, match="rows to choose on"):
        chosen_prompts(["one", "two"], [], None)
    _, choice = chosen_prompts(["one", "two"], [4, 0], "d@v1", rows=50)
    assert (choice.shots, choice.rows) == ([0, 4], 50)


def test_a_template_that_drops_the_system_prompt_is_refused(project: Project, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    shutil.copytree(model_path(), deaf)
    for path in deaf.glob("chat_template*"):
        path.unlink()
    config = json.loads((deaf / "tokenizer_config.json").read_text())
    config["chat_template"] = (
        "{% for m in messages if m.role != 'system' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    (deaf / "tokenizer_config.json").write_text(json.dumps(config))
    run = create_evaluation(
        project, base=str(deaf), suite=suite_of(project), adapters=[], prompt="Be brief.", limit=10
    )
    with pytest.raises(InputError, match="leaves out the prompt"):
        evaluate(Worker(run))


# --- the held-out task and the command line


def test_a_held_out_task_is_answered_like_any_other(project: Project) -> None:
    rows = []
    for number in range(24):
        row = example(f"Name the colour of thing {number}.", "blue")
        row["split"] = "test" if number < 12 else "train"
        rows.append(row)
    ref = stored(project, "own", rows).ref
    suite = suite_of(
        project,
        tasks=[
            {"task": "heldout", "name": "mine", "data": ref, "metrics": ["exact_match"], "timed_items": 0}
        ],
    )
    run = run_of(project, suite)
    found = lines(run, "base", "mine")
    assert len(found) == 12
    assert all(0.0 <= row["score"] <= 1.0 for row in found)
    assert read_json(run.path / "manifest.json")["tasks"]["mine"]["role"] == "target"


@pytest.mark.slow
def test_the_fast_scorer_gives_the_scores_of_the_harness_and_drift_from_the_base(
    project: Project, adapter: Callable[..., Path]
) -> None:
    folder = adapter("fast")
    slow = run_of(project, suite_of(project), adapters=[f"new={folder}"])
    fast = run_of(project, suite_of(project, scorer="fast"), adapters=[f"new={folder}"])
    for arm in ("base", "new"):
        for old, new in zip(lines(slow, arm, "pick"), lines(fast, arm, "pick"), strict=True):
            assert (old["item"], old["prompt_hash"], old["score"]) == (
                new["item"],
                new["prompt_hash"],
                new["score"],
            )
            assert new["choices"] == pytest.approx(old["choices"], abs=1e-3)
    assert all(row["kl"] > 0 for row in lines(fast, "new", "pick"))
    assert all("kl" not in row for row in lines(fast, "base", "pick"))


@pytest.mark.slow
def test_evaluate_on_the_command_line_takes_arms_of_every_kind(
    cli: Command, project: Project, adapter: Callable[..., Path], tmp_path: Path
) -> None:
    folder = adapter("cli")
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Answer in one word.")
    answer = cli(
        "evaluate",
        *("--base", "tiny-chat", "--suite", suite_of(project), "--limit", 10),
        *("--adapter", f"full={folder}", "--adapter", f"half={folder}@0.5"),
        *("--model", f"same={model_path()}", "--prompt", prompt, "--json"),
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.data["arms"] == ["base", "prompted", "full", "half", "same"]
    values = {(row["arm"], row["task"]): row["value"] for row in answer.data["tasks"]}
    assert values["same", "pick"] == values["base", "pick"]
