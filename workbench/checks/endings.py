"""Answers that were cut off: open sentences, lists, code fences, brackets and JSON."""

from __future__ import annotations

import json
import re

from workbench.checks.declared import Check, Hit, Limits, each_answer, qa
from workbench.checks.turns import CODE_SIGNS, Turn

DANGLING = frozenset((
    "a", "an", "the", "and", "or", "but", "of", "because", "if", "than", "which", "whose", "my", "your", "our",
    "their", "i", "we", "they", "und", "oder", "weil", "que", "della", "delle", "zum", "zur", "pour", "avec",
    "dans", "aux",
))  # fmt: skip
ENDINGS = tuple(".!?…:;\"'`)]}>*|”’»。！？；：）」』】")
SELDOM_LAST = frozenset((
    "through", "into", "between", "during", "without", "within", "towards", "upon", "was", "were", "been",
    "being", "very", "pretty", "quite", "while", "although", "as", "such", "including", "its", "his", "every", "each",
    "may", "might", "must", "becoming", "even",
))  # fmt: skip
RARELY_LAST = frozenset((
    "that", "to", "with", "for", "is", "are", "has", "have", "had", "at", "by", "where", "when", "these", "those",
    "will", "would", "could", "should", "can", "in", "on", "from",
))  # fmt: skip
LONG_ANSWER = 300
LONG_SENTENCE = 120
SIGNED = re.compile(r"[#@]\w|https?:|\b(?:lol|haha)", re.IGNORECASE)
WORD = re.compile(r"\w+")
BARE_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s*")
BULLET = re.compile(r"^[ \t]*(?:[-*•]|\d{1,3}[.)])\s+\S", re.MULTILINE)
CLOSED_SENTENCE = re.compile(r"[a-z]{2}[.!?]\s")
JSON_START = re.compile(r'(?:\{\s*"[^"\n]{1,80}"\s*:|\[\s*\{\s*"[^"\n]{1,80}"\s*:)')
JSON_FENCE = re.compile(r"```json\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)
CODE_FENCE = re.compile(r"```(\w+)[^\n]*\n(.*?)```", re.DOTALL)
BRACKETED = frozenset((
    "python", "py", "javascript", "js", "typescript", "ts", "java", "c", "cpp", "csharp", "cs", "go", "rust", "php",
    "kotlin", "swift",
))  # fmt: skip
STRINGS = re.compile(
    r'"""(?:.|\n)*?"""|\'\'\'(?:.|\n)*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`'
    r"|//[^\n]*|/\*(?:.|\n)*?\*/|#[^\n]*"
)


def truncation(text: str, minimum: int) -> tuple[float, str] | None:
    """Say whether an answer looks cut off: ``(score, reason)`` or None."""
    if "```" in text and text.count("```") % 2:
        return 0.9, "a code fence is not closed"
    text = text.rstrip()
    if len(text) < minimum:
        return None
    last = text[text.rfind("\n") + 1 :]
    if BARE_BULLET.fullmatch(last) and BULLET.search(text):
        return 0.9, "its last list item is empty"
    if text.endswith(ENDINGS) or CODE_SIGNS.search(text):
        return None
    words = WORD.findall(last[-400:])
    if len(words) < 4 or SIGNED.search(last):
        return None
    unfinished = ("(", "-", ",") if len(text) >= LONG_SENTENCE else ("(", "-")
    if text.endswith(unfinished) and not text.endswith(("--", "_-", "*-", ".-")):
        return 0.85, "it ends in the middle of a sentence"
    if not last.split()[-1].endswith(words[-1]) or last.split()[-1].startswith(("/", "$")):
        return None
    if words[-1] in DANGLING:
        return 0.9, "its last word cannot end a sentence"
    seldom = words[-1] in SELDOM_LAST or (words[-1] in RARELY_LAST and len(text) >= LONG_ANSWER)
    if seldom and CLOSED_SENTENCE.search(text):
        return 0.75, "its last word seldom ends a sentence"
    return None


def _truncated(turn: Turn, limits: Limits) -> Hit | None:
    cut = truncation(turn.text, limits.min_truncated_characters)
    if cut is None:
        return None
    score, reason = cut
    return Hit({"reason": reason}, score, "drop" if score >= 0.8 else "flag")


def _broken_json(turn: Turn, _limits: Limits) -> Hit | None:
    fenced = JSON_FENCE.search(turn.text)
    text = (fenced[1] if fenced else turn.text).strip()
    if not JSON_START.match(text):
        return None
    if not fenced and "json" not in turn.asked.lower() and "json" not in turn.system.lower():
        return None
    try:
        json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError) as error:
        if re.search(r"\.\.\.|//|/\*|\b(?:True|False|None)\b|\{\{|<\w+>", text):
            return None  # an outline, Python or a template, not meant to be parsed
        position = getattr(error, "pos", 0)
        if position >= len(text) - 1 or _depth(text) > 0:
            return Hit({"reason": "the JSON is not closed"}, 0.9, "drop")
        return Hit({"at_character": position}, 0.8, "flag")
    return None


def _open_brackets(turn: Turn, _limits: Limits) -> Hit | None:
    for language, code in CODE_FENCE.findall(turn.text):
        if language.lower() in BRACKETED and "..." not in code and (depth := _depth(code)) > 0:
            return Hit({"open": depth, "language": language.lower()})
    return None


def _depth(code: str) -> int:
    """How many brackets stay open, strings and comments left out; 0 when it cannot be told."""
    plain = STRINGS.sub("", code)
    open_now = 0
    for left, right in ("()", "[]", "{}"):
        more = plain.count(left) - plain.count(right)
        if more < 0:
            return 0
        open_now += more
    return open_now


START = "We have sent your parcel today. It will arrive"

CHECKS = (
    Check(
        "truncated",
        "the answer is cut off",
        "drop",
        0.9,
        each_answer(_truncated),
        hits=(
            qa("Where is it?", f"{START} at the"),
            qa(
                "Where is it?",
                f"{START} on Friday, and then the driver of the van will call you, with the number that you gave us,",
            ),
            qa("Show the code", "Here is the code:\n```python\nprint(1)"),
            qa("List three trees", "Here are some of the trees of our wood:\n1. oak\n2. beech\n3."),
            qa("Where is it?", f"{START} with a driver who was"),
        ),
        misses=(
            qa("Where is it?", f"{START} on Friday."),
            qa("Where is it?", f"{START} tomorrow morning before noon"),
            qa("Turn the sentence round", "dog lazy the over jumped fox brown quick The"),
            qa("Buy what?", "- apples\n- pears\n- milk and a long list of other things that go on"),
            qa("Show the code", "```python\nprint(1)\n```"),
            qa(
                "Which vitamin helps against a cold, and why would you say so?",
                "The usual answer is vitamin A",
            ),
        ),
    ),
    Check(
        "broken_json",
        "the answer is JSON that does not parse",
        "flag",
        0.8,
        each_answer(_broken_json),
        hits=(
            qa("Give it as JSON.", '{"name": "Ann", "towns": ["Ulm", "Bonn"'),
            qa("Where?", '```json\n{"name": "Ann" "town": "Ulm"}\n```'),
        ),
        misses=(
            qa("Give it as JSON.", '{"name": "Ann", "towns": ["Ulm", "Bonn"]} is the row.'),
            qa("Give it as JSON.", '{"name": "Ann", ...}'),
            qa("Write a dictionary in Python.", '{"name": name, "old": True}'),
        ),
        needs=('{"', "{\n", "{ ", "```json"),
    ),
    Check(
        "open_brackets",
        "a code block has brackets that are never closed",
        "flag",
        0.8,
        each_answer(_open_brackets),
        hits=(qa("Show it", "```python\nprint(max([1, 2], key=len)\n```"),),
        misses=(
            qa("Show it", "```python\nprint('(')  # ((\n```"),
            qa("Show it", "```text\n(a\n```"),
        ),
        needs=("```",),
    ),
)
