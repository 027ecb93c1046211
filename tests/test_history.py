"""The history: candidates over time, approvals by name, and comparisons by the gate's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.judged_project import evaluated, flag, judged, written_adapter
from workbench.errors import InputError, NotFoundError, NotPassedError
from workbench.files import read_json, read_lines, write_json
from workbench.history import approve, candidates, compare, judged_at, last_approved, note_judged, trend
from workbench.history.regression import judge_regression
from workbench.judging import judge_run
from workbench.projects import Project
from workbench.report.building import report_data
from workbench.runs import Run


def noted(project: Project, name: str, lost: int = 2, items: int = 300) -> Run:
    run = judged(project, adapter=written_adapter(project, name), lost=lost, items=items)
    note_judged(run)
    return run


def test_a_verdict_is_noted_once_and_keeps_its_bytes(project: Project) -> None:
    run = noted(project, "one")
    before = (run.path / "verdict.json").read_bytes()
    judge_run(project, run)
    note_judged(run)
    assert (run.path / "verdict.json").read_bytes() == before
    lines = read_lines(run.path / "judged.jsonl")
    assert len(lines) == 1
    assert lines[0]["verdict"] == "pass"
    assert judged_at(run) == lines[0]["when"]


def test_without_a_note_the_time_is_that_of_the_run(project: Project) -> None:
    run = evaluated(project)
    assert judged_at(run).replace("-", "").replace(":", "")[:15] == run.id[9:24].replace("-", "T")


def test_every_judged_candidate_is_listed_with_its_verdict(project: Project) -> None:
    first, second = noted(project, "one"), noted(project, "two", lost=40)
    evaluated(project, adapter=written_adapter(project, "three"))
    found = {one.run: one for one in candidates(project)}
    assert {run: one.verdict for run, one in found.items()} == {first.id: "pass", second.id: "fail"}
    assert found[first.id].suite == "own"
    assert found[first.id].adapter_sha256 != found[second.id].adapter_sha256
    assert candidates(project, "another suite") == []


def test_a_damaged_run_does_not_hide_the_others(project: Project) -> None:
    first, second = noted(project, "one"), noted(project, "two")
    (first.path / "verdict.json").write_text("{", encoding="utf-8")
    assert [one.run for one in candidates(project)] == [second.id]


def test_the_trend_of_a_task_is_in_the_order_of_the_verdicts(project: Project) -> None:
    first = noted(project, "one", lost=1)
    second = noted(project, "two", lost=40)
    points = trend(candidates(project), "kept")
    assert [point["name"] for point in points] == [f"{first.id}:sft", f"{second.id}:sft"]
    assert points[0]["new"] > points[1]["new"]
    assert len(trend(candidates(project), "job")) == 2


def test_the_approved_candidate_is_the_baseline(project: Project) -> None:
    first, second = noted(project, "one"), noted(project, "two")
    with pytest.raises(NotFoundError, match="no candidate is approved"):
        last_approved(project)
    approve(project, first, by="Eva Holm", reason="better than the prompt")
    approve(project, second, by="Eva Holm")
    assert last_approved(project).run.id == second.id
    assert last_approved(project, before=second).run.id == first.id
    assert last_approved(project, "own").scores["kept"]["0:h"].score == 1.0
    with pytest.raises(NotFoundError, match="on this suite"):
        last_approved(project, "another")
    approve(project, second, by="Eva Holm", withdraw=True)
    assert last_approved(project).run.id == first.id


def test_only_a_pass_is_approved_and_only_by_name(project: Project) -> None:
    good, bad = noted(project, "one"), noted(project, "two", lost=40)
    with pytest.raises(NotPassedError, match="has no pass: fail"):
        approve(project, bad, by="Eva Holm")
    with pytest.raises(InputError, match="needs a person"):
        approve(project, good, by=" ")
    with pytest.raises(InputError, match="no approval to withdraw"):
        approve(project, good, by="Eva Holm", withdraw=True)
    with pytest.raises(NotFoundError, match="no verdict on"):
        approve(project, good, by="Eva Holm", arm="other")
    with pytest.raises(InputError, match="not judged yet"):
        approve(project, evaluated(project), by="Eva Holm")


def test_a_pass_by_other_thresholds_than_were_fixed_is_not_approved(project: Project, tmp_path: Path) -> None:
    run = noted(project, "one", lost=40)
    lax = tmp_path / "lax.yaml"
    lax.write_text("default_margin: 0.5\nmacro_margin: 0.5\nbeat_prompt: false\n", encoding="utf-8")
    found = judge_run(project, run, lax)
    assert (found["verdict"], found["arms"]["sft"]["policy_fixed"]) == ("pass", False)
    with pytest.raises(NotPassedError, match="pass by other thresholds than were fixed before the run"):
        approve(project, run, by="Eva Holm")


@pytest.mark.parametrize("changed", ["arms/sft/kept.jsonl", "flags/memorised.sft.json"])
def test_a_pass_on_evidence_that_changed_since_is_not_approved(project: Project, changed: str) -> None:
    run = noted(project, "one")
    judge_run(project, run)
    if changed.startswith("flags"):
        flag(run, "memorised")
    else:
        with (run.path / changed).open("ab") as file:
            file.write(b"\n")
    with pytest.raises(NotPassedError, match="judged before its evidence changed: judge again"):
        approve(project, run, by="Eva Holm")
    judge_run(project, run)
    assert approve(project, run, by="Eva Holm").action == "approve"


def test_a_verdict_that_does_not_say_what_it_rests_on_is_not_approved(project: Project) -> None:
    run = noted(project, "one")
    told = read_json(run.path / "verdict.json")
    del told["arms"]["sft"]["evidence_sha256"]
    write_json(run.path / "verdict.json", told)
    with pytest.raises(NotPassedError, match="judge again"):
        approve(project, run, by="Eva Holm")


def test_an_approval_does_not_outlive_another_verdict(project: Project, tmp_path: Path) -> None:
    run = noted(project, "one")
    approve(project, run, by="Eva Holm")
    assert candidates(project)[0].approved_by == "Eva Holm"
    policy = tmp_path / "stricter.yaml"
    policy.write_text("default_margin: 0.001\nmacro_margin: 0.001\n", encoding="utf-8")
    judge_run(project, run, policy)
    assert candidates(project)[0].approved_by == ""
    with pytest.raises(NotFoundError):
        last_approved(project)


def test_a_planted_loss_between_two_candidates_is_found(project: Project) -> None:
    first, second = noted(project, "one", lost=2), noted(project, "two", lost=40)
    forth = {task.task: task for task in compare(project, first.id, second.id).tasks}
    assert forth["kept"].result == "worse"
    assert (forth["kept"].lost, forth["kept"].gained) == (38, 0)
    assert forth["format"].result == forth["job"].result == "no difference shown"
    back = {task.task: task for task in compare(project, f"{second.id}:sft", first.id).tasks}
    assert back["kept"].result == "better"
    assert back["kept"].delta == pytest.approx(-forth["kept"].delta)


def test_a_candidate_does_not_differ_from_itself(project: Project) -> None:
    run = noted(project, "one")
    assert {task.result for task in compare(project, run.id, run.id).tasks} == {"no difference shown"}


def test_other_items_are_not_compared(project: Project) -> None:
    first, second = noted(project, "one"), noted(project, "two", items=200)
    tasks = compare(project, first.id, second.id).tasks
    assert {task.result for task in tasks} == {"not comparable"}
    assert "100 items only in the baseline" in tasks[0].reason


def test_a_candidate_is_judged_against_the_one_approved_last(project: Project) -> None:
    first, good, bad = noted(project, "one"), noted(project, "two", lost=1), noted(project, "three", lost=40)
    with pytest.raises(NotFoundError, match="no candidate is approved"):
        judge_regression(project, good)
    approve(project, first, by="Eva Holm")
    assert judge_regression(project, good)["verdict"] == "pass"
    found = judge_regression(project, bad)
    assert (found["verdict"], found["baseline"]) == ("fail", f"{first.id}:sft")
    assert {t["task"]: t["verdict"] for t in found["tasks"]} == {
        "format": "retained",
        "job": "retained",
        "kept": "forgotten",
    }
    data = report_data(project, bad)
    assert data["regression"]["verdict"] == "fail"
    assert "change against the candidate approved last" not in data["not_measured"]


def test_a_regression_on_other_items_is_refused(project: Project) -> None:
    first, second = noted(project, "one"), noted(project, "two", items=200)
    with pytest.raises(InputError, match="did not answer the same items"):
        judge_regression(project, second, against=first.id)


def test_the_commands_approve_list_and_compare(project: Project, here: Command) -> None:
    first, second = noted(project, "one"), noted(project, "two", lost=40)
    assert (
        here("approve", first.id, "--by", "Eva Holm", "--reason", "ok", "--json").data["action"] == "approve"
    )
    assert here("approve", second.id, "--by", "Eva Holm").returncode == 1
    listed = here("history", "list", "--json").data["candidates"]
    assert {one["name"]: one["approved_by"] for one in listed} == {
        f"{first.id}:sft": "Eva Holm",
        f"{second.id}:sft": "",
    }
    assert "Eva Holm" in here("history", "list").stdout
    found = here("history", "compare", "approved", second.id, "--json").data
    assert found["first"] == f"{first.id}:sft"
    assert "worse" in here("history", "compare", "approved", second.id).stdout
    done = here("history", "regress", second.id)
    assert done.returncode == 1
    assert done.stdout.startswith("FAIL against")
    assert len(here("history", "trend", "kept", "--json").data["points"]) == 2
    assert "tasks: job, format, kept" in here("history", "trend", "nothing").stderr
