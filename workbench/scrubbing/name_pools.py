"""Names to draw pseudonyms from: Faker's lists of first and last names, by locale and gender.

Words that also mean something else (Will, Grace, Brown) are left out, so that a pseudonym reads
as a name and no later search takes it for a word.
"""

from __future__ import annotations

import importlib
import unicodedata
from functools import cache, lru_cache
from typing import Literal, NamedTuple

Gender = Literal["female", "male", ""]
LATIN_LOCALES = (
    *("en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_PT", "pt_BR", "nl_NL", "pl_PL"),
    *("sv_SE", "da_DK", "no_NO", "fi_FI", "cs_CZ", "hu_HU", "ro_RO", "tr_TR", "hr_HR", "es_MX", "en_NG"),
)
SCRIPTS = {
    "CYRILLIC": "ru_RU",
    "GREEK": "el_GR",
    "HEBREW": "he_IL",
    "ARABIC": "ar_SA",
    "DEVANAGARI": "hi_IN",
    "BENGALI": "bn_BD",
    "THAI": "th_TH",
    "ARMENIAN": "hy_AM",
    "GEORGIAN": "ka_GE",
    "CJK": "zh_CN",
    "HIRAGANA": "ja_JP",
    "KATAKANA": "ja_JP",
    "HANGUL": "ko_KR",
}
DEFAULT = "en_US"
_ALSO_WORDS = """
    will mark may april june august grace hope faith joy rose art bill rich drew chase hunter mason
    page young long short little white black brown green gray grey king rice price day best love west
    power cross field woods wood stone rivers lake hill bush marsh brooks banks park parks church temple
    bishop pope dean knight duke baker butler carpenter cook cooper fisher gardner miller potter porter
    smith taylor turner walker weaver wolf fox bird swan hawk rose lily ivy daisy violet holly ruby amber
    pearl crystal dawn summer autumn winter sunny angel christian major case chance frank guy jack john
    jean june max nick pat ray rob sandy sky star sue terry van victor melody harmony destiny trinity
    paris london austin dallas jordan chelsea georgia virginia carolina dakota sydney israel chad kenya
    england france holland ireland wales york lane street house hall room chambers cotton glass steel gold
    silver coffey berry rush sharp swift moody noble strong sweet wise bright blank bond booth cash chase
    daily grant hood moon moss nash reed roach root savage self small snow spears sparks spencer stokes
    summers tate tyler wade waters weeks wells good goodman law laws lord blue pace page palm
    moses jesus mercedes charity patience prudence constance clement dick randy willy mike
"""
_WORDS = frozenset(_ALSO_WORDS.split())
SMALLEST_POOL = 20


class Pool(NamedTuple):
    """First names by gender (``""``: those given to both, or all) and last names of one locale."""

    first: dict[Gender, tuple[str, ...]]
    last: tuple[str, ...]


@cache
def pool(locale: str) -> Pool:
    """The names of a Faker locale, without those that are words; short lists take English ones too."""
    female, male, last = (
        _names(locale, kind) for kind in ("first_names_female", "first_names_male", "last_names")
    )
    both = sorted({*female} & {*male})
    every = sorted({*female, *male, *_names(locale, "first_names")})
    first: dict[Gender, tuple[str, ...]] = {
        "female": tuple(female if len(female) >= SMALLEST_POOL else every),
        "male": tuple(male if len(male) >= SMALLEST_POOL else every),
        "": tuple(both if len(both) >= SMALLEST_POOL else every),
    }
    if locale != DEFAULT and min(len(every), len(last)) < SMALLEST_POOL:
        return pool(DEFAULT)
    return Pool(first, tuple(last))


@lru_cache(maxsize=4096)
def locale_of(first: str, last: str, written: str) -> str:
    """The locale a name fits: by its script, then by whose lists have both words, one, or none."""
    script = _script(written)
    if script != "LATIN":
        return SCRIPTS.get(script, DEFAULT)
    best, best_score = DEFAULT, 0
    for locale in LATIN_LOCALES:
        firsts, lasts = _known(locale)
        score = 2 * (last in lasts) + (first in firsts)
        if score > best_score:
            best, best_score = locale, score
    return best


@lru_cache(maxsize=4096)
def gender_of_first(first: str) -> Gender:
    """The gender a folded first name is given to in every list that has it; empty when unclear."""
    if not first:
        return ""
    female = any(first in _folded(locale, "first_names_female") for locale in LATIN_LOCALES)
    male = any(first in _folded(locale, "first_names_male") for locale in LATIN_LOCALES)
    if female == male:
        return ""
    return "female" if female else "male"


@lru_cache(maxsize=4096)
def is_surname(word: str) -> bool:
    """Whether a folded word is in some list of last names."""
    return any(word in _known(locale)[1] for locale in LATIN_LOCALES)


@cache
def _known(locale: str) -> tuple[frozenset[str], frozenset[str]]:
    firsts = [_folded(locale, f"first_names{kind}") for kind in ("", "_female", "_male")]
    return frozenset().union(*firsts), _folded(locale, "last_names")


@cache
def _folded(locale: str, kind: str) -> frozenset[str]:
    return frozenset(_fold(name) for name in _raw(locale, kind))


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


@cache
def _names(locale: str, kind: str) -> list[str]:
    names = {
        name for name in _raw(locale, kind) if name.isalpha() and len(name) > (2 if name.isascii() else 0)
    }
    return sorted(name for name in names if name.casefold() not in _WORDS)


@cache
def _raw(locale: str, kind: str) -> tuple[str, ...]:
    try:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    except ModuleNotFoundError:
        return ()
    return tuple(getattr(provider, kind, ()))


def _script(written: str) -> str:
    for character in written:
        if character.isalpha():
            return unicodedata.name(character, "LATIN").split()[0].split("-")[0]
    return "LATIN"
