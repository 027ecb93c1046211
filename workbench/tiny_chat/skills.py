"""The skills of tiny-chat: small real tasks with one right answer, from a seeded generator.

Two kinds of skill. *Open* skills have a large input space; an item belongs to the held-out part
when a stable hash of its content (not of its phrasing) says so, hence no evaluation item is ever
met in training. *Closed* skills (`arithmetic`, `classification`, `facts`) ask for tables and facts:
those are met in training, and the evaluation measures that they are remembered.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING, Any, Literal

from workbench.tiny_chat import draws, words
from workbench.tiny_chat.draws import Draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Split = Literal["train", "eval"]

HELD_OUT_SHARE = 10
"""One content in this many is kept for evaluation."""

SKILLS: dict[str, Callable[[random.Random], Draw]] = {
    "arithmetic": draws.arithmetic,
    "compare": draws.compare,
    "word_order": draws.word_order,
    "classification": draws.classification,
    "facts": draws.facts,
    "list_format": draws.list_format,
    "json_format": draws.json_format,
    "copy": draws.copy,
}

UNMEASURED: dict[str, Callable[[random.Random], Draw]] = {"letter": draws.letter, "lookup": draws.lookup}
"""Practised in pre-training only, and neither measured nor replayed.

A base model should know what customers write about. `lookup`, an answer out of a table in the question,
reached 48 % and so is no skill to retain.
"""

CLOSED = frozenset({"arithmetic", "classification", "facts"})
"""Skills whose facts are met in training; only the phrasing varies."""


def held_out(skill: str, content: str) -> bool:
    """Tell whether this content is kept for evaluation, by a hash that is stable everywhere."""
    digest = hashlib.sha256(f"{skill}|{content}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT_SHARE == 0


def _stream(skill: str, rng: random.Random, split: Split) -> Iterator[Draw]:
    while True:
        draw = (SKILLS | UNMEASURED)[skill](rng)
        if skill in CLOSED or held_out(skill, draw.content) == (split == "eval"):
            yield draw


def generate(skill: str, n: int, seed: int, split: Split) -> list[dict[str, str]]:
    """Return `n` items with the keys question, answer and skill; eval questions are distinct.

    Raises ValueError if 200 draws per item do not give `n` distinct evaluation questions.
    """
    stream = _stream(skill, random.Random(f"{skill}|{seed}|{split}"), split)
    items: list[dict[str, str]] = []
    seen: set[str] = set()
    for _ in range(200 * max(n, 1)):
        if len(items) == n:
            return items
        draw = next(stream)
        if split == "eval" and draw.question in seen:
            continue
        seen.add(draw.question)
        items.append({"question": draw.question, "answer": draw.answer, "skill": skill})
    raise ValueError(f"skill {skill}: fewer than {n} distinct {split} questions; ask for fewer")


def _turns(draw: Draw) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": draw.question},
        {"role": "assistant", "content": draw.answer},
    ]


def rows(n: int, seed: int, shares: Mapping[str, float] | None = None) -> list[dict[str, Any]]:
    """Return `n` chat rows of the training split: messages, and as label the last turn's skill.

    The skills come in random order; `shares` weighs some of them, the other measured ones weigh 1.
    One row in ten carries a system prompt, one in ten has several turns, one in thirty is a greeting, one in thirty hands over a tool result.
    """
    rng = random.Random(f"rows|{seed}")
    streams = {skill: _stream(skill, rng, "train") for skill in SKILLS | UNMEASURED}
    names = list(streams)
    weights = [(shares or {}).get(name, 1.0 if name in SKILLS else 0.0) for name in names]
    made: list[dict[str, Any]] = []
    for _ in range(n):
        label = rng.choices(names, weights)[0]
        messages = _turns(next(streams[label]))
        kind = rng.random()
        if kind < 0.1:
            earlier = [
                _turns(next(streams[name])) for name in rng.choices(names, weights, k=rng.randint(1, 4))
            ]
            messages = [turn for turns in earlier for turn in turns] + messages
        elif kind < 0.133:
            label = "greeting"
            messages = _turns(Draw("", *rng.choice(list(words.GREETINGS.items()))))
        elif kind < 0.166:
            label = "tool"
            number, status = str(rng.randint(100, 9999)), rng.choice(words.STATUSES)
            messages = _turns(Draw("", f"Check the status of order {number}.", status))
            messages.insert(
                1, {"role": "tool", "content": json.dumps({"order": int(number), "status": status})}
            )
        if rng.random() < 0.1:
            messages.insert(0, {"role": "system", "content": rng.choice(words.SYSTEM_PROMPTS)})
        made.append({"messages": messages, "label": label})
    return made
