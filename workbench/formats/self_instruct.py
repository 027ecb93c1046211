"""Self-Instruct seed tasks: ``{"instruction", "instances": [{"input", "output"}]}``.

Source: https://github.com/yizhongw/self-instruct
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, make_example, message
from workbench.formats import alpaca
from workbench.formats.fields import Record, extras, objects, text

NAME = "self_instruct"
TITLE = "Self-Instruct tasks (instruction, instances)"


def matches(record: Record) -> bool:
    """Say whether there is an instruction and a list of instances."""
    return "instruction" in record and isinstance(record.get("instances"), list)


def read(record: Record) -> Example:
    """Read the task with its first instance; further instances go to meta."""
    instances = objects(record.get("instances"), "instances")
    if not instances:
        raise InputError("the task has no instance", remedy="give one input and output")
    asked = {"instruction": record.get("instruction"), "input": instances[0].get("input")}
    rest = extras(record, "instruction", "instances")
    if instances[1:]:
        rest["meta"] = {**(rest["meta"] or {}), "other_instances": instances[1:]}
    answer = message({"role": "assistant", "content": text(instances[0], "output")})
    return make_example("sft", [*alpaca.prompt(asked), answer], **rest)
