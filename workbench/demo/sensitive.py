"""Invented personal data and secrets: valid in form, from test and documentation ranges.

Nothing here was ever issued: domains of RFC 2606, addresses of RFC 5737 and 3849, phone
numbers reserved for fiction, card numbers on public test prefixes. The fixed parts of the
secrets are joined at run time, so that secret scanners do not report this file.
"""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Final

from workbench.demo.compose import chance

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

_UPPER: Final = string.ascii_uppercase + "234567"
_MIXED: Final = string.ascii_letters + string.digits
_CARD_PREFIXES: Final = ("411111", "424242", "555555", "222300", "401288")
_MAILBOXES: Final = ("shop", "orders", "home", "blue.bird", "garden_fan", "tea-time", "inbox")
_DOMAINS: Final = ("example.com", "example.org", "example.net", "mail.example.com")


def _run(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def luhn_digit(body: str) -> str:
    """Return the check digit that makes `body` plus digit pass the Luhn test (ISO 7812)."""
    total = 0
    for place, char in enumerate(reversed(body)):
        total += sum(divmod(int(char) * (2 - place % 2), 10))
    return str(-total % 10)


def iban_check(country: str, account: str) -> str:
    """Return the two check digits of an IBAN (ISO 13616, mod 97)."""
    digits = "".join(str(int(char, 36)) for char in account + country + "00")
    return f"{98 - int(digits) % 97:02d}"


def _email(rng: random.Random) -> str:
    return f"{rng.choice(_MAILBOXES)}{rng.randint(10, 9999)}@{rng.choice(_DOMAINS)}"


def _phone(rng: random.Random) -> str:
    area, line = rng.choice(("212", "312", "415", "617")), f"555-01{rng.randint(0, 99):02d}"
    styles = (
        f"({area}) {line}",
        f"+1 {area} {line.replace('-', ' ')}",
        f"{area}-{line}",
        f"+44 20 7946 0{rng.randint(0, 999):03d}",
        f"+49 30 23125 {rng.randint(0, 999):03d}",
    )
    return rng.choice(styles)


def _card(rng: random.Random) -> str:
    body = rng.choice(_CARD_PREFIXES) + _run(rng, string.digits, 9)
    digits = body + luhn_digit(body)
    gap = rng.choice(("", " ", "-"))
    return gap.join(digits[i : i + 4] for i in range(0, 16, 4))


def _iban(rng: random.Random) -> str:
    country, bank, length = rng.choice(
        (("DE", "", 18), ("AT", "", 16), ("NL", "TEST", 10), ("GB", "TEST", 14))
    )
    account = bank + _run(rng, string.digits, length)
    plain = country + iban_check(country, account) + account
    if chance(rng, 0.5):
        return plain
    return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def _ssn(rng: random.Random) -> str:
    return f"{rng.randint(801, 888)}-{rng.randint(10, 99)}-{rng.randint(1000, 9998)}"


def _ip(rng: random.Random) -> str:
    if chance(rng, 0.2):
        return f"2001:db8::{rng.randint(0x1000, 0xFFFF):x}:{rng.randint(0x1000, 0xFFFF):x}"
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"


def _aws(rng: random.Random) -> str:
    return "AK" + "IA" + "FAKE" + _run(rng, _UPPER, 12)


def _github(rng: random.Random) -> str:
    return "gh" + "p_" + "FAKE" + _run(rng, _MIXED, 32)


def _slack(rng: random.Random) -> str:
    digits = _run(rng, "123456789", 12), _run(rng, "123456789", 12)
    return "xo" + f"xb-{digits[0]}-{digits[1]}-FAKE" + _run(rng, _MIXED, 20)


def _private_key(rng: random.Random) -> str:
    edge = "-" * 5
    name = "RSA PRIV" + "ATE KEY"
    body = "\n".join(_run(rng, _MIXED + "+/", 64) for _ in range(3))
    return f"{edge}BEGIN {name}{edge}\n{body}\n{edge}END {name}{edge}"


def _password_url(rng: random.Random) -> str:
    scheme = rng.choice(("https", "ftp", "postgres"))
    return f"{scheme}:/" + f"/lumen:FAKE{_run(rng, _MIXED, 10)}" + "@files.example.com/shop"


def _jwt(rng: random.Random) -> str:
    def part(value: object) -> str:
        raw = json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    claims = {"sub": f"fake-{rng.randint(1000, 9999)}", "iat": 1700000000}
    return ".".join((part({"alg": "HS256", "typ": "JWT"}), part(claims), _run(rng, _MIXED, 43)))


PERSONAL: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "EMAIL_ADDRESS": _email,
    "PHONE_NUMBER": _phone,
    "CREDIT_CARD": _card,
    "IBAN_CODE": _iban,
    "US_SSN": _ssn,
    "IP_ADDRESS": _ip,
}
"""Entity names are those of Presidio."""

SECRETS: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "AWS_ACCESS_KEY": _aws,
    "GITHUB_TOKEN": _github,
    "SLACK_TOKEN": _slack,
    "PRIVATE_KEY": _private_key,
    "PASSWORD_URL": _password_url,
    "JWT": _jwt,
}

TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "EMAIL_ADDRESS": ("You can write to {value}.", "My mail is {value}.", "Use {value} please."),
    "PHONE_NUMBER": ("Please call {value}.", "My phone is {value}.", "Ring me on {value}."),
    "CREDIT_CARD": ("I paid with card {value}.", "My card number is {value}."),
    "IBAN_CODE": ("My IBAN is {value}.", "Please send money to {value} only."),
    "US_SSN": ("My SSN is {value}.", "If you need it, my social security number is {value}."),
    "IP_ADDRESS": ("I was online from {value}.", "My IP address is {value}."),
    "AWS_ACCESS_KEY": ("Our script uses the key {value} for it.",),
    "GITHUB_TOKEN": ("My plugin has the token {value} in it.",),
    "SLACK_TOKEN": ("The bot in our team posts with {value} now.",),
    "PRIVATE_KEY": ("This is the key from my server:\n{value}\n",),
    "PASSWORD_URL": ("I put the pictures on {value} for you.",),
    "JWT": ("The page sends Authorization: Bearer {value} each time.",),
}
"""How a customer tells the value."""

ECHOED: Final[Mapping[str, str]] = {
    "EMAIL_ADDRESS": "I wrote to {value}.",
    "PHONE_NUMBER": "We will call {value}.",
    "CREDIT_CARD": "The card is {value}.",
    "IBAN_CODE": "The account is {value}.",
    "US_SSN": "We noted {value}.",
    "IP_ADDRESS": "We saw the address {value}.",
}
"""How the desk repeats it."""
