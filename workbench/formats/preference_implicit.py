"""Preference pairs without a prompt: two whole conversations that begin the same.

The form that TRL calls an implicit prompt: ``{"chosen": […], "rejected": […]}``.
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example
from workbench.formats.fields import Record, extras, is_turns, objects, tools
from workbench.formats.openai_messages import chat

NAME = "preference_implicit"
TITLE = "Preference pairs as two whole conversations (chosen, rejected)"


def matches(record: Record) -> bool:
    """Say whether chosen and rejected are both message lists."""
    return is_turns(record.get("chosen"), "role") and is_turns(record.get("rejected"), "role")


def read(record: Record) -> Example:
    """Read one pair; what both conversations begin with is the prompt."""
    messages, chosen, rejected = split_pair(
        chat(objects(record.get("chosen"), "chosen")),
        chat(objects(record.get("rejected"), "rejected")),
    )
    return make_example(
        "preference",
        messages,
        chosen=chosen,
        rejected=rejected,
        tools=tools(record),
        **extras(record, "chosen", "rejected", "tools"),
    )


def split_pair(
    chosen: list[Message], rejected: list[Message]
) -> tuple[list[Message], list[Message], list[Message]]:
    """Return the shared beginning and the two answers, each starting with the assistant.

    Raises `InputError` when the two are the same, share nothing, or part so that no
    assistant turn is left in one.
    """
    if chosen == rejected:
        raise InputError("chosen and rejected are the same", remedy="leave the pair out")
    shared = 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other:
            break
        shared += 1
    while shared and not (_answers(chosen[shared:]) and _answers(rejected[shared:])):
        shared -= 1
    if not shared:
        raise InputError(
            "chosen and rejected do not begin with the same turns",
            remedy="give a pair of answers to one prompt",
        )
    return chosen[:shared], chosen[shared:], rejected[shared:]


def _answers(turns: list[Message]) -> bool:
    return bool(turns) and turns[0]["role"] == "assistant"
