"""Composes questions and house-style answers of the "Lumen" desk from the phrase tables."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from workbench.demo import desk_phrases, phrases

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

Message = dict[str, str]

_CHOICE: Final = re.compile(r"\[([^\[\]]*)\]")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_ASKING: Final = ("does ", "how ", "is ", "can ", "which ", "will ", "what ", "do ")
_HAS_NUMBER: Final = {"product": 0.15, "account": 0.1, "discount": 0.4, "warranty": 0.5}


class Question(NamedTuple):
    """One customer message; `reference` is for example "order 48213", or empty."""

    text: str
    topic: str
    reference: str


def chance(rng: random.Random, share: float) -> bool:
    """Return True in this share of the calls."""
    return rng.random() < share


def expand(rng: random.Random, template: str, **values: str) -> str:
    """Return the template with one alternative per ``[a|b]`` and every ``{slot}`` filled."""
    chosen = _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), template)

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        return values[name] if name in values else rng.choice(phrases.SLOTS[name])

    return _SLOT.sub(fill, chosen)


def sentence(text: str) -> str:
    """Return the clause as a sentence: first letter large, closed by a full stop or mark."""
    mark = "?" if text.startswith(_ASKING) else "."
    return text[0].upper() + text[1:] + mark


def pick_topic(rng: random.Random, mix: Mapping[str, float]) -> str:
    """Return one topic drawn with the shares of `mix`."""
    return rng.choices(list(mix), weights=list(mix.values()))[0]


def quotas(rng: random.Random, mix: Mapping[str, float], total: int) -> list[str]:
    """Return `total` topics in the shares of `mix`, shuffled; the first topic takes the rest."""
    counts = {topic: round(share * total) for topic, share in mix.items()}
    counts[next(iter(mix))] += total - sum(counts.values())
    topics = [topic for topic, count in counts.items() for _ in range(count)]
    rng.shuffle(topics)
    return topics


def draw_reference(rng: random.Random, topic: str) -> tuple[str, str]:
    """Return a sentence that names an order or invoice, and the name; both may be empty."""
    if not chance(rng, _HAS_NUMBER.get(topic, 0.7)):
        return "", ""
    invoice = topic == "billing" and chance(rng, 0.6)
    kind = "invoice" if invoice else "order"
    number = str(rng.randint(1000, 9999) if invoice else rng.randint(10000, 99999))
    told = expand(rng, rng.choice(phrases.REFERENCES), kind=kind, number=number)
    return told, f"{kind} {number}"


def question(rng: random.Random, topic: str, low: int = 8, high: int = 40) -> Question:
    """Return a question about `topic` with `low` to `high` words."""
    while True:
        told, reference = draw_reference(rng, topic)
        problem = sentence(expand(rng, rng.choice(phrases.PROBLEMS[topic])))
        body = [told, problem] if chance(rng, 0.3) else [problem, told]
        parts = [
            rng.choice(phrases.OPENERS) if chance(rng, 0.85) else "",
            *body,
            expand(rng, rng.choice(phrases.ASKS[topic])) if chance(rng, 0.8) else "",
            rng.choice(phrases.CLOSINGS) if chance(rng, 0.6) else "",
        ]
        text = " ".join(part for part in parts if part)
        if low <= len(text.split()) <= high:
            return Question(text, topic, reference)


def follow_up(rng: random.Random, first: Question) -> Question:
    """Return the second message of a conversation, on the topic of the first."""
    while True:
        problem = expand(rng, rng.choice(phrases.PROBLEMS[first.topic]))
        ask = expand(rng, rng.choice(phrases.ASKS[first.topic]))
        text = expand(rng, rng.choice(phrases.FOLLOW_UPS), problem=problem, ask=ask)
        if problem[:20].lower() not in first.text.lower():
            return first._replace(text=text)


def answer(rng: random.Random, asked: Question, apology: str = "") -> str:
    """Return an answer in the house style.

    First line ``Topic: <topic>``, then one or two short sentences that repeat the order or
    invoice number when there is one, then the closing question.
    """
    if asked.reference:
        first = expand(rng, rng.choice(desk_phrases.ACKNOWLEDGE), reference=asked.reference)
    else:
        first = "" if apology else rng.choice(desk_phrases.GREET)
    action = expand(rng, rng.choice(desk_phrases.ACTIONS[asked.topic]))
    parts = [apology, first, action, rng.choice(desk_phrases.CLOSINGS)]
    return f"Topic: {asked.topic}\n" + " ".join(part for part in parts if part)


def conversation(rng: random.Random, asked: Question, turns: int) -> list[Message]:
    """Return a conversation of one or two turns; some start with a system prompt."""
    messages: list[Message] = []
    if chance(rng, 0.1):
        messages.append({"role": "system", "content": rng.choice(desk_phrases.SYSTEM_PROMPTS)})
    for turn in (asked, follow_up(rng, asked))[:turns]:
        messages.append({"role": "user", "content": turn.text})
        messages.append({"role": "assistant", "content": answer(rng, turn)})
    return messages


def bucket(text: str) -> str:
    """Return "test", "reference" or "train": which part of the demo may use this question.

    The hash of the text without its numbers decides, so the parts stay disjoint whatever
    seeds they are drawn with.
    """
    masked = re.sub(r"\d+", "#", text.lower())
    last = hashlib.sha256(masked.encode()).digest()[0] % 10
    return {0: "test", 1: "reference"}.get(last, "train")
