"""Taskmaster: ``{"conversation_id", "vertical", "utterances": [{"speaker", "text"}]}``.

Source: https://github.com/google-research-datasets/Taskmaster
"""

from __future__ import annotations

from workbench.examples import Example, make_example
from workbench.formats.fields import Record, dialogue, extras, is_turns, objects

NAME = "taskmaster"
TITLE = "Taskmaster dialogues (utterances with speaker and text)"


def matches(record: Record) -> bool:
    """Say whether ``utterances`` holds turns with a speaker."""
    return is_turns(record.get("utterances"), "speaker")


def read(record: Record) -> Example:
    """Read one dialogue; its vertical is the label. Segments and annotations are left out."""
    turns = objects(record.get("utterances"), "utterances")
    return make_example(
        "sft",
        dialogue((str(turn.get("speaker")).lower(), turn.get("text")) for turn in turns),
        **extras(record, "utterances", label=record.get("vertical")),
    )
