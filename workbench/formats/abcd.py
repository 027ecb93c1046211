"""ABCD customer support: ``{"convo_id", "scenario", "original": [["agent", text], …]}``.

Source: https://github.com/asappresearch/abcd
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, make_example
from workbench.formats.fields import Record, dialogue, extras

NAME = "abcd"
TITLE = "Action-Based Conversations (agent and customer, with actions)"

_ROLES = {"agent": "assistant", "customer": "user"}


def matches(record: Record) -> bool:
    """Say whether ``original`` holds pairs of speaker and text."""
    turns = record.get("original")
    return "convo_id" in record and isinstance(turns, list)


def read(record: Record) -> Example:
    """Read one dialogue; its subflow is the label and the agent's actions go to meta.

    The customer's data sheet in ``scenario`` and the ``delexed`` copy are left out.
    """
    turns = record.get("original")
    if not isinstance(turns, list) or not all(isinstance(t, list) and len(t) == 2 for t in turns):
        raise InputError("a turn is not a speaker and a text", remedy='write ["agent", "…"]')
    actions = [said for speaker, said in turns if speaker == "action"]
    scenario = record.get("scenario")
    scenario = scenario if isinstance(scenario, dict) else {}
    kept = {"actions": actions, "flow": scenario.get("flow")}
    return make_example(
        "sft",
        dialogue(
            (_ROLES.get(str(speaker), "unknown"), said) for speaker, said in turns if speaker != "action"
        ),
        **extras(kept, label=scenario.get("subflow"), group=record.get("convo_id")),
    )
