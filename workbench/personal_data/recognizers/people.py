"""What belongs to a person by the words around it: birth dates, ages, documents, accounts, user names."""

from __future__ import annotations

from workbench.personal_data.recognizers.building import Rule

MONTHS = (
    r"(?:jan(?:uary|uar|vier)?|f[eé][bv](?:ruary|ruar|rier|rero|r)?|m(?:ar(?:ch|s|zo)?|ärz|aerz)|a[bpv]r(?:il)?"
    r"|ma[iy]o?|ju(?:in|ne?|ni|nio)|juil(?:let)?|jul(?:y|i|io)?|août|aug(?:ust)?|ago(?:sto)?|sep(?:t(?:ember|embre|iembre)?)?"
    r"|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?|de[cz](?:ember)?|déc(?:embre)?|dic(?:iembre)?|enero)\.?"
)
YEAR = r"(?:1[89]|20)\d\d"
DATE = (
    rf"(?:{YEAR}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    rf"|(?:0?[1-9]|[12]\d|3[01])[-/. ]\s?(?:0?[1-9]|1[0-2])[-/. ]\s?(?:{YEAR}|\d\d)"
    rf"|(?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:{YEAR}|\d\d)"
    rf"|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|\.|º)?[ -](?:of |de )?{MONTHS},?[ -](?:de |del )?(?:{YEAR}|'?\d\d)"
    rf"|{MONTHS}[ -](?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,?[ -]{YEAR})"
)
DOCUMENT = r"(?=[A-Z0-9-]{0,20}\d)[A-Z0-9][A-Z0-9-]{4,18}[A-Z0-9]"


def _years(value: str) -> bool | None:
    return None if 0 < int("".join(filter(str.isdecimal, value)) or 0) < 123 else False


def _living(value: str) -> bool | None:
    """A birth before 1900 is history, not personal data."""
    import re

    year = re.search(r"\b(1[89]|20)\d\d\b", value)
    return False if year and int(year.group()) < 1900 else None


RULES = (
    Rule("DATE_OF_BIRTH", "date", ((rf"(?<![\w.:/-]){DATE}(?![\w/-])", 0.1),), _living),
    Rule("DATE_TIME", "date", ((rf"(?<![\w.:/-]){DATE}(?![\w/-])", 0.5),)),
    Rule(
        "AGE",
        "age",
        (
            (
                r"(?<![\w.])\d{1,3}(?=[ -](?:years?[ -]old|year-olds?|y/?o\b|Jahre alt|ans\b|años\b|jährig))",
                0.5,
            ),
            (r"(?<=\b(?:aged|age is|age:|Alter:|âge :|edad:) ?)\d{1,3}(?![\w.])", 0.5),
        ),
        _years,
    ),
    Rule(
        "USERNAME",
        "user name",
        (
            (
                r"(?<=\b(?:user ?name|user id|login|handle|screen name|nick(?:name)?|gamer ?tag|Benutzername"
                r"|nom d'utilisateur|pseudo|usuario)(?: is| ist| est| es)?[ :=]{1,3}[\"'`@]?)[\w.-]{3,30}(?<![.-])",
                0.5,
            ),
            (r"(?<![\w@/.])@[A-Za-z_]\w{2,30}(?![\w@.])", 0.4),
        ),
    ),
    Rule("PASSPORT", "passport", ((rf"(?<![\w.-]){DOCUMENT}(?![\w-])", 0.03),)),
    Rule("DRIVER_LICENSE", "licence", ((rf"(?<![\w.-]){DOCUMENT}(?![\w-])", 0.03),)),
    Rule("ID_NUMBER", "number of a person", ((rf"(?<![\w.-]){DOCUMENT}(?![\w-])", 0.02),)),
    Rule("BANK_ACCOUNT", "account", ((r"(?<![\w.,$€£-])\d(?:[ -]?\d){5,17}(?![\w-])(?!\.\d)", 0.05),)),
)
