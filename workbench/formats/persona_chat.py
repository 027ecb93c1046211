"""Synthetic-Persona-Chat: a table of two personas and their dialogue as text.

Source: https://github.com/google-research-datasets/Synthetic-Persona-Chat
"""

from __future__ import annotations

import re

from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats.fields import Record, dialogue, extras, system_messages, text

NAME = "persona_chat"
TITLE = "Synthetic-Persona-Chat (personas and a 'User 1:' / 'User 2:' dialogue)"

_DIALOGUE = "Best Generated Conversation"
_ANSWERER = "user 2 personas"
_SPEAKER = re.compile(r"^\s*User ?([12])\s*:[ ]?", re.IGNORECASE | re.MULTILINE)


def matches(record: Record) -> bool:
    """Say whether the column of dialogues is there."""
    return isinstance(record.get(_DIALOGUE), str)


def read(record: Record) -> Example:
    """Read one dialogue: user 2 answers, and its persona is the system message."""
    before, *turns = _SPEAKER.split(text(record, _DIALOGUE))
    if before.strip() or not turns:
        raise InputError("the dialogue does not begin with a speaker", remedy="begin with 'User 1:'")
    said = dialogue(
        ("user" if speaker == "1" else "assistant", words.strip())
        for speaker, words in zip(turns[::2], turns[1::2], strict=True)
    )
    messages = [*system_messages(record, _ANSWERER), *(message(turn) for turn in said)]
    return make_example("sft", messages, **extras(record, _DIALOGUE, _ANSWERER))
