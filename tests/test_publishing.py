"""Publish applies proposals, people overrule them, and everything can be undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.make import example, proposed, sentence, stored
from workbench.comparing import diff
from workbench.decisions import decide, import_decisions, read_decisions, standing
from workbench.errors import InputError
from workbench.findings import read_findings
from workbench.projects import Project, init_project
from workbench.publishing import apply_spans, publish, restore
from workbench.versions import Dataset, open_dataset

ANSWER = "We have sent your parcel today."


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


@pytest.fixture
def dataset(project: Project) -> Dataset:
    """Rows: 1 clean, 2 copy of 1, 3 empty answer, 4 with an e-mail address, 5 clean."""
    rows = [
        example("Where is my parcel?", ANSWER, label="a"),
        example("Where is my parcel?", ANSWER, label="a"),
        example("And mine?", ""),
        example("Write to jane.doe@example.com please", ANSWER),
        example(sentence(1), ANSWER),
    ]
    dataset = stored(project, "d", rows)
    proposed(project, dataset, "[quality, personal_data, exact_duplicates]")
    return dataset


def lines(dataset: Dataset) -> list[int]:
    return [row["source"]["line"] for row in dataset.examples()]


def finding_of(project: Project, dataset: Dataset, step: str) -> str:
    return next(f.id for f in read_findings(project, dataset, step=step))


def test_proposals_are_applied_with_a_reason_for_every_row(project: Project, dataset: Dataset) -> None:
    result = publish(project, dataset)
    new = open_dataset(project, "d")
    assert lines(new) == [1, 4, 5]
    assert result.dropped == {"exact_duplicates.exact_verbatim": 1, "quality.empty_answer": 1}
    assert result.edited == {"personal_data.personal_data": 1}
    edited = list(new.examples())[1]
    assert edited["messages"][0]["content"] == "Write to <EMAIL_ADDRESS> please"
    assert json.loads(edited["meta"] or "")["edited_from"] == list(dataset.examples())[3]["id"]
    assert diff(project, dataset, new).reasons == {
        "dropped: exact_duplicates.exact_verbatim": 1,
        "dropped: quality.empty_answer": 1,
        "edited: personal_data.personal_data": 1,
    }


def test_publishing_twice_changes_nothing(project: Project, dataset: Dataset) -> None:
    assert publish(project, dataset).dataset == publish(project, dataset).dataset == "d@v0002"


def test_an_overruled_proposal_is_not_applied(project: Project, dataset: Dataset) -> None:
    decide(project, [finding_of(project, dataset, "quality")], "reject", dataset="d", who="eva", why="meant")
    result = publish(project, dataset)
    assert result.overruled == 1
    assert 3 in lines(open_dataset(project, "d"))


def test_keep_beats_every_proposal_to_drop(project: Project, dataset: Dataset) -> None:
    identity = list(dataset.examples())[2]["id"]
    decide(project, [identity], "keep", dataset="d", target="example")
    publish(project, dataset)
    assert 3 in lines(open_dataset(project, "d"))


def test_a_person_can_drop_a_clean_row(project: Project, dataset: Dataset) -> None:
    identity = list(dataset.examples())[4]["id"]
    decide(project, [identity], "drop", dataset="d", target="example", who="eva", why="off topic")
    assert publish(project, dataset).dropped["decision.person"] == 1
    assert 5 not in lines(open_dataset(project, "d"))


def test_dropping_the_keeper_keeps_its_copy(project: Project, dataset: Dataset) -> None:
    identity = next(iter(dataset.examples()))["id"]
    decide(project, [identity], "drop", dataset="d", target="example")
    publish(project, dataset)
    assert lines(open_dataset(project, "d")) == [2, 4, 5]


def test_undo_brings_the_proposal_back(project: Project, dataset: Dataset) -> None:
    finding = finding_of(project, dataset, "quality")
    decide(project, [finding], "reject", dataset="d")
    decide(project, [finding], "undo", dataset="d")
    assert standing(project).findings == {}
    publish(project, dataset)
    assert 3 not in lines(open_dataset(project, "d"))


def test_decisions_hold_when_the_rows_come_again(project: Project, dataset: Dataset) -> None:
    decide(project, [finding_of(project, dataset, "quality")], "reject", dataset="d")
    again = stored(project, "other", list(dataset.examples()))
    proposed(project, again, "[quality]")
    assert publish(project, again).overruled == 1


def test_restore_makes_an_old_version_the_newest(project: Project, dataset: Dataset) -> None:
    publish(project, dataset)
    restored = restore(project, "d@v1")
    assert restored.ref == "d@v0003"
    assert restored.content_hash == dataset.content_hash


def test_publish_without_findings_says_what_to_do(project: Project) -> None:
    with pytest.raises(InputError) as error:
        publish(project, stored(project, "d", [example("q", "a")]))
    assert "propose" in error.value.remedy


def test_a_torn_last_line_loses_only_itself(project: Project, dataset: Dataset) -> None:
    decide(project, ["aaaa", "bbbb"], "reject", dataset="d")
    path = project.folder("decisions.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    assert [d.id for d in read_decisions(project)] == ["aaaa"]
    decide(project, ["cccc"], "reject", dataset="d")
    assert [d.id for d in read_decisions(project)] == ["aaaa", "cccc"]


def test_decisions_travel_as_a_file(project: Project, dataset: Dataset, tmp_path: Path) -> None:
    decide(project, ["aaaa"], "reject", dataset="d", who="eva")
    other = init_project(tmp_path / "other")
    assert import_decisions(other, project.folder("decisions.jsonl")) == 1
    assert standing(other).findings["aaaa"].who == "eva"


def test_overlapping_spans_are_edited_once() -> None:
    row = example("mail jane@example.com now", "ok")
    spans = [
        {"part": "messages", "message": 0, "start": 5, "end": 21, "replacement": "<A>"},
        {"part": "messages", "message": 0, "start": 10, "end": 21, "replacement": "<B>"},
        {"part": "messages", "message": 0, "start": 22, "end": 25, "replacement": "<C>"},
    ]
    assert apply_spans(row, spans)["messages"][0]["content"] == "mail <A> <C>"


def test_the_rest_of_an_overlapping_span_is_edited_too() -> None:
    row = example("key AAAABBBBCCCC end", "ok")
    spans = [
        {"part": "messages", "message": 0, "start": 4, "end": 12, "replacement": "<A>"},
        {"part": "messages", "message": 0, "start": 8, "end": 16, "replacement": "<B>"},
    ]
    assert apply_spans(row, spans)["messages"][0]["content"] == "key <A><B> end"


def test_damaged_text_is_repaired(project: Project) -> None:
    dataset = stored(
        project, "m", [example("Is the café open?", "The cafÃ© is open, weâ€™re glad you asked.")]
    )
    proposed(project, dataset, "[quality]")
    publish(project, dataset)
    (row,) = open_dataset(project, "m").examples()
    assert row["messages"][1]["content"].startswith("The café is open, we")
