"""Strings that resemble personal data and are none: versions, order numbers, hashes, prices, dates."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from datetime import date
from typing import Any

from faker import Faker
from pii_names import ORGANISATIONS, PUBLIC
from pii_values import Piece


def look_alike(name: str, generator: random.Random, values: Faker) -> Piece:
    """A value that resembles a personal one and is none."""
    return Piece(LOOK_ALIKES[name](generator, values), None, name)


def organisation(generator: random.Random) -> Piece:
    """A company; labelled, and counted only where companies are looked for."""
    return Piece(generator.choice(ORGANISATIONS), "ORGANIZATION", "company")


def public(generator: random.Random) -> Piece:
    """A person or figure everybody knows; labelled apart, for such names are not private."""
    return Piece(generator.choice(PUBLIC), "PUBLIC_FIGURE", "public")


def _digits(generator: random.Random, pattern: str) -> str:
    return "".join(generator.choice(string.digits) if sign == "#" else sign for sign in pattern)


def _not_card(generator: random.Random) -> str:
    while True:
        number = _digits(generator, "7###############")
        doubled = [int(sign) * (2 - at % 2) for at, sign in enumerate(number)]
        if sum(value - 9 * (value > 9) for value in doubled) % 10:
            return number


def _not_iban(generator: random.Random) -> str:
    while True:
        number = _digits(generator, "DE####################")
        if int(number[4:] + "1314" + number[2:4]) % 97 != 1:
            return number


def _date(generator: random.Random, values: Faker) -> str:
    day = values.date_between_dates(date(2016, 1, 1), date(2026, 12, 31))
    return day.strftime(generator.choice(["%Y-%m-%d", "%d %B", "%B %d", "%d.%m.%Y", "%d %b %Y"]))


def _price(generator: random.Random) -> str:
    whole, cents = generator.randint(3, 4999), generator.randint(0, 99)
    return generator.choice([f"${whole:,}.{cents:02}", f"€{whole}", f"£{whole:,}", f"{whole}.{cents:02} EUR"])


LOOK_ALIKES: dict[str, Callable[[random.Random, Any], str]] = {
    "version": lambda g, f: g.choice(
        [
            f"{g.randint(0, 24)}.{g.randint(0, 30)}.{g.randint(0, 99)}",
            f"{g.randint(1, 9)}.{g.randint(0, 9)}",
            f"{g.randint(1, 9)}.{g.randint(0, 30)}.{g.randint(0, 9)}.{g.randint(0, 255)}",
        ]
    ),
    "year": lambda g, f: str(g.choice([g.randint(1640, 1700), g.randint(1900, 2026), g.randint(2015, 2026)])),
    "order": lambda g, f: _digits(
        g, g.choice(["#######", "A-######", "ORD-2024-#####", "##-#####", "########"])
    ),
    "price": lambda g, f: _price(g),
    "uuid": lambda g, f: f.uuid4(),
    "sha": lambda g, f: g.choice([f.sha1(), f.sha1()[:7]]),
    "sha256": lambda g, f: f.sha256(),
    "isbn": lambda g, f: g.choice([f.isbn13(), f.isbn10()]),
    "coords": lambda g, f: f"{g.uniform(-60, 70):.5f}, {g.uniform(-170, 170):.5f}",
    "time": lambda g, f: f"{g.randint(0, 23):02}:{g.randint(0, 59):02}",
    "epoch": lambda g, f: str(g.randint(1_500_000_000, 1_790_000_000)),
    "date": _date,
    "flight": lambda g, f: g.choice(["LH", "BA", "UA", "AF"]) + str(g.randint(10, 9999)),
    "part": lambda g, f: _digits(g, g.choice(["XK-####-##", "B0##T#", "PN ###.###.##", "SN#######"])),
    "locator": lambda g, f: "".join(g.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=6)),
    "tracking": lambda g, f: _digits(g, "1Z9##A##########"),
    "notcard": lambda g, f: _not_card(g),
    "notiban": lambda g, f: _not_iban(g),
    "score": lambda g, f: f"{g.randint(20, 99)}/{g.randint(100, 120)}",
    "count": lambda g, f: str(g.randint(5, 99)),
    "code": lambda g, f: g.choice(["E", "0x", "ERR_", ""]) + str(g.randint(100, 999)),
    "digit": lambda g, f: str(g.randint(1, 9)),
    "case": lambda g, f: (
        f"{g.randint(1, 30)} {g.choice(['O', 'C', 'K'])} {g.randint(1, 999)}/{g.randint(10, 25)}"
    ),
}
