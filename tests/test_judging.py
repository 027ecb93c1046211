"""Judging whole evaluations and files of scores: what is read, refused, remembered and said."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.make import write_jsonl
from workbench import judging
from workbench.cli.main import main
from workbench.errors import InputError
from workbench.files import append_line, write_json
from workbench.gate import decide_gate
from workbench.judging import judge_run, judge_scores
from workbench.policy import Policy, TaskPolicy, Waiver, load_policy
from workbench.projects import Project
from workbench.runs import Run, create_run
from workbench.scores import Paired, Score

MARGINS: dict[str, Any] = {"default_margin": 0.05, "macro_margin": 0.05, "beat_prompt": False}
TASKS = {"kept": {"role": "retained"}, "job": {"role": "target"}}


def answers(right: int, of: int, **extra: Any) -> list[Score]:
    """The first items right, the others wrong."""
    return [Score(f"{i}:h", float(i < right), prompt_hash="p", **extra) for i in range(of)]


def evaluation(
    project: Project,
    arms: dict[str, dict[str, list[Score]]],
    policy: dict[str, Any] | None = None,
    kinds: dict[str, str] | None = None,
    told: dict[str, dict[str, Any]] | None = None,
) -> Run:
    """A finished evaluation run with these answers, by arm and task."""
    kinds = {"base": "base", **(kinds or {})}
    entries = []
    for name in arms:
        kind = kinds.get(name, "adapter")
        entries.append(
            {
                "name": name,
                "kind": kind,
                "prompt": "Be brief." if kind == "prompted" else None,
                "fewshot": None,
                "adapter": f"adapters/{name}" if kind == "adapter" else None,
                "model": f"models/{name}" if kind in ("merged", "quantised") else None,
                "scale": 1.0,
            }
        )
    thresholds = Policy.model_validate({**MARGINS, "tasks": TASKS, **(policy or {})})
    config = {"base": "tiny-chat", "suite": "own", "policy": thresholds.model_dump(), "arms": entries}
    run = create_run(project, "evaluate", config)
    for arm, tasks in arms.items():
        for task, scores in tasks.items():
            path = run.path / "arms" / arm / f"{task}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_jsonl(path, [asdict(score) for score in scores])
    lines = [
        {
            **entry,
            "weights_sha256": "w" * 64,
            "adapter_sha256": entry["name"][0] * 64 if entry["adapter"] else None,
            "adapter_config_sha256": "c" * 64 if entry["adapter"] else None,
            "dtype": "float32",
            "batch_size": 8,
            "device": "cpu",
            **(told or {}).get(entry["name"], {}),
        }
        for entry in entries
    ]
    write_json(
        run.path / "manifest.json",
        {"base": "tiny-chat", "suite": {"name": "own"}, "items_sha256": "0" * 64, "arms": lines},
    )
    write_json(run.path / "result.json", {})
    append_line(run.path / "events.jsonl", {"event": "finished", "time": 0})
    return run


def plain(lost: int = 0, of: int = 400) -> dict[str, dict[str, list[Score]]]:
    """A base that is right nearly everywhere, and an adapter that lost some items."""
    right = of * 39 // 40
    return {"base": {"kept": answers(right, of)}, "new": {"kept": answers(right - lost, of)}}


# --- the same files give the same verdict


def test_judging_twice_writes_the_same_bytes(project: Project) -> None:
    run = evaluation(project, plain(lost=4))
    judge_run(project, run)
    first = {name: (run.path / name).read_bytes() for name in ("verdict.json", "looks.json")}
    judge_run(project, run)
    assert {name: (run.path / name).read_bytes() for name in first} == first


def test_a_verdict_says_what_it_is_bound_to(project: Project) -> None:
    run = evaluation(project, plain())
    bound = judge_run(project, run)["arms"]["new"]["bound_to"]
    assert bound["adapter_sha256"] == "n" * 64
    assert bound["adapter_config_sha256"] == "c" * 64
    assert bound["weights_sha256"] == "w" * 64
    assert (bound["base"], bound["suite"], bound["scale"]) == ("tiny-chat", "own", 1.0)


@pytest.mark.parametrize(("name", "value"), [("batch_size", 32), ("dtype", "bfloat16")])
def test_arms_that_were_asked_differently_are_refused(project: Project, name: str, value: Any) -> None:
    run = evaluation(project, plain(), told={"new": {name: value}})
    with pytest.raises(InputError, match="not run alike"):
        judge_run(project, run)


def test_the_number_format_of_merged_weights_is_what_is_judged(project: Project) -> None:
    run = evaluation(project, plain(), kinds={"new": "merged"}, told={"new": {"dtype": "bfloat16"}})
    assert judge_run(project, run)["verdict"] == "pass"


def test_an_arm_that_missed_items_is_refused(project: Project) -> None:
    arms = plain()
    arms["new"]["kept"] = arms["new"]["kept"][:-1]
    with pytest.raises(InputError, match="same items"):
        judge_run(project, evaluation(project, arms))


def test_an_arm_without_answers_to_a_task_is_refused(project: Project) -> None:
    arms = plain()
    arms["base"]["more"] = answers(390, 400)
    policy = {"tasks": {**TASKS, "more": {"role": "retained"}}}
    with pytest.raises(InputError, match="'new' has no answers to task 'more'"):
        judge_run(project, evaluation(project, arms, policy))


def test_every_candidate_has_a_verdict_of_its_own(project: Project) -> None:
    arms = {**plain(lost=120), "other": {"kept": answers(390, 400)}}
    found = judge_run(project, evaluation(project, arms))["arms"]
    assert {name: verdict["verdict"] for name, verdict in found.items()} == {"new": "fail", "other": "pass"}


# --- waivers


def test_a_waiver_needs_a_person_and_a_reason(here: Command, project: Project) -> None:
    run = evaluation(project, plain(lost=120))
    for options in (["--by", "Ana"], ["--reason", "known"], []):
        answer = here("judge", run.id, "--waive", "kept", *options, "--json")
        assert answer.returncode == 2
        assert "person and a reason" in answer.data["error"]["what"]


def test_a_waived_rule_is_printed_with_person_and_reason(here: Command, project: Project) -> None:
    run = evaluation(project, plain(lost=120))
    options = ["--waive", "kept", "--waive", "average", "--by", "Ana", "--reason", "task is retired"]
    answer = here("judge", run.id, *options, "--json")
    assert (answer.returncode, answer.data["verdict"]) == (0, "pass")
    told = [reason for reason in answer.data["reasons"] if reason.startswith("waived by Ana")]
    assert len(told) == 2
    assert all("task is retired" in reason for reason in told)
    assert [waiver["used"] for waiver in answer.data["waivers"]] == [True, True]
    assert answer.data["tasks"][0]["verdict"] == "forgotten"


def test_a_waiver_of_one_rule_leaves_the_others(project: Project) -> None:
    run = evaluation(project, plain(lost=120))
    waiver = Waiver(rule="kept", by="Ana", reason="retired")
    assert judge_run(project, run, waivers=[waiver])["verdict"] == "fail"


def test_a_waiver_that_was_not_needed_says_so(project: Project) -> None:
    run = evaluation(project, plain())
    found = judge_run(project, run, waivers=[Waiver(rule="kept", by="Ana", reason="in case")])
    assert [waiver["used"] for waiver in found["waivers"]] == [False]


def test_a_waiver_of_an_unknown_rule_is_refused(project: Project) -> None:
    run = evaluation(project, plain())
    with pytest.raises(InputError, match="no rule 'kpet'"):
        judge_run(project, run, waivers=[Waiver(rule="kpet", by="Ana", reason="typo")])


def test_waivers_do_not_change_the_hash_of_the_thresholds() -> None:
    waived = Policy(waivers=[Waiver(rule="t", by="Ana", reason="r")])
    assert waived.sha256 == Policy().sha256
    assert Policy(alpha=0.01).sha256 != Policy().sha256


# --- red flags and the control


def raise_flag(run: Run, name: str, level: str, arm: str = "new") -> None:
    flag = {"name": name, "arm": arm, "level": level, "value": 0.4, "low": 0.3, "high": 0.5}
    write_json(run.path / "flags" / f"{name}.json", {**flag, "statement": "40 % of it", "evidence": {"n": 9}})


@pytest.mark.parametrize(
    ("name", "level", "policy", "verdict", "effect"),
    [
        ("memorised", "block", {}, "fail", "block"),
        ("memorised", "warn", {}, "pass", "warn"),
        ("memorised", "ok", {}, "pass", "none"),
        ("contamination", "block", {}, "fail", "block"),
        ("repetition", "block", {}, "pass", "warn"),
        ("repetition", "block", {"flags": {"repetition": "block"}}, "fail", "block"),
        ("memorised", "block", {"flags": {"memorised": "ignore"}}, "pass", "none"),
        ("canaries", "block", {"flags": {"memorised": "ignore"}}, "fail", "block"),
    ],
)
def test_a_red_flag_does_what_the_policy_lets_it(
    project: Project, name: str, level: str, policy: dict[str, Any], verdict: str, effect: str
) -> None:
    run = evaluation(project, plain(), policy)
    raise_flag(run, name, level)
    found = judge_run(project, run)
    assert found["verdict"] == verdict
    (flag,) = found["flags"]
    assert (flag["effect"], flag["value"], flag["evidence"]) == (effect, 0.4, {"n": 9})
    assert any("40 % of it" in reason for reason in found["reasons"]) == (effect != "none")


def test_a_red_flag_of_another_arm_is_not_this_ones(project: Project) -> None:
    run = evaluation(project, {**plain(), "other": {"kept": answers(390, 400)}})
    raise_flag(run, "memorised", "block", arm="other")
    found = judge_run(project, run)["arms"]
    assert (found["new"]["verdict"], found["other"]["verdict"]) == ("pass", "fail")


def test_a_waived_flag_is_printed(project: Project) -> None:
    run = evaluation(project, plain())
    raise_flag(run, "memorised", "block")
    found = judge_run(project, run, waivers=[Waiver(rule="flag:memorised", by="Ana", reason="public text")])
    assert found["verdict"] == "pass"
    assert any(reason.startswith("waived by Ana: red flag memorised") for reason in found["reasons"])


@pytest.mark.parametrize(("flips", "verdict"), [(0, "pass"), (1, "pass"), (8, "inconclusive")])
def test_the_base_must_agree_with_itself(project: Project, flips: int, verdict: str) -> None:
    again = answers(390 - flips, 400)
    run = evaluation(
        project,
        {**plain(), "again": {"kept": again}},
        {"aa_control": {"max_flip_rate": 0.005}},
        {"again": "base"},
    )
    found = judge_run(project, run)
    assert found["verdict"] == verdict
    assert found["control"]["flips"] == flips
    assert found["control"]["tasks"] == {"kept": flips / 400}


def test_a_control_that_was_asked_for_and_is_missing_is_an_open_question(project: Project) -> None:
    run = evaluation(project, plain(), {"aa_control": {"max_flip_rate": 0.005}})
    found = judge_run(project, run)
    assert found["verdict"] == "inconclusive"
    assert "not asked twice" in found["reasons"][0]


# --- looks


def test_a_second_look_without_a_plan_is_called_so(project: Project) -> None:
    first = judge_run(project, evaluation(project, plain(of=200)))
    second = judge_run(project, evaluation(project, plain(of=400)))
    assert first["look"]["number"] == 1
    assert not any("unplanned" in reason for reason in first["reasons"])
    assert second["look"]["number"] == 2
    assert any("unplanned look: number 2" in r and "up to 10 %" in r for r in second["reasons"])


def test_another_candidate_takes_its_own_first_look(project: Project) -> None:
    judge_run(project, evaluation(project, plain(of=200)))
    other = evaluation(project, plain(of=400), told={"new": {"adapter_sha256": "z" * 64}})
    assert judge_run(project, other)["look"]["number"] == 1


def test_other_settings_of_the_adapter_are_another_candidate(project: Project) -> None:
    judge_run(project, evaluation(project, plain(of=200)))
    other = evaluation(project, plain(of=400), told={"new": {"adapter_config_sha256": "z" * 64}})
    assert judge_run(project, other)["look"]["number"] == 1


def test_the_same_items_again_are_the_same_look(project: Project) -> None:
    judge_run(project, evaluation(project, plain(of=200)))
    assert judge_run(project, evaluation(project, plain(lost=1, of=200)))["look"]["number"] == 1


def test_a_further_look_can_be_refused(project: Project) -> None:
    strict = {"unplanned_looks": "refuse"}
    judge_run(project, evaluation(project, plain(of=200), strict))
    with pytest.raises(InputError, match="look number 2"):
        judge_run(project, evaluation(project, plain(of=400), strict))


PLANNED = {"looks": {"plan": [200, 400], "spending": "obrien_fleming"}}


def test_planned_looks_spend_alpha(project: Project) -> None:
    first = judge_run(project, evaluation(project, plain(of=200), PLANNED))
    second = judge_run(project, evaluation(project, plain(of=400), PLANNED))
    assert first["look"]["alpha"] == pytest.approx(0.0056, abs=1e-3)
    assert second["look"]["alpha"] == pytest.approx(0.0482, abs=1e-3)
    assert second["tasks"][0]["alpha"] == second["look"]["alpha"]
    assert not any("unplanned" in reason for reason in second["reasons"])


def test_a_first_look_of_few_items_must_be_surer(project: Project) -> None:
    plan = {"looks": {"plan": [100, 1000]}, "default_margin": 0.05}
    alone = judge_run(project, evaluation(project, plain(of=100), {"default_margin": 0.05}))
    early = judge_run(project, evaluation(project, plain(of=100), plan))
    assert alone["tasks"][0]["verdict"] == "retained"
    assert early["tasks"][0]["verdict"] == "inconclusive"


def test_a_look_off_the_plan_is_labelled_and_spends_its_share(project: Project) -> None:
    found = judge_run(project, evaluation(project, plain(of=300), PLANNED))
    assert found["look"]["fractions"] == [0.75]
    assert any("unplanned look" in reason for reason in found["reasons"])


def test_more_items_than_planned_are_refused(project: Project) -> None:
    with pytest.raises(InputError, match="more items than were planned: 500"):
        judge_run(project, evaluation(project, plain(of=500), PLANNED))


def test_fewer_items_than_at_the_last_look_are_refused(project: Project) -> None:
    judge_run(project, evaluation(project, plain(of=400), PLANNED))
    with pytest.raises(InputError, match="200 after 400"):
        judge_run(project, evaluation(project, plain(of=200), PLANNED))


def test_looks_at_files_are_remembered_in_a_file(here: Command, project: Project) -> None:
    policy = project.root / "p.yaml"
    policy.write_text("gate: {default_margin: 0.05, looks: {plan: [200, 400]}}")
    numbers = []
    for of in (200, 400, 400):
        rows = [{"task": "t", "item": i, "score": int(i < of * 39 // 40)} for i in range(of)]
        file = write_jsonl(project.root / f"{of}.jsonl", rows)
        line = ["judge", "--baseline", file, "--candidate", file, "--policy", policy]
        assert "--looks" in here(*line, "--json").data["error"]["remedy"]
        numbers.append(here(*line, "--looks", "looks.json", "--json").data["look"]["number"])
    assert numbers == [1, 2, 2]
    assert [look["items"] for look in json.loads((project.root / "looks.json").read_text())["looks"]] == [
        200,
        400,
    ]


# --- slices


def sliced(lost_in: str | None) -> dict[str, dict[str, list[Score]]]:
    def score(i: int, arm: str) -> Score:
        language = ("en", "de", "fr")[i % 3]
        wrong = arm == "new" and language == lost_in and i < 90
        return Score(f"{i}:h", float(not wrong), prompt_hash="p", slices={"language": language})

    return {arm: {"kept": [score(i, arm) for i in range(600)]} for arm in ("base", "new")}


def test_a_loss_in_one_slice_is_found_and_does_not_block(project: Project) -> None:
    found = judge_run(
        project, evaluation(project, sliced("de"), {"default_margin": 0.1, "macro_margin": 0.1})
    )
    assert found["verdict"] == "pass"
    assert {part["value"]: part["found"] for part in found["slices"]} == {
        "en": False,
        "de": True,
        "fr": False,
    }


def test_unchanged_slices_are_left_alone(project: Project) -> None:
    found = judge_run(project, evaluation(project, sliced(None)))
    assert len(found["slices"]) == 3
    assert not any(part["found"] for part in found["slices"])


def test_a_slice_of_few_items_is_not_looked_at(project: Project) -> None:
    found = judge_run(project, evaluation(project, sliced("de"), {"slice_items": 300}))
    assert found["slices"] == []


# --- targets and the prompted base


def job(base: int, prompted: int, new: int) -> dict[str, dict[str, list[Score]]]:
    right = {"base": base, "prompted": prompted, "new": new}
    return {arm: {"job": answers(count, 400), "kept": answers(390, 400)} for arm, count in right.items()}


@pytest.mark.parametrize(
    ("prompted", "new", "by", "verdict"),
    [(250, 320, 0.0, "pass"), (250, 320, 0.1, "pass"), (250, 320, 0.25, "fail"), (320, 250, 0.0, "fail")],
)
def test_the_best_prompt_must_be_beaten_by_the_margin(
    project: Project, prompted: int, new: int, by: float, verdict: str
) -> None:
    policy = {"beat_prompt": True, "beat_prompt_by": by}
    run = evaluation(project, job(100, prompted, new), policy, {"prompted": "prompted"})
    found = judge_run(project, run)
    assert found["verdict"] == verdict
    assert [task["against"] for task in found["tasks"] if task["role"] == "target"] == [
        "base",
        "prompted base",
    ]


def test_every_prompted_base_must_be_beaten(project: Project) -> None:
    arms = job(100, 150, 320)
    arms["prompted-2"] = {"job": answers(350, 400), "kept": answers(390, 400)}
    kinds = {"prompted": "prompted", "prompted-2": "prompted"}
    found = judge_run(project, evaluation(project, arms, {"beat_prompt": True}, kinds))
    assert found["verdict"] == "fail"
    assert any("prompted base (prompted-2)" in reason for reason in found["reasons"])


def test_the_prompted_baseline_can_be_a_file(here: Command, project: Project) -> None:
    for name, right in (("old", 100), ("prompted", 300), ("new", 200)):
        rows = [{"task": "t", "item": i, "score": int(i < right)} for i in range(400)]
        write_jsonl(project.root / f"{name}.jsonl", rows)
    (project.root / "p.yaml").write_text("tasks: {t: {role: target}}")
    line = ["judge", "--baseline", "old.jsonl", "--candidate", "new.jsonl", "--policy", "p.yaml"]
    assert here(*line, "--json").returncode == 0
    assert here(*line, "--prompted", "prompted.jsonl", "--json").returncode == 1


# --- rules of the policy


def case(task: str, right: int, lost: int, gained: int, n: int) -> Paired:
    old = [1.0] * right + [0.0] * (n - right)
    new = [0.0] * lost + [1.0] * (right - lost) + [1.0] * gained + [0.0] * (n - right - gained)
    return Paired(task, old, new, [str(i) for i in range(n)])


def test_only_required_tasks_must_be_shown() -> None:
    tasks = [case("a", 980, 2, 2, 1000), case("b", 28, 2, 1, 30)]
    wide = {"macro_margin": 0.3}
    assert decide_gate(tasks, Policy(**wide)).verdict == "inconclusive"
    verdict = decide_gate(tasks, Policy(require=["a"], **wide))
    assert verdict.verdict == "pass"
    assert any(reason.startswith("not required: b") for reason in verdict.reasons)
    assert decide_gate(tasks, Policy(require=["b"], **wide)).verdict == "inconclusive"


def test_a_task_that_is_not_required_still_fails_when_forgotten() -> None:
    tasks = [case("a", 980, 2, 2, 1000), case("b", 280, 120, 1, 300)]
    assert decide_gate(tasks, Policy(require=["a"], macro_margin=0.5)).verdict == "fail"


def test_a_loss_inside_the_margin_is_a_small_loss() -> None:
    verdict = decide_gate([case("t", 1900, 40, 10, 2000)], Policy(macro_margin=0.05))
    assert verdict.tasks[0].small_loss
    assert verdict.verdict == "pass"
    assert any(reason.startswith("small loss: t") for reason in verdict.reasons)


@pytest.mark.parametrize(("lost", "severity"), [(120, "beyond_margin"), (24, "loss")])
def test_a_forgotten_task_says_how_badly(lost: int, severity: str) -> None:
    (task,) = decide_gate([case("t", 290, lost, 2, 300)], Policy(default_margin=0.05)).tasks
    assert (task.verdict, task.severity) == ("forgotten", severity)


def test_where_less_is_better_a_rise_is_a_loss() -> None:
    policy = Policy(tasks={"loss": TaskPolicy(higher_is_better=False, margin=0.1)})
    old = [1.0 + (i % 7) / 10 for i in range(200)]
    items = [str(i) for i in range(200)]
    worse = Paired("loss", old, [s + 0.5 + (i % 5) / 50 for i, s in enumerate(old)], items)
    better = Paired("loss", old, [s - 0.5 + (i % 5) / 50 for i, s in enumerate(old)], items)
    (bad,) = decide_gate([worse], policy).tasks
    (good,) = decide_gate([better], policy).tasks
    assert (bad.verdict, good.verdict) == ("forgotten", "retained")
    assert bad.delta < 0 < good.delta
    assert bad.new > bad.old


def test_scores_in_another_unit_need_a_margin_of_their_own() -> None:
    pair = Paired("nats", [2.0] * 50, [2.5] * 50, [str(i) for i in range(50)])
    with pytest.raises(InputError, match="no margin of its own"):
        decide_gate([pair], Policy())


def test_scores_in_another_unit_stay_out_of_the_average() -> None:
    policy = Policy(tasks={"nats": TaskPolicy(higher_is_better=False, margin=0.2)})
    nats = Paired(
        "nats", [2.0 + i % 3 for i in range(60)], [2.01 + i % 3 for i in range(60)], list(map(str, range(60)))
    )
    verdict = decide_gate([case("t", 980, 2, 2, 1000), nats], policy)
    assert verdict.macro["tasks"] == 1


def test_the_filters_of_one_task_count_once_in_the_average() -> None:
    both = [case("g:strict", 280, 5, 5, 300), case("g:loose", 280, 5, 5, 300)]
    alone = decide_gate([both[0]], Policy()).macro
    together = decide_gate(both, Policy()).macro
    assert together["tasks"] == 1
    assert together["low"] == pytest.approx(alone["low"])


def test_one_filter_can_be_chosen(project: Project) -> None:
    rows = [
        {"task": f"g:{name}", "item": i, "score": int(i < (390 if name == "strict" else 20))}
        for name in ("strict", "loose")
        for i in range(400)
    ]
    file = write_jsonl(project.root / "s.jsonl", rows)
    policy = Policy(tasks={"g": TaskPolicy(filter="strict")})
    assert [task.task for task in judge_scores(file, file, policy).tasks] == ["g:strict"]
    with pytest.raises(InputError, match="no such filter"):
        judge_run(
            project,
            evaluation(
                project,
                {arm: {"g:strict": answers(390, 400)} for arm in ("base", "new")},
                {"tasks": {"g": {"filter": "other", "role": "retained"}}},
            ),
        )


def test_a_field_of_the_items_can_group_them(project: Project) -> None:
    def score(i: int, arm: str) -> Score:
        wrong = arm == "new" and i // 20 == 3
        return Score(f"{i}:h", float(not wrong), prompt_hash="p", slices={"passage": str(i // 20)})

    arms = {arm: {"kept": [score(i, arm) for i in range(400)]} for arm in ("base", "new")}
    grouped = {"tasks": {"kept": {"role": "retained", "cluster": "passage"}}}
    wide = judge_run(project, evaluation(project, arms, grouped))["tasks"][0]
    narrow = judge_run(project, evaluation(project, arms))["tasks"][0]
    assert wide["clusters"] == 20
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])
    missing = {"tasks": {"kept": {"role": "retained", "cluster": "author"}}}
    with pytest.raises(InputError, match="no 'author'"):
        judge_run(project, evaluation(project, arms, missing))


def test_other_thresholds_than_the_fixed_ones_are_named(project: Project) -> None:
    run = evaluation(project, plain())
    (project.root / "p.yaml").write_text("default_margin: 0.2\nbeat_prompt: false\n")
    found = judge_run(project, run, project.root / "p.yaml")
    assert any("not those fixed before" in reason for reason in found["reasons"])
    assert not any("not those fixed" in reason for reason in judge_run(project, run)["reasons"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gate: {alpha: 0.05}\nmacro_margin: 0.1", "beside 'gate': macro_margin"),
        ("looks: {plan: [500, 500]}", "rise from look to look"),
        ("looks: {plan: []}", "looks.plan"),
        ("waivers: [{rule: t, by: '  ', reason: r}]", "waivers.0.by"),
        ("flags: {memorised: maybe}", "flags.memorised"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        load_policy(path)


def test_the_policy_of_the_specification_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        """
gate:
  alpha: 0.05
  power: 0.8
  macro_margin: 0.02
  default_margin: 0.05
  tasks: {gsm8k: {margin: 0.03, filter: strict-match}, passage_qa: {cluster: passage_id}}
  multiplicity: holm
  require: all
  on_inconclusive: block
  looks: {plan: [500, 1000], spending: obrien_fleming}
  aa_control: {max_flip_rate: 0.005}
"""
    )
    policy = load_policy(path)
    assert policy.looks is not None
    assert policy.looks.plan == [500, 1000]
    assert policy.margin("gsm8k:strict-match") == 0.03
    assert policy.wants("gsm8k:strict-match")
    assert not policy.wants("gsm8k:flexible-extract")


# --- folders of the harness


def harness_folder(home: Path, right: int, **settings: Any) -> Path:
    folder = home / "my__model"
    folder.mkdir(parents=True)
    config = {"batch_size": 8, "model_dtype": "torch.float32", "use_cache": None, **settings}
    write_json(folder / "results_2026-01-02T00-00-00.000001.json", {"config": config})
    rows = [
        {"doc_id": i, "doc_hash": f"{i:064x}", "prompt_hash": "p", "filter": "none", "target": "x"}
        | {"metrics": ["acc"], "acc": float(i < right), "arguments": [], "resps": [["x"]]}
        for i in range(400)
    ]
    write_jsonl(folder / "samples_arc_easy_2026-01-02T00-00-00.000001.jsonl", rows)
    return home


def test_two_harness_folders_are_judged(tmp_path: Path) -> None:
    old, new = harness_folder(tmp_path / "old", 390), harness_folder(tmp_path / "new", 388)
    assert judge_scores(old, new, Policy(macro_margin=0.05)).verdict == "pass"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"use_cache": "cache"}, "request cache"),
        ({"batch_size": 32}, "batch size differs"),
        ({"model_dtype": "torch.bfloat16"}, "model dtype differs"),
    ],
)
def test_harness_folders_made_in_different_ways_are_refused(
    tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    old, new = harness_folder(tmp_path / "old", 390), harness_folder(tmp_path / "new", 390, **settings)
    with pytest.raises(InputError, match=says):
        judge_scores(old, new, Policy())


def test_harness_prompts_that_differ_are_refused(tmp_path: Path) -> None:
    old, new = harness_folder(tmp_path / "old", 390), harness_folder(tmp_path / "new", 390)
    for path in new.rglob("samples_*"):
        path.write_text(path.read_text().replace('"prompt_hash": "p"', '"prompt_hash": "q"'))
    with pytest.raises(InputError, match="different prompts"):
        judge_scores(old, new, Policy())


def test_the_control_can_be_a_file(here: Command, project: Project) -> None:
    for name, right in (("old", 390), ("again", 370), ("new", 390)):
        rows = [{"task": "t", "item": i, "score": int(i < right)} for i in range(400)]
        write_jsonl(project.root / f"{name}.jsonl", rows)
    (project.root / "p.yaml").write_text("aa_control: {max_flip_rate: 0.005}\n")
    line = ["judge", "--baseline", "old.jsonl", "--candidate", "new.jsonl", "--policy", "p.yaml"]
    for control, code in ((["--control", "old.jsonl"], 0), (["--control", "again.jsonl"], 3), ([], 3)):
        assert here(*line, *control, "--json").returncode == code


def test_reasons_stand_in_the_text_for_people(here: Command, project: Project) -> None:
    run = evaluation(project, sliced("de"), {"default_margin": 0.1, "macro_margin": 0.1})
    text = here("judge", run.id).stdout
    assert text.startswith("PASS")
    assert "language = de" in text


# --- what is told twice, not at all, or cannot be read


def metric_folder(home: Path, metric: str, values: list[Any], less: bool | None = None) -> Path:
    """A folder of the harness with one metric; with ``less``, the results tell its direction."""
    folder = home / "my__model"
    folder.mkdir(parents=True)
    if less is not None:
        told = {"config": {}, "higher_is_better": {"speech": {metric: not less}}}
        write_json(folder / "results_2026-01-02T00-00-00.000001.json", told)
    rows = [{"doc_id": i, "filter": "none", "metrics": [metric], metric: v} for i, v in enumerate(values)]
    write_jsonl(folder / "samples_speech_2026-01-02T00-00-00.000001.jsonl", rows)
    return home


LESS = Policy(tasks={"speech": TaskPolicy(higher_is_better=False, margin=0.05)})


def test_a_direction_is_applied_once(tmp_path: Path) -> None:
    good, bad = [0.1 + i % 3 / 50 for i in range(200)], [0.6 + i % 4 / 50 for i in range(200)]
    for less, policy in ((True, Policy()), (None, LESS)):
        home = tmp_path / str(less)
        old, new = (
            metric_folder(home / "old", "wer", good, less),
            metric_folder(home / "new", "wer", bad, less),
        )
        assert judge_scores(old, new, policy).verdict == "fail"
        assert judge_scores(new, old, policy).verdict == "pass"
    told, untold = tmp_path / "True" / "old", tmp_path / "None" / "old"
    with pytest.raises(InputError, match="already turned") as twice:
        judge_scores(told, told, LESS)
    assert "leave out higher_is_better" in twice.value.remedy
    with pytest.raises(InputError, match="not known whether") as never:
        judge_scores(untold, untold, Policy())
    assert "higher_is_better in the policy" in never.value.remedy


def test_a_perplexity_is_not_turned_again_by_the_policy(tmp_path: Path) -> None:
    home = metric_folder(tmp_path / "old", "word_perplexity", [[-20.0 - i % 7, 10] for i in range(50)])
    with pytest.raises(InputError, match="already turned"):
        judge_scores(home, home, LESS)


def test_a_sample_that_is_no_number_is_named_by_file_and_line(tmp_path: Path) -> None:
    home = metric_folder(tmp_path / "old", "word_perplexity", [[-20.0, 10], ["x", "y"]])
    with pytest.raises(InputError, match="finite number") as refused:
        judge_scores(home, home, Policy())
    assert refused.value.where == "samples_speech_2026-01-02T00-00-00.000001.jsonl, line 2"


def test_empty_samples_are_refused_before_a_look_is_taken(tmp_path: Path) -> None:
    home, looks = metric_folder(tmp_path / "old", "acc", []), tmp_path / "looks.json"
    with pytest.raises(InputError, match="are empty"):
        judge_scores(home, home, Policy(), looks=looks)
    assert not looks.exists()


def test_a_damaged_line_among_scores_is_refused_and_a_torn_last_one_is_not(project: Project) -> None:
    run = evaluation(project, plain())
    path = run.path / "arms" / "new" / "kept.jsonl"
    whole = path.read_text()
    path.write_text(whole + '{"item": "40')
    assert judge_run(project, run)["verdict"] == "pass"
    path.write_text(whole.replace("\n", "\n{torn\n", 1))
    with pytest.raises(InputError, match="cannot be read") as refused:
        judge_run(project, run)
    assert refused.value.where == "kept.jsonl, line 2"


@pytest.mark.parametrize("typo", [{"require": ["kpet"]}, {"tasks": {"kpet": {"margin": 0.01}}}])
def test_a_policy_that_names_no_task_is_refused(
    project: Project, tmp_path: Path, typo: dict[str, Any]
) -> None:
    rows = [{"task": "kept:strict", "item": i, "score": int(i < 390)} for i in range(400)]
    file = write_jsonl(tmp_path / "s.jsonl", rows)
    with pytest.raises(InputError, match="'kpet' that is not there") as refused:
        judge_scores(file, file, Policy.model_validate(typo))
    assert "kept, kept:strict" in refused.value.remedy
    (tmp_path / "p.yaml").write_text(json.dumps(typo))
    with pytest.raises(InputError, match="'kpet' that is not there"):
        judge_run(project, evaluation(project, plain()), tmp_path / "p.yaml")
    for name in ("kept", "kept:strict"):
        assert judge_scores(file, file, Policy(require=[name])).verdict == "pass"


def test_a_task_of_the_suite_that_was_not_evaluated_can_be_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("{require: [kept, job], beat_prompt: false}")
    assert judge_run(project, evaluation(project, plain()), tmp_path / "p.yaml")["verdict"] == "pass"


def test_several_candidates_on_the_same_items_are_told(project: Project) -> None:
    arms = {**plain(), "other": {"kept": answers(390, 400)}}
    words = "one of 2 candidates judged on the same items; the best of them is not a fresh look"
    found = judge_run(project, evaluation(project, arms))["arms"]
    assert all(words in verdict["reasons"] for verdict in found.values())
    alone = judge_run(project, evaluation(project, plain()))
    assert not any("candidates judged" in reason for reason in alone["reasons"])


def test_what_is_not_finite_is_null_in_the_answer_and_in_the_file(here: Command, project: Project) -> None:
    def refused(name: str) -> None:
        raise AssertionError(name)

    policy = {"tasks": {"kept": {"role": "retained", "margin": 0.5}}}
    arms = {arm: {"kept": [Score("1:h", score)]} for arm, score in (("base", -3.0), ("new", -9.0))}
    run = evaluation(project, arms, policy)
    answer = here("judge", run.id, "--json")
    assert answer.returncode == 3
    for text in (answer.stdout, (run.path / "verdict.json").read_text()):
        (task,) = json.loads(text, parse_constant=refused)["tasks"]
        assert (task["low"], task["high"], task["delta"]) == (None, None, -6.0)


def test_a_mistake_of_our_own_is_no_failed_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("jane@example.com")

    file = write_jsonl(tmp_path / "s.jsonl", [{"task": "t", "item": 1, "score": 1}])
    monkeypatch.setattr(judging, "decide_gate", broken)
    line = ["judge", "--baseline", str(file), "--candidate", str(file), "--json"]
    monkeypatch.setattr(sys, "argv", ["workbench", *line])
    for name in ("HF_HUB_DISABLE_TELEMETRY", "TQDM_DISABLE"):
        monkeypatch.setenv(name, "1")
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert ended.value.code == 4
    assert set(error) == {"type", "what", "where", "remedy"}
    assert "ZeroDivisionError" in error["what"]
    assert error["where"].startswith("judging.py, line ")
    assert "jane" not in told.out + told.err
