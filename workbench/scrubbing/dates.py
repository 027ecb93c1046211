"""Dates moved by a number of days and written again as they were.

English, German, French and Spanish months; of 03/04/2021 the month comes first, and of
03.04.2021 the day, unless that is no date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "ene feb mar abr may jun jul ago sep oct nov dic",
)
_TABLES = tuple(tuple(line.split()) for line in _MONTHS)
_NAME = "|".join(sorted({name for table in _TABLES for name in table} | {"sept"}, key=len, reverse=True))
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<sep>[-/. ]?)(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(
    r"(?P<one>\d{1,2})(?P<sep>\s?[-/. ]\s?)(?P<two>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})(?!\d)"
)
_DAY_NAME = re.compile(
    rf"(?P<day>\d{{1,2}})(?P<th>st|nd|rd|th|er|º|\.)?(?P<a>[\s-]+(?:of\s+|de\s+)?)(?P<name>{_NAME})(?P<b>\.?,?[\s-]*(?:de[l]?\s+)?)(?P<year>\d{{4}})",
    re.IGNORECASE,
)
_NAME_DAY = re.compile(
    rf"(?P<name>{_NAME})(?P<a>\.?\s+)(?P<day>\d{{1,2}})(?P<th>st|nd|rd|th)?(?P<b>,?\s+)(?P<year>\d{{4}})",
    re.IGNORECASE,
)
_NAME_YEAR = re.compile(rf"(?P<name>{_NAME})(?P<b>\.?,?\s+(?:de[l]?\s+)?)(?P<year>\d{{4}})", re.IGNORECASE)
_MONTH_YEAR = re.compile(r"(?<![\d./-])(?P<month>\d{1,2})(?P<sep>[/.-])(?P<year>\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?P<year>[12]\d{3})(?!\d)")
_PLAIN_NUMBER = re.compile(r"\d{1,3}")

Writer = Callable[[re.Match[str], int], str | None]


def shifted(text: str, days: int) -> str | None:
    """A date, perhaps with words around it, ``days`` later in the same form; None when it is none.

    A year alone moves by one year, a month with its year by the days from its middle, and at
    least by one month.
    """
    for pattern, write in _FORMS:
        match = pattern.search(text)
        if match is None:
            continue
        try:
            new = write(match, days)
        except (ValueError, OverflowError):
            continue
        if new is not None:
            return text[: match.start()] + new + text[match.end() :]
    return None


def aged(text: str, years: int) -> str | None:
    """An age moved by some years, never below 1; None when no number is in the text."""
    match = _PLAIN_NUMBER.search(text)
    if match is None:
        return None
    age = int(match.group())
    return (
        text[: match.start()]
        + str(age + years if age + years > 0 else age + abs(years))
        + text[match.end() :]
    )


def _moved(year: int, month: int, day: int, days: int) -> date:
    return date(year, month, day) + timedelta(days=days)


def _month_moved(year: int, month: int, days: int) -> date:
    """The middle of a month moved by the days, and at least into the next month."""
    middle = date(year, month, 15)
    new = middle + timedelta(days=days)
    return new if new.month != month else middle + timedelta(days=31 if days > 0 else -31)


def _year_first(match: re.Match[str], days: int) -> str:
    new = _moved(int(match["year"]), int(match["month"]), int(match["day"]), days)
    separator = match["sep"]
    return separator.join((f"{new.year:04}", _like(new.month, match["month"]), _like(new.day, match["day"])))


def _year_last(match: re.Match[str], days: int) -> str:
    one, two, year = int(match["one"]), int(match["two"]), match["year"]
    full = int(year) if len(year) == 4 else _century(int(year))
    month_first = ("/" in match["sep"] or "-" in match["sep"]) and one <= 12
    if not month_first and two > 12:
        month_first = True
    if month_first and two > 31:
        raise ValueError("no date")
    new = _moved(full, *((one, two) if month_first else (two, one)), days)
    first, second = (new.month, new.day) if month_first else (new.day, new.month)
    ending = f"{new.year:04}"[-len(year) :]
    return match["sep"].join((_like(first, match["one"]), _like(second, match["two"]), ending))


def _day_name(match: re.Match[str], days: int) -> str | None:
    found = _month(match["name"])
    new = _moved(int(match["year"]), found[1], int(match["day"]), days)
    ordinal = _ordinal(match["th"], new.day)
    name = _month_like(new.month, found[0], match["name"])
    return f"{_like(new.day, match['day'])}{ordinal}{match['a']}{name}{match['b']}{new.year:04}"


def _name_day(match: re.Match[str], days: int) -> str | None:
    found = _month(match["name"])
    new = _moved(int(match["year"]), found[1], int(match["day"]), days)
    name = _month_like(new.month, found[0], match["name"])
    day = _like(new.day, match["day"]) + _ordinal(match["th"], new.day)
    return f"{name}{match['a']}{day}{match['b']}{new.year:04}"


def _name_year(match: re.Match[str], days: int) -> str | None:
    found = _month(match["name"])
    new = _month_moved(int(match["year"]), found[1], days)
    return f"{_month_like(new.month, found[0], match['name'])}{match['b']}{new.year:04}"


def _month_year(match: re.Match[str], days: int) -> str:
    new = _month_moved(int(match["year"]), int(match["month"]), days)
    return f"{_like(new.month, match['month'])}{match['sep']}{new.year:04}"


def _year_alone(match: re.Match[str], days: int) -> str:
    return f"{int(match['year']) + (1 if days > 0 else -1):04}"


_FORMS: tuple[tuple[re.Pattern[str], Writer], ...] = (
    (_YEAR_FIRST, _year_first),
    (_YEAR_LAST, _year_last),
    (_DAY_NAME, _day_name),
    (_NAME_DAY, _name_day),
    (_NAME_YEAR, _name_year),
    (_MONTH_YEAR, _month_year),
    (_YEAR, _year_alone),
)


def _century(year: int) -> int:
    return 1900 + year if year > 30 else 2000 + year


def _like(number: int, written: str) -> str:
    return f"{number:02}" if len(written) == 2 else str(number)


def _ordinal(written: str | None, day: int) -> str:
    if written is None or written.lower() not in ("st", "nd", "rd", "th"):
        return written or ""
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _month(name: str) -> tuple[int, int]:
    """The table that has the name, and its month from 1."""
    plain = name.lower()
    for number, table in enumerate(_TABLES):
        if plain in table:
            return number, table.index(plain) + 1
    return 4, 9  # Sept


def _month_like(month: int, table: int, written: str) -> str:
    name = _TABLES[table][month - 1]
    if written.isupper():
        return name.upper()
    return name.capitalize() if written[0].isupper() else name
