"""Phone numbers as Presidio's `PhoneRecognizer` finds them, with the work that repeats left out.

libphonenumber reads the text once for each region. Here the search for number-like stretches is
shared by all regions and starts from digits only, numbers that are too short for a region are not
parsed, and what was parsed is remembered. Everything else is the library's own matcher, so the
matches are its matches: tests compare them on text and on heaps of numbers.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from workbench.personal_data.limits import Stopwatch

DIGIT = re.compile(r"\d")
# What may stand before the first digit: twice a bracket or plus with four signs after it.
LEAD = 10
GIVE_UP = 65_535  # the library's own limit on numbers that turn out to be none
REMEMBERED = 50_000
SHORTEST_ABROAD = 4
ENDLESS = 10**9

Spans = set[tuple[int, int]]


def phone_spans(
    text: str, regions: Sequence[str], leniency: int, stopwatch: Stopwatch, to_the_end: bool = False
) -> Spans:
    """Start and end of every phone number in the text, for any of the regions.

    ``leniency`` is libphonenumber's (1: valid numbers). The library gives up after 65,535 failures
    in a text; with ``to_the_end`` the search does not. Raises `TooSlow`.
    """
    found: Spans = set()
    candidates = Candidates(text, stopwatch)
    everything = list(candidates)
    failures = sum(6 * len(one.number) + 7 for one in everything)  # more than there can be
    patient = to_the_end or failures < GIVE_UP
    tries = ENDLESS if to_the_end else GIVE_UP
    for region in regions:
        rules = _rules(region, leniency) if patient else EVERY_NUMBER
        if any(rules.may_be(one) for one in everything):
            found.update(Reading(candidates, region, leniency, rules, tries).spans())
    return found


class Candidate(NamedTuple):
    """A number-like stretch. ``digits`` is None where more than plain digits may count."""

    start: int
    number: str
    digits: str | None


class Candidates:
    """The number-like stretches of one text, found once for all regions."""

    def __init__(self, text: str, stopwatch: Stopwatch) -> None:
        self.text = text
        self.stopwatch = stopwatch
        self.known: dict[int, Candidate | None] = {}

    def __iter__(self) -> Iterator[Candidate]:
        """Those that are seen when none of them turns out to be a phone number."""
        candidate = self.after(0)
        while candidate is not None:
            yield candidate
            candidate = self.after(candidate.start + len(candidate.number))

    def after(self, index: int) -> Candidate | None:
        """The next one at or after a place in the text."""
        if index not in self.known:
            self.stopwatch.check()
            self.known[index] = self._search(index)
        return self.known[index]

    def _search(self, index: int) -> Candidate | None:
        library = _library()
        digit = DIGIT.search(self.text, index)
        if digit is None:
            return None
        # The first match begins no later than the first digit, and at most LEAD before it.
        match = library.pattern.search(self.text, max(index, digit.start() - LEAD))
        if match is None:
            return None
        number = match.group()
        second = library.second_number.search(number)
        number = number[: second.start()] if second else number
        return Candidate(match.start(), number, only_digits(number))


def only_digits(number: str) -> str | None:
    """The digits of a candidate, or None if it has a plus, a letter or signs outside ASCII."""
    if "+" in number or not number.isascii():
        return None
    digits = number.translate(_NO_PUNCTUATION)
    return digits if digits.isdigit() else None


_NO_PUNCTUATION = {ord(sign): None for sign in string.punctuation + string.whitespace}


class Library(NamedTuple):
    """The parts of libphonenumber in use."""

    pattern: re.Pattern[str]
    second_number: re.Pattern[str]
    lead: re.Pattern[str]
    brackets: re.Pattern[str]
    pages: re.Pattern[str]
    matcher: Any
    match: Any
    number: Any


@lru_cache(maxsize=1)
def _library() -> Library:
    from phonenumbers import PhoneNumber, PhoneNumberMatch, PhoneNumberMatcher
    from phonenumbers import phonenumbermatcher as inside

    return Library(
        inside._PATTERN,
        vars(inside)["_SECOND_NUMBER_START_PATTERN"],
        inside._LEAD_PATTERN,
        inside._MATCHING_BRACKETS,
        inside._PUB_PAGES,
        PhoneNumberMatcher,
        PhoneNumberMatch,
        PhoneNumber(),
    )


class Rules(NamedTuple):
    """The fewest digits of a number of a region, and how one of another country begins there."""

    region: str
    leniency: int
    fewest: int
    abroad: re.Pattern[str] | None

    def may_be(self, candidate: Candidate) -> bool:
        """False if neither the candidate nor any part of it can be a number, whatever is around it."""
        if self.abroad is None:
            return True
        return not (self.too_short(candidate.digits) or _hopeless(candidate.number, self))

    def too_short(self, digits: str | None) -> bool:
        """Neither these digits nor any part of them can be a number."""
        if digits is None or len(digits) >= self.fewest:
            return False
        return len(digits) < SHORTEST_ABROAD or (self.abroad is not None and not self.abroad.search(digits))


EVERY_NUMBER = Rules("", 0, 0, None)


@lru_cache(maxsize=REMEMBERED)
def _hopeless(number: str, rules: Rules) -> bool:
    """The library finds nothing in the candidate even with nothing around it.

    What stands around a candidate can only forbid a number, never make one.
    """
    alone = Reading(Candidates(number, Stopwatch(None)), rules.region, rules.leniency, rules, ENDLESS)
    return alone.matcher._extract_match(number, 0) is None


class Reading:
    """The library's matcher reading one text for one region, with two of its parts replaced."""

    def __init__(self, candidates: Candidates, region: str, leniency: int, rules: Rules, tries: int) -> None:
        self.candidates = candidates
        self.region = region
        self.leniency = leniency
        self.rules = rules
        self.library = _library()
        self.matcher = self.library.matcher(candidates.text, region, leniency=leniency, max_tries=tries)
        vars(self.matcher).update(_find=self.find, _parse_and_verify=self.parse_and_verify)

    def spans(self) -> list[tuple[int, int]]:
        """Where the matches are."""
        return [(match.start, match.end) for match in self.matcher]

    def find(self, index: int) -> Any:
        """The next match at or after ``index``: the library's ``_find``, by shared candidates."""
        while self.matcher._max_tries > 0:
            candidate = self.candidates.after(index)
            if candidate is None:
                return None
            if self.rules.may_be(candidate):
                match = self.matcher._extract_match(candidate.number, candidate.start)
                if match is not None:
                    return match
                self.matcher._max_tries -= 1
            index = candidate.start + len(candidate.number)
        return None

    def parse_and_verify(self, candidate: str, offset: int) -> Any:
        """The library's ``_parse_and_verify``, cheapest checks first."""
        self.candidates.stopwatch.check()
        if self.rules.too_short(only_digits(candidate)):
            return None
        if not self.library.brackets.fullmatch(candidate) or self.library.pages.search(candidate):
            return None
        if not _is_number(candidate, self.region, self.leniency):
            return None
        if self.leniency >= 1 and self._touches_letters(candidate, offset):
            return None
        return self.library.match(offset, candidate, self.library.number)

    def _touches_letters(self, candidate: str, offset: int) -> bool:
        text, end = self.candidates.text, offset + len(candidate)
        if offset > 0 and not self.library.lead.match(candidate) and self._forbids(text[offset - 1]):
            return True
        return end < len(text) and self._forbids(text[end])

    def _forbids(self, neighbour: str) -> bool:
        symbol = self.matcher._is_invalid_punctuation_symbol(neighbour)
        return bool(symbol or self.matcher._is_latin_letter(neighbour))


@lru_cache(maxsize=REMEMBERED)
def _is_number(candidate: str, region: str, leniency: int) -> bool:
    """Whether the library takes the whole candidate for a phone number of the region."""
    from phonenumbers import NumberParseException, PhoneNumberMatcher, parse
    from phonenumbers.phonenumbermatcher import _verify

    try:
        number = parse(candidate, region, keep_raw_input=True)
        return bool(_verify(leniency, number, candidate, PhoneNumberMatcher("", region)))
    except NumberParseException:
        return False


@lru_cache(maxsize=512)
def _rules(region: str, leniency: int) -> Rules:
    """Lengths are known of valid numbers only, and where no rule adds digits."""
    from phonenumbers.phonemetadata import PhoneMetadata

    home = PhoneMetadata.metadata_for_region(region)
    if home is None or leniency < 1:
        return EVERY_NUMBER
    return Rules(region, leniency, _shortest(region), re.compile(home.international_prefix or ""))


def _shortest(region: str) -> int:
    """The fewest digits of a valid number that is read as one of this region; 0 if unknown."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
    from phonenumbers.phonemetadata import PhoneMetadata

    home = PhoneMetadata.metadata_for_region(region)
    if home is None or home.country_code is None:
        return 0
    lengths: list[int] = []
    for sister in COUNTRY_CODE_TO_REGION_CODE.get(home.country_code, ()):
        metadata = PhoneMetadata.metadata_for_region(sister)
        general = None if metadata is None else metadata.general_desc
        if metadata is None or general is None or not general.possible_length:
            return 0
        rule = re.sub(r"[\\$]\d", "", metadata.national_prefix_transform_rule or "")
        if sister == region and any(map(str.isdigit, rule)):
            return 0  # the rule adds digits
        lengths += general.possible_length
    return min(lengths, default=0)
