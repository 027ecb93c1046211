"""Detectors that took no part in the scrubbing, over what was published.

Our own few patterns with their checksums read every row. Presidio's stock recognizers
(Microsoft, MIT), as they are installed and without any context or model, read a sample.
Ranges that nobody owns, published test numbers and what scrubbing itself wrote are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.scrubbing.reserved import reserved

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

_PUBLISHED = """
    4111111111111111 4242424242424242 4012888888881881 4222222222222 4000056655665556
    4000000000000002 5555555555554444 5105105105105100 5200828282828210 2223003122003222
    2223000048400011 378282246310005 371449635398431 378734493671000 6011111111111117
    6011000990139424 30569309025904 38520000023237 3530111333300000 3566002020360505
    6304000000000000 078051120 219099999 GB29NWBK60161331926819 GB82WEST12345698765432
    DE89370400440532013000 FR1420041010050500013M02606 ES9121000418450200051332
    ES7921000813610123456789 IT60X0542811101000000123456 NL91ABNA0417164300 CH9300762011623852957
    AT611904300234573201 BE68539007547034
"""
TEST_NUMBERS = frozenset(_PUBLISHED.split())
"""Published by payment processors, the IBAN registry and the Social Security Administration."""

LONGEST = 4_000
CANDIDATE_SCORE = 0.4
CHECKED = ("CREDIT_CARD", "IBAN_CODE", "CRYPTO")
PASSED_OVER = ("DATE_TIME", "URL", "UUID", "NRP", "PERSON", "LOCATION", "ORGANIZATION", "EMAIL_ADDRESS")


class Residue(NamedTuple):
    """Something that looks like personal data. ``sure``: its form or its checksum leaves little doubt."""

    entity: str
    start: int
    end: int
    sure: bool
    detector: str


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _luhn(text: str) -> bool:
    digits = [int(digit) for digit in reversed(_digits(text))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    plain = re.sub(r"\s", "", text)
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


class _Pattern(NamedTuple):
    entity: str
    sign: str
    """A character without which nothing can match; empty when there is none."""
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    sure: bool


PATTERNS = (
    _Pattern(
        "EMAIL_ADDRESS",
        "@",
        re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b"),
        lambda text: True,
        True,
    ),
    _Pattern(
        "CREDIT_CARD",
        "",
        re.compile(r"(?<![\w.-])(?:3[0-9]|4\d|5[0-9]|6\d|2[2-7])(?:[ -]?\d){11,17}(?![\w-])"),
        _luhn,
        True,
    ),
    _Pattern(
        "IBAN_CODE",
        "",
        re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b"),
        _iban,
        True,
    ),
    _Pattern(
        "US_SSN",
        "-",
        re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
        lambda text: True,
        True,
    ),
    _Pattern(
        "PHONE_NUMBER",
        "",
        re.compile(r"(?<![\w.+])(?:\+\d[\d ().-]{7,17}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?![\d-])"),
        lambda text: 9 <= len(_digits(text)) <= 15,
        False,
    ),
)


def residue(text: str) -> Iterator[Residue]:
    """What our own patterns see in a text."""
    digits = any(map(str.isdecimal, text))
    for own in PATTERNS:
        if (own.sign not in text) if own.sign else not digits:
            continue
        for match in own.pattern.finditer(text):
            if own.holds(match[0]) and not nobodys(own.entity, match[0]):
                yield Residue(own.entity, *match.span(), own.sure, "own pattern")


def stock_residue(text: str) -> Iterator[Residue]:
    """What Presidio's stock recognizers see in the first `LONGEST` characters of a text."""
    text = text[:LONGEST]
    if not any(map(str.isdecimal, text)):
        return
    for recognizer in _stock():
        for result in recognizer.analyze(text, recognizer.supported_entities, None):
            found = text[result.start : result.end]
            entity = str(result.entity_type)
            if entity in PASSED_OVER or result.score < CANDIDATE_SCORE or nobodys(entity, found):
                continue
            sure = entity in CHECKED and result.score >= 1.0
            yield Residue(entity, result.start, result.end, sure, f"Presidio {recognizer.name}")


def nobodys(entity: str, value: str) -> bool:
    """Whether a value is a published test number or lies in a range that nobody owns."""
    return re.sub(r"[\s-]", "", value).upper() in TEST_NUMBERS or reserved(entity, value)


@lru_cache(maxsize=1)
def _stock() -> list[EntityRecognizer]:
    """The recognizers of the default registry that need no model.

    The one for e-mail asks the network for a list of suffixes; our own pattern stands in for it.
    """
    import logging

    from presidio_analyzer import RecognizerRegistry

    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    chosen: list[Any] = [r for r in registry.recognizers if set(r.supported_entities) - {*PASSED_OVER}]
    return sorted(chosen, key=lambda recognizer: str(recognizer.name))
