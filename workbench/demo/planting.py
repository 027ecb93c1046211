"""Plants faults into clean rows: copies, personal data, secrets, broken answers and lines.

A `Draft` is a row before it has a line number; it carries what was planted in it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workbench.demo import desk_phrases, edge_phrases, sensitive
from workbench.demo.likeness import char_shingles, jaccard, word_shingles

if TYPE_CHECKING:
    import random

    from workbench.demo.compose import Message

NEAR: Final = 0.8
"""Planted near duplicates reach this Jaccard on word 2-shingles and on char 5-shingles."""

_TYPO_LETTERS: Final = 5
_DROPPED: Final = frozenset({"the", "a", "my", "it", "so", "very", "for"})


@dataclass(eq=False)
class Draft:
    """One line to be: its text, its place in the file, and the truths planted in it."""

    text: str
    place: float
    truths: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    of: Draft | None = None

    def messages(self) -> list[Message]:
        """Return a fresh copy of the row's messages."""
        found: list[Message] = json.loads(self.text)["messages"]
        return found

    def label(self) -> str:
        """Return the row's topic."""
        return str(json.loads(self.text)["label"])


def as_line(row: dict[str, object]) -> str:
    """Return the row as one line of JSON."""
    return json.dumps(row, ensure_ascii=False)


def chat_line(messages: list[Message], label: str) -> str:
    """Return a chat row as one line of JSON."""
    return as_line({"messages": messages, "label": label})


def joined(messages: list[Message]) -> str:
    """Return the texts of the messages, one after another."""
    return "\n".join(message["content"] for message in messages)


def first_of(messages: list[Message], role: str) -> int:
    """Return the index of the first message of that role."""
    return next(i for i, message in enumerate(messages) if message["role"] == role)


def copy_of(rng: random.Random, original: Draft, text: str, kind: str) -> Draft:
    """Return a copy that stands later in the file than its original."""
    place = rng.uniform(original.place, 1.0)
    return Draft(text, place, [(kind, {})], original)


def loosened(rng: random.Random, original: Draft) -> str:
    """Return the row with other case and white space, equal once both are normalised."""
    messages = original.messages()
    user = messages[first_of(messages, "user")]
    styles = (
        user["content"].lower(),
        user["content"].upper(),
        user["content"].replace(" ", "  "),
        "  " + user["content"] + " \n",
        user["content"].replace(". ", ".\n").swapcase(),
    )
    user["content"] = rng.choice(styles)
    return chat_line(messages, original.label())


def _edit_word(rng: random.Random, words: list[str]) -> list[str]:
    """Return the words with one typo, one synonym or one short word dropped."""
    place = rng.randrange(1, len(words) - 1)
    word = words[place]
    if word in edge_phrases.SYNONYMS:
        return [*words[:place], edge_phrases.SYNONYMS[word], *words[place + 1 :]]
    if word in _DROPPED:
        return words[:place] + words[place + 1 :]
    if word.isalpha() and len(word) >= _TYPO_LETTERS:
        cut = rng.randrange(1, len(word) - 2)
        typo = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
        return [*words[:place], typo, *words[place + 1 :]]
    return words


def nearly(rng: random.Random, original: Draft) -> tuple[str, float]:
    """Return the row with one or two words of the question edited, and the lowest Jaccard."""
    before = original.messages()
    index = first_of(before, "user")
    while True:
        words = before[index]["content"].split(" ")
        for _ in range(rng.choice((1, 1, 2))):
            words = _edit_word(rng, words)
        after = original.messages()
        after[index]["content"] = " ".join(words)
        pairs = [
            (before[index]["content"], after[index]["content"]),
            (joined(before), joined(after)),
        ]
        score = min(
            jaccard(cut(left), cut(right)) for left, right in pairs for cut in (word_shingles, char_shingles)
        )
        if NEAR <= score < 1.0:
            return chat_line(after, original.label()), round(score, 4)


def _echo(answer: str, told: str) -> str:
    """Return the answer with a sentence put before its closing question."""
    head, closing = answer.rsplit(desk_phrases.CLOSING_QUESTION, 1)
    return f"{head}{told} {desk_phrases.CLOSING_QUESTION}{closing}"


def reveal(rng: random.Random, messages: list[Message], entity: str, where: str) -> list[dict[str, object]]:
    """Put a personal value or secret into the messages, and return one truth per place.

    `where` is "user", "assistant" or "both".
    """
    make = sensitive.PERSONAL.get(entity) or sensitive.SECRETS[entity]
    value = make(rng)
    digest = hashlib.sha256(value.encode()).hexdigest()
    truths: list[dict[str, object]] = []
    for role in ("user", "assistant"):
        if where not in {role, "both"}:
            continue
        index = first_of(messages, role)
        content = messages[index]["content"]
        if role == "user":
            told = rng.choice(sensitive.TOLD[entity]).format(value=value)
            messages[index]["content"] = f"{content} {told}"
        else:
            messages[index]["content"] = _echo(content, sensitive.ECHOED[entity].format(value=value))
        truths.append({"entity": entity, "message": index, "value_sha256": digest})
    return truths


FAULTS: Final[tuple[str, ...]] = (
    *("empty_answer",) * 4,
    *("truncated",) * 4,
    *("refusal",) * 4,
    *("repeated",) * 4,
    *("mojibake",) * 3,
    *("two_user_turns",) * 2,
    "assistant_first",
    *("wrong_language",) * 3,
)


def spoil(rng: random.Random, messages: list[Message], topic: str, fault: str) -> list[Message]:
    """Return the first turn of the conversation with the quality fault in it."""
    start = first_of(messages, "user")
    user, reply = messages[start : start + 2]
    head = f"Topic: {topic}\n"
    bad = {
        "empty_answer": "",
        "truncated": head + rng.choice(edge_phrases.TRUNCATED),
        "refusal": rng.choice(edge_phrases.REFUSALS),
        "repeated": head + " ".join([rng.choice(edge_phrases.REPEATED)] * 12),
        "mojibake": head + rng.choice(edge_phrases.BEFORE_MOJIBAKE).encode().decode("cp1252"),
        "wrong_language": head + rng.choice(edge_phrases.FOREIGN_ANSWERS),
    }
    if fault == "two_user_turns":
        return [user, {"role": "user", "content": "Hello? Is anyone there?"}, reply]
    if fault == "assistant_first":
        return [reply, user]
    return [user, {"role": "assistant", "content": bad[fault]}]


def malformed(good: str) -> dict[str, str]:
    """Return five lines that an importer must reject, by the reason, made from a good one."""
    row = json.loads(good)
    first, *rest = row["messages"]
    return {
        "broken_json": good[: len(good) // 2],
        "missing_messages": as_line({"label": row["label"]}),
        "unknown_role": as_line({**row, "messages": [{**first, "role": "moderator"}, *rest]}),
        "non_string_content": as_line({**row, "messages": [{**first, "content": 42}, *rest]}),
        "empty_messages": as_line({**row, "messages": []}),
    }
