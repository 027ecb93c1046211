"""Measure a chat model: greedy exact match per skill, held-out items, Wilson intervals.

python -m workbench.tiny_chat.measure MODEL_DIR [--n 250] [--seed 20260101]
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workbench.tiny_chat import skills
from workbench.tiny_chat.items import ITEMS_PER_SKILL, ITEMS_SEED

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 64


class Score(NamedTuple):
    """Right answers out of `n`, with the 95 % Wilson interval of their share."""

    right: int
    n: int
    low: float
    high: float


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of right/n (Wilson 1927)."""
    z = 1.959964
    share = right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[str],
    longest: int = 48,
) -> list[str]:
    """Answer each question greedily through the chat template, in the order given."""
    import torch

    tokenizer.padding_side = "left"
    found: list[str] = []
    for start in range(0, len(questions), BATCH):
        chats = [[{"role": "user", "content": question}] for question in questions[start : start + BATCH]]
        texts = [
            tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats
        ]
        given = tokenizer(
            texts,
            return_tensors="pt",
            padding=True,
            add_special_tokens=False,
            return_token_type_ids=False,
        )
        with torch.inference_mode():
            made = model.generate(**given, max_new_tokens=longest, do_sample=False)
        new = made[:, given["input_ids"].shape[1] :]
        found.extend(tokenizer.batch_decode(new, skip_special_tokens=True))
    return found


def exact_match(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    n: int = ITEMS_PER_SKILL,
    seed: int = ITEMS_SEED,
) -> dict[str, Score]:
    """Return the exact-match score of every skill on `n` held-out items."""
    scores = {}
    for skill in skills.SKILLS:
        items = skills.generate(skill, n, seed, "eval")
        given = answers(model, tokenizer, [item["question"] for item in items])
        right = sum(answer == item["answer"] for answer, item in zip(given, items, strict=True))
        scores[skill] = Score(right, n, *wilson(right, n))
    return scores


def main() -> None:
    """Read the command line, measure, write a Markdown table."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser(description="Measure exact match per skill.")
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("--n", type=int, default=ITEMS_PER_SKILL)
    parser.add_argument("--seed", type=int, default=ITEMS_SEED)
    options = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(options.model)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    sys.stdout.write("| skill | exact match | n | 95 % Wilson interval |\n|---|---|---|---|\n")
    for skill, score in exact_match(model, tokenizer, options.n, options.seed).items():
        interval = f"{score.low:.1%} to {score.high:.1%}"
        sys.stdout.write(f"| {skill} | {score.right / score.n:.1%} | {score.n} | {interval} |\n")


if __name__ == "__main__":
    main()
