"""Pairs of a question and an answer under the names that published sets give them.

``prompt``/``completion`` (text, or message lists as in TRL), ``prompt``/``response``,
``question``/``answer`` (GSM8K), ``input``/``target`` and the like.
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats.fields import (
    Record,
    extras,
    first_present,
    is_turns,
    objects,
    system_messages,
    text,
    tools,
)
from workbench.formats.openai_messages import chat

NAME = "prompt_completion"
TITLE = "A prompt and its answer (prompt/completion, question/answer, input/output)"

PROMPTS = ("prompt", "question", "query", "problem", "input", "context")
ANSWERS = ("completion", "response", "answer", "output", "target", "solution", "continuation")


def matches(record: Record) -> bool:
    """Say whether a prompt and an answer are there, both text or both message lists."""
    asked, answered = first_present(record, PROMPTS), first_present(record, ANSWERS)
    if asked is None or answered is None:
        return False
    return (isinstance(record[answered], str) and isinstance(record[asked], str)) or (
        is_turns(record[asked], "role") and is_turns(record[answered], "role")
    )


def read(record: Record) -> Example:
    """Read one pair; a ``context`` beside a question stands before it."""
    asked, answered = first_present(record, PROMPTS), first_present(record, ANSWERS)
    if asked is None or answered is None:
        missing = "prompt" if asked is None else "answer"
        raise InputError(f"the row has no {missing}", remedy="give 'prompt' and 'completion', or use --map")
    used = ["system", "tools", asked, answered]
    if is_turns(record[asked], "role"):
        messages = chat([*objects(record[asked], asked), *objects(record[answered], answered)])
        rest = extras(record, *used[1:])
        return make_example("sft", messages, tools=tools(record), **rest)
    question = text(record, asked)
    if asked != "context" and isinstance(record.get("context"), str) and record["context"]:
        question = f"{record['context']}\n\n{question}"
        used.append("context")
    messages = [
        *system_messages(record),
        message({"role": "user", "content": question}),
        message({"role": "assistant", "content": text(record, answered)}),
    ]
    return make_example("sft", messages, tools=tools(record), **extras(record, *used))
