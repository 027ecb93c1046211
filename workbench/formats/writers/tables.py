"""Parquet: our own rows in one file, and a folder that the library `datasets` loads.

The folder is a Hugging Face data set: ``data/SPLIT-00000-of-00001.parquet`` and a data card,
whose front matter lists the files (huggingface.co/docs/hub/datasets-manual-configuration).
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import yaml

from workbench.examples import SCHEMA, Example, Message
from workbench.formats.fields import parsed
from workbench.formats.own import OWN, own_field
from workbench.formats.writers.layout import Format, Made, Record, cannot_hold

_NAME = "huggingface"
_CALL = pa.struct(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("function", pa.struct([("name", pa.string()), ("arguments", pa.string())])),
    ]
)
_MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("content", pa.string()),
        ("name", pa.string()),
        ("tool_calls", pa.list_(_CALL)),
        ("tool_call_id", pa.string()),
    ]
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def table_row(example: Example) -> Record:
    """Return the conversation with typed tool calls, under the names that TRL reads."""
    parts = {"messages": "messages"} if example["kind"] == "sft" else {"messages": "prompt"}
    if example["kind"] == "preference":
        parts |= {"chosen": "chosen", "rejected": "rejected"}
    row: Record = {
        column: [_message(example, turn) for turn in example.get(part) or []]  # type: ignore[attr-defined]
        for part, column in parts.items()
    }
    row["tools"] = example.get("tools")
    row[OWN] = own_field(example).get(OWN)
    return row


def _message(example: Example, turn: Message) -> Record:
    calls = parsed(turn.get("tool_calls"))
    if calls is not None and not _plain(calls):
        raise cannot_hold(example, _NAME, "tool calls that are not id, type and function with texts")
    return {**turn, "tool_calls": calls}


def _plain(calls: object) -> bool:
    if not isinstance(calls, list):
        return False
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not call.keys() <= {"id", "type", "function"}:
            return False
        texts = [*(value for key, value in call.items() if key != "function"), *function.values()]
        if not function.keys() <= {"name", "arguments"} or not all(isinstance(t, str) for t in texts):
            return False
    return True


def _schema(kind: str) -> pa.Schema:
    turns = pa.list_(_MESSAGE)
    columns: list[tuple[str, Any]] = [("messages", turns)]
    if kind == "preference":
        columns = [("prompt", turns), ("chosen", turns), ("rejected", turns)]
    return pa.schema([*columns, ("tools", pa.string()), (OWN, pa.string())])


def _card(made: Made) -> dict[str, str]:
    """Return the data card; its front matter says which file is which split."""
    total = sum(made.rows.values())
    size = next((name for most, name in _SIZES if total < most), "1M<n<10M" if total < 10**7 else "n>10M")
    front = {
        "pretty_name": made.name,
        "license": "unknown",
        "size_categories": [size],
        "task_categories": ["text-generation"],
        "tags": ["preference" if made.kind == "preference" else "sft", "finetune-workbench"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": file} for split, file in made.files.items()],
            }
        ],
    }
    shape = (
        "`messages`: a list of role and content"
        if made.kind == "sft"
        else "`prompt`, `chosen` and `rejected`: lists of role and content"
    )
    splits = "\n".join(f"| {split} | {rows} |" for split, rows in made.rows.items())
    text = (
        f"# {made.name}\n\nWritten by finetune-workbench. Fill in where the rows come from, who may use\n"
        f"them and under which license before you publish this.\n\n| split | rows |\n| --- | --- |\n{splits}\n\n"
        f"Columns: {shape}; `tools`: JSON text; `workbench`: JSON text with label, group, tags, weight, split\n"
        "and meta, where a row has them.\n"
    )
    return {"README.md": f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n{text}"}


FORMATS = (
    Format(
        "parquet",
        "Workbench's own rows, every column",
        lambda example: example,
        suffixes=(".parquet",),
        schema=lambda _: SCHEMA,
        mixed=True,
    ),
    Format(
        _NAME,
        "Hugging Face data set: a folder of Parquet and a data card",
        table_row,
        schema=_schema,
        data_file="data/{split}-00000-of-00001.parquet",
        files=_card,
    ),
)
