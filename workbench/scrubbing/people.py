"""Who is who in a row: which mentions of names mean one person.

"Jane Doe", "Jane", "Ms Doe", "J. Doe", "Doe, Jane" and "JANE DOE's" are one person. Full names
come first; a part of a name belongs to the person whose full name has it. Where two people
share that part, a title that fits only one of them decides (Mrs Doe is not John), and then the
one mentioned last before. Short forms (Bob for Robert) and nicknames are people of their own.

The rules follow what pii-anon calls an identity ledger (full, short and last name, e-mail),
worked out anew for the turns of a chat.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from workbench.scrubbing.name_pools import gender_of_first, is_surname

Gender = Literal["female", "male", ""]
Role = Literal["first", "middle", "last"]

_FEMALE_TITLES = "mrs ms miss lady dame madam madame mme mlle frau sra srta señora señorita doña sister"
_MALE_TITLES = "mr sir lord herr monsieur sr señor don mister"
_OTHER_TITLES = "mx dr prof professor doctor rev reverend hon judge justice capt captain col gen lt sgt"
_GENDERS: dict[str, Gender] = {
    **dict.fromkeys(_FEMALE_TITLES.split(), "female"),
    **dict.fromkeys(_MALE_TITLES.split(), "male"),
    **dict.fromkeys(_OTHER_TITLES.split(), ""),
}
_SUFFIX_WORDS = "jr sr ii iii iv phd md esq dds rn jnr snr"
_SUFFIXES = frozenset(_SUFFIX_WORDS.split())
_PARTICLE_WORDS = "van von der den de del della di da dos du la le el bin ibn al ter zu y e"
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f]|['’`‐\-](?=[^\W\d_]))*\.?")
_TITLE = re.compile(r"(?<!\w)([^\W\d_]+)\.?\s+\Z")
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’]|(?<=S)['’]|['’]S)\Z")


class Name(NamedTuple):
    """A mention taken apart: ``start`` and ``end`` bound it without title, suffix and possessive."""

    start: int
    end: int
    title: str
    words: tuple[str, ...]
    roles: tuple[Role, ...]


@dataclass(eq=False)
class Person:
    """One person of a row: the words of the longest form of the name, folded, by role."""

    words: dict[str, Role] = field(default_factory=dict)
    gender: Gender = ""
    number: int = 0
    last_seen: int = -1

    @property
    def first(self) -> str:
        """The first name, folded; empty when only a surname is known."""
        return next((word for word, role in self.words.items() if role == "first"), "")

    @property
    def last(self) -> str:
        """The surname, folded; empty when only a first name is known."""
        return next((word for word, role in reversed(self.words.items()) if role == "last"), "")

    @property
    def name(self) -> str:
        """All words in the order first, middle, last: the same however the person was mentioned."""
        order = ("first", "middle", "last")
        return " ".join(sorted(self.words, key=lambda word: order.index(self.words[word])))


@lru_cache(maxsize=4096)
def folded_word(word: str) -> str:
    """A word of a name as it is compared: without accents, case, dots."""
    plain = unicodedata.normalize("NFKD", word)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip(".'’-")


def parsed(text: str) -> Name:
    """Take a mention apart: title, words with their roles; the title and a possessive stay outside."""
    possessive = _POSSESSIVE.search(text)
    found = list(_WORD.finditer(text, 0, possessive.start() if possessive else len(text)))
    title = ""
    while len(found) > 1 and folded_word(found[0].group()) in _GENDERS:
        title = folded_word(found.pop(0).group())
    while len(found) > 1 and folded_word(found[-1].group()) in _SUFFIXES:
        found.pop()
    if not found:
        return Name(0, len(text), title, (), ())
    named = [match for match in found if folded_word(match.group()) not in _PARTICLES] or found
    words = tuple(match.group() for match in named)
    comma = text.find(",", found[0].start(), found[-1].start())
    before = sum(match.end() <= comma for match in named) if comma >= 0 else 0
    end = found[-1].end()
    if text[end - 1] == "." and len(folded_word(words[-1])) > 1:
        end -= 1  # the end of a sentence, not of an initial
    return Name(found[0].start(), end, title, words, _roles(words, title, before))


def title_before(text: str, start: int) -> str:
    """The title that stands right before a name, as it is written; empty when there is none."""
    match = _TITLE.search(text, max(0, start - 20), start)
    return match[1] if match and folded_word(match[1]) in _GENDERS else ""


def linked(mentions: Sequence[str]) -> list[Person]:
    """The person each mention means; people are numbered from 1 as they come."""
    names = [parsed(mention) for mention in mentions]
    people: list[Person] = []
    chosen: list[Person | None] = [None] * len(names)
    for index, name in enumerate(names):
        if _is_full(name):
            chosen[index] = _full(name, people)
    for index, name in enumerate(names):
        person = chosen[index] or _partial(name, people)
        person.last_seen = index
        chosen[index] = person
    everyone = [person for person in chosen if person is not None]
    for number, person in enumerate(dict.fromkeys(everyone), 1):
        person.number = number
        person.gender = person.gender or gender_of_first(person.first)
    return everyone


def owner_of(local_part: str, people: Sequence[Person]) -> Person | None:
    """The person whose name a user name or the first part of an e-mail address is made of.

    Known forms: jane.doe, doe.jane, jdoe, janed, jane, doe and the like, with digits after
    them; None when no person or more than one fits.
    """
    plain = folded_word(local_part)
    letters = re.sub(r"[\W\d_]+", "", plain)
    if len(letters) < 3:
        return None
    for forms in (_whole_forms, _short_forms):
        fitting = [person for person in dict.fromkeys(people) if letters in forms(person)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            return None
    return None


def _whole_forms(person: Person) -> set[str]:
    first, last = (re.sub(r"\W", "", word) for word in (person.first, person.last))
    if not (first and last):
        return set()
    return {first + last, last + first, first[0] + last, first + last[0], last + first[0], last[0] + first}


def _short_forms(person: Person) -> set[str]:
    return {re.sub(r"\W", "", word) for word in (person.first, person.last) if len(word) > 2}


def _roles(words: Sequence[str], title: str, before_comma: int) -> tuple[Role, ...]:
    if len(words) == 1:
        return ("last",) if title or _reads_as_surname(words[0]) else ("first",)
    if 0 < before_comma < len(words):
        rest: list[Role] = ["middle"] * (len(words) - before_comma)
        rest[0] = "first"
        surnames: list[Role] = ["last"] * before_comma
        return (*surnames, *rest)
    middle: list[Role] = ["middle"] * (len(words) - 2)
    return ("first", *middle, "last")


def _reads_as_surname(word: str) -> bool:
    return not gender_of_first(folded_word(word)) and is_surname(folded_word(word))


def _is_full(name: Name) -> bool:
    return sum(len(folded_word(word)) > 1 for word in name.words) > 1


def _full(name: Name, people: list[Person]) -> Person:
    words = {folded_word(word): role for word, role in zip(name.words, name.roles, strict=True)}
    mine = Person(dict(words), _GENDERS.get(name.title, ""))
    for person in people:
        if mine.first != person.first or not _agree(mine.gender, person.gender):
            continue
        if (
            words.keys() <= person.words.keys()
            or person.words.keys() <= words.keys()
            or mine.last == person.last
        ):
            for word, role in words.items():
                if len(word) > 1:
                    person.words.setdefault(word, role)
            person.gender = person.gender or mine.gender
            return person
    people.append(mine)
    return mine


def _partial(name: Name, people: list[Person]) -> Person:
    gender = _GENDERS.get(name.title, "")
    fitting = [person for person in people if _fits(name, person)]
    same_gender = [
        person for person in fitting if _agree(gender, person.gender or gender_of_first(person.first))
    ]
    if gender:
        fitting = same_gender
    if fitting:
        seen = max(fitting, key=lambda person: person.last_seen)
        return seen if seen.last_seen >= 0 else fitting[0]
    person = Person(
        {folded_word(word): role for word, role in zip(name.words, name.roles, strict=True)}, gender
    )
    people.append(person)
    return person


def _fits(name: Name, person: Person) -> bool:
    """Whether a part of a name, or a name with initials, can mean a person."""
    words = [folded_word(word) for word in name.words]
    long = [word for word in words if len(word) > 1]
    initials = [word for word in words if len(word) == 1]
    if not words or any(word not in person.words for word in long):
        return False
    if not long:
        own = [word[0] for word in person.words if word]
        return len(initials) > 1 and initials in ([person.first[:1], person.last[:1]], own)
    if name.title and not initials and person.words[long[-1]] == "first" and person.last:
        return False
    return all(any(word[0] == initial for word in person.words if word) for initial in initials)


def _agree(one: Gender, other: Gender) -> bool:
    return not one or not other or one == other
