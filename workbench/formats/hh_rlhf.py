r"""Anthropic's HH-RLHF: two transcripts ``\n\nHuman: … \n\nAssistant: …`` that begin the same.

Source: https://github.com/anthropics/hh-rlhf
"""

from __future__ import annotations

import re

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example
from workbench.formats.fields import Record, dialogue, extras, text
from workbench.formats.preference_implicit import split_pair

NAME = "hh_rlhf"
TITLE = "Anthropic HH-RLHF transcripts (chosen, rejected as Human:/Assistant: text)"

_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant):[ ]?")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def matches(record: Record) -> bool:
    """Say whether chosen and rejected are both transcripts."""
    sides = (record.get("chosen"), record.get("rejected"))
    return all(isinstance(side, str) and _SPEAKER.match(side) for side in sides)


def read(record: Record) -> Example:
    """Read one pair; the turns that both transcripts begin with are the prompt."""
    messages, chosen, rejected = split_pair(
        transcript(text(record, "chosen")), transcript(text(record, "rejected"))
    )
    return make_example(
        "preference",
        messages,
        chosen=chosen,
        rejected=rejected,
        **extras(record, "chosen", "rejected"),
    )


def transcript(written: str) -> list[Message]:
    """Split a transcript into messages. Raises `InputError` when it names no speaker first."""
    before, *turns = _SPEAKER.split(written)
    if before.strip() or not turns:
        raise InputError("a transcript does not begin with a speaker", remedy="begin it with 'Human:'")
    return dialogue(
        (_ROLES[speaker], said.strip()) for speaker, said in zip(turns[::2], turns[1::2], strict=True)
    )
