"""Alpaca: instruction, output, system and history; pairs as LLaMA-Factory writes them."""

from __future__ import annotations

from workbench.examples import Example, Message
from workbench.formats.own import own_field
from workbench.formats.writers.layout import Format, Record, cannot_hold, only_answer, split_system

_NAME = "alpaca"


def alpaca_row(example: Example) -> Record:
    """Return the last turn, with the earlier ones as history."""
    system, turns = split_system(example, _NAME)
    if example.get("tools"):
        raise cannot_hold(example, _NAME, "tools")
    if any(turn.get(name) for turn in turns for name in ("tool_calls", "tool_call_id", "name")):
        raise cannot_hold(example, _NAME, "tool calls or names of speakers")
    pair = example["kind"] == "preference"
    asked = turns if pair else turns[:-1]
    earlier = asked[:-1]
    roles = [turn["role"] for turn in asked]
    if len(roles) % 2 == 0 or roles != (["user", "assistant"] * len(roles))[: len(roles)]:
        raise cannot_hold(example, _NAME, "turns that are not question, answer, question")
    row: Record = {"instruction": asked[-1]["content"], "input": ""}
    if pair:
        row |= {name: _answer(example, only_answer(example, name, _NAME)) for name in ("chosen", "rejected")}
    else:
        row["output"] = _answer(example, turns[-1])
    if system:
        row["system"] = system
    if earlier:
        questions, answers = earlier[::2], earlier[1::2]
        row["history"] = [
            [question["content"], answer["content"]]
            for question, answer in zip(questions, answers, strict=True)
        ]
    return {**row, **own_field(example)}


def _answer(example: Example, turn: Message) -> str:
    if turn["role"] != "assistant" or any(turn.get(n) for n in ("tool_calls", "tool_call_id", "name")):
        raise cannot_hold(example, _NAME, "an answer that is not plain text")
    return turn["content"]


FORMATS = (Format(_NAME, "Alpaca: instruction, output, system, history", alpaca_row),)
