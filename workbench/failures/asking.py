"""What was asked in an item, without the template, the few-shot examples and the system prompt around it."""

from __future__ import annotations

from typing import NamedTuple

from workbench.errors import WorkbenchError
from workbench.models import load_tokenizer

FIRST, SECOND, THIRD = "sentinel one", "sentinel two", "sentinel three"


class Marks(NamedTuple):
    """What a chat template writes before a user's turn, and after the last one."""

    opens: str
    closes: str


def user_marks(base: str) -> Marks | None:
    """The marks of a model's chat template; None when it cannot be read or has none."""
    from jinja2.exceptions import TemplateError

    turns = [("user", FIRST), ("assistant", SECOND), ("user", THIRD)]
    try:
        written = str(
            load_tokenizer(base).apply_chat_template(
                [{"role": role, "content": text} for role, text in turns],
                tokenize=False,
                add_generation_prompt=True,
            )
        )
    except (WorkbenchError, TemplateError):
        return None
    before, _, rest = written.partition(FIRST)
    between = rest.partition(SECOND)[2].partition(THIRD)[0]
    closes = written.rpartition(THIRD)[2]
    size = 0
    while size < min(len(before), len(between)) and before[-size - 1] == between[-size - 1]:
        size += 1
    opens = before[len(before) - size :]
    return Marks(opens, closes) if opens.strip() else None


def question_of(prompt: str, marks: Marks | None, *, shots: bool) -> str:
    """The last thing that the user asked in a prompt.

    ``shots``: there are few-shot examples, set apart by blank lines where no template is used.
    """
    if marks is not None and marks.opens in prompt:
        asked = prompt.rpartition(marks.opens)[2]
        end = asked.rfind(marks.closes.strip()) if marks.closes.strip() else -1
        return (asked[:end] if end >= 0 else asked).strip()
    return (prompt.rpartition("\n\n")[2] if shots else prompt).strip()
