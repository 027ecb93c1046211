"""People for the generated chats: every value is made up, none is copied from anywhere.

Names come from Faker in the locale of the person, or from a short list of our own that Faker does not have
(locale ``unlisted``), since a recogniser may have learned Faker's lists by heart. Identity numbers carry right
check digits. E-mail addresses are of reserved domains; telephone numbers are half Faker's (often numbers that
are not assigned), half from ranges that are in use in the country.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

import phonenumbers
from faker import Faker
from pii_ids import IDS
from pii_names import AMBIGUOUS, CITIES, COUNTRIES, UNLISTED_FIRST, UNLISTED_LAST

WEIGHTS = {
    "en_US": 24,
    "en_GB": 12,
    "en_IN": 8,
    "unlisted": 16,
    "de_DE": 5,
    "fr_FR": 5,
    "es_ES": 5,
    "it_IT": 4,
    "pl_PL": 4,
    "nl_NL": 4,
    "sv_SE": 4,
    "pt_BR": 4,
    "tr_TR": 3,
    "fi_FI": 2,
}
HOME = {"en": WEIGHTS, "de": {"de_DE": 1}, "fr": {"fr_FR": 1}, "es": {"es_ES": 1}}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DOMAINS = ["example.com"] * 4 + ["example.org", "example.net", "mail.example.com"]
WORK_DOMAINS = [
    "example.com",
    "example.org",
    "corp.internal",
    "office.example",
    "mx.acme.test",
    "example.net",
]
TITLES = {
    "en": ["Mr", "Ms", "Mrs", "Mr.", "Ms.", "Dr."],
    "de": ["Herr", "Frau"],
    "fr": ["Monsieur", "Madame"],
    "es": ["señor", "señora"],
}


class Piece(NamedTuple):
    """A stretch of text: personal (``entity``), a look-alike (only ``kind``), or neither."""

    text: str
    entity: str | None = None
    kind: str = ""
    locale: str = ""


@cache
def faker(locale: str) -> Faker:
    """The Faker of a locale; ours speaks American."""
    return Faker("en_US" if locale == "unlisted" else locale)


class Person:
    """One made-up person; every attribute is drawn once and stays."""

    def __init__(self, generator: random.Random, language: str) -> None:
        weights = HOME[language]
        self.random = generator
        self.language = language
        self.locale = generator.choices(list(weights), list(weights.values()))[0]
        self.faker = faker(self.locale)
        self.seed = generator.getrandbits(32)
        self.first = self._drawn(UNLISTED_FIRST, "first_name")
        self.last = self._drawn(UNLISTED_LAST, "last_name")
        self.ambiguous = generator.choice(AMBIGUOUS)
        self.title = generator.choice(TITLES[language])
        self.known: dict[str, list[Piece]] = {}

    def slot(self, name: str) -> list[Piece]:
        """The pieces of an attribute, the same each time."""
        if name not in self.known:
            self.faker.seed_instance(f"{self.seed}:{name}")
            if name in NAMES:
                self.known[name] = [
                    piece if piece.entity is None else piece._replace(kind=name, locale=self.locale)
                    for piece in NAMES[name](self)
                ]
            elif name in ("id", "id_name"):
                label, entity, text = IDS.get(self.locale, IDS["en_US"])(self)
                self.known["id"] = [Piece(text, entity, entity.lower(), self.locale)]
                self.known["id_name"] = [Piece(label)]
            else:
                entity, kind, text = VALUES[name](self)
                self.known[name] = [Piece(text, entity, kind, self.locale)]
        return self.known[name]

    def _drawn(self, own: list[str], method: str) -> str:
        if self.locale == "unlisted":
            return self.random.choice(own)
        self.faker.seed_instance(f"{self.seed}:{method}")
        return str(getattr(self.faker, method)())

    def digits(self, pattern: str) -> str:
        """``#`` replaced by digits."""
        return "".join(self.random.choice(string.digits) if sign == "#" else sign for sign in pattern)


NAMES: dict[str, Callable[[Person], list[Piece]]] = {
    "full": lambda p: [Piece(f"{p.first} {p.last}", "PERSON")],
    "first": lambda p: [Piece(p.first, "PERSON")],
    "last": lambda p: [Piece(p.last, "PERSON")],
    "initial": lambda p: [Piece(f"{p.first[0]}. {p.last}", "PERSON")],
    "formal": lambda p: [Piece(f"{p.title} "), Piece(p.last, "PERSON")],
    "reversed": lambda p: [Piece(p.last, "PERSON"), Piece(", "), Piece(p.first, "PERSON")],
    "ambiguous": lambda p: [Piece(p.ambiguous, "PERSON")],
}


def plain(text: str) -> str:
    """A name as it stands in an address of a mailbox: ASCII letters, lower case."""
    import unicodedata

    folded = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("ı", "i").replace("ß", "ss"))
    return "".join(sign for sign in folded.lower() if sign in string.ascii_lowercase) or "user"


def mailbox(p: Person, domains: list[str]) -> tuple[str, str, str]:
    """An address made of the name, sometimes with a number or a tag."""
    first, last = plain(p.first), plain(p.last)
    local = p.random.choice(
        [
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{first}{p.digits('##')}",
            f"{last}_{first}",
            f"{first}+shop",
        ]
    )
    domain = p.random.choice(domains)
    return (
        "EMAIL_ADDRESS",
        "listed suffix" if domain.startswith(("example.", "mail.")) else "unlisted suffix",
        f"{local}@{domain}",
    )


def telephone(p: Person) -> tuple[str, str, str]:
    """A telephone number of the person's country."""
    region = "US" if p.locale == "unlisted" else p.locale[-2:]
    if p.random.random() < 0.5:
        return "PHONE_NUMBER", "by Faker", p.faker.phone_number()
    if region == "US":
        area, line = p.random.choice(["212", "415", "312", "617", "206"]), p.digits("01##")
        number = phonenumbers.parse(f"+1{area}555{line}")
    else:
        kind = p.random.choice([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE])
        number = phonenumbers.example_number_for_type(region, kind)
        text = str(number.national_number)
        for _ in range(20):
            other = phonenumbers.PhoneNumber(number.country_code, int(text[:-4] + p.digits("####")))
            other.italian_leading_zero = number.italian_leading_zero
            if phonenumbers.is_valid_number(other):
                number = other
                break
    form = p.random.choice(["E164", "INTERNATIONAL", "NATIONAL"])
    written = phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, form))
    return "PHONE_NUMBER", f"{form.lower()} form", written


def card(p: Person) -> tuple[str, str, str]:
    """A card number that passes the Luhn check, as printed or as typed."""
    kind = p.random.choice(["visa16", "mastercard", "amex", "discover"])
    number = p.faker.credit_card_number(kind)
    joint = p.random.choice(["", " ", " ", "-"])
    cuts = (0, 4, 10, 15) if len(number) == 15 else (0, 4, 8, 12, 16)
    parts = [number[start:end] for start, end in pairwise(cuts)]
    return "CREDIT_CARD", kind, joint.join(parts)


def iban(p: Person) -> tuple[str, str, str]:
    """An IBAN with right check digits, in groups of four or in one."""
    home = p.locale if p.locale[:2] in ("de", "fr", "es", "it", "pl", "nl", "tr", "fi") else "en_GB"
    source = faker(home)
    source.seed_instance(f"{p.seed}:iban")
    number = source.iban()
    if p.random.random() < 0.5:
        return "IBAN_CODE", "in one", number
    return "IBAN_CODE", "in groups", " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def birth(p: Person) -> tuple[str, str, str]:
    """A date of birth in one of the usual forms of the language."""
    born = p.faker.date_between_dates(date(1935, 1, 1), date(2006, 12, 31))
    forms = {
        "en": ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y", "%d %b %Y"],
        "de": ["%d.%m.%Y", "%Y-%m-%d"],
        "fr": ["%d/%m/%Y", "%d.%m.%Y"],
        "es": ["%d/%m/%Y", "%d-%m-%Y"],
    }
    form = p.random.choice(forms[p.language])
    return "DATE_OF_BIRTH", form, born.strftime(form)


def wallet(p: Person) -> tuple[str, str, str]:
    """A Bitcoin address of the old kind with a right checksum."""
    body = b"\0" + p.random.randbytes(20)
    number = int.from_bytes(body + sha256(sha256(body).digest()).digest()[:4], "big")
    text = ""
    while number:
        number, rest = divmod(number, 58)
        text = BASE58[rest] + text
    return "CRYPTO", "bitcoin", "1" + text


def address(p: Person) -> tuple[str, str, str]:
    """House number and street in the order of the country."""
    home = p.locale if p.locale not in ("unlisted", "en_IN", "tr_TR", "fi_FI") else "en_US"
    source = faker(home)
    source.seed_instance(f"{p.seed}:street")
    return "STREET_ADDRESS", home, source.street_address().replace("\n", ", ").strip()


def network(p: Person) -> tuple[str, str, str]:
    """An address of the Internet, version 4 or 6."""
    if p.random.random() < 0.8:
        return "IP_ADDRESS", "v4", p.faker.ipv4_public()
    return "IP_ADDRESS", "v6", "2a02" + p.faker.ipv6()[4:]


def profile(p: Person) -> tuple[str, str, str]:
    """The address of a page about one person."""
    site = p.random.choice(["https://www.linkedin.com/in/", "https://github.com/", "linkedin.com/in/"])
    return "URL", "profile", f"{site}{plain(p.first)}-{plain(p.last)}-{p.digits('###')}"


VALUES: dict[str, Callable[[Person], tuple[str, str, str]]] = {
    "email": lambda p: mailbox(p, DOMAINS),
    "work_email": lambda p: mailbox(p, WORK_DOMAINS),
    "member": lambda p: ("ID_NUMBER", "member", p.digits("2023####")),
    "user": lambda p: ("USERNAME", "handle", f"{plain(p.first)}_{p.digits('##')}"),
    "phone": telephone,
    "card": card,
    "iban": iban,
    "dob": birth,
    "street": address,
    "city": lambda p: ("LOCATION", "city", p.random.choice(CITIES[p.locale])),
    "country": lambda p: ("LOCATION", "country", p.random.choice(COUNTRIES)),
    "postcode": lambda p: ("POSTCODE", "postcode", p.faker.postcode()),
    "ip": network,
    "mac": lambda p: ("MAC_ADDRESS", "mac", p.faker.mac_address()),
    "crypto": wallet,
    "profile": profile,
}
