"""OpenAI preference: ``{"input": {"messages"}, "preferred_output", "non_preferred_output"}``.

Source: https://platform.openai.com/docs/guides/direct-preference-optimization
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, make_example
from workbench.formats.fields import Record, extras, objects, tools
from workbench.formats.openai_messages import chat

NAME = "openai_preference"
TITLE = "OpenAI preference pairs (input, preferred_output, non_preferred_output)"


def matches(record: Record) -> bool:
    """Say whether the three fields are there."""
    return isinstance(record.get("input"), dict) and "preferred_output" in record


def read(record: Record) -> Example:
    """Read one pair over the messages of ``input``."""
    given = record.get("input")
    if not isinstance(given, dict):
        raise InputError("the field 'input' is not an object", remedy='write {"messages": […]} in it')
    rest = extras(record, "input", "preferred_output", "non_preferred_output")
    beside = {name: value for name, value in given.items() if name not in ("messages", "tools") and value}
    rest["meta"] = {**beside, **(rest["meta"] or {})} or None
    return make_example(
        "preference",
        chat(objects(given.get("messages"), "input.messages")),
        chosen=chat(objects(record.get("preferred_output"), "preferred_output")),
        rejected=chat(objects(record.get("non_preferred_output"), "non_preferred_output")),
        tools=tools(given),
        **rest,
    )
