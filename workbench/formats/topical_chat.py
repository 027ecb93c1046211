"""Topical-Chat: ``{id: {"content": [{"agent": "agent_1", "message"}], …}}``.

Source: https://github.com/alexa/Topical-Chat
"""

from __future__ import annotations

from workbench.examples import Example, make_example
from workbench.formats.fields import Record, dialogue, extras, is_turns, objects

NAME = "topical_chat"
TITLE = "Topical-Chat dialogues (content with agent and message)"

_ROLES = {"agent_1": "user", "agent_2": "assistant"}


def matches(record: Record) -> bool:
    """Say whether ``content`` holds turns of agents."""
    return is_turns(record.get("content"), "agent")


def read(record: Record) -> Example:
    """Read one dialogue: agent_1 asks, agent_2 answers. Ratings of turns are left out."""
    turns = objects(record.get("content"), "content")
    return make_example(
        "sft",
        dialogue((_ROLES.get(str(t.get("agent")), "unknown"), t.get("message")) for t in turns),
        **extras(record, "content"),
    )
