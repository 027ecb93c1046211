"""The pattern wizard: examples in, a pattern out that finds these and not everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.conftest import Command
from workbench.errors import InputError, NotFoundError
from workbench.names.settings import Names
from workbench.personal_data.detecting import detector
from workbench.personal_data.settings import Detection, UserPattern
from workbench.personal_data.user_patterns import list_patterns, load_pattern, save_pattern, with_saved
from workbench.personal_data.wizard import check_safe, masked_form, matches, propose_pattern, try_pattern
from workbench.projects import Project

TICKETS = ("TCK-2024-00123", "TCK-2023-88123", "TCK-2022-10407")


def test_it_finds_the_examples_and_others_like_them() -> None:
    pattern = propose_pattern(TICKETS).pattern
    text = f"see {TICKETS[0]}, TCK-2019-55555 and not TCK-19-5 nor XTCK-2019-55555"
    assert [text[start:end] for start, end in matches(pattern, text)] == [TICKETS[0], "TCK-2019-55555"]


def test_lengths_are_as_the_examples_show() -> None:
    pattern = propose_pattern(("AB-1", "CD-1234")).pattern
    hits = [bool(matches(pattern, text)) for text in ("EF-12", "EF-12345", "EFG-12")]
    assert hits == [True, False, False]


def test_letters_and_digits_may_mix() -> None:
    pattern = propose_pattern(("A1B2C3", "9ZZ811")).pattern
    assert matches(pattern, "code QW12ER here")


def test_check_digits_are_noticed_when_all_have_them() -> None:
    proposed = propose_pattern(("79927398713", "49927398716", "12345678903"))
    assert proposed.pattern.check == "luhn"
    assert matches(proposed.pattern, "79927398713")
    assert not matches(proposed.pattern, "79927398710")


def test_two_examples_prove_no_check_digit() -> None:
    assert propose_pattern(("79927398713", "49927398716")).pattern.check is None


def test_hits_in_samples_are_counted_and_masked() -> None:
    proposed = propose_pattern(
        TICKETS, sample_texts=["about TCK-2001-54321", "nothing", "TCK-2002-54321 again"]
    )
    assert (proposed.sample_texts, proposed.sample_hits) == (3, 2)
    assert proposed.masked == ("XXX-9999-99999",)
    assert "54321" not in str(proposed)


def test_a_broad_pattern_comes_with_warnings() -> None:
    warnings = " ".join(propose_pattern(("1234", "5678")).warnings)
    assert "years" in warnings
    assert "context" in warnings
    assert propose_pattern(TICKETS).warnings == ()


def test_a_counterexample_of_the_same_form_is_refused() -> None:
    with pytest.raises(InputError, match="counterexample 2"):
        propose_pattern(TICKETS, ["hello", "TCK-2020-11111"])


@pytest.mark.parametrize("examples", [(), ("A-1",), ("A-1", "A-1"), ("A-1", "A_1_2"), ("x" * 100, "y" * 100)])
def test_too_little_to_go_by_is_refused(examples: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        propose_pattern(examples)


@pytest.mark.parametrize("regex", [r"(a+)+$", r"(\d+-?)+x", r"(?:[A-Z]|[A-Z]{2})+!", r"(.*a){20}b", "("])
def test_a_pattern_that_may_run_for_ever_is_refused(regex: str) -> None:
    with pytest.raises(InputError):
        check_safe(regex)


@pytest.mark.parametrize("regex", [r"\bTCK-\d{4}-\d{5}\b", r"[A-Z]{2}\d{6,8}", r"(?<![\w-])\d{2}/\d{4}"])
def test_a_plain_pattern_is_safe(regex: str) -> None:
    check_safe(regex)


def test_saved_patterns_are_read_back_and_used(project: Project) -> None:
    pattern = propose_pattern(TICKETS, name="TICKET_NUMBER").pattern
    path = save_pattern(project, pattern)
    assert path.relative_to(project.root) == Path("patterns/ticket_number.yaml")
    assert load_pattern(project, "TICKET_NUMBER") == pattern
    assert list_patterns(project) == [pattern]
    options = with_saved(Detection(names=Names(backend="none")), project)
    (scan,) = detector(options).scan(["it is TCK-2011-31313."])
    assert [span.entity for span in scan.spans] == ["TICKET_NUMBER"]


def test_a_saved_pattern_is_not_overwritten_unasked(project: Project) -> None:
    pattern = UserPattern(name="CASE", regex=r"C\d{5}")
    save_pattern(project, pattern)
    with pytest.raises(InputError, match="of that name"):
        save_pattern(project, pattern)
    save_pattern(project, pattern.model_copy(update={"score": 0.5}), replace=True)
    assert load_pattern(project, "CASE").score == 0.5


def test_a_damaged_file_says_where(project: Project) -> None:
    path = project.folder("patterns", "case.yaml")
    path.parent.mkdir()
    path.write_text("name: [", encoding="utf-8")
    with pytest.raises(InputError, match="pattern") as error:
        list_patterns(project)
    assert "case.yaml" in error.value.where
    with pytest.raises(NotFoundError):
        load_pattern(project.__class__(project.root / "elsewhere"), "CASE")


def test_the_command_line_proposes_saves_and_tries(here: Command, project: Project) -> None:
    make.stored(project, "chats", [make.example("My ticket is TCK-2024-77777", "Thank you, noted.")])
    answer = here(
        "patterns", "propose", *TICKETS, "--data", "chats", "--name", "TICKET_NUMBER", "--save", "--json"
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.data["sample_hits"] == 1
    assert "77777" not in answer.stdout
    assert here("patterns", "list", "--json").data["patterns"][0]["name"] == "TICKET_NUMBER"
    tried = here("patterns", "test", "TICKET_NUMBER", "--data", "chats", "--json")
    assert (tried.data["texts"], tried.data["hits"]) == (2, 1)


def test_the_command_line_refuses_an_unsafe_pattern(here: Command) -> None:
    answer = here("patterns", "save", "BAD", "--regex", "(a+)+$")
    assert answer.returncode == 2
    assert "too long" in answer.stderr


RUNS = st.lists(st.sampled_from(["AB", "x", "12", "345", "-", "/", "é", "Q7"]), min_size=2, max_size=6).map(
    "".join
)


@settings(max_examples=60, deadline=None)
@given(RUNS, st.integers(0, 9))
def test_what_is_proposed_matches_every_example(example: str, digit: int) -> None:
    examples = (example + "-1", example + f"-{digit + 10}")
    pattern = propose_pattern(examples).pattern
    assert all(try_pattern(pattern, [text]).hits == 1 for text in examples)


def test_a_masked_form_keeps_only_the_form() -> None:
    assert masked_form("Ab-12 ç") == "Xx-99 x"
