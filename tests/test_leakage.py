"""Leakage: items are found in rows word for word, nearly and rephrased; other rows are left alone."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import example, pair, proposed, sentence, stored, write_jsonl
from workbench.errors import InputError, MissingExtraError, NotFoundError
from workbench.examples import Example, make_example, message
from workbench.findings import Finding, read_findings
from workbench.fingerprints import step_fingerprint
from workbench.leakage import rephrased
from workbench.leakage.index import build_index
from workbench.leakage.items import Item, item_text, items_of_suites, unchecked_tasks
from workbench.leakage.matching import candidates, coded, exact_hits, ngram_hits
from workbench.leakage.words import placed_words, stem, words_of
from workbench.projects import Project
from workbench.recipes import parse_recipe
from workbench.splits import split
from workbench.steps import leakage
from workbench.versions import open_dataset

DATA = Path(__file__).parents[2] / "shared" / "data"
QUESTION = (
    "Toulouse has twice as many sheep as Charleston, and Charleston has 4 times as many sheep as Seattle. "
    "How many sheep do the three towns have together if Seattle has 20 sheep?"
)
AGAIN = (
    "Charleston owns 4 times the sheep of Seattle, while Toulouse owns double the sheep of Charleston. If 20 "
    "sheep live in Seattle, what is the total of sheep in the 3 towns?"
)
OTHERS = [
    "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total does it take?",
    "Josh decides to try flipping a house, buys one for 80,000 dollars and puts 50,000 into repairs of it.",
    "Every day, Wendi feeds each of her chickens three cups of mixed seeds, mealworms and green vegetables.",
]
ALONE = "[leakage: {suites: [own], semantic: off}]"


@pytest.fixture
def no_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra ``offline`` words alone judge what is rephrased: quick, and no model."""
    monkeypatch.setattr(rephrased, "minilm_path", lambda: None)


def suite(project: Project, questions: list[str], template: str = "{{question}}") -> None:
    folder = project.folder("evalsuites")
    (folder / "tasks").mkdir(parents=True, exist_ok=True)
    write_jsonl(folder / "tasks" / "items.jsonl", [{"question": text, "answer": "1"} for text in questions])
    (folder / "tasks" / "own.yaml").write_text(
        "task: own\ndataset_path: json\ndataset_kwargs: {data_files: {test: items.jsonl}}\n"
        f"test_split: test\noutput_type: generate_until\ndoc_to_text: {json.dumps(template)}\n"
    )
    (folder / "own.yaml").write_text("tasks: [{task: tasks/own.yaml, role: retained}, {task: hellaswag}]\n")


def found(project: Project, rows: list[Example], steps: str = ALONE) -> list[Finding]:
    dataset = stored(project, "d", rows)
    proposed(project, dataset, steps)
    return list(read_findings(project, dataset))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (QUESTION, "exact"),
        (QUESTION.upper().replace(",", " --"), "exact"),
        (f"Solve this for me. {QUESTION} Show every step.", "ngram"),
        (QUESTION.replace("twice", "thrice").replace("have together", "own together"), "near"),
        (AGAIN, "semantic"),
    ],
)
@pytest.mark.usefixtures("no_embedder")
def test_each_kind_of_leak_is_found(project: Project, text: str, kind: str) -> None:
    suite(project, [QUESTION, *OTHERS])
    hits = found(
        project, [example(text, "260"), example(sentence(5, 30), "no")], "[leakage: {suites: [own]}]"
    )
    assert [(hit.kind, hit.evidence["task"], hit.evidence["item"]) for hit in hits] == [(kind, "own", 1)]
    assert hits[0].proposal == ("flag" if kind == "semantic" else "drop")


def test_another_problem_of_the_same_wording_is_no_leak(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    other = QUESTION.replace("20", "35").replace("4 times", "6 times").replace("Toulouse", "Boston")
    hits = found(project, [example(other, "1")], "[leakage: {suites: [own], overlap: 1.0}]")
    assert [hit.kind for hit in hits if hit.proposal == "drop"] == []


def test_wording_that_all_items_share_is_no_leak(project: Project) -> None:
    frame = "Read the following passage with care and then answer the question below in one word only. "
    suite(project, [sentence(i, 12) for i in range(20)], frame + "{{question}}")
    assert found(project, [example(frame + sentence(900, 12), "1")]) == []
    assert [hit.evidence["item"] for hit in found(project, [example(sentence(7, 12), "1")])] == [8]


def test_an_item_inside_a_long_row_is_found_and_marked(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    long = " ".join(sentence(i, 30) for i in range(40))
    before = f"{long} "
    hit = found(project, [example("What is this?", before + QUESTION + " " + long)])[0]
    spans = hit.evidence["spans"]
    assert (hit.kind, hit.evidence["overlap"]) == ("ngram", 1.0)
    assert spans == [
        {"part": "messages", "message": 1, "start": len(before), "end": len(before + QUESTION) - 1}
    ]


@pytest.mark.usefixtures("no_embedder")
def test_a_rephrased_item_inside_a_long_row_is_found(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    long = " ".join(sentence(i, 30) for i in range(20))
    hits = found(project, [example(f"{long} {AGAIN} {long}", "260")], "[leakage: {suites: [own]}]")
    assert [hit.kind for hit in hits] == ["semantic"]
    evidence = hits[0].evidence
    assert evidence["shared_numbers"] == 3
    assert evidence["judged_by"] in ("minilm", "words")
    assert all(
        span["end"] > span["start"] >= len(long) for span in evidence["spans"] if span["message"] == 0
    ) or (len(evidence["spans"]) > 5)


def test_answers_and_rejected_answers_are_read_too(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    hits = found(project, [pair("Give me a sum.", "No.", QUESTION), example("Give me a sum.", QUESTION)])
    assert [(hit.kind, hit.evidence["spans"][0]["part"]) for hit in hits] == [
        ("exact", "rejected"),
        ("exact", "messages"),
    ]


def test_an_item_asked_over_several_turns_is_found(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    first, second = QUESTION.split(". ")
    turns = [("user", first + "."), ("assistant", "Go on."), ("user", second), ("assistant", "260")]
    row = make_example("sft", [message({"role": role, "content": text}) for role, text in turns])
    hits = found(project, [row])
    assert [hit.kind for hit in hits] == ["exact"]
    assert {span["message"] for span in hits[0].evidence["spans"]} == {0, 2}


def test_words_are_the_same_in_any_script(project: Project) -> None:
    chinese = "小明有二十三个苹果，他给了小红一半，又买了七个，现在他一共有多少个苹果？"
    suite(project, [chinese, "Die Größe des Straßenfußes beträgt wie viele Zentimeter im Süden?"])
    rows = [
        example(f"请问：{chinese}谢谢！", "十八"),
        example("DIE GRÖSSE DES STRASSENFUSSES BETRÄGT WIE VIELE ZENTIMETER IM SÜDEN", "3"),
        example("今天天气很好，我们一起去公园散步，然后回家吃饭，好不好呢？", "好"),
    ]
    assert [(hit.source["line"], hit.kind) for hit in found(project, rows)] == [(1, "ngram"), (2, "exact")]


def test_held_out_rows_of_the_version_are_items(project: Project) -> None:
    rows = [example(sentence(i, 20), sentence(i + 500, 20)) for i in range(50)]
    result = split(project, stored(project, "d", rows), test=0.2)
    version = open_dataset(project, result.dataset)
    numbers = {row["id"]: n for n, row in enumerate(version.examples(), 1) if row["split"] == "test"}
    held = next(row for row in version.examples() if row["split"] == "test")
    asked = held["messages"][0]["content"]
    more = [*version.examples(), example(f"Tell me. {asked} Thanks!", "Leaked.")]
    again = stored(project, "d", more)
    proposed(project, again, "[leakage: {semantic: off}]")
    hits = list(read_findings(project, again))
    assert [(hit.source["line"], hit.evidence["task"], hit.evidence["item"]) for hit in hits] == [
        (51, again.ref, numbers[held["id"]])
    ]
    assert item_text(project, hits[0].evidence["task"], hits[0].evidence["item"]) == asked


def test_rows_of_another_data_set_can_be_items(project: Project) -> None:
    stored(project, "exam", [example(sentence(i, 15), "x") for i in range(5)])
    rows = [example(sentence(i, 15), "y") for i in range(3, 8)]
    hits = found(project, rows, "[leakage: {held_out: [exam@v1], semantic: off}]")
    assert [(hit.source["line"], hit.evidence["task"], hit.evidence["item"]) for hit in hits] == [
        (1, "exam@v0001", 4),
        (2, "exam@v0001", 5),
    ]


def test_rows_that_are_not_trained_on_are_not_checked(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    rows = [example(QUESTION, str(number)) for number in range(3)]
    for row, side in zip(rows, ("train", "validation", "test"), strict=True):
        row["split"] = side
    assert {hit.source["line"] for hit in found(project, rows)} == {1}


def test_a_suite_that_changes_is_read_again(project: Project) -> None:
    suite(project, OTHERS)
    dataset = stored(project, "d", [example(QUESTION, "260")])
    step = parse_recipe(f"steps: {ALONE}", "t", where="t").steps[0]
    before = step_fingerprint(project, dataset, step, [])
    proposed(project, dataset, ALONE)
    assert list(read_findings(project, dataset)) == []
    suite(project, [*OTHERS, QUESTION])
    assert step_fingerprint(project, dataset, step, []) != before
    proposed(project, dataset, ALONE)
    assert [hit.evidence["item"] for hit in read_findings(project, dataset)] == [4]


def test_the_items_question_is_fetched_when_it_is_shown(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS], "Q: {{question}}")
    assert item_text(project, "own", 1) == f"Q: {QUESTION}"
    suite(
        project,
        [QUESTION, *OTHERS],
        "Answer the next question in one word. Q: {{question}} Think first, then write the answer:",
    )
    assert item_text(project, "own", 2) == OTHERS[0]
    with pytest.raises(NotFoundError):
        item_text(project, "own", 99)


def test_tasks_whose_items_are_not_here_are_named(project: Project) -> None:
    suite(project, [QUESTION])
    assert unchecked_tasks(project, ["own"]) == ["hellaswag"]


@pytest.mark.usefixtures("no_embedder")
def test_evidence_holds_no_text(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    for hit in found(project, [example(AGAIN, "1"), example(QUESTION, "2")], "[leakage: {suites: [own]}]"):
        told = json.dumps(hit.evidence).lower()
        assert not {"sheep", "seattle", "toulouse"} & set(words_of(told))


@pytest.mark.usefixtures("no_embedder")
def test_rephrasings_are_dropped_when_the_recipe_says_so(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    hits = found(project, [example(AGAIN, "260")], "[leakage: {suites: [own], action: drop}]")
    assert [(hit.kind, hit.proposal) for hit in hits] == [("semantic", "drop")]


@pytest.mark.usefixtures("no_embedder")
def test_without_the_embedder_words_judge_and_on_is_refused(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    rows = [example(AGAIN, "260")]
    hits = found(project, rows, "[leakage: {suites: [own]}]")
    assert [(hit.kind, hit.evidence["judged_by"]) for hit in hits] == [("semantic", "words")]
    with pytest.raises(MissingExtraError):
        found(project, rows, "[leakage: {suites: [own], semantic: on}]")


@pytest.mark.slow
def test_the_embedder_and_the_words_judge_together(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    other = "Toulouse keeps 90 sheep more than Charleston and sells 7 of them. How many sheep does it keep?"
    hits = found(
        project, [example(AGAIN, "1"), example(other, "2")], "[leakage: {suites: [own], semantic: on}]"
    )
    assert [(hit.source["line"], hit.kind, hit.evidence["judged_by"]) for hit in hits] == [
        (1, "semantic", "minilm")
    ]
    assert hits[0].evidence["embedding_similarity"] > 0.8


def test_unknown_suites_and_options_are_refused(project: Project) -> None:
    with pytest.raises(NotFoundError):
        found(project, [example("a", "b")], "[leakage: {suites: [nothing]}]")
    with pytest.raises(InputError):
        found(project, [example("a", "b")], "[leakage: {semantic: maybe}]")


@pytest.mark.usefixtures("no_embedder")
def test_a_batch_says_the_same_of_a_row_as_the_row_alone(project: Project) -> None:
    suite(project, [QUESTION, *OTHERS])
    texts = [AGAIN, QUESTION, f"Well. {QUESTION}", sentence(1, 30), "", "Hi", AGAIN, "…", *OTHERS]
    rows = [example(text, "1", line) for line, text in enumerate(texts)]
    options = leakage.Options(suites=["own"])
    items = leakage.prepare(options, project, stored(project, "d", rows))
    items = pickle.loads(pickle.dumps(items))
    together = [hit.as_dict() for hit in leakage.find(rows, options, items)]
    alone = [hit.as_dict() for row in rows for hit in leakage.find([row], options, items)]
    assert together == alone
    assert len(together) == 7


TEXT = st.text(st.sampled_from("ab1 2,.é\u0301ßÅſ中の가_'\n"), max_size=60) | st.text(max_size=40)


@given(TEXT)
def test_places_are_those_of_the_words(text: str) -> None:
    placed = placed_words(text)
    assert [word for word, _, _ in placed] == words_of(text)
    assert all(words_of(text[start:end]) == [word] for word, start, end in placed)
    assert all(stem(stem(word)) == stem(word) for word, _, _ in placed)


ALPHABET = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "1", "2", "three", "3"])


@given(
    st.lists(st.lists(ALPHABET, min_size=6, max_size=14), min_size=1, max_size=8),
    st.lists(st.lists(ALPHABET, max_size=30), min_size=1, max_size=6),
)
def test_overlap_is_what_counting_says(items: list[list[str]], rows: list[list[str]]) -> None:
    from math import log

    index = build_index((Item("t", n, " ".join(words)) for n, words in enumerate(items)), 4, 6)
    kept = [words_of(text) for text in index.texts]
    runs = [{tuple(words[i : i + 4]) for i in range(len(words) - 3)} for words in kept]
    weight = {run: log((len(kept) + 1) / sum(run in other for other in runs)) for own in runs for run in own}
    texts = coded([" ".join(words) for words in rows], index)
    hits = ngram_hits(texts, index, 0.5)
    for number, words in enumerate(rows):
        held = {tuple(words[i : i + 4]) for i in range(len(words) - 3)}
        shares = [sum(weight[run] for run in own & held) / sum(weight[run] for run in own) for own in runs]
        best = max(shares)
        if abs(best - 0.5) > 1e-9:
            assert (number in hits) == (best > 0.5)
        if number in hits:
            assert hits[number][1] == pytest.approx(best)
    assert exact_hits(texts, index) == {
        number: kept.index(words) for number, words in enumerate(rows) if words in kept
    }


@given(st.lists(st.lists(ALPHABET, min_size=6, max_size=14), min_size=1, max_size=8))
def test_an_item_is_its_own_best_candidate(items: list[list[str]]) -> None:
    index = build_index((Item("t", n, " ".join(words)) for n, words in enumerate(items)), 8, 6)
    texts = coded(index.texts, index)
    best = candidates(texts, range(len(index.texts)), index, 0.1)
    assert [one.passage.text for one in best] == list(range(len(index.texts)))
    assert all(one.alike == pytest.approx(1.0) for one in best)


def shared(name: str) -> list[dict[str, str]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in ../shared/data")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.slow
def test_published_rephrasings_are_found_and_training_problems_are_not(project: Project) -> None:
    items = [row["question"] for row in shared("eval/gsm8k_test.jsonl.gz")]
    again = [
        row["text"].split("Question: ")[1].split("\nAnswer")[0]
        for row in shared("near_dup/rephrase_gsm8k.jsonl.gz")
    ]
    train = [row["question"] for row in shared("math/gsm8k_train.jsonl.gz")]
    index = build_index((Item("gsm8k", n, text) for n, text in enumerate(items)), 8, 6)
    context = leakage.Items(index, leakage.crowds(index), "words")
    options = leakage.Options()
    rows = [example(text, "1", number) for number, text in enumerate([*again, *train])]
    hits = [
        hit for i in range(0, len(rows), 512) for hit in leakage.find(rows[i : i + 512], options, context)
    ]
    right = sum(hit.evidence["item"] == hit.source["line"] for hit in hits if hit.source["line"] < len(again))
    wrong = [hit for hit in hits if hit.source["line"] >= len(again)]
    assert right / len(again) > 0.8
    assert len(wrong) / len(train) < 0.003
    assert [hit for hit in wrong if hit.proposal == "drop"] == []


def test_shipped_suites_have_items(project: Project) -> None:
    assert len({item.task for item in items_of_suites(project)}) >= 10


@pytest.mark.parametrize(
    ("files", "rows"),
    [
        ("{test: items.jsonl}", 1),
        ("{test: [items.jsonl]}", 1),
        ("items.jsonl", 1),
        ("{test: items.jsonl.gz}", 1),
        ("{test: items.json}", 1),
        ("{test: missing.jsonl}", None),
        ("{test: broken.jsonl}", None),
        ("{test: empty.jsonl}", None),
    ],
)
def test_items_are_read_however_the_task_names_them(project: Project, files: str, rows: int | None) -> None:
    question = "Which shelf of the old library holds the green book about rivers and ships"
    folder = project.folder("evalsuites")
    folder.mkdir()
    line = json.dumps({"question": question}) + "\n"
    (folder / "items.jsonl").write_text(line)
    (folder / "items.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    (folder / "items.json").write_text(json.dumps([{"question": question}], indent=1))
    (folder / "broken.jsonl").write_text(line + "{broken\n")
    (folder / "empty.jsonl").write_text("")
    (folder / "task.yaml").write_text(
        f"task: own\ndataset_path: json\ndataset_kwargs: {{data_files: {files}}}\n"
        'test_split: test\noutput_type: generate_until\ndoc_to_text: "{{question}}"\n'
    )
    (folder / "own.yaml").write_text("tasks: [{task: task.yaml, role: target}]\n")
    dataset = stored(project, "d", [example(f"{question}?", "The top one.")])
    step = '[leakage: {suites: [own], semantic: "off"}]'
    if rows is None:
        with pytest.raises((InputError, NotFoundError)) as caught:
            proposed(project, dataset, step)
        assert "jsonl" in str(caught.value.where)
    else:
        proposed(project, dataset, step)
        assert len(list(read_findings(project, dataset))) == rows
