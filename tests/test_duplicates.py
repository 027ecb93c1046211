"""Duplicates are found with the right keeper; what only looks like one is left alone."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make import WORDS, example, pair, proposed, sentence, stored
from workbench.differences import changed_spans, template_of
from workbench.examples import Example, make_example, message
from workbench.findings import Finding, read_findings
from workbench.projects import Project, init_project
from workbench.steps import _similarity, exact_duplicates, near_duplicates
from workbench.steps._earlier import Earlier
from workbench.steps._grouping import collisions
from workbench.steps._minhash import BANDS, bands, candidates
from workbench.steps._preferences import contradictions
from workbench.steps._spelling import words
from workbench.steps._stars import stars

LONG = "We have sent your parcel today. It will arrive on Friday in the morning."


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def found(project: Project, rows: list[Example], steps: str) -> list[Finding]:
    dataset = stored(project, "d", rows)
    proposed(project, dataset, steps)
    return list(read_findings(project, dataset))


def near(project: Project, left: tuple[str, str], right: tuple[str, str]) -> list[tuple[str, str]]:
    hits = found(project, [example(*left), example(*right)], "[near_duplicates]")
    return [(h.kind, h.proposal) for h in hits]


def conversation(*texts: str, system: str | None = None) -> Example:
    turns = [{"role": "system", "content": system}] if system else []
    turns += [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    made = make_example("sft", [message(turn) for turn in turns])
    made["source"] = {"file": "test.jsonl", "line": 1}
    return made


# Exact


def test_exact_duplicates_are_dropped_for_the_row_that_stays(project: Project) -> None:
    rows = [
        example("Where?", LONG),
        example("Other", "Answer."),
        example("Where?", LONG),
        example("  WHERE? ", LONG),
    ]
    hits = found(project, rows, "[exact_duplicates]")
    assert [(h.kind, h.source["line"], h.evidence["keeper_source"]["line"]) for h in hits] == [
        ("exact_verbatim", 3, 1),
        ("exact_normalised", 4, 1),
    ]


@pytest.mark.parametrize(
    ("options", "duplicates"),
    [
        ("{}", 3),
        ("{ignore_case: false}", 2),
        ("{ignore_white_space: false}", 2),
        ("{unicode: none}", 2),
        ("{ignore_punctuation: true}", 4),
    ],
)
def test_what_counts_as_equal_is_an_option(project: Project, options: str, duplicates: int) -> None:
    questions = ("file is open", "FILE is open", "file  is open", "\uff46ile is open", "file is open!")
    rows = [example(question, LONG) for question in questions]
    assert len(found(project, rows, f"[exact_duplicates: {options}]")) == duplicates


def test_equal_questions_with_other_answers_are_kept(project: Project) -> None:
    assert found(project, [example("Q?", "Yes."), example("Q?", "No.")], "[exact_duplicates]") == []


def test_rows_with_other_tools_are_other_rows(project: Project) -> None:
    rows = []
    for tools, called in (("a", "1"), ("b", "1"), ("a", "2"), ("a", "1")):
        turns = [
            message({"role": "user", "content": "Weather?"}),
            message({"role": "assistant", "tool_calls": [{"function": {"name": "w"}}]}),
            message({"role": "tool", "content": "Rain", "tool_call_id": called}),
            message({"role": "assistant", "content": "It rains."}),
        ]
        rows.append(make_example("sft", turns, tools=[{"name": tools}]))
    assert [h.source["line"] for h in found(project, rows, "[exact_duplicates]")] == [4]
    assert {h.source["line"] for h in found(project, rows, "[near_duplicates]")} <= {3, 4}


def test_equal_rows_with_other_labels_are_told(project: Project) -> None:
    rows = [example("Where?", LONG, label="a"), example("where?", LONG, label="b")]
    (hit,) = found(project, rows, "[exact_duplicates]")
    assert hit.evidence["labels_differ"] is True


def test_a_duplicate_of_a_row_that_goes_is_kept_instead(project: Project) -> None:
    rows = [example("Where is it?", ""), example("WHERE is it?", "")]
    assert len(found(project, rows, "[exact_duplicates]")) == 1
    rows = [example("Wo ist es?", LONG + " \ufffd"), example("wo IST es?", LONG + " \ufffd", label="a")]
    hits = found(project, rows, "[exact_duplicates: {keeper: [label, first]}]")
    assert [h.source["line"] for h in hits] == [1]


def test_the_row_with_fewer_faults_stays() -> None:
    rows = [example("Where is it?", LONG), example("where is it?", LONG)]
    options = exact_duplicates.Options()
    table = pa.table(exact_duplicates.features(rows, options))
    (hit,) = exact_duplicates.find(table, options, Earlier(faults={rows[0]["id"]: 1}))
    assert hit.example_id == rows[0]["id"]
    assert hit.evidence["keeper"] == rows[1]["id"]


@pytest.mark.parametrize(("rule", "stays"), [("first", 1), ("newest", 3), ("label", 2)])
def test_the_keeper_rule_is_a_choice(project: Project, rule: str, stays: int) -> None:
    rows = [
        example("Where is it?", LONG, label="x"),
        example("where is it?", LONG, label="y"),
        example("WHERE is it?", LONG, label="y"),
    ]
    hits = found(project, rows, f"[exact_duplicates: {{keeper: [{rule}]}}]")
    assert {h.evidence["keeper_source"]["line"] for h in hits} == {stays}


def test_the_longer_answer_stays_of_two_near_duplicates(project: Project) -> None:
    text = sentence(3, 30)
    rows = [example(sentence(1, 20), text), example(sentence(1, 20), f"{text} And some more words.")]
    (hit,) = found(project, rows, "[near_duplicates: {keeper: [length]}]")
    assert hit.source["line"] == 1


def test_the_beginning_of_a_longer_conversation_goes(project: Project) -> None:
    turns = ("Hello there?", "Hi, how can I help?", "My lamp broke.", "I will send a new one.")
    rows = [
        conversation(*turns[:2]),
        conversation(*turns),
        conversation(*turns, "Thanks!", "You are welcome."),
        conversation("Hello there?", "Something else.", "My lamp broke.", "I will send a new one."),
        conversation(*turns[:2], system="Be brief."),
    ]
    hits = found(project, rows, "[exact_duplicates]")
    assert [(h.kind, h.source["line"], h.evidence["keeper_source"]["line"]) for h in hits] == [
        ("continuation", 1, 3),
        ("continuation", 2, 3),
    ]
    assert found(project, rows, "[exact_duplicates: {continuations: false}]") == []


# Preferences


def test_the_same_pair_twice_is_a_duplicate(project: Project) -> None:
    rows = [pair("q", "a", "b"), pair("Q", "a", "b"), pair("q", "a", "c")]
    assert [(h.kind, h.source["line"]) for h in found(project, rows, "[exact_duplicates]")] == [
        ("exact_normalised", 2)
    ]


def test_swapped_and_circular_preferences_are_flagged(project: Project) -> None:
    swapped = [pair("q", "a", "b"), pair("q", "b", "a")]
    circle = [pair("r", "a", "b"), pair("r", "b", "c"), pair("r", "c", "a")]
    ranking = [pair("s", "a", "b"), pair("s", "b", "c"), pair("s", "a", "c"), pair("t", "b", "a")]
    hits = found(project, swapped + circle + ranking, "[exact_duplicates]")
    assert {(h.kind, h.proposal) for h in hits} == {("preference_conflict", "flag")}
    assert [(h.source["line"], h.evidence["reason"].split()[0]) for h in hits] == [
        (2, "the"),
        (4, "preferences"),
        (5, "preferences"),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 4)), max_size=12))
def test_preferences_that_fit_a_ranking_never_contradict(rows: list[tuple[int, int, int]]) -> None:
    fitting = [(prompt, min(a, b), max(a, b)) for prompt, a, b in rows if a != b]
    columns = [np.array(column, dtype=np.uint64) for column in zip(*fitting, strict=True)] or [
        np.zeros(0, np.uint64)
    ] * 3
    assert (contradictions(*columns).partner < 0).all()


# Near


def test_a_small_edit_is_a_near_duplicate(project: Project) -> None:
    question = sentence(1, 20)
    edited = question.replace(question.split()[9], "changed", 1)
    assert near(project, (question, LONG), (edited, LONG)) == [("near_duplicate", "drop")]


@pytest.mark.parametrize(
    "change",
    [
        lambda turns: [*turns[:-1], f"{turns[-1]} Thank you for asking us today."],
        lambda turns: [*turns[:-1], " ".join(turns[-1].split()[:18])],
        lambda turns: [turn.upper() for turn in turns],
        lambda turns: turns[2:] + turns[:2],
    ],
    ids=["boilerplate", "truncated", "capitals", "reordered"],
)
def test_the_usual_changes_are_seen_through(project: Project, change: Any) -> None:
    turns = [sentence(1, 18), sentence(2, 24), sentence(3, 18), sentence(4, 24)]
    hits = found(project, [conversation(*turns), conversation(*change(turns))], "[near_duplicates]")
    assert [(h.kind, h.proposal) for h in hits] == [("near_duplicate", "drop")]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Hello, my order {} has not arrived yet, can you tell me where the parcel is now?", (48213, 77001)),
        ("Please write a letter to {} about the parcel that has not arrived on time", ("Maria", "Heinrich")),
        ('What does the word "{}" mean in the second line of this long poem of ours', ("lamp", "river")),
        ("Send all of the papers to {} before the end of the week if you can", ("a@b.com", "c@d.org")),
    ],
)
def test_other_values_in_one_wording_are_a_template(
    project: Project, text: str, values: tuple[object, object]
) -> None:
    left, right = (text.format(value) for value in values)
    rows = [example(left, LONG), example(right, LONG)]
    (hit,) = found(project, rows, "[near_duplicates]")
    assert (hit.kind, hit.proposal, hit.evidence["rows"]) == ("template", "flag", 2)
    assert template_of(rows[1], rows[0]).startswith(f"user: {text.split('{')[0]}{{…}}")


def test_an_edit_beside_another_number_is_no_duplicate(project: Project) -> None:
    text = "{}, order {} has not arrived yet, can you tell me where the parcel is and when it {} come?"
    left, right = text.format("Hello", 48213, "will"), text.format("Morning", 77001, "might")
    assert near(project, (left, LONG), (right, LONG)) == [("template", "flag")]


def test_one_question_with_two_answers_is_no_duplicate(project: Project) -> None:
    assert near(project, (sentence(1, 30), sentence(2, 8)), (sentence(1, 30), sentence(3, 8))) == []


def test_the_same_talk_with_another_last_answer_is_no_duplicate(project: Project) -> None:
    talk = [sentence(1, 18), sentence(2, 24), sentence(3, 18)]
    rows = [conversation(*talk, sentence(4, 16)), conversation(*talk, sentence(5, 16))]
    assert [h for h in found(project, rows, "[near_duplicates]") if h.proposal == "drop"] == []


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("How do I cancel my order?", "How do I cancle my order?", True),
        ("Thank you very much!", "thank you very much :)", True),
        ("How do I cancel my order?", "How do I freeze my order?", False),
        ("Convert 5 feet to meters", "Convert 5 meters to feet", False),
        ("yes", "no", False),
    ],
)
def test_short_messages_are_read_letter_by_letter(
    project: Project, left: str, right: str, same: bool
) -> None:
    assert bool(near(project, (left, "Sure."), (right, "Sure."))) == same


def test_unrelated_rows_are_no_duplicates(project: Project) -> None:
    rows = [example(sentence(i), sentence(i + 1000)) for i in range(200)]
    assert found(project, rows, "[near_duplicates]") == []


def test_a_chain_of_small_edits_is_not_drawn_together(project: Project) -> None:
    words = sentence(5, 24).split()
    rows = []
    for step in range(24):
        words[step] = f"new{chr(97 + step)}x"
        rows.append(example(" ".join(words), sentence(9, 6)))
    hits = found(project, rows, "[near_duplicates]")
    texts = [set(row["messages"][0]["content"].split()) for row in rows]
    for hit in (h for h in hits if h.proposal == "drop"):
        mine, keeper = texts[hit.source["line"] - 1], texts[hit.evidence["keeper_source"]["line"] - 1]
        assert len(mine & keeper) / len(mine | keeper) > 0.5
    keepers = {h.evidence["keeper"] for h in hits if h.proposal == "drop"}
    assert not keepers & {h.example_id for h in hits if h.proposal == "drop"}
    assert len(keepers) > 1


def test_what_is_nearly_alike_is_left_to_a_person(project: Project) -> None:
    words = sentence(7, 30).split()
    for place in range(0, 30, 4):
        words[place] = WORDS[place]
    rows = [example(sentence(7, 30), LONG), example(" ".join(words), LONG)]
    (hit,) = found(project, rows, "[near_duplicates: {threshold: 0.75, borderline: 0.3}]")
    assert (hit.kind, hit.proposal) == ("borderline", "flag")
    assert 0.45 <= hit.score < 0.75


def test_one_part_alone_can_be_compared(project: Project) -> None:
    rows = [example(sentence(1, 30), sentence(2, 30)), example(sentence(1, 30), sentence(3, 30))]
    for part, kinds in (("prompt", ["near_prompt"]), ("answer", [])):
        hits = found(project, rows, f"[near_duplicates: {{compare: {part}}}]")
        assert [h.kind for h in hits] == kinds
        assert {h.proposal for h in hits} <= {"flag"}


def test_pairs_with_another_rejected_answer_are_no_duplicates(project: Project) -> None:
    rows = [pair(sentence(1), sentence(2, 20), sentence(i, 20)) for i in (3, 4)]
    assert found(project, rows, "[near_duplicates]") == []
    assert (
        len(found(project, [*rows, pair(sentence(1), sentence(2, 20), sentence(3, 19))], "[near_duplicates]"))
        == 1
    )


def test_labels_that_differ_are_told(project: Project) -> None:
    question = sentence(1, 20)
    rows = [example(question, LONG, label="a"), example(question + " please", LONG, label="b")]
    (hit,) = found(project, rows, "[near_duplicates]")
    assert hit.evidence["labels_differ"] is True


def test_text_without_spaces_is_compared(project: Project) -> None:
    question = "请告诉我如何在网上商店里取消昨天下的订单并且拿回我的钱谢谢"
    answer = "您好您可以在订单页面点击取消按钮然后选择退款方式我们会在三天内处理"
    assert near(project, (question, answer), (question.replace("谢谢", "好吗"), answer)) == [
        ("near_duplicate", "drop")
    ]


def test_planted_duplicates_are_found_and_nothing_else(project: Project) -> None:
    choose = random.Random(3)
    vocabulary = [a + b + c for a in WORDS for b in ("", "ly", "er") for c in ("", "s", "ing")]

    def text(length: int) -> list[str]:
        return [choose.choice(vocabulary) for _ in range(length)]

    rows, planted = [], set()
    for number in range(600):
        question, answer = text(18), text(24)
        rows.append(example(" ".join(question), " ".join(answer)))
        if number % 5 == 0:
            for place in choose.sample(range(18), 2):
                question[place] = choose.choice(vocabulary)
            rows.append(example(" ".join(question), " ".join(answer)))
            planted.add((len(rows), len(rows) - 1))
    hits = [h for h in found(project, rows, "[near_duplicates]") if h.proposal == "drop"]
    pairs = {
        tuple(sorted((h.source["line"], h.evidence["keeper_source"]["line"]), reverse=True)) for h in hits
    }
    assert pairs == planted


def test_batches_of_any_size_give_the_same_findings() -> None:
    rows = [example(sentence(i % 60, 16), sentence(i % 60 + 500, 12)) for i in range(150)]
    rows += [example(f"hi {'a' * (i % 7)}", "ok") for i in range(40)]
    for line, row in enumerate(rows):
        row["id"] = f"{line:024x}"
    options = near_duplicates.Options()
    results = []
    for size in (7, 64, 500):
        tables = [
            pa.table(near_duplicates.features(rows[i : i + size], options)) for i in range(0, len(rows), size)
        ]
        results.append(
            [f.as_dict() for f in near_duplicates.find(pa.concat_tables(tables), options, Earlier())]
        )
    assert results[0] == results[1] == results[2]
    assert results[0]


def test_a_row_of_one_endless_word_is_compared_as_any_other(project: Project) -> None:
    answer = "x" * 200_000
    rows = [example("Which?", answer), example("which?", answer), example("Which?", answer[:-1] + "y")]
    hits = found(project, rows, "[near_duplicates]")
    assert [(h.kind, h.source["line"], h.evidence["keeper_source"]["line"]) for h in hits] == [
        ("near_duplicate", 2, 1)
    ]


# Inside


def test_a_long_word_has_the_same_hash_wherever_it_stands() -> None:
    long = "ab1" * 70_000
    alone = words(pa.array([long])).hashes
    among = words(pa.array(["some words before", f"and {long} after", long[:-1], long[:65_536] * 2])).hashes
    assert alone[0] == among[4]
    assert len(set(among.tolist())) == len(among)


def test_rows_are_compared_in_blocks_of_so_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = np.random.default_rng(0)
    sets = [np.unique(choose.integers(0, 40_000, 12_000, dtype=np.int32) << 3) for _ in range(24)]
    pairs = np.array([(a, b) for b in range(24) for a in range(b)])
    results = []
    for at_once in (4_000_000, 60_000):
        monkeypatch.setattr(_similarity, "_GRAMS_COMPARED", at_once)
        grams = np.concatenate(sets)
        rows = _similarity.Rows(grams, np.ones(len(grams), np.uint8), np.array([len(one) for one in sets]))
        tracemalloc.start()
        results.append(rows.compare(pairs))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert all(np.array_equal(one, other) for one, other in zip(*results, strict=True))
    assert peak < 40_000_000
    assert 0.1 < results[0].similarity.mean() < 0.3


def test_bands_collide_as_often_as_the_similarity_says() -> None:
    choose = np.random.default_rng(0)
    shared = 0
    for _ in range(300):
        left = np.unique(choose.integers(0, 2**31 - 1, 60, dtype=np.int32))
        right = np.unique(np.r_[left[:46], choose.integers(0, 2**31 - 1, 14, dtype=np.int32)])
        counts = np.array([len(left), len(right)])
        keys = bands(np.r_[left, right], counts, 0, 0)
        shared += int((keys[:, 0] == keys[:, 1]).sum())
    similarity = 46 / 74
    assert shared / (300 * BANDS) == pytest.approx(similarity**4, rel=0.12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=60))
def test_collisions_are_what_a_dictionary_says(keys: list[int]) -> None:
    got = collisions(np.array(keys, dtype=np.uint64))
    counts = Counter(keys)
    wanted = sorted((key, row) for row, key in enumerate(keys) if counts[key] > 1)
    assert list(zip(got.keys.tolist(), got.rows.tolist(), strict=True)) == wanted


def test_a_crowded_band_gives_few_pairs() -> None:
    keys = [np.zeros(1000, dtype=np.uint64), np.arange(1000, dtype=np.uint64)]
    pairs = candidates(lambda band: keys[band], collisions, 2)
    assert 999 <= len(pairs) < 10_000


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])),
        )
    ),
    st.randoms(use_true_random=False),
)
def test_members_of_a_star_match_their_keeper(
    graph: tuple[int, set[tuple[int, int]]], choose: random.Random
) -> None:
    count, edges = graph
    order = list(range(count))
    choose.shuffle(order)
    ranks = np.array(order, dtype=np.int64)
    pairs = np.array(sorted(edges), dtype=np.int64).reshape(-1, 2)
    keepers = stars(pairs, ranks, lambda further: np.zeros(len(further), bool))
    for row, keeper in enumerate(keepers.tolist()):
        if keeper >= 0:
            assert tuple(sorted((row, keeper))) in edges
            assert keepers[keeper] < 0
            assert ranks[keeper] < ranks[row]
        else:
            assert not any(keepers[a + b - row] < 0 for a, b in edges if row in (a, b))


def test_spans_name_the_words_that_differ() -> None:
    left, right = (
        example("Where is my red lamp now?", "Soon."),
        example("Where is my blue lamp today?", "Soon."),
    )
    texts = [row["messages"][0]["content"] for row in (left, right)]
    spans = changed_spans(left, right)
    assert [texts[0][slice(*span["before"])] for span in spans] == ["red", "now"]
    assert [texts[1][slice(*span["after"])] for span in spans] == ["blue", "today"]
    assert changed_spans(left, left) == []
    assert template_of(left, example("Where is my blue lamp now?", "Soon.")) == (
        "user: Where is my {…} lamp now?\nassistant: Soon."
    )


# Balance


def test_balance_caps_a_template(project: Project) -> None:
    text = "Hello, my order {} has not arrived yet, can you tell me where the parcel is now?"
    rows = [example(text.format(10_000 + 37 * i), LONG) for i in range(40)]
    rows += [example(sentence(i), sentence(i + 500)) for i in range(20)]
    hits = found(project, rows, "[near_duplicates, balance: {by: template, cap_rows: 10}]")
    surplus = [h for h in hits if h.step == "balance"]
    assert {h.proposal for h in surplus} == {"drop"}
    assert len(surplus) == 39 - 10
    assert {h.source["line"] for h in surplus} <= set(range(2, 41))
