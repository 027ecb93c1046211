"""Pseudonyms: of the same kind and form, of ranges that nobody owns, one for one value."""

from __future__ import annotations

import re
from random import Random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make import example
from tests.planted import KEY, Planted, row, said
from workbench.scrubbing.dates import aged, shifted
from workbench.scrubbing.name_pools import gender_of_first, pool
from workbench.scrubbing.numbers import MAKERS, digits_of, luhn_digit, made_up, phone
from workbench.scrubbing.reserved import reserved, reserved_number
from workbench.scrubbing.settings import Scrubbing
from workbench.scrubbing.texts import new_key, scrub_example
from workbench.value_keys import ValueKey


def fake(text: str, values: dict[str, str], key: ValueKey = KEY, **options: object) -> str:
    chosen = Scrubbing.model_validate({"default": "pseudonym", **options})
    clean, report = scrub_example(example(text, "ok"), key=key, scrubbing=chosen, finder=Planted(values))
    assert report.is_whole
    return clean["messages"][0]["content"]


PHONES = [
    ("+1 (415) 555-0199", "+1 (ddd) 555-01dd"),
    ("415-867-5309", "ddd-555-01dd"),
    ("020 7183 8750", "0dd ddd0 0ddd"),
    ("+44 7911 123456", "+44 7700 900ddd"),
    ("030 12345678", "0dd ddddddd"),
    ("+49 171 1234567", "+49 171 39200dd"),
    ("+33 6 12 34 56 78", "+33 6 39 98 dd dd"),
    ("+34 612 345 678", "+34 555 ddd ddd"),
    ("+61 2 9876 5432", "+61 d ddd0 dddd"),
    ("+81 3-1234-5678", "+81 5-5501-dddd"),
]


@pytest.mark.parametrize(("number", "form"), PHONES)
def test_a_phone_number_keeps_country_and_separators(number: str, form: str) -> None:
    made = phone(number, Random(1))
    pattern = re.escape(form).replace("d", r"\d") if "+" in form or "555" in form else None
    assert re.sub(r"\d", "9", made) == re.sub(r"\d", "9", number)
    assert digits_of(made) != digits_of(number)
    if pattern and "ddd0" not in form:
        assert re.fullmatch(pattern, made)
    if number.startswith("+81"):
        return
    assert reserved("PHONE_NUMBER", made) or number.startswith("030")


@pytest.mark.parametrize("number", ["+1 415 867 5309", "+44 20 7183 8750", "+33 1 42 68 53 00"])
def test_a_phone_number_looks_valid(number: str) -> None:
    made = phonenumbers.parse(phone(number, Random(2)), None)
    assert phonenumbers.is_possible_number(made)


CARDS = {
    "4111 1111 1111 1111": "4",
    "5555-5555-5555-4444": "51",
    "378282246310005": "37",
    "6011111111111117": "6011",
    "2223003122003222": "2223",
    "3530111333300000": "35",
}


@pytest.mark.parametrize(("number", "start"), CARDS.items())
def test_a_card_keeps_brand_and_grouping_and_its_check_digit_is_right(number: str, start: str) -> None:
    made = made_up("CREDIT_CARD", number, Random(3))
    assert made is not None
    digits = digits_of(made)
    assert digits.startswith(start)
    assert luhn_digit(digits[:-1]) == digits[-1]
    assert re.sub(r"\d", "9", made) == re.sub(r"\d", "9", number)
    assert reserved("CREDIT_CARD", made)
    assert not reserved("CREDIT_CARD", number)


IBANS = [
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "fr1420041010050500013m02606",
    "ES9121000418450200051332",
]


@pytest.mark.parametrize("number", IBANS)
def test_an_iban_keeps_country_and_length_and_its_check_digits_are_right(number: str) -> None:
    made = made_up("IBAN_CODE", number, Random(4))
    assert made is not None
    compact = made.replace(" ", "").upper()
    assert compact[:2] == number[:2].upper()
    assert len(made) == len(number)
    assert int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1
    assert made.islower() == number.islower()
    assert reserved("IBAN_CODE", made)
    assert not reserved("IBAN_CODE", number)


@pytest.mark.parametrize(
    ("entity", "value", "pattern"),
    [
        ("US_SSN", "536-90-1234", r"987-65-43\d\d"),
        ("US_SSN", "536901234", r"9876543\d\d"),
        ("IP_ADDRESS", "10.20.30.40", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+"),
        ("IP_ADDRESS", "fe80::1ff:fe23:4567:890a", r"2001:db8::[0-9a-f]+:[0-9a-f]+"),
        ("MAC_ADDRESS", "AC:DE:48:00:11:22", r"00:00:5E:00:53:[0-9A-F]{2}"),
        ("URL", "https://acme.io/u/ana", r"https://example\.(com|org|net)/[a-z]{8}"),
        ("TICKET_ID", "AB-1234-x", r"[A-Z]{2}-\d{4}-[a-z]"),
        ("PHONE_NUMBER", "five five five", r"\d{3}-555-01\d\d"),
    ],
)
def test_a_patterned_value_has_a_pseudonym_of_its_form(entity: str, value: str, pattern: str) -> None:
    made = made_up(entity, value, Random(5))
    assert made is not None
    assert re.fullmatch(pattern, made)
    assert made != value
    if entity in ("US_SSN", "IP_ADDRESS", "MAC_ADDRESS", "URL"):
        assert reserved(entity, made)
        assert not reserved(entity, value)


def test_numbers_with_a_rule_of_their_own_obey_it() -> None:
    for seed in range(30):
        nhs = digits_of(made_up("UK_NHS", "943 476 5919", Random(seed)) or "")
        assert nhs.startswith("999")
        assert sum(int(d) * (10 - i) for i, d in enumerate(nhs[:9])) % 11 == (11 - int(nhs[9])) % 11
        nif = made_up("ES_NIF", "12345678Z", Random(seed)) or ""
        assert nif[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(nif[:8]) % 23]
        sin = digits_of(made_up("CA_SIN", "046 454 286", Random(seed)) or "")
        assert luhn_digit(sin[:-1]) == sin[-1]


def test_a_value_without_digits_or_form_has_none() -> None:
    assert made_up("NICKNAME", "sunny", Random(1)) is None
    assert fake("call me sunny", {"sunny": "NICKNAME"}) == "call me <NICKNAME>"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*MAKERS, "OTHER_ID"]), st.text(max_size=24), st.integers(0, 5))
def test_any_text_can_be_replaced(entity: str, text: str, seed: int) -> None:
    made = made_up(entity, text, Random(seed))
    assert made is None or ("\n" not in made or "\n" in text)


# Dates.


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("1987-03-12", "1987-04-11"),
        ("12.03.1987", "11.04.1987"),
        ("03/12/1987", "04/11/1987"),
        ("23/12/1987", "22/01/1988"),
        ("3/12/87", "4/11/87"),
        ("19870312", "19870411"),
        ("12 March 1987", "11 April 1987"),
        ("March 12th, 1987", "April 11th, 1987"),
        ("Mar 1, 1987", "Mar 31, 1987"),
        ("22nd of JUNE 1990", "22nd of JULY 1990"),
        ("14. März 1987", "13. April 1987"),
        ("le 14 août 1987", "le 13 septembre 1987"),
        ("14 de marzo de 1987", "13 de abril de 1987"),
        ("March 1987", "April 1987"),
        ("03/1987", "04/1987"),
        ("born 1987", "born 1988"),
    ],
)
def test_a_date_moves_and_keeps_its_form(text: str, moved: str) -> None:
    assert shifted(text, 30) == moved


@pytest.mark.parametrize("text", ["March 1987", "03/1987", "1987", "5 May 1999", "2001-01-01"])
@pytest.mark.parametrize("days", [-7, -1, 1, 13, 180])
def test_a_date_never_stays(text: str, days: int) -> None:
    assert shifted(text, days) not in (None, text)


def test_what_is_no_date_does_not_move() -> None:
    assert shifted("31.02.2020", 1) == "31.02.2021"
    assert shifted("yesterday", 1) is None
    assert fake("seen yesterday", {"yesterday": "DATE_TIME"}) == "seen <DATE_TIME>"


def test_all_dates_of_a_row_move_by_the_same_days() -> None:
    from datetime import date

    values = {"2020-01-10": "DATE_OF_BIRTH", "2020-03-01": "DATE_TIME"}
    for keep in (True, False):
        text = fake("from 2020-01-10 to 2020-03-01", values, keep_weekday=keep, shift_days=90)
        start, end = (date.fromisoformat(found) for found in re.findall(r"[\d-]{10}", text))
        assert (end - start).days == 51
        moved = (start - date(2020, 1, 10)).days
        assert 0 < abs(moved) <= 90
        assert not keep or moved % 7 == 0


def test_an_age_moves_a_little() -> None:
    assert aged("aged 34", -2) == "aged 32"
    assert aged("1 year old", -3) == "4 year old"


# Names and addresses.


def test_case_initials_order_and_titles_stay() -> None:
    text = fake(
        "ANA RUIZ, ana ruiz, Ruiz, Ana and A. Ruiz. Dr. Ruiz!",
        dict.fromkeys(["ANA RUIZ", "ana ruiz", "Ruiz, Ana", "A. Ruiz", "Dr. Ruiz"], "PERSON"),
    )
    first, last = re.match(r"([A-Z]+) ([A-Z]+),", text).groups()  # type: ignore[union-attr]
    a, b = first.capitalize(), last.capitalize()
    assert text == f"{first} {last}, {a.lower()} {b.lower()}, {b}, {a} and {a[0]}. {b}. Dr. {b}!"


@pytest.mark.parametrize("name", ["Sophia", "Emily", "Margaret"])
def test_a_pseudonym_keeps_the_gender_that_a_name_suggests(name: str) -> None:
    genders = {gender_of_first(fake(name, {name: "PERSON"}, new_key()).casefold()) for _ in range(10)}
    assert "male" not in genders
    neutral = {fake(name, {name: "PERSON"}, new_key(), gender="neutral") for _ in range(10)}
    assert neutral <= {*pool("en_US").first[""], *pool("en_GB").first[""], *pool("de_DE").first[""]} | neutral


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("Иван Петров", r"[\u0400-\u04ff]+ [\u0400-\u04ff]+"),
        ("王小明", r"[\u4e00-\u9fff]+"),
        ("محمد", r"[\u0600-\u06ff]+"),
    ],
)
def test_a_name_keeps_its_script(name: str, script: str) -> None:
    made = fake(f"{name} !", {name: "PERSON"}).removesuffix(" !")
    assert re.fullmatch(script, made)
    assert made != name


def test_an_address_follows_the_person_it_is_made_of() -> None:
    values = {
        "Ana Ruiz": "PERSON",
        "ana.ruiz@acme.example": "EMAIL_ADDRESS",
        "aruiz7@acme.example": "EMAIL_ADDRESS",
        "@anaruiz": "USERNAME",
    }
    text = fake("Ana Ruiz ana.ruiz@acme.example aruiz7@acme.example (@anaruiz)", values)
    first, last, one, two, handle = text.lower().split()
    domain = one.split("@")[1]
    assert one == f"{first}.{last}@{domain}"
    assert re.fullmatch(rf"{first[0]}{last}\d@{re.escape(domain)}", two)
    assert handle in (f"(@{first}{last})", f"({first}{last})")
    assert reserved("EMAIL_ADDRESS", one)


def test_places_keep_their_kind() -> None:
    assert fake("in Germany", {"Germany": "LOCATION"}) not in ("in Germany", "in <LOCATION>")
    assert re.fullmatch("in [A-Z]{2}", fake("in CA", {"CA": "LOCATION"}))
    street = fake("at 12 Baker Street.", {"12 Baker Street": "STREET_ADDRESS"})
    assert re.search(r"\d", street)
    assert "Baker" not in street


def test_the_same_value_has_the_same_pseudonym_in_its_row_only() -> None:
    values = {"Ana": "PERSON", "ana@example.net": "EMAIL_ADDRESS"}
    one = fake("Ana and ana@example.net, Ana", values)
    assert one.split()[0] == one.split()[-1]
    assert one == fake("Ana and ana@example.net, Ana", values)
    many = {fake(f"Ana, case {n}", values).split(",")[0] for n in range(12)}
    assert len(many) > 1


def test_the_same_value_has_the_same_pseudonym_in_the_whole_data_set_when_asked() -> None:
    values = {"Ana Ruiz": "PERSON", "Ana": "PERSON", "415-867-5309": "PHONE_NUMBER"}
    texts = [
        fake(f"Ana Ruiz, 415-867-5309, row {n}", values, scope="dataset").split(", row")[0] for n in range(6)
    ]
    assert len(set(texts)) == 1
    assert fake("Ana here", values, scope="dataset").split()[0] == texts[0].split()[0]
    other = fake("Ana Ruiz, 415-867-5309, row 1", values, new_key(), scope="dataset")
    assert not other.startswith(texts[0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from([*pool("en_US").first[""][:40], "Ana", "Bo"]), min_size=2, max_size=12, unique=True
    )
)
def test_names_and_pseudonyms_are_one_to_one_and_no_pseudonym_is_a_name_of_the_row(names: list[str]) -> None:
    text = fake(" ; ".join(names), dict.fromkeys(names, "PERSON"))
    made = text.split(" ; ")
    assert len(set(made)) == len(names)
    assert not set(made) & set(names)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 9999), min_size=2, max_size=15, unique=True),
    st.sampled_from(["US_SSN", "CREDIT_CARD"]),
)
def test_numbers_and_pseudonyms_are_one_to_one(numbers: list[int], entity: str) -> None:
    written = [
        f"536-9{n // 1000}-{n % 1000:04}" if entity == "US_SSN" else f"4242 4242 {n:04} 4242" for n in numbers
    ]
    text = fake(" ; ".join(written), dict.fromkeys(written, entity))
    assert len(set(text.split(" ; "))) == len(numbers)


def test_known_values_can_be_avoided() -> None:
    from workbench.personal_data.spans import Scan, Span
    from workbench.scrubbing.fields import content_field
    from workbench.scrubbing.proposing import value_edits
    from workbench.value_keys import folded

    field, scan = content_field("Bo"), Scan((Span(0, 2, "PERSON", 0.9),))
    chosen = Scrubbing(default="pseudonym")
    known: set[str] = set()
    for _ in range(8):
        [edit] = value_edits([field], [scan], chosen, KEY, avoid=known)
        made = folded(edit.spans[0]["replacement"])
        assert made not in known
        known.add(made)


def test_one_number_written_twice_has_one_pseudonym_in_both_forms() -> None:
    given = row(said("4155550199 or 415-555-0199 or (415) 555 0199"))
    values = dict.fromkeys(["4155550199", "415-555-0199", "(415) 555 0199"], "PHONE_NUMBER")
    values["(415) 555 0199"] = "PHONE_NUMBER"
    clean, report = scrub_example(
        given, key=KEY, scrubbing=Scrubbing(default="pseudonym"), finder=Planted(values)
    )
    assert len(report.edits) == 1
    made = [digits_of(part) for part in clean["messages"][0]["content"].split(" or ")]
    assert len(set(made)) == 1


def test_counted_numbers_are_known_again() -> None:
    assert reserved_number("1000000002")
    assert reserved_number("-10.0001")
    assert not reserved_number("4155550199")
    assert not reserved_number("100")
