"""Identity numbers of made-up people, with the check digits their country asks for."""

from __future__ import annotations

import string
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pii_values import Person

TURNED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def nhs(p: Person) -> tuple[str, str, str]:
    """A British health number (modulus 11) or a national insurance number."""
    if p.random.random() < 0.4:
        letters = [p.random.choice("ABCEGHJKLMPRSTWXYZ"), p.random.choice("ABCEGHJKLMPRSTWXYZ")]
        if "".join(letters) in ("GB", "NK", "TN", "ZZ", "BG", "KN", "NT"):
            letters = ["A", "B"]
        return "national insurance number", "UK_NINO", p.digits(f"{letters[0]}{letters[1]} ## ## ## ") + "C"
    while True:
        nine = p.digits("#########")
        check = 11 - sum(int(sign) * (10 - at) for at, sign in enumerate(nine)) % 11
        if check != 10:
            number = nine + str(check % 11)
            return "NHS number", "UK_NHS", f"{number[:3]} {number[3:6]} {number[6:]}"


def german_tax(p: Person) -> tuple[str, str, str]:
    """A German tax number for life: one digit twice, check digit by ISO 7064 (modulus 11, 10)."""
    ten = p.random.sample(string.digits, 9)
    ten.insert(p.random.randrange(1, 10), p.random.choice(ten))
    if ten[0] == "0":
        ten = [str(9 - int(digit)) for digit in ten]
    rest = 10
    for digit in ten:
        total = (int(digit) + rest) % 10 or 10
        rest = total * 2 % 11
    return "Steuer-ID", "DE_TAX_ID", "".join(ten) + str((11 - rest) % 10)


def french(p: Person) -> tuple[str, str, str]:
    """A French social security number: thirteen digits and their complement modulo 97."""
    body = f"{p.random.choice('12')}{p.digits('##')}{p.random.randint(1, 12):02}{p.random.randint(1, 95):02}"
    body = body.replace(" ", "")
    if body[5:7] == "20":  # Corsica is written with letters since 1976
        body = body[:5] + "75"
    body += f"{p.random.randint(1, 989):03}{p.random.randint(1, 998):03}"
    number = f"{body}{97 - int(body) % 97:02}"
    if p.random.random() < 0.5:
        cuts = (0, 1, 3, 5, 7, 10, 13, 15)
        number = " ".join(number[start:end] for start, end in pairwise(cuts))
    return "numéro de sécurité sociale", "FR_NIR", number


def spanish(p: Person) -> tuple[str, str, str]:
    """A Spanish identity number, of a citizen or of a resident from abroad (modulus 23)."""
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if p.random.random() < 0.6:
        number = p.digits("########")
        return "DNI", "ES_NIF", number + letters[int(number) % 23]
    first, rest = p.random.choice("012"), p.digits("#######")
    return "NIE", "ES_NIE", "XYZ"[int(first)] + rest + letters[int(first + rest) % 23]


def indian(p: Person) -> tuple[str, str, str]:
    """An Indian identity number in groups of four, with the check digit of Verhoeff (1969)."""
    number = p.random.choice("23456789") + p.digits("##########")
    rest = 0
    for at, digit in enumerate(reversed(number), 1):
        value = int(digit)
        for _ in range(at % 8):
            value = TURNED[value]
        rest = _turned(rest, value)
    number += str(-rest % 5 if rest < 5 else rest)
    return "Aadhaar number", "IN_AADHAAR", f"{number[:4]} {number[4:8]} {number[8:]}"


def _turned(first: int, second: int) -> int:
    """The product of two elements of the symmetries of the pentagon; 5 to 9 are the reflections."""
    if first < 5:
        return (first + second) % 5 + 5 * (second >= 5)
    return (first - second) % 5 + 5 * (second < 5)


IDS: dict[str, Callable[[Person], tuple[str, str, str]]] = {
    "en_US": lambda p: ("social security number", "US_SSN", american(p)),
    "en_GB": nhs,
    "en_IN": indian,
    "de_DE": german_tax,
    "fr_FR": french,
    "es_ES": spanish,
    "it_IT": lambda p: ("codice fiscale", "IT_FISCAL_CODE", p.faker.ssn()),
    "pl_PL": lambda p: ("PESEL", "PL_PESEL", p.faker.pesel()),
    "nl_NL": lambda p: ("BSN", "NL_BSN", p.faker.ssn()),
    "sv_SE": lambda p: ("personnummer", "SE_PERSONNUMMER", p.faker.ssn()),
    "pt_BR": lambda p: ("CPF", "BR_CPF", p.faker.cpf()),
    "tr_TR": lambda p: ("TC kimlik no", "TR_NATIONAL_ID", p.faker.ssn()),
    "fi_FI": lambda p: ("henkilötunnus", "FI_PERSONAL_IDENTITY_CODE", p.faker.ssn()),
}


def american(p: Person) -> str:
    """A social security number of the ranges that were issued; a number of our own for other countries."""
    area = p.random.choice([number for number in range(1, 772) if number not in (666, 219, 78, 457)])
    return f"{area:03}-{p.random.randint(1, 99):02}-{p.random.randint(1, 9999):04}"
