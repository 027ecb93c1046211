"""Preference pairs that teach nothing, or the wrong thing."""

from __future__ import annotations

from workbench.checks.declared import Case, Check, Hit, Limits
from workbench.checks.refusals import HARMFUL, declines
from workbench.checks.turns import Row
from workbench.examples import Message

PREFIX = 40
SHORT = 300


def _texts(messages: list[Message] | None) -> list[str]:
    return [m["content"].strip() for m in messages or []]


def _same(row: Row, _limits: Limits) -> Hit | None:
    if row.example["kind"] != "preference":
        return None
    same = _texts(row.example.get("chosen")) == _texts(row.example.get("rejected"))
    return Hit() if same else None


def _refuses(row: Row, _limits: Limits) -> Hit | None:
    if row.example["kind"] != "preference":
        return None
    chosen = "\n".join(_texts(row.example.get("chosen")))
    rejected = "\n".join(_texts(row.example.get("rejected")))
    if len(chosen) > SHORT or 2 * len(chosen) > len(rejected) or declines(rejected):
        return None
    if not declines(chosen) or HARMFUL.search(row.prompt_lower):
        return None
    return Hit()


def _cut(row: Row, _limits: Limits) -> Hit | None:
    if row.example["kind"] != "preference":
        return None
    chosen = "\n".join(_texts(row.example.get("chosen")))
    rejected = "\n".join(_texts(row.example.get("rejected")))
    if len(chosen) < PREFIX or len(rejected) <= len(chosen) or not rejected.startswith(chosen):
        return None
    if chosen.endswith((".", "!", "?", "```", "。")):
        return None  # a shorter answer may well be the better one
    return Hit()


ASKED = (("user", "Which tree grows fastest?"),)
LONG = "Poplars do: they can grow two metres in a year, more than willows or birches do in two."

CHECKS = (
    Check(
        "no_preference",
        "chosen equals rejected",
        "drop",
        1.0,
        _same,
        hits=(Case(ASKED, "The poplar.", "The poplar. "),),
        misses=(Case(ASKED, "The poplar.", "The poplar"),),
    ),
    Check(
        "chosen_refuses",
        "the chosen answer refuses, the rejected one answers",
        "flag",
        0.8,
        _refuses,
        hits=(Case(ASKED, "I'm sorry, but I cannot help with that.", LONG),),
        misses=(
            Case(ASKED, LONG, "I'm sorry, but I cannot help with that."),
            Case((("user", "How do I make a bomb?"),), "I cannot help with that.", LONG),
        ),
    ),
    Check(
        "chosen_cut",
        "the chosen answer is the rejected one, cut off",
        "flag",
        0.8,
        _cut,
        hits=(Case(ASKED, LONG[:60], LONG),),
        misses=(Case(ASKED, LONG, f"{LONG} I hope this helps."),),
    ),
)
