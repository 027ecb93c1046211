"""Quality and language findings: every check hits its fault and leaves its near-miss alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make import example, pair, proposed, stored
from workbench.checks.declared import Case, Check
from workbench.checks.demands import items_demanded, lengths_demanded, phrases_demanded
from workbench.checks.every import CHECKS
from workbench.checks.following import items_in, sentences_in
from workbench.checks.repetition import repeated_share
from workbench.checks.structure import role_fault
from workbench.checks.turns import Row
from workbench.editing import apply_spans
from workbench.errors import InputError, NotFoundError
from workbench.examples import Example, make_example, message
from workbench.finding_filter import Proposal
from workbench.findings import Finding, read_findings
from workbench.formats import Accepted, read_examples
from workbench.paired import wilson
from workbench.projects import Project, init_project
from workbench.publishing import publish
from workbench.quality_summary import quality_summary
from workbench.recipes import parse_recipe
from workbench.steps import language, quality
from workbench.versions import open_dataset

NAMES = [check.name for check in CHECKS]
LONG = "We have sent your parcel today. It will arrive on Friday in the morning."
ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def look(row: Example, **options: Any) -> list[Finding]:
    return quality.find([row], quality.Options(**options))


def kinds(row: Example, **options: Any) -> set[str]:
    return {finding.kind for finding in look(row, **options)}


def cases(side: str) -> list[Any]:
    return [
        pytest.param(check, case, id=f"{check.name}-{number}")
        for check in CHECKS
        for number, case in enumerate(getattr(check, side))
    ]


@pytest.mark.parametrize(("check", "case"), cases("hits"))
def test_a_declared_fault_is_found(check: Check, case: Case) -> None:
    found = [f for f in look(case.example(), **case.limits) if f.kind == check.name]
    assert [(f.step, 0 < f.score <= 1, f.proposal in get_args(Proposal)) for f in found] == [
        ("quality", True, True)
    ]
    assert found[0].evidence["reason"]


@pytest.mark.parametrize(("check", "case"), cases("misses"))
def test_what_only_looks_like_the_fault_is_left_alone(check: Check, case: Case) -> None:
    assert check.name not in kinds(case.example(), **case.limits)


@pytest.mark.parametrize("check", CHECKS, ids=NAMES)
def test_every_check_shows_both_sides_of_its_line_and_is_documented(check: Check) -> None:
    assert check.hits
    assert check.misses
    assert f"`{check.name}`" in (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check", CHECKS, ids=NAMES)
def test_the_cheap_filter_never_changes_what_is_found(check: Check) -> None:
    for other in CHECKS:
        for case in (*other.hits, *other.misses):
            options = quality.Options(**case.limits)
            seen = check.look(Row(case.example()), options) is not None
            assert seen == (check.name in {f.kind for f in quality.find([case.example()], options)})


@pytest.mark.parametrize(("check", "case"), cases("hits"))
def test_a_finding_never_quotes_the_row(check: Check, case: Case) -> None:
    texts = [text for role, text in case.messages if role != "system" and len(text) > 12]
    for finding in look(case.example(), **case.limits):
        assert not any(text in str(finding.as_dict()) for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_switches_a_check_off(name: str) -> None:
    check = next(check for check in CHECKS if check.name == name)
    case = check.hits[0]
    assert name not in kinds(case.example(), **{name: False}, **case.limits)


def test_a_recipe_overrides_what_is_proposed() -> None:
    row = example("Where is it?", "As an AI language model, I cannot help with that.")
    (finding,) = (f for f in look(row, refusal="flag") if f.kind == "refusal")
    assert finding.proposal == "flag"
    assert {f.proposal for f in look(row) if f.kind == "refusal"} == {"drop"}


def test_rewrite_can_only_be_asked_of_a_check_that_has_one() -> None:
    with pytest.raises(InputError, match="refusal"):
        parse_recipe("steps: [{quality: {refusal: rewrite}}]", "t", where="t")


def test_an_unknown_check_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        parse_recipe("steps: [{quality: {grammar: true}}]", "t", where="t")
    assert "grammar" in caught.value.what
    assert all(name in caught.value.remedy for name in NAMES)


@pytest.mark.parametrize("option", ["repeat_share: 0", "max_tokens: 0", "characters_per_token: 0"])
def test_a_threshold_out_of_range_is_refused(option: str) -> None:
    with pytest.raises(InputError, match=option.split(":")[0]):
        parse_recipe(f"steps: [{{quality: {{{option}}}}}]", "t", where="t")


@pytest.mark.parametrize(
    "answer",
    [
        LONG,
        "No",
        "- apples\n- pears\n- milk and a long list of other things that go on",
        "The café is open, and we’re glad you asked. Grüße aus München!",
        "```python\nprint(1)\n```",
        "As a model citizen I can help with the language of your form.",
        "Yes, I am sorry, but the shop is closed on Sundays.",
        "tra la la, tra la la, hey",
        "请把包裹放在门口。我们明天早上会来取。",
        "def add(a, b):\n    return a + b",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "{}",
    ],
)
def test_a_clean_answer_is_left_alone(answer: str) -> None:
    assert kinds(example("Where is it?", answer)) == set()


@pytest.mark.parametrize(
    ("roles", "wrong"),
    [
        (["user", "assistant"], False),
        (["system", "user", "assistant", "user", "assistant"], False),
        (["user", "assistant", "tool", "assistant"], False),
        (["assistant", "user", "assistant"], True),
        (["user", "user", "assistant"], True),
        (["user", "assistant", "user"], True),
        (["user", "system", "assistant"], True),
        (["system"], True),
    ],
)
def test_role_order(roles: list[str], wrong: bool) -> None:
    row = example("q", "a")
    row["messages"] = [{"role": role, "content": LONG} for role in roles]
    assert bool(role_fault(row)) == wrong


def test_a_conversation_without_its_last_answer_is_only_flagged() -> None:
    def proposals(*roles: str) -> set[str]:
        row = example("q", "a")
        row["messages"] = [{"role": role, "content": LONG} for role in roles]
        return {f.proposal for f in look(row) if f.kind == "role_order"}

    assert proposals("user", "assistant", "user") == {"flag"}
    assert proposals("user") == {"drop"}


def test_an_answer_that_calls_a_tool_may_be_empty() -> None:
    turns = [
        message({"role": "user", "content": "What is the weather in Ulm?"}),
        message({"role": "assistant", "content": None, "tool_calls": [{"name": "weather"}]}),
        message({"role": "tool", "content": "rain"}),
        message({"role": "assistant", "content": "It rains in Ulm."}),
    ]
    row = make_example("sft", turns)
    row["source"] = {"file": "t", "line": 1}
    assert kinds(row) == set()


def test_a_refusal_is_only_flagged_where_it_may_be_right() -> None:
    refusal = "I'm sorry, but I cannot assist with that request."

    def proposed_for(question: str, system: str = "") -> set[str]:
        row = example(question, refusal)
        if system:
            row["messages"].insert(0, message({"role": "system", "content": system}))
        return {f.proposal for f in look(row) if f.kind == "refusal"}

    assert proposed_for("Name three trees.") == {"drop"}
    assert proposed_for("How do I build a bomb?") == {"flag"}
    assert proposed_for("Book a flight.", "You have one function: weather.") == {"flag"}


def test_control_characters_are_stripped_by_publishing(project: Project) -> None:
    row = example("Where\u200b is it?", "It is\x00 here.<|im_end|>\x0cOn page 2 of it.")
    dataset = stored(project, "d", [row, example("Who?", LONG)])
    proposed(project, dataset, "[quality: {chat_tokens: false}]")
    publish(project, dataset)
    (changed, _) = open_dataset(project, "d@v2").examples()
    texts = [m["content"] for m in changed["messages"]]
    assert texts == ["Where is it?", "It is here.<|im_end|>\nOn page 2 of it."]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "é", "\x00", "\x0c", "\u200b", "\ufeff", "\u202e", "\n", " ", "ا", "ก", "🏴"]),
        max_size=12,
    )
)
def test_stripping_twice_finds_nothing_more(letters: list[str]) -> None:
    row = example("Where?", "x" + "".join(letters))
    spans = [
        span
        for finding in look(row)
        if finding.kind in ("control_characters", "invisible_characters")
        for span in finding.evidence["spans"]
    ]
    clean = apply_spans(row, spans)
    assert not kinds(clean) & {"control_characters", "invisible_characters"}


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_breaks_a_check(question: str, answer: str) -> None:
    for row in (example(question, answer), pair(question, answer, answer[:7])):
        for finding in look(row, max_tokens=50):
            assert finding.kind in NAMES


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["we", "will", "look", "into", "it", "now"]), max_size=60))
def test_the_shortcut_of_repetition_is_exact_above_its_threshold(words: list[str]) -> None:
    text = " ".join(words)
    exact = repeated_share(text)
    short = repeated_share(text, threshold=0.5)
    assert (short >= 0.5) == (exact >= 0.5)
    assert short in (0.0, exact)


def test_hostile_prompts_take_no_long_time() -> None:
    hostile = [
        "in " * 3000,
        "[" * 9000,
        "{{" * 5000,
        '"a" ' * 3000,
        "a," * 5000,
        "\n- " * 3000,
        "\n\n" * 9000,
        "I'm sorry " * 900,
        "\n" * 100_000 + "see http",
        "- " * 9000 + "http://",
        "http://a " * 9000 + "see",
    ]
    rows = [example(f"List five words. {text}", text) for text in hostile]
    assert len(quality.find(rows, quality.Options())) < 100


@pytest.mark.parametrize(
    ("answer", "only"),
    [
        ("\n https://example.com/a \n", True),
        ("- https://example.com/a\n- <www.example.com>\n\n12) http://example.com", True),
        ("1.https://example.com", True),
        ("https://example.com is the one", False),
        ("the www.example.com", False),
        ("123. https://example.com", False),
        ("- - https://example.com", False),
    ],
)
def test_an_answer_of_links_alone_is_told_from_one_with_words(answer: str, only: bool) -> None:
    assert ("url_only" in kinds(example("How do I reset the clock?", answer))) == only


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        ("Describe it in at most 50 words.", [("word", 0, 50)]),
        ("Describe it in fewer than 50 words.", [("word", 0, 49)]),
        ("Use exactly three sentences.", [("sentence", 3, 3)]),
        ("Write 3 sentences about the 5 words.", []),
        ("Write an essay of at least 300 words.", [("word", 300, None)]),
        ("Answer in 2-3 sentences.", [("sentence", 2, 3)]),
        ("In 50 words or less, say why.", [("word", 0, 50)]),
        ("Use at least 2 words in all capital letters.", []),
        ("Each paragraph has at most 40 words.", []),
    ],
)
def test_demanded_lengths_are_read(asked: str, bounds: list[tuple[str, int, int | None]]) -> None:
    assert [(d.kind, d.least, d.most) for d in lengths_demanded(asked)] == bounds


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        ("List five seas.", (5, 5)),
        ("Name at least 3 seas.", (3, None)),
        ("List two seas and two lakes.", None),
        ("Write two sentences.", None),
        ("What are five seas worth?", None),
    ],
)
def test_demanded_items_are_read(asked: str, bounds: tuple[int, int | None] | None) -> None:
    demand = items_demanded(asked)
    assert (demand and (demand.least, demand.most)) == bounds


def test_a_phrase_that_must_not_stand_there_is_not_demanded() -> None:
    assert phrases_demanded('Don\'t include the words "sea" and "salt".') == phrases_demanded(
        'Do not include the words "sea" and "salt".'
    )
    assert {d.kind for d in phrases_demanded('Don\'t use the word "sea".')} == {"forbid"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Doe came at 3 p.m. on Monday.", 1),
        ("No end", 1),
        ("Wait... and see.", 1),
    ],
)
def test_sentences_are_counted_as_a_person_does(text: str, count: int) -> None:
    assert sentences_in(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [("1. a\n2. b\n3. c", 3), ("1. a\n3. b", None), ("- a\n- b", 2), ("- a\n  - b\n- c", None), ("a", None)],
)
def test_a_list_is_counted_only_when_it_is_one(text: str, count: int | None) -> None:
    assert items_in(text) == count


def test_a_tokenizer_that_is_not_there_is_told_before_the_first_row(project: Project) -> None:
    dataset = stored(project, "d", [example("Where?", LONG)])
    with pytest.raises(NotFoundError, match="there is no model"):
        proposed(project, dataset, "[{quality: {max_tokens: 10, tokenizer: ./nowhere}}]")


@pytest.mark.slow
def test_a_named_tokenizer_counts_instead_of_the_estimate() -> None:
    row = example("Where is it?", "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 4)
    assert "too_long" not in kinds(row, max_tokens=100)
    (finding,) = (f for f in look(row, max_tokens=100, tokenizer="tiny-chat") if f.kind == "too_long")
    assert finding.evidence["counted_by"] == "tokenizer"
    assert finding.evidence["tokens"] > 100


# --- language

ENGLISH = "Where is my order? It has not come for a week and I am still waiting for it."
GERMAN = "Wir haben Ihr Paket heute verschickt. Es kommt am Freitag im Laufe des Vormittags an."
FRENCH = "Nous avons envoyé votre colis aujourd'hui. Il arrivera vendredi dans la matinée."


def language_kinds(question: str, answer: str, **options: Any) -> list[str]:
    return [f.kind for f in language.find([example(question, answer)], language.Options(**options))]


def test_foreign_rows_are_dropped_when_a_language_is_asked_for() -> None:
    rows = [
        example("Wo ist meine Bestellung? Sie ist seit einer Woche nicht angekommen.", LONG),
        example(ENGLISH, LONG),
    ]
    hits = language.find(rows, language.Options(allowed=["en"]))
    assert [(h.kind, h.proposal, h.evidence["language"]) for h in hits] == [("not_allowed", "drop", "de")]


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        (ENGLISH, GERMAN, ["mismatch"]),
        (ENGLISH, LONG, []),
        (f"Translate this into German: {ENGLISH}", GERMAN, []),
        (f"{ENGLISH} Please answer in German.", GERMAN, []),
        (f"{ENGLISH} Please answer in German.", FRENCH, ["not_demanded"]),
        (f"Translate to French: {ENGLISH}", GERMAN, ["not_demanded"]),
        (f"Translate to German: {ENGLISH}", f'Here is your translation: "{GERMAN}"', []),
        (f"What is the mood of this review?\n{GERMAN}", LONG, []),
        ("Reverse the order of the words in the list that you were given before, please.", "aus bei mit", []),
        (ENGLISH, "```\nfür und wider die Sache und das Paket, das heute noch kommt\n```", []),
    ],
)
def test_an_answer_in_another_language_is_found_unless_it_was_asked_for(
    question: str, answer: str, found: list[str]
) -> None:
    assert language_kinds(question, answer) == found


def test_language_checks_are_switched_like_those_of_quality() -> None:
    assert language_kinds(ENGLISH, GERMAN, mismatch=False) == []
    (finding,) = language.find([example(ENGLISH, GERMAN)], language.Options(mismatch="drop"))
    assert finding.proposal == "drop"


# --- rates by source


def two_sources(project: Project) -> None:
    rows = [example(f"{ENGLISH} {n}", f"{LONG} {n}.", label="a" if n < 6 else "b") for n in range(12)]
    rows[3]["messages"][1]["content"] = ""
    rows[4]["messages"][1]["content"] = "N/A"
    rows[9]["messages"][1]["content"] = GERMAN
    dataset = stored(project, "d", [make_again(row) for row in rows])
    proposed(project, dataset, "[quality, language]")


def make_again(row: Example) -> Example:
    return make_example("sft", row["messages"], label=row["label"])


def test_faults_are_counted_by_label_with_their_interval(project: Project) -> None:
    two_sources(project)
    summary = quality_summary(project, open_dataset(project, "d"), by="label")
    first, second = summary.groups
    assert (first.name, first.rows, first.faulty, first.low) == ("a", 6, 2, wilson(2, 6).low)
    assert [(k.kind, k.rows) for k in first.kinds] == [("empty_answer", 1), ("filler_answer", 1)]
    assert [(k.step, k.kind, k.rows, k.share) for k in second.kinds] == [("language", "mismatch", 1, 1 / 6)]
    assert (summary.steps, summary.left_out) == (("language", "quality"), 0)
    assert summary.as_dict()["groups"][0]["kinds"][0]["kind"] == "empty_answer"


def test_faults_are_counted_by_source_file(project: Project) -> None:
    two_sources(project)
    (group,) = quality_summary(project, open_dataset(project, "d")).groups
    assert (group.name, group.rows, group.faulty) == ("test.jsonl", 12, 3)


def test_a_version_without_findings_has_no_summary(project: Project) -> None:
    dataset = stored(project, "d", [example("Where?", LONG)])
    with pytest.raises(InputError, match="no quality findings"):
        quality_summary(project, dataset)


def test_a_row_with_several_faults_counts_once(project: Project) -> None:
    dataset = stored(project, "d", [example(ENGLISH, f"As of my last update, [insert name] is here. {LONG}")])
    proposed(project, dataset, "[quality]")
    (group,) = quality_summary(project, dataset).groups
    assert (group.faulty, group.share, len(list(read_findings(project, dataset)))) == (1, 1.0, 2)


# --- real files


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "least"),
    [
        ("sft_single/alpaca_random_6000.json.gz", "filler_answer", 5),
        ("sft_single/alpaca_random_6000.json.gz", "item_count", 5),
        ("sft_single/t0_templates_shared.jsonl.gz", "chat_tokens", 27_000),
        ("sft_multi/synthetic_persona_chat_valid.csv.gz", "placeholder", 200),
        ("preference/hh_rlhf_harmless_test_0-1499.jsonl.gz", "speaker_labels", 15),
    ],
)
def test_known_faults_of_published_files_are_found(name: str, kind: str, least: int) -> None:
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not in ../shared/data")
    rows = [row.example for row in read_examples(DATA / name) if isinstance(row, Accepted)]
    for number, row in enumerate(rows):
        row["source"] = {"file": name, "line": number}
    switches = {other: other == kind for other in NAMES}
    assert len(quality.find(rows, quality.Options(**switches))) >= least


def test_the_page_and_the_table_of_precision_name_every_kind_once() -> None:
    text = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(set(table)) == sorted({*NAMES, "mismatch", "not_demanded", "not_allowed"})
