"""A finder that sees what a test says is there, so that scrubbing is tested without any detector."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.examples import Example, make_example, message
from workbench.personal_data.spans import Scan, Span, without_overlaps
from workbench.value_keys import ValueKey

KEY = ValueKey(b"k" * 32)


class Planted:
    """Finds each value wherever it stands as whole words; the longest first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def scan(
        self, texts: Sequence[str], roles: Sequence[str] | None = None, code: Sequence[bool] | None = None
    ) -> list[Scan]:
        return [Scan(tuple(without_overlaps(self._spans(text)))) for text in texts]

    def _spans(self, text: str) -> list[Span]:
        return [
            Span(found.start(), found.end(), entity, 0.9)
            for value, entity in self.values.items()
            for found in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text)
        ]


def row(*turns: dict[str, Any], **extra: Any) -> Example:
    """An example of turns in the OpenAI shape."""
    made = make_example("sft", [message(turn) for turn in turns], **extra)
    made["source"] = {"file": "test.jsonl", "line": 1}
    return made


def said(content: str, role: str = "user", **extra: Any) -> dict[str, Any]:
    """One turn."""
    return {"role": role, "content": content, **extra}


def call(arguments: object, name: str = "look_up") -> dict[str, Any]:
    """A turn that calls a tool, with arguments as JSON in a string."""
    function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=True)}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def arguments_of(example: Example, index: int) -> Any:
    """The arguments of the first call of a message."""
    return json.loads(json.loads(example["messages"][index]["tool_calls"] or "")[0]["function"]["arguments"])
