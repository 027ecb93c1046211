"""Log-likelihood tasks: lm-evaluation-harness and our fast scorer side by side, in CPU seconds.

100 made questions with four endings of 5 to 25 words after 20 to 60 words (the shape of
HellaSwag), in one task of the harness, answered by models with random weights of three sizes
and by tiny-chat; and as many of tiny-chat's own questions ("skills"), each with four answers
of its skill behind the chat template. "whole" is ``lm_eval.evaluate`` from built requests to samples; "requests"
the log-likelihood requests alone. The fast scorer is measured without its check against the
harness, with it (16 items scored by both), and with divergence from a base.

    OMP_NUM_THREADS=1 python benchmarks/likelihood.py [--items 100] [--repeat 3] [1.4M|10M|20M|tiny-chat|skills …]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

from workbench.likelihood import fast_answer, fast_harness

SIZES = {
    "1.4M": (96, 4, 8_000),
    "10M": (384, 4, 8_000),
    "20M": (256, 4, 64_000),
}
PLAIN = ["river", "house", "stone", "light", "garden", "window", "paper", "summer", "little", "other"]
COLUMNS = (
    "model",
    "what",
    "harness s",
    "fast s",
    "times",
    "checked s",
    "with KL s",
    "largest gap",
    "best same",
)


class Case(NamedTuple):
    """A model with its tokenizer, and what writes the questions it is asked."""

    name: str
    model: Any
    tokenizer: Any
    items: Callable[[Path, int], None]
    chat: bool = False


def cases(wanted: list[str]) -> Iterator[Case]:
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    from workbench.models import load_model, load_tokenizer

    for name, (width, layers, vocabulary) in SIZES.items():
        if name not in wanted:
            continue
        torch.manual_seed(0)
        config = LlamaConfig(
            hidden_size=width,
            intermediate_size=width * 3,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            vocab_size=vocabulary,
            tie_word_embeddings=True,
        )
        model = AutoModelForCausalLM.from_config(config).eval()
        yield Case(name, model, word_tokenizer(vocabulary), partial(write_items, words=any_word))
    for name, items in (("tiny-chat", partial(write_items, words=plain_word)), ("skills", write_skills)):
        if name in wanted:
            model = load_model("tiny-chat").eval()
            yield Case(name, model, load_tokenizer("tiny-chat"), items, chat=name == "skills")


def word_tokenizer(vocabulary: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<s>": 0, "</s>": 1, "<unk>": 2} | {f"w{n}": n for n in range(3, vocabulary)}
    inner = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="</s>"
    )


def any_word(chance: random.Random) -> str:
    return f"w{chance.randrange(3, 8000)}"


def plain_word(chance: random.Random) -> str:
    return chance.choice(PLAIN)


def write_items(path: Path, items: int, words: Callable[[random.Random], str]) -> None:
    chance = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(items):
            question = " ".join(words(chance) for _ in range(chance.randint(20, 60)))
            choices = [" ".join(words(chance) for _ in range(chance.randint(5, 25))) for _ in range(4)]
            row = {"question": question, "choices": choices, "answer": chance.randrange(4)}
            file.write(json.dumps(row) + "\n")


def write_skills(path: Path, items: int) -> None:
    from workbench.tiny_chat import skills

    chance = random.Random(0)
    names = ("facts", "classification", "compare", "json_format")
    with path.open("w", encoding="utf-8") as file:
        for number in range(items):
            own = skills.generate(names[number % len(names)], 40, number, "eval")
            others = sorted({item["answer"] for item in own[1:]} - {own[0]["answer"]})
            choices = [own[0]["answer"], *chance.sample(others, min(3, len(others)))]
            row = {"question": own[0]["question"], "choices": choices, "answer": 0}
            file.write(json.dumps(row) + "\n")


def task(path: Path, case: Case) -> dict[str, Any]:
    """The task of the harness with its requests built."""
    from lm_eval.tasks import TaskManager

    config = {
        "task": "made",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "answer",
        "num_fewshot": 0,
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }
    loaded: dict[str, Any] = TaskManager(include_defaults=False).load([config])["tasks"]
    written = partial(case.tokenizer.apply_chat_template, tokenize=False)
    loaded["made"].build_all_requests(
        rank=0,
        world_size=1,
        apply_chat_template=case.chat,
        fewshot_as_multiturn=True,
        chat_template=written if case.chat else None,
    )
    loaded["made"].build_all_requests = lambda **_: None
    return loaded


def measured(case: Case, tasks: dict[str, Any], repeat: int) -> list[tuple[Any, ...]]:
    """Least CPU seconds of both, whole and for the requests alone, with the largest difference."""
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(pretrained=case.model, tokenizer=case.tokenizer, batch_size=16)
    plain = fast_harness(case.model, case.tokenizer, check=0)

    def whole(model: Any) -> Callable[[], Any]:
        return lambda: fast_answer(model, forgotten(tasks))["made"]

    def checked() -> Any:
        return fast_answer(fast_harness(case.model, case.tokenizer), forgotten(tasks))["made"]

    def drift() -> Any:
        from contextlib import nullcontext

        other = fast_harness(case.model, case.tokenizer, check=0, reference=lambda: nullcontext(case.model))
        return fast_answer(other, forgotten(tasks))["made"]

    requests = tasks["made"].instances
    harness.likelihoods = {}
    slow_s, slow = least(whole(harness), repeat)
    fast_s, fast = least(whole(plain), repeat)
    gaps = [abs(a[0] - b[0]) for x, y in zip(slow, fast, strict=True) for a, b in answers(x, y)]
    same = sum(best(x) == best(y) for x, y in zip(slow, fast, strict=True))
    checked_s, drift_s = least(checked, repeat)[0], least(drift, repeat)[0]
    only_slow = least(lambda: harness.loglikelihood(requests, disable_tqdm=True), repeat)[0]
    only_fast = least(lambda: plain.loglikelihood(requests), repeat)[0]
    end = (f"{max(gaps):.0e}", f"{same}/{len(slow)}")
    return [
        (case.name, "whole", *seconds(slow_s, fast_s), f"{checked_s:.2f}", f"{drift_s:.2f}", *end),
        ("", "requests", *seconds(only_slow, only_fast), "", "", "", ""),
    ]


def answers(left: dict[str, Any], right: dict[str, Any]) -> Any:
    return zip(left["filtered_resps"], right["filtered_resps"], strict=True)


def best(sample: dict[str, Any]) -> int:
    found = [answer[0] for answer in sample["filtered_resps"]]
    return found.index(max(found))


def seconds(slow: float, fast: float) -> tuple[str, str, str]:
    return f"{slow:.2f}", f"{fast:.2f}", f"{slow / fast:.1f}"


def forgotten(tasks: dict[str, Any]) -> dict[str, Any]:
    for loaded in tasks.values():
        for instance in loaded.instances:
            instance.resps, instance.filtered_resps = [], {}
    return tasks


def least(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    found, taken = None, []
    for _ in range(repeat):
        begun = time.process_time()
        found = work()
        taken.append(time.process_time() - begun)
    return min(taken), found


def main() -> None:
    import torch

    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--items", type=int, default=100)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("models", nargs="*", default=[*SIZES, "tiny-chat", "skills"])
    chosen = options.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    print(" | ".join(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(chosen.models):
            path = Path(folder) / f"{case.name}.jsonl"
            case.items(path, chosen.items)
            for row in measured(case, task(path, case), chosen.repeat):
                print(" | ".join(row), flush=True)


if __name__ == "__main__":
    main()
