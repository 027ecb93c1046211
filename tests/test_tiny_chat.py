"""The embedded model: small, safe to load, and its skills are fairly measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.models import TINY_CHAT, load_tokenizer
from workbench.suites import load_suite
from workbench.tiny_chat import model_path
from workbench.tiny_chat.items import write_tasks
from workbench.tiny_chat.skills import CLOSED, SKILLS, generate, rows

ROOT = Path(__file__).parent.parent


def test_the_weights_are_small_and_safetensors_only() -> None:
    files = [path for path in model_path().iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 5_100_000
    assert (model_path() / "model.safetensors").stat().st_size <= 5_000_000
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".pkl")]


def test_the_model_card_tells_measured_skills() -> None:
    card = (model_path() / "README.md").read_text(encoding="utf-8")
    for skill in SKILLS:
        assert f"| {skill} |" in card


@pytest.mark.parametrize("skill", sorted(set(SKILLS) - CLOSED))
def test_no_item_of_an_open_skill_is_met_in_training(skill: str) -> None:
    items = {row["question"] for row in generate(skill, 250, 0, "eval")}
    trained = {row["question"] for row in generate(skill, 5000, 1, "train")}
    assert not items & trained


def test_the_generator_is_deterministic() -> None:
    assert rows(50, 7) == rows(50, 7)
    assert rows(50, 7) != rows(50, 8)


def test_shipped_tasks_are_those_of_the_generator(tmp_path: Path) -> None:
    for made in write_tasks(tmp_path):
        shipped = ROOT / "evalsuites" / "tasks" / made.relative_to(tmp_path)
        assert shipped.read_bytes() == made.read_bytes(), made.name


def test_the_demo_suite_retains_every_measured_skill() -> None:
    suite = load_suite("demo", None)
    retained = {suite.task_name(task) for task in suite.file.tasks if task.role == "retained"}
    assert retained == {f"tiny_{skill}" for skill in SKILLS}


def test_the_tokenizer_encodes_any_text_and_gives_it_back() -> None:
    tokenizer = load_tokenizer(TINY_CHAT)
    text = "Grüße, 你好 🙂 \x07 order 48213\n\tend"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
