"""LLMBar: ``{"input", "output_1", "output_2", "label": 1 or 2}``, the label the better output.

Source: https://github.com/princeton-nlp/LLMBar
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats.fields import Record, extras, text

NAME = "llmbar"
TITLE = "LLMBar comparisons (output_1, output_2, label 1 or 2)"


def matches(record: Record) -> bool:
    """Say whether two outputs and a label are there."""
    return all(name in record for name in ("input", "output_1", "output_2", "label"))


def read(record: Record) -> Example:
    """Read one comparison."""
    label = str(record.get("label"))
    if label not in ("1", "2"):
        raise InputError("the label is neither 1 nor 2", remedy="give the number of the better one")
    return make_example(
        "preference",
        [message({"role": "user", "content": text(record, "input")})],
        chosen=[message({"role": "assistant", "content": text(record, f"output_{label}")})],
        rejected=[message({"role": "assistant", "content": text(record, f"output_{3 - int(label)}")})],
        **extras(record, "input", "output_1", "output_2", "label"),
    )
