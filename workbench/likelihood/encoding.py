"""Encoding: contexts and continuations as token ids, cut where lm-evaluation-harness cuts them.

Spaces at a context's end belong to the continuation, both are encoded as one text, and the
continuation's tokens are those after as many as the context alone has. An empty context is
the beginning-of-text token. See `lm_eval.api.model.TemplateLM.loglikelihood`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.likelihood.layout import Asked

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode_pairs(
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[tuple[str, str]],
    max_length: int,
    *,
    prefix: int | None = None,
    add_bos: bool | None = None,
) -> list[Asked]:
    """Token ids of each ``(context, continuation)``, the continuation's tokens asked for.

    Every text is encoded once. What is longer than ``max_length`` input tokens loses its
    beginning. Raises `InputError` (with the pair's number, never its text) for a continuation
    without a token of its own or longer than the model's input.
    """
    start = prefix_token(tokenizer) if prefix is None else prefix
    alone = _encoded(tokenizer, [after for before, after in pairs if not before], start, False)
    whole = [before + after for before, after in pairs if before]
    contexts = [before.rstrip() for before, _ in pairs if before]
    given = _encoded(tokenizer, [*whole, *contexts], start, add_bos)
    asked = []
    for number, (before, after) in enumerate(pairs):
        if before:
            tokens = given[before + after]
            scored = len(tokens) - len(given[before.rstrip()])
        else:
            tokens = alone[after] if alone[after][:1] == [start] else [start, *alone[after]]
            scored = len(tokens) - 1
        asked.append(cut(tokens, scored, max_length, number))
    return asked


def cut(ids: Sequence[int], scored: int, max_length: int, number: int) -> Asked:
    """The last ``scored`` of ``ids`` asked for, with at most ``max_length`` tokens before the last."""
    if not 0 < scored <= max_length or scored == len(ids):
        what = "is longer than the model's input" if scored > max_length else "has no token of its own"
        what = "has no token before it" if scored == len(ids) else what
        raise InputError(
            f"a text to be scored {what}",
            where=f"request {number}",
            remedy="mend the task's choices, or score it with another model",
        )
    kept = ids[-(max_length + 1) :]
    return Asked(kept, range(len(kept) - scored, len(kept)))


def prefix_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that stands before a text without context: beginning of text, else its end."""
    found = tokenizer.bos_token_id
    return int(found if found is not None else tokenizer.eos_token_id)


def _encoded(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], prefix: int, special: bool | None
) -> dict[str, list[int]]:
    """Ids of every text. One that already begins with the opening token gets no second one."""
    opening = tokenizer.decode(prefix)
    groups: dict[bool | None, list[str]] = {}
    for text in dict.fromkeys(texts):
        opened = special is not False and text.startswith(opening)
        groups.setdefault(False if opened else special, []).append(text)
    found: dict[str, list[int]] = {}
    for added, group in groups.items():
        options = {} if added is None else {"add_special_tokens": added}
        found.update(zip(group, tokenizer(group, **options)["input_ids"], strict=True))
    return found
