"""Unpaired judgements (KTO): a conversation or prompt/completion with ``label`` true or false.

Source: https://huggingface.co/docs/trl/dataset_formats#unpaired-preference
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example
from workbench.formats import openai_messages, prompt_completion
from workbench.formats.fields import Record

NAME = "kto"
TITLE = "Unpaired judgements (messages or prompt/completion, label true or false)"


def matches(record: Record) -> bool:
    """Say whether there is a conversation with a boolean label."""
    return isinstance(record.get("label"), bool) and (
        openai_messages.matches(record) or prompt_completion.matches(record)
    )


def read(record: Record) -> Example:
    """Read a good answer as an example to learn from; raises `InputError` for a bad one."""
    if record.get("label") is not True:
        raise InputError(
            "the answer is judged bad and has no better one beside it",
            remedy="pair it with a good answer to the same prompt as chosen/rejected",
        )
    rest = {key: value for key, value in record.items() if key != "label"}
    if openai_messages.matches(rest):
        return openai_messages.read(rest)
    return prompt_completion.read(rest)
