"""Composes the preference pairs of the demo, with their planted faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from workbench.demo import compose, desk_phrases, phrases, planting, sensitive
from workbench.demo.planting import Draft

if TYPE_CHECKING:
    import random

    from workbench.demo.compose import Message, Question
    from workbench.demo.likeness import Seen

PAIRS: Final = 400
DUPLICATES, IDENTICAL, CONFLICTS, PERSONAL, ECHOED = 10, 8, 6, 10, 3


def _rejected(rng: random.Random, asked: Question, chosen: str) -> str:
    """Return a worse answer: curt, without the closing question, or on a wrong topic."""
    way = rng.choice(("curt", "no_closing", "wrong_topic"))
    if way == "curt":
        return rng.choice(desk_phrases.CURT)
    if way == "no_closing":
        action = compose.expand(rng, rng.choice(desk_phrases.ACTIONS[asked.topic]))
        return f"Topic: {asked.topic}\n{action}"
    other = rng.choice([topic for topic in phrases.TRAIN_MIX if topic != asked.topic])
    wrong = compose.answer(rng, asked._replace(topic=other))
    return wrong if wrong != chosen else rng.choice(desk_phrases.CURT)


def _line(prompt: list[Message], chosen: str, rejected: str, label: str) -> str:
    return planting.as_line(
        {
            "prompt": prompt,
            "chosen": [{"role": "assistant", "content": chosen}],
            "rejected": [{"role": "assistant", "content": rejected}],
            "label": label,
        }
    )


def _pair(rng: random.Random, asked: Question) -> Draft:
    """Return a pair whose chosen answer has the house style and an apology."""
    prompt: list[Message] = []
    if compose.chance(rng, 0.1):
        prompt.append({"role": "system", "content": rng.choice(desk_phrases.SYSTEM_PROMPTS)})
    prompt.append({"role": "user", "content": asked.text})
    chosen = compose.answer(rng, asked, rng.choice(desk_phrases.APOLOGIES))
    rejected = _rejected(rng, asked, chosen)
    return Draft(_line(prompt, chosen, rejected, asked.topic), rng.random())


def _make_identical(pair: Draft) -> None:
    row = json.loads(pair.text)
    pair.text = planting.as_line({**row, "rejected": row["chosen"]})
    pair.truths.append(("preference_identical", {}))


def _reveal(rng: random.Random, pair: Draft, number: int) -> None:
    """Plant a personal value in the prompt; for some pairs in the chosen answer as well."""
    row = json.loads(pair.text)
    entities = list(sensitive.PERSONAL)
    messages: list[Message] = [*row["prompt"], *row["chosen"]]
    where = "both" if number < ECHOED else "user"
    for truth in planting.reveal(rng, messages, entities[number % len(entities)], where):
        answered = truth["message"] == len(row["prompt"])
        part = {"part": "chosen", "message": 0} if answered else {"part": "messages"}
        pair.truths.append(("preference_personal_data", {**truth, **part}))
    pair.text = planting.as_line({**row, "prompt": messages[:-1], "chosen": messages[-1:]})


def drafts(rng: random.Random, seen: Seen) -> list[Draft]:
    """Return all lines of the preference file; no question is like one that `seen` has."""
    pairs: list[Draft] = []
    for topic in compose.quotas(rng, phrases.TRAIN_MIX, PAIRS - DUPLICATES - CONFLICTS):
        asked = compose.question(rng, topic)
        while not (compose.bucket(asked.text) == "train" and seen.admit(asked.text)):
            asked = compose.question(rng, topic)
        pairs.append(_pair(rng, asked))
    same, told, rest = (
        pairs[:IDENTICAL],
        pairs[IDENTICAL:][:PERSONAL],
        pairs[IDENTICAL + PERSONAL :],
    )
    for pair in same:
        _make_identical(pair)
    for number, pair in enumerate(told):
        _reveal(rng, pair, number)
    copied, swapped = rest[:DUPLICATES], rest[DUPLICATES:][:CONFLICTS]
    pairs += [planting.copy_of(rng, one, one.text, "preference_duplicate") for one in copied]
    for pair in swapped:
        row = json.loads(pair.text)
        text = planting.as_line({**row, "chosen": row["rejected"], "rejected": row["chosen"]})
        pairs.append(planting.copy_of(rng, pair, text, "preference_conflict"))
    return pairs
