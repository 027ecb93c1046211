"""Scrubbing a row: one person is one person in all its texts, and what is no text stays whole."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.make import example, pair
from tests.planted import KEY, Planted, arguments_of, call, row, said
from workbench.editing import apply_spans, edited
from workbench.examples import Example, content_id, parts
from workbench.markup import example_html
from workbench.personal_data.everywhere import everywhere
from workbench.personal_data.spans import Scan, Span, without_overlaps
from workbench.plans import Change
from workbench.scrubbing.fields import content_field, fields_of
from workbench.scrubbing.json_text import decoded, escaped, leaves, raw_edits, regions
from workbench.scrubbing.masking import masked_row
from workbench.scrubbing.people import linked, owner_of, parsed
from workbench.scrubbing.proposing import value_edits
from workbench.scrubbing.settings import Scrubbing, SecretScrubbing
from workbench.scrubbing.texts import Report, new_key, scrub_example, scrub_text
from workbench.scrubbing.validity import with_edits
from workbench.value_lists import RECOGNIZER as DENIED

OPERATORS = ("tag", "redact", "mask", "hash", "pseudonym")


def scrub(given: Example, values: dict[str, str], **options: Any) -> tuple[Example, Report]:
    return scrub_example(given, key=KEY, scrubbing=Scrubbing(**options), finder=Planted(values))


def contents(given: Example) -> list[str]:
    return [entry["content"] for _, _, entry in parts(given)]


def everything(given: Example) -> str:
    return json.dumps({**given, "id": "", "source": None}, ensure_ascii=False)


# Adversarial conversations: people.


@pytest.mark.parametrize("operator", OPERATORS)
def test_full_name_first_name_and_title_with_surname_are_one_person(operator: str) -> None:
    given = row(
        said("You help Priya Raman.", "system"),
        said("Hi, I am Priya. My file is under Ms. Raman."),
        said("Thank you, Priya Raman. PRIYA RAMAN's file is here; P. Raman signed it.", "assistant"),
    )
    values = dict.fromkeys(["Priya Raman", "Priya", "Ms. Raman", "PRIYA RAMAN's", "P. Raman"], "PERSON")
    clean, report = scrub(given, values, default=operator)
    assert report.is_whole
    assert not re.search("priya|raman", everything(clean), re.IGNORECASE)
    if operator == "tag":
        assert set(re.findall(r"<\w+>", everything(clean))) == {"<PERSON_1>"}
        assert contents(clean)[1] == "Hi, I am <PERSON_1>. My file is under Ms. <PERSON_1>."
        assert contents(clean)[2].startswith("Thank you, <PERSON_1>. <PERSON_1>'s file")
    if operator == "pseudonym":
        first, last = contents(clean)[0].removeprefix("You help ").removesuffix(".").split()
        assert contents(clean)[1] == f"Hi, I am {first}. My file is under Ms. {last}."
        assert contents(clean)[2] == (
            f"Thank you, {first} {last}. {first.upper()} {last.upper()}'s file is here;"
            f" {first[0]}. {last} signed it."
        )


def test_two_people_with_one_surname_stay_two() -> None:
    given = row(
        said("John Alvarez and Mary Alvarez share an account."),
        said("Mr. Alvarez opened it, Mrs. Alvarez uses it. Then Alvarez called, John I mean.", "assistant"),
    )
    names = ["John Alvarez", "Mary Alvarez", "Mr. Alvarez", "Mrs. Alvarez", "Alvarez", "John"]
    clean, _ = scrub(given, dict.fromkeys(names, "PERSON"))
    assert contents(clean) == [
        "<PERSON_1> and <PERSON_2> share an account.",
        "Mr. <PERSON_1> opened it, Mrs. <PERSON_2> uses it. Then <PERSON_2> called, <PERSON_1> I mean.",
    ]
    fake, _ = scrub(given, dict.fromkeys(names, "PERSON"), default="pseudonym")
    john, mary = re.findall(r"(\w+) (\w+) (?:and|share)", contents(fake)[0])
    assert john[0] != mary[0]
    assert john[1] == mary[1]


def test_a_name_of_a_chat_partner_is_linked_as_an_identifier() -> None:
    given = row(said("Hi, Lena Vogt here.", name="lena_vogt"), said("Hello!", "assistant"))
    clean, _ = scrub(given, {"Lena Vogt": "PERSON", "lena vogt": "PERSON"})
    assert clean["messages"][0]["name"] == "PERSON_1"
    fake, _ = scrub(given, {"Lena Vogt": "PERSON", "lena vogt": "PERSON"}, default="pseudonym")
    first, last = re.findall(r"Hi, (\w+) (\w+)", contents(fake)[0])[0]
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", str(fake["messages"][0]["name"]))
    assert fake["messages"][0]["name"] == f"{first}_{last}".lower()


@pytest.mark.parametrize(
    "mentions",
    [
        [
            "Jane Doe",
            "Doe, Jane",
            "JANE DOE",
            "jane doe",
            "Jane A. Doe",
            "Dr. Jane Doe",
            "Jane Doe Jr.",
            "J.D.",
        ],
        ["Doe", "Mr. Doe", "John Doe", "J. Doe"],
        ["Vincent van Gogh", "van Gogh", "Vincent"],
        ["María García López", "Maria Garcia"],
        ["Frau Müller", "Müller", "Sabine Müller"],
        ["Jean-Pierre Blanc", "Jean-Pierre", "J. Blanc"],
    ],
)
def test_forms_of_one_name_are_one_person(mentions: list[str]) -> None:
    assert len(set(map(id, linked(mentions)))) == 1


@pytest.mark.parametrize(
    "mentions",
    [["Jane Doe", "John Doe"], ["Jane", "Robert"], ["Jane Doe", "Mr. Smith"], ["Mr. Doe", "Mrs. Doe"]],
)
def test_different_people_are_not_one(mentions: list[str]) -> None:
    assert len(set(map(id, linked(mentions)))) == len(mentions)


@pytest.mark.parametrize("local", ["jane.doe", "doe.jane", "jdoe", "janed", "jane_doe42", "JaneDoe", "jane"])
def test_an_address_made_of_a_name_belongs_to_that_person(local: str) -> None:
    people = linked(["Jane Doe", "Robert Hill"])
    assert owner_of(local, people) is people[0]


@pytest.mark.parametrize("local", ["info", "jd", "doe1", "support.team", ""])
def test_an_address_that_fits_nobody_or_two_belongs_to_nobody(local: str) -> None:
    people = linked(["Jane Doe", "John Doe"])
    assert owner_of(local, people) is None


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("Dr. Jane Doe", "Jane Doe"),
        ("Jane Doe's", "Jane Doe"),
        ("James’", "James"),
        ("Mr Doe Jr.", "Doe"),
        ("Prof. Dr. Weiss", "Weiss"),
        ("Jane.", "Jane"),
        ("J. Doe", "J. Doe"),
        ("O'Neil", "O'Neil"),
    ],
)
def test_titles_and_possessives_stay_in_the_text(text: str, inside: str) -> None:
    name = parsed(text)
    assert text[name.start : name.end] == inside


# Adversarial conversations: structure.


@pytest.mark.parametrize("operator", OPERATORS)
def test_prompt_chosen_and_rejected_are_scrubbed_as_one(operator: str) -> None:
    given = pair(
        "Write to Omar Haddad.", "Dear Omar Haddad, Omar, hello", "Omar Haddad? No idea who Omar is."
    )
    clean, _ = scrub(given, {"Omar Haddad": "PERSON", "Omar": "PERSON"}, default=operator)
    assert not re.search("omar|haddad", everything(clean), re.IGNORECASE)
    whole = [
        re.search(pattern, text)
        for pattern, text in zip(["to (.*)\\.", "Dear (.*?),", "^(.*)\\? No"], contents(clean), strict=True)
    ]
    assert len({found[1] for found in whole if found}) == 1


@pytest.mark.parametrize("operator", OPERATORS)
def test_arguments_of_tool_calls_stay_json_with_their_types(operator: str) -> None:
    arguments = {
        "customer": {"name": "Ana Belić", "phones": [4155550199, "415-555-0199"]},
        "limit": 10,
        "ratio": 0.25,
        "vip": True,
        "note": 'Ana said "call me"\n\tsoon',
        "none": None,
    }
    given = row(
        said("I am Ana Belić, 415-555-0199."),
        call(arguments),
        said('{"status": "ok", "owner": "Ana Beli\\u0107"}', "tool", name="look_up", tool_call_id="call_1"),
    )
    values = {
        "Ana Belić": "PERSON",
        "Ana": "PERSON",
        "415-555-0199": "PHONE_NUMBER",
        "4155550199": "PHONE_NUMBER",
    }
    clean, report = scrub(given, values, default=operator)
    assert report.is_whole
    made = arguments_of(clean, 1)
    assert shape(made) == shape(arguments)
    assert (made["limit"], made["ratio"], made["vip"], made["none"]) == (10, 0.25, True, None)
    assert len(str(made["customer"]["phones"][0])) == 10
    assert made["note"].endswith('said "call me"\n\tsoon')
    assert json.loads(contents(clean)[2]).keys() == {"status", "owner"}
    assert "Ana" not in everything(clean)
    assert "5550199" not in re.sub(r"\D", "", everything(clean))
    assert json.loads(str(clean["messages"][1]["tool_calls"]))[0]["function"]["name"] == "look_up"
    assert clean["id"] == content_id(clean) != given["id"]


def shape(value: object) -> object:
    """JSON without its texts and numbers, but with their types."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def test_calls_that_need_no_edit_keep_every_byte() -> None:
    given = row(said("Hi, Ana"), call({"x": "é\u0001", "n": 1e5, "big": 12345678901234567890}))
    clean, _ = scrub(given, {"Ana": "PERSON"})
    assert clean["messages"][1] == given["messages"][1]


def test_the_same_value_is_scrubbed_in_the_tools_and_the_meta() -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "ask_ana",
            "description": "Ask Ana for help.",
            "parameters": {
                "type": "object",
                "properties": {"who": {"type": "string", "enum": ["Ana", "Bo"]}},
            },
        },
    }
    given = row(
        said("Ask Ana"), said("Yes", "assistant"), tools=[tool], meta={"agent": "Ana", "edited_from": "Ana"}
    )
    clean, _ = scrub(given, {"Ana": "PERSON"})
    [made] = json.loads(str(clean["tools"]))
    assert made["function"]["name"] == "ask_ana"
    assert made["function"]["description"] == "Ask <PERSON_1> for help."
    assert made["function"]["parameters"]["properties"]["who"]["enum"] == ["<PERSON_1>", "Bo"]
    assert json.loads(str(clean["meta"])) == {"agent": "<PERSON_1>", "edited_from": "<PERSON_1>"}


def test_escaped_json_within_a_message_is_read_and_written_decoded() -> None:
    body = json.dumps({"mail": "ana@example.com", "note": 'she said "hi"'}).replace("@", "\\u0040")
    given = row(said(f"The server sent {body} yesterday."), said("ok", "assistant"))
    clean, report = scrub(given, {"ana@example.com": "EMAIL_ADDRESS"})
    [edit] = report.edits
    span = edit.spans[0]
    assert given["messages"][0]["content"][span["start"] : span["end"]] == "ana\\u0040example.com"
    inside = contents(clean)[0].removeprefix("The server sent ").removesuffix(" yesterday.")
    assert json.loads(inside) == {"mail": "<EMAIL_ADDRESS_1>", "note": 'she said "hi"'}


def test_json_in_json_in_a_call_is_followed() -> None:
    inner = json.dumps({"to": "ana@example.com", "body": json.dumps({"cc": ["ana@example.com"]})})
    given = row(said("send"), call({"payload": inner}))
    clean, _ = scrub(given, {"ana@example.com": "EMAIL_ADDRESS"})
    outer = json.loads(arguments_of(clean, 1)["payload"])
    assert outer["to"] == "<EMAIL_ADDRESS_1>"
    assert json.loads(outer["body"]) == {"cc": ["<EMAIL_ADDRESS_1>"]}


@pytest.mark.parametrize("operator", OPERATORS)
def test_python_in_a_fence_still_parses(operator: str) -> None:
    code = (
        "def total(ana_ruiz):\n"
        '    """Asked for by Ana Ruiz."""\n'
        "    phone = 4155550199  # Ana Ruiz\n"
        "    return {'who': 'Ana Ruiz', \"id\": f'{phone} Ana Ruiz'}\n"
    )
    given = row(
        said("Ana Ruiz wants this"), said(f"Sure:\n```python\n{code}```\nDone, Ana Ruiz.", "assistant")
    )
    values = {"Ana Ruiz": "PERSON", "ana_ruiz": "PERSON", "4155550199": "PHONE_NUMBER"}
    clean, report = scrub(given, values, default=operator)
    assert report.is_whole
    made = contents(clean)[1].split("```python\n")[1].split("```")[0]
    ast.parse(made)
    assert "Ruiz" not in made
    assert "4155550199" not in made


def test_code_that_would_break_is_left_to_a_person() -> None:
    given = row(said("look"), said("```python\nimport os\nif os:\n    pass\n```", "assistant"))
    clean, report = scrub(given, {"import": "PERSON"}, default="tag")
    assert contents(clean) == contents(given)
    assert report.edits == ()
    assert [edit.reason for edit in report.left] == [
        "with this value replaced the Python code would no longer parse"
    ]
    assert not report.is_whole


def test_code_without_a_fence_is_known_by_its_parser() -> None:
    given = example("code?", "x = ana\nprint('ana')")
    clean, _ = scrub(given, {"ana": "PERSON"})
    assert contents(clean)[1] == "x = PERSON_1\nprint('<PERSON_1>')"


def test_tables_links_and_html_keep_their_marks() -> None:
    text = "| name | mail |\n|---|---|\n| Ana Ruiz | [Ana](mailto:ana@example.com) |\n<b>Ana&nbsp;Ruiz</b>"
    values = {
        "Ana Ruiz": "PERSON",
        "Ana": "PERSON",
        "ana@example.com": "EMAIL_ADDRESS",
        "Ana&nbsp;Ruiz": "PERSON",
    }
    clean, _ = scrub(example(text, "ok"), values, default="pseudonym")
    made = contents(clean)[0]
    assert [line.count("|") for line in made.splitlines()] == [3, 4 - 1, 3, 0]
    assert re.search(r"\| \[\w+\]\(mailto:[\w.]+@example\.\w+\) \|", made)
    assert made.endswith("</b>")


def test_half_an_html_entity_is_never_left() -> None:
    text = "mail ana&#64;example.com now"
    start = text.index("ana")
    field = content_field(text)
    found = Scan((Span(start, start + 6, "EMAIL_ADDRESS", 1.0),))
    [edit] = value_edits([field], [found], Scrubbing(), KEY)
    assert text[edit.spans[0]["start"] : edit.spans[0]["end"]] == "ana&#64;"


def test_text_without_findings_is_given_back_as_it_is() -> None:
    given = example("Version 2.0 of 2024 is order 12-345, see <PERSON_1>", '{"a": [1, 2.50, "x\\u0041"]}')
    clean, report = scrub(given, {"Nobody": "PERSON"})
    assert clean == given
    assert report.edits == ()


# Operators.


def test_each_operator_writes_what_the_docs_say() -> None:
    given = example("I am Ana Ruiz, card 4111 1111 1111 1111.", "Hi Ana")
    values = {"Ana Ruiz": "PERSON", "Ana": "PERSON", "4111 1111 1111 1111": "CREDIT_CARD"}
    texts = {operator: contents(scrub(given, values, default=operator)[0])[0] for operator in OPERATORS}
    assert texts["tag"] == "I am <PERSON_1>, card <CREDIT_CARD_1>."
    assert texts["redact"] == "I am , card ."
    assert texts["mask"] == "I am A** R***, card **** **** **** ****."
    assert re.fullmatch(r"I am <PERSON#[0-9a-f]{12}>, card <CREDIT_CARD#[0-9a-f]{12}>\.", texts["hash"])
    assert contents(scrub(given, values, default="keep")[0]) == contents(given)


def test_an_operator_can_be_chosen_for_an_entity() -> None:
    given = example("Ana, 4111 1111 1111 1111", "ok")
    values = {"Ana": "PERSON", "4111 1111 1111 1111": "CREDIT_CARD"}
    clean, _ = scrub(given, values, operators={"CREDIT_CARD": "mask", "PERSON": "keep"}, mask_last=4)
    assert contents(clean)[0] == "Ana, **** **** **** 1111"


def test_a_fixed_text_can_be_written() -> None:
    clean, _ = scrub(example("Ana", "ok"), {"Ana": "PERSON"}, default="redact", redacted="[{entity} removed]")
    assert contents(clean)[0] == "[PERSON removed]"


def test_hashes_are_the_same_in_every_row_of_a_project_and_no_other() -> None:
    one, _ = scrub(example("Ana Ruiz wrote", "ok"), {"Ana Ruiz": "PERSON"}, default="hash")
    two, _ = scrub(
        example("so did ana ruiz, Ana I mean", "ok"), {"ana ruiz": "PERSON", "Ana": "PERSON"}, default="hash"
    )
    hashes = re.findall("#([0-9a-f]+)", contents(one)[0] + contents(two)[0])
    assert len(hashes) == 3
    assert len(set(hashes)) == 1
    other, _ = scrub_example(
        example("Ana Ruiz wrote", "ok"),
        key=new_key(),
        scrubbing=Scrubbing(default="hash"),
        finder=Planted({"Ana Ruiz": "PERSON"}),
    )
    assert contents(other) != contents(one)


def test_groups_are_hashed_whatever_the_operator_so_that_they_stay_groups() -> None:
    rows = [example("hi", "ok", group=group) for group in ("a@example.com", "b@example.com", "a@example.com")]
    values = dict.fromkeys(["a@example.com", "b@example.com"], "EMAIL_ADDRESS")
    groups = [scrub(given, values)[0]["group"] for given in rows]
    assert groups[0] == groups[2] != groups[1]
    assert "@" not in "".join(map(str, groups))


def test_a_label_is_edited_only_for_what_the_texts_hold() -> None:
    values = {"Jordan": "PERSON", "ana@example.com": "EMAIL_ADDRESS"}
    assert scrub(example("hi", "ok", label="Jordan"), values)[0]["label"] == "Jordan"
    assert scrub(example("hi Jordan", "ok", label="Jordan"), values)[0]["label"] == "<PERSON_1>"
    clean, _ = scrub(example("hi", "ok", label="x", tags=["ana@example.com"]), values)
    assert clean["tags"] == ["<EMAIL_ADDRESS_1>"]


def test_tags_go_on_from_the_numbers_that_the_row_has() -> None:
    given = example("<PERSON_1> met Ana; <PERSON_7> too", "ok")
    clean, _ = scrub(given, {"Ana": "PERSON", "PERSON_1": "PERSON", "<PERSON_7>": "PERSON"})
    assert contents(clean)[0] == "<PERSON_1> met <PERSON_8>; <PERSON_7> too"


@pytest.mark.parametrize("operator", OPERATORS)
def test_scrubbing_twice_changes_nothing_more(operator: str) -> None:
    given = row(
        said("I am Ana Ruiz (ana.ruiz@example.com), 415-555-0199, born 12 March 1987 in Zagreb."),
        call({"name": "Ana Ruiz", "phone": 4155550199}),
        meta={"mail": "ana.ruiz@example.com"},
    )
    values = {
        "Ana Ruiz": "PERSON",
        "ana.ruiz@example.com": "EMAIL_ADDRESS",
        "415-555-0199": "PHONE_NUMBER",
        "4155550199": "PHONE_NUMBER",
        "12 March 1987": "DATE_OF_BIRTH",
        "Zagreb": "LOCATION",
    }
    once, report = scrub(given, values, default=operator)
    assert report.edits
    seen: dict[str, str] = {}
    for edit in report.edits:  # a detector that finds all that was put in
        for span in edit.spans:
            seen[span["replacement"]] = edit.entity
            seen |= dict.fromkeys(re.findall(r"\w{3,}", span["replacement"]), edit.entity)
    twice, again = scrub(once, {value: entity for value, entity in seen.items() if value}, default=operator)
    assert again.edits == ()
    assert twice == once


def test_a_new_value_in_a_scrubbed_row_is_still_found() -> None:
    once, _ = scrub(example("Ana Ruiz and Bo Lind", "ok"), {"Ana Ruiz": "PERSON"}, default="pseudonym")
    twice, report = scrub(once, {"Bo Lind": "PERSON"}, default="pseudonym")
    assert len(report.edits) == 1
    assert "Lind" not in contents(twice)[0]


# Evidence.


def test_edits_are_by_value_with_every_place_and_never_the_value() -> None:
    given = row(said("Ana and ANA, Bo"), call({"who": "Ana"}), said("Ana", "assistant"))
    _, report = scrub(given, {"Ana": "PERSON", "ANA": "PERSON", "Bo": "PERSON"})
    assert [(edit.entity, len(edit.spans), edit.operator) for edit in report.edits] == [
        ("PERSON", 4, "tag"),
        ("PERSON", 1, "tag"),
    ]
    assert report.edits[0].value == KEY.name_of("PERSON", "ana")
    places = [
        (span["part"], span["message"], span.get("field"), span.get("path")) for span in report.edits[0].spans
    ]
    assert places[2] == ("messages", 1, "tool_calls", [0, "function", "arguments", "$json", "who"])
    assert not re.search(r"\bana\b", json.dumps([edit.spans for edit in report.edits]), re.IGNORECASE)


def test_a_kind_of_its_own_has_the_operator_tag_and_value_of_what_it_stands_for() -> None:
    field = content_field("Ana met Bo")
    scan = Scan((Span(0, 3, "PUBLIC_FIGURE", 0.9), Span(8, 10, "PERSON", 0.9)))
    public, private = value_edits([field], [scan], Scrubbing(), KEY, stands_for={"PUBLIC_FIGURE": "PERSON"})
    assert (public.entity, public.value) == ("PUBLIC_FIGURE", KEY.name_of("PERSON", "Ana"))
    assert public.spans[0]["replacement"] == "<PERSON_1>"
    assert (private.entity, private.spans[0]["replacement"]) == ("PERSON", "<PERSON_2>")


def test_the_key_of_a_json_field_is_context_and_never_edited() -> None:
    given = row(said("go"), call({"phoneNumber": "415-555-0199", "ana": "x"}))
    texts = {field.text: field for field in fields_of(given)}
    field = texts["phone number: 415-555-0199"]
    assert field.locate(Span(0, 12, "PERSON", 1.0)) is None
    place = field.locate(Span(6, len(field.text), "PHONE_NUMBER", 1.0))
    assert place is not None
    assert (place["start"], place["end"]) == (0, 12)
    clean, _ = scrub(given, {"ana": "PERSON"})
    assert arguments_of(clean, 1) == arguments_of(given, 1)


def test_names_of_tools_and_ids_of_calls_are_not_read() -> None:
    given = row(
        said("hi"), call({"a": "b"}, name="Ana"), said("x", "tool", name="Ana", tool_call_id="call_1")
    )
    assert [field.text for field in fields_of(given)] == ["hi", "a: b", "x"]


def test_a_row_is_shown_with_every_span_covered_wherever_it_is() -> None:
    given = row(said("Ana met Ana"), call({"who": "Ana", "n": 4155550199}), meta={"by": "Ana"})
    _, report = scrub(given, {"Ana": "PERSON", "4155550199": "PHONE_NUMBER"})
    spans = [span for edit in report.edits for span in edit.spans]
    overlapping = {"part": "messages", "message": 0, "start": 1, "end": 99}
    hidden = masked_row(given, spans)
    assert contents(hidden)[0] == "▒▒▒ met ▒▒▒"
    assert "Ana" not in everything(hidden)
    assert "4155550199" not in everything(hidden)
    assert contents(masked_row(given, [*spans, overlapping]))[0] == "▒" * 11


def test_what_is_masked_in_a_call_is_masked_on_the_page_and_revealed_on_demand() -> None:
    given = row(said("hello hello"), call({"who": "Ana"}))
    _, report = scrub(given, {"Ana": "PERSON"})
    spans = list(report.edits[0].spans)
    assert "Ana" not in example_html(given, spans)
    assert "Ana" in example_html(given, spans, reveal=True)
    assert "▒" not in example_html(given, spans, reveal=True)


def test_a_number_split_over_two_turns_is_gone_from_both() -> None:
    given = row(said("my card is 4111 1111"), said("go on", "assistant"), said("1111 1111, got it?"))
    clean, report = scrub(given, {"4111 1111": "CREDIT_CARD", "1111 1111": "CREDIT_CARD"})
    assert report.is_whole
    assert "1111" not in everything(clean)


@pytest.mark.slow
def test_the_default_finder_scrubs_personal_data_and_secrets() -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    text = f"Mail ana.ruiz@acme-mail.io, card 4111 1111 1111 1111, token {token}."
    clean, report = scrub_text(text, key=KEY)
    assert clean == "Mail <EMAIL_ADDRESS_1>, card <CREDIT_CARD_1>, token <GITHUB_TOKEN>."
    assert report.is_whole


# Secrets, settings and the three-line door.


def test_a_secret_is_never_replaced_by_one_that_looks_live() -> None:
    assert SecretScrubbing().operator("GITHUB_TOKEN") == "redact"
    with pytest.raises(ValidationError, match="looks live"):
        SecretScrubbing(operators={"GITHUB_TOKEN": "pseudonym"})


@pytest.mark.parametrize(
    "options",
    [
        {"default": "shred"},
        {"operators": {"person": "tag"}},
        {"redacted": 'a"b'},
        {"redacted": "a|b"},
        {"locale": "xx_XX"},
        {"colour": "red"},
        {"mask_last": 9},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Scrubbing(**options)


def test_three_lines_scrub_a_text() -> None:
    clean, report = scrub_text("Ana, hello", key=new_key(), finder=Planted({"Ana": "PERSON"}))
    assert clean == "<PERSON_1>, hello"
    assert report.is_whole


def test_what_was_not_scanned_is_told() -> None:
    class Slow(Planted):
        def scan(self, texts: Any, roles: Any = None, code: Any = None) -> list[Scan]:
            return [Scan((), "took too long") for _ in texts]

    _, report = scrub_text("Ana", key=KEY, finder=Slow({}))
    assert report.not_scanned == ("took too long",)
    assert not report.is_whole


# Invariants.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=12) | st.just("Ana Ruiz"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.lists(
    st.text(max_size=12)
    | st.sampled_from(
        ["Ana Ruiz", "\n```python\nx = 'Ana'\n```\n", "&amp;", "<PERSON_1>", '{"a": "b\\n"}', "|"]
    )
    | JSON.map(json.dumps),
    max_size=6,
).map(" ".join)


@st.composite
def marked_rows(draw: st.DrawFn) -> tuple[Example, list[Scan]]:
    """A row of hostile texts, and spans anywhere in what is read of it."""
    text = TEXTS.map(lambda written: written.encode("utf-8", "replace").decode())
    given = row(
        said(draw(text) + "."), call({"v": draw(JSON)}), said(draw(text), "assistant"), meta={"m": draw(JSON)}
    )
    scans = []
    for field in fields_of(given):
        spans = []
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, len(field.text)))
            end = draw(st.integers(start, min(len(field.text), start + 14)))
            entity = draw(st.sampled_from(["PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "LOCATION", "X_ID"]))
            if start < end:
                spans.append(Span(start, end, entity, draw(st.sampled_from([0.4, 0.9]))))
        scans.append(Scan(tuple(without_overlaps(spans))))
    return given, scans


@settings(max_examples=150, deadline=None)
@given(marked_rows(), st.sampled_from(OPERATORS))
def test_edits_lie_within_the_texts_and_leave_structure_as_it_was(
    marked: tuple[Example, list[Scan]], operator: str
) -> None:
    given, scans = marked
    fields = fields_of(given)
    chosen = Scrubbing.model_validate({"default": operator})
    edits = [edit for edit in value_edits(fields, scans, chosen, KEY) if not edit.reason]
    assert edits == [e for e in value_edits(fields, scans, chosen, KEY) if not e.reason]
    by_place = {json.dumps(field.coordinates(0, 0)): field.value for field in fields}
    for edit in edits:
        for span in edit.spans:
            where = {name: span[name] for name in ("part", "message", "field", "path") if name in span}
            place = {"part": where["part"], "message": where["message"], "start": 0, "end": 0, **where}
            value = by_place[json.dumps(place)]
            assert 0 <= span["start"] < span["end"] <= len(value)
    clean = apply_spans(given, [span for edit in edits for span in edit.spans])
    assert shape(arguments_of(clean, 1)) == shape(arguments_of(given, 1))
    assert shape(json.loads(str(clean["meta"]))) == shape(json.loads(str(given["meta"])))
    for part, index, entry in parts(given):
        here = [
            (s["start"], s["end"], s["replacement"])
            for edit in edits
            for s in edit.spans
            if (s["part"], s["message"]) == (part, index) and not s.get("path")
        ]
        for start, end in regions(entry["content"]):
            inside = [(a - start, b - start, new) for a, b, new in here if start <= a and b <= end]
            assert all(b <= start or a >= end for a, b, _ in here if not (start <= a and b <= end))
            before = entry["content"][start:end]
            assert shape(json.loads(with_edits(before, inside))) == shape(json.loads(before))


@settings(max_examples=150, deadline=None)
@given(JSON.filter(lambda value: isinstance(value, list | dict)), st.booleans())
def test_leaves_stand_where_they_are_said_to(value: object, plain: bool) -> None:
    text = json.dumps(value, ensure_ascii=plain)
    for leaf in leaves(text) or ():
        literal = text[leaf.start : leaf.end]
        found = value
        for step in leaf.path:
            found = found[step]  # type: ignore[index]
        expected = json.loads(literal) if leaf.is_number else decoded(literal)[0]
        assert expected == found


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30), st.booleans(), st.data())
def test_an_edit_of_a_decoded_leaf_changes_only_what_it_covers(
    text: str, ascii_only: bool, data: Any
) -> None:
    text = text.encode("utf-8", "replace").decode()
    whole = json.dumps({"k": ["x", text], "z": "y"}, ensure_ascii=ascii_only)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    new = data.draw(st.text(max_size=5)).encode("utf-8", "replace").decode()
    [(a, b, raw)] = raw_edits(whole, ("k", 1), [(start, end, new)])
    made = json.loads(whole[:a] + raw + whole[b:])
    assert made == {"k": ["x", text[:start] + new + text[end:]], "z": "y"}


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    field = content_field(text)
    assert all(0 <= a < b <= len(text) for a, b in field.json_regions)
    if text:
        whole = field.locate(Span(0, len(field.text), "X", 1.0))
        assert whole is not None
        assert (whole["start"], whole["end"]) == (0, len(text))


def test_reading_json_takes_bounded_time() -> None:
    for text in ("[" * 200_000, '{"a":' * 100_000, "{" * 500_000 + "}" * 500_000, '{"a": "b"} ' * 20_000):
        content_field(text)


def test_escaping_is_what_json_reads() -> None:
    assert json.loads(f'"{escaped(chr(34) + chr(92) + chr(10) + "é")}"') == '"\\\né'


def test_the_docs_name_every_operator() -> None:
    docs = (Path(__file__).parent.parent / "docs" / "scrubbing.md").read_text(encoding="utf-8")
    for operator in (*OPERATORS, "keep"):
        assert f"`{operator}`" in docs


# JSON that is not quite JSON, and rows that claim to be ours.

MAIL = {"ana@example.com": "EMAIL_ADDRESS"}


def with_meta(text: str, content: str = "Write to ana@example.com") -> Example:
    given = row(said(content), said("ok", "assistant"))
    given["meta"] = text
    return given


def test_a_value_in_json_with_a_repeated_key_is_replaced_as_text() -> None:
    clean, report = scrub(example('See {"to": "ana@example.com", "to": "x"} ok', "ok"), MAIL)
    assert contents(clean)[0] == 'See {"to": "<EMAIL_ADDRESS_1>", "to": "x"} ok'
    assert report.is_whole


@pytest.mark.parametrize("cut", ["", "]"])
def test_a_value_in_tool_calls_that_are_no_json_is_replaced_as_text(cut: str) -> None:
    given = row(said("go"), call({"a": "b"}))
    calls = '[{"function": {"name": "f", "arguments": {"to": "ana@example.com", "to": 1}}}'
    given["messages"][1]["tool_calls"] = calls + cut
    clean, report = scrub(given, MAIL)
    made = calls.replace("ana@example.com", "<EMAIL_ADDRESS_1>") + cut
    assert clean["messages"][1]["tool_calls"] == made
    assert report.is_whole


def test_a_value_that_is_a_key_of_json_is_left_to_a_person() -> None:
    given = example('See {"ana@example.com": {"mail": "ana@example.com"}} ok', "ok")
    clean, report = scrub(given, MAIL)
    assert contents(clean)[0] == 'See {"ana@example.com": {"mail": "<EMAIL_ADDRESS_1>"}} ok'
    [left] = report.left
    assert left.reason == "the value is a key of JSON"
    assert left.value == KEY.name_of("EMAIL_ADDRESS", "ana@example.com")
    assert contents(given)[0][left.spans[0]["start"] : left.spans[0]["end"]] == "ana@example.com"
    assert not report.is_whole


def test_numbers_of_any_length_are_read() -> None:
    long = f'{{"n": {"7" * 4301}, "f": 1{"0" * 400}.5, "to": "ana@example.com"}}'
    assert len(leaves(long) or ()) == 3
    assert regions(f"see {long}") == ((4, 4 + len(long)),)
    clean, report = scrub(with_meta(long, f"see {long}"), MAIL)
    assert contents(clean)[0] == "see " + long.replace("ana@example.com", "<EMAIL_ADDRESS_1>")
    assert clean["meta"] == long.replace("ana@example.com", "<EMAIL_ADDRESS_1>")
    assert report.is_whole


@pytest.mark.parametrize("operator", ["tag", "pseudonym"])
@pytest.mark.parametrize(
    "meta",
    [
        '["ana@example.com"]',
        "no JSON, ana@example.com",
        '{"pseudonyms": 5, "by": "ana@example.com"}',
        '{"pseudonyms": [{"by": "ana@example.com"}]}',
        '{"pseudonyms": ["ana@example.com", 7]}',
        '{"pseudonyms": {"by": "ana@example.com"}}',
        '{"edited_from": "ana@example.com"}',
        '{"edited_from": ["ana@example.com"]}',
    ],
)
def test_what_an_imported_row_says_in_our_name_is_scrubbed_like_all_else(meta: str, operator: str) -> None:
    clean, report = scrub(with_meta(meta), MAIL, default=operator)
    assert "ana@example.com" not in everything(clean)
    assert report.is_whole


def test_our_own_ids_and_marks_are_not_read_and_others_are_not_taken_over() -> None:
    meta = {"edited_from": "0123456789abcdef01234567-2", "pseudonyms": ["0123abcd", "Bo"]}
    given = with_meta(json.dumps(meta))
    assert [field.value for field in fields_of(given) if field.part == "meta"] == ["Bo"]
    clean, report = scrub(given, MAIL, default="pseudonym")
    marks = json.loads(str(clean["meta"]))["pseudonyms"]
    assert marks == sorted({"0123abcd", *report.edits[0].spans[0]["marks"]})


@pytest.mark.parametrize("value", ["SUMMER_2024", "TCK_2039", "TCK_20", "PERSON_2039"])
def test_a_word_with_a_number_is_not_taken_for_a_tag_of_ours(value: str) -> None:
    clean, _ = scrub(example(f"it is {value} now", "ok"), {value: "ID_NUMBER"})
    assert contents(clean)[0] == "it is <ID_NUMBER_1> now"


@pytest.mark.parametrize("value", ["PERSON_1", "EMAIL_ADDRESS_12", "GITHUB_TOKEN_3", "PERSON_0123456789ab"])
def test_a_tag_as_an_identifier_is_left(value: str) -> None:
    given = example(f"x = {value}", "ok")
    assert scrub(given, {value: "PERSON"})[0] == given


def test_each_of_many_values_in_much_json_is_replaced() -> None:
    people = [{"mail": f"user{number}@example.com", "pad": "x" * 60} for number in range(1500)]
    text = "data: " + json.dumps(people)
    spans = tuple(
        Span(found.start(), found.end(), "EMAIL_ADDRESS", 0.9)
        for found in re.finditer(r"user\d+@example\.com", text)
    )
    edits = value_edits([content_field(text)], [Scan(spans)], Scrubbing(), KEY)
    made = apply_spans(example(text, "ok"), [span for edit in edits for span in edit.spans])
    assert [one["mail"] for one in json.loads(contents(made)[0].removeprefix("data: "))] == [
        f"<EMAIL_ADDRESS_{number}>" for number in range(1, 1501)
    ]


words = st.sampled_from(["ana", "bo", "ana bo", "ana b", "a", "é", "_", "-", "+49", "na", " ", ",", "bo-ana"])


@given(st.lists(words, max_size=30).map("".join), st.data())
def test_a_seen_value_is_found_wherever_a_search_for_whole_words_finds_it(
    text: str, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(text)))
    spans = tuple(
        without_overlaps(
            [
                Span(start, min(cut, start + data.draw(st.integers(1, 8))), "PERSON", 0.9)
                for start in data.draw(st.lists(st.integers(0, max(cut - 1, 0)), max_size=4))
                if start < cut
            ]
        )
    )
    [found] = everywhere([text], [Scan(spans)])
    values = {value for s in spans if len(value := text[s.start : s.end].strip()) >= 3}
    longest = sorted(values, key=lambda value: (-len(value), value))
    pattern = r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)"
    again = [
        m.span()
        for m in (re.finditer(pattern, text) if values else ())
        if not any(m.start() < s.end and s.start < m.end() for s in spans)
    ]
    assert [(s.start, s.end) for s in found.spans if s not in spans] == again


def test_a_denied_value_stays_one_wherever_it_stands() -> None:
    scans = [Scan((Span(0, 7, "PERSON", 1.0, DENIED),)), Scan((Span(0, 3, "PERSON", 1.0, "names"),))]
    texts = ["Zorblax is here", "Ana met Zorblax and Ana"]
    again = everywhere(texts, scans)[1].spans
    assert [(texts[1][s.start : s.end], s.recognizer) for s in again] == [
        ("Ana", "names"),
        ("Zorblax", DENIED),
        ("Ana", "seen elsewhere in the row"),
    ]


@pytest.mark.parametrize("step", ["personal_data", "secrets", "quality"])
def test_no_hash_of_what_was_hidden_stays_in_the_row(step: str) -> None:
    given = with_meta('{"edited_from": "0123456789abcdef01234567", "by": "Bo"}', "My PIN is 4821")
    span = {"part": "messages", "message": 0, "start": 10, "end": 14, "replacement": "<PIN>"}
    change = Change(0, given["id"], "edited", step, step, "f", "eva", "", {"spans": [span]})
    clean = edited(given, [change])
    keyed = json.loads(str(edited(given, [change], key=lambda: KEY)["meta"]))["edited_from"]
    assert keyed == (given["id"] if step == "quality" else KEY.digest(f"row\0{given['id']}")[:24])
    assert contents(clean)[0] == "My PIN is <PIN>"
    left = {"edited_from": given["id"]} if step == "quality" else {}
    assert json.loads(str(clean["meta"])) == {"by": "Bo", **left}
