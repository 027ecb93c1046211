"""The double check: what is drawn, how it is asked, and what the answers say."""

# ruff: noqa: F401, F811 - fixtures that another file of tests has
from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.conftest import Command
from tests.make import example, sentence, stored
from tests.test_pages import fine, html_of, metrics, words
from tests.test_value_review import not_a_fresh_server, open_page
from tests.values_project import MAIL, NAME, PHONE, Planted, values_project, with_findings
from workbench.double_check.estimating import estimate, table_rows
from workbench.double_check.passages import LONGEST, STRATA, passages, pieces
from workbench.double_check.questions import question
from workbench.double_check.samples import (
    Answer,
    Item,
    Sample,
    Stratum,
    next_item,
    open_sample,
    read_answers,
    record_answer,
    sample_file,
)
from workbench.double_check.sampling import draw
from workbench.errors import InputError, NotFoundError
from workbench.finding_filter import FindingFilter
from workbench.findings import findings_folder
from workbench.projects import Project
from workbench.reveals import read_reveals
from workbench.value_groups import decide_values
from workbench.versions import Dataset, open_dataset

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "values"
    values_project(root)
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    return Project(Path(shutil.copytree(made, tmp_path / "p")))


@pytest.fixture
def dataset(project: Project) -> Dataset:
    return open_dataset(project, "chats")


# Drawing


def test_a_sample_has_findings_of_every_entity_and_passages_of_every_risk(
    project: Project, dataset: Dataset
) -> None:
    sample = draw(project, dataset, size=24)
    assert len(sample.items) == 24
    asked = Counter(item.stratum for item in sample.items)
    assert set(asked) == {"EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER", *STRATA}
    known = {stratum.name: (stratum.population, stratum.drawn) for stratum in sample.strata}
    assert known["EMAIL_ADDRESS"][0] == 12
    assert known["PERSON"][0] == 6
    assert {name: drawn for name, (_, drawn) in known.items()} == dict(asked)
    assert [item.number for item in sample.items] == list(range(1, 25))


def test_what_only_goes_to_a_person_is_not_in_the_sample(project: Project, dataset: Dataset) -> None:
    sample = draw(project, dataset, size=5000)
    assert sum(stratum.population for stratum in sample.strata if stratum.ask == "finding") == 21


def test_the_same_seed_draws_the_same_and_another_does_not(project: Project, dataset: Dataset) -> None:
    first, again, other = (draw(project, dataset, size=20, seed=seed) for seed in (1, 1, 2))
    assert first.items == again.items
    assert first.id != again.id
    assert first.items != other.items


def test_a_finding_that_was_overruled_is_not_asked_about(project: Project, dataset: Dataset) -> None:
    decide_values(project, dataset, FindingFilter(entity=("PERSON",), kind=("personal_data",)), "reject")
    sample = draw(project, dataset, size=30)
    assert "PERSON" not in {item.stratum for item in sample.items}


def test_no_sample_holds_a_text(project: Project, dataset: Dataset) -> None:
    sample = draw(project, dataset, size=40)
    kept = sample_file(project, sample.id).read_text(encoding="utf-8")
    for raw in (MAIL, NAME, PHONE, "first program"):
        assert raw not in kept
    assert open_sample(project, sample.id) == sample == open_sample(project)


def test_a_large_version_is_drawn_from_evenly(project: Project) -> None:
    rows = [example(f"{sentence(n)} {NAME}", sentence(n + 1000)) for n in range(400)]
    dataset = stored(project, "large", rows)
    with_findings(project, dataset, [Planted("PERSON", NAME, 0.5)])
    sample = draw(project, dataset, size=100)
    order = {row["id"]: number for number, row in enumerate(dataset.examples())}
    places = [order[item.example_id] for item in sample.items if item.ask == "finding"]
    assert 150 < sum(places) / len(places) < 250
    assert len(set(places)) == len(places) == 50


def test_a_version_where_nobody_looked_cannot_be_checked(project: Project) -> None:
    dataset = stored(project, "other", [example("hello", "there")])
    with pytest.raises(InputError, match="no findings"):
        draw(project, dataset)
    with_findings(project, dataset, [])
    summary = findings_folder(project, dataset) / "propose.json"
    summary.write_text(json.dumps({"recipe": {"name": "x", "steps": []}}), encoding="utf-8")
    with pytest.raises(InputError, match="looked for personal data"):
        draw(project, dataset)


@pytest.mark.parametrize("size", [9, 5001])
def test_the_size_of_a_sample_is_bounded(project: Project, dataset: Dataset, size: int) -> None:
    with pytest.raises(InputError, match="out of range"):
        draw(project, dataset, size=size)


def test_a_version_without_any_finding_is_checked_for_missed_ones(project: Project) -> None:
    dataset = stored(project, "other", [example(f"{sentence(n)} Bo Lind", "Yes.") for n in range(20)])
    with_findings(project, dataset, [])
    sample = draw(project, dataset, size=10)
    assert {item.ask for item in sample.items} == {"passage"}
    for item in sample.items:
        record_answer(project, sample, item.number, "nothing")
    found = estimate(sample, read_answers(project, sample))
    assert found.precision is None
    assert found.recall is None


# Passages


@given(st.text(alphabet=st.sampled_from("ab .\n!é"), max_size=3000))
def test_pieces_cover_a_text_without_gaps(text: str) -> None:
    cuts = list(pieces(text))
    assert "".join(text[start:end] for start, end in cuts) == text
    assert all(0 < end - start <= LONGEST for start, end in cuts)


def test_a_long_text_is_cut_at_the_end_of_a_line_or_sentence() -> None:
    text = ("A sentence that goes on for a while. " * 12 + "\n") * 4
    cuts = list(pieces(text))
    assert all(text[end - 1].isspace() for _, end in cuts)
    assert len(cuts) < 12


def test_passages_know_their_risk() -> None:
    row = example("call me ana, please", "Of course. We will call 0018 then.")
    row["messages"].append({"role": "user", "content": "my friend Bo says so"})
    row["messages"].append({"role": "user", "content": "   "})
    span = {"part": "messages", "message": 0, "start": 8, "end": 11}
    found = [(passage.message, STRATA.index(passage.stratum)) for passage in passages(row, [span])]
    assert found == [(0, 0), (1, 1), (2, 1)]
    plain = [STRATA.index(passage.stratum) for passage in passages(example("hello there", "Yes. Good."), [])]
    assert plain == [2, 2]


# Questions and answers


def test_a_question_masks_the_value_until_it_is_asked_for(project: Project, dataset: Dataset) -> None:
    sample = draw(project, dataset, size=40)
    item = next(item for item in sample.items if item.stratum == "PERSON")
    asked = question(project, sample, item)
    assert (asked.value, asked.words) == ("A••• B•••", "Is the marked text PERSON?")
    assert NAME not in asked.text() + asked.html()
    assert read_reveals(project) == []
    shown = question(project, sample, item, show=True, who="rita")
    assert shown.value == NAME
    assert NAME in shown.text()
    assert MAIL not in shown.text() + shown.html()
    (line,) = read_reveals(project)
    assert (line.who, line.finding, line.why) == ("rita", item.finding, f"double check {sample.id}")


def test_a_passage_masks_what_was_found_and_shows_the_rest(project: Project, dataset: Dataset) -> None:
    sample = draw(project, dataset, size=60)
    item = next(i for i in sample.items if i.stratum == STRATA[0] and "I am" in _content(dataset, i))
    asked = question(project, sample, item, show=True)
    assert "I am ▒▒▒" in asked.text()
    assert NAME not in asked.text() + asked.html()
    assert MAIL not in asked.text() + asked.html()
    assert read_reveals(project) == []


def test_questions_come_in_order_and_the_last_answer_counts(project: Project, dataset: Dataset) -> None:
    sample = draw(project, dataset, size=20)
    first = next_item(project, sample)
    assert first is not None
    assert first.number == 1
    record_answer(project, sample, 1, "unsure")
    record_answer(project, sample, 1, "right" if first.ask == "finding" else "nothing", who="rita")
    assert read_answers(project, sample)[1].who == "rita"
    second = next_item(project, sample)
    assert second is not None
    assert second.number == 2


@pytest.mark.parametrize(
    ("ask", "said", "more"),
    [
        ("finding", "nothing", {}),
        ("passage", "right", {}),
        ("passage", "missed", {}),
        ("passage", "nothing", {"missed": {"PERSON": 1}}),
        ("passage", "missed", {"missed": {"PERSON": 0}}),
        ("passage", "missed", {"missed": {"person": 1}}),
        ("finding", "right", {"entity": "PERSON"}),
        ("finding", "wrong-kind", {"entity": "a person"}),
    ],
)
def test_an_answer_that_fits_no_question_is_refused(
    project: Project, dataset: Dataset, ask: str, said: str, more: dict[str, object]
) -> None:
    sample = draw(project, dataset, size=20)
    number = next(item.number for item in sample.items if item.ask == ask)
    with pytest.raises(InputError):
        record_answer(project, sample, number, said, **more)  # type: ignore[arg-type]
    assert read_answers(project, sample) == {}
    with pytest.raises(NotFoundError):
        record_answer(project, sample, 21, "right")


def test_a_sample_whose_findings_are_gone_says_so(project: Project, dataset: Dataset) -> None:
    sample = draw(project, dataset, size=20)
    with_findings(project, dataset, [])
    item = next(item for item in sample.items if item.ask == "finding")
    with pytest.raises(InputError, match="have changed"):
        question(project, sample, item)


def test_a_damaged_or_unknown_sample_is_told(project: Project, dataset: Dataset) -> None:
    with pytest.raises(NotFoundError, match="no double check yet"):
        open_sample(project)
    sample = draw(project, dataset, size=20)
    with pytest.raises(NotFoundError):
        open_sample(project, "../x")
    sample_file(project, sample.id).write_text('{"id": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        open_sample(project, sample.id)


# Estimates


def world(
    findings: list[tuple[int, float, int]], texts: list[tuple[int, float, int]], seed: int
) -> tuple[Sample, dict[int, Answer], float, float]:
    """A sample of a made-up version with its answers, and its true precision and recall.

    ``findings``: how many, the share that is right, how many are drawn. ``texts``: how many
    passages, missed values a passage, how many are drawn.
    """
    generator = random.Random(seed)
    strata, items, answers = [], [], {}
    right = missed = total = 0

    def add(ask: str, stratum: str, said: str, count: int = 0) -> None:
        number = len(items) + 1
        items.append(Item(number=number, ask=ask, stratum=stratum, example_id="x", places=1))  # type: ignore[arg-type]
        counts = {"PERSON": count} if count else {}
        answers[number] = Answer(item=number, said=said, missed=counts, who="w", when="t")

    for index, (size, share, drawn) in enumerate(findings):
        name = f"E{index}"
        units = [generator.random() < share for _ in range(size)]
        right, total = right + sum(units), total + size
        strata.append(Stratum(ask="finding", name=name, population=size, places=size, drawn=drawn))
        for unit in units[:drawn]:
            add("finding", name, "right" if unit else "wrong")
    for index, (size, rate, drawn) in enumerate(texts):
        name = f"T{index}"
        hidden = [sum(generator.random() < rate / 2 for _ in range(2)) for _ in range(size)]
        missed += sum(hidden)
        strata.append(Stratum(ask="passage", name=name, population=size, drawn=drawn))
        for count in hidden[:drawn]:
            add("passage", name, "missed" if count else "nothing", count)
    sample = Sample(
        id="check", dataset="d@v0001", created="", who="", seed=0, strata=tuple(strata), items=tuple(items)
    )
    return sample, answers, right / total, right / (right + missed)


def test_an_answer_about_everything_gives_the_truth_and_no_interval() -> None:
    sample, answers, precision, recall = world(
        [(40, 0.8, 40), (20, 0.9, 20)], [(50, 0.1, 50), (30, 0.3, 30)], 1
    )
    found = estimate(sample, answers)
    assert found.precision is not None
    assert found.recall is not None
    for share, truth in ((found.precision, precision), (found.recall, recall)):
        assert share.value == pytest.approx(truth)
        assert share.low == pytest.approx(truth)
        assert share.high == pytest.approx(truth)
    assert found.more == {"findings": 0, "passages": 0}


def test_strata_count_by_their_size_and_not_by_their_questions() -> None:
    sample, answers, *_ = world([(9000, 1.0, 10), (1000, 0.0, 90)], [(10_000, 0.0, 50)], 0)
    found = estimate(sample, answers)
    assert found.precision is not None
    assert found.precision.value == pytest.approx(0.9)
    assert found.precision.right == 10


def test_a_recall_counts_missed_values_by_the_size_of_their_stratum() -> None:
    sample, answers, *_ = world([(900, 1.0, 30)], [(100, 0.0, 10), (1000, 0.0, 10)], 0)
    missed = next(number for number, item in enumerate(sample.items, 1) if item.stratum == "T1")
    answers[missed] = Answer(item=missed, said="missed", missed={"PERSON": 1}, who="w", when="t")
    found = estimate(sample, answers)
    assert found.recall is not None
    assert found.recall.missed == pytest.approx(100)
    assert found.recall.value == pytest.approx(0.9)
    assert found.recall.low < 0.8 < 0.9 < found.recall.high < 1
    (person,) = [one for one in found.recall_by_entity if one.name == "PERSON"]
    assert (person.found, person.value) == (0, 0)


def test_a_wrong_kind_is_found_whatever_it_was_called() -> None:
    sample, answers, *_ = world([(10, 1.0, 10), (10, 1.0, 10)], [(10, 0.0, 10)], 0)
    answers[1] = Answer(item=1, said="wrong-kind", entity="E1", who="w", when="t")
    found = estimate(sample, answers)
    assert found.precision is not None
    assert found.precision_any_kind is not None
    assert found.recall is not None
    assert (found.precision.value, found.precision_any_kind.value, found.recall.value) == (0.95, 1.0, 1.0)
    recalls = {one.name: one.value for one in found.recall_by_entity}
    assert recalls == {"E0": 1.0, "E1": pytest.approx(10 / 11)}


def test_unsure_answers_are_left_out_and_counted() -> None:
    sample, answers, *_ = world([(100, 1.0, 10)], [(100, 0.0, 10)], 0)
    answers[1] = Answer(item=1, said="unsure", who="w", when="t")
    found = estimate(sample, answers)
    assert (found.unsure, found.answered) == (1, 19)
    assert found.precision is not None
    assert found.precision.answered == 9
    assert "1 unsure" in found.words()


def test_recall_waits_for_an_answer_in_every_stratum() -> None:
    sample, answers, *_ = world([(100, 1.0, 10)], [(100, 0.0, 10), (100, 0.0, 10)], 0)
    some = {number: answer for number, answer in answers.items() if sample.items[number - 1].stratum != "T1"}
    found = estimate(sample, some)
    assert found.precision is not None
    assert found.recall is None
    assert "every stratum" in found.words()
    assert estimate(sample, {}).precision is None


def test_more_answers_are_asked_for_a_narrower_interval() -> None:
    sample, answers, *_ = world([(5000, 0.8, 50)], [(9000, 0.1, 50)], 3)
    wide, narrow = estimate(sample, answers, within=0.2), estimate(sample, answers, within=0.02)
    assert wide.more["findings"] == 0
    assert 500 < narrow.more["findings"] <= 4950
    assert narrow.more["passages"] > 100


WORLDS = {
    "like a support log": (
        [(3000, 0.9, 40), (2000, 0.97, 30), (500, 0.7, 20)],
        [(3000, 0.05, 40), (9000, 0.02, 50), (9000, 0.002, 10)],
    ),
    "few questions": ([(300, 0.95, 10), (300, 0.8, 10)], [(500, 0.1, 15), (500, 0.02, 15)]),
    "nearly perfect": ([(3000, 0.995, 50), (900, 0.99, 30)], [(3000, 0.005, 50), (9000, 0.001, 40)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_the_intervals_hold_the_truth_as_often_as_they_say(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.double_check.estimating.DRAWS", 2000)
    held = Counter[str]()
    for seed in range(100):
        sample, answers, precision, recall = world(*WORLDS[name], seed)
        found = estimate(sample, answers)
        assert found.precision is not None
        assert found.recall is not None
        held["precision"] += found.precision.low - 1e-9 <= precision <= found.precision.high + 1e-9
        held["recall"] += found.recall.low - 1e-9 <= recall <= found.recall.high + 1e-9
    assert held["precision"] >= 88
    assert held["recall"] >= 88


@given(st.integers(0, 1000), st.integers(1, 40), st.floats(0, 1), st.floats(0, 0.5))
def test_every_interval_holds_its_point(seed: int, drawn: int, share: float, rate: float) -> None:
    sample, answers, *_ = world([(40, share, drawn), (10, 0.5, 5)], [(60, rate, drawn)], seed)
    found = estimate(sample, answers)
    for one in (
        found.precision,
        found.precision_any_kind,
        found.recall,
        *found.precision_by_entity,
        *found.recall_by_entity,
    ):
        assert one is not None
        assert 0 <= one.low <= one.value + 1e-9
        assert one.value <= one.high + 1e-9 <= 1 + 1e-8
    json.dumps(found.as_dict(), allow_nan=False)
    assert len(table_rows(found)) >= 3


# The command line and the page


def test_a_double_check_from_the_command_line(here: Command, project: Project) -> None:
    drawn = here("double-check", "draw", "chats", "--size", 12, "--seed", 3, "--json").data
    assert drawn["questions"] == 12
    shown = 0
    for _ in range(12):
        asked = here("double-check", "next", "--json").data["question"]
        shown += MAIL in json.dumps(asked) or NAME in json.dumps(asked)
        if asked["ask"] == "finding":
            answer = here("double-check", "answer", asked["number"], "right")
        else:
            answer = here("double-check", "answer", asked["number"], "missed", "--missed", "PERSON=1")
        assert answer.returncode == 0
    assert shown == 0
    assert here("double-check", "next", "--json").data["question"] is None
    found = here("double-check", "estimate", "--check", drawn["check"], "--json").data
    assert found["precision"]["value"] == 1
    assert found["recall"]["value"] < 0.7
    text = here("double-check", "estimate").stdout
    assert "12 of 12 questions answered" in text
    assert here("double-check", "answer", 1, "right", "--missed", "PERSON").returncode == 2


def test_the_command_line_shows_a_value_that_is_asked_for(
    here: Command, project: Project, dataset: Dataset
) -> None:
    sample = draw(project, dataset, size=20)
    for item in sample.items:
        if item.stratum == "EMAIL_ADDRESS":
            break
        record_answer(project, sample, item.number, "unsure")
    assert MAIL not in here("double-check", "next").stdout
    assert MAIL in here("double-check", "next", "--reveal", "--who", "rita").stdout
    assert [line.who for line in read_reveals(project)] == ["rita"]


def test_the_page_draws_asks_and_estimates(project: Project, open_page: Open) -> None:
    app = open_page(project, "personal_data")
    app.segmented_control(key="personal_view").set_value("check").run()
    app.number_input(key="check_size").set_value(12)
    fine(app.button(key="check_draw").click().run())
    sample = open_sample(project)
    assert len(sample.items) == 12
    for item in sample.items:
        assert f"Question {item.number} of 12" in words(app)
        assert NAME not in words(app) + html_of(app)
        if item.ask == "finding":
            app.button(key="check_right").click().run()
        elif item.stratum == STRATA[0]:
            app.selectbox(key="check_kind").set_value("PERSON")
            app.button(key="check_missed").click().run()
        else:
            app.button(key="check_nothing").click().run()
        fine(app)
    said = Counter(answer.said for answer in read_answers(project, sample).values())
    assert said["right"] == 6
    assert said["missed"] > 0
    assert metrics(app)["Precision"] == "100.0 %"
    assert "All 12 questions are answered" in app.success[0].value


def test_the_page_records_one_look_for_a_question(
    project: Project, dataset: Dataset, open_page: Open
) -> None:
    sample = draw(project, dataset, size=20)
    app = open_page(project, "personal_data")
    app.segmented_control(key="personal_view").set_value("check").run()
    while (item := next_item(project, sample)) is not None and item.stratum != "PERSON":
        app.button(key="check_unsure").click().run()
    app.toggle(key="check_show").set_value(True).run()
    assert NAME in html_of(fine(app))
    fine(app.text_input(key="check_who").set_value("rita").run())
    assert len(read_reveals(project)) == 1


def _content(dataset: Dataset, item: Item) -> str:
    row = next(row for row in dataset.examples() if row["id"] == item.example_id)
    return str(row[item.part][item.message]["content"])  # type: ignore[literal-required]
