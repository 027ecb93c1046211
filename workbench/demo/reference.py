"""Composes the field questions, with the edge cases that the chats do not cover."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from workbench.demo import compose, edge_phrases, phrases, planting
from workbench.demo.likeness import Seen
from workbench.demo.planting import Draft

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from workbench.demo.compose import Question

ROWS: Final = 300
SLICES: Final[dict[str, int]] = {"warranty": 27, "german": 30, "long": 24, "two_problems": 24}
"""The planted gaps and how many of the field questions belong to each."""

LONG_WORDS: Final = 60
"""Long questions have more words than this; all questions of the chats have fewer."""


def _warranty(rng: random.Random, _topic: str) -> Question:
    return compose.question(rng, "warranty")


def _german(rng: random.Random, topic: str) -> Question:
    problem = compose.expand(rng, rng.choice(edge_phrases.GERMAN_PROBLEMS[topic]))
    number = rng.randint(10000, 99999)
    parts = [
        rng.choice(edge_phrases.GERMAN_OPENERS),
        compose.sentence(problem),
        rng.choice(("", f"Die Bestellnummer ist {number}.", f"Es geht um Bestellung {number}.")),
        rng.choice(edge_phrases.GERMAN_CLOSINGS),
    ]
    return compose.Question(" ".join(part for part in parts if part), topic, "")


def _long(rng: random.Random, topic: str) -> Question:
    asked = compose.question(rng, topic, low=20)
    story = rng.sample(edge_phrases.STORY, 4)
    text = " ".join((*story[:2], asked.text, *story[2:]))
    return asked._replace(text=text)


def _two_problems(rng: random.Random, topic: str) -> Question:
    other = rng.choice([name for name in phrases.FIELD_MIX if name not in {topic, "product"}])
    second = compose.expand(rng, rng.choice(phrases.PROBLEMS[other]))
    told, reference = compose.draw_reference(rng, topic)
    parts = [
        rng.choice(edge_phrases.ANGRY_OPENERS),
        compose.sentence(compose.expand(rng, rng.choice(phrases.PROBLEMS[topic]))),
        told,
        rng.choice(edge_phrases.ANGRY_LINKS),
        second + "!",
        rng.choice(edge_phrases.ANGRY_CLOSINGS),
    ]
    return compose.Question(" ".join(part for part in parts if part), topic, reference)


_MAKERS: Final[dict[str, Callable[[random.Random, str], Question]]] = {
    "": compose.question,
    "warranty": _warranty,
    "german": _german,
    "long": _long,
    "two_problems": _two_problems,
}


def drafts(rng: random.Random) -> list[Draft]:
    """Return all lines of the reference file; the label of two problems is that of the first."""
    seen = Seen()
    kinds = ["" for _ in range(ROWS - sum(SLICES.values()))]
    kinds += [name for name, count in SLICES.items() for _ in range(count)]
    rows: list[Draft] = []
    for kind in kinds:
        while True:
            asked = _MAKERS[kind](rng, compose.pick_topic(rng, phrases.FIELD_MIX))
            if compose.bucket(asked.text) == "reference" and seen.admit(asked.text):
                break
        line = planting.chat_line([{"role": "user", "content": asked.text}], asked.topic)
        truths: list[tuple[str, dict[str, object]]] = [("missing", {"slice": kind})] if kind else []
        rows.append(Draft(line, rng.random(), truths))
    return rows


def gaps(rows: list[Draft], warranty_rows: int) -> list[dict[str, object]]:
    """Return the planted gaps: how often each is in the field and in the chats."""
    found = Counter(str(truth["slice"]) for row in rows for _, truth in row.truths)
    return [
        {
            "slice": name,
            "reference_rows": found[name],
            "reference_share": round(found[name] / len(rows), 4),
            "training_rows": warranty_rows if name == "warranty" else 0,
        }
        for name in SLICES
    ]
