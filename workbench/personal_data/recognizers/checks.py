"""Check digits: whether a number can be one of its kind, by its issuer's published arithmetic.

Every function takes a number with its separators and never raises. Sources: ISO/IEC 7812 (Luhn),
ISO 13616 and 7064 (IBAN, mod 97), INSEE (NIR), and the issuers named at each function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

KEEP = re.compile(r"[^0-9A-Za-z]+")
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
# First digits and lengths of payment cards (ISO/IEC 7812 issuer ranges as the networks publish them).
CARD_RANGES: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13, 16, 19)),  # Visa
    (51, 55, (16,)), (2221, 2720, (16,)),  # Mastercard
    (34, 34, (15,)), (37, 37, (15,)),  # American Express
    (6011, 6011, (16, 19)), (622126, 622925, (16, 19)), (644, 649, (16, 19)), (65, 65, (16, 19)),  # Discover
    (300, 305, (14, 16)), (36, 36, (14, 16, 19)), (38, 39, (14, 16, 19)),  # Diners Club
    (35, 35, (16, 19)), (2131, 2131, (15,)), (1800, 1800, (15,)),  # JCB
    (62, 62, (16, 17, 18, 19)), (81, 81, (16,)),  # UnionPay
    (2200, 2204, (16, 19)),  # Mir
    (50, 50, (12, 13, 14, 15, 16, 19)), (56, 58, (12, 13, 14, 15, 16, 19)),  # Maestro
    (6304, 6304, (12, 13, 14, 15, 16, 19)), (6390, 6390, (12, 13, 14, 15, 16, 19)), (67, 67, (12, 13, 14, 15, 16, 18, 19)),
    (60, 60, (16,)), (63, 63, (16,)),  # RuPay, InstaPayment
)  # fmt: skip


def digits_of(value: str) -> str:
    """The decimal digits of a value."""
    return "".join(filter(str.isdecimal, value))


def compact(value: str) -> str:
    """A value in capitals without its separators."""
    return KEEP.sub("", value).upper()


def luhn(value: str) -> bool:
    """Whether the digits end in their Luhn check digit. A single digit and all zeros do not count."""
    digits = [int(digit) for digit in reversed(digits_of(value))]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return len(digits) > 1 and any(digits) and (sum(digits[::2]) + doubled) % 10 == 0


def mod97(value: str) -> bool:
    """Whether letters and digits, first four moved to the end, leave 1 when divided by 97 (ISO 7064)."""
    plain = compact(value)
    if len(plain) < 5 or not plain.isascii():
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def iban(value: str) -> bool:
    """Whether a value has its country's length and the check digits of an IBAN."""
    plain = compact(value)
    return IBAN_LENGTHS.get(plain[:2]) == len(plain) and plain[2:4].isdecimal() and mod97(plain)


def card(value: str) -> bool:
    """Whether a number lies in an issuer's range, has a length of that issuer, and passes Luhn."""
    digits = digits_of(value)
    if len(set(digits)) < 2 or not luhn(digits):
        return False
    return any(
        len(digits) in lengths and low <= int(digits[: len(str(low))]) <= high
        for low, high, lengths in CARD_RANGES
    )


def weighted(weights: Sequence[int], modulus: int, last: Callable[[int], int]) -> Callable[[str], bool]:
    """A check of plain digits: the last is what ``last`` makes of the weighted sum of the others."""

    def check(value: str) -> bool:
        digits = [int(digit) for digit in digits_of(value)]
        if len(digits) != len(weights) + 1 or len(set(digits)) == 1:
            return False
        total = sum(weight * digit for weight, digit in zip(weights, digits, strict=False))
        return last(total % modulus) == digits[-1]

    return check


def nir(value: str) -> bool:
    """French social security number: 97 less the remainder of the first 13 (2A is 19, 2B is 18)."""
    plain = compact(value)
    number = plain[:13].replace("2A", "19", 1).replace("2B", "18", 1)
    return len(plain) == 15 and (number + plain[13:]).isdecimal() and 97 - int(number) % 97 == int(plain[13:])


def fr_tax(value: str) -> bool:
    """French tax number: the last three digits are the first ten modulo 511."""
    digits = digits_of(value)
    return len(digits) == 13 and int(digits[:10]) % 511 == int(digits[10:])


def bsn(value: str) -> bool:
    """Dutch burgerservicenummer: the eleven test."""
    digits = [int(digit) for digit in digits_of(value)]
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return len(digits) == 9 and any(digits) and sum(map(int.__mul__, digits, weights)) % 11 == 0


def be_national(value: str) -> bool:
    """Belgian national number: 97 less the remainder, with a 2 before it for births from 2000 on."""
    digits = digits_of(value)
    if len(digits) != 11 or not 1 <= int(digits[4:6]) <= 31:
        return False
    return int(digits[9:]) in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97)


def es_social(value: str) -> bool:
    """Spanish social security number: the first ten digits modulo 97."""
    digits = digits_of(value)
    if len(digits) != 12 or not 1 <= int(digits[:2]) <= 66:
        return False
    number = int(digits[2:10])
    joined = int(digits[:2]) * 10_000_000 + number  # how numbers below ten million are counted
    return int(digits[10:]) in (int(digits[:10]) % 97, joined % 97 if number < 10_000_000 else -1)


def at_social(value: str) -> bool:
    """Austrian social insurance number: the fourth digit is the weighted sum of the others modulo 11."""
    digits = [int(digit) for digit in digits_of(value)]
    weights = (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)
    return len(digits) == 10 and digits[0] > 0 and sum(map(int.__mul__, digits, weights)) % 11 == digits[3]


def cpf(value: str) -> bool:
    """Brazilian CPF: two check digits, each 11 less a weighted sum modulo 11."""
    digits = [int(digit) for digit in digits_of(value)]
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    first, second = (
        sum(digit * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        * 10
        % 11
        % 10
        for length in (9, 10)
    )
    return digits[9:] == [first, second]


def ean13(value: str) -> bool:
    """Thirteen digits with the check digit of EAN (the Swiss AHV number)."""
    digits = [int(digit) for digit in digits_of(value)]
    return len(digits) == 13 and (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def fodselsnummer(value: str) -> bool:
    """Norwegian identity number: two check digits modulo 11, after a date."""
    digits = [int(digit) for digit in digits_of(value)]
    if len(digits) != 11 or not 1 <= int(f"{digits[0]}{digits[1]}") % 40 <= 31:
        return False
    first = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
    second = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    return all(
        sum(w * d for w, d in zip(weights, digits, strict=False)) % 11 == 0 for weights in (first, second)
    )


def pps(value: str) -> bool:
    """Irish PPS number: the letter of the weighted sum modulo 23 (Department of Social Protection)."""
    plain = compact(value)
    if not re.fullmatch(r"\d{7}[A-W][A-IW]?", plain):
        return False
    extra = 9 * (ord(plain[8]) - 64) if len(plain) == 9 and plain[8] != "W" else 0
    total = extra + sum(int(digit) * weight for digit, weight in zip(plain, range(8, 1, -1), strict=False))
    return plain[7] == "WABCDEFGHIJKLMNOPQRSTUV"[total % 23]


def resident_id(value: str) -> bool:
    """Chinese resident number: ISO 7064 mod 11-2, after a region and a date."""
    plain = compact(value)
    if not re.fullmatch(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", plain):
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(plain[:17]))
    return "10X98765432"[total % 11] == plain[17]


def curp(value: str) -> bool:
    """Mexican CURP: 10 less the weighted sum modulo 10, letters counting by their place."""
    plain = value.upper()
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    if len(plain) != 18 or any(character not in alphabet for character in plain):
        return False
    total = sum(alphabet.index(character) * (18 - place) for place, character in enumerate(plain[:17]))
    return str(-total % 10) == plain[17]


def vin(value: str) -> bool:
    """Vehicle identification number with the North American check digit (49 CFR 565)."""
    plain = compact(value)
    if len(plain) != 17:
        return False
    values = dict(
        zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", "12345678123457923456789" + "0123456789", strict=True)
    )
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    if any(character not in values for character in plain):
        return False
    total = (
        sum(int(values[character]) * weight for character, weight in zip(plain, weights, strict=True)) % 11
    )
    return plain[8] == ("X" if total == 10 else str(total))


def base58(value: str) -> bool:
    """Whether a wallet's address carries its double SHA-256 (Bitcoin, Litecoin, Dogecoin, Tron)."""
    from hashlib import sha256

    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number = 0
    for character in value:
        place = alphabet.find(character)
        if place < 0:
            return False
        number = number * 58 + place
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return raw[-4:] == sha256(sha256(raw[:-4]).digest()).digest()[:4]
