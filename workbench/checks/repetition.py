"""Answers that repeat themselves: word n-grams, lines, characters."""

from __future__ import annotations

import re
from collections import Counter

from workbench.checks.declared import Check, Hit, Limits, each_answer, qa
from workbench.checks.turns import Turn

WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
LETTERS = re.compile(r"([a-z])\1{11,}")
THREE = re.compile(r"([a-z])\1\1")
LIST_MARK = re.compile(r"^(?:[-*•]|\d{1,3}[.)])\s*")
SIZE = 4
MIN_LINES = 6
MIN_TIMES = 5
EXPECTED_SHARE = 0.9
SUNG = re.compile(
    r"\b(?:song|lyrics?|poem|haiku|chorus|rap|rhyme|repeat|times|chant|mantra)\b", re.IGNORECASE
)


def repeated_share(text: str, size: int = SIZE, threshold: float = 0.0) -> float:
    """Share of word n-grams that are repeats of an earlier one; 0 for short texts.

    Texts written without spaces are counted by character. Below ``threshold`` the share need
    not be exact: n-grams are not counted where the number of different words alone shows that
    the share cannot reach it (each word but the last three begins an n-gram of its own).
    """
    text = text.lower()
    wide = not text.isascii() and WIDE.search(text) is not None
    words = (
        [c for c in text if c.isalnum()]
        if wide
        else [w for w in text.split() if w[0].isalnum() or w[-1].isalnum()]
    )
    grams = len(words) - size + 1
    if len(words) < 4 * size:
        return 0.0
    least = len(set(words)) - size + 1
    if 1.0 - least / grams < threshold:
        return 0.0
    counted = Counter(zip(*(words[start:] for start in range(size)), strict=False))
    return 1.0 - len(counted) / grams


def _ngrams(turn: Turn, limits: Limits) -> Hit | None:
    if len(turn.text) < 4 * SIZE:
        return None
    share = repeated_share(turn.text, threshold=limits.repeat_share)
    if share < limits.repeat_share:
        return None
    if not (SUNG.search(turn.asked) or turn.is_code):
        return Hit({"share": round(share, 3)})
    return Hit({"share": round(share, 3)}, 0.5, "flag") if share >= EXPECTED_SHARE else None


def _lines(turn: Turn, limits: Limits) -> Hit | None:
    if turn.text.count("\n") < MIN_LINES - 1:
        return None
    lines = [LIST_MARK.sub("", line.strip()) for line in turn.lower.splitlines()]
    lines = [line for line in lines if len(line) > 10 and any(map(str.isalpha, line))]
    if len(lines) < MIN_LINES:
        return None
    share = 1.0 - len(set(lines)) / len(lines)
    often = Counter(lines).most_common(1)[0][1]
    if share < limits.repeat_share or often < MIN_TIMES or turn.is_code or SUNG.search(turn.asked):
        return None
    return Hit({"share": round(share, 3)})


def _letters(turn: Turn, _limits: Limits) -> Hit | None:
    # Twelve equal letters leave three in every fourth: a quarter of the text to look through.
    found = LETTERS.search(turn.lower) if THREE.search(turn.lower[::4]) else None
    if found is None or turn.is_code:
        return None
    return Hit({"at": found.start(), "times": len(found[0])})


LOOP = "I will help you now please wait. "
LINE = "- check that the lamp is plugged in\n"

CHECKS = (
    Check(
        "repeated_ngrams",
        "the answer repeats itself",
        "drop",
        0.9,
        each_answer(_ngrams),
        hits=(qa("Where is it?", LOOP * 12), qa("它在哪里？", "请稍等，我马上帮您查询。" * 12)),
        misses=(
            qa("Where is it?", "tra la la, tra la la, hey"),
            qa(
                "Where is it?",
                "It is in the hall, on the shelf to the left, behind the box with the old shoes.",
            ),
        ),
    ),
    Check(
        "repeated_lines",
        "the answer repeats its lines",
        "flag",
        0.8,
        each_answer(_lines),
        hits=(qa("How do I fix it?", f"{LINE}- look at the switch, and at the bulb\n" * 5),),
        misses=(
            qa("Write a song.", LINE * 12),
            qa("How do I fix it?", "".join(f"- check part {n} of the lamp\n" for n in range(12))),
        ),
    ),
    Check(
        "repeated_characters",
        "one letter is repeated many times",
        "flag",
        0.7,
        each_answer(_letters),
        hits=(qa("Where is it?", "It is heeeeeeeeeeeeeeeeere."),),
        misses=(qa("Where is it?", "Hmmmm ... ____________ 100000000000000"),),
    ),
)
