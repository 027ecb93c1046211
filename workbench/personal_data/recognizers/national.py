"""National numbers that Presidio does not have, each with its issuer's check digits."""

from __future__ import annotations

from collections.abc import Callable

from workbench.personal_data.recognizers import checks
from workbench.personal_data.recognizers.building import Rule


def _if(check: Callable[[str], bool]) -> Callable[[str], bool | None]:
    """Proved enough to count by form and check digits, or refuted."""
    return lambda value: None if check(value) else False


def _date_first(value: str) -> bool:
    digits = checks.digits_of(value)
    return len(digits) == 10 and 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 12


NO_BEFORE, NO_AFTER = r"(?<![\w.,-])", r"(?![\w-])(?!\.\d)"


def _rule(entity: str, pattern: str, score: float, check: Callable[[str], bool]) -> Rule:
    return Rule(entity, entity.lower(), ((f"{NO_BEFORE}{pattern}{NO_AFTER}", score),), _if(check))


RULES = (
    _rule(
        "FR_NIR",
        r"[12][ ]?\d{2}[ ]?(?:0[1-9]|1[0-2]|[2-9]\d)[ ]?(?:\d{2}|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d{2}",
        0.96,
        checks.nir,
    ),
    _rule("FR_TAX_ID", r"[0-3]\d[ ]?\d{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}", 0.3, checks.fr_tax),
    _rule("ES_SOCIAL_SECURITY", r"\d{2}[ /-]?\d{8}[ /-]?\d{2}", 0.3, checks.es_social),
    _rule("NL_BSN", r"\d{3}[ .]?\d{3}[ .]?\d{3}|\d{4}[ .]\d{2}[ .]\d{3}", 0.2, checks.bsn),
    _rule("BE_NATIONAL_NUMBER", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", 0.9, checks.be_national),
    _rule("BE_NATIONAL_NUMBER", r"\d{11}", 0.3, checks.be_national),
    _rule("PT_NIF", r"[1235689]\d{2}[ ]?\d{3}[ ]?\d{3}", 0.2, checks.weighted(range(9, 1, -1), 11, lambda r: (11 - r) % 11 % 10)),
    _rule("CH_AHV", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", 0.9, checks.ean13),
    _rule("AT_SOCIAL_SECURITY", r"\d{4}[ -]?(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-5])\d{2}", 0.2, checks.at_social),
    _rule("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", 0.9, checks.cpf),
    _rule("BR_CPF", r"\d{11}", 0.2, checks.cpf),
    _rule("DK_CPR", r"\d{6}-?\d{4}", 0.1, _date_first),
    _rule("NO_FODSELSNUMMER", r"\d{6}[ ]?\d{5}", 0.3, checks.fodselsnummer),
    _rule("IE_PPS", r"\d{7}[A-W][A-IW]?", 0.3, checks.pps),
    _rule("MX_CURP", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", 0.9, checks.curp),
    _rule("CN_RESIDENT_ID", r"[1-9]\d{5}(?:19|20)\d{9}[\dX]", 0.9, checks.resident_id),
)  # fmt: skip
