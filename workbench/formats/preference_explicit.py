"""Preference pairs with their prompt: ``{"prompt", "chosen", "rejected"}``.

Texts or message lists, as in TRL; also ``instruction``/``input`` (LLaMA-Factory), ``question``
(Orca DPO) and UltraFeedback, whose answers repeat the prompt.
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats import alpaca
from workbench.formats.fields import (
    Record,
    extras,
    first_present,
    is_turns,
    objects,
    parsed,
    system_messages,
    text,
    tools,
)
from workbench.formats.openai_messages import chat
from workbench.formats.preference_implicit import split_pair

NAME = "preference_explicit"
TITLE = "Preference pairs with a prompt (prompt, chosen, rejected)"

PROMPTS = ("prompt", "messages", "instruction", "question", "query", "input")


def matches(record: Record) -> bool:
    """Say whether a prompt stands beside chosen and rejected."""
    asked = first_present(record, PROMPTS)
    return (
        asked is not None
        and (isinstance(record[asked], str) or is_turns(record[asked], "role"))
        and first_present(record, ("chosen",)) is not None
        and "rejected" in record
    )


def read(record: Record) -> Example:
    """Read one pair. Answers that repeat the prompt as messages are cut where they part."""
    asked = first_present(record, PROMPTS)
    if asked is None:
        raise InputError("the row has no prompt", remedy="give the question in 'prompt'")
    used = ["chosen", "rejected", "tools", "system", asked]
    if asked == "instruction":
        used += alpaca.PROMPT_FIELDS
    chosen, rejected = (_answer(record, name) for name in ("chosen", "rejected"))
    if not is_turns(record[asked], "role") and chosen[0]["role"] != "assistant":
        messages, chosen, rejected = split_pair(chosen, rejected)
    else:
        messages = _prompt(record, asked)
    return make_example(
        "preference",
        messages,
        chosen=chosen,
        rejected=rejected,
        tools=tools(record),
        **extras(record, *used),
    )


def _prompt(record: Record, asked: str) -> list[Message]:
    if asked == "instruction":
        return alpaca.prompt(record)
    given = system_messages(record)
    if is_turns(record[asked], "role"):
        return [*given, *chat(objects(record[asked], asked))]
    return [*given, message({"role": "user", "content": text(record, asked)})]


def _answer(record: Record, name: str) -> list[Message]:
    value = parsed(record.get(name))
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and (not isinstance(record.get(name), str) or is_turns(value, "role")):
        answer = chat(objects(value, name))
        if answer:
            return answer
        raise InputError(f"the list '{name}' is empty", remedy="give both answers")
    return [message({"role": "assistant", "content": text(record, name)})]
