"""Format and quality faults that a reviewer would write down himself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from workbench.examples import Example, Message, answer_text, parts
from workbench.findings import Finding, about
from workbench.recipes import StepOptions

TITLE = "Format and quality"
SCOPE = "map"

REFUSAL = re.compile(
    r"\bas an? (ai|artificial intelligence|large language|language) (language )?model\b"
    r"|\bi(?:'|\u2019)?m sorry,? but (?:i|as an ai)\b[^.]{0,40}\b(?:cannot|can't|can\u2019t|unable)\b"
    r"|\bi am (?:just |only )?an ai\b",
    re.IGNORECASE,
)
DANGLING = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "because",
        "if",
        "than",
        "which",
        "whose",
        "my",
        "your",
        "our",
        "their",
        "i",
        "we",
        "they",
    ]
)
ENDINGS = tuple(".!?…:;\"'`)]}>*|”’»。！？")
WORD = re.compile(r"\w+", re.UNICODE)


class Options(StepOptions):
    """Which checks run, and their thresholds."""

    empty_answer: bool = True
    truncated: bool = True
    role_order: bool = True
    refusal: bool = True
    repeated_ngrams: bool = True
    encoding: bool = True
    repeat_share: float = 0.5
    min_truncated_characters: int = 40


def find(rows: list[Example], options: Options, _context: object = None) -> list[Finding]:
    """Check every row; the score is the share of past hits that were real faults."""
    return [finding for row in rows for finding in _checks(row, options)]


def _checks(row: Example, options: Options) -> Iterator[Finding]:
    answers = [m for _, _, m in parts(row) if m["role"] == "assistant"]
    if options.empty_answer and any(_is_empty(m) for m in answers):
        yield about(row, "quality", "empty_answer", 1.0, "drop", reason="an answer has no text")
    if options.role_order and (reason := role_fault(row)):
        yield about(row, "quality", "role_order", 0.95, "drop", reason=reason)
    if options.encoding:
        yield from _encoding(row)
    answer = answer_text(row)
    if options.truncated and (cut := truncation(answer, options.min_truncated_characters)):
        score, reason = cut
        proposal = "drop" if score >= 0.8 else "flag"
        yield about(row, "quality", "truncated", score, proposal, reason=reason)
    if options.refusal and (match := REFUSAL.search(answer)):
        yield about(row, "quality", "refusal", 0.9, "drop", reason="boilerplate refusal", at=match.start())
    if options.repeated_ngrams:
        share = repeated_share(answer)
        if share >= options.repeat_share:
            evidence: dict[str, Any] = {"reason": "the answer repeats itself", "share": round(share, 3)}
            yield about(row, "quality", "repeated_ngrams", min(1.0, share), "drop", **evidence)
    if row["kind"] == "preference" and _same(row.get("chosen"), row.get("rejected")):
        yield about(row, "quality", "no_preference", 1.0, "drop", reason="chosen equals rejected")


def role_fault(row: Example) -> str | None:
    """Say what is wrong with the order of roles, or None.

    Right is: system turns only at the start, a user turn before the first answer, user and
    assistant turns alternating (tool turns may stand between), an answer at the end.
    """
    roles = [m["role"] for m in row["messages"]]
    while roles and roles[0] == "system":
        roles.pop(0)
    if not roles:
        return "there is only a system message"
    if roles[0] != "user":
        return "the conversation does not start with the user"
    if "system" in roles:
        return "a system message stands in the middle"
    for before, after in zip(roles, roles[1:], strict=False):
        if before == after == "user":
            return "two user turns follow each other"
        if before == after == "assistant":
            return "two assistant turns follow each other"
    if row["kind"] == "sft" and roles[-1] != "assistant":
        return "the conversation does not end with an answer"
    if row["kind"] == "preference" and roles[-1] == "assistant":
        return "the prompt ends with an answer"
    return None


def truncation(text: str, minimum: int) -> tuple[float, str] | None:
    """Say whether an answer looks cut off: ``(score, reason)`` or None."""
    text = text.rstrip()
    if text.count("```") % 2:
        return 0.9, "a code fence is not closed"
    if len(text) < minimum or text.endswith(ENDINGS):
        return None
    last = text.splitlines()[-1]
    if text.endswith((",", "-", "(", "/")):
        return 0.85, "it ends in the middle of a sentence"
    words = WORD.findall(last.lower())
    if words and words[-1] in DANGLING and len(words) > 3:
        return 0.9, "its last word cannot end a sentence"
    ended_before = re.search(r"[a-z]{2}[.!?]\s", text)
    if ended_before and len(words) > 3 and text[-1].islower():
        return 0.6, "earlier sentences are closed, the last is not"
    return None


def repeated_share(text: str, size: int = 4) -> float:
    """Share of word n-grams that are repeats of an earlier one; 0 for short texts."""
    words = WORD.findall(text.lower())
    if len(words) < 4 * size:
        return 0.0
    grams = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    return 1.0 - len(grams) / sum(grams.values())


def _encoding(row: Example) -> Iterator[Finding]:
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    spans = []
    for part, index, entry in parts(row):
        text = entry["content"]
        if not text.isascii() and is_bad(text) and fix_encoding(text) != text:
            spans.append(
                {"part": part, "message": index, "start": 0, "end": len(text), "operator": "fix_encoding"}
            )
        elif "\ufffd" in text:
            yield about(row, "quality", "lost_characters", 0.8, "flag", part=part, message=index)
    if spans:
        yield about(row, "quality", "encoding", 0.95, "rewrite", spans=spans, reason="mojibake")


def _is_empty(entry: Message) -> bool:
    return not entry["content"].strip() and not entry.get("tool_calls")


def _same(left: list[Message] | None, right: list[Message] | None) -> bool:
    return [m["content"].strip() for m in left or []] == [m["content"].strip() for m in right or []]
