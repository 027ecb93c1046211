"""Workbench's own rows, as `writers` and `versions` write them to Parquet."""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import KINDS, Example, Message, make_example, message
from workbench.formats.fields import Record, is_turns, objects, parsed

NAME = "workbench"
TITLE = "Workbench's own rows (Parquet)"


def matches(record: Record) -> bool:
    """Say whether the columns that only our rows have together are there."""
    own = all(name in record for name in ("id", "kind", "messages", "weight"))
    return own and record["kind"] in KINDS and is_turns(record["messages"], "role")


def read(record: Record) -> Example:
    """Read one row back; its id is computed again from its content."""
    meta = parsed(record.get("meta"))
    weight = record.get("weight")
    if not isinstance(weight, int | float):
        raise InputError("the weight is not a number", remedy="give 1.0")
    pair = record.get("kind") == "preference"
    example = make_example(
        str(record.get("kind")),
        _messages(record, "messages"),
        chosen=_messages(record, "chosen") if pair else None,
        rejected=_messages(record, "rejected") if pair else None,
        tools=record.get("tools"),
        label=record.get("label"),
        group=record.get("group"),
        tags=[str(tag) for tag in record.get("tags") or []],
        weight=weight,
        meta=meta if isinstance(meta, dict) else None,
    )
    split = record.get("split")
    example["split"] = None if split is None else str(split)
    return example


def _messages(record: Record, name: str) -> list[Message]:
    return [message(turn) for turn in objects(record.get(name), name)]
