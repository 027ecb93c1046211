"""Schema-Guided Dialogue: ``{"dialogue_id", "services", "turns": [{"speaker", "utterance"}]}``.

Source: https://github.com/google-research-datasets/dstc8-schema-guided-dialogue
"""

from __future__ import annotations

from workbench.examples import Example, make_example
from workbench.formats.fields import Record, dialogue, extras, is_turns, objects

NAME = "sgd"
TITLE = "Schema-Guided Dialogue (turns with speaker and utterance)"

_ROLES = {"USER": "user", "SYSTEM": "assistant"}


def matches(record: Record) -> bool:
    """Say whether ``turns`` holds utterances."""
    return is_turns(record.get("turns"), "utterance")


def read(record: Record) -> Example:
    """Read one dialogue; its services are the label. Frames (annotations) are left out."""
    turns = objects(record.get("turns"), "turns")
    services = record.get("services")
    label = "+".join(str(service) for service in services) if isinstance(services, list) else None
    return make_example(
        "sft",
        dialogue((_ROLES.get(str(t.get("speaker")), "unknown"), t.get("utterance")) for t in turns),
        **extras(record, "turns", label=label),
    )
