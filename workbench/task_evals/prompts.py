"""A row's turns as the model's chat template writes them, and what ends an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.task_evals.items import Item

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from workbench.evaluation.arms import Arm

MARK = "answer7f3a"


def prompt_of(tokenizer: PreTrainedTokenizerBase, item: Item, arm: Arm) -> str:
    """The whole prompt: the arm's system prompt and examples, the row's turns, the answer's opening.

    A row's own system message follows the arm's in one system turn. Raises `InputError` when
    the template refuses the turns.
    """
    turns = list(item.turns)
    system = [arm.prompt] if arm.prompt else []
    if turns and turns[0]["role"] == "system":
        system.append(turns.pop(0)["content"])
    shown = [
        {"role": role, "content": text}
        for pair in arm.fewshot or ()
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    opening = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    options: dict[str, Any] = {"tools": list(item.tools)} if item.tools else {}
    return _written(tokenizer, [*opening, *shown, *turns], f"row {item.id}", **options)


def end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Tokens that end an answer: the model's, the tokenizer's, and the template's end of turn.

    The tokenizer of a base model often names only its end of text, while its chat template ends
    a turn with another token.
    """
    config: Any = getattr(model, "generation_config", None)
    given = getattr(config, "eos_token_id", None)
    found = set(given if isinstance(given, (list, tuple)) else [given])
    found.add(tokenizer.eos_token_id)
    turns = [{"role": "user", "content": MARK}, {"role": "assistant", "content": MARK}]
    whole = str(tokenizer.apply_chat_template(turns, tokenize=False))
    after = tokenizer(whole.rpartition(MARK)[2], add_special_tokens=False)["input_ids"]
    special = {*tokenizer.all_special_ids, *getattr(tokenizer, "added_tokens_decoder", {})}
    found.update(after[:1] if after and after[0] in special else ())
    return sorted(int(token) for token in found if token is not None)


def _written(
    tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, str]], where: str, **options: Any
) -> str:
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **options)
        )
    except (TemplateError, TypeError, ValueError) as error:
        raise InputError(
            "the model's chat template refuses these turns",
            where=where,
            remedy="check the order of roles, and whether the template takes a system message",
        ) from error
