"""The leak audit finds what was planted, wherever it hides, and leaves a clean project alone."""

from __future__ import annotations

import base64
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import example, stored
from workbench.decisions import decide
from workbench.examples import Example, content_id
from workbench.files import write_json
from workbench.findings import Finding, findings_folder, read_findings, write_findings
from workbench.leak_audit import searching
from workbench.leak_audit.auditing import audit
from workbench.leak_audit.forms import composed, fold, folded_places, forms, views
from workbench.leak_audit.replaced import text_at
from workbench.leak_audit.residual import residue, stock_residue
from workbench.leak_audit.results import Audit, audit_file, load_audit
from workbench.leak_audit.searching import Searcher, Value
from workbench.projects import Project
from workbench.publishing import publish
from workbench.scrubbing.marks import marks_for
from workbench.value_keys import value_key
from workbench.versions import Dataset, open_dataset, write_version

NAME = "Henrietta Quimby"
MAIL = "henrietta.quimby@brindlewick.co"
PHONE = "+44 7911 123456"
VALUES = {NAME: "PERSON", MAIL: "EMAIL_ADDRESS", PHONE: "PHONE_NUMBER"}


def spans(row: Example, *values: str, times: int | None = None, **more: Any) -> list[dict[str, Any]]:
    """Spans of values in a row's messages, at most ``times`` of each: fewer is a scrub that misses."""
    found: list[dict[str, Any]] = []
    for value in values:
        count = 0
        for index, entry in enumerate(row["messages"]):
            start = entry["content"].find(value)
            while start >= 0 and (times is None or count < times):
                own = {"part": "messages", "message": index, "start": start, "end": start + len(value)}
                entity = VALUES.get(value, "PERSON")
                found.append(
                    {**own, "entity": entity, "score": 0.9, "operator": "tag", "replacement": f"<{entity}_1>"}
                    | more
                )
                count += 1
                start = entry["content"].find(value, start + 1)
    return found


def scrubbed(
    project: Project, rows: list[Example], found: list[list[dict[str, Any]]], name: str = "d"
) -> Dataset:
    """Publish rows with these spans as the findings of step personal_data."""
    dataset = stored(project, name, rows)
    findings = [
        Finding("personal_data", "personal_data", row["id"], row["source"], 0.9, "rewrite", {"spans": own})
        for row, own in zip(rows, found, strict=True)
        if own
    ]
    folder = findings_folder(project, dataset)
    write_findings(folder / "personal_data.parquet", findings, "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"personal_data": {}}]}})
    publish(project, dataset)
    return open_dataset(project, name)


def one_row(project: Project, times: int | None = None, **more: Any) -> Dataset:
    row = example(f"I am {NAME}, write to {MAIL} or call {PHONE}.", "Noted.", **more)
    return scrubbed(project, [row], [spans(row, *VALUES, times=times)])


def places(found: Audit) -> dict[str, int]:
    return dict(found.leaks["by_place"])


def kept_text(project: Project, dataset: Dataset) -> str:
    return audit_file(project, dataset).read_text(encoding="utf-8")


# --- clean -----------------------------------------------------------------------------------


def test_a_project_that_was_scrubbed_whole_is_clean(project: Project) -> None:
    dataset = one_row(project)
    found = audit(project, dataset)
    assert (found.verdict, found.leaks["total"], found.residual["total"]) == ("clean", 0, 0)
    assert found.values["searched"] == 3
    assert found.values["by_entity"] == {"EMAIL_ADDRESS": 1, "PERSON": 1, "PHONE_NUMBER": 1}
    assert found.not_searched == {"another version of this data set": 2}
    assert load_audit(project, dataset) == found


def test_the_same_project_gives_the_same_bytes(project: Project) -> None:
    dataset = one_row(project)
    audit(project, dataset)
    first = kept_text(project, dataset)
    audit(project, dataset)
    assert kept_text(project, dataset) == first


def test_an_audit_of_other_rows_is_not_given_back(project: Project) -> None:
    dataset = one_row(project)
    audit(project, dataset)
    path = audit_file(project, dataset)
    kept = json.loads(path.read_text())
    write_json(path, kept | {"content_hash": "0" * 64})
    assert load_audit(project, dataset) is None


# --- planted leaks ---------------------------------------------------------------------------


def test_an_occurrence_that_the_scrub_missed_is_found_with_its_place(project: Project) -> None:
    row = example(f"I am {NAME}.", f"Hello {NAME}.")
    dataset = scrubbed(project, [row], [spans(row, NAME, times=1)])
    found = audit(project, dataset)
    assert found.verdict == "leaks"
    (location,) = found.leaks["locations"]
    (published,) = dataset.examples()
    assert location["example"] == published["id"]
    assert (location["part"], location["message"], location["field"]) == ("messages", 1, "content")
    assert published["messages"][1]["content"][location["start"] :].startswith(NAME)


@pytest.mark.parametrize(
    "written",
    [
        NAME.upper(),
        "Henrietta  Quimby",
        "Henrietta_Quimby",
        "Quimby, Henrietta",
        "Henrietta%20Quimby",
        "Henrietta&#32;Quimby",
        "Henrietta\u00adQuim\u200bby",
        "Henrietta\\nQuimby",
        "\\u0048enrietta Quimby",
        base64.b64encode(f"name={NAME};".encode()).decode(),
        f"henrietta quimby {'x' * 30}".encode().hex(),
        "447911123456",
        "07911 123456",
        "Tel. (44) 7911-123.456",
        MAIL.replace("@", "%40"),
        "ｈｅｎｒｉｅｔｔａ　ｑｕｉｍｂｙ",
    ],
)
def test_another_writing_of_a_value_is_found(project: Project, written: str) -> None:
    row = example(f"I am {NAME}, write to {MAIL} or call {PHONE}.", f"Seen: {written}!")
    found = audit(project, scrubbed(project, [row], [spans(row, *VALUES)]))
    assert found.verdict == "leaks"
    assert set(places(found)) == {"rows"}


@pytest.mark.parametrize("column", ["label", "group"])
def test_a_value_in_a_column_beside_the_messages_is_found(project: Project, column: str) -> None:
    found = audit(project, one_row(project, **{column: f"vip {NAME}"}))
    assert places(found)["rows"] == 1
    assert column in {one.get("part") for one in found.leaks["locations"]}


def test_a_value_in_tags_and_metadata_is_found(project: Project) -> None:
    found = audit(project, one_row(project, tags=[NAME], meta={"agent": NAME}))
    assert places(found) == {"rows": 2}


def test_a_value_in_the_name_of_a_source_file_is_found(project: Project) -> None:
    row = example(f"I am {NAME}.", "Noted.")
    row["source"] = {"file": "henrietta-quimby.jsonl", "line": 1}
    dataset = write_version(project, "d", [row], origin={"verb": "test"})
    evidence = {"spans": spans(row, NAME)}
    finding = Finding("personal_data", "personal_data", row["id"], row["source"], 0.9, "rewrite", evidence)
    folder = findings_folder(project, dataset)
    write_findings(folder / "personal_data.parquet", [finding], "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"personal_data": {}}]}})
    publish(project, dataset)
    found = audit(project, open_dataset(project, "d"))
    # The row, the line of the changes, and the source that the finding names.
    assert places(found) == {"datasets": 1, "findings": 1, "rows": 1}
    assert "quimby" not in kept_text(project, open_dataset(project, "d")).lower()


def test_a_value_in_base64_in_a_tool_call_is_found(project: Project) -> None:
    row = example(f"Mail {MAIL}", "Done.")
    blob = base64.urlsafe_b64encode(json.dumps({"to": MAIL}).encode()).decode()
    calls = [{"type": "function", "function": {"name": "send", "arguments": json.dumps({"body": blob})}}]
    row["messages"][1]["tool_calls"] = json.dumps(calls)
    row["id"] = content_id(row)
    found = audit(project, scrubbed(project, [row], [spans(row, MAIL)]))
    (location,) = found.leaks["locations"]
    assert (location["field"], location["entity"]) == ("tool_calls", "EMAIL_ADDRESS")
    assert "base64" in location["encoding"]


@pytest.mark.parametrize("nested", [[], ["$json"]])
def test_a_value_replaced_in_a_tool_call_is_searched_for(project: Project, nested: list[str]) -> None:
    row = example("Mail her", f"Sent to {MAIL}.")
    arguments = json.dumps({"to": [MAIL]})
    row["messages"][1]["tool_calls"] = json.dumps([{"function": {"arguments": arguments}}])
    span = {"part": "messages", "message": 1, "field": "tool_calls", "start": 0, "end": len(MAIL)}
    assert text_at(dict(row), span | {"path": [0, "function", "arguments", *nested, "to", 0]}) == MAIL
    assert text_at(dict(row), span | {"path": [0, "function", "arguments", *nested, "cc", 0]}) is None


@pytest.mark.parametrize(
    ("part", "more"), [("tags", {}), ("label", {}), ("group", {}), ("meta", {"path": ["agent"]})]
)
def test_a_value_replaced_beside_the_messages_is_read(part: str, more: dict[str, Any]) -> None:
    row = example("Hi", "Hi.", tags=[NAME], label=NAME, group=NAME, meta={"agent": NAME})
    assert text_at(dict(row), {"part": part, "message": 0, "start": 0, "end": 9, **more}) == "Henrietta"


def test_a_file_name_that_holds_a_value_is_found_and_not_repeated(project: Project) -> None:
    dataset = one_row(project)
    folder = project.folder("exports", "Henrietta Quimby")
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("nothing here")
    found = audit(project, dataset)
    assert places(found) == {"file names": 1}
    assert found.leaks["locations"][0]["file"] == "exports/(entry 1 of 1)"
    assert "quimby" not in kept_text(project, dataset).lower()


def test_run_logs_events_and_reports_are_searched(project: Project) -> None:
    dataset = one_row(project)
    run = project.folder("runs", "train-sft-1")
    run.mkdir(parents=True)
    (run / "log.txt").write_text(f"loading\nrow of {NAME} skipped\n")
    (run / "events.jsonl").write_text(json.dumps({"event": "sample", "text": f"mail {MAIL}"}) + "\n")
    report = project.folder("reports", "r.html")
    report.parent.mkdir()
    report.write_text(f"<p>{MAIL.replace('@', '&#64;')}</p>")
    found = audit(project, dataset)
    assert set(places(found)) == {"reports", "runs"}
    assert "html" in {one["encoding"] for one in found.leaks["locations"]}
    lines = {one["file"]: one["line"] for one in found.leaks["locations"]}
    assert lines["runs/train-sft-1/log.txt"] == 2


def test_packed_binary_and_outside_files_are_searched(project: Project, tmp_path: Path) -> None:
    dataset = one_row(project)
    cache = project.folder("cache")
    cache.mkdir()
    (cache / "rows.jsonl.gz").write_bytes(gzip.compress(f'{{"q": "{NAME}"}}'.encode()))
    (cache / "vectors.npy").write_bytes(b"\x93NUMPY\x00\x01" + f"{MAIL}".encode() + bytes(range(256)))
    with zipfile.ZipFile(cache / "all.zip", "w") as archive:
        archive.writestr("a.txt", f"call {PHONE}")
    outside = tmp_path / "export.jsonl"
    outside.write_text(f'{{"text": "{NAME}"}}')
    found = audit(project, dataset, also=[outside])
    assert places(found) == {"other files": 3, "outside the project": 1}


def test_a_file_that_cannot_be_read_makes_the_audit_incomplete(project: Project) -> None:
    dataset = one_row(project)
    project.folder("scores").mkdir()
    project.folder("scores", "x.parquet").write_bytes(b"not parquet")
    found = audit(project, dataset)
    assert (found.verdict, found.not_read) == ("not complete", ["scores/x.parquet"])


def test_decisions_and_findings_are_searched(project: Project) -> None:
    dataset = one_row(project)
    decide(project, ["0123456789abcdef"], "accept", dataset="d", who="me", why=f"asked by {NAME}")
    found = audit(project, dataset)
    assert places(found) == {"decisions": 1}


# --- what is no leak -------------------------------------------------------------------------


def test_a_value_within_a_longer_word_or_number_is_none(project: Project) -> None:
    row = example("I am Anne, 555777999.", "The Annexe has 15557779990 doors and an annealing oven.")
    own = [*spans(row, "Anne", times=1), *spans(row, "555777999", times=1)]
    found = audit(project, scrubbed(project, [row], [own]))
    assert found.leaks["total"] == 0


def test_short_and_everyday_values_are_left_out_and_counted(project: Project) -> None:
    row = example("I am Ann, Mother.", "Hello Ann. Mother is well.")
    found = audit(project, scrubbed(project, [row], [spans(row, "Ann", "Mother", times=1)]))
    assert found.verdict == "clean"
    assert found.values["left_out"] == {"an everyday word": 1, "shorter than 4 characters": 1}


def test_a_value_that_a_person_kept_is_none(project: Project) -> None:
    rows = [example(f"I am {NAME}.", "One."), example(f"She is {NAME}.", "Two.")]
    dataset = stored(project, "d", rows)
    findings = [
        Finding(
            "personal_data",
            "personal_data",
            row["id"],
            row["source"],
            0.9,
            "rewrite",
            {"spans": spans(row, NAME)},
        )
        for row in rows
    ]
    folder = findings_folder(project, dataset)
    write_findings(folder / "personal_data.parquet", findings, "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"personal_data": {}}]}})
    decide(project, [findings[1].id], "reject", dataset=dataset.ref, who="me", why="author of the book")
    publish(project, dataset)
    found = audit(project, open_dataset(project, "d"))
    assert (found.verdict, found.values["left_out"]) == ("clean", {"kept by a person": 1})


def test_a_pseudonym_that_equals_another_value_is_told_apart(project: Project) -> None:
    marks = {"pseudonyms": marks_for(NAME, value_key(project))}
    rows = [example("I am Philippa Ostrander.", "Hi.", meta=marks), example(f"I am {NAME}.", "Hi.")]
    fake = {"operator": "pseudonym", "replacement": NAME}
    found = [spans(rows[0], "Philippa Ostrander", **fake), spans(rows[1], NAME)]
    result = audit(project, scrubbed(project, rows, found))
    assert result.leaks["total"] == 0
    # Once in the row, and once where the finding says what it puts there.
    assert result.residual["passed_over"] == {"the same as a pseudonym in use": 2}


def test_a_value_that_is_a_pseudonym_elsewhere_only_is_a_leak(project: Project) -> None:
    marks = {"pseudonyms": marks_for(NAME, value_key(project))}
    rows = [example("I am Philippa Ostrander.", "Hi.", meta=marks), example(f"I am {NAME}.", f"Hi {NAME}.")]
    fake = {"operator": "pseudonym", "replacement": NAME}
    found = [spans(rows[0], "Philippa Ostrander", **fake), spans(rows[1], NAME, times=1)]
    result = audit(project, scrubbed(project, rows, found))
    assert places(result) == {"rows": 1}
    assert result.leaks["locations"][0]["message"] == 1


def test_a_value_that_was_only_put_to_a_person_stays_in_that_row_alone(project: Project) -> None:
    rows = [example(f"I am {NAME}, {MAIL}.", "One."), example(f"A play: {NAME} enters, {MAIL}.", "Two.")]
    dataset = stored(project, "d", [*rows, example(f"And {NAME}?", "Three.")])
    rewritten = [spans(rows[0], NAME, MAIL), spans(rows[1], MAIL)]
    findings = [
        Finding("personal_data", "personal_data", row["id"], row["source"], 0.9, "rewrite", {"spans": own})
        for row, own in zip(rows, rewritten, strict=True)
    ]
    figure = {"spans": spans(rows[1], NAME, operator="keep")}
    kind = "public_figure"
    findings.append(Finding("personal_data", kind, rows[1]["id"], rows[1]["source"], 0.9, "flag", figure))
    folder = findings_folder(project, dataset)
    write_findings(folder / "personal_data.parquet", findings, "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"personal_data": {}}]}})
    publish(project, dataset)
    published = open_dataset(project, "d")
    found = audit(project, published)
    (location,) = found.leaks["locations"]
    assert location["example"] == list(published.examples())[2]["id"]
    assert found.residual["passed_over"] == {"only put to a person in this row": 1}


def test_without_scrubbing_there_is_nothing_to_be_clean_of(project: Project) -> None:
    found = audit(project, stored(project, "d", [example("Hello there", "Hi.")]))
    assert found.verdict == "not complete"


def test_findings_that_are_gone_make_the_audit_incomplete(project: Project) -> None:
    dataset = one_row(project)
    parent = open_dataset(project, "d@1")
    write_findings(findings_folder(project, parent) / "personal_data.parquet", [], "g")
    assert list(read_findings(project, parent)) == []
    found = audit(project, dataset)
    assert found.verdict == "not complete"
    assert "1 changes" in found.reasons[0]


# --- other detectors -------------------------------------------------------------------------


def test_personal_data_that_nobody_proposed_is_seen_by_other_detectors(project: Project) -> None:
    row = example(f"I am {NAME}.", "Pay to DE75512108001245126199 or write to li@brindlewick.co.")
    found = audit(project, scrubbed(project, [row], [spans(row, NAME)]))
    assert found.verdict == "leaks"
    assert found.residual["by_entity"] == {"EMAIL_ADDRESS": 1, "IBAN_CODE": 1}
    assert found.residual["rows_read_by_presidio"] == 1
    assert "brindlewick" not in kept_text(project, open_dataset(project, "d"))


@pytest.mark.parametrize(
    "text",
    [
        "Write to jane@example.com or root@db.example.",
        "Card 4111 1111 1111 1111, or 4242-4242-4242-4242.",
        "Call (212) 555-0142.",
        "IBAN GB29 NWBK 6016 1331 9268 19.",
        "SSN 078-05-1120, and 000-12-3456.",
        "Order 4539 1488 0343 6466, tag <EMAIL_ADDRESS_1>, version 1.2.3, 2024-05-01.",
    ],
)
def test_reserved_and_published_numbers_are_passed_over(text: str) -> None:
    assert [one for one in residue(text) if one.sure] == []
    assert [one for one in stock_residue(text) if one.sure] == []


def test_a_real_looking_card_is_seen_by_both() -> None:
    number = "4539 1488 0343 6467"
    assert [one.entity for one in residue(f"card {number}.")] == ["CREDIT_CARD"]
    assert "CREDIT_CARD" in {one.entity for one in stock_residue(f"card {number}.")}


# --- searching -------------------------------------------------------------------------------


def test_more_values_than_one_automaton_holds_are_all_searched(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LARGEST", 1)
    row = example(f"I am {NAME}, {MAIL}, {PHONE}.", f"{NAME} {MAIL} {PHONE}")
    found = audit(project, scrubbed(project, [row], [spans(row, *VALUES, times=1)]))
    assert found.leaks["values"] == 3
    assert set(places(found)) == {"rows"}


def test_values_from_a_vault_are_searched_too(project: Project) -> None:
    row = example(f"I am {NAME}.", "Ask Ferdinand Ullrich.")
    dataset = scrubbed(project, [row], [spans(row, NAME)])
    assert audit(project, dataset).verdict == "clean"
    assert audit(project, dataset, values=[Value("PERSON", "Ferdinand Ullrich")]).verdict == "leaks"


@given(st.text(max_size=80))
def test_each_folded_character_has_its_origin(text: str) -> None:
    places_of = folded_places(text)
    assert len(places_of) == len(fold(text))
    assert all(0 <= place < len(composed(text)) for place in places_of)
    assert places_of == sorted(places_of)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_value_between_spaces_is_always_found(before: str, after: str) -> None:
    hits = list(Searcher([Value("PERSON", NAME)]).hits(f"{before} \u0001{NAME}\u0001 {after}"))
    assert hits


@given(st.binary(max_size=60), st.text(max_size=60))
def test_decoding_never_fails(data: bytes, text: str) -> None:
    for given_text in (text, data.hex(), base64.b64encode(data).decode(), text + "%zz&#xffffff;\\ud800"):
        for view in views(given_text):
            view.text.encode("utf-8", "replace")


def test_forms_of_a_value_are_its_writings() -> None:
    assert forms("PERSON", "Ann M. Lee") == ["annmlee", "leeannm", "annlee"]
    assert forms("PHONE_NUMBER", PHONE) == ["447911123456", "7911123456", "07911123456"]
    assert forms("PERSON", "Al") == []
