"""AlpacaEval annotations: ``{"instruction", "output_1", "output_2", "preference": 1..2}``.

Source: https://github.com/tatsu-lab/alpaca_eval
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats.fields import Record, extras, text

NAME = "alpaca_eval"
TITLE = "AlpacaEval annotations (output_1, output_2, preference)"


def matches(record: Record) -> bool:
    """Say whether two outputs and a preference are there."""
    return "output_1" in record and "output_2" in record and "preference" in record


def read(record: Record) -> Example:
    """Read one comparison; 1.5 and no verdict are ties, which teach nothing."""
    preference = record.get("preference")
    if isinstance(preference, bool) or not isinstance(preference, int | float):
        raise InputError("the comparison has no verdict", remedy="leave the row out")
    if preference == 1.5 or not 1 <= preference <= 2:
        raise InputError("the two outputs are judged equal", remedy="leave the row out")
    chosen, rejected = ("output_1", "output_2") if preference < 1.5 else ("output_2", "output_1")
    return make_example(
        "preference",
        [message({"role": "user", "content": text(record, "instruction")})],
        chosen=[message({"role": "assistant", "content": text(record, chosen)})],
        rejected=[message({"role": "assistant", "content": text(record, rejected)})],
        **extras(record, "instruction", "output_1", "output_2"),
    )
