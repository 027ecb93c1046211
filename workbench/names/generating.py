"""Sentences made for training: filled chat templates, and real sentences with other people in them.

Names come from Faker's lists, by country, so that first and last names go together. A part of the
names is made by joining halves of two names: the recognizer must not lean on lists alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from workbench.names.build_lexicon import CITIES, FIRST_NAMES, LAST_NAMES, name_parts
from workbench.names.corpora import Sentence, from_spans
from workbench.names.tokens import sentences
from workbench.names.words import words

TEMPLATES = Path(__file__).parent / "templates.txt"
LOCALES = words("locales")
"""Faker's locales to draw names from, as often as they stand here."""
_SLOT = re.compile(r"\{([a-z]+)\}")
_FIXED = {slot: words(f"template {slot}") for slot in ("day", "month", "rel", "product", "state", "country")}
_KNOWN_CITIES = words("well-known cities")
_TITLES = words("template titles")
_ORGANISATIONS = (
    "{last} & {last}", "{last} Inc.", "{last} Ltd", "{city} Hospital", "University of {city}", "{city} Bank",
    "{last} Motors", "{last} and Sons", "{city} School", "First {city} Bank", "{last} Group", "{city} United",
    "The {last} Foundation", "{last}'s", "{city} Police Department", "Bank of {city}",
)  # fmt: skip
_FORMS = (
    "{full}",
    "{full}",
    "{full}",
    "{first}",
    "{first}",
    "{last}",
    "{formal}",
    "{initial} {last}",
    "{middle}",
)


class People:
    """Names, places and organisations drawn from a seeded source."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        firsts = {locale: _some(FIRST_NAMES, locale) for locale in set(LOCALES)}
        lasts = {locale: _some(LAST_NAMES, locale) for locale in set(LOCALES)}
        self._names = [(firsts[at], lasts[at]) for at in LOCALES if firsts[at] and lasts[at]]
        self._cities = sorted({city for locale in LOCALES for city in _some(CITIES, locale)})

    def first(self) -> str:
        """A first name, now and then one that is on no list."""
        return self._drawn(0)

    def last(self) -> str:
        """A last name, likewise."""
        return self._drawn(1)

    def _drawn(self, which: int) -> str:
        pool = self._rng.choice(self._names)[which]
        name = self._rng.choice(pool)
        if self._rng.random() < 0.2:
            other = self._rng.choice(pool)
            name = name[: max(2, len(name) // 2)] + other[len(other) // 2 :].lower()
        return name

    def full(self) -> str:
        """First and last name of one country."""
        firsts, lasts = self._rng.choice(self._names)
        return f"{self._rng.choice(firsts)} {self._rng.choice(lasts)}"

    def city(self) -> str:
        """A town."""
        return self._rng.choice(_KNOWN_CITIES if self._rng.random() < 0.5 else self._cities)

    def written(self, form: str) -> str:
        """A form such as ``{initial} {last}`` filled."""
        return _SLOT.sub(lambda slot: self._slot(slot[1]), form)

    def _slot(self, name: str) -> str:
        rng = self._rng
        if name == "middle":
            return f"{self.first()} {rng.choice('ABCDEFGHJKLMRSTW')}. {self.last()}"
        if name == "initial":
            return rng.choice("ABCDEFGHJKLMRSTW") + "."
        if name == "formal":
            return f"{rng.choice(_TITLES)} {self.last()}"
        drawn: str = getattr(self, name)()
        return drawn

    def filled(self, slot: str) -> tuple[str, str]:
        """Text for a template's slot, and its kind (``""`` for what is no name)."""
        rng = self._rng
        if slot == "p":
            return self.written(rng.choice(_FORMS)), "PERSON"
        if slot in ("first", "last", "full", "formal"):
            return self.written("{" + slot + "}"), "PERSON"
        if slot == "handle":
            return (self.first() + rng.choice(["", "_", "x"]) + str(rng.randrange(99))).lower(), "PERSON"
        if slot == "org":
            return self.written(rng.choice(_ORGANISATIONS)), "ORGANIZATION"
        if slot == "city":
            return self.city(), "LOCATION"
        if slot in ("country", "state"):
            return rng.choice(_FIXED[slot]), "LOCATION"
        if slot == "street":
            road = rng.choice(["Street", "Road", "Avenue", "Lane", "St", "Ave.", "Drive"])
            return f"{rng.randrange(1, 400)} {self.last()} {road}", "LOCATION"
        return self._plain(slot), ""

    def _plain(self, slot: str) -> str:
        rng = self._rng
        if slot in _FIXED:
            return rng.choice(_FIXED[slot])
        return {
            "year": str(rng.randrange(1890, 2030)),
            "n": str(rng.randrange(1, 10 ** rng.randrange(1, 6))),
            "money": f"${rng.randrange(1, 9000):,}",
            "time": f"{rng.randrange(1, 13)}:{rng.randrange(10, 60)} {rng.choice(['AM', 'pm', ''])}".strip(),
            "email": f"{self.first().lower()}@example.com".replace(" ", ""),
            "phone": f"555-01{rng.randrange(10, 100)}",
        }[slot]


@cache
def _some(kinds: tuple[str, ...], locale: str) -> list[str]:
    return sorted(name_parts(kinds, [locale]))


def from_templates(count: int, seed: int) -> Iterator[Sentence]:
    """Sentences of ``count`` messages made from the templates; every twentieth template is of part 0."""
    rng = random.Random(seed)
    people = People(rng)
    lines = TEMPLATES.read_text(encoding="utf-8").splitlines()
    templates = [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]
    for _ in range(count):
        at = rng.randrange(len(templates))
        text, spans = _fill(templates[at], people)
        yield from _lines_of(text, spans, "template", 0 if at % 20 == 0 else 1 + at % 9)


def _fill(template: str, people: People) -> tuple[str, list[tuple[int, int, str]]]:
    text, spans, last = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[last : slot.start()]
        value, kind = people.filled(slot[1])
        if kind:
            title = value.partition(" ")[0] if slot[1] in ("p", "formal") else ""
            skip = len(title) + 1 if title in _TITLES else 0
            spans.append((len(text) + skip, len(text) + len(value), kind))
        text += value
        last = slot.end()
    return text + template[last:], spans


def _lines_of(text: str, spans: Sequence[tuple[int, int, str]], source: str, part: int) -> Iterator[Sentence]:
    before = ""
    for sentence in sentences(text):
        start, end = sentence[0][1], sentence[-1][1] + len(sentence[-1][0])
        inside = [(a - start, b - start, kind) for a, b, kind in spans if a < end and b > start]
        yield from_spans(text[start:end], inside, source, part, before if _new_line(text, start) else "")
        before = " ".join(word for word, _ in sentence[-1:])


def _new_line(text: str, start: int) -> bool:
    return start > 0 and "\n" in text[max(0, start - 3) : start]


def swapped(real: Sequence[Sentence], count: int, seed: int) -> Iterator[Sentence]:
    """Real sentences that hold a person or place, with other ones in their stead."""
    rng = random.Random(seed)
    people = People(rng)
    fitting = [one for one in real if any(label in ("B-PERSON", "B-LOCATION") for label in one.labels)]
    for _ in range(count if fitting else 0):
        yield _swapped(rng.choice(fitting), people)


def _swapped(one: Sentence, people: People) -> Sentence:
    words: list[str] = []
    labels: list[str] = []
    for word, label in zip(one.words, one.labels, strict=True):
        kind = label[2:]
        if kind not in ("PERSON", "LOCATION") or word[0] in "@#" or not word[0].isalpha():
            words.append(word)
            labels.append(label)
        elif label[0] == "B":
            size = _length(one, len(words))
            new = people.city() if kind == "LOCATION" else people.full() if size > 1 else people.first()
            if word.islower():
                new = new.lower()
            pieces = [w for s in sentences(new) for w, _ in s]
            words += pieces
            labels += ["B-" + kind] + ["I-" + kind] * (len(pieces) - 1)
    return Sentence(tuple(words), tuple(labels), one.source + "-swapped", one.part, one.before)


def _length(one: Sentence, at: int) -> int:
    rest = one.labels[at + 1 : at + 2]
    return 2 if rest and rest[0].startswith("I-") else 1


def other_case(one: Sentence, case: str) -> Sentence:
    """The sentence in small letters (``lower``) or capitals (``upper``)."""
    return Sentence(
        tuple(getattr(word, case)() for word in one.words), one.labels, f"{one.source}-{case}", one.part
    )
