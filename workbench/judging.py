"""Judge: an evaluation run, or two sets of scores from elsewhere, through the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation import read_evaluation, roles
from workbench.files import write_json
from workbench.gate import Verdict, decide_gate
from workbench.policy import Policy, load_policy
from workbench.projects import Project
from workbench.runs import Run
from workbench.scores import Scores, pair, read_scores
from workbench.suites import load_suite


def judge_run(project: Project, run: Run, policy_file: Path | None = None) -> dict[str, Any]:
    """Judge every adapter of an evaluation run against its base.

    Returns the contract's object for the last adapter, with ``arms``: the whole verdict of
    each. The policy is the one that was fixed when the evaluation was made, unless a file is
    named. The result is kept as ``verdict.json`` in the run. Raises `InputError`.
    """
    arms = read_evaluation(run)
    suite = load_suite(run.config["suite"], project)
    fixed = Policy.model_validate(run.config["policy"]) if "policy" in run.config else suite.policy()
    policy = load_policy(policy_file) if policy_file else fixed
    adapters = [arm["name"] for arm in run.config["arms"] if arm["adapter"]]
    if not adapters:
        raise InputError("the evaluation has no adapter", remedy="evaluate with --adapter RUN")
    role_of = roles(suite, arms)
    verdicts = {name: judge_arm(arms, name, role_of, policy) for name in adapters}
    last = verdicts[adapters[-1]].as_dict()
    result = {
        "run": run.id,
        "arm": adapters[-1],
        **last,
        "arms": {name: verdict.as_dict() for name, verdict in verdicts.items()},
    }
    write_json(run.path / "verdict.json", result)
    return result


def judge_arm(arms: dict[str, Scores], name: str, role_of: dict[str, str], policy: Policy) -> Verdict:
    """Judge one arm against ``base``, and on target tasks against ``prompted`` too."""
    base, new, prompted = arms["base"], arms[name], arms.get("prompted", {})
    retained = [pair(task, base[task], new[task]) for task, role in role_of.items() if role == "retained"]
    names = [task for task, role in role_of.items() if role == "target"]
    targets = [pair(task, base[task], new[task]) for task in names]
    beaten = [pair(task, prompted[task], new[task], same_prompt=False) for task in names if task in prompted]
    return decide_gate(retained, policy, targets, beaten, prompt_expected=policy.beat_prompt)


def judge_scores(baseline: Path, candidate: Path, policy: Policy) -> Verdict:
    """Judge scores from outside: lm-evaluation-harness folders or JSONL files.

    Tasks are retained tasks unless the policy gives them the role ``target``.
    """
    old, new = read_scores(baseline), read_scores(candidate)
    if set(old) != set(new):
        raise InputError(
            "the two sides have different tasks",
            where=f"only on one side: {', '.join(sorted(set(old) ^ set(new)))[:200]}",
            remedy="score the same tasks on both sides",
        )
    role_of = {task: policy.role(task) for task in old}
    paired = {task: pair(task, old[task], new[task]) for task in sorted(old)}
    retained = [paired[task] for task in paired if role_of[task] != "target"]
    targets = [paired[task] for task in paired if role_of[task] == "target"]
    return decide_gate(retained, policy, targets)
