"""What a conversation says about a person that is not a name but narrows down who it is.

Light patterns for English sentences in which people tell something of themselves. Each
attribute is generalised at once: an age to five years, a postcode to its first part, a date
to its month; what is kept is the class, in folded letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

NAME = r"[A-Z][\w'’-]+(?:[ -][A-Z][\w'’-]+){0,2}"
SELF = r"(?:\bI(?:'|’)?m|\bI am|\b(?:he|she|they) (?:is|are)|\bmy (?:\w+ ){1,2}is)"
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
NATIONALITIES = (
    "Afghan Albanian Algerian American Argentinian Armenian Australian Austrian Bangladeshi Belgian Bolivian "
    "Bosnian Brazilian British Bulgarian Cambodian Canadian Chilean Chinese Colombian Croatian Cuban Czech Danish "
    "Dutch Ecuadorian Egyptian English Estonian Ethiopian Filipino Finnish French Georgian German Ghanaian Greek "
    "Guatemalan Haitian Hungarian Icelandic Indian Indonesian Iranian Iraqi Irish Israeli Italian Jamaican Japanese "
    "Jordanian Kenyan Korean Kuwaiti Latvian Lebanese Libyan Lithuanian Malaysian Maltese Mexican Moroccan Nepali "
    "Nigerian Norwegian Pakistani Palestinian Peruvian Polish Portuguese Romanian Russian Saudi Scottish Senegalese "
    "Serbian Singaporean Slovak Slovenian Somali Spanish Sudanese Swedish Swiss Syrian Taiwanese Thai Tunisian "
    "Turkish Ugandan Ukrainian Uruguayan Venezuelan Vietnamese Welsh Yemeni Zambian Zimbabwean"
)
WOMAN = frozenset(
    [
        "woman",
        "female",
        "girl",
        "mother",
        "mom",
        "mum",
        "grandmother",
        "wife",
        "widow",
        "sister",
        "daughter",
        "mrs",
        "ms",
        "miss",
        "pregnant",
    ]
)


class Attribute(NamedTuple):
    """A kind of statement, how it is recognised, and the class of what it says (None: says nothing)."""

    name: str
    pattern: re.Pattern[str]
    generalised: Callable[[str], str | None]


def _five_years(text: str) -> str | None:
    age = int(text)
    return f"age {age // 5 * 5}-{age // 5 * 5 + 4}" if 1 <= age <= 115 else None


def _birth_years(text: str) -> str | None:
    year = int(text)
    return f"born {year // 5 * 5}-{year // 5 * 5 + 4}"


def _gender(text: str) -> str | None:
    return "woman" if text.lower().rstrip(".") in WOMAN else "man"


def _postcode(text: str) -> str | None:
    plain = text.strip().upper()
    return plain[:3] if plain.isdigit() else plain.split()[0] if " " in plain else plain[:-3]


def _word(text: str) -> str | None:
    return " ".join(text.casefold().split())


def _month(text: str) -> str | None:
    numbers = re.findall(r"\d+", text)
    year = next((number for number in numbers if len(number) == 4), None)
    named = next((i for i, name in enumerate(MONTHS, 1) if name[:3] in text.lower()), None)
    if year is None:
        return None
    return f"{year}-{named or int(numbers[1]):02d}"


def _job(text: str) -> str | None:
    words = text.casefold().split()
    last = next((i for i, word in enumerate(words) if word in job_words()), None)
    return None if last is None else " ".join(words[: last + 1])


def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


ATTRIBUTES = (
    Attribute(
        "age",
        _compiled(
            rf"(?:{SELF} (?:now |only |just |almost )?|\baged? (?:of )?|\bage: ?)(\d{{1,3}})\b(?! ?(?:%|minutes?|hours?|days?|weeks?|months?|miles?|km|percent|of|kg|lbs?))",
            re.I,
        ),
        _five_years,
    ),
    Attribute("age", _compiled(r"\b(\d{1,3})[ -]years?[ -]old\b", re.I), _five_years),
    Attribute(
        "age", _compiled(r"\bborn (?:in|on) (?:[\w ,./-]{0,20}?)((?:19|20)\d\d)\b", re.I), _birth_years
    ),
    Attribute(
        "gender",
        _compiled(
            rf"(?:{SELF} (?:an? )?(?:[\w-]+ ){{0,3}}?|\bas an? (?:[\w-]+ ){{0,2}}?)(woman|man|female|male|girl|boy|mother|mom|mum|father|dad|grandmother|grandfather|wife|husband|widow|widower|pregnant)\b",
            re.I,
        ),
        _gender,
    ),
    Attribute("gender", _compiled(r"\b(Mrs|Ms|Miss|Mr)\b\.?"), _gender),
    Attribute("postcode", _compiled(r"\b([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b"), _postcode),
    Attribute("postcode", _compiled(r"\b(?:zip|post(?:al)?) ?code\b[^\d\n]{0,12}(\d{5})\b", re.I), _postcode),
    Attribute("postcode", _compiled(r"\b[A-Z]{2},? (\d{5})(?:-\d{4})?\b"), _postcode),
    Attribute("postcode", _compiled(r"\b(\d{5}) [A-ZÄÖÜÉ][a-zäöüßéèáíóúñ]{2,}"), _postcode),
    Attribute(
        "place",
        _compiled(
            rf"\b(?:live|lives|lived|living|based|located|moved|born|grew up|resident|reside|home) (?:in|to|near|at|of|is) (?:the )?({NAME})"
        ),
        _word,
    ),
    Attribute(
        "place",
        _compiled(
            rf"(?:{SELF}|\b[Ii] come|\b[Ww]e are|\b(?:wo)?man|\bguy|\bgirl|\bboy|\bstudent) from (?:the )?({NAME})"
        ),
        _word,
    ),
    Attribute(
        "job",
        _compiled(
            rf"(?:\bwork(?:s|ed|ing)? as|\bemployed as|\bjob(?: title)? is|{SELF}|\bas) (?:an? |the )((?:[A-Za-z-]+ ){{0,3}}[A-Za-z-]+)"
        ),
        _job,
    ),
    Attribute(
        "employer",
        _compiled(
            rf"\b(?:work(?:s|ed|ing)? (?:at|for)|employed (?:at|by)|my employer,?(?: is)?) (?:the )?({NAME})"
        ),
        _word,
    ),
    Attribute(
        "nationality",
        _compiled(
            rf"(?:{SELF} (?:an? )?(?:[a-z-]+ ){{0,2}}?|\bas an? )({'|'.join(NATIONALITIES.split())})\b"
        ),
        _word,
    ),
    Attribute(
        "nationality",
        _compiled(rf"\b({'|'.join(NATIONALITIES.split())}) (?:citizen|national|passport)\b"),
        _word,
    ),
    Attribute(
        "illness",
        _compiled(
            r"\b(?:diagnosed with|suffer(?:s|ing)? from|treated for|I have|I(?:'|’)ve had) (?:an? |the |type \d )?((?:[a-z'’-]+ ){0,2}?(?:[a-z]+(?:itis|osis|emia|aemia|oma|opathy|plegia|trophy)|[a-z' -]{0,30}(?:syndrome|disease|disorder|cancer|diabetes|asthma|epilepsy|lupus|hiv|sclerosis|leukemia|leukaemia)))\b",
            re.I,
        ),
        _word,
    ),
    Attribute("date", _compiled(r"\b(\d{4}-\d{2}-\d{2})\b"), _month),
    Attribute(
        "date",
        _compiled(
            rf"\b((?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?)?(?:{'|'.join(m.capitalize() for m in MONTHS)}|{'|'.join(m[:3].capitalize() for m in MONTHS)})\.?,? (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?(?:19|20)\d\d)\b"
        ),
        _month,
    ),
)
NAMES = tuple(dict.fromkeys(attribute.name for attribute in ATTRIBUTES))


def attributes_of(texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """The classes that texts of one conversation tell of, by attribute."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for attribute in ATTRIBUTES:
            for match in attribute.pattern.finditer(text):
                said = attribute.generalised(match[1])
                if said:
                    found.setdefault(attribute.name, set()).add(said)
    return {name: frozenset(classes) for name, classes in sorted(found.items())}


@lru_cache(maxsize=1)
def job_words() -> frozenset[str]:
    """The words that end a job's title (Faker's list of jobs): accountant, nurse, engineer."""
    from faker.providers.job.en_US import Provider

    heads = (job.split(",")[0].split("/")[0].split("(")[0].split() for job in Provider.jobs)
    more = (
        "nurse",
        "driver",
        "cook",
        "cleaner",
        "student",
        "plumber",
        "carpenter",
        "cashier",
        "farmer",
        "pilot",
    )
    return frozenset(words[-1].casefold() for words in heads if words and words[-1].isalpha()) | {*more}
