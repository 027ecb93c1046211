"""OpenAssistant trees: ``{"message_tree_id", "prompt": {"text", "replies": […]}}``.

Source: https://github.com/LAION-AI/Open-Assistant (docs: data schemas, message trees)
"""

from __future__ import annotations

from typing import Any

from workbench.errors import InputError
from workbench.examples import Example, make_example
from workbench.formats.fields import Record, dialogue, extras

NAME = "oasst"
TITLE = "OpenAssistant message trees (the best-ranked path)"

_ROLES = {"prompter": "user", "assistant": "assistant"}


def matches(record: Record) -> bool:
    """Say whether the record is a tree under ``prompt``."""
    root = record.get("prompt")
    return isinstance(root, dict) and "replies" in root and "text" in root


def read(record: Record) -> Example:
    """Read the path that takes the best-ranked reply each time, up to its last answer."""
    path: list[tuple[str, object]] = []
    node: Any = record.get("prompt")
    while isinstance(node, dict):
        path.append((_ROLES.get(str(node.get("role")), "unknown"), node.get("text")))
        node = _best(node.get("replies"))
    while path and path[-1][0] == "user":
        path.pop()
    if not path:
        raise InputError("the tree has no answer", remedy="leave the tree out")
    return make_example(
        "sft",
        dialogue(path),
        **extras(record, "prompt", "message_tree_id", group=record.get("message_tree_id")),
    )


def _best(replies: object) -> Record | None:
    """Return the reply of lowest rank that is not deleted; unranked ones come last."""
    if not isinstance(replies, list):
        return None
    there = [reply for reply in replies if isinstance(reply, dict) and not reply.get("deleted")]
    return min(there, key=_rank, default=None)


def _rank(reply: Record) -> float:
    rank = reply.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")
