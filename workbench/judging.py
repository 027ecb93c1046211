"""Judge: an evaluation run, or two sets of scores from elsewhere, through the gate.

Only files are read, and the same files give the same verdict, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.evaluation import read_evaluation, roles
from workbench.evaluation.reading import check_comparable
from workbench.files import read_json, write_json
from workbench.gate import Evidence, Verdict, decide_gate
from workbench.gate.binding import bound_to, check_harness_folders
from workbench.gate.checking import check_direction, check_names
from workbench.gate.controls import control_verdict, flag_verdicts, read_flags
from workbench.gate.looks import Look, take_look
from workbench.gate.slices import slice_verdicts
from workbench.history.evidence import evidence_sha256
from workbench.history.judged import note_judged
from workbench.policy import Policy, Waiver, load_policy
from workbench.projects import Project
from workbench.runs import Run, list_runs
from workbench.scores import Paired, Score, Scores, pair, read_scores
from workbench.suites import load_suite

IDENTITY = ("base", "suite", "weights_sha256", "adapter_sha256", "adapter_config_sha256", "scale")
"""What makes two looks looks at the same candidate."""

RIVALS = ("base", "prompted", "control")
"""Arms that a candidate is compared with."""


def judge_run(
    project: Project, run: Run, policy_file: Path | None = None, waivers: Sequence[Waiver] = ()
) -> dict[str, Any]:
    """Judge every candidate of an evaluation run against its base.

    Returns the contract's object for the last candidate, with ``arms``: the whole verdict of
    each and what it is bound to. The policy is the one that was fixed when the evaluation was
    made, unless a file is named, which the verdict then says. The result is kept as
    ``verdict.json`` in the run, the looks taken so far as ``looks.json``. Raises `InputError`.
    """
    # Hashed before it is read: what changes meanwhile makes the verdict void, never the other way.
    digest = evidence_sha256(run)
    arms, manifest = read_evaluation(run), read_json(run.path / "manifest.json")
    fixed = _fixed_policy(project, run)
    policy = with_waivers(load_policy(policy_file) if policy_file else fixed, waivers)
    check_names(policy, {task for scores in arms.values() for task in scores}, fixed.tasks)
    role_of = _roles(project, run, arms, policy, fixed)
    kinds = {arm["name"]: _kind(arm) for arm in run.config["arms"]}
    candidates = [name for name, kind in kinds.items() if kind not in RIVALS]
    if not candidates:
        raise InputError("the evaluation has no adapter", remedy="evaluate with --adapter RUN")
    changed = policy.sha256 != fixed.sha256
    notes = [f"the thresholds are not those fixed before the evaluation ({fixed.name})"] if changed else []
    if len(candidates) > 1:
        words = "candidates judged on the same items; the best of them is not a fresh look"
        notes.append(f"one of {len(candidates)} {words}")
    judged: dict[str, dict[str, Any]] = {}
    looks: dict[str, Any] = {}
    for name in candidates:
        for other in (rival for rival, kind in kinds.items() if kind in RIVALS):
            check_comparable(manifest, other, name)
        bound = bound_to(manifest, name)
        identity = {key: bound[key] for key in IDENTITY}
        earlier = _earlier_looks(project, run, name, identity)
        look = take_look(_judged(arms[name], policy), policy, earlier)
        flags = flag_verdicts(read_flags(run.path / "flags", name), policy)
        verdict = judge_arm(
            arms,
            name,
            role_of,
            policy,
            kinds=kinds,
            evidence=Evidence(flags=flags, look=look, notes=[*look.notes, *notes]),
        )
        told = {"bound_to": bound, "policy_fixed": not changed, "evidence_sha256": digest}
        judged[name] = {**verdict.as_dict(), **told}
        looks[name] = {"identity": identity, "looks": [*earlier[: look.number - 1], look.as_dict()]}
    last = candidates[-1]
    result = {"run": run.id, "arm": last, **judged[last], "arms": judged}
    write_json(run.path / "looks.json", {"arms": looks})
    write_json(run.path / "verdict.json", result)
    note_judged(run)
    return result


def judge_arm(
    arms: dict[str, Scores],
    name: str,
    role_of: dict[str, str],
    policy: Policy,
    *,
    kinds: Mapping[str, str] | None = None,
    evidence: Evidence | None = None,
    prompt_expected: bool = True,
) -> Verdict:
    """Judge one arm against ``base``, and on target tasks against every prompted base too.

    ``kinds`` says what each arm is; without it an arm named ``prompted`` is the prompted base.
    Without ``prompt_expected`` a prompted base that nobody asked is no open question.
    """
    kinds = kinds or {"prompted": "prompted"}
    base = arms["base"]
    role_of = {task: role for task, role in role_of.items() if policy.wants(task)}
    retained = [task for task, role in role_of.items() if role != "target"]
    targets = [task for task, role in role_of.items() if role == "target"]
    new = {task: _answers(arms, name, task) for task in role_of}
    pairs = {task: pair_task(task, _answers(arms, "base", task), new[task], policy) for task in role_of}
    rivals = {
        rival: [
            pair_task(task, arms[rival][task], new[task], policy, same_prompt=False)
            for task in targets
            if task in arms[rival]
        ]
        for rival, kind in kinds.items()
        if kind == "prompted" and rival in arms
    }
    controls = [
        pair_task(task, base[task], _answers(arms, other, task), policy)
        for other, kind in kinds.items()
        if kind == "control"
        for task in role_of
    ]
    evidence = replace(
        evidence or Evidence(),
        slices=slice_verdicts(list(pairs.values()), base, policy),
        control=control_verdict(controls, policy),
    )
    return decide_gate(
        [pairs[task] for task in retained],
        policy,
        [pairs[task] for task in targets],
        rivals,
        prompt_expected=policy.beat_prompt and prompt_expected,
        evidence=evidence,
    )


def judge_scores(
    baseline: Path,
    candidate: Path,
    policy: Policy,
    *,
    prompted: Path | None = None,
    control: Path | None = None,
    looks: Path | None = None,
) -> Verdict:
    """Judge scores from outside: lm-evaluation-harness folders or JSONL files.

    Tasks are retained tasks unless the policy gives them the role ``target``. ``prompted``
    holds the baseline's scores with the best prompt, ``control`` the baseline's scores a second
    time, ``looks`` the file that remembers the looks taken. Raises `InputError`.
    """
    check_harness_folders(baseline, candidate)
    arms = {"base": read_scores(baseline), "candidate": read_scores(candidate)}
    old, new = arms["base"], arms["candidate"]
    if set(old) != set(new):
        raise InputError(
            "the two sides have different tasks",
            where=f"only on one side: {', '.join(sorted(set(old) ^ set(new)))[:200]}",
            remedy="score the same tasks on both sides",
        )
    check_names(policy, set(old))
    if policy.looks is not None and looks is None:
        raise InputError(
            "the policy plans several looks, and nothing remembers them",
            remedy="name a file to keep them in: --looks looks.json",
        )
    kinds = {"candidate": "adapter"}
    for name, path in (("prompted", prompted), ("control", control)):
        if path is not None:
            arms[name], kinds[name] = read_scores(path), name
    role_of = {task: policy.role(task) or "retained" for task in sorted(old)}
    look = _look_of_file(_judged(new, policy), policy, looks)
    evidence = Evidence(look=look, notes=look.notes if look else [])
    return judge_arm(
        arms, "candidate", role_of, policy, kinds=kinds, evidence=evidence, prompt_expected=False
    )


def with_waivers(policy: Policy, waivers: Sequence[Waiver]) -> Policy:
    """The policy with further waivers; its thresholds, and so its hash, stay."""
    return policy.model_copy(update={"waivers": [*policy.waivers, *waivers]})


def _kind(arm: Mapping[str, Any]) -> str:
    """What an arm is: a second base is the control; evaluations before kinds are told by content."""
    kind = arm.get("kind")
    if arm.get("adapter") or arm.get("model"):
        return str(kind) if kind not in (None, "base") else "adapter"
    if kind == "prompted" or arm.get("prompt") or arm.get("fewshot"):
        return "prompted"
    return "base" if arm["name"] == "base" else "control"


def _fixed_policy(project: Project, run: Run) -> Policy:
    config = run.config
    if "policy" in config:
        return Policy.model_validate(config["policy"])
    return load_suite(config["suite"], project).policy()


def _roles(
    project: Project, run: Run, arms: dict[str, Scores], policy: Policy, fixed: Policy
) -> dict[str, str]:
    """The role of every task: as judged by, else as fixed, else as the suite has it."""
    names = sorted({task for scores in arms.values() for task in scores})
    told = {name: policy.role(name) or fixed.role(name) for name in names}
    if all(told.values()):
        return {name: str(role) for name, role in told.items()}
    suite = roles(load_suite(run.config["suite"], project), arms)
    return {name: told[name] or suite[name] for name in names}


def _judged(scores: Scores, policy: Policy) -> Scores:
    """The tasks that count. Raises `InputError` when a filter that the policy names is not there."""
    found = {task: answers for task, answers in scores.items() if policy.wants(task)}
    missing = {task.split(":")[0] for task in scores} - {task.split(":")[0] for task in found}
    if missing:
        raise InputError(
            f"task '{min(missing)}' has no such filter",
            where=", ".join(sorted(task for task in scores if task.split(":")[0] in missing))[:200],
            remedy="name one of its filters in the policy",
        )
    return found


def _answers(arms: dict[str, Scores], arm: str, task: str) -> dict[str, Score]:
    if task not in arms[arm]:
        raise InputError(
            f"arm '{arm}' has no answers to task '{task}'",
            remedy="evaluate every arm on the same tasks",
        )
    return arms[arm][task]


def pair_task(
    task: str, old: dict[str, Score], new: dict[str, Score], policy: Policy, *, same_prompt: bool = True
) -> Paired:
    """Pair a task as the gate does; its groups are those of the policy's field, where it names one."""
    check_direction(task, {score.oriented for score in (*old.values(), *new.values())}, policy)
    paired = pair(task, old, new, same_prompt=same_prompt)
    field = policy.cluster(task)
    if field is None:
        return paired
    groups = [(old[item].slices or {}).get(field) for item in paired.items]
    if None in groups:
        raise InputError(
            f"task '{task}': {groups.count(None)} items have no '{field}' to group them by",
            remedy="name a field that every item has, or leave out cluster",
        )
    return replace(paired, clusters=[str(group) for group in groups])


def _earlier_looks(project: Project, run: Run, arm: str, identity: dict[str, Any]) -> list[dict[str, Any]]:
    """The looks at this candidate so far: as this run remembers them, else as others do."""
    own = _remembered(run.path / "looks.json").get(arm)
    if own and own["identity"] == identity:
        return list(own["looks"])
    found: dict[str, dict[str, Any]] = {}
    if identity["adapter_sha256"] is None and identity["weights_sha256"] is None:
        return []
    for other in reversed(list_runs(project, "evaluate")):
        for entry in _remembered(other.path / "looks.json").values() if other.id != run.id else ():
            if entry["identity"] == identity:
                for look in entry["looks"]:
                    found.setdefault(look["items_sha256"], look)
    return sorted(found.values(), key=lambda look: int(look["number"]))


def _remembered(path: Path) -> dict[str, Any]:
    return dict(read_json(path)["arms"]) if path.exists() else {}


def _look_of_file(scores: Scores, policy: Policy, path: Path | None) -> Look | None:
    if path is None:
        return None
    earlier = read_json(path)["looks"] if path.exists() else []
    look = take_look(scores, policy, earlier)
    if look.number > len(earlier):
        write_json(path, {"looks": [*earlier, look.as_dict()]})
    return look
