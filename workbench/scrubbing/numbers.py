"""Made-up numbers and addresses: valid in form, from ranges that nobody owns where there are such.

Each function takes the value and a source of chance, and keeps the separators, lengths and
case of the value. The ranges and their sources are in `workbench.scrubbing.reserved`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from random import Random

from workbench.scrubbing.reserved import (
    CARD_PREFIXES,
    DOMAINS,
    IBAN_BANK,
    MAC,
    PHONES,
    SSN,
    UNKNOWN_PHONE,
)

_AREAS = (
    "202",
    "206",
    "212",
    "303",
    "305",
    "312",
    "404",
    "415",
    "503",
    "512",
    "602",
    "617",
    "702",
    "713",
    "808",
)
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "IN", "AU", "IE", "SE", "PT", "BR")
_BRANDS = (
    ("amex", r"3[47]"),
    ("diners", r"3(?:0[0-5]|[68])"),
    ("jcb", r"35"),
    ("visa", r"4"),
    ("mastercard2", r"2[2-7]"),
    ("mastercard", r"5[1-5]"),
    ("discover", r"6"),
)
_NIF_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_PLAIN = {"PHONE_NUMBER": "202-555-0100", "CREDIT_CARD": "4111 1100 0000 0000", "US_SSN": "987-65-4300"}
_V4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

Maker = Callable[[str, Random], str]


def digits_of(text: str) -> str:
    """The digits of a text, of whatever script, as ASCII digits."""
    return "".join(str(int(c)) for c in text if c.isdecimal())


def shaped(text: str, chance: Random) -> str:
    """Other digits for digits and other letters for letters of the same case; all else stays.

    A number keeps a first digit that is not 0, so that it stays as long.
    """
    pieces = []
    for index, character in enumerate(text):
        if character.isdecimal():
            low = 1 if index == 0 and character != "0" else 0
            pieces.append(str(chance.randint(low, 9)))
        elif character.isalpha():
            letter = chance.choice(string.ascii_lowercase)
            pieces.append(letter.upper() if character.isupper() else letter)
        else:
            pieces.append(character)
    return "".join(pieces)


def phone(text: str, chance: Random) -> str:
    """A number that no subscriber has, of the same country and form."""
    code, national = _national(text)
    digits = digits_of(text)
    start = digits.rfind(national)
    made = _fictional(code, national, chance)
    extension = "".join(str(chance.randint(0, 9)) for _ in digits[start + len(national) :])
    return with_digits(text, digits[:start] + made + extension)


def card(text: str, chance: Random) -> str:
    """A number of the same brand, length and grouping whose check digit is right (Luhn)."""
    digits = digits_of(text)
    if not 13 <= len(digits) <= 19:
        return shaped(text, chance)
    brand = next((name for name, start in _BRANDS if re.match(start, digits)), "other")
    prefix = CARD_PREFIXES[brand]
    body = prefix + _random_digits(len(digits) - len(prefix) - 1, chance)
    return with_digits(text, body + luhn_digit(body))


def iban(text: str, chance: Random) -> str:
    """An account of the same country and length with no bank's code; the check digits are right."""
    compact = re.sub(r"[\W_]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", compact):
        return shaped(text, chance)
    account = compact[4:]
    bank = "".join(IBAN_BANK["digit" if c.isdecimal() else "letter"][i] for i, c in enumerate(account[:4]))
    made = bank + shaped(account[4:], chance)
    spelled = "".join(str(int(c, 36)) for c in made + compact[:2] + "00")
    check = 98 - int(spelled) % 97
    return _with_characters(text, f"{compact[:2]}{check:02}{made}")


def ssn(text: str, chance: Random) -> str:
    """987-65-43xx: area 987 is never issued."""
    if len(digits_of(text)) != 9:
        return shaped(text, chance)
    return with_digits(text, SSN + _random_digits(2, chance))


def ip_address(text: str, chance: Random) -> str:
    """An address of the networks for documentation (RFC 5737, RFC 3849)."""
    if _V4.search(text):
        network = chance.choice(("192.0.2", "198.51.100", "203.0.113"))
        return _V4.sub(f"{network}.{chance.randint(1, 254)}", text, count=1)
    made = f"2001:db8::{chance.randint(1, 0xFFFF):x}:{chance.randint(1, 0xFFFF):x}"
    return made.upper() if text.isupper() else made


def mac_address(text: str, chance: Random) -> str:
    """An address of the range for documentation (RFC 7042)."""
    if len(re.sub(r"[^0-9a-fA-F]", "", text)) != 12:
        return shaped(text, chance)
    made = MAC + f"{chance.randint(0, 255):02x}"
    return _with_characters(text, made.upper() if text.upper() == text else made)


def url(text: str, chance: Random) -> str:
    """A page of a domain for examples, with the scheme that the value has."""
    scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text)
    word = "".join(chance.choice(string.ascii_lowercase) for _ in range(8))
    return f"{scheme.group() if scheme else ''}{chance.choice(DOMAINS)}/{word}"


def wallet(text: str, chance: Random) -> str:
    """An address of the same form whose check sum is not right, so that nobody can be paid."""
    kept = 4 if text.lower().startswith("bc1") else 2 if text.lower().startswith("0x") else 1
    if text.lower().startswith("0x"):
        return text[:2] + "".join(chance.choice("0123456789abcdef") for _ in text[2:])
    return text[:kept] + shaped(text[kept:], chance)


def nhs(text: str, chance: Random) -> str:
    """An NHS number of the range for tests (999), with its check digit."""
    if len(digits_of(text)) != 10:
        return shaped(text, chance)
    while True:
        body = "999" + _random_digits(6, chance)
        check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(body)) % 11
        if check != 10:
            return with_digits(text, body + str(check % 11))


def nif(text: str, chance: Random) -> str:
    """A Spanish NIF or NIE with its check letter; numbers below 100 000 are not issued to anybody alive."""
    compact = re.sub(r"\W", "", text).upper()
    match = re.fullmatch(r"([XYZ]?)(\d{7,8})([A-Z])", compact)
    if match is None:
        return shaped(text, chance)
    number = f"{chance.randint(10_000, 99_999):0{len(match[2])}}"
    letter = _NIF_LETTERS[int({"X": "0", "Y": "1", "Z": "2", "": ""}[match[1]] + number) % 23]
    return _with_characters(text, match[1] + number + letter)


def luhn_ended(text: str, chance: Random) -> str:
    """Another number of the same form with a right Luhn digit at its end (Canadian SIN and the like)."""
    body = digits_of(shaped(text, chance))[:-1]
    return with_digits(text, body + luhn_digit(body))


def luhn_digit(body: str) -> str:
    """The digit that makes a number right by Luhn's rule (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(reversed(body)):
        number = int(digit) * (2 - index % 2)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def with_digits(text: str, digits: str) -> str:
    """A text with its digits replaced one after the other."""
    spare = iter(digits)
    return "".join(next(spare, "0") if c.isdecimal() else c for c in text)


def made_up(entity: str, text: str, chance: Random) -> str | None:
    """Another value of a patterned entity; None for one that has no digits and no known form."""
    maker = MAKERS.get(entity)
    if entity in _PLAIN and len(digits_of(text)) < 4:
        text = _PLAIN[entity]  # spelled out, or hidden in an encoding
    if maker is not None:
        return maker(text, chance)
    return shaped(text, chance) if any(map(str.isdecimal, text)) else None


MAKERS: dict[str, Maker] = {
    "PHONE_NUMBER": phone,
    "CREDIT_CARD": card,
    "IBAN_CODE": iban,
    "US_SSN": ssn,
    "IP_ADDRESS": ip_address,
    "MAC_ADDRESS": mac_address,
    "URL": url,
    "CRYPTO": wallet,
    "UK_NHS": nhs,
    "ES_NIF": nif,
    "ES_NIE": nif,
    "CA_SIN": luhn_ended,
}


def _national(text: str) -> tuple[str, str]:
    """Country calling code and national number of a telephone number, as well as can be told."""
    import phonenumbers

    digits = digits_of(text)
    international = text.lstrip(" (").startswith("+") or digits.startswith("00")
    written = "+" + digits.removeprefix("00") if international else digits
    for region in (None,) if international else _REGIONS:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        national = phonenumbers.national_significant_number(number)
        if national and national in digits and (international or phonenumbers.is_valid_number(number)):
            return str(number.country_code), national
    return ("1", digits) if len(digits) in (7, 10) else ("", digits)


def _fictional(code: str, national: str, chance: Random) -> str:
    length = len(national)
    if code == "1" and length in (7, 10):
        area = chance.choice(_AREAS) if length == 10 else ""
        return f"{area}55501{_random_digits(2, chance)}"
    ranges = [(start, free) for start, free in PHONES.get(code, ()) if len(start) + free == length]
    alike = [entry for entry in ranges if entry[0][0] == national[:1]] or ranges
    if alike:
        start, free = chance.choice(alike)
        return start + _random_digits(free, chance)
    return (UNKNOWN_PHONE + _random_digits(max(length - len(UNKNOWN_PHONE), 0), chance))[:length]


def _random_digits(count: int, chance: Random) -> str:
    return "".join(str(chance.randint(0, 9)) for _ in range(count))


def _with_characters(text: str, characters: str) -> str:
    """A text with its letters and digits replaced one after the other; lower case stays lower."""
    spare = iter(characters.lower() if text.lower() == text else characters)
    return "".join(next(spare, "") if c.isalnum() else c for c in text)
