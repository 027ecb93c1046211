"""Alpaca: ``{"instruction", "input", "output"}``, with system and history if there are any.

Source: https://github.com/tatsu-lab/stanford_alpaca; ``system`` and ``history`` as in
LLaMA-Factory. Also GPTeacher (``response``) and Dolly (``context``, ``response``).
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import (
    Record,
    extras,
    first_present,
    history_messages,
    system_messages,
    text,
)

NAME = "alpaca"
TITLE = "Alpaca instructions (instruction, input, output), also Dolly and GPTeacher"

INPUTS = ("input", "context")
OUTPUTS = ("output", "response")
PROMPT_FIELDS = ("instruction", "input", "context", "system", "history")


def matches(record: Record) -> bool:
    """Say whether there is an instruction and an answer as text."""
    answer = first_present(record, OUTPUTS)
    return isinstance(record.get("instruction"), str) and (
        answer is not None and isinstance(record[answer], str)
    )


def read(record: Record) -> Example:
    """Read one instruction and its answer."""
    answer = first_present(record, OUTPUTS)
    if answer is None:
        raise InputError("the field 'output' is missing", remedy="give the answer in 'output'")
    messages = [
        *prompt(record),
        message({"role": "assistant", "content": text(record, answer)}),
    ]
    return make_example("sft", messages, **extras(record, *PROMPT_FIELDS, answer))


def prompt(record: Record) -> list[Message]:
    """Return system, history and the instruction with its input, a line between them."""
    asked = [text(record, "instruction")]
    given = first_present(record, INPUTS)
    if given and record[given] != "":
        asked.append(text(record, given))
    return [
        *system_messages(record),
        *history_messages(record.get("history")),
        message({"role": "user", "content": "\n".join(part for part in asked if part)}),
    ]
