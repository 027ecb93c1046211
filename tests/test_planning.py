"""How many items: the table of the specification, exact power, groups, and pilots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Command
from tests.test_judging import evaluation
from workbench.errors import InputError
from workbench.gate import decide_gate
from workbench.paired import mcnemar_harm
from workbench.planning import Design, exact_power, plan_from_pilot, plan_items, plan_table
from workbench.policy import Policy
from workbench.projects import Project
from workbench.scores import Paired, Score


@pytest.mark.parametrize(
    ("flips", "loss", "items"),
    [
        (0.05, 0.01, 3092),
        (0.05, 0.02, 773),
        (0.1, 0.02, 1546),
        (0.1, 0.03, 687),
        (0.1, 0.05, 248),
        (0.2, 0.03, 1374),
    ],
)
def test_items_to_rule_a_loss_out_are_those_of_the_specification(
    flips: float, loss: float, items: int
) -> None:
    assert plan_items(loss, flips).to_rule_out == pytest.approx(items, abs=1)


def test_the_exact_power_is_that_of_a_simulation() -> None:
    generator = np.random.default_rng(1)
    draws = generator.multinomial(500, [0.03, 0.07, 0.9], 4000)
    seen = sum(mcnemar_harm(int(gained), int(lost)) <= 0.05 for gained, lost, _ in draws) / 4000
    assert exact_power(500, 0.04, 0.1) == pytest.approx(seen, abs=0.03)


def test_the_specified_power_of_a_loss_of_four_points_is_found() -> None:
    """The specification's table F: 0.235, 0.662 and 0.991 at 100, 300 and 1,000 items."""
    assert exact_power(100, 0.04, 0.1) == pytest.approx(0.235, abs=0.01)
    assert exact_power(300, 0.04, 0.1) == pytest.approx(0.662, abs=0.01)
    assert exact_power(1000, 0.04, 0.1) == pytest.approx(0.991, abs=0.003)


@given(st.floats(0.01, 0.08), st.floats(0.0, 0.2))
@settings(max_examples=25, deadline=None)
def test_the_items_planned_have_the_power_asked_for(loss: float, more: float) -> None:
    plan = plan_items(loss, min(1.0, loss + more + 0.01))
    assert plan.power_at_to_see >= 0.8
    assert plan.to_see > 1


@given(st.floats(0.01, 0.08))
@settings(max_examples=20, deadline=None)
def test_more_flips_and_more_tasks_take_more_items(loss: float) -> None:
    one, noisier = plan_items(loss, 0.1), plan_items(loss, 0.2)
    assert noisier.to_rule_out > one.to_rule_out
    assert noisier.to_see > one.to_see
    assert plan_items(loss, 0.1, Design(tasks=8)).to_see > one.to_see


def test_groups_of_alike_items_count_for_less() -> None:
    alone = plan_items(0.02, 0.1)
    grouped = plan_items(0.02, 0.1, Design(cluster_size=5, correlation=0.25))
    assert grouped.to_rule_out == pytest.approx(2 * alone.to_rule_out, abs=1)
    assert grouped.to_see == pytest.approx(2 * alone.to_see, abs=1)


def test_items_planned_are_enough_for_the_gate() -> None:
    """An unchanged model of as many items as were planned is called retained 4 times in 5."""
    generator = np.random.default_rng(2)
    n = plan_items(0.05, 0.1).to_rule_out
    policy = Policy(default_margin=0.05, macro_margin=0.05)
    retained = 0
    for _ in range(300):
        gained, lost, _ = (int(x) for x in generator.multinomial(n, [0.05, 0.05, 0.9]))
        right = n * 8 // 10
        old = [1.0] * right + [0.0] * (n - right)
        new = [0.0] * lost + [1.0] * (right - lost) + [1.0] * gained + [0.0] * (n - right - gained)
        (task,) = decide_gate([Paired("t", old, new, [str(i) for i in range(n)])], policy).tasks
        retained += task.verdict == "retained"
    assert retained / 300 == pytest.approx(0.8, abs=0.08)


def test_a_loss_beyond_the_flips_is_refused() -> None:
    with pytest.raises(InputError, match="at least as many flips"):
        plan_items(0.1, 0.05)


def test_the_table_leaves_out_losses_that_cannot_be() -> None:
    assert [plan.loss for plan in plan_table(0.03)] == [0.01, 0.02, 0.03]


def test_the_command_answers_how_many_items_it_takes(here: Command) -> None:
    data = here("plan-items", "--loss", "0.02", "--flip-rate", "0.1", "--json").data
    assert [plan["to_rule_out"] for plan in data["plans"]] == [1546]
    text = here("plan-items", "--flip-rate", "0.1").stdout
    assert "1546" in text
    assert here("plan-items", "--loss", "0.02", "--json").returncode == 2


def pilot(project: Project) -> str:
    """An evaluation of 200 items in groups of 4 of which every fifth group flips as one."""

    def score(i: int, arm: str) -> Score:
        lost = arm == "new" and (i // 4) % 10 == 0
        gained = arm == "new" and (i // 4) % 10 == 5
        right = (i // 4) % 10 != 5
        return Score(f"{i}:h", float((right or gained) and not lost), str(i // 4), prompt_hash="p")

    arms = {arm: {"kept": [score(i, arm) for i in range(200)]} for arm in ("base", "new")}
    return evaluation(project, arms).id


def test_a_pilot_gives_flips_and_groups(here: Command, project: Project) -> None:
    (plan,) = here("plan-items", "--pilot", pilot(project), "--loss", "0.03", "--json").data["tasks"]
    assert (plan["flips"], plan["items"], plan["clusters"]) == (40, 200, 50)
    assert plan["flip_rate"] == pytest.approx(0.2, abs=0.01)
    assert plan["correlation"] == pytest.approx(1.0, abs=0.02)
    assert plan["to_rule_out"] == pytest.approx(4 * plan_items(0.03, plan["flip_rate"]).to_rule_out, rel=0.05)
    assert plan["to_rule_out_high"] > plan["to_rule_out"]
    assert "ICC" in here("plan-items", "--pilot", pilot(project)).stdout


def test_a_pilot_without_a_candidate_is_refused(project: Project) -> None:
    run = evaluation(project, {"base": {"kept": [Score("1:h", 1.0)]}})
    with pytest.raises(InputError, match="no adapter"):
        plan_from_pilot(run, 0.02)
