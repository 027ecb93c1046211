"""Metrics of task evals: known values, reference implementations, and what must hold for any text."""

from __future__ import annotations

import json
import re
import string
from collections import Counter

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import cohen_kappa_score

from workbench.errors import InputError
from workbench.task_evals.agreement import agreement
from workbench.task_evals.metrics import METRICS, Wanted
from workbench.task_evals.metrics.classification import NO_CLASS, class_of, classification
from workbench.task_evals.metrics.json_answers import NOTHING, parsed_json
from workbench.task_evals.metrics.matching import normalised
from workbench.task_evals.metrics.numbers import last_number
from workbench.task_evals.metrics.overlap import corpus, rouge
from workbench.task_evals.metrics.patterns import extracted, searched

NONE = Wanted()
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
CLASSES = ("billing", "not urgent", "urgent")


def value(metric: str, answer: str, reference: str, wanted: Wanted = NONE) -> float:
    return METRICS[metric].measure(answer, reference, wanted)


# ── equality and words ──────────────────────────────────────────────────────────────────


def squad_normal(text: str) -> str:
    """`normalize_answer` of the official evaluation script of SQuAD 1.1."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_f1(prediction: str, truth: str) -> float:
    """`f1_score` of the same script."""
    given_tokens, right = squad_normal(prediction).split(), squad_normal(truth).split()
    same = sum((Counter(given_tokens) & Counter(right)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(given_tokens), same / len(right)
    return 2 * precision * recall / (precision + recall)


@given(ASCII, ASCII)
@settings(deadline=None)
def test_normalisation_and_f1_are_those_of_squad(answer: str, reference: str) -> None:
    assert normalised(answer) == squad_normal(answer)
    if squad_normal(reference):
        assert value("normalised_match", answer, reference) == (
            squad_normal(answer) == squad_normal(reference)
        )
        assert value("token_f1", answer, reference) == pytest.approx(squad_f1(answer, reference))


def test_matches_forgive_what_they_say_they_forgive() -> None:
    assert value("exact_match", " Paris\n", "Paris") == 1
    assert value("exact_match", "paris", "Paris") == 0
    assert value("exact_match", "Cafe\u0301", "Café") == 1
    assert value("normalised_match", "The Paris!", "paris") == 1
    assert value("normalised_match", "«Paris»", "paris") == 1
    assert value("normalised_match", "Paris, France", "paris") == 0
    assert value("token_f1", "the cat sat", "a cat slept") == pytest.approx(0.5)
    assert value("contains", "It is the Eiffel Tower.", "eiffel tower") == 1
    assert value("contains", "towering", "tower") == 0


@pytest.mark.parametrize("metric", ["normalised_match", "contains", "token_f1"])
def test_bare_signs_are_not_all_the_same(metric: str) -> None:
    assert value(metric, "+", "+") == 1
    assert value(metric, "-", "+") == 0
    assert value(metric, "", "+") == 0


# ── classes ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("Urgent", "urgent"),
        ("This is not urgent.", "not urgent"),
        ("It is urgent, I think", "urgent"),
        ("urgent or billing", None),
        ("insurgent", None),
        ("", None),
    ],
)
def test_a_class_is_named_whole_and_alone(answer: str, named: str | None) -> None:
    assert class_of(answer, CLASSES) == named


def test_signs_tell_classes_apart() -> None:
    grades = ("A", "A+", "A-", "C", "C++", "5", "-5")
    assert [class_of(name, grades) for name in grades] == list(grades)
    assert class_of("I would say A+.", grades) == "A+"
    assert class_of("It is C++", grades) == "C++"
    assert class_of("**-5**", grades) == "-5"
    assert class_of("-5", ("4", "5")) is None
    assert class_of("C++", ("C", "Java")) is None
    assert class_of("non-urgent", CLASSES) is None
    assert value("class_match", "A", "A+", Wanted(classes=grades)) == 0
    assert classification(["A", "A"], ["A", "A+"]).accuracy == 0.5


def test_precision_recall_and_confusion_are_what_counting_by_hand_gives() -> None:
    references = ["cat"] * 4 + ["dog"] * 4 + ["owl"] * 2
    answers = ["cat", "cat", "cat", "dog", "dog", "dog", "cat", "no idea", "owl", "cat"]
    found = classification(answers, references)
    assert found.labels == ("cat", "dog", "owl", NO_CLASS)
    assert found.confusion == ((3, 1, 0, 0), (1, 2, 0, 1), (1, 0, 1, 0), (0, 0, 0, 0))
    by_name = {one.name: one for one in found.classes}
    assert (by_name["cat"].precision, by_name["cat"].recall) == (3 / 5, 3 / 4)
    assert (by_name["dog"].precision, by_name["dog"].recall) == (2 / 3, 2 / 4)
    assert (by_name["owl"].precision, by_name["owl"].recall) == (1.0, 0.5)
    f1 = [2 * 0.6 * 0.75 / 1.35, 2 * (2 / 3) * 0.5 / (2 / 3 + 0.5), 2 / 3]
    assert found.macro_f1 == pytest.approx(sum(f1) / 3)
    assert found.weighted_f1 == pytest.approx((4 * f1[0] + 4 * f1[1] + 2 * f1[2]) / 10)
    assert found.accuracy == pytest.approx(0.6)
    assert found.unnamed == 1


# ── JSON ────────────────────────────────────────────────────────────────────────────────


def test_json_is_read_bare_or_from_one_fence_and_never_loosely() -> None:
    assert parsed_json('{"a": 1}') == {"a": 1}
    assert parsed_json('Here:\n```json\n{"a": 1}\n```\n') == {"a": 1}
    assert parsed_json("null") is None
    for bad in ('{"a": NaN}', "{'a': 1}", '{"a": 1,}', "Sure! {}", "", "[" * 100_000, "[" * 900 + "]" * 900):
        assert parsed_json(bad) is NOTHING


def test_json_values_match_whatever_the_order_of_keys_and_nothing_else() -> None:
    reference = '{"name": "Erik", "age": 2, "ok": true}'
    assert value("json_match", '{"ok": true, "age": 2.0, "name": "Erik"}', reference) == 1
    assert value("json_match", '{"ok": 1, "age": 2, "name": "Erik"}', reference) == 0
    assert value("json_match", "Erik", reference) == 0
    assert value("json_fields", '{"name": "Erik", "age": 3, "ok": true}', reference) == pytest.approx(2 / 3)
    assert value("json_fields", '{"name": "Erik"}', reference) == pytest.approx(0.5)


def test_a_schema_decides_what_valid_is() -> None:
    schema = {
        "type": "object",
        "required": ["age"],
        "properties": {"age": {"type": "integer", "minimum": 0}},
        "additionalProperties": False,
    }
    wanted = Wanted(json_schema=schema)
    assert value("json_valid", '{"age": 4}', "", wanted) == 1
    for bad in ('{"age": -1}', '{"age": "4"}', "{}", '{"age": 1, "b": 2}', "[]", "four"):
        assert value("json_valid", bad, "", wanted) == 0
    assert value("json_valid", '{"b": 1}', '{"age": 1}') == 1
    assert value("json_valid", "[1]", '{"age": 1}') == 0


def test_a_schema_that_points_elsewhere_is_refused_and_not_fetched() -> None:
    wanted = Wanted(json_schema={"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(InputError, match="refers to something"):
        value("json_valid", "{}", "", wanted)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=8))
@settings(deadline=None)
def test_any_json_matches_itself(thing: object) -> None:
    text = json.dumps({"a": thing})
    assert [value(name, text, text) for name in ("json_valid", "json_match", "json_fields")] == [1, 1, 1]


# ── numbers and patterns ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The answer is 42.", 42),
        ("3 and then 1,234.50 dollars", 1234.5),
        ("costs $1,000", 1000),
        ("-$5", -5),
        ("10 - 3", 3),
        ("5-3", 3),
        ("x = -3", -3),
        ("minus: −7", -7),
        ("6.02e23", 6.02e23),
        ("[1,2,3]", 3),
        (".5 of it", 0.5),
        ("#### 18", 18),
        ("\\boxed{72}", 72),
        ("H2O", None),
        ("none", None),
        ("1e999", None),
    ],
)
def test_the_last_number_is_found(text: str, number: float | None) -> None:
    assert last_number(text) == number


def test_numbers_are_equal_within_the_tolerance() -> None:
    assert value("numeric", "about 10.4", "10") == 0
    assert value("numeric", "about 10.4", "10", Wanted(tolerance=0.5)) == 1
    assert value("numeric", "109", "100", Wanted(relative_tolerance=0.1)) == 1
    assert value("numeric", "111", "100", Wanted(relative_tolerance=0.1)) == 0
    assert value("numeric", "no idea", "100") == 0


def test_a_pattern_is_searched_and_its_last_group_extracted() -> None:
    assert value("regex", "ticket AB-12", "", Wanted(pattern=r"[A-Z]{2}-\d+")) == 1
    assert value("regex", "ticket ab-12", "", Wanted(pattern=r"[A-Z]{2}-\d+")) == 0
    assert extracted(r"Answer: (\w+)", "Answer: a\nAnswer: b") == "b"
    assert extracted(r"Answer: (\w+)", "I do not know") is None


def test_a_pattern_that_explodes_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.task_evals.metrics.patterns.SECONDS", 0.05)
    with pytest.raises(InputError, match="too long"):
        searched(r"(?:a|a|aa)+$", "a" * 5000 + "b")


# ── overlap ─────────────────────────────────────────────────────────────────────────────


@given(ASCII, ASCII)
@settings(max_examples=60, deadline=None)
def test_rouge_is_the_librarys_on_ascii(answer: str, reference: str) -> None:
    kinds = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
    right = RougeScorer(list(kinds.values())).score(reference, answer)
    for kind, name in kinds.items():
        assert rouge(answer, reference, kind) == pytest.approx(right[name].fmeasure)


def test_rouge_reads_other_scripts_too() -> None:
    assert value("rouge_1", "Привет мир", "привет, мир!") == 1
    assert value("rouge_l", "今日は雨", "今日は晴") == pytest.approx(0.75)
    assert value("rouge_l", "the police killed the gunman", "police killed the gunman") == pytest.approx(
        8 / 9
    )


def test_bleu_and_chrf_are_sacrebleus() -> None:
    answers = ["The dog bit the man.", "It was not surprising."]
    references = ["The dog had bit the man.", "It was not unexpected."]
    for answer, reference in zip(answers, references, strict=True):
        assert value("bleu", answer, reference) == pytest.approx(
            sacrebleu.sentence_bleu(answer, [reference]).score / 100
        )
        assert value("chrf", answer, reference) == pytest.approx(
            sacrebleu.sentence_chrf(answer, [reference]).score / 100
        )
    whole = corpus(answers, references)
    assert whole.bleu == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score / 100)
    assert whole.chrf == pytest.approx(sacrebleu.corpus_chrf(answers, [references]).score / 100)
    assert "tok:13a" in whole.bleu_signature


# ── all metrics ─────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(sorted(METRICS)), st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_every_metric_is_between_0_and_1_whatever_the_text(name: str, answer: str, reference: str) -> None:
    wanted = Wanted(pattern="a", classes=("a", "b"))
    metric = METRICS[name]
    assert 0.0 <= metric.measure(answer, reference, wanted) <= 1.0
    if metric.has_form:
        assert metric.has_form(answer, wanted) in (True, False)


@pytest.mark.parametrize("name", [name for name in METRICS if name not in ("regex", "bleu")])
def test_a_reference_answered_with_itself_is_whole(name: str) -> None:
    reference = {"numeric": "It is 12", "class_match": "urgent"}.get(name, '{"a": "one two"}')
    assert value(name, reference, reference, Wanted(classes=CLASSES)) == pytest.approx(1.0)


# ── agreement ───────────────────────────────────────────────────────────────────────────


def table(yes_yes: int, yes_no: int, no_yes: int, no_no: int) -> tuple[list[str], list[str]]:
    one = ["yes"] * (yes_yes + yes_no) + ["no"] * (no_yes + no_no)
    other = ["yes"] * yes_yes + ["no"] * yes_no + ["yes"] * no_yes + ["no"] * no_no
    return one, other


def test_kappa_of_the_textbook_example() -> None:
    found = agreement(*table(20, 5, 10, 15))
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)


def test_kappas_interval_is_that_of_the_delta_method() -> None:
    words = ["x", "y", "z"]
    counts = [[30, 4, 6], [3, 25, 7], [8, 2, 15]]
    one = [words[i] for i in range(3) for j in range(3) for _ in range(counts[i][j])]
    other = [words[j] for i in range(3) for j in range(3) for _ in range(counts[i][j])]
    found = agreement(one, other)
    n = len(one)
    shares = [counts[i][j] / n for i in range(3) for j in range(3)]

    def kappa(p: list[float]) -> float:
        total = sum(p)
        rows = [sum(p[3 * i : 3 * i + 3]) / total for i in range(3)]
        columns = [sum(p[j::3]) / total for j in range(3)]
        chance = sum(a * b for a, b in zip(rows, columns, strict=True))
        return (sum(p[::4]) / total - chance) / (1 - chance)

    step = 1e-6
    slopes = [
        (kappa([p + step * (k == place) for k, p in enumerate(shares)]) - kappa(shares)) / step
        for place in range(9)
    ]
    mean = sum(p * g for p, g in zip(shares, slopes, strict=True))
    variance = sum(p * (g - mean) ** 2 for p, g in zip(shares, slopes, strict=True)) / n
    assert found.kappa == pytest.approx(kappa(shares))
    assert found.high is not None
    assert found.low is not None
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * variance**0.5, rel=1e-3)


WORDS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40)


@given(WORDS)
@settings(max_examples=60, deadline=None)
def test_kappa_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    found = agreement(one, other)
    if len({*one, *other}) == 1:
        assert found.kappa is None
    else:
        assert found.kappa == pytest.approx(cohen_kappa_score(one, other), abs=1e-9)
        assert found.kappa == agreement(other, one).kappa
