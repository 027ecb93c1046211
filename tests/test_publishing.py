"""Publish applies proposals, people overrule them, and everything can be undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import Command
from tests.make import example, proposed, sentence, standing, stored
from workbench.comparing import changes_between, diff
from workbench.decision_files import import_decisions
from workbench.decisions import decide, read_decisions
from workbench.editing import apply_spans, hidden_id
from workbench.errors import BusyError, InputError
from workbench.files import write_json
from workbench.findings import Finding, findings_folder, read_findings, write_findings
from workbench.projects import Project, init_project
from workbench.publishing import publish, restore
from workbench.value_keys import value_key
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
    assert edited["messages"][0]["content"] == "Write to <EMAIL_ADDRESS_1> please"
    old_id = list(dataset.examples())[3]["id"]
    assert json.loads(edited["meta"] or "")["edited_from"] == hidden_id(old_id, value_key(project)) != old_id
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
    assert standing(project) == {}
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
    assert standing(other)["aaaa"] == ("reject", "eva")


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


def equal_rows(project: Project) -> tuple[Dataset, dict[int, str]]:
    """Three equal rows, of which the first is the keeper, and the finding about each of the others."""
    dataset = stored(project, "three", [example("Where is my parcel?", ANSWER) for _ in range(3)])
    proposed(project, dataset, "[exact_duplicates]")
    return dataset, {finding.source["line"]: finding.id for finding in read_findings(project, dataset)}


def test_a_duplicate_with_another_fault_does_not_replace_its_keeper(project: Project) -> None:
    dataset = stored(
        project, "d", [example("And mine?", ""), example("And mine?", ""), example("Hi", ANSWER)]
    )
    proposed(project, dataset, "[exact_duplicates, quality]")
    decide(project, [next(iter(dataset.examples()))["id"]], "drop", dataset="d", target="example")
    publish(project, dataset)
    assert lines(open_dataset(project, "d")) == [3]


def test_a_duplicate_that_a_person_wants_dropped_does_not_replace_its_keeper(project: Project) -> None:
    dataset, findings = equal_rows(project)
    assert sorted(findings) == [2, 3]
    decide(project, [findings[2]], "accept", dataset="three")
    decide(project, [next(iter(dataset.examples()))["id"]], "drop", dataset="three", target="example")
    publish(project, dataset)
    assert lines(open_dataset(project, "three")) == [3]


GREETING = "The parcel left our warehouse on Monday and will be with you by Friday at noon"


def test_a_group_whose_keeper_has_a_fault_keeps_another_row(project: Project) -> None:
    question = "Where is the parcel that I ordered last week in your shop in the old town?"
    rows = [
        example(question, f"{GREETING} and the"),
        example(question, f"{GREETING}."),
        example("Hi", ANSWER),
    ]
    dataset = stored(project, "cut", rows)
    proposed(project, dataset, "[{near_duplicates: {keeper: [first]}}, {quality: {truncated: drop}}]")
    assert {(f.step, f.source["line"]) for f in read_findings(project, dataset, proposals=("drop",))} == {
        ("near_duplicates", 2),
        ("quality", 1),
    }
    publish(project, dataset)
    assert lines(open_dataset(project, "cut")) == [2, 3]


def test_a_cap_on_a_label_is_not_undone_by_duplicates(project: Project) -> None:
    rows = [example(f"{sentence(i)} {i}", ANSWER, label="many") for i in range(8) for _ in range(2)]
    rows += [example(f"{sentence(i)} {i}", ANSWER, label="few") for i in range(50, 54)]
    dataset = stored(project, "capped", rows)
    proposed(project, dataset, "[exact_duplicates, {balance: {cap_share: 0.4}}]")
    assert publish(project, dataset).dropped == {"balance.surplus": 4, "exact_duplicates.exact_verbatim": 8}


def test_findings_that_are_gone_are_not_nothing_found(project: Project, dataset: Dataset) -> None:
    path = findings_folder(project, dataset) / "personal_data.parquet"
    held = path.read_bytes()
    for damage in (path.unlink, lambda: path.write_bytes(held[:50])):
        damage()
        with pytest.raises(InputError, match="personal_data") as error:
            publish(project, dataset)
        assert error.value.where == str(path)
        assert "propose" in error.value.remedy
    path.write_bytes(held)
    assert publish(project, dataset).dataset == "d@v0002"


@pytest.mark.parametrize("summary", [{}, {"recipe": []}, {"recipe": {"steps": ["quality"]}}])
def test_a_damaged_summary_of_findings_is_named(
    project: Project, dataset: Dataset, summary: dict[str, object]
) -> None:
    path = findings_folder(project, dataset) / "propose.json"
    write_json(path, summary)
    with pytest.raises(InputError, match="damaged") as error:
        publish(project, dataset)
    assert error.value.where == str(path)


def test_rows_that_become_equal_are_recorded_under_the_ids_they_get(project: Project) -> None:
    rows = [example(f"Write to {name}@example.com please", ANSWER) for name in ("jane.doe", "john.roe")]
    dataset = stored(project, "mails", rows)
    proposed(project, dataset, "[personal_data]")
    publish(project, dataset)
    new = open_dataset(project, "mails")
    ids = [row["id"] for row in new.examples()]
    assert ids[1] == f"{ids[0]}-2"
    assert [change["new_id"] for change in changes_between(project, dataset, new)] == ids
    assert diff(project, dataset, new).edited == 2


def test_a_weight_of_nothing_stays_nothing(project: Project) -> None:
    rows = [example(f"{sentence(i)} {i}", ANSWER, label="few" if i > 7 else "many") for i in range(10)]
    for row in rows:
        row["weight"] = 0.0
    dataset = stored(project, "none", rows)
    proposed(project, dataset, "[{balance: {action: weight}}]")
    assert [finding.proposal for finding in read_findings(project, dataset)] == ["weight"] * 8
    publish(project, dataset)
    assert [row["weight"] for row in open_dataset(project, "none").examples()] == [0.0] * 10


# --- publish: held, whole, and told


def test_no_recipe_can_start_while_a_version_is_published(project: Project, dataset: Dataset) -> None:
    refused = []

    def progress(_done: int, _total: int) -> None:
        if not refused:
            with pytest.raises(BusyError) as error:
                proposed(project, dataset, "[quality]")
            refused.append(error.value)

    rows = [example(f"{sentence(i)} {i}", ANSWER) for i in range(1001)]
    dataset = stored(project, "many", rows)
    proposed(project, dataset, "[quality]")
    publish(project, dataset, progress=progress)
    assert len(refused) == 1
    proposed(project, dataset, "[quality]")


def test_a_version_is_not_published_while_a_recipe_runs(
    project: Project, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.publishing.LOCK_SECONDS", 0.05)
    with FileLock(findings_folder(project, dataset) / ".lock"), pytest.raises(BusyError):
        publish(project, dataset)
    assert publish(project, dataset).dataset == "d@v0002"


def test_every_change_of_a_version_in_many_files_reaches_its_own_row(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.versions.PART_ROWS", 1000)
    dataset = stored(project, "large", [example(f"Mail {i} to someone", ANSWER) for i in range(2500)])
    assert len(dataset.files()) == 3
    folder = findings_folder(project, dataset)
    span = {"part": "messages", "message": 0, "start": 0, "end": 4, "replacement": "Write"}
    for step, proposal, third, evidence in (
        ("first", "drop", 0, {}),
        ("second", "rewrite", 1, {"spans": [span]}),
        ("second_tags", "tag", 2, {"tags": ["cluster:x"]}),
        ("third", "drop", 0, {}),
    ):
        rows = reversed([row for row in dataset.examples() if (row["source"]["line"] - 1) % 3 == third])
        found = [Finding(step, "k", row["id"], row["source"], 1.0, proposal, evidence) for row in rows]
        write_findings(folder / f"{step}.parquet", found, "f")
    steps = [{step: {}} for step in ("first", "second", "second_tags", "third")]
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": steps}})
    result = publish(project, dataset)
    assert (result.rows_in, result.rows_out) == (2500, 1666)
    assert (result.dropped, result.edited) == ({"first.k": 834}, {"second.k": 833})
    for row in open_dataset(project, "large").examples():
        number = row["source"]["line"] - 1
        edited = number % 3 == 1
        assert number % 3
        assert row["messages"][0]["content"] == f"{'Write' if edited else 'Mail'} {number} to someone"
        assert row["tags"] == ([] if edited else ["cluster:x"])
    changes = list(changes_between(project, dataset, open_dataset(project, "large")))
    assert [c["source"]["line"] for c in changes] == [i + 1 for i in range(2500) if i % 3 != 2]
    assert {(change["change"], change["new_id"] is None) for change in changes} == {
        ("dropped", True),
        ("edited", False),
    }
    assert not list(project.folder("datasets", "large").glob(".changes*"))


def test_what_a_person_decides_about_rows_elsewhere_changes_nothing(
    project: Project, dataset: Dataset
) -> None:
    decide(project, ["0" * 24], "drop", dataset="d", target="example")
    assert "decision.person" not in publish(project, dataset).dropped


# --- diff


def test_a_diff_shows_rows_of_every_reason(project: Project, dataset: Dataset) -> None:
    publish(project, dataset)
    found = diff(project, dataset, open_dataset(project, "d"))
    assert (found.same, found.removed, found.added, found.edited) == (2, 3, 1, 1)
    assert found.added_reasons == {"edited: personal_data.personal_data": 1}
    (edited,) = found.examples["edited: personal_data.personal_data"]
    before, after = (list(v.examples())[i] for v, i in ((dataset, 3), (open_dataset(project, "d"), 1)))
    assert (edited["id"], edited["new_id"]) == (before["id"], after["id"])
    assert edited["source"] == {"file": "test.jsonl", "line": 4}
    (span,) = edited["spans"]
    texts = [row["messages"][0]["content"] for row in (before, after)]
    assert texts[0][slice(*span["before"])] in "jane.doe@example.com"
    assert [text[: span[side][0]] for text, side in zip(texts, ("before", "after"), strict=True)] == [
        "Write to "
    ] * 2
    (empty,) = found.examples["dropped: quality.empty_answer"]
    assert (empty["source"]["line"], "new_id" in empty) == (3, False)


def test_a_diff_backwards_tells_what_was_undone(project: Project, dataset: Dataset) -> None:
    publish(project, dataset)
    found = diff(project, open_dataset(project, "d"), dataset)
    assert (found.removed, found.added, found.edited) == (1, 3, 1)
    assert found.reasons == {"undone: edited: personal_data.personal_data": 1}
    assert found.added_reasons == {
        "undone: dropped: exact_duplicates.exact_verbatim": 1,
        "undone: dropped: quality.empty_answer": 1,
        "undone: edited: personal_data.personal_data": 1,
    }


def test_a_restored_version_differs_by_what_it_undoes(project: Project, dataset: Dataset) -> None:
    publish(project, dataset)
    restored = restore(project, "d@v1")
    assert diff(project, dataset, restored).reasons == {}
    found = diff(project, open_dataset(project, "d@2"), restored)
    assert "undone: dropped: quality.empty_answer" in found.added_reasons


def test_an_edit_is_followed_over_several_versions(project: Project, dataset: Dataset) -> None:
    publish(project, dataset)
    second = open_dataset(project, "d")
    row = list(second.examples())[1]
    span = {"part": "messages", "message": 0, "start": 0, "end": 5, "replacement": "Send"}
    finding = Finding("quality", "style", row["id"], row["source"], 1.0, "rewrite", {"spans": [span]})
    folder = findings_folder(project, second)
    write_findings(folder / "quality.parquet", [finding], "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"quality": {}}]}})
    publish(project, second)
    found = diff(project, dataset, open_dataset(project, "d"))
    assert found.edited == 1
    (edited,) = found.examples["edited: personal_data.personal_data"]
    assert edited["new_id"] == list(open_dataset(project, "d").examples())[1]["id"]
    assert len(edited["spans"]) == 2


def test_two_datasets_are_compared_by_content(project: Project, dataset: Dataset) -> None:
    publish(project, dataset)
    rows = [row for row in dataset.examples() if row["source"]["line"] != 5]
    other = stored(project, "other", [*rows, example("Something new?", ANSWER)])
    found = diff(project, dataset, other)
    assert (found.same, found.reasons, found.added_reasons) == (4, {"not recorded": 1}, {"not recorded": 1})
    published = diff(project, other, open_dataset(project, "d"))
    assert published.reasons["dropped: quality.empty_answer"] == 1


def test_the_text_of_a_diff_masks_personal_data(here: Command, project: Project, dataset: Dataset) -> None:
    decide(project, [list(dataset.examples())[3]["id"]], "drop", dataset="d", target="example")
    publish(project, dataset)
    decide(project, [list(dataset.examples())[3]["id"]], "undo", dataset="d", target="example")
    publish(project, dataset)
    for new in ("d@2", "d@3"):
        answer = here("diff", "d@1", new, "--examples", 5)
        assert "test.jsonl:4" in answer.stdout
        assert "jane" not in answer.stdout
        assert "▒▒▒▒" in answer.stdout
    assert "<EMAIL_ADDRESS_1>" in answer.stdout
    assert "jane" not in here("diff", "d@1", "d@3", "--json").stdout


def test_a_diff_prints_nothing_that_a_terminal_would_obey(here: Command, project: Project) -> None:
    stored(project, "a", [example("\x1b[2J\x07wipe\u202e", ANSWER)])
    stored(project, "b", [example("clean", ANSWER)])
    assert not any(mark in here("diff", "a", "b").stdout for mark in ("\x1b", "\x07", "\u202e"))


def test_what_an_edit_leaves_of_personal_data_is_masked_too(here: Command, project: Project) -> None:
    dataset = stored(project, "two", [example("Write to jane.doe@example.com or call", ANSWER)])
    (row,) = dataset.examples()
    span = {"part": "messages", "message": 0, "start": 33, "end": 37, "replacement": "phone"}
    finding = Finding("style", "word", row["id"], row["source"], 1.0, "rewrite", {"spans": [span]})
    folder = findings_folder(project, dataset)
    write_findings(folder / "style.parquet", [finding], "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"style": {}}]}})
    publish(project, dataset)
    shown = here("diff", "two@1", "two@2").stdout
    assert "[phone]" in shown
    assert "jane" not in shown


def test_changes_that_a_restored_version_has_undone_are_not_on_the_way(
    project: Project, dataset: Dataset
) -> None:
    publish(project, dataset)
    assert len(list(changes_between(project, dataset, open_dataset(project, "d")))) == 3
    assert list(changes_between(project, dataset, restore(project, "d@v1"))) == []
