"""Make an evaluation run: what people name becomes arms, and the suite is frozen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.evaluation.arms import Arm, ArmKind, check_scale, free_name
from workbench.evaluation.freezing import frozen_suite
from workbench.evaluation.prompting import PromptChoice, check_choice
from workbench.files import expanded, read_json
from workbench.models import pinned_model
from workbench.projects import Project
from workbench.runs import Run, create_run, open_run
from workbench.suites import load_suite

SCALED = re.compile(r"(?P<reference>.+)@(?P<scale>\d+(\.\d+)?)")


def create_evaluation(
    project: Project,
    *,
    base: str,
    suite: str,
    adapters: list[str],
    prompt: str | None = None,
    limit: int | None = None,
    allow_download: bool = False,
    models: Sequence[str] = (),
    checkpoints: Sequence[str] = (),
    choice: PromptChoice | None = None,
    control: bool = False,
) -> Run:
    """Make an evaluation run; nothing is started. The rest is as in `evaluation_config`."""
    config = evaluation_config(
        project,
        base=base,
        suite=suite,
        adapters=adapters,
        prompt=prompt,
        limit=limit,
        allow_download=allow_download,
        models=models,
        checkpoints=checkpoints,
        choice=choice,
        control=control,
    )
    return create_run(project, "evaluate", config)


def evaluation_config(
    project: Project,
    *,
    base: str,
    suite: str,
    adapters: list[str],
    prompt: str | None = None,
    limit: int | None = None,
    allow_download: bool = False,
    models: Sequence[str] = (),
    checkpoints: Sequence[str] = (),
    choice: PromptChoice | None = None,
    control: bool = False,
) -> dict[str, Any]:
    """What an evaluation is asked, as its run holds it: the arms, and the suite frozen.

    ``adapters``: run ids or folders, each with ``name=`` before and a strength ``@0.5``
    after it where wanted. ``models``: ``name=FOLDER`` of merged or quantised weights.
    ``checkpoints``: runs whose saved checkpoints become arms. ``prompt`` is the prompted
    base's system prompt; with ``choice`` it is chosen among several on held-out rows. With
    ``control`` the base is asked a second time, to see what differs by chance.
    Raises `InputError` and `NotFoundError` for anything that is not there.
    """
    found = load_suite(suite, project)
    policy = found.policy()
    base = pinned_model(base)
    if Path(suite).is_file():
        suite = str(Path(suite).resolve())
    arms = [Arm("base"), *([Arm("control", "control")] if control else [])]
    if choice is not None:
        check_choice(project, found, choice)
        arms.append(Arm("prompted", "prompted", prompt=choice.prompts[0] if choice.prompts else None))
    elif prompt:
        arms.append(Arm("prompted", "prompted", prompt=prompt))
    _add_named(project, arms, adapters, checkpoints, models)
    return {
        "base": base,
        "suite": suite,
        "policy": policy.model_dump(),
        "limit": limit,
        "allow_download": allow_download,
        "arms": [arm.as_dict() for arm in arms],
        "prompting": choice.model_dump() if choice else None,
        **frozen_suite(found),
    }


def _add_named(
    project: Project,
    arms: list[Arm],
    adapters: Sequence[str],
    checkpoints: Sequence[str],
    models: Sequence[str],
) -> None:
    for given in adapters:
        arms.append(_adapter_arm(project, given, arms))
    for given in checkpoints:
        arms.extend(_checkpoint_arms(project, given, arms))
    for given in models:
        arms.append(_model_arm(given, arms))
    for arm in arms:
        check_scale(arm)


def _adapter_arm(project: Project, given: str, arms: list[Arm]) -> Arm:
    from workbench.training.session import find_adapter

    name, separator, reference = given.partition("=")
    reference = reference if separator else given
    scaled = None if expanded(Path(reference)).is_dir() else SCALED.fullmatch(reference)
    scale = float(scaled["scale"]) if scaled else 1.0
    folder = find_adapter(project, scaled["reference"] if scaled else reference)
    label = name if separator else (folder.parent.name if folder.name == "adapter" else folder.name)
    if scaled and not separator:
        label = f"{label}-at-{scale:g}".replace(".", "_")
    return Arm(free_name(label, _names(arms)), "adapter", adapter=str(folder), scale=scale)


def _checkpoint_arms(project: Project, given: str, arms: list[Arm]) -> list[Arm]:
    name, separator, reference = given.partition("=")
    run = open_run(project, reference if separator else given)
    folders = sorted(
        (
            path
            for path in run.path.glob("checkpoints/checkpoint-*")
            if (path / "adapter_model.safetensors").exists() and (path / "adapter_config.json").exists()
        ),
        key=lambda path: int(path.name.rsplit("-", 1)[1]),
    )
    if not folders:
        raise NotFoundError(f"run {run.id} has no checkpoints", remedy="evaluate its adapter instead")
    made: list[Arm] = []
    for folder in folders:
        label = f"{name if separator else run.id}-{folder.name.rsplit('-', 1)[1]}"
        free = free_name(label, _names([*arms, *made]))
        made.append(Arm(free, "checkpoint", adapter=str(folder.resolve())))
    return made


def _model_arm(given: str, arms: list[Arm]) -> Arm:
    name, separator, reference = given.partition("=")
    path = expanded(Path(reference if separator else given)).resolve()
    whole = path.suffix == ".gguf" and path.is_file()
    if not whole and not (path / "config.json").is_file():
        raise NotFoundError(
            "this is no model",
            where=str(path),
            remedy="name a folder with config.json and safetensors weights, or a .gguf file",
        )
    quantised = whole or bool(read_json(path / "config.json").get("quantization_config"))
    kind: ArmKind = "quantised" if quantised else "merged"
    return Arm(free_name(name if separator else path.stem, _names(arms)), kind, model=str(path))


def _names(arms: Sequence[Arm]) -> set[str]:
    return {arm.name for arm in arms}


def chosen_prompts(prompts: Sequence[str], shots: Sequence[int], data: str | None, **settings: Any) -> Any:
    """How the prompted base's prompt comes about: ``(prompt, choice)``, one of them None.

    One prompt without few-shot examples is taken as it is. Raises `InputError` when several
    are given without held-out rows to choose on.
    """
    if len(prompts) <= 1 and not shots and data is None:
        return (prompts[0] if prompts else None), None
    if data is None:
        raise InputError(
            "several prompts, or few-shot examples, need rows to choose on",
            remedy="name a split data set with --choose-on; its test rows stay unseen",
        )
    return None, PromptChoice(data=data, prompts=list(prompts), shots=sorted(set(shots) or {0}), **settings)
