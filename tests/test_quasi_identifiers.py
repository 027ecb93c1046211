"""Quasi-identifiers: what is told is seen and generalised, who is one of a kind is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import example, pair, stored
from workbench.errors import InputError
from workbench.examples import Example
from workbench.projects import Project
from workbench.quasi_attributes import attributes_of
from workbench.quasi_identifiers import load_warning, quasi_identifiers, warning_file
from workbench.versions import open_dataset

NURSE = "I'm a 43 year old woman from Ballycastle and I work as a nurse."


def told(text: str) -> dict[str, list[str]]:
    return {name: sorted(classes) for name, classes in attributes_of([text]).items()}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("I am 34 and tired", "age", "age 30-34"),
        ("a 71-year-old neighbour", "age", "age 70-74"),
        ("I was born in 1987.", "age", "born 1985-1989"),
        ("As a single mother I wonder", "gender", "woman"),
        ("I'm a retired man", "gender", "man"),
        ("Dear Mrs. B", "gender", "woman"),
        ("it went to BT54 6QZ", "postcode", "BT54"),
        ("my zip code is 90210", "postcode", "902"),
        ("Springfield, IL 62704", "postcode", "627"),
        ("10115 Berlin", "postcode", "101"),
        ("I live in New Haven now", "place", "new haven"),
        ("I am from Ballycastle", "place", "ballycastle"),
        ("I work as a paediatric nurse here", "job", "paediatric nurse"),
        ("I'm an accountant", "job", "accountant"),
        ("I work for Larkspur Mills", "employer", "larkspur mills"),
        ("I'm a Peruvian student", "nationality", "peruvian"),
        ("she was diagnosed with multiple sclerosis", "illness", "multiple sclerosis"),
        ("I have arthritis", "illness", "arthritis"),
        ("since 3 March 2019", "date", "2019-03"),
        ("on 2019-03-14", "date", "2019-03"),
        ("March 3rd, 2019", "date", "2019-03"),
    ],
)
def test_what_people_tell_is_seen_and_generalised(text: str, name: str, value: str) -> None:
    assert value in told(text)[name]


@pytest.mark.parametrize(
    "text",
    [
        "I am 20 minutes late, and it is 30 percent off.",
        "Write a story about Paris in the year 1900.",
        "I am happy with the order, thanks.",
        "Section 12345 of the code, version 3.11.2.",
        "He may march on.",
        "<PERSON_1> lives in <LOCATION_1>, aged <AGE>.",
        "I have a question about the train to London.",
    ],
)
def test_what_says_nothing_of_a_person_is_left_alone(text: str) -> None:
    assert told(text) == {}


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    attributes_of([text])


def rows(*texts: str, **more: str) -> list[Example]:
    return [example(text, "Noted.", meta={"n": n}, **more) for n, text in enumerate(texts)]


def test_the_only_one_of_a_kind_is_counted_and_named(project: Project) -> None:
    common = "I'm a man, I am 31 and I live in Birchwood."
    dataset = stored(
        project, "d", rows(NURSE, *[f"{common} {'Hello. ' * n}" for n in range(6)], "Hello there.")
    )
    found = quasi_identifiers(project, dataset)
    assert (found.rows, found.combined, found.unique, found.few) == (8, 7, 1, 1)
    (shown,) = found.rows_to_look_at
    first = next(iter(dataset.examples()))
    assert shown == {
        "example": first["id"],
        "line": 1,
        "attributes": ["age", "gender", "job", "place"],
        "alike": 1,
    }
    assert "1 of them are the only ones" in found.words()


def test_fewer_than_five_alike_are_few_and_not_unique(project: Project) -> None:
    found = quasi_identifiers(
        project, stored(project, "d", rows(*[f"{NURSE} {'Well. ' * n}" for n in range(3)]))
    )
    assert (found.unique, found.few) == (0, 3)


def test_many_rows_of_one_group_are_one_person(project: Project) -> None:
    texts = [f"{NURSE} {'Well. ' * n}" for n in range(6)]
    found = quasi_identifiers(project, stored(project, "d", rows(*texts, group="customer-1")))
    assert (found.unique, found.few) == (6, 6)


def test_generalised_values_make_people_alike(project: Project) -> None:
    texts = [f"I'm a woman, I am {age} and I live in Birchwood." for age in (30, 31, 32, 33, 34)]
    assert quasi_identifiers(project, stored(project, "d", rows(*texts))).few == 0


def test_the_file_that_is_kept_holds_no_value_and_is_read_back(project: Project) -> None:
    dataset = stored(project, "d", rows(NURSE))
    found = quasi_identifiers(project, dataset)
    text = warning_file(project, dataset).read_text(encoding="utf-8").lower()
    assert "ballycastle" not in text
    assert "43" not in text.replace(dataset.content_hash, "").replace(found.rows_to_look_at[0]["example"], "")
    assert load_warning(project, dataset) == found
    stored(project, "d", rows(NURSE, NURSE + " Hello."))
    assert load_warning(project, open_dataset(project, "d")) is None


def test_a_chosen_answer_is_read_and_a_rejected_one_is_not(project: Project) -> None:
    dataset = stored(project, "d", [pair("Who are you?", NURSE, "I am 22, a man, from Oslo.")])
    found = quasi_identifiers(project, dataset)
    assert found.attributes == {"age": 1, "gender": 1, "job": 1, "place": 1}


def test_the_name_recognizer_may_say_what_is_a_place(project: Project) -> None:
    dataset = stored(project, "d", rows("I am 43 and a woman. My flight to Barcelona was late."))
    without = quasi_identifiers(project, dataset)
    found = quasi_identifiers(project, dataset, names=True)
    assert (without.combined, found.combined) == (0, 1)
    assert found.places == "patterns and the name recognizer"


def test_one_attribute_is_no_combination(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="combined"):
        quasi_identifiers(project, stored(project, "d", rows("Hello")), at_least=1)
