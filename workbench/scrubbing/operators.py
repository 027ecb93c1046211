"""Operators: what stands in the place of a mention.

Masks and hashes are made by presidio-anonymizer's operators; the mask goes word by word so
that the form stays, and the hash has the project's key for salt so that it is the same
everywhere (Presidio draws a new salt each time). Tags are numbered by person or value as they
come in the row, after the numbers that its texts already have.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.scrubbing.fields import Field
from workbench.scrubbing.mentions import Mention
from workbench.scrubbing.people import linked
from workbench.scrubbing.settings import Scrubbing
from workbench.value_keys import ValueKey, folded

if TYPE_CHECKING:
    from workbench.scrubbing.pseudonyms import Pseudonyms

HASH_DIGITS = 12
_NUMBERED = re.compile(r"<?\b([A-Z][A-Z0-9_]*)_(\d{1,6})\b>?")
_WORD = re.compile(r"[^\W_]+")


class Replacements:
    """The replacements of one row: the same person or value has the same one throughout."""

    def __init__(
        self,
        fields: Sequence[Field],
        mentions: Sequence[Mention],
        settings: Scrubbing,
        key: ValueKey,
        avoid: Container[str],
    ) -> None:
        named = [mention for mention in mentions if mention.entity == "PERSON"]
        self.people = dict(
            zip(
                map(id, named),
                linked([f"{mention.title} {mention.text}".strip() for mention in named]),
                strict=True,
            )
        )
        self._settings, self._key = settings, key
        self._taken = _numbers_in(fields, mentions)
        self._numbers = self._numbered(mentions)
        self._pseudonyms: Pseudonyms | None = None
        if any(mention.operator == "pseudonym" for mention in mentions):
            from workbench.scrubbing.pseudonyms import Pseudonyms

            self._pseudonyms = Pseudonyms(fields, mentions, self.people, settings, key, avoid)

    def of(self, mention: Mention) -> str:
        """The replacement of a mention, as it is read; where it stands it may have to be escaped."""
        entity, text = mention.entity, mention.text
        if mention.place == "number" and mention.operator != "pseudonym":
            return counted(text, self.number(mention))
        if mention.operator == "pseudonym" and self._pseudonyms is not None:
            return self._pseudonyms.of(mention)
        if mention.operator == "redact":
            return self._settings.redacted.replace("{entity}", entity)
        if mention.operator == "mask":
            return masked(text, self._settings.mask_last)
        if mention.operator == "hash":
            person = self.people.get(id(mention))
            return f"<{entity}#{hashed(entity, text if person is None else person.name, self._key)}>"
        return f"<{entity}_{self.number(mention)}>"

    def number(self, mention: Mention) -> int:
        """The number of the person or value of a mention among those of its entity, from 1."""
        return self._numbers[self._identity(mention)]

    def _identity(self, mention: Mention) -> tuple[str, object]:
        person = self.people.get(id(mention))
        return mention.entity, folded(mention.text) if person is None else person

    def _numbered(self, mentions: Sequence[Mention]) -> dict[tuple[str, object], int]:
        numbers: dict[tuple[str, object], int] = {}
        last = dict(self._taken)
        for mention in mentions:
            identity = self._identity(mention)
            if identity not in numbers:
                last[mention.entity] = last.get(mention.entity, 0) + 1
                numbers[identity] = last[mention.entity]
        return numbers


def masked(text: str, last: int = 0) -> str:
    """``J*** D**``: of each word the first letter; of a number nothing but its ``last`` characters."""
    has_digits = any(map(str.isdigit, text))
    shown = last if has_digits else 0
    keep_from = len(text) - shown if shown else len(text)

    def one(match: re.Match[str]) -> str:
        word = match.group()
        first = 0 if has_digits else 1
        hidden = max(0, min(len(word), keep_from - match.start()) - first)
        return word[:first] + _mask(word[first : first + hidden]) + word[first + hidden :]

    return _WORD.sub(one, text)


def hashed(entity: str, text: str, key: ValueKey) -> str:
    """12 hex digits of SHA-256 over a value, salted with the project's key."""
    salt = bytes.fromhex(key.digest(f"salt\0{entity}"))
    value = folded(text)
    whole: str = _operator("Hash").operate(value, {"hash_type": "sha256", "salt": salt})
    return whole[:HASH_DIGITS]


def counted(literal: str, number: int) -> str:
    """A JSON number of the same form that says nothing: 1, zeros, and a count at the end."""
    places = [index for index, character in enumerate(_mantissa(literal)) if character.isdigit()]
    if not places:
        return literal
    digits = ("1" + "0" * (len(places) - 1 - len(str(number))) + str(number))[: len(places)]
    characters = list(literal)
    for place, digit in zip(places, digits, strict=False):
        characters[place] = digit
    return "".join(characters)


def _mantissa(literal: str) -> str:
    return re.split("[eE]", literal, maxsplit=1)[0]


def _mask(letters: str) -> str:
    if not letters:
        return ""
    params = {"masking_char": "*", "chars_to_mask": len(letters), "from_end": True}
    masked_letters: str = _operator("Mask").operate(letters, params)
    return masked_letters


def _numbers_in(fields: Sequence[Field], mentions: Sequence[Mention]) -> dict[str, int]:
    """The highest number that a tag of each entity has in the texts of the row."""
    entities = {mention.entity for mention in mentions if mention.operator == "tag"}
    highest: dict[str, int] = {}
    for field in fields:
        if "_" not in field.text:
            continue
        for entity, number in _NUMBERED.findall(field.text):
            if entity in entities:
                highest[entity] = max(highest.get(entity, 0), int(number))
    return highest


@cache
def _operator(name: str) -> Any:
    """An operator of presidio-anonymizer, imported when it is first needed."""
    from presidio_anonymizer import operators

    return getattr(operators, name)()
