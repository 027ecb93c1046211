"""Examples: ids are content hashes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import example, pair
from workbench.errors import InputError
from workbench.examples import SCHEMA, make_example, message, parts

text = st.text(max_size=60)


@given(text, text)
def test_same_content_has_the_same_id_in_any_unicode_form(question: str, answer: str) -> None:
    decomposed = example(unicodedata.normalize("NFD", question), answer)
    assert decomposed["id"] == example(unicodedata.normalize("NFC", question), answer)["id"]


@given(text, text, text)
def test_another_answer_has_another_id(question: str, left: str, right: str) -> None:
    same = unicodedata.normalize("NFC", left).strip() == unicodedata.normalize("NFC", right).strip()
    assert (
        example(question, left)["id"] == example(question, right)["id"]
    ) == same or "\ufffd" in left + right


def test_label_and_source_are_not_part_of_the_id() -> None:
    assert example("q", "a", line=1, label="x")["id"] == example("q", "a", line=9, label="y")["id"]


def test_swapped_answers_are_another_example() -> None:
    assert pair("q", "a", "b")["id"] != pair("q", "b", "a")["id"]


@pytest.mark.parametrize(
    "raw",
    [
        {"role": "moderator", "content": "x"},
        {"role": "user", "content": 3},
        "x",
        {"role": "user", "content": [1]},
    ],
)
def test_bad_message_is_refused_with_a_remedy(raw: object) -> None:
    with pytest.raises(InputError) as error:
        message(raw)
    assert error.value.remedy


def test_text_parts_are_joined() -> None:
    raw = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    assert message(raw)["content"] == "a\nb"


def test_preference_needs_both_answers() -> None:
    with pytest.raises(InputError):
        make_example("preference", [message({"role": "user", "content": "q"})], chosen=[], rejected=[])


def test_parts_lists_every_message_with_its_column() -> None:
    found = [(part, index, m["role"]) for part, index, m in parts(pair("q", "a", "b"))]
    assert found == [("messages", 0, "user"), ("chosen", 0, "assistant"), ("rejected", 0, "assistant")]


def test_schema_has_a_column_for_every_key() -> None:
    assert set(SCHEMA.names) == set(example("q", "a"))
