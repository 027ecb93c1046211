"""Ranges that nobody owns: addresses, numbers and names set aside for examples and fiction.

Pseudonyms are drawn from them (`workbench.scrubbing.numbers`), and a leak audit may pass over
what lies in them. A detector should not: until a person says otherwise a number that looks
like a telephone number is one. What Workbench itself put into a row is known by its mark
(`workbench.scrubbing.marks`), not by its range.

Sources: RFC 2606 and 6761 (domains), RFC 5737 and 3849 (addresses), RFC 7042 (MAC), NANPA
(555-01XX), Ofcom "Telephone numbers for use in TV and radio drama programmes",
Bundesnetzagentur "Rufnummern für Medienproduktionen", ARCEP decision 2018-0881 (audio-visual
works), ACMA "Phone numbers for use in creative works", ComReg "Numbers for drama", PTS
"Telefonnummer för böcker och filmer", and the US Social Security Administration (areas 900 to
999 are never issued). Spain reserves no range: 555 is not assigned in its numbering plan.
"""

from __future__ import annotations

import ipaddress
import re

DOMAINS = ("example.com", "example.org", "example.net")
_DOMAIN = re.compile(
    r"(?:[\w-]+\.)*(?:example\.(?:com|org|net|edu)|(?:[\w-]+\.)?(?:example|test|invalid|localhost))\.?"
)
NETWORKS = tuple(
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
MAC = "00005e0053"
SSN = "9876543"
CARD_PREFIXES = {
    "visa": "4111110000",
    "mastercard": "5105100000",
    "mastercard2": "2223000000",
    "amex": "3782820000",
    "discover": "6011110000",
    "diners": "3056930000",
    "jcb": "3530110000",
    "other": "9000000000",
}
IBAN_BANK = {"digit": "9999", "letter": "XXXX"}
"""What the first four characters of the account part are replaced by; no bank has this code."""

PHONES: dict[str, tuple[tuple[str, int], ...]] = {
    "44": (
        *((prefix, 3) for prefix in ("2079460", "1134960", "1144960", "1154960", "1164960", "1174960")),
        *((prefix, 3) for prefix in ("1184960", "1214960", "1314960", "1414960", "1514960", "1614960")),
        *((prefix, 3) for prefix in ("1914980", "1632960", "7700900", "3069990", "8081570", "2920180")),
    ),
    "49": (
        *((prefix, 3) for prefix in ("3023125", "6990009", "4066969", "2214710", "8999998")),
        *((prefix, 2) for prefix in ("17139200", "176040690")),
    ),
    "33": tuple((prefix, 4) for prefix in ("19900", "26191", "35301", "46571", "53649", "63998")),
    "61": tuple((prefix, 4) for prefix in ("25550", "27010", "35550", "37010", "75550", "77010", "85550")),
    "353": (("2091", 5),),
    "46": tuple((prefix, 2) for prefix in ("8465004", "313900", "4062804", "7017406")),
    "34": (("555", 6),),
}
"""By country calling code: first digits of a national number and how many digits are free."""

NANP = re.compile(r"(?:1|0111|001)?[2-9]\d{2}55501\d{2}|55501\d{2}")
UNKNOWN_PHONE = "55501"
"""How the national part of a made-up number of any other country begins."""

_PHONE = re.compile(
    "|".join(
        rf"(?:00{code}|011{code}|{code}|0|{code}0)?{prefix}\d{{{free}}}"
        for code, ranges in PHONES.items()
        for prefix, free in ranges
    )
)
_NUMBER = re.compile(r"10{3,}\d{1,3}|10{4,}")


def reserved(entity: str, value: str) -> bool:
    """Whether a value of this entity lies where no real person's or company's can.

    ``entity`` is a Presidio name; of entities without a reserved range nothing is reserved.
    """
    check = _CHECKS.get(entity)
    return check is not None and check(value.strip())


def reserved_number(literal: str) -> bool:
    """Whether a JSON number is one that scrubbing writes: 1, zeros, and a count (1000000002)."""
    return _NUMBER.fullmatch(literal.replace(".", "").lstrip("-")) is not None


def reserved_host(host: str) -> bool:
    """Whether a host name is set aside for examples (RFC 2606, RFC 6761)."""
    return _DOMAIN.fullmatch(host.lower()) is not None


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)


def _email(value: str) -> bool:
    return reserved_host(value.rpartition("@")[2])


def _url(value: str) -> bool:
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", value.lower())
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2]
    return reserved_host(host.partition(":")[0])


def _phone(value: str) -> bool:
    digits = _digits(value)
    return any(pattern.fullmatch(digits) for pattern in (NANP, _PHONE))


def _card(value: str) -> bool:
    return _digits(value).startswith(tuple(CARD_PREFIXES.values()))


def _iban(value: str) -> bool:
    bank = re.sub(r"\W", "", value).upper()[4:8]
    return re.fullmatch(r"[9X]{4}", bank) is not None


def _ssn(value: str) -> bool:
    return re.fullmatch(SSN + r"\d\d", _digits(value)) is not None


def _ip(value: str) -> bool:
    try:
        address = ipaddress.ip_interface(value.strip("[]")).ip
    except ValueError:
        return False
    return any(address in network for network in NETWORKS)


def _mac(value: str) -> bool:
    return re.sub(r"[^0-9a-f]", "", value.lower()).startswith(MAC)


_CHECKS = {
    "EMAIL_ADDRESS": _email,
    "URL": _url,
    "PHONE_NUMBER": _phone,
    "CREDIT_CARD": _card,
    "IBAN_CODE": _iban,
    "US_SSN": _ssn,
    "IP_ADDRESS": _ip,
    "MAC_ADDRESS": _mac,
}
