"""Damaged text: mojibake, lost, control and invisible characters."""

from __future__ import annotations

import re
from typing import Any

from workbench.checks.declared import Check, Hit, Limits, qa
from workbench.checks.turns import Row

UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CONTROL = re.compile(r"\x1b\[[0-9;]{0,12}[A-Za-z]|" + UNSEEN.pattern)
BREAKS = frozenset("\x0b\x0c")
SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
INVISIBLE = re.compile("[\u200b\u2060\ufeff]+")
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]+")
HIDDEN_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")


def _encoding(row: Row, _limits: Limits) -> Hit | None:
    if row.is_ascii:
        return None
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    spans = [
        {"part": part, "message": index, "start": 0, "end": len(entry["content"]), "operator": "fix_encoding"}
        for part, index, entry in row.parts
        if not entry["content"].isascii()
        and is_bad(entry["content"])
        and fix_encoding(entry["content"]) != entry["content"]
    ]
    return Hit({"spans": spans}) if spans else None


def _lost(row: Row, _limits: Limits) -> Hit | None:
    if row.is_ascii:
        return None
    for part, index, entry in row.parts:
        if "\ufffd" in entry["content"]:
            return Hit({"part": part, "message": index, "at": entry["content"].index("\ufffd")})
    return None


def _control(row: Row, _limits: Limits) -> Hit | None:
    spans = []
    for part, index, entry in row.parts:
        text = entry["content"]
        if UNSEEN.search(text):
            found = CONTROL.finditer(text)
            spans += [_strip(part, index, one, "\n" if one[0] in BREAKS else "") for one in found]
    return Hit({"spans": spans}) if spans else None


def _invisible(row: Row, _limits: Limits) -> Hit | None:
    if row.is_ascii:
        return None
    spans = []
    for part, index, entry in row.parts:
        text = entry["content"]
        if text.isascii():
            continue
        patterns = [HIDDEN_TAGS]
        if not SPACELESS.search(text):
            patterns.append(INVISIBLE)
        if not RIGHT_TO_LEFT.search(text):
            patterns.append(DIRECTIONS)
        spans += [_strip(part, index, found, "") for one in patterns for found in one.finditer(text)]
    return Hit({"spans": spans}) if spans else None


def _strip(part: str, index: int, found: re.Match[str], replacement: str) -> dict[str, Any]:
    span = {"part": part, "message": index, "start": found.start(), "end": found.end()}
    return span | {"operator": "strip", "replacement": replacement}


CHECKS = (
    Check(
        "encoding",
        "mojibake",
        "rewrite",
        0.95,
        _encoding,
        hits=(qa("Where is it?", "The cafÃ© is open, and weâ€™re glad you asked."),),
        misses=(qa("Wo ist es?", "The café is open, and we’re glad you asked. Grüße aus München!"),),
    ),
    Check(
        "lost_characters",
        "characters were lost and cannot be brought back",
        "flag",
        0.9,
        _lost,
        hits=(qa("Where is it?", "The caf\ufffd is open."),),
        misses=(qa("Where is it?", "The caf? is open."),),
    ),
    Check(
        "control_characters",
        "control characters that no reader sees",
        "rewrite",
        0.95,
        _control,
        hits=(qa("Where is it?", "It is\x00 here.\x0cSee page 2."), qa("Where?", "\x1b[31mHere\x1b[0m.")),
        misses=(qa("Where is it?", "It is\there.\r\nSee page 2."),),
    ),
    Check(
        "invisible_characters",
        "zero-width or direction characters that no reader sees",
        "rewrite",
        0.95,
        _invisible,
        hits=(
            qa("Where is it?", "It is\u200b here."),
            qa("Where is it?", "It is \u202eereh\u202c."),
            qa("Where is it?", "Here.\U000e0041\U000e0042"),
        ),
        misses=(
            qa("Who?", "👩\u200d👧 and می\u200cخواهم"),
            qa("Who?", "England 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"),
            qa("ที่ไหน", "ที่\u200bนี่"),
        ),
    ),
)
