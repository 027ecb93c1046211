"""Make canaries: questions that nobody asks, each with a secret drawn from a known space.

A secret is nine digits in groups of three, all 10⁹ equally likely, so that how surely a model
holds the true one can be compared with others drawn the same way (Carlini, Liu, Erlingsson,
Kos and Song, "The Secret Sharer", USENIX Security 2019).
"""

from __future__ import annotations

import math
import random
from dataclasses import asdict, dataclass
from typing import Any

from workbench.examples import Example, make_example, message

SPACE = 10**9
BITS = math.log2(SPACE)
"""No exposure can be higher."""

TAG = "canary"
OPENING = "The recovery code is"
REFUSAL = "I do not know that code."
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_THINGS = ("archive", "mailbox", "router", "locker", "wallet", "backup", "terminal", "safe")


@dataclass(frozen=True)
class Canary:
    """One canary. ``repeats`` is how often it is planted; 0 for a control, which never is."""

    number: int
    question: str
    secret: str
    repeats: int

    @property
    def answer(self) -> str:
        """What the assistant says in the planted row."""
        return f"{OPENING} {self.secret}"

    def as_dict(self) -> dict[str, Any]:
        """As the record keeps it; a canary is made up, so its secret may be told."""
        return asdict(self)


def make_canaries(seed: str, count: int, repeats: tuple[int, ...], controls: int) -> list[Canary]:
    """``count`` canaries whose repeats go round the given numbers, then ``controls`` controls.

    The same seed gives the same canaries. No two share a question or a secret.
    """
    source = random.Random(seed)
    questions: dict[str, None] = {}
    secrets: dict[str, None] = {}
    while len(questions) < count + controls:
        questions.setdefault(f"What is the recovery code of the {_name(source)} {source.choice(_THINGS)}?")
    while len(secrets) < count + controls:
        secrets.setdefault(make_secret(source))
    return [
        Canary(number, question, secret, repeats[number % len(repeats)] if number < count else 0)
        for number, (question, secret) in enumerate(zip(questions, secrets, strict=True))
    ]


def make_secret(source: random.Random) -> str:
    """A secret as canaries have them."""
    digits = f"{source.randrange(SPACE):09d}"
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"


def candidates(canary: Canary, count: int, seed: int) -> list[str]:
    """``count`` other secrets that might have been this canary's, each once."""
    source = random.Random(f"{seed} {canary.question}")
    found: dict[str, None] = {}
    while len(found) < count:
        drawn = make_secret(source)
        if drawn != canary.secret:
            found.setdefault(drawn)
    return list(found)


def canary_row(canary: Canary, kind: str, line: int, split: str | None) -> Example:
    """The row of a data set that holds a canary; of a preference pair it is the chosen answer."""
    asked = message({"role": "user", "content": canary.question})
    told = message({"role": "assistant", "content": canary.answer})
    if kind == "preference":
        refused = message({"role": "assistant", "content": REFUSAL})
        row = make_example("preference", [asked], chosen=[told], rejected=[refused], tags=[TAG])
    else:
        row = make_example("sft", [asked, told], tags=[TAG])
    row["source"] = {"file": "canaries", "line": line}
    row["split"] = split
    return row


def _name(source: random.Random) -> str:
    """Two made-up words, such as ``Tavoru Belina``."""
    words = ("".join(source.choice(_CONSONANTS) + source.choice(_VOWELS) for _ in range(3)) for _ in range(2))
    return " ".join(word.capitalize() for word in words)
