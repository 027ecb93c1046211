"""What the detector finds in chats, and what it leaves alone. All values are made up or reserved."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.names.settings import Names
from workbench.personal_data.detecting import Detector, detector, scan
from workbench.personal_data.everywhere import everywhere
from workbench.personal_data.packs import COUNTRIES, ENTITIES, chosen
from workbench.personal_data.recognizers import checks
from workbench.personal_data.recognizers.context import Phrasebook, occurrences
from workbench.personal_data.recognizers.engine import RULES, SAID, recognizers
from workbench.personal_data.recognizers.phrases import CALLED, TOPICS
from workbench.personal_data.recognizers.shipped import national_entities
from workbench.personal_data.settings import Detection, UserPattern
from workbench.personal_data.spans import Scan, Span

NO_NAMES = Names(backend="none")


def finder(**options: object) -> Detector:
    return detector(Detection(names=NO_NAMES, **options))  # type: ignore[arg-type]


def found(*texts: str, roles: Sequence[str] | None = None, **options: object) -> list[list[tuple[str, str]]]:
    scans = finder(**options).scan(list(texts), roles)
    return [
        [(text[s.start : s.end], s.entity) for s in result.spans]
        for text, result in zip(texts, scans, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "value", "entity"),
    [
        ("Mail jane.doe@example.com today", "jane.doe@example.com", "EMAIL_ADDRESS"),
        ("the host is jane@corp.internal, ok", "jane@corp.internal", "EMAIL_ADDRESS"),
        ("write root@localhost please", "root@localhost", "EMAIL_ADDRESS"),
        ('"jane doe"@example.com is quoted', '"jane doe"@example.com', "EMAIL_ADDRESS"),
        ("müller@exämple.de schreibt", "müller@exämple.de", "EMAIL_ADDRESS"),
        ("почта: иван@пример.рф", "иван@пример.рф", "EMAIL_ADDRESS"),
        ("O'Neil+news@example.co.uk, please", "O'Neil+news@example.co.uk", "EMAIL_ADDRESS"),
        ("**jane@example.com** in bold", "jane@example.com", "EMAIL_ADDRESS"),
        ("Call +1 (415) 555-0132 now", "+1 (415) 555-0132", "PHONE_NUMBER"),
        ("Ring me on 020 7946 0958.", "020 7946 0958", "PHONE_NUMBER"),
        ("Mein Telefon: 030 23125 004", "030 23125 004", "PHONE_NUMBER"),
        ("mon portable est le 06 39 98 12 34", "06 39 98 12 34", "PHONE_NUMBER"),
        ("mi móvil es 612 345 678", "612 345 678", "PHONE_NUMBER"),
        ("call 555-0123 after six", "555-0123", "PHONE_NUMBER"),
        ("fax 001-415-555-0132x994", "001-415-555-0132x994", "PHONE_NUMBER"),
        ("Bye.\nJane\n+1 206-555-0152", "+1 206-555-0152", "PHONE_NUMBER"),
        ("card 4111 1111 1111 1111 12/27", "4111 1111 1111 1111", "CREDIT_CARD"),
        ("it is 2223000048400011 there", "2223000048400011", "CREDIT_CARD"),
        ("3782 822463 10005 is my amex", "3782 822463 10005", "CREDIT_CARD"),
        ("pay to DE89 3704 0044 0532 0130 00 and wait", "DE89 3704 0044 0532 0130 00", "IBAN_CODE"),
        ("gb29nwbk60161331926819 today", "gb29nwbk60161331926819", "IBAN_CODE"),
        ("my SSN is 536-90-4399", "536-90-4399", "US_SSN"),
        ("social security 536904399", "536904399", "US_SSN"),
        ("logged in from 203.0.113.9 again", "203.0.113.9", "IP_ADDRESS"),
        ("ping 2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334", "IP_ADDRESS"),
        ("the card 00:00:5E:00:53:2A", "00:00:5E:00:53:2A", "MAC_ADDRESS"),
        ("send it to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "CRYPTO"),
        (
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "CRYPTO",
        ),
        ("see linkedin.com/in/jane-doe-1 for more", "linkedin.com/in/jane-doe-1", "URL"),
        ("my page is https://github.com/janedoe99.", "https://github.com/janedoe99", "URL"),
        ("born on 14 March 1987 in", "14 March 1987", "DATE_OF_BIRTH"),
        ("DOB: 03/14/1987", "03/14/1987", "DATE_OF_BIRTH"),
        ("DOB 23 Jun 1954 noted", "23 Jun 1954", "DATE_OF_BIRTH"),
        ("logged in from 210.52.216.210 with a key", "210.52.216.210", "IP_ADDRESS"),
        ("geboren am 14. März 1987 in Ulm", "14. März 1987", "DATE_OF_BIRTH"),
        ("née le 14 mars 1987", "14 mars 1987", "DATE_OF_BIRTH"),
        ("nacido el 14 de marzo de 1987", "14 de marzo de 1987", "DATE_OF_BIRTH"),
        ("I live at 12 Baker Street, ok", "12 Baker Street", "STREET_ADDRESS"),
        ("wohnt in der Hauptstraße 12a, Ulm", "Hauptstraße 12a", "STREET_ADDRESS"),
        ("au 12 rue de la Paix, Paris", "12 rue de la Paix", "STREET_ADDRESS"),
        ("en la calle de Alcalá 45", "calle de Alcalá 45", "STREET_ADDRESS"),
        ("address: 400 miller square suite 585", "400 miller square suite 585", "STREET_ADDRESS"),
        ("Evanston, IL 60201", "60201", "POSTCODE"),
        ("SW1A 1AA is the one", "SW1A 1AA", "POSTCODE"),
        ("my passport number is 912803456", "912803456", "US_PASSPORT"),
        ("driver license is A1234567", "A1234567", "US_DRIVER_LICENSE"),
        ("National Insurance AB123456C", "AB123456C", "UK_NINO"),
        ("NHS number 943 476 5919", "943 476 5919", "UK_NHS"),
        ("sécurité sociale 2 69 05 49 588 157 80", "2 69 05 49 588 157 80", "FR_NIR"),
        ("mi DNI es 12345678Z", "12345678Z", "ES_NIF"),
        ("Steuer-ID 65929970489", "65929970489", "DE_TAX_ID"),
        ("employee id: EMP-20417", "EMP-20417", "ID_NUMBER"),
    ],
)
def test_a_planted_value_is_found_whole(text: str, value: str, entity: str) -> None:
    assert found(text) == [[(value, entity)]]


@pytest.mark.parametrize(
    "text",
    [
        "Python 3.11.7 and version 10.2.3.4, firmware is 5.10.8.133, curl/5.10.8.133, redis:9.25.6.198",
        "Bump the library from 4.11.5.202 to 7.18.4.172 and tag it",
        "It has 39.4 since last night, PN 641.911.76 is the part",
        "In 1640, 1945-1989 and since 2024 there were 12,345,678 of them",
        "Order 4155552671 shipped, invoice #20240517, ticket 8812345678",
        "It costs $1,234,567.89 or 12.345.678,90 €, roughly 4155552671 dollars",
        "ISBN 978-3-16-148410-0 and 0-306-40615-2",
        "timestamp 1700000000, epoch=1700000000000, 2024-05-17T10:11:12Z, 20240517",
        "sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "id 550e8400-e29b-41d4-a716-446655440000 and 9391265c-e659-4d94-8e21-3f0f12345678",
        "x = 3.14159265358979 + 28980 - 18480 = 10500; 603225000 + 68940000",
        "10 20 30 40 50 60, 1 2 3 4 5 6 7 8 9 10, 1, 2, 3, 5, 8, 13, 21, 34",
        "std::vector<int> a; ::add(1); os.path.join(self.id); main.rs; README.md; user.name",
        "127.0.0.1, 0.0.0.0, 255.255.255.0, 8.8.8.8 and localhost",
        "latitude 40.712776, longitude -74.005974",
        "A1, H1, B52, W3C and GPT-4 are names; 100px, 3rd, 24-bit, 2nd",
        "react@18.2.0, image@2x.png, @app.route, git@github.com:org/repo.git",
        "https://docs.example.com/a/b?page=2 and https://github.com/org/repo/issues/3",
        "He was born in 1879; the first day is 2025-09-30.",
        "In 1929 Wall Street fell, and 3 people went to the park",
        "The Conjuring 2, String 1, Pioneering\n5. Agile",
        "shipped <PERSON_1> to <EMAIL_ADDRESS_2>, tel. <PHONE_NUMBER>",
        "look at the mail at one point or another, at this point in time",
        "four five six seven eight nine ten eleven twelve",
    ],
)
def test_clean_text_is_left_alone(text: str) -> None:
    assert found(text) == [[]]


def test_a_number_is_what_the_message_before_asks_for() -> None:
    talk = ("What is your NHS number?", "145 678 9015")
    assert found(*talk, roles=["assistant", "user"])[1] == [("145 678 9015", "UK_NHS")]
    assert found("Here you are.", "145 678 9015", roles=["assistant", "user"])[1] == []


def test_context_ends_with_the_sentence_for_birth_dates() -> None:
    assert found("She was born here. The first day is 2025-09-30") == [[]]


def test_words_for_a_birth_date_are_about_the_first_date_behind_them() -> None:
    text = '{"birth_date": "1990-05-15", "current_date": "2022-03-15"}'
    assert found(text) == [[("1990-05-15", "DATE_OF_BIRTH")]]


def test_the_name_of_a_field_is_context() -> None:
    (labelled,) = finder().scan(["1987-03-14"], labels=["dateOfBirth"])
    (bare,) = finder().scan(["1987-03-14"])
    assert [span.entity for span in labelled.spans] == ["DATE_OF_BIRTH"]
    assert bare.spans == ()


def test_the_nearest_name_of_a_number_decides_what_it_is() -> None:
    text = "My PESEL is 44051401458 (tax id is another)"
    assert found(text, countries=["pl", "de"]) == [[("44051401458", "PL_PESEL")]]


def test_weak_check_digits_do_not_count_without_words() -> None:
    assert found("the parcel is 1456789015") == [[]]


def test_private_addresses_can_be_left_out() -> None:
    assert found("host 192.168.1.20 is down") == [[("192.168.1.20", "IP_ADDRESS")]]
    assert found("host 192.168.1.20 is down", private_addresses=False) == [[]]


def test_addresses_of_any_kind_are_off_until_named() -> None:
    text = "see https://docs.example.com/a/b for it"
    assert found(text) == [[]]
    assert found(text, entities=["ANY_URL"]) == [[("https://docs.example.com/a/b", "ANY_URL")]]


def test_code_keeps_its_addresses_but_not_a_card() -> None:
    text = "```\nu = 'github.com/janedoe99'\ncard = '4111 1111 1111 1111'\n```"
    assert found(text) == [[("4111 1111 1111 1111", "CREDIT_CARD")]]
    (whole,) = finder().scan(["open('12 Baker Street')"], code=[True])
    assert whole.spans == ()


def test_a_card_told_in_two_messages_is_found_in_both() -> None:
    talk = ("My card starts with 4111 1111", "Go on.", "and then 1111 1111")
    got = found(*talk, roles=["user", "assistant", "user"])
    assert got == [[("4111 1111", "CREDIT_CARD")], [], [("1111 1111", "CREDIT_CARD")]]


def test_pieces_that_do_not_pass_the_check_are_no_card() -> None:
    talk = ("My card starts with 4111 1111", "Go on.", "and then 1111 1112")
    assert found(*talk, roles=["user", "assistant", "user"]) == [[], [], []]


def test_a_number_spelled_over_messages_is_found() -> None:
    talk = (
        "Your social security number?",
        "five three six",
        "and then?",
        "nine oh",
        "yes?",
        "four three nine nine",
    )
    got = found(*talk, roles=["assistant", "user"] * 3)
    assert [entity for part in got for _, entity in part] == ["US_SSN"] * 3


def test_a_pattern_of_ones_own_is_found_with_its_check_digits() -> None:
    ticket = UserPattern(name="TICKET_NUMBER", regex=r"\bTCK-\d{6}\b", check="luhn")
    assert found("see TCK-123455 and TCK-123456", patterns=[ticket]) == [[("TCK-123455", "TICKET_NUMBER")]]


def test_a_weak_pattern_of_ones_own_counts_next_to_its_words() -> None:
    case = UserPattern(name="CASE", regex=r"\b\d{2}/\d{4}\b", score=0.2, context=["Aktenzeichen", "docket"])
    assert found("docket 12/3456", patterns=[case]) == [[("12/3456", "CASE")]]
    assert found("about 12/3456", patterns=[case]) == [[]]


def test_the_same_settings_share_one_detector_and_results() -> None:
    assert finder() is finder()
    text = "jane.doe@example.com and +1 (415) 555-0132"
    assert finder().scan([text, text]) == finder().scan([text, text])


def test_a_number_of_another_country_is_looked_for_when_that_is_chosen() -> None:
    text = "meu CPF é 529.982.247-25"
    assert found(text) == [[]]
    assert found(text, countries=["br"]) == [[("529.982.247-25", "BR_CPF")]]


def test_settings_refuse_what_is_not_there() -> None:
    for wrong in (
        {"countries": ["atlantis"]},
        {"entities": ["SHOE_SIZE"]},
        {"patterns": [{"name": "x", "regex": "("}]},
    ):
        with pytest.raises(ValidationError):
            Detection.model_validate(wrong)


def test_the_british_go_by_either_code() -> None:
    assert Detection(countries=["UK"]).countries == ["gb"]


def test_every_national_entity_of_presidio_is_in_the_table() -> None:
    for entity, country in national_entities().items():
        assert ENTITIES[entity].country == country, entity


def test_every_entity_of_the_table_has_a_recognizer() -> None:
    names = [name for name, entity in ENTITIES.items() if entity.proof != "model"]
    made = recognizers(Detection(countries=sorted(COUNTRIES), names=NO_NAMES), names)
    assert {entity for r in made for entity in r.supported_entities} == {*names, *SAID}


def test_the_tables_name_only_entities_that_there_are() -> None:
    assert {rule.entity for rule in RULES} <= {*ENTITIES, *SAID}
    assert {*TOPICS, *CALLED} <= set(ENTITIES)


def test_entities_that_are_off_by_default_stay_off() -> None:
    on = chosen(None, ["us"])
    assert "US_SSN" in on
    assert "AGE" not in on
    assert "UK_NINO" not in on


def test_recognizers_hold_no_context_words_of_presidios() -> None:
    # Presidio compares parts of words: "us" of US_PASSPORT is in "because".
    assert found("because 123456780 is it") == [[]]


def test_phrases_count_as_whole_words() -> None:
    book = Phrasebook()
    assert occurrences("recall the excellent", book).places == {}
    assert "phone" in occurrences("Telefonnummer", book).places


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (checks.luhn, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (checks.iban, "DE89370400440532013000", "DE88370400440532013000"),
        (checks.nir, "269054958815780", "269054958815781"),
        (checks.bsn, "111222333", "111222334"),
        (checks.cpf, "529.982.247-25", "529.982.247-24"),
        (checks.ean13, "756.9217.0769.85", "756.9217.0769.86"),
        (checks.pps, "1234567T", "1234567A"),
        (checks.vin, "1M8GDM9AXKP042788", "1M8GDM9A1KP042788"),
        (checks.base58, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "1BoatSLRHtKNngkdXEeobR76b53LETtpyU"),
    ],
)
def test_check_digits(check, right: str, wrong: str) -> None:
    assert check(right)
    assert not check(wrong)


def test_the_plain_door_finds_patterns_alone() -> None:
    spans = scan("jane.doe@example.com and 4111 1111 1111 1111", ("CREDIT_CARD",), 0.4)
    assert [span["entity"] for span in spans] == ["CREDIT_CARD"]


def test_a_postcode_beside_a_street_counts_and_its_town_is_a_place() -> None:
    (scan_,) = detector(Detection()).scan(["Ich wohne in der Gertzstr. 19, 66106 Bielefeld und bin dort."])
    text = "Ich wohne in der Gertzstr. 19, 66106 Bielefeld und bin dort."
    got = {(text[s.start : s.end], s.entity) for s in scan_.spans}
    assert {("Gertzstr. 19", "STREET_ADDRESS"), ("66106", "POSTCODE"), ("Bielefeld", "LOCATION")} <= got


def test_names_give_way_to_values_that_hold_them() -> None:
    text = "Please write to Susan Miller at susan.miller@corp.internal today."
    (scan_,) = detector(Detection()).scan([text])
    assert [(text[s.start : s.end], s.entity) for s in scan_.spans] == [
        ("Susan Miller", "PERSON"),
        ("susan.miller@corp.internal", "EMAIL_ADDRESS"),
    ]


def test_about_says_what_is_looked_for() -> None:
    about = finder(countries=["de"]).about()
    assert "DE_TAX_ID" in about["entities"]
    assert about["names"] == {"backend": "none"}
    assert json.dumps(about)


PIECES = st.sampled_from(
    ["jane@example.com", "+1 415 555 0132", "4111 1111 1111 1111", "`code`", "<PERSON_1>", "SSN ", "born ", "12.3.2001",
     "\u200b", "\u202e", "\ud800", "\x00", "１２３", "%40", "&#64;", "\\u0040", "@", ".", "::", "\n", " ", "12 Main St"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=12).map("".join))
def test_spans_lie_within_the_text_and_apart(text: str) -> None:
    (result,) = finder().scan([text])
    last = 0
    for span in result.spans:
        assert last <= span.start < span.end <= len(text)
        assert 0.4 <= span.score <= 1
        last = span.end
    assert finder().scan([text]) == [result]


def test_a_value_seen_once_is_replaced_wherever_it_stands_in_the_row() -> None:
    texts = ["I am Ann Orr.", "ORDER for Ann Orr; Annette and Orrin are others"]
    scans = everywhere(texts, [Scan((Span(5, 12, "PERSON", 0.9),)), Scan(())])
    assert [(texts[1][s.start : s.end], s.entity, s.score) for s in scans[1].spans] == [
        ("Ann Orr", "PERSON", 0.9)
    ]
    assert scans[0].spans == (Span(5, 12, "PERSON", 0.9),)


def test_the_number_of_an_order_said_again_is_no_telephone_number() -> None:
    found = detector(Detection()).scan(
        ["I sent the phone back. It is order 68075.", "Fine.", "And what about order 68075, or 68076?"],
        roles=["user", "assistant", "user"],
    )
    assert [span.entity for scan in found for span in scan.spans] == []
