"""The dial: points that are chosen on one half of the items and confirmed on the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Command
from tests.judged_project import written_adapter
from tests.make import write_jsonl
from workbench.dial import DialSettings, create_dial, dial_chart, scaled_adapter, strength_chart, turn_dial
from workbench.dial.halves import halves
from workbench.errors import InputError, RunCancelledError
from workbench.evaluation import Arm, create_evaluation, evaluate, evaluation_arms, read_evaluation_folder
from workbench.evaluation.arms import opened_arms
from workbench.evaluation.store import stored_parts, write_scores
from workbench.files import read_json, write_json
from workbench.judging import judge_run
from workbench.policy import Policy
from workbench.projects import Project
from workbench.red_flags.measuring import MEASURES
from workbench.report.gathering import dial_of, judged_arm
from workbench.runs import Run, open_run
from workbench.scores import Score
from workbench.worker import Worker

# PEFT asks transformers for an attribute by its former name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

ITEMS = 1200
TASK = """
task: NAME
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: [red, green, blue]
doc_to_target: "{{answer}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TQDM_DISABLE"):
        monkeypatch.setenv(name, "1")


def suite_of(project: Project, roles: tuple[str, ...] = ("retained", "target")) -> str:
    home = project.root / "evalsuites"
    home.mkdir(exist_ok=True)
    things = ["sky", "grass", "blood", "sea", "leaf", "rose", "moss", "brick", "plum", "lake", "fern", "ruby"]
    rows = [{"question": f"What colour is {x}?", "answer": "red"} for x in things]
    write_jsonl(home / "items.jsonl", rows)
    for role in roles:
        (home / f"{role}.yaml").write_text(TASK.replace("NAME", role))
    tasks = [{"task": f"{role}.yaml", "role": role} for role in roles]
    policy = {"beat_prompt": False, "macro_margin": 0.05}
    (home / "own.yaml").write_text(json.dumps({"name": "own", "tasks": tasks, "policy": policy}))
    return str(home / "own.yaml")


def planted(run: Run, right: dict[str, tuple[int, int]], items: int = ITEMS) -> dict[str, Any]:
    """Answer a dial's tasks for its arms, right on so many retained and target items in a thousand.

    The markers say that every arm has answered, so the dial itself goes on from there.
    """
    for arm, by_role in right.items():
        folder = run.path / "arms" / arm
        for task, share in zip(("retained", "target"), by_role, strict=True):
            found = [
                Score(f"{i}:{i:04x}", float(i * 7919 % 1000 < share), prompt_hash="p") for i in range(items)
            ]
            write_scores(folder, {task: {score.item: score for score in found}})
            write_json(folder / f"{task}.done", {"requests_sha256": "r", "key": "k", "from_store": True})
    found = turn_dial(Worker(run))
    write_json(run.path / "result.json", found)
    return found


def dial_of_one(project: Project, **settings: Any) -> Run:
    adapter = written_adapter(project)
    return create_dial(
        project,
        base="tiny-chat",
        suite=suite_of(project),
        adapters=[f"one={adapter}"],
        # The weights are invented, so no model can be asked for red flags.
        settings=DialSettings.model_validate({"red_flags": False, **settings}),
    )


def point(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(p for p in found["points"] if p["name"] == name)


RISING = {
    "base": (900, 300),
    "one-at-0_25": (898, 400),
    "one-at-0_5": (895, 550),
    "one-at-0_75": (800, 650),
    "one": (600, 700),
}


def test_the_largest_gain_that_keeps_the_retained_tasks_is_recommended_and_confirmed(
    project: Project,
) -> None:
    found = planted(dial_of_one(project), RISING)
    assert found["recommended"] == "one-at-0_5"
    assert [p["scale"] for p in found["points"]] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [p["eligible"] for p in found["points"]] == [True, True, True, False, False]
    best = point(found, "one-at-0_5")
    assert best["target"]["low"] < 0.25 < best["target"]["high"]
    assert best["retained"]["low"] >= -0.05
    assert found["confirmation"]["outcome"] == "confirmed"
    assert "0.5" in found["statement"] and "one, one-at-0_75" not in found["statement"]
    assert any("one-at-0_75" in reason and "loss" in reason for reason in found["why"])


def test_the_base_is_the_point_of_strength_nothing_and_exactly_nothing_changes(project: Project) -> None:
    found = planted(dial_of_one(project), RISING)
    base = point(found, "base")
    assert base["target"] == base["retained"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "base" in {arm["name"] for arm in open_run(project, found["run"]).config["arms"]}


def test_the_frontier_leaves_out_what_another_point_beats_in_both(project: Project) -> None:
    found = planted(dial_of_one(project), {**RISING, "one-at-0_25": (700, 350)})
    told = {p["name"]: p["on_frontier"] for p in found["points"]}
    assert told == {
        "base": True, "one-at-0_25": False, "one-at-0_5": True, "one-at-0_75": True, "one": True,
    }  # fmt: skip


def test_nothing_is_recommended_where_every_strength_only_loses(project: Project) -> None:
    worse = dict.fromkeys(RISING, (600, 200)) | {"base": (900, 300)}
    found = planted(dial_of_one(project), worse)
    assert found["recommended"] is None and found["evaluation"] is None and found["confirmation"] is None
    assert not any(p["recommended"] for p in found["points"])
    assert "No setting is recommended" in found["statement"]


def test_a_gain_that_only_the_choosing_half_shows_is_not_confirmed(project: Project) -> None:
    run = dial_of_one(project, scales=(0.5, 1.0))
    steady = {"base": (900, 300), "one": (600, 300), "one-at-0_5": (900, 300)}
    policy = Policy.model_validate(run.config["policy"])
    scores = {f"{i}:{i:04x}": Score(f"{i}:{i:04x}", 0.0) for i in range(ITEMS)}
    chosen = halves({"base": {"target": scores}}, policy, share=0.5, seed=0)[0]["base"]["target"]
    planted(run, steady)
    folder = run.path / "arms" / "one-at-0_5"
    lucky = {
        item: Score(
            item,
            1.0 if item in chosen else float(int(item.split(":")[0]) * 7919 % 1000 < 280),
            prompt_hash="p",
        )
        for item in scores
    }
    write_scores(folder, {"target": lucky})
    (run.path / "result.json").unlink()
    found = turn_dial(Worker(run))
    assert found["recommended"] == "one-at-0_5"
    assert found["confirmation"]["outcome"] == "refuted"


def test_the_gate_is_given_only_items_that_did_not_choose(project: Project) -> None:
    run = dial_of_one(project)
    found = planted(run, RISING)
    handed = open_run(project, found["evaluation"])
    arms, whole = read_evaluation_folder(handed.path), read_evaluation_folder(run.path)
    policy = Policy.model_validate(run.config["policy"])
    selection, gate = halves(whole, policy, share=0.5, seed=0)
    assert list(arms) == ["base", "one-at-0_5"]
    for task in ("retained", "target"):
        assert arms["one-at-0_5"][task] == gate["one-at-0_5"][task]
        assert not set(arms["base"][task]) & set(selection["base"][task])
        assert len(arms["base"][task]) + len(selection["base"][task]) == ITEMS
    judged = judge_run(project, handed)
    assert judged["verdict"] == "pass"
    assert judged["arms"]["one-at-0_5"]["bound_to"]["scale"] == 0.5


def test_a_dial_that_ends_twice_hands_over_one_evaluation_and_the_same_file(project: Project) -> None:
    run = dial_of_one(project)
    first = planted(run, RISING)
    kept = (run.path / "dial.json").read_bytes()
    assert turn_dial(Worker(run)) == first
    assert (run.path / "dial.json").read_bytes() == kept


def test_the_report_of_the_gate_evaluation_finds_its_dial(project: Project) -> None:
    found = planted(dial_of_one(project), RISING)
    handed = open_run(project, found["evaluation"])
    judge_run(project, handed)
    told = dial_of(project, handed, judged_arm(handed))
    assert told is not None and told["statement"] == found["statement"]


def test_charts_show_every_point_and_escape_their_names(project: Project) -> None:
    found = planted(dial_of_one(project), RISING)
    chart = str(dial_chart(found))
    assert chart.count("<circle") == 5 and "one-at-0_5 (recommended)" in chart
    hostile = json.loads(json.dumps(found).replace("one-at-0_75", "<script>"))
    assert "<script>" not in str(dial_chart(hostile))
    over = str(strength_chart(found, found["points"][1]["adapter"]))
    assert over.count("<polyline") == 2 and "0.5 (recommended)" in over
    assert str(strength_chart(found, "another")) == ""


@given(
    st.sets(st.text(alphabet="abcdef0123456789", min_size=4, max_size=8), min_size=40, max_size=80),
    st.integers(0, 50),
)
def test_halves_are_disjoint_whole_and_the_same_for_the_same_row_in_two_tasks(
    hashes: set[str], seed: int
) -> None:
    names = sorted(hashes)
    first = {f"{i}:{h}": Score(f"{i}:{h}", 1.0) for i, h in enumerate(names)}
    second = {f"{i + 7}:{h}": Score(f"{i + 7}:{h}", 0.0) for i, h in enumerate(reversed(names))}
    arms = {"base": {"one": first, "two": second}}
    chosen, rest = halves(arms, Policy.model_validate({}), share=0.5, seed=seed)
    for task, items in arms["base"].items():
        assert set(chosen["base"][task]) | set(rest["base"][task]) == set(items)
        assert not set(chosen["base"][task]) & set(rest["base"][task])
    sides = [{item.split(":")[1] for item in chosen["base"][task]} for task in ("one", "two")]
    assert sides[0] == sides[1]
    fewer = dict(list(first.items())[:-1])
    again = halves({"base": {"one": fewer}}, Policy.model_validate({}), share=0.5, seed=seed)[0]["base"][
        "one"
    ]
    assert set(again) == set(chosen["base"]["one"]) & set(fewer)


def test_items_of_a_group_are_on_one_side() -> None:
    items = {f"{i}:{i:04x}": Score(f"{i}:{i:04x}", 1.0, cluster=f"passage {i // 6}") for i in range(240)}
    chosen, rest = halves({"base": {"read": items}}, Policy.model_validate({}), share=0.5, seed=3)
    groups = [{score.cluster for score in side["base"]["read"].values()} for side in (chosen, rest)]
    assert not groups[0] & groups[1]


def test_a_task_with_too_few_items_to_divide_is_refused() -> None:
    items = {f"{i}:{i:04x}": Score(f"{i}:{i:04x}", 1.0) for i in range(2)}
    with pytest.raises(InputError, match="too few items"):
        halves({"base": {"small": items}}, Policy.model_validate({}), share=0.5, seed=0)


@pytest.mark.parametrize("missing", ["target", "retained"])
def test_a_suite_without_both_roles_is_refused(project: Project, missing: str) -> None:
    roles = ("target",) if missing == "retained" else ("retained",)
    adapter = written_adapter(project)
    with pytest.raises(InputError, match=f"no {missing} task"):
        create_dial(project, base="tiny-chat", suite=suite_of(project, roles), adapters=[str(adapter)])


def test_what_cannot_be_turned_is_refused_before_a_run_is_made(project: Project) -> None:
    adapter, suite = written_adapter(project), suite_of(project)

    def made(adapters: list[str], **settings: Any) -> None:
        create_dial(
            project,
            base="tiny-chat",
            suite=suite,
            adapters=adapters,
            settings=DialSettings.model_validate(settings),
        )

    with pytest.raises(InputError, match="nothing to turn"):
        made([])
    with pytest.raises(InputError, match="strength 0 alone"):
        made([str(adapter)], scales=[0.0])
    with pytest.raises(InputError, match="every strength"):
        made([f"one={adapter}@0.5"])
    with pytest.raises(InputError, match="two adapters"):
        made([str(adapter)], merges=["linear"])
    config = read_json(adapter / "adapter_config.json")
    write_json(adapter / "adapter_config.json", {**config, "use_dora": True})
    with pytest.raises(InputError, match="cannot be scaled"):
        made([str(adapter)])
    assert not (project.root / "runs").exists()


# --- with the model


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a real adapter of tiny-chat with seeded random weights."""

    def made(name: str, seed: int = 0, **settings: Any) -> Path:
        import torch
        from peft import LoraConfig, get_peft_model

        from workbench.models import load_model

        torch.manual_seed(seed)
        config = LoraConfig(
            **{"r": 4, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"], **settings},
            init_lora_weights=False,
            task_type="CAUSAL_LM",
        )
        folder = tmp_path_factory.mktemp("adapters") / name
        get_peft_model(load_model("tiny-chat"), config).save_pretrained(str(folder))
        return folder

    return made


IDS = [[5, 9, 21, 7, 300, 12]]


@pytest.mark.parametrize("settings", [{}, {"use_rslora": True}, {"alpha_pattern": {"q_proj": 4}}])
def test_a_scaled_adapter_gives_the_logits_of_the_scaled_arm(
    tmp_path: Path, adapter: Callable[..., Path], settings: dict[str, Any]
) -> None:
    import torch

    full = adapter("full", **settings)
    written = scaled_adapter(full, 0.25, tmp_path / "quarter")
    arms = [
        Arm("arm", "adapter", adapter=str(full), scale=0.25),
        Arm("written", "adapter", adapter=str(written)),
        Arm("full", "adapter", adapter=str(full)),
    ]
    found = {}
    with opened_arms("tiny-chat", arms) as models, torch.inference_mode():
        for arm in arms:
            with models.active(arm):
                found[arm.name] = models.model(input_ids=torch.tensor(IDS)).logits
    assert torch.allclose(found["arm"], found["written"], atol=1e-5)
    assert not torch.allclose(found["arm"], found["full"], atol=1e-3)
    weights = "adapter_model.safetensors"
    assert (written / weights).read_bytes() == (full / weights).read_bytes()


def test_a_scaled_adapter_never_replaces_a_folder_and_never_is_nothing(
    tmp_path: Path, adapter: Callable[..., Path]
) -> None:
    full = adapter("whole")
    with pytest.raises(InputError, match="there already"):
        scaled_adapter(full, 0.5, tmp_path)
    with pytest.raises(InputError, match="without strength"):
        scaled_adapter(full, 0.0, tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def changes(folder: Path) -> dict[str, Any]:
    """What an adapter adds to each layer: ``lora_alpha / r`` times ``B A``."""
    from safetensors.torch import load_file

    config, weights = (
        read_json(folder / "adapter_config.json"),
        load_file(folder / "adapter_model.safetensors"),
    )
    scaling = config["lora_alpha"] / config["r"]
    layers = {re.sub(r"\.lora_[AB]\.weight$", "", name) for name in weights}
    return {
        layer: scaling * weights[f"{layer}.lora_B.weight"] @ weights[f"{layer}.lora_A.weight"]
        for layer in layers
    }


def test_merges_are_points_and_the_linear_one_is_the_exact_mean_of_the_changes(
    project: Project, adapter: Callable[..., Path]
) -> None:
    import torch

    one, two = adapter("one", seed=1), adapter("two", seed=2, r=8)
    run = create_dial(
        project,
        base="tiny-chat",
        suite=suite_of(project),
        adapters=[f"one={one}", f"two={two}"],
        settings=DialSettings.model_validate({"scales": [1.0], "merges": ["linear", "ties", "dare"]}),
    )
    found = turn_dial(Worker(run))
    names = [arm.name for arm in evaluation_arms(run)]
    assert names == ["base", "one", "two", "merged-linear", "merged-ties", "merged-dare"]
    merged = {merge["method"]: changes(Path(merge["folder"])) for merge in run.config["dial"]["merges"]}
    first, second = changes(one), changes(two)
    assert set(merged["linear"]) == set(first)
    for layer, change in merged["linear"].items():
        assert torch.allclose(change, (first[layer] + second[layer]) / 2, atol=1e-5)
        assert not torch.allclose(change, merged["ties"][layer], atol=1e-3)
        assert not torch.allclose(change, merged["dare"][layer], atol=1e-3)
    assert [p["name"] for p in found["points"]] == names


def test_judge_sees_the_red_flags_of_the_recommended_point(
    project: Project, adapter: Callable[..., Path]
) -> None:
    run = create_dial(
        project,
        base="tiny-chat",
        suite=suite_of(project),
        adapters=[f"one={adapter('flagged')}"],
        settings=DialSettings.model_validate({"scales": [0.5, 1.0]}),
    )
    found = planted(run, {"base": (900, 300), "one-at-0_5": (898, 550), "one": (600, 700)})
    handed = open_run(project, found["evaluation"])
    before = {path.name: path.read_bytes() for path in (handed.path / "flags").iterdir()}
    verdict = judge_run(project, handed)["arms"]["one-at-0_5"]
    assert {flag["name"] for flag in verdict["flags"]} == {measure.name for measure in MEASURES}
    assert turn_dial(Worker(run)) == found
    assert {path.name: path.read_bytes() for path in (handed.path / "flags").iterdir()} == before


def test_a_dial_that_was_stopped_goes_on_and_answers_nothing_twice(
    project: Project, adapter: Callable[..., Path]
) -> None:
    folder, suite = adapter("known", seed=3), suite_of(project)
    run = create_evaluation(project, base="tiny-chat", suite=suite, adapters=[f"one={folder}"])
    write_json(run.path / "result.json", evaluate(Worker(run)))
    before = len(stored_parts(project))
    dial = create_dial(
        project,
        base="tiny-chat",
        suite=suite,
        adapters=[f"one={folder}"],
        settings=DialSettings.model_validate({"scales": [0.5, 1.0]}),
    )
    (dial.path / "cancel").touch()
    with pytest.raises(RunCancelledError):
        turn_dial(Worker(dial))
    assert not (dial.path / "dial.json").exists()
    (dial.path / "cancel").unlink()
    assert len(turn_dial(Worker(dial))["points"]) == 3
    assert len(stored_parts(project)) == before + 2
    told = {
        arm: read_json(dial.path / "arms" / arm / "target.done")["from_store"]
        for arm in ("base", "one", "one-at-0_5")
    }
    assert told == {"base": True, "one": True, "one-at-0_5": False}


def test_the_command_names_what_is_wrong(project: Project, here: Command) -> None:
    suite, folder = suite_of(project), written_adapter(project)
    asked = ("dial", "--base", "tiny-chat", "--suite", suite, "--adapter", folder, "--json")
    assert here(*asked, "--scale", "3").data["error"]["what"].startswith("scales")
    assert here(*asked, "--merge", "average").data["error"]["what"].startswith("merges")
    assert "two adapters" in here(*asked, "--merge", "ties").data["error"]["what"]


@pytest.mark.slow
def test_the_command_runs_a_dial_and_hands_over_what_judge_takes(
    project: Project, cli: Command, adapter: Callable[..., Path]
) -> None:
    asked = (
        "dial",
        "--base",
        "tiny-chat",
        "--suite",
        suite_of(project),
        "--adapter",
        f"one={adapter('cli')}",
    )
    found = cli(*asked, "--scale", "0.5", "--selection", "0.4", "--json").data
    assert [point["name"] for point in found["points"]] == ["base", "one-at-0_5"]
    assert found["division"]["selection"] == 0.4
    run = open_run(project, found["run"])
    assert run.state == "finished" and run.result is not None and run.result["points"] == found["points"]
