"""The gate: verdicts on planted cases. Its error rates are in test_gate_statistics."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from scipy import stats

from workbench.errors import InputError
from workbench.gate import decide_gate
from workbench.paired import (
    holm,
    items_needed,
    mean_difference,
    mean_interval,
    tango_interval,
    wilson,
)
from workbench.policy import Policy, TaskPolicy, Waiver, load_policy
from workbench.scores import Paired, Score, pair

POLICY = Policy(default_margin=0.05, macro_margin=0.02)


def case(task: str, right: int, lost: int, gained: int, n: int) -> Paired:
    """A task on which the base has ``right`` right; some are lost, some gained."""
    old = [1.0] * right + [0.0] * (n - right)
    new = [0.0] * lost + [1.0] * (right - lost) + [1.0] * gained + [0.0] * (n - right - gained)
    return Paired(task, old, new, [str(i) for i in range(n)])


def test_no_flip_still_leaves_room_for_a_loss() -> None:
    z = float(stats.norm.ppf(0.95))
    assert tango_interval(0, 0, 320).low == pytest.approx(-z * z / (320 + z * z), abs=1e-6)


@pytest.mark.parametrize(
    ("gained", "lost", "low", "high"), [(0, 15, -0.070, -0.031), (1, 14, -0.064, -0.023)]
)
def test_tango_bounds_agree_with_the_published_run(gained: int, lost: int, low: float, high: float) -> None:
    interval = tango_interval(gained, lost, 320)
    assert interval.low == pytest.approx(low, abs=0.0015)
    assert interval.high == pytest.approx(high, abs=0.0015)


def test_holm_is_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_wilson_is_the_textbook_example() -> None:
    interval = wilson(8, 10)
    assert (interval.low, interval.high) == pytest.approx((0.4902, 0.9433), abs=1e-3)


def test_planning_agrees_with_the_table() -> None:
    assert items_needed(0.1, 0.03) == pytest.approx(687, abs=1)


def test_clusters_widen_the_interval() -> None:
    generator = random.Random(0)
    differences, clusters = [], []
    for cluster in range(40):
        shift = generator.choice([-1.0, 0.0, 0.0, 1.0])
        differences += [shift] * 10
        clusters += [str(cluster)] * 10
    alone, _, _ = mean_difference(differences)
    grouped, _, freedom = mean_difference(differences, clusters)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert freedom == 39


def test_an_unchanged_model_passes() -> None:
    tasks = [case(f"t{i}", 280, 2, 2, 300) for i in range(6)]
    verdict = decide_gate(tasks, POLICY)
    assert verdict.verdict == "pass"
    assert {t.verdict for t in verdict.tasks} == {"retained"}


def test_one_planted_loss_fails_and_is_named() -> None:
    tasks = [case(f"t{i}", 280, 2, 2, 300) for i in range(5)] + [case("victim", 280, 60, 1, 300)]
    verdict = decide_gate(tasks, POLICY)
    assert verdict.verdict == "fail"
    assert [t.task for t in verdict.tasks if t.verdict == "forgotten"] == ["victim"]
    assert any("victim" in reason for reason in verdict.reasons)


def test_too_few_items_are_inconclusive_and_say_how_many_more() -> None:
    verdict = decide_gate([case("t", 24, 2, 1, 30)], POLICY)
    assert verdict.verdict == "inconclusive"
    assert verdict.tasks[0].more_items_needed > 50


def test_a_base_at_chance_cannot_show_retention() -> None:
    policy = Policy(tasks={"coin": TaskPolicy(chance=0.5)})
    verdict = decide_gate([case("coin", 150, 10, 10, 300), case("good", 290, 1, 1, 300)], policy)
    assert verdict.tasks[0].verdict == "not_measurable"
    assert verdict.tasks[1].verdict == "retained"


def test_a_suite_of_nothing_but_chance_never_passes() -> None:
    policy = Policy(default_margin=0.1, tasks={"coin": TaskPolicy(chance=0.5)})
    assert decide_gate([case("coin", 150, 10, 10, 300)], policy).verdict == "inconclusive"


def test_small_losses_everywhere_fail_on_the_average() -> None:
    tasks = [case(f"t{i}", 480, 30, 10, 500) for i in range(8)]
    verdict = decide_gate(tasks, POLICY)
    assert verdict.macro["verdict"] == "forgotten"
    assert verdict.verdict == "fail"


def test_a_target_must_improve() -> None:
    retained = [case(f"t{i}", 280, 1, 1, 300) for i in range(5)]
    assert decide_gate(retained, POLICY, targets=[case("job", 0, 0, 200, 300)]).verdict == "pass"
    assert decide_gate(retained, POLICY, targets=[case("job", 200, 20, 1, 300)]).verdict == "fail"
    assert decide_gate(retained, POLICY, targets=[case("job", 200, 9, 10, 300)]).verdict == "inconclusive"


def test_a_good_prompt_must_be_beaten() -> None:
    retained = [case(f"t{i}", 280, 1, 1, 300) for i in range(5)]
    job, prompted = [case("job", 0, 0, 200, 300)], [case("job", 250, 60, 2, 300)]
    assert decide_gate(retained, POLICY, job, prompted).verdict == "fail"
    lenient = POLICY.model_copy(update={"beat_prompt": False})
    assert decide_gate(retained, lenient, job, prompted).verdict == "pass"


def test_without_a_prompted_base_the_target_stays_open() -> None:
    retained = [case(f"t{i}", 280, 1, 1, 300) for i in range(5)]
    job = [case("job", 0, 0, 200, 300)]
    verdict = decide_gate(retained, POLICY, job, [], prompt_expected=True)
    assert verdict.verdict == "inconclusive"
    assert "--prompt" in verdict.reasons[0]


def test_a_filtered_task_follows_the_policy_of_its_task() -> None:
    policy = Policy(tasks={"gsm8k": TaskPolicy(margin=0.02, chance=0.1, role="target")})
    assert (policy.margin("gsm8k:strict"), policy.chance("gsm8k:strict")) == (0.02, 0.1)
    assert policy.role("gsm8k:strict") == "target"


def test_two_unchanged_clusters_prove_little() -> None:
    interval, _, _ = mean_difference([0.0] * 1000, ["a"] * 500 + ["b"] * 500)
    assert interval.low < -0.05


def test_a_task_that_was_not_measured_is_named_beside_a_pass() -> None:
    policy = Policy(tasks={"coin": TaskPolicy(chance=0.5)})
    reasons = decide_gate([case("coin", 150, 10, 10, 300), case("good", 290, 1, 1, 300)], policy).reasons
    assert reasons[0].startswith("could not be measured: coin")


def test_open_questions_can_be_set_to_warn() -> None:
    tasks = [case("t", 24, 2, 1, 30)]
    policy = POLICY.model_copy(update={"on_inconclusive": "warn"})
    verdict = decide_gate(tasks, policy)
    assert verdict.verdict == "pass"
    assert verdict.reasons[0].startswith("warning")


def test_real_valued_scores_are_judged_by_their_mean() -> None:
    generator = random.Random(1)
    old = [generator.uniform(0.6, 0.9) for _ in range(400)]
    worse = Paired(
        "f1", old, [s - 0.2 + generator.uniform(-0.1, 0.1) for s in old], [str(i) for i in range(400)]
    )
    assert decide_gate([worse], POLICY).tasks[0].verdict == "forgotten"


def scores(n: int, prompt: str = "p") -> dict[str, Score]:
    return {str(i): Score(str(i), 1.0, prompt_hash=prompt) for i in range(n)}


def test_unequal_items_are_refused() -> None:
    with pytest.raises(InputError, match="same items"):
        pair("t", scores(10), scores(9))


def test_unequal_prompts_are_refused() -> None:
    with pytest.raises(InputError, match="different prompts"):
        pair("t", scores(5, "a"), scores(5, "b"))


def test_unknown_policy_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("gate: {alpha: 0.05, magic: 1}")
    with pytest.raises(InputError, match="magic"):
        load_policy(path)


@pytest.mark.parametrize(
    ("old", "new", "clusters"),
    [([1.0] * 300, [0.0] * 300, ["one"] * 300), ([1.0], [0.0], None), ([0.7], [0.1], None)],
)
def test_one_item_or_one_group_is_open_and_not_unmeasured(
    old: list[float], new: list[float], clusters: list[str] | None
) -> None:
    few = Paired("few", old, new, [str(i) for i in range(len(old))], clusters)
    verdict = decide_gate([case("good", 980, 0, 0, 1000), few], POLICY)
    assert verdict.verdict == "inconclusive"
    assert {t.task: t.verdict for t in verdict.tasks} == {"good": "retained", "few": "inconclusive"}
    assert all(-1.0 <= t.low <= t.high <= 1.0 for t in verdict.tasks)


def test_unbounded_scores_that_did_not_change_are_retained() -> None:
    policy = Policy(tasks={"nats": TaskPolicy(margin=0.1)})
    nats = Paired("nats", [-3.5, -4.5, -9.0], [-3.5, -4.5, -9.0], ["a", "b", "c"])
    assert [t.verdict for t in decide_gate([nats], policy).tasks] == ["retained"]


def test_a_task_without_items_is_refused() -> None:
    with pytest.raises(InputError, match="'none' has no items"):
        decide_gate([Paired("none")], POLICY)


@pytest.mark.parametrize("name", ["average", "control", "flag:memorised"])
def test_a_task_named_like_a_rule_is_refused_beside_waivers(name: str) -> None:
    waived = Policy(waivers=[Waiver(rule=name, by="Ana", reason="retired")])
    with pytest.raises(InputError, match="the name of a rule"):
        decide_gate([case(name, 290, 30, 0, 300)], waived)
    assert decide_gate([case(name, 290, 100, 0, 300)], Policy()).verdict == "fail"


def grouped(clusters: list[str | None]) -> dict[str, Score]:
    return {str(i): Score(str(i), 1.0, cluster) for i, cluster in enumerate(clusters)}


def test_clusters_on_one_side_or_on_some_items_are_refused() -> None:
    whole = grouped(["a", "a", "b"])
    for other in (grouped([None, None, None]), grouped(["a", "b", "b"])):
        with pytest.raises(InputError, match="different clusters"):
            pair("t", whole, other)
    with pytest.raises(InputError, match="only some items have a cluster"):
        pair("t", grouped(["a", None, "b"]), grouped(["a", None, "b"]))
    assert pair("t", whole, whole).clusters == ["a", "a", "b"]
    assert pair("t", grouped([None]), grouped([None])).clusters is None


def test_the_bounds_of_a_mean_of_shares_are_shares() -> None:
    assert mean_interval([0.9]) == (0.9, 0.0, 1.0)
    assert mean_interval([0.1, 0.95]).high == 1.0
    assert mean_interval([3.0, 9.0]).high > 9.0
