"""Findings are filtered, counted, paged and decided in bulk; published as the plan says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Command
from tests.make import example, proposed, standing, stored
from workbench.bulk import decide_where
from workbench.decided_sets import set_file
from workbench.decision_files import export_decisions, import_decisions
from workbench.decisions import decide, decisions_path, read_decisions, standing_bulk, undo
from workbench.errors import InputError
from workbench.files import write_json
from workbench.finding_filter import FindingFilter, made_filter, parse_filter
from workbench.finding_queries import ORDERS, count_by, count_findings, listed, page, stream_findings
from workbench.findings import (
    SCHEMA,
    Finding,
    finding_counts,
    findings_folder,
    fingerprint_of,
    read_findings,
    write_findings,
)
from workbench.plans import Change, make_plan, overruled, planned
from workbench.projects import Project, init_project
from workbench.sql import connected, one
from workbench.versions import Dataset, open_dataset

LABELS = ("billing", "delivery")


@pytest.fixture
def dataset(project: Project) -> Dataset:
    """Ten rows with two labels, and findings of three steps with scores from 0.0 to 0.9."""
    rows = [example(f"Question {i}?", f"Answer {i}.", label=LABELS[i % 2]) for i in range(10)]
    dataset = stored(project, "d", rows)
    planted(project, dataset, [finding(dataset, "quality", i, "drop", kind="empty") for i in range(10)])
    flags = [finding(dataset, "language", i, "flag", task=f"t{i % 3}", number=i) for i in range(10)]
    planted(project, dataset, flags, steps=("quality", "language"))
    return dataset


def ids(dataset: Dataset) -> list[str]:
    return [str(identity) for identity in dataset.table(["id"])["id"].to_pylist()]


def finding(
    dataset: Dataset, step: str, row: int, proposal: str, *, kind: str = "k", **evidence: Any
) -> Finding:
    source = {"file": "test.jsonl", "line": row + 1}
    return Finding(step, kind, ids(dataset)[row], source, row / 10, proposal, evidence)


def planted(project: Project, dataset: Dataset, findings: list[Finding], steps: tuple[str, ...] = ()) -> None:
    """Write findings as if a recipe of these steps (by default, theirs) had found them."""
    folder = findings_folder(project, dataset)
    names = steps or tuple(dict.fromkeys(found.step for found in findings))
    for step in names:
        mine = [found for found in findings if found.step == step]
        if mine or not (folder / f"{step}.parquet").exists():
            write_findings(folder / f"{step}.parquet", mine, "planted")
    recipe = {"name": "planted", "steps": [{name: {}} for name in names]}
    write_json(folder / "propose.json", {"recipe": recipe})


def lines(project: Project, dataset: Dataset, text: str, order: str = "file") -> list[int]:
    with listed(project, dataset) as connection:
        return [row["line"] for row in page(connection, parse_filter(text), order=order)]


# --- writing


def test_arrow_tables_and_findings_give_the_same_bytes(project: Project, dataset: Dataset) -> None:
    found = [
        finding(dataset, "quality", i % 10, "flag", kind=f"k{i}", spans=[{"b": i, "a": 1}]) for i in range(30)
    ]
    rows = [{**f.as_dict(), "evidence": json.dumps(f.evidence)} for f in found]
    table = pa.Table.from_pylist(rows, SCHEMA)
    forms = {
        "findings": found,
        "tables": [table.slice(0, 7), table.slice(7).drop_columns(["id"])],
        "batches": table.to_batches(max_chunksize=4),
        "both": [*found[:3], table.slice(3)],
    }
    written = {}
    for name, items in forms.items():
        path = project.root / f"{name}.parquet"
        assert write_findings(path, items, "f") == 30
        written[name] = path.read_bytes()
    assert len(set(written.values())) == 1
    assert fingerprint_of(project.root / "both.parquet") == "f"
    assert pq.read_table(project.root / "tables.parquet")["id"].to_pylist() == [f.id for f in found]


def test_nothing_found_is_a_file_too(project: Project) -> None:
    assert write_findings(project.root / "none.parquet", [], "f") == 0
    assert pq.read_table(project.root / "none.parquet").schema.names == SCHEMA.names


# --- filters


def test_each_field_of_the_filter_narrows(project: Project, dataset: Dataset) -> None:
    assert lines(project, dataset, "step=quality min_score=0.7") == [8, 9, 10]
    assert lines(project, dataset, "step=quality max_score=0.1") == [1, 2]
    assert lines(project, dataset, "proposal=flag min_score=0.8") == [9, 10]
    assert lines(project, dataset, "step=quality label=billing") == [1, 3, 5, 7, 9]
    assert lines(project, dataset, "evidence.task=t1") == [2, 5, 8]
    assert lines(project, dataset, "evidence.number=3") == [4]
    assert lines(project, dataset, f"example={ids(dataset)[4]}") == [5, 5]
    assert lines(project, dataset, f"finding={finding(dataset, 'quality', 2, 'drop', kind='empty').id}") == [
        3
    ]
    assert lines(project, dataset, "kind=empty kind=k min_score=0.9") == [10, 10]
    assert lines(project, dataset, "file=other.jsonl") == []
    assert len(lines(project, dataset, "")) == 20


def test_the_state_of_a_finding_is_what_was_decided(project: Project, dataset: Dataset) -> None:
    quality = [finding(dataset, "quality", i, "drop", kind="empty").id for i in range(10)]
    decide(project, [quality[0]], "accept", dataset="d")
    decide(project, [quality[1]], "reject", dataset="d")
    decide(project, [ids(dataset)[2]], "keep", dataset="d", target="example")
    decide(project, [ids(dataset)[3]], "drop", dataset="d", target="example")
    for state, expected in (
        ("accepted", [1]),
        ("overruled", [2]),
        ("row kept", [3]),
        ("row dropped", [4]),
        ("waiting", [5, 6, 7, 8, 9, 10]),
    ):
        assert lines(project, dataset, f"step=quality state='{state}'") == expected


def test_pages_hold_every_finding_once_in_every_order(project: Project, dataset: Dataset) -> None:
    for order in ORDERS:
        with listed(project, dataset) as connection:
            seen = [
                row["id"]
                for start in range(0, 20, 7)
                for row in page(connection, FindingFilter(), order=order, limit=7, offset=start)
            ]
        assert len(seen) == len(set(seen)) == 20
    assert lines(project, dataset, "step=quality", "least-sure") == list(range(1, 11))
    assert lines(project, dataset, "step=quality", "surest") == list(range(10, 0, -1))


def test_counts_are_those_of_the_rows(project: Project, dataset: Dataset) -> None:
    with listed(project, dataset) as connection:
        found = count_by(connection, parse_filter("min_score=0.5"), ["step", "label"])
        assert count_findings(connection, parse_filter("min_score=0.5")) == 10
    assert {(row["step"], row["label"]): row["findings"] for row in found} == {
        ("quality", "billing"): 2,
        ("quality", "delivery"): 3,
        ("language", "billing"): 2,
        ("language", "delivery"): 3,
    }
    assert sum(row["findings"] for row in finding_counts(project, dataset)) == 20


def test_streaming_gives_the_findings_as_they_were_written(project: Project, dataset: Dataset) -> None:
    with listed(project, dataset) as connection:
        batches = list(stream_findings(connection, FindingFilter()))
    assert pa.Table.from_batches(batches)["id"].to_pylist() == [f.id for f in read_findings(project, dataset)]


WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)


@given(
    step=st.lists(WORDS, max_size=3),
    file=st.lists(WORDS, max_size=2),
    state=st.lists(st.sampled_from(["waiting", "row kept"]), max_size=2),
    low=st.none() | st.floats(0, 1),
    task=st.none() | WORDS,
)
def test_a_filter_survives_its_words(
    step: list[str], file: list[str], state: list[str], low: float | None, task: str | None
) -> None:
    evidence = {} if task is None else {"the task": task}
    asked = made_filter({"step": step, "file": file, "state": state, "min_score": low, "evidence": evidence})
    again = parse_filter(asked.words().replace("evidence.the task=", "'evidence.the task'="))
    assert again.words() == asked.words()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour=red", "colour"),
        ("proposal=burn", "proposal"),
        ("min_score=much", "min_score"),
        ("min_score=1 min_score=2", "min_score"),
        ("min_score=nan", "min_score"),
        ("quality", "quality"),
        ("evidence.$x=1", "evidence"),
        ("step='a", "quote"),
    ],
)
def test_a_wrong_filter_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(InputError) as error:
        parse_filter(text)
    assert named in error.value.what
    assert error.value.remedy


def test_text_that_looks_like_sql_is_only_text(project: Project, dataset: Dataset) -> None:
    hostile = "x'); DROP TABLE findings; --"
    with listed(project, dataset) as connection:
        for field in ("step", "kind", "file", "label", "example", "finding"):
            assert count_findings(connection, made_filter({field: [hostile]})) == 0
        assert count_findings(connection, made_filter({"evidence": {"task": hostile}})) == 0
        assert count_findings(connection, FindingFilter()) == 20
        with pytest.raises(InputError):
            count_by(connection, FindingFilter(), ["step, (SELECT 1)"])
        with pytest.raises(InputError):
            page(connection, FindingFilter(), order="1; DROP TABLE findings")


def test_a_folder_with_glob_characters_is_only_that_folder(tmp_path: Path) -> None:
    for name in ("p1", "p[1]"):
        project = init_project(tmp_path / name)
        stored(project, "d", [example(f"{name}?", "Yes.")])
        dataset = open_dataset(project, "d")
        planted(project, dataset, [finding(dataset, "quality", 0, "drop")])
        with listed(project, dataset) as connection:
            assert [row["example_id"] for row in page(connection, FindingFilter())] == ids(dataset)
        assert not list(project.root.glob(".sql.*"))


# --- bulk decisions


def test_a_bulk_decision_is_one_line_about_all_that_fit(project: Project, dataset: Dataset) -> None:
    done = decide_where(project, dataset, parse_filter("step=quality min_score=0.5"), "reject", who="eva")
    assert done is not None
    (line,) = read_decisions(project)
    assert (line.count, line.where, line.dataset) == (5, "step=quality min_score=0.5", "d@v0001")
    force = standing(project)
    assert sorted(force) == sorted(
        finding(dataset, "quality", i, "drop", kind="empty").id for i in range(5, 10)
    )
    assert set(force.values()) == {("reject", "eva")}
    assert lines(project, dataset, "state=overruled") == [6, 7, 8, 9, 10]


def test_undoing_a_bulk_decision_brings_back_what_was_said_before(project: Project, dataset: Dataset) -> None:
    quality = [finding(dataset, "quality", i, "drop", kind="empty").id for i in range(10)]
    decide(project, [quality[0]], "reject", dataset="d")
    done = decide_where(project, dataset, parse_filter("step=quality"), "accept")
    decide(project, [quality[1]], "reject", dataset="d")
    assert lines(project, dataset, "state=accepted") == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert done is not None
    undo(project, done.id, dataset="d")
    assert {i: action for i, (action, _) in standing(project).items()} == {
        quality[0]: "reject",
        quality[1]: "reject",
    }
    assert lines(project, dataset, "state=overruled") == [1, 2]
    assert standing_bulk(project) == []


def test_a_bulk_decision_about_rows_beats_every_proposal(project: Project, dataset: Dataset) -> None:
    decide_where(project, dataset, parse_filter("evidence.task=t1"), "keep", target="example")
    with listed(project, dataset) as connection:
        make_plan(connection, project, dataset)
        assert overruled(connection) == 3
        assert sorted(change.position for change in planned(connection)) == [0, 2, 3, 5, 6, 8, 9]


def test_a_filter_that_finds_nothing_records_nothing(project: Project, dataset: Dataset) -> None:
    assert decide_where(project, dataset, parse_filter("kind=unknown"), "accept") is None
    assert not decisions_path(project).exists()
    assert not list(project.folder("decisions").iterdir())


def test_nobody_can_accept_a_row_or_drop_a_finding(project: Project, dataset: Dataset) -> None:
    for action, target in (("accept", "example"), ("drop", "finding"), ("undo", "finding")):
        with pytest.raises(InputError):
            decide_where(project, dataset, FindingFilter(), action, target=target)


def test_exported_bulk_decisions_hold_in_another_project(
    project: Project, dataset: Dataset, tmp_path: Path
) -> None:
    decide_where(project, dataset, parse_filter("step=language"), "reject")
    export_decisions(project, tmp_path / "said.jsonl")
    other = init_project(tmp_path / "other")
    assert import_decisions(other, tmp_path / "said.jsonl") == 1
    assert standing(other) == standing(project)
    assert import_decisions(other, tmp_path / "said.jsonl") == 1
    assert standing(other) == standing(project)


def test_an_export_that_lost_ids_is_refused_whole(project: Project, dataset: Dataset, tmp_path: Path) -> None:
    decide_where(project, dataset, parse_filter("step=language"), "reject")
    export_decisions(project, tmp_path / "said.jsonl")
    first, second = (json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines())
    (tmp_path / "cut.jsonl").write_text(
        json.dumps({**first, "ids": first["ids"][1:]}) + "\n" + json.dumps(second)
    )
    other = init_project(tmp_path / "other")
    with pytest.raises(InputError, match="lacks ids"):
        import_decisions(other, tmp_path / "cut.jsonl")
    assert not decisions_path(other).exists()
    assert not list(other.folder("decisions").iterdir())


def test_a_lost_set_of_ids_is_named(project: Project, dataset: Dataset) -> None:
    decide_where(project, dataset, parse_filter("step=language"), "reject")
    path = set_file(project, read_decisions(project)[0].ids)
    path.unlink()
    with pytest.raises(InputError) as error, listed(project, dataset):
        pass
    assert error.value.where == str(path)


# --- the plan, against its definition in Python


class Decided(NamedTuple):
    """A decision of the property test: on finding number or row number, single or bulk."""

    target: str
    number: int
    action: str


def reference(
    findings: list[Finding], finding_said: dict[str, str], example_said: dict[str, str], here: list[str]
) -> tuple[dict[str, list[tuple[str, str]]], int]:
    """What publishing means, finding by finding: ``({example: [(change, finding)]}, overruled)``."""
    drops: dict[str, list[Finding]] = {}
    edits: dict[str, list[Finding]] = {}
    refused = 0
    by_person = [identity for identity, action in example_said.items() if action == "drop"]
    for found in findings:
        if finding_said.get(found.id) == "reject":
            refused += 1
        elif found.proposal == "drop":
            if example_said.get(found.example_id) == "keep":
                refused += 1
            elif found.example_id not in by_person:
                drops.setdefault(found.example_id, []).append(found)
        elif found.proposal != "flag":
            edits.setdefault(found.example_id, []).append(found)
    for identity in promoted(findings, drops, by_person, finding_said):
        del drops[identity]
    names = {"rewrite": "edited", "tag": "tagged", "weight": "weighted"}
    changes = {i: [("dropped", found[0].id)] for i, found in drops.items()}
    changes |= {identity: [("dropped", "")] for identity in by_person}
    for identity, mine in edits.items():
        changes.setdefault(identity, [(names[found.proposal], found.id) for found in mine])
    return {identity: changes[identity] for identity in here if identity in changes}, refused


def promoted(
    findings: list[Finding],
    drops: dict[str, list[Finding]],
    by_person: list[str],
    finding_said: dict[str, str],
) -> list[str]:
    """The duplicates that stay in the place of a first keeper that goes, group by group."""
    favours: dict[str, str] = {}
    for identity, mine in drops.items():
        keepers = [found.evidence["keeper"] for found in mine if "keeper" in found.evidence]
        favours |= {identity: keepers[0]} if keepers else {}
    faulty = [
        i
        for i, mine in drops.items()
        if any("keeper" not in found.evidence and found.step != "balance" for found in mine)
    ]
    stay = []
    for first in {*by_person, *faulty} - favours.keys():
        level = [first]
        while level := [found.example_id for found in findings if favours.get(found.example_id) in level]:
            free = [
                identity
                for identity in level
                if len(drops[identity]) == 1 and finding_said.get(drops[identity][0].id) != "accept"
            ]
            if free:
                order = [found for found in findings if [found] == drops.get(found.example_id)]
                stay.append(next(found.example_id for found in order if found.example_id in free))
                break
    return stay


ROWS = 12
STEPS = ("zeta", "balance", "mid")
FOUND = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, ROWS - 1),
    st.sampled_from(["drop", "drop", "rewrite", "tag", "weight", "flag"]),
    st.none() | st.integers(0, ROWS - 1),
)
SAID = st.builds(
    Decided, st.just("finding"), st.integers(0, 39), st.sampled_from(["accept", "reject", "undo"])
) | st.builds(Decided, st.just("example"), st.integers(0, ROWS), st.sampled_from(["keep", "drop", "undo"]))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Dataset]:
    project = init_project(tmp_path_factory.mktemp("small") / "p")
    return project, stored(project, "d", [example(f"{i}?", f"{i}.") for i in range(ROWS)])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=st.lists(FOUND, min_size=10, max_size=40), said=st.lists(SAID, max_size=12), bulk=st.booleans())
def test_the_plan_is_what_the_definition_says(
    small: tuple[Project, Dataset], found: list[Any], said: list[Decided], bulk: bool
) -> None:
    project, dataset = small
    here = [*ids(dataset), "elsewhere"]
    findings = [
        Finding(
            step,
            f"k{number}",
            here[row],
            {"file": "f", "line": row},
            0.5,
            proposal,
            {"keeper": here[keeper]} if keeper is not None and keeper != row and proposal == "drop" else {},
        )
        for number, (step, row, proposal, keeper) in enumerate(found)
    ]
    for path in findings_folder(project, dataset).glob("*.parquet"):
        path.unlink()
    decisions_path(project).unlink(missing_ok=True)
    planted(project, dataset, findings, steps=STEPS)
    in_order = [f for step in STEPS for f in findings if f.step == step]
    force: dict[str, dict[str, str]] = {"finding": {}, "example": {}}
    for target, number, action in said:
        names = [f.id for f in findings] if target == "finding" else here
        if number >= len(names):
            continue
        if bulk and target == "finding" and action != "undo":
            decide_where(project, dataset, made_filter({"finding": [names[number]]}), action)
        else:
            decide(project, [names[number]], action, dataset="d", target=target)
        force[target][names[number]] = action
    wanted, refused = reference(in_order, force["finding"], force["example"], here[:ROWS])
    with listed(project, dataset) as connection:
        make_plan(connection, project, dataset)
        got: dict[str, list[tuple[str, str]]] = {}
        changes: list[Change] = list(planned(connection))
        for change in changes:
            got.setdefault(change.id, []).append((change.change, change.finding))
        assert overruled(connection) == refused
    assert got == wanted
    assert [change.position for change in changes] == sorted(change.position for change in changes)
    assert [change.id for change in changes] == [here[change.position] for change in changes]


def test_of_several_copies_of_a_row_that_a_person_drops_the_first_stays(
    project: Project, dataset: Dataset
) -> None:
    keeper = ids(dataset)[0]
    planted(project, dataset, [finding(dataset, "quality", row, "drop", keeper=keeper) for row in (7, 3, 5)])
    decide(project, [keeper], "drop", dataset="d", target="example")
    with listed(project, dataset) as connection:
        make_plan(connection, project, dataset)
        dropped = [(change.position, change.step) for change in planned(connection)]
    assert dropped == [(0, "decision"), (3, "quality"), (5, "quality")]


# --- the commands


@pytest.fixture
def shop(here: Command, project: Project) -> Project:
    rows = [example(f"Where is parcel {i}?", "" if i < 4 else "On its way to you.") for i in range(8)]
    proposed(project, stored(project, "d", rows), "[quality]")
    return project


def test_findings_are_counted_cut_and_narrowed(shop: Project, here: Command) -> None:
    counts = here("findings", "d", "--kind", "empty_answer", "--count-by", "step,kind", "--json").data
    assert counts == {"counts": [{"step": "quality", "kind": "empty_answer", "findings": 4}]}
    some = here("findings", "d", "--where", "kind=empty_answer", "--limit", 2, "--offset", 1, "--json").data
    assert [row["source"]["line"] for row in some["findings"]] == [2, 3]
    assert here("findings", "d", "--max-score", 0.1, "--json").data == {"findings": []}
    lines = here("findings", "d", "--step", "quality", "--proposal", "drop").stdout.splitlines()
    assert [json.loads(line)["proposal"] for line in lines] == ["drop"] * 4
    refused = here("findings", "d", "--count-by", "text", "--json")
    assert (refused.returncode, refused.data["error"]["type"]) == (2, "InputError")


def test_a_filter_is_decided_and_undone_from_the_command_line(shop: Project, here: Command) -> None:
    said = here("review", "d", "--reject-where", "kind=empty_answer", "--why", "meant", "--json").data
    assert (said["recorded"], said["decisions"]) == (4, 1)
    assert here("publish", "d", "--json").data["overruled"] == 4
    (bulk,) = said["bulk"]
    assert here("review", "d", "--undo", bulk["id"], "--json").data["recorded"] == 1
    assert here("findings", "d", "--state", "overruled", "--json").data == {"findings": []}
    assert here("review", "d", "--drop-where", "kind=nothing", "--json").data == {
        "recorded": 0,
        "decisions": 2,
    }
    assert here("review", "--accept-where", "kind=x", "--json").returncode == 2


def test_a_long_query_draws_nothing_into_the_answer(project: Project) -> None:
    with connected(project) as connection:
        assert one(connection, "SELECT current_setting('enable_progress_bar')") is False


def test_spans_say_where_a_duplicate_differs(here: Command, project: Project) -> None:
    question = "Where is the parcel that I have ordered at your shop in the last week of May"
    rows = [
        example(question, "It is on its way to you."),
        example(question + " please", "It is on its way to you."),
    ]
    dataset = stored(project, "near", rows)
    proposed(project, dataset, "[near_duplicates]")
    (found,) = here("findings", "near", "--spans", "--json").data["findings"]
    (span,) = found["evidence"]["differs"]
    texts = {row["id"]: row["messages"][0]["content"] for row in dataset.examples()}
    longer = max(texts.values(), key=len)
    side = "before" if texts[found["example_id"]] == longer else "after"
    assert longer[slice(*span[side])].strip() == "please"
    assert "differs" not in here("findings", "near", "--json").data["findings"][0]["evidence"]
