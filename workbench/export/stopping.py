"""Where an answer ends: stop tokens, from tokenizer, generation settings and chat template."""

from __future__ import annotations

from typing import Any

from workbench.models import resolve_model

PROBE = "workbench-probe-answer"


def stop_ids(tokenizer: Any, generation: Any) -> list[int]:
    """Token ids that end an answer, ascending, each once.

    They are the generation settings' and the tokenizer's end of sequence, and the first
    special token that the chat template writes after an answer.
    """
    told = getattr(generation, "eos_token_id", None)
    found = set(told if isinstance(told, list) else [told])
    found |= {tokenizer.eos_token_id, _end_of_turn(tokenizer)}
    return sorted(int(token) for token in found if token is not None)


def stop_texts(tokenizer: Any, generation: Any) -> list[str]:
    """The stop tokens as text, for programs that compare text."""
    return [str(tokenizer.convert_ids_to_tokens(token)) for token in stop_ids(tokenizer, generation)]


def generation_settings(name: str) -> Any:
    """A model's generation settings; those that its config implies where it has none."""
    from transformers import AutoConfig, GenerationConfig

    folder = resolve_model(name)
    try:
        return GenerationConfig.from_pretrained(folder)
    except OSError:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        return GenerationConfig.from_model_config(config)


def _end_of_turn(tokenizer: Any) -> int | None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": PROBE}]
    written = str(tokenizer.apply_chat_template(messages, tokenize=False))
    after = written.rpartition(PROBE)[2]
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    ids = tokenizer(after, add_special_tokens=False)["input_ids"]
    return next((token for token in ids if token in special), None)
