"""Pseudonyms: other values of the same kind and form, the same one for the same value.

Each is drawn by HMAC of the value with the project's key, so nobody without the key can tell
what stood there, and nothing has to be remembered: the same row gives the same pseudonyms. In
the scope ``row`` the texts of the row go into the draw, in the scope ``dataset`` the value
alone. Names are drawn word by word, so that "Jane Doe", "Jane" and jane.doe@… stay one person,
and two people with one surname keep one. A draw that is a value or word of the row, or stands
for another value of it already, is drawn again; in the scope ``dataset`` that is the one way
for a value to have different pseudonyms in two rows.

Names, places and companies come from Faker's lists, so another version of Faker may give
other pseudonyms for the same key.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from workbench.scrubbing.dates import aged, shifted
from workbench.scrubbing.fields import Field
from workbench.scrubbing.mentions import Mention
from workbench.scrubbing.name_pools import DEFAULT, gender_of_first, locale_of, pool
from workbench.scrubbing.numbers import made_up
from workbench.scrubbing.people import Person, Role, folded_word, owner_of, parsed
from workbench.scrubbing.reserved import DOMAINS
from workbench.scrubbing.settings import Scrubbing
from workbench.value_keys import ValueKey, folded

DATES = frozenset({"DATE_OF_BIRTH", "DATE_TIME", "DATE"})
DRAWS = 200
_WORDS = re.compile(r"\w+")
_TOKENS = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_JOINED_SCRIPTS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Pseudonyms:
    """The pseudonyms of one row."""

    def __init__(
        self,
        fields: Sequence[Field],
        mentions: Sequence[Mention],
        people: Mapping[int, Person],
        settings: Scrubbing,
        key: ValueKey,
        avoid: Container[str],
    ) -> None:
        self._settings, self._key, self._avoid, self._people = settings, key, avoid, people
        self._everyone = list(dict.fromkeys(people.values()))
        self._salt = "" if settings.scope == "dataset" else key.digest("\0".join(f.text for f in fields))
        self._words = {word.casefold() for field in fields for word in _WORDS.findall(field.text)}
        self._real = {folded(mention.text) for mention in mentions}
        self._made: dict[tuple[str, str], str] = {}
        self._used: dict[str, tuple[str, str]] = {}
        self._dates = [m.text for m in mentions if m.entity in DATES and m.operator == "pseudonym"]
        self._days: int | None = None

    def of(self, mention: Mention) -> str:
        """The pseudonym of a mention, as it is read; a tag where no kind of value is known."""
        entity, text = mention.entity, mention.text
        if entity == "PERSON":
            return self._person(mention)
        if entity in DATES:
            return shifted(text, self._shift()) or f"<{entity}>"
        if entity in _SPOKEN:
            return self._drawn(entity, text, lambda chance, turn: _SPOKEN[entity](self, text, chance))
        if entity in ("EMAIL_ADDRESS", "USERNAME"):
            return self._drawn(entity, text, lambda chance, turn: self._address(entity, text, chance, turn))
        made = self._drawn(entity, text, lambda chance, turn: made_up(entity, text, chance) or "")
        return made or f"<{entity}>"

    def _person(self, mention: Mention) -> str:
        person = self._people[id(mention)]
        pieces: list[str] = []
        position = 0
        name = parsed(mention.text)
        for word, role in zip(name.words, name.roles, strict=True):
            start = mention.text.index(word, position)
            pieces += (mention.text[position:start], self._word(word, role, person))
            position = start + len(word)
        pieces.append(mention.text[position:])
        whole = "".join(pieces)
        return whole if name.words else f"<PERSON_{person.number}>"

    def _word(self, word: str, role: Role, person: Person) -> str:
        """The pseudonym of one word of a name, in its case; of an initial the pseudonym's initial."""
        plain = folded_word(word)
        if len(plain) == 1 and plain.isascii():
            full = next((own for own, its in person.words.items() if own[0] == plain and len(own) > 1), "")
            made = self._name(full, person.words[full], person)[:1] if full else plain.upper()
            return (made if word[0].isupper() else made.lower()) + ("." if word.endswith(".") else "")
        made = self._name(plain, person.words.get(plain, role), person)
        if word.isupper() and len(word) > 1:
            return made.upper()
        return made.lower() if word.islower() else made

    def _name(self, plain: str, role: Role, person: Person) -> str:
        first = role != "last"
        gender = (gender_of_first(plain) or person.gender) if self._settings.gender == "matching" else ""
        locale = self._settings.locale
        if locale == "auto":
            locale = locale_of(plain if first else "", "" if first else plain, plain)
        names = pool(locale)
        if _JOINED_SCRIPTS.match(plain) and len(plain) > 1:
            return self._drawn(
                "NAME", plain, lambda c, _: c.choice(names.last) + c.choice(names.first[gender])
            )
        choices = names.first[gender] if first else names.last
        return self._drawn("NAME", plain, lambda chance, _: chance.choice(choices))

    def _address(self, entity: str, text: str, chance: Random, turn: int) -> str:
        """An address or user name made of the pseudonym of the person that it is made of, if any."""
        local, _, domain = text.partition("@") if entity == "EMAIL_ADDRESS" else (text.lstrip("@"), "", "")
        local = local.split("+", 1)[0]
        owner = owner_of(local, self._everyone)
        if owner is not None:
            made = "".join(self._token(token, owner, chance) for token in _TOKENS.findall(local))
        else:
            made = chance.choice(pool(DEFAULT).first[""]) + "." + chance.choice(pool(DEFAULT).last)
            made = made.lower() + (str(chance.randint(10, 99)) if re.search(r"\d", local) else "")
        made = _ascii(made) + (str(turn) if turn else "")
        if entity == "USERNAME":
            return ("@" if text.startswith("@") else "") + made.replace(".", "")
        place = Random(self._key.number(f"{self._salt}\0domain\0{folded(domain)}"))
        return f"{made}@{place.choice(DOMAINS)}"

    def _token(self, token: str, owner: Person, chance: Random) -> str:
        plain = folded_word(token)
        if token.isdecimal():
            return "".join(str(chance.randint(0, 9)) for _ in token)
        if not plain.isalpha():
            return token if token in (".", "_", "-") else ""
        first, last = owner.first, owner.last
        made = {word: self._name(word, owner.words[word], owner) for word in (first, last) if word}
        forms = {word: made[word] for word in made} | {word[0]: made[word][0] for word in made}
        if first and last:
            a, b = made[first], made[last]
            forms |= {first + last: a + b, last + first: b + a, first[0] + last: a[0] + b}
            forms |= {first + last[0]: a + b[0], last + first[0]: b + a[0], last[0] + first: b[0] + a}
        return forms.get(plain, chance.choice(pool(DEFAULT).last)).lower()

    def _shift(self) -> int:
        """By how many days the dates of the row move: the same for all, and onto none of them."""
        if self._days is None:
            for turn in range(DRAWS):
                chance = Random(self._key.number(f"{self._salt}\0days\0{turn}"))
                step = 7 if self._settings.keep_weekday else 1
                most = max(1, self._settings.shift_days // step)
                self._days = step * chance.randint(1, most) * chance.choice((-1, 1))
                moved = (shifted(text, self._days) for text in self._dates)
                if not any(text and folded(text) in self._real for text in moved):
                    break
        return self._days or 1

    def _drawn(self, kind: str, value: str, make: Callable[[Random, int], str]) -> str:
        """The first draw that is free: no value of the row or to be avoided, and no other value's."""
        what = (kind, folded(value) if kind != "NAME" else value)
        if what in self._made:
            return self._in_form_of(kind, value, self._made[what], make)
        made = ""
        for turn in range(DRAWS):
            made = make(Random(self._key.number(f"{self._salt}\0{kind}\0{what[1]}\0{turn}")), turn // 3)
            plain = folded(made)
            if not made or not self._is_taken(kind, made, plain, what):
                break
        self._used[folded(made)] = what
        self._made[what] = made
        return made

    def _in_form_of(self, kind: str, value: str, made: str, make: Callable[[Random, int], str]) -> str:
        """One value may be written in two forms (with and without spaces): its draw, in this form."""
        for turn in range(DRAWS):
            again = make(
                Random(self._key.number(f"{self._salt}\0{kind}\0{folded(value)}\0{turn}")), turn // 3
            )
            if kind == "NAME" or folded(again) == folded(made):
                return made if kind == "NAME" else again
        return made

    def _is_taken(self, kind: str, made: str, plain: str, what: tuple[str, str]) -> bool:
        if plain in self._real or plain in self._avoid or self._used.get(plain, what) != what:
            return True
        return kind in _WORDY and any(word.casefold() in self._words for word in _WORDS.findall(made))

    def _place(self, text: str, chance: Random) -> str:
        plain = text.strip().casefold()
        if len(text) == 2 and text.isupper() and text in _states()[1]:
            return str(chance.choice(_states()[1]))
        for names in (_countries(), _states()[0]):
            if any(plain == name.casefold() for name in names):
                return chance.choice(names)
        return _cased(_faker(self._locale(text), chance).city(), text)

    def _street(self, text: str, chance: Random) -> str:
        faker = _faker(self._locale(text), chance)
        made: str = faker.address() if "," in text or "\n" in text else faker.street_address()
        return ", ".join(line.strip() for line in made.splitlines())

    def _company(self, text: str, chance: Random) -> str:
        return _cased(_faker(self._locale(text), chance).company(), text)

    def _aged(self, text: str, chance: Random) -> str:
        return aged(text, chance.choice((-3, -2, -1, 1, 2, 3))) or "<AGE>"

    def _locale(self, text: str) -> str:
        if self._settings.locale != "auto":
            return self._settings.locale
        script = locale_of("", "", text)
        if script != DEFAULT:
            return script
        for locale, hint in _STREETS:
            if hint.search(text):
                return locale
        return DEFAULT


_SPOKEN: dict[str, Callable[[Pseudonyms, str, Random], str]] = {
    "LOCATION": Pseudonyms._place,
    "STREET_ADDRESS": Pseudonyms._street,
    "ORGANIZATION": Pseudonyms._company,
    "AGE": Pseudonyms._aged,
}
_WORDY = frozenset({"NAME", "LOCATION", "ORGANIZATION"})
_STREETS = (
    ("de_DE", re.compile(r"(?i)stra(?:ß|ss)e|str\.|platz\b|weg\b|[äöüß]")),
    ("fr_FR", re.compile(r"(?i)\b(?:rue|avenue|boulevard|chemin|place) (?:de|du|des|la|le)\b|[èêçœ]")),
    ("es_ES", re.compile(r"(?i)\b(?:calle|avenida|plaza|paseo|camino)\b|[ñ]")),
)


def _cased(made: str, text: str) -> str:
    if text.isupper() and len(text) > 3:
        return made.upper()
    return made.lower() if text.islower() else made


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return plain.strip("._-") or "person"


def _faker(locale: str, chance: Random) -> Any:
    faker = _fakers(locale)
    faker.seed_instance(chance.randint(0, 2**53))
    return faker


@cache
def _fakers(locale: str) -> Any:
    from faker import Faker

    return Faker(locale, use_weighting=False)


@cache
def _countries() -> tuple[str, ...]:
    from faker.providers.address.en_US import Provider

    return tuple(name for name in Provider.countries if name.replace(" ", "").isalpha())


@cache
def _states() -> tuple[tuple[str, ...], tuple[str, ...]]:
    from faker.providers.address.en_US import Provider

    return tuple(Provider.states), tuple(Provider.states_abbr)
