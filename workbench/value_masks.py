"""The masked form of a value: enough to tell it from its neighbours, not enough to know it."""

from __future__ import annotations

import re

HIDDEN = "•••"
"""Always three, so that the form does not tell how long the value is."""

NUMBERS = frozenset(
    {"PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "US_BANK_NUMBER", "US_ITIN", "UK_NHS", "UK_NINO"}
)
NAMES = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "NRP"})
_PREFIX = re.compile(r"(?:AKIA|ASIA|AIza|eyJ|[A-Za-z]{2,6}[_-])(?=\S{8})")
_WORD = re.compile(r"\S+")
_LONGEST = 60


def masked(value: str, entity: str) -> str:
    """A value with most of it as ``•••``: ``j•••@e•••.com``, ``A••• B•••``, ``••• 42``.

    Of a secret only its issuer's published prefix stays, and nothing of a short one.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if entity == "EMAIL_ADDRESS" and plain.count("@") == 1:
        return _mail(plain)
    if entity in NAMES:
        return " ".join(word[0] + HIDDEN for word in _WORD.findall(plain))[:_LONGEST] or HIDDEN
    if entity in NUMBERS:
        digits = [c for c in plain if c.isalnum()]
        return f"{HIDDEN} {''.join(digits[-2:])}" if len(digits) >= 7 else HIDDEN
    if entity in ("URL", "DOMAIN_NAME"):
        scheme = re.match(r"[a-z]{2,8}://", plain)
        return (scheme.group() if scheme else "") + HIDDEN
    if entity == "IP_ADDRESS":
        return re.split(r"[.:]", plain)[0][:4] + "." + HIDDEN
    prefix = _PREFIX.match(plain)
    return (prefix.group() if prefix else "") + HIDDEN


def _mail(address: str) -> str:
    local, _, host = address.partition("@")
    name, _, suffix = host.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{host[:1]}{HIDDEN}" + (f".{suffix}"[:12] if name else "")
