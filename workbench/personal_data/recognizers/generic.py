"""What looks alike everywhere: e-mail, cards, accounts, wallets, telephone numbers, profiles."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from workbench.personal_data.recognizers import checks
from workbench.personal_data.recognizers.building import Rule

LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
LOCAL = r"\w[\w.!#$%&'*+^~-]{0,63}"
FILES = re.compile(
    "png|jpe?g|gif|svg|webp|bmp|ico|s?css|m?jsx?|tsx?|json|ya?ml|xml|html?|md|txt|csv|pdf|java|[ch]pp|rb|php|sql|lock|toml"
    "|cfg|ini|log|exe|dll"
)
HANDLE = r"[\w.-]{2,60}"
OTHER_PAGES = (
    "about|account|apps|blog|codespaces|collections|contact|customer-stories|dashboard|docs|enterprise|events"
    "|explore|features|groups|hashtag|help|home|i|intent|issues|join|login|marketplace|new|notifications|orgs"
    "|p|pages|pricing|privacy|pulls|reel|search|security|settings|share|sharer|signup|site|sponsors|stories"
    "|team|terms|topics|trending|watch"
)
URL_END = r"(?=[\s/?#\"'<>)\]},;.!]|$)"


@cache
def _suffixes() -> Any:
    """The public suffix list that is bundled with tldextract; never the network."""
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def email(value: str) -> bool | None:
    """True on a listed suffix, None on another (``corp.internal``), False for what is no address."""
    local, _, domain = value.rpartition("@")
    last = domain.rpartition(".")[2].lower()
    if last.isdecimal() or FILES.fullmatch(last) or ".." in local:
        return False
    if local.lower() == "git" and "." in domain:  # the user of every clone address
        return False
    return True if _suffixes()(domain).suffix else None


def _ibans() -> str:
    """Every country with as many letters and digits as its numbers have, so that no next word is taken."""
    countries: dict[int, list[str]] = {}
    for country, length in checks.IBAN_LENGTHS.items():
        countries.setdefault(length, []).append(country)
    return "|".join(
        rf"(?:{'|'.join(codes)})\d\d(?:[ -]?[A-Z0-9]){{{length - 4}}}" for length, codes in countries.items()
    )


def _wallet(value: str) -> bool | None:
    if value.lower().startswith(("bc1", "ltc1")):
        from presidio_analyzer.predefined_recognizers import CryptoRecognizer

        return bool(CryptoRecognizer.validate_bech32_address(value)[1])
    return checks.base58(value)


def _ethereum(value: str) -> bool | None:
    return None if len(set(value[2:].lower())) > 4 else False


def _international(value: str) -> bool | None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    digits = checks.digits_of(value)
    known = any(int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE for length in (1, 2, 3))
    return None if 8 <= len(digits) <= 17 and known and len(set(digits)) > 2 else False


def _seven_to_fifteen(value: str) -> bool | None:
    digits = checks.digits_of(value.lower().partition("x")[0])
    return None if 7 <= len(digits) <= 15 and len(set(digits)) > 2 else False


def _checked(check: Any) -> Any:
    return lambda value: None if check(value) else False


S = r"[ \-._/\n]"
RULES = (
    Rule(
        "EMAIL_ADDRESS",
        "e-mail",
        (
            (rf"(?<![\w@]){LOCAL}(?<!\.)@{LABEL}(?:\.{LABEL}){{1,8}}(?![\w@])", 0.6),
            (rf"(?<!\w)\"[^\"\n@\\]{{1,62}}\"@{LABEL}(?:\.{LABEL}){{1,8}}(?!\w)", 0.6),
            (rf"(?<![\w@]){LOCAL}(?<!\.)@(?:localhost|\[\d{{1,3}}(?:\.\d{{1,3}}){{3}}\])", 0.5),
        ),
        email,
    ),
    Rule(
        "CREDIT_CARD",
        "card",
        (
            (rf"(?<![\w.,-])\d{{4}}({S})\d{{4}}\1\d{{4}}\1\d{{4}}(?:\1\d{{3}})?(?!\w)(?!-\d)", 0.95),
            (rf"(?<![\w.,-])3[47]\d\d({S})\d{{6}}\1\d{{5}}(?!\w)(?!-\d)", 0.95),
            (rf"(?<![\w.,-])3\d{{3}}({S})\d{{6}}\1\d{{4}}(?!\w)(?!-\d)", 0.95),
            (r"(?<![\w.,-])[1-68]\d{13,18}(?![\w-])(?!\.\d)", 0.9),
            (r"(?<![\w.,-])[1-68]\d{11,12}(?![\w-])(?!\.\d)", 0.3),
            # Any other grouping, as long as it is the whole run of digits.
            (r"(?<![\w.,-])(?<!\d[ -])[1-68](?:[ -]?\d){12,18}(?!\w)(?![ -]\d)", 0.7),
        ),
        _checked(checks.card),
    ),
    Rule(
        "IBAN_CODE",
        "iban",
        ((rf"(?<![A-Z0-9])(?:{_ibans()})(?![A-Z0-9])", 0.5),),
        checks.iban,
    ),
    Rule(
        "CRYPTO",
        "wallet",
        (
            (r"(?<![A-Za-z0-9])[13LMDTAtn2m][1-9A-HJ-NP-Za-km-z]{25,34}(?![A-Za-z0-9])", 0.5),
            (r"(?<![A-Za-z0-9])(?:bc|ltc)1[02-9ac-hj-np-z]{11,71}(?![A-Za-z0-9])", 0.5),
        ),
        _wallet,
        ignore_case=False,
    ),
    Rule("CRYPTO", "ethereum", ((r"(?<![A-Za-z0-9])0x[0-9a-f]{40}(?![A-Za-z0-9])", 0.5),), _ethereum),
    Rule(
        "PHONE_NUMBER",
        "international number",
        (
            (
                r"(?<![\w+])(?<![\d)] )(?:\+(?=[\d(])|00(?=[1-9]))(?:[ ]?\(?\d{1,4}\)?(?:[ .\-/]{0,2}\(?\d{1,5}\)?){1,6})"
                r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?!\w)",
                0.45,
            ),
        ),
        _international,
    ),
    Rule(
        "SAID_PHONE_NUMBER",
        "number of a telephone, by the words around",
        (
            (
                r"(?<![\w.,+$€£#/-])(?:\+?\(?\d{1,5}\)?[ .\-/]{0,2}){1,6}\d{2,5}"
                r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w-])(?!\.\d)",
                0.1,
            ),
        ),
        _seven_to_fifteen,
    ),
    Rule(
        "SAID_US_SSN",
        "social security number, written otherwise",
        ((r"(?<![\w.-])\d{3}([_\n/ ]{1,2})\d{2}\1\d{4}(?![\w-])|(?<![\w.-])\d(?:[ -]\d){8}(?![\w-])", 0.3),),
    ),
    Rule(
        "URL",
        "profile",
        (
            (
                r"(?<![\w@.])(?:https?://)?(?:[a-z]{2,3}\.)?(?:linkedin\.com/in|t\.me|wa\.me|keybase\.io"
                r"|reddit\.com/u(?:ser)?|stackoverflow\.com/users/\d{1,9}|facebook\.com/people|orcid\.org)"
                rf"/{HANDLE}(?<![.-]){URL_END}",
                0.6,
            ),
            (
                r"(?<![\w@.])(?:https?://)(?:[a-z]{2,3}\.)?(?:[\w-]{1,40}\.){1,3}[a-z]{2,10}/(?:@|~)"
                rf"{HANDLE}(?<![.-])(?=/?(?:[\s?#\"'<>)\]}},;!]|\.(?:\s|$)|$))",
                0.6,
            ),
            (
                r"(?<![\w@.])(?:https?://)?(?:www\.|m\.|mobile\.)?(?:github\.com|gitlab\.com|facebook\.com"
                rf"|instagram\.com|twitter\.com|x\.com|behance\.net|dribbble\.com)/(?!(?:{OTHER_PAGES})\b)"
                rf"{HANDLE}(?<![.-])(?=/?(?:[\s\"'<>)\]}},;!]|\.(?:\s|$)|$))",
                0.5,
            ),
            (
                r"(?<![\w@.])https?://[^\s\"'<>?]{1,200}\?(?:[^\s\"'<>&#]{0,100}&){0,20}(?:user|username|user_?id"
                r"|uid|customer_?id|account_?id|member_?id|session|session_?id|sid|patient_?id|email|phone)"
                r"=[^\s\"'<>&#]{3,200}[^\s\"'<>.,;)]{0,400}",
                0.5,
            ),
        ),
    ),
    Rule(
        "ANY_URL",
        "address",
        ((r"(?<!\w)(?:https?|ftp)://[^\s\"'<>]{3,2000}(?<![.,;:!?)\]])", 0.5),),
    ),
    Rule(
        "VEHICLE_ID",
        "vin",
        ((r"(?<![A-Z0-9-])(?=[A-HJ-NPR-Z0-9]{0,16}\d)[A-HJ-NPR-Z0-9]{17}(?![A-Z0-9-])", 0.3),),
        _checked(checks.vin),
        ignore_case=False,
    ),
)
