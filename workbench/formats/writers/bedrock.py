"""Amazon Bedrock's fine-tuning files: conversations, and pairs of prompt and completion.

Sources: the Bedrock guide "Prepare data for fine-tuning text-to-text models" and the Nova guide
"Preparing data for fine-tuning understanding models". Extra keys are refused there, so no field
of ours is added. Neither guide has a form for preference pairs or, for Nova, for tools.
"""

from __future__ import annotations

from workbench.examples import Example
from workbench.formats.writers.layout import (
    Format,
    Limits,
    Record,
    breaks_rule,
    cannot_hold,
    split_system,
)

SCHEMA_VERSION = "bedrock-conversation-2024"
_RESERVED = ("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]")
_PROVIDER = "Amazon Bedrock"


def conversation_row(example: Example) -> Record:
    """Return a row of the schema ``bedrock-conversation-2024``."""
    system, turns = _plain(example, "bedrock")
    messages = [{"role": turn["role"], "content": [{"text": turn["content"]}]} for turn in turns]
    head: Record = {"schemaVersion": SCHEMA_VERSION}
    if system:
        head["system"] = [{"text": system}]
    return {**head, "messages": messages}


def prompt_row(example: Example) -> Record:
    """Return ``{"prompt", "completion"}`` of one question and its answer."""
    system, turns = _plain(example, "bedrock-prompt")
    if system or len(turns) != 2:
        raise cannot_hold(example, "bedrock-prompt", "a system message or several turns", "export as bedrock")
    return {"prompt": turns[0]["content"], "completion": turns[1]["content"]}


def reserved_words(example: Example) -> str | None:
    """Say when a prompt holds a word that makes Amazon Nova's training fail."""
    asked = [turn["content"] for turn in example["messages"] if turn["role"] != "assistant"]
    if any(word in text for text in asked for word in _RESERVED):
        return f"rows have words in a prompt that Amazon Nova reserves ({', '.join(_RESERVED)})"
    return None


def _plain(example: Example, name: str) -> tuple[str, list[Record]]:
    if example["kind"] != "sft":
        raise cannot_hold(example, name, "preference pairs", "export pairs as openai, vertex or trl")
    if example.get("tools") or any(
        turn.get(field) for turn in example["messages"] for field in ("tool_calls", "tool_call_id", "name")
    ):
        raise cannot_hold(
            example, name, "tools, tool calls or names of speakers", "export as openai or vertex"
        )
    system, turns = split_system(example, name)
    roles = [turn["role"] for turn in turns]
    if len(roles) % 2 or roles != ["user", "assistant"] * (len(roles) // 2):
        raise breaks_rule(
            example,
            _PROVIDER,
            "user and assistant alternate, the user first and the assistant last",
            "join turns of one speaker, or leave these examples out",
        )
    if not all(turn["content"].strip() for turn in turns):
        raise breaks_rule(example, _PROVIDER, "no message is empty", "drop the row, or fill the message")
    return system, [dict(turn) for turn in turns]


FORMATS = (
    Format(
        "bedrock",
        "Amazon Bedrock: conversations (bedrock-conversation-2024)",
        conversation_row,
        suffixes=(".jsonl",),
        limits=Limits(_PROVIDER),
        notice=reserved_words,
    ),
    Format(
        "bedrock-prompt",
        "Amazon Bedrock: prompt and completion",
        prompt_row,
        suffixes=(".jsonl",),
        limits=Limits(_PROVIDER),
        notice=reserved_words,
    ),
)
