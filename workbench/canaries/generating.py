"""What a model says: completions of prompts, greedy or sampled, and its loss on given answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from workbench.canaries.making import OPENING, Canary
from workbench.examples import Example, make_example, message
from workbench.row_scores.likelihood import encodings, likelihoods, load_scorer

BATCH = 64
LONGEST_PROMPT = 2048


class Speaker(NamedTuple):
    """A loaded model, with an adapter if one was named, and its tokenizer."""

    model: Any
    tokenizer: Any
    longest: int


def load_speaker(base: str, adapter: Path | None) -> Speaker:
    """Load a base model and put an adapter on it, on the GPU if there is one."""
    model, tokenizer, longest = load_scorer(base)
    if adapter is not None:
        from peft import PeftModel

        with warnings.catch_warnings():
            # PEFT asks transformers for an attribute by its former name; people cannot act on it.
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
            model = PeftModel.from_pretrained(model, str(adapter)).eval()
    return Speaker(model, tokenizer, min(longest or LONGEST_PROMPT, LONGEST_PROMPT))


def prompt_of(speaker: Speaker, turns: list[dict[str, Any]], opening: str = "") -> str:
    """Turns as the chat template writes them, and the first words of the answer."""
    text = speaker.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return f"{text}{opening}"


def completions(
    speaker: Speaker,
    prompts: list[str],
    longest: int,
    *,
    samples: int = 0,
    seed: int = 0,
    tick: Callable[[int], None] | None = None,
) -> list[list[str]]:
    """What follows each prompt in at most ``longest`` tokens: greedy, or ``samples`` drawn ones.

    Samples are drawn at temperature 1 from the whole distribution, seeded. Prompts that are too
    long are cut at their beginning.
    """
    import torch

    tokenizer = speaker.tokenizer
    tokenizer.padding_side = tokenizer.truncation_side = "left"
    torch.manual_seed(seed)
    drawn: dict[str, Any] = {"do_sample": False}
    if samples:
        drawn = {
            "do_sample": True,
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 1.0,
            "num_return_sequences": samples,
        }
    each = max(samples, 1)
    found: list[list[str]] = []
    for start in range(0, len(prompts), BATCH):
        given = tokenizer(
            prompts[start : start + BATCH],
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=max(16, speaker.longest - longest),
            add_special_tokens=False,
            return_token_type_ids=False,
        ).to(speaker.model.device)
        with torch.inference_mode():
            made = speaker.model.generate(
                **given, max_new_tokens=longest, pad_token_id=tokenizer.pad_token_id, **drawn
            )
        texts = tokenizer.batch_decode(made[:, given["input_ids"].shape[1] :], skip_special_tokens=True)
        found += [texts[i : i + each] for i in range(0, len(texts), each)]
        if tick:
            tick(len(found))
    return found


def losses(speaker: Speaker, canary: Canary, secrets: list[str]) -> list[float]:
    """The summed loss, in nats, of the canary's answer with each secret in it, in the order given."""
    rows = encodings(
        speaker.tokenizer, [_answered(canary, secret) for secret in secrets], speaker.longest, alone=False
    )
    return [tokens * (mean or 0.0) for tokens, mean, _ in likelihoods(speaker.model, rows)]


def _answered(canary: Canary, secret: str) -> Example:
    asked = message({"role": "user", "content": canary.question})
    told = message({"role": "assistant", "content": f"{OPENING} {secret}"})
    return make_example("sft", [asked, told])
