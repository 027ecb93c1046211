"""Published files in ../shared/data, each read whole as the format it is known to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.formats import Accepted, detect_file, read_examples
from workbench.formats.files import records

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "shared" / "data"

FILES = [
    ("sft_single/alpaca_random_6000.json.gz", "alpaca", 6000, 0),
    ("sft_single/alpagasus_claude_t45.json.gz", "alpaca", 5305, 0),
    ("sft_single/code_alpaca_2k.json.gz", "alpaca", 2017, 0),
    ("sft_single/gpteacher_codegen.json.gz", "alpaca", 4535, 0),
    ("sft_single/gpteacher_roleplay.json.gz", "alpaca", 1923, 0),
    ("sft_single/llamafactory_alpaca_en_demo.json.gz", "alpaca", 999, 0),
    ("sft_single/llamafactory_alpaca_zh_demo.json.gz", "alpaca", 1000, 0),
    ("sft_single/self_instruct_seed_tasks.jsonl", "self_instruct", 175, 0),
    ("sft_single/t0_templates_shared.jsonl.gz", "prompt_completion", 27777, 0),
    ("sft_multi/abcd_sample.json", "abcd", 3, 0),
    ("sft_multi/fastchat_dummy_conversation.json.gz", "sharegpt", 500, 0),
    ("sft_multi/llamafactory_glaive_toolcall_en_demo.json.gz", "sharegpt", 300, 0),
    ("sft_multi/oasst_en_trees_60.jsonl.gz", "oasst", 60, 0),
    ("sft_multi/sgd_dev_dialogues_001.json.gz", "sgd", 128, 0),
    ("sft_multi/synthetic_persona_chat_valid.csv.gz", "persona_chat", 1000, 7),
    ("sft_multi/taskmaster4_data_00.json.gz", "taskmaster", 500, 0),
    ("sft_multi/topical_chat_valid_freq.json.gz", "topical_chat", 539, 0),
    ("preference/alpaca_eval_gemma-2b-it.json.gz", "alpaca_eval", 805, 0),
    ("preference/alpaca_eval_Mistral-7B-Instruct-v0.2.json.gz", "alpaca_eval", 805, 0),
    ("preference/hh_rlhf_harmless_test_0-1499.jsonl.gz", "hh_rlhf", 1500, 0),
    ("preference/llamafactory_dpo_en_demo.json.gz", "sharegpt", 300, 0),
    ("preference/llamafactory_kto_en_demo.json.gz", "kto", 300, 150),
    ("preference/llmbar_natural.json", "llmbar", 100, 0),
    ("intents/banking77_train.csv.gz", "columns", 10003, 0),
    ("intents/banking77_test.csv", "columns", 3080, 0),
    ("intents/hwu64_train.jsonl.gz", "columns", 8954, 0),
    ("intents/hwu64_test.jsonl.gz", "columns", 1076, 0),
    ("label_noise/mmlu_redux/mmlu_prehistory.csv.gz", "prompt_completion", 100, 0),
    ("label_noise/mmlu_redux/mmlu_moral_scenarios.csv.gz", "prompt_completion", 100, 0),
]


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in ../shared/data")
    return path


@pytest.mark.parametrize(("name", "expected", "rows_in", "rejects"), FILES)
def test_file_is_read_whole(name: str, expected: str, rows_in: int, rejects: int) -> None:
    path = shared(name)
    assert detect_file(path) == expected
    rows = list(read_examples(path))
    accepted = [row for row in rows if isinstance(row, Accepted)]
    assert len(rows) == sum(1 for _ in records(path)) == rows_in
    assert len(rows) - len(accepted) == rejects
    assert len({row.line for row in rows}) == rows_in


def test_list_of_bare_strings_is_no_dataset() -> None:
    with pytest.raises(InputError, match="no record is an object"):
        detect_file(shared("intents/banking77_categories.json"))
