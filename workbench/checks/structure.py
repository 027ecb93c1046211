"""The conversation as a whole: order of roles, system messages that disagree, length."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.checks.declared import Case, Check, Hit, Limits, qa
from workbench.checks.turns import Row
from workbench.examples import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SENTENCE = re.compile(r"[^.!?\n]+")
TO = r"\b(?:be|keep (?:it|your \w+)|answers?|respond|reply|write|speak|talk|use|always)\b[^.!?\n]{0,40}\b"
OPPOSITES = tuple(
    (name, re.compile(left, re.IGNORECASE), re.compile(right, re.IGNORECASE))
    for name, left, right in (
        (
            "length",
            TO + r"(?:brief(?:ly)?|short|concise(?:ly)?|terse(?:ly)?|one (?:word|sentence))\b",
            TO + r"(?:detailed|in detail|lengthy|long|exhaustive(?:ly)?|thorough(?:ly)?|elaborate)\b",
        ),
        (
            "case",
            TO + r"(?:all caps|uppercase|capital letters)\b",
            TO + r"(?:lower ?case)\b",
        ),
        ("tone", TO + r"(?:formal(?:ly)?)\b", TO + r"(?:informal(?:ly)?|casual(?:ly)?|slang)\b"),
    )
)
LANGUAGE = re.compile(
    r"\b(?:answer|respond|reply|speak|write)\w*\b[^.!?\n]{0,30}\bin (english|german|french|spanish|italian|portuguese|dutch"
    r"|chinese|japanese|korean|russian|arabic|hindi|turkish|polish)\b",
    re.IGNORECASE,
)
CONDITION = re.compile(r"\b(?:if|when|unless|except|otherwise|depending)\b", re.IGNORECASE)
WIDE = re.compile(r"[\u0e00-\u0eff\u1100-\u11ff\u3040-\ud7af\uf900-\ufaff]")


NO_LAST_ANSWER = "the conversation does not end with an answer"


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
        return NO_LAST_ANSWER
    if row["kind"] == "preference" and roles[-1] == "assistant":
        return "the prompt ends with an answer"
    return None


def _roles(row: Row, _limits: Limits) -> Hit | None:
    reason = role_fault(row.example)
    if reason == NO_LAST_ANSWER and len(row.answers) > 0:
        return Hit({"reason": f"{reason}; the turns before it can be used"}, 0.95, "flag")
    return Hit({"reason": reason}) if reason else None


def _system_conflict(row: Row, _limits: Limits) -> Hit | None:
    texts = [m["content"].strip() for m in row.messages if m["role"] == "system"]
    if not texts:
        return None
    about = contradiction("\n".join(texts))
    if about:
        return Hit({"reason": f"the system message contradicts itself on {about}"}, 0.8)
    if len(set(texts)) > 1:
        return Hit({"reason": "two system messages differ", "system_messages": len(texts)})
    return None


def contradiction(text: str) -> str | None:
    """What two sentences of an instruction disagree on (length, case, tone, language), or None."""
    if len({found.lower() for found in LANGUAGE.findall(text)}) > 1 and not CONDITION.search(text):
        return "language"
    sentences = SENTENCE.findall(text)
    for name, left, right in OPPOSITES:
        one = [n for n, sentence in enumerate(sentences) if left.search(sentence)]
        two = [n for n, sentence in enumerate(sentences) if right.search(sentence)]
        if one and two and not set(one) & set(two) and not CONDITION.search(text):
            return name
    return None


def _too_long(row: Row, limits: Limits) -> Hit | None:
    if limits.max_tokens is None:
        return None
    texts = [entry["content"] for part, _, entry in row.parts if part != "rejected"]
    if sum(map(len, texts)) < limits.max_tokens // 2:
        return None  # even at two tokens a character it fits
    if limits.tokenizer is not None:
        tokens = sum(len(_tokenizer(limits.tokenizer).encode(text)) for text in texts)
        counted = "tokenizer"
    else:
        tokens = round(sum(estimated_tokens(text, limits.characters_per_token) for text in texts))
        counted = "estimate"
    if tokens <= limits.max_tokens:
        return None
    return Hit({"tokens": tokens, "counted_by": counted}, None if counted == "estimate" else 1.0)


def estimated_tokens(text: str, characters_per_token: float) -> float:
    """Tokens by characters: one each for scripts without spaces, else ``characters_per_token``."""
    wide = 0 if text.isascii() else len(WIDE.findall(text))
    return (len(text) - wide) / characters_per_token + wide


@lru_cache(maxsize=1)
def _tokenizer(name: str) -> PreTrainedTokenizerBase:
    from workbench.models import load_tokenizer

    return load_tokenizer(name)


CHECKS = (
    Check(
        "role_order",
        "the roles are in a wrong order",
        "drop",
        0.95,
        _roles,
        hits=(
            Case((("assistant", "Here."), ("user", "Where?"), ("assistant", "There."))),
            Case((("user", "Where?"),)),
        ),
        misses=(qa("Where is it?", "Here.", system="Be kind."),),
    ),
    Check(
        "system_conflict",
        "system messages contradict each other",
        "flag",
        0.7,
        _system_conflict,
        hits=(
            qa("Where?", "Here.", system="Always be brief. Your answers should be very detailed."),
            qa("Where?", "Here.", system="Always answer in French. Write your answers in German."),
            Case(
                (("system", "Be kind."), ("system", "Be rude."), ("user", "Where?"), ("assistant", "Here."))
            ),
        ),
        misses=(
            qa("Where?", "Here.", system="Be concise but thorough. Answer in English."),
            qa("Where?", "Here.", system="Be brief. If asked twice, be detailed."),
        ),
    ),
    Check(
        "too_long",
        "longer than the context of the model",
        "flag",
        0.8,
        _too_long,
        hits=(
            qa("Where is it?", "It is here. " * 40, max_tokens=100),
            qa("在哪里？", "在这里。" * 40, max_tokens=100),
        ),
        misses=(qa("Where is it?", "It is here. " * 40, max_tokens=200), qa("Where is it?", "Here. " * 9000)),
    ),
)
