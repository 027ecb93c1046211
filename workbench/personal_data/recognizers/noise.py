"""Noise: what has the form of a personal datum and is none, by what stands right around it.

Versions, years, prices, ISBN, order numbers, timestamps and sums look like telephone numbers and
addresses to a pattern. What decides is in the text next to the match, which a recognizer of
Presidio is not shown, so these rules run after it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from workbench.personal_data.recognizers.checks import digits_of

LEAST_DIGITS = 7
NEAR = 40
DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?")
DECIMAL = re.compile(r"[-+]?\d+\.\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?")
DAY = re.compile(
    r"(?:1\d|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ](?:0?[1-9]|[12]\d|3[01])(?:[ T:.-]*\d{1,2}(?:[:.]\d{2})*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/. ](?:0?[1-9]|[12]\d|3[01])[-/. ](?:1\d|20)\d\d(?:[ T]*\d{1,2})?"
    r"|(?:1\d|20)\d\d(?:\s?[-/, ]\s?(?:1\d|20)?\d\d)+"
    r"|(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}|\d{6})?"
)
SSN_LIKE = re.compile(r"\d{3}[-. _]\d{2}[-. _]\d{4}")
NUMBERED = re.compile(
    r"(?:\b(?:order|orders|invoice|ticket|tracking|case|reference|ref|confirmation|booking|transaction|serial|sku|item|part"
    r"|product|model|isbn|issn|doi|pmid|article|version|ver|build|release|rfc|page|pages|pp|chapter|line|lines|port|zip|id"
    r"|ids|uuid|hash|key|index|row|record|timestamp|epoch|unix|time|date|year|years|code|codes|batch|lot|patent|case no"
    r"|pn|p/n|account|acct|policy|claim|member|passport|licen[cs]e|routing|nhs|npi|card|iban|ean|upc|barcode|asin|bug|issue|commit|sum"
    r"|total|result|answer|equals|population|coordinates|latitude|longitude|lat|lng|lon|score|size|bytes|price|cost|amount"
    r"|salary|revenue|budget|worth|approximately|about|roughly|bestellung|bestellnummer|auftrag|rechnung|rechnungsnummer"
    r"|ticketnummer|kundennummer|commande|facture|pedido|factura)"
    r"(?:[ ]?(?:number|numbers|num|no|nr|id|code|#))?|#|№|n°|=|\bv)"
    r"[.:]?\s{0,2}(?:is|was|are|of|to|:|=)?\s{0,2}[\"'`#(\[]?\Z",
    re.IGNORECASE,
)
ORDERED = re.compile(
    r"\b(?:order|reference|ref|ticket|invoice|tracking|booking|confirmation|transaction|serial|sku|model|version|coupon|voucher"
    r"|bestellung|rechnung|commande|facture|pedido|factura)\W{0,3}(?:number|no|nr|id|code)?\W{0,3}(?:is\s)?\Z",
    re.IGNORECASE,
)
PHONE_SAID = re.compile(
    r"(?:phone|\btel\b|telephone|mobile|\bcell|\bcall\b|fax|whatsapp|\btext (?:me|us)|dial|telefon|handy|téléphone|teléfono|móvil"
    r"|reach|contact|hotline)[^.!?\n]{0,30}\Z",
    re.IGNORECASE,
)
MONEY_BEFORE = re.compile(r"(?:[$€£¥₹]|\b(?:USD|EUR|GBP|INR|Rs|CHF|JPY|CAD|AUD)\.?)\s?\Z")
UNIT_BEHIND = re.compile(
    r"\s?(?:%|[$€£¥₹°]|(?:USD|EUR|GBP|INR|CHF|dollars?|euros?|pounds?|rupees|miles?|km|cm|mm|kg|lbs?|GB|MB|KB|TB|Hz|MHz|GHz"
    r"|ms|seconds?|bytes|bits|people|users|units|votes|acres|hectares|million|billion|years?|feet|ft|meters?|metres?)\b)",
)
SIGNS = re.compile(r"[*/^+=<>]\s?\Z|[×÷]\s?\Z")
VERSION = re.compile(
    r"(?:\b(?:version|versions|ver|v|release|build|firmware|section|chapter|update|patch|python|java|node|chrome|firefox|windows"
    r"|ios|android|kernel|linux|driver|package|image|tag|rfc|clause|figure|table|step)[. :=\"\']{0,4}(?:(?:number|is|was|to|at|of) ?){0,2}|(?<!ip)(?<!host)[=<>~^]=?\s?|@)\Z",
    re.IGNORECASE,
)
STREET_WORD = re.compile(
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way)\b", re.IGNORECASE
)
STREET_WORD = re.compile(
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way)\b", re.IGNORECASE
)
CHANGED_TO = re.compile(
    r"\b(?:upgrad|downgrad|roll|updat|bump|pinn|install|releas)\w*\b(?:[^.\n]|\.(?=\d)){0,50}\Z",
    re.IGNORECASE,
)
TAGGED = re.compile(
    r"(?<![\w])(?!(?:ip|host|server|address|client|from|source|src|dst|gateway|dns)\b)[\w./-]+:\Z",
    re.IGNORECASE,
)
HOST_SAID = re.compile(r"\b(?:ip|host|server|address|gateway|dns|nameserver|client)\b", re.IGNORECASE)
ADDRESS_SAID = re.compile(
    r"\b(?:ip|ips|host|server|address|ping|ssh|gateway|dns|from|subnet|client|nameserver)\b", re.IGNORECASE
)
RESOLVERS = frozenset(
    ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220", "4.2.2.2")
)
PRIVATE = tuple(
    ipaddress.ip_network(n)
    for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
NOBODY = tuple(
    ipaddress.ip_network(n) for n in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8")
)


def is_noise(
    entity: str,
    text: str,
    start: int,
    end: int,
    *,
    said: bool = False,
    short_phones: bool = False,
    private: bool = False,
) -> bool:
    """Whether what stands there has only the form of that entity.

    ``said``: the words around, or a question before, name the entity.
    """
    if entity == "PHONE_NUMBER":
        return _phone(text, start, end, short_phones, said)
    if entity == "IP_ADDRESS":
        return _address(text, start, end, private)
    if entity not in FREE_TEXT and _in_a_code(text, start, end):
        return True
    rule = RULES.get(entity)
    return rule is not None and rule(text, start, end)


def _phone(text: str, start: int, end: int, short: bool, said: bool) -> bool:
    value, before, behind = text[start:end], text[max(0, start - NEAR) : start], text[end : end + NEAR]
    digits = digits_of(value)
    if len(digits) < (4 if short else LEAST_DIGITS) or len(set(digits)) < 2:
        return True
    bare = value.strip("() ")
    if DOTTED.fullmatch(bare) or SSN_LIKE.fullmatch(bare) or DAY.fullmatch(bare):
        return True
    if _isbn(bare) or _attached(before, behind) or _in_a_list(value):
        return True
    numbered = NUMBERED.search(before) is not None
    if PHONE_SAID.search(before) or (said and not numbered) or re.match(r"[ (]*\+\d", value):
        return False
    if value.startswith("+ ") or _bare(value) or (re.search(r" [-/] ", value) and value[0] not in "0("):
        return True
    if (
        DECIMAL.fullmatch(value)
        or MONEY_BEFORE.search(before)
        or UNIT_BEHIND.match(behind)
        or SIGNS.search(before)
    ):
        return True
    return numbered


def _bare(value: str) -> bool:
    """Whether digits without a break have neither a trunk prefix nor ten digits of the American plan."""
    return value.isdecimal() and not re.fullmatch(r"0\d{9,11}|[2-9]\d\d[2-9]\d{6}", value)


def _isbn(value: str) -> bool:
    """Whether it is the number of a book: four groups, the last of one sign, and their check digit."""
    plain = re.sub("[- ]", "", value).upper()
    if re.fullmatch(r"97[89][- ]?\d{1,5}[- ]?\d{1,7}[- ]?\d{1,7}[- ]?\d", value) and len(plain) == 13:
        return True
    if len(plain) != 10 or not re.fullmatch(r"\d{1,5}[- ]\d{1,7}[- ]\d{1,7}[- ][\dXx]", value):
        return False
    return sum((10 - n) * (10 if sign == "X" else int(sign)) for n, sign in enumerate(plain)) % 11 == 0


def _attached(before: str, behind: str) -> bool:
    """Whether the digits go on, or are a piece of a longer word: a hash, a UUID, a range, a path."""
    if re.search(r"(?:\w[-_./]|[\w\\])\Z", before) or re.match(r"[-_/]?\w|[.,:]\d", behind):
        return not re.search(r"\b(?:tel|phone|fax|mobile|call|whatsapp)[-_./:]\Z", before, re.IGNORECASE)
    return re.search(r"\d[-.,:/][ ]?\Z|\d[ ]?[-–+*/×=][ ]\Z", before) is not None


def _in_a_list(value: str) -> bool:
    """Whether these are several small numbers one after the other, as in a sum or a table."""
    groups = re.split(r"[ ,;/]+", value.strip())
    if len(groups) < 4 or value.lstrip().startswith(("+", "(", "0")):
        return False
    numbers = [int(group) for group in groups if group.isdecimal()]
    return len(numbers) == len(groups) and (
        numbers == sorted(numbers) or max(map(len, groups)) <= 2 or len(groups) > 5
    )


def _in_a_code(text: str, start: int, end: int) -> bool:
    """Whether a number is a piece of a UUID or of another joined code."""
    return (
        re.match(r"-[0-9A-Za-z]{3,}", text[end : end + 8]) is not None
        or re.search(r"[0-9a-fA-F]{4,}-\Z", text[max(0, start - 8) : start]) is not None
    )


def _address(text: str, start: int, end: int, private: bool) -> bool:
    value, before = text[start:end], text[max(0, start - NEAR) : start]
    bare = value.partition("/")[0].partition("%")[0]
    if bare in RESOLVERS or VERSION.search(before) or TAGGED.search(before):
        return True
    if CHANGED_TO.search(before) and not HOST_SAID.search(before):
        return True
    if re.search(r"\d[.,]\Z|[\w-]\Z|\w/\Z", before) or re.match(r"\.\d|[-\w]", text[end : end + 2]):
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return True
    if any(address in network for network in NOBODY) or (
        not private and any(address in net for net in PRIVATE)
    ):
        return True
    if address.version == 4:
        # "1.2.3.4" is as often the number of a section or of a release.
        return all(len(part) == 1 for part in bare.split(".")) and not ADDRESS_SAID.search(before)
    groups = [group for group in bare.split(":") if group]
    return not any(map(str.isdecimal, bare)) or len(groups) < 3


def _mail(text: str, start: int, end: int) -> bool:
    """The password of a URL, which ends at its host: ``://user:word@host``."""
    return re.search(r"://[^\s/@]{0,100}:\Z", text[max(0, start - 110) : start]) is not None


def _ssn(text: str, start: int, end: int) -> bool:
    digits = digits_of(text[start:end])
    if (
        digits[:1] == "9"
        or re.search(r"[\w-]\Z", text[max(0, start - 1) : start])
        or re.match(r"-\w", text[end : end + 2])
    ):
        return True
    before = text[max(0, start - NEAR) : start]
    return NUMBERED.search(before) is not None and "." in text[start:end]


def _street(text: str, start: int, end: int) -> bool:
    """A year before a street or a place: "In 1929 Wall Street fell", "2002 Salt Lake"."""
    before, value = text[max(0, start - 12) : start], text[start:end]
    if not re.match(r"(?:1[89]\d\d|20[0-3]\d)\b", value):
        return False
    if not STREET_WORD.search(value):
        return True
    return re.search(r"\b(?:in|since|of|by|the|from|until|and|,)\s\Z", before, re.IGNORECASE) is not None


def _plain(text: str, start: int, end: int) -> bool:
    """A number of another kind that only looks like a document's: a year, a price, a date, a version."""
    value, before, behind = text[start:end], text[max(0, start - NEAR) : start], text[end : end + NEAR]
    if re.fullmatch(r"(?:1[89]|20)\d\d(?:-(?:1[89]|20)?\d\d)?", value) or DAY.fullmatch(value):
        return True
    if MONEY_BEFORE.search(before) or UNIT_BEHIND.match(behind) or re.match(r"-?\w|\.\d", behind):
        return True
    if ORDERED.search(before):
        return True
    return (
        re.fullmatch(
            r"[a-z-]+\d{1,2}(?:st|nd|rd|th)?|\d+(?:st|nd|rd|th|px|em|ms|kb|mb|gb|k|m)|\d{1,3}-[a-z-]+",
            value,
            re.I,
        )
        is not None
    )


FREE_TEXT = frozenset(
    (
        "EMAIL_ADDRESS",
        "URL",
        "ANY_URL",
        "STREET_ADDRESS",
        "MAC_ADDRESS",
        "DATE_OF_BIRTH",
        "DATE_TIME",
        "AGE",
        "USERNAME",
    )
)
RULES: Mapping[str, Callable[[str, int, int], bool]] = {
    "EMAIL_ADDRESS": _mail,
    "US_SSN": _ssn,
    "STREET_ADDRESS": _street,
} | dict.fromkeys(
    (
        "PASSPORT", "DRIVER_LICENSE", "ID_NUMBER", "BANK_ACCOUNT", "US_DRIVER_LICENSE", "US_PASSPORT", "UK_PASSPORT",
        "US_BANK_NUMBER", "DE_FUEHRERSCHEIN", "US_HEALTH_INSURANCE_MEMBER_ID", "US_MBI", "POSTCODE", "DE_PLZ",
    ),
    _plain,
)  # fmt: skip
