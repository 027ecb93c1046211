"""A row as the checks see it: its answers, each with what it answers, made once per row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.examples import Example, Message, parts

# Patterns for what is asked are written for lower-case text: that is three times as fast.
FENCE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
CODE_TASK = re.compile(
    r"\b(?:code|coding|program|script|function|method|class|html|css|xml|javascript|typescript|python|java"
    r"|sql|query|regex|regular expression|algorithm|api|json|yaml|php|c\+\+|bash|shell|command|web ?page|website"
    r"|web ?site|markup|tag|tags|variables?|arrays?|strings?|loop|compile|parse|latex|markdown|template)\b",
)
CODE_SIGNS = re.compile(
    r"^[ \t]*(?:def |class |import |from \w+ import|function\b|const |let |var |public |private |#include|<\?php"
    r"|SELECT |<!DOCTYPE|<html|<div|<script|#!/|using |package |for ?\(|while ?\(|if ?\()|[;{}]\s*$|\)\s*\{",
    re.MULTILINE,
)


@dataclass(eq=False)
class Turn:
    """One answer: where it stands, its text, its lower-case text, and what it answers."""

    part: str
    index: int
    text: str
    lower: str
    asked: str
    system: str

    def place(self) -> dict[str, Any]:
        """The part and message index, as evidence has them."""
        return {"part": self.part, "message": self.index}

    @cached_property
    def asked_lower(self) -> str:
        """What it answers, in lower case."""
        return self.asked.lower()

    @cached_property
    def asks_for_code(self) -> bool:
        """Whether the prompt speaks of code or markup."""
        return bool(CODE_TASK.search(self.asked_lower) or CODE_TASK.search(self.system.lower()))

    @cached_property
    def is_code(self) -> bool:
        """Whether code is asked for or given, so that brackets, tags and line ends mean nothing."""
        return self.asks_for_code or "```" in self.text or CODE_SIGNS.search(self.text) is not None


class Row:
    """One example, with what several checks need computed once."""

    def __init__(self, example: Example) -> None:
        self.example = example
        self.messages: list[Message] = example["messages"]

    @cached_property
    def parts(self) -> list[tuple[str, int, Message]]:
        """Every message as ``(part, index, message)``."""
        return parts(self.example)

    @cached_property
    def is_ascii(self) -> bool:
        """Whether no message has a letter beyond ASCII, so that none can be damaged."""
        return all(entry["content"].isascii() for _, _, entry in self.parts)

    @cached_property
    def system(self) -> str:
        """The text of all system messages."""
        return "\n".join(m["content"] for m in self.messages if m["role"] == "system")

    @cached_property
    def answers(self) -> list[Turn]:
        """The answers that are trained on: those of the conversation, and the chosen one."""
        found = []
        asked = ""
        for index, entry in enumerate(self.messages):
            if entry["role"] == "user":
                asked = entry["content"]
            elif entry["role"] == "assistant":
                text = entry["content"]
                found.append(Turn("messages", index, text, text.lower(), asked, self.system))
        for index, entry in enumerate(self.example.get("chosen") or ()):
            if entry["role"] == "assistant":
                text = entry["content"]
                found.append(Turn("chosen", index, text, text.lower(), asked, self.system))
        return found

    @cached_property
    def answers_lower(self) -> str:
        """All answers in lower case, for the checks' cheap filters."""
        return "\n".join([turn.lower for turn in self.answers])

    @cached_property
    def prompt_lower(self) -> str:
        """System and user messages in lower case."""
        return "\n".join([m["content"] for m in self.messages if m["role"] in ("user", "system")]).lower()


def without_code(text: str) -> str:
    """The text with fenced and inline code replaced by as many blanks, so that offsets hold."""
    return FENCE.sub(lambda found: " " * len(found[0]), text) if "`" in text else text
