"""Answers that say nothing: empty, only punctuation, only a link, a filler, or the prompt again."""

from __future__ import annotations

import re
import unicodedata

from workbench.checks.declared import Case, Check, Hit, Limits, each_answer, qa
from workbench.checks.turns import Row, Turn

FILLERS = frozenset((
    "null", "nan", "undefined", "[deleted]", "[removed]", "<nooutput>", "<no output>", "nooutput", "<noinput>",
    "#n/a", "[object object]", "no response", "no answer", "no output", "n/a", "tbd", "todo", "to do", "fixme",
    "xxx", "???", "placeholder", "answer", "your answer here", "<answer>", "[answer]", "<blank>", "[blank]",
    "lorem ipsum", "test", "asdf", "response", "output",
))  # fmt: skip
ONLY_LINKS = re.compile(r"(?:(?:[-*•]|\d{1,2}[.)])?+\s*+<?(?:https?://|www\.)\S++\s*+)++")
ASKS_FOR_LINK = re.compile(
    r"\b(?:urls?|links?|website|web ?site|page|site|where can i|sources?|references?|articles?|videos?)\b",
    re.IGNORECASE,
)
ASKS_TO_REPEAT = re.compile(
    r"\b(?:repeat|say|echo|complet\w*|continu\w*|finish|fill|rewrite|re-write|correct|edit|fix|copy|quote|extend"
    r"|add|convert|paraphrase|translate|proofread|rephrase|capitali[sz]e|restate|edited)\b|___|…|\.\.\.",
    re.IGNORECASE,
)
ASKS_FOR_SIGN = re.compile(
    r"\b(?:punctuation|symbol|sign|character|operator|emoji|mark|bracket)", re.IGNORECASE
)
SMILEY = re.compile(r"[:;=8][-~^o'*]?[)(\]\[}{|/\\*]+|[)(][-~^]?[:;=]|<3|\^_*\^|-_+-|[:;]")
EMPTY_VALUES = frozenset(("{}", "[]", "()", '""', "''"))
MIN_ECHO = 40


def _empty(row: Row, _limits: Limits) -> Hit | None:
    for part in ("messages", "chosen", "rejected"):
        turns = row.example.get(part) or ()
        for index, entry in enumerate(turns):  # type: ignore[arg-type, var-annotated]
            if entry["role"] == "assistant" and not entry["content"].strip() and not entry.get("tool_calls"):
                return Hit({"part": part, "message": index})
    return None


def _punctuation(turn: Turn, _limits: Limits) -> Hit | None:
    text = turn.text.strip()
    if not text or len(text) > 200 or any(map(str.isalnum, text)) or SMILEY.fullmatch(text):
        return None
    if ASKS_FOR_SIGN.search(turn.asked) or text in EMPTY_VALUES:
        return None
    if all(unicodedata.category(c)[0] in "PZC" or c in "=+<>|~^`$" for c in text):
        return Hit({"characters": len(text)})
    return None


def _filler(turn: Turn, _limits: Limits) -> Hit | None:
    if len(turn.lower) > 24:
        return None
    word = turn.lower.strip().rstrip(".!")
    if word in FILLERS and word not in turn.asked.lower() and not turn.is_code:
        return Hit()
    return None


def _only_links(turn: Turn, _limits: Limits) -> Hit | None:
    if not ONLY_LINKS.fullmatch(turn.text.strip()) or ASKS_FOR_LINK.search(turn.asked):
        return None
    return Hit()


def _echo(turn: Turn, _limits: Limits) -> Hit | None:
    asked = turn.asked.strip()
    if len(asked) < MIN_ECHO or not turn.text[:400].strip().startswith(asked[:MIN_ECHO]):
        return None
    text = turn.text.strip()
    if not text.startswith(asked) or ASKS_TO_REPEAT.search(asked):
        return None
    if text == asked:
        return Hit({"reason": "the answer is the prompt"}, 0.95)
    return None if turn.is_code else Hit({"reason": "the answer begins with the whole prompt"}, 0.7, "flag")


LONG_QUESTION = "Which of the two rivers in this town is the longer one, and why?"

CHECKS = (
    Check(
        "empty_answer",
        "an answer has no text",
        "drop",
        1.0,
        _empty,
        hits=(qa("Where is it?", " \n"), Case((("user", "Where?"),), chosen="", rejected="Here.")),
        misses=(qa("Where is it?", "No"),),
    ),
    Check(
        "punctuation_only",
        "an answer is only punctuation",
        "drop",
        0.95,
        each_answer(_punctuation),
        hits=(qa("Where is it?", "..."), qa("Where is it?", "-")),
        misses=(
            qa("Are you well?", ":-)"),
            qa("Are you well?", "👍"),
            qa("Which sign ends a question?", "?"),
            qa("What is 2 + 2?", "4"),
        ),
    ),
    Check(
        "filler_answer",
        "an answer is a filler such as null, n/a or TODO",
        "drop",
        0.9,
        each_answer(_filler),
        hits=(qa("Where is it?", "N/A"), qa("Where is it?", "<nooutput>"), qa("Where is it?", "TODO")),
        misses=(
            qa("Is the field null or zero?", "Null."),
            qa("What does typeof x return in JavaScript?", "undefined"),
            qa("Who was in?", "None"),
        ),
    ),
    Check(
        "url_only",
        "an answer is only a link",
        "flag",
        0.8,
        each_answer(_only_links),
        hits=(qa("How do I reset the clock?", "https://example.com/clock"),),
        misses=(
            qa("Give me the link to the shop.", "https://example.com/shop"),
            qa("How do I reset it?", "See https://example.com/clock"),
        ),
        needs=("http", "www."),
    ),
    Check(
        "prompt_echo",
        "the answer repeats the prompt",
        "drop",
        0.95,
        each_answer(_echo),
        hits=(qa(LONG_QUESTION, LONG_QUESTION), qa(LONG_QUESTION, f"{LONG_QUESTION} The Elbe is.")),
        misses=(
            qa(f"Repeat after me: {LONG_QUESTION}", f"Repeat after me: {LONG_QUESTION}"),
            qa(LONG_QUESTION, "Which of the two rivers? The Elbe."),
        ),
    ),
)
