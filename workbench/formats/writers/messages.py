"""Chat messages: our own plain form, TRL's, and Axolotl's folder.

TRL: https://huggingface.co/docs/trl/dataset_formats. Axolotl: its dataset-formats
``conversation`` and ``rlhf`` pages (``type: chat_template``).
"""

from __future__ import annotations

import yaml

from workbench.examples import Example
from workbench.formats.fields import parsed
from workbench.formats.own import own_field
from workbench.formats.writers.layout import (
    Format,
    Made,
    Record,
    only_answer,
    plain_tools,
    plain_turns,
)


def chat_row(example: Example) -> Record:
    """Return ``messages``, or ``prompt`` with ``chosen`` and ``rejected``, and the tools."""
    turns = plain_turns(example["messages"])
    if example["kind"] == "sft":
        return {"messages": turns, **plain_tools(example)}
    return {
        "prompt": turns,
        "chosen": plain_turns(example.get("chosen")),
        "rejected": plain_turns(example.get("rejected")),
        **plain_tools(example),
    }


def messages_row(example: Example) -> Record:
    """Return the chat with label, group and meta as fields of their own."""
    row = chat_row(example)
    for name in ("label", "group"):
        if example.get(name):
            row[name] = example.get(name)
    meta = parsed(example.get("meta"))
    if isinstance(meta, dict):
        row["meta"] = meta
    return {**row, **own_field(example, "label", "group", "meta")}


def trl_row(example: Example) -> Record:
    """Return the chat as TRL's trainers read it."""
    return {**chat_row(example), **own_field(example)}


def axolotl_row(example: Example) -> Record:
    """Return ``messages``, for a pair with ``chosen`` and ``rejected`` as one message each."""
    row: Record = {"messages": plain_turns(example["messages"]), **plain_tools(example)}
    if example["kind"] == "preference":
        for part in ("chosen", "rejected"):
            (row[part],) = plain_turns([only_answer(example, part, "axolotl")])
    return {**row, **own_field(example)}


def _axolotl_files(made: Made) -> dict[str, str]:
    kind = "chat_template" if made.kind == "sft" else "chat_template.default"
    entries = {
        split: {
            "path": file,
            "ds_type": "json",
            "split": "train",
            "type": kind,
            "field_messages": "messages",
            "message_property_mappings": {"role": "role", "content": "content"},
            **({"field_chosen": "chosen", "field_rejected": "rejected"} if made.kind != "sft" else {}),
            **({"roles_to_train": ["assistant"]} if made.kind == "sft" else {}),
        }
        for split, file in made.files.items()
    }
    config: Record = {} if made.kind == "sft" else {"rl": "dpo"}
    config["chat_template"] = "tokenizer_default"
    config["datasets"] = [entries["train"]] if "train" in entries else list(entries.values())
    if "train" in entries and "validation" in entries:
        config["test_datasets"] = [entries["validation"]]
    head = f"# Data part of an Axolotl config for {made.name}; paths are relative to this folder.\n"
    return {"config.yml": head + yaml.safe_dump(config, sort_keys=False)}


FORMATS = (
    Format("messages", "chat messages with label, group and meta", messages_row),
    Format("trl", "TRL: messages, or prompt, chosen and rejected", trl_row),
    Format("axolotl", "Axolotl: a folder of data and config.yml", axolotl_row, files=_axolotl_files),
)
