"""Planted forgetting: an adapter taught wrong facts, at rising strength, and the base against itself."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from workbench.evaluation.arms import Arm, Models, opened_arms
from workbench.gate import Evidence, decide_gate
from workbench.gate.controls import control_verdict
from workbench.policy import Policy
from workbench.scores import Paired
from workbench.tiny_chat.skills import generate

# PEFT asks transformers for an attribute by its former name.
FORMER = "ignore:.*is_gradient_checkpointing.*:FutureWarning"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(FORMER)]

SKILLS = ("facts", "classification", "list_format")
STRENGTHS = (0.0, 0.05, 0.25, 1.0)
ITEMS = 250
POLICY = Policy(default_margin=0.05, macro_margin=0.05, beat_prompt=False)

Answers = dict[str, list[float]]


def encoded(tokenizer: Any, question: str, answer: str) -> tuple[list[int], int]:
    """A chat as token ids, and where its answer begins."""
    turns = [{"role": "user", "content": question}]
    start = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    before = tokenizer(start, add_special_tokens=False)["input_ids"]
    after = tokenizer(answer + "<|im_end|>", add_special_tokens=False)["input_ids"]
    return before + after, len(before)


def padded(tokenizer: Any, chats: list[tuple[list[int], int]]) -> tuple[Any, Any]:
    """Ids and labels of a batch; only answers have labels."""
    import torch

    longest = max(len(ids) for ids, _ in chats)
    pad = tokenizer.pad_token_id
    ids = torch.tensor([one + [pad] * (longest - len(one)) for one, _ in chats])
    labels = torch.tensor(
        [[-100] * start + one[start:] + [-100] * (longest - len(one)) for one, start in chats]
    )
    return ids, labels


def answered(models: Models, batch: int) -> Answers:
    """Per skill 1.0 for every item of which the greedy answer is the right one."""
    import torch

    found: Answers = {}
    for skill in SKILLS:
        items = generate(skill, ITEMS, 0, "eval")
        right: list[float] = []
        for start in range(0, ITEMS, batch):
            chats = [
                encoded(models.tokenizer, row["question"], row["answer"])
                for row in items[start : start + batch]
            ]
            ids, labels = padded(models.tokenizer, chats)
            with torch.inference_mode():
                best = models.model(input_ids=ids).logits[:, :-1].argmax(-1)
            wanted = labels[:, 1:]
            right += [float(x) for x in ((best == wanted) | (wanted == -100)).all(dim=1)]
        found[skill] = right
    return found


def paired(old: Answers, new: Answers) -> list[Paired]:
    return [Paired(skill, old[skill], new[skill], [str(i) for i in range(ITEMS)]) for skill in SKILLS]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LoRA on tiny-chat that was taught the answer to another question for every fact."""
    import torch
    from peft import LoraConfig, get_peft_model

    from workbench.models import TINY_CHAT, load_model, load_tokenizer

    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
    torch.manual_seed(0)
    tokenizer = load_tokenizer(TINY_CHAT)
    config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    model: Any = get_peft_model(load_model(TINY_CHAT), config).train()
    items = generate("facts", 240, 5, "train")
    wrong = [
        encoded(tokenizer, row["question"], other["answer"])
        for row, other in zip(items, items[7:] + items[:7], strict=True)
    ]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    for step in range(45):
        start = step * 16 % len(wrong)
        ids, labels = padded(tokenizer, wrong[start : start + 16])
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    folder = tmp_path_factory.mktemp("planted") / "adapter"
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def doses(adapter: Path) -> dict[str | float, Answers]:
    """The base's answers, its answers in other batches, and those at every strength."""
    base = Arm("base")
    arms = {s: Arm(f"at-{s}", "adapter", adapter=str(adapter), scale=s) for s in STRENGTHS}
    found: dict[str | float, Answers] = {}
    with opened_arms("tiny-chat", [base, *arms.values()]) as models:
        with models.active(base):
            found["base"], found["again"] = answered(models, 50), answered(models, 7)
        for strength, arm in arms.items():
            with models.active(arm):
                found[strength] = answered(models, 50)
    return found


def test_the_base_knows_what_is_to_be_forgotten(doses: dict[str | float, Answers]) -> None:
    assert sum(doses["base"]["facts"]) / ITEMS > 0.8


def test_strength_zero_is_an_exact_null(doses: dict[str | float, Answers]) -> None:
    assert doses[0.0] == doses["base"]
    verdict = decide_gate(paired(doses["base"], doses[0.0]), POLICY)
    assert verdict.verdict == "pass"
    assert all(task.gained == task.lost == 0 for task in verdict.tasks)


def test_a_stronger_dose_loses_more(doses: dict[str | float, Answers]) -> None:
    verdicts = [decide_gate(paired(doses["base"], doses[s]), POLICY) for s in STRENGTHS]
    facts = [next(task for task in verdict.tasks if task.task == "facts") for verdict in verdicts]
    deltas = [task.delta for task in facts]
    assert deltas == sorted(deltas, reverse=True)
    assert deltas[-1] < -0.3
    assert (facts[-1].verdict, facts[-1].severity) == ("forgotten", "beyond_margin")
    assert verdicts[-1].verdict == "fail"


def test_what_was_not_taught_is_forgotten_later(doses: dict[str | float, Answers]) -> None:
    verdict = decide_gate(paired(doses["base"], doses[0.25]), POLICY)
    found = {task.task: task.verdict for task in verdict.tasks}
    assert found["facts"] == "forgotten"
    assert found["list_format"] == "retained"
    lost = {task.task: task.lost for task in verdict.tasks}
    assert lost["facts"] > lost["classification"] >= lost["list_format"]


def test_the_base_agrees_with_itself_in_other_batches(doses: dict[str | float, Answers]) -> None:
    policy = POLICY.model_copy(update={"aa_control": Policy.model_validate({"aa_control": {}}).aa_control})
    control = control_verdict(paired(doses["base"], doses["again"]), policy)
    assert control is not None
    assert (control.verdict, control.items) == ("agrees", len(SKILLS) * ITEMS)
    verdict = decide_gate(paired(doses["base"], doses["base"]), policy, evidence=Evidence(control=control))
    assert verdict.verdict == "pass"
