"""Make a dial run: adapters at every strength, checkpoints, merges, beside one base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.dial.merging import check_mergeable, merge_folder
from workbench.dial.settings import DialSettings
from workbench.errors import InputError
from workbench.evaluation.arms import Arm, free_name
from workbench.evaluation.creating import evaluation_config
from workbench.files import expanded
from workbench.projects import Project
from workbench.runs import Run, create_run
from workbench.suites import load_suite


def create_dial(
    project: Project,
    *,
    base: str,
    suite: str,
    adapters: Sequence[str],
    checkpoints: Sequence[str] = (),
    prompt: str | None = None,
    limit: int | None = None,
    allow_download: bool = False,
    settings: DialSettings | None = None,
) -> Run:
    """Make a dial run; nothing is started.

    ``adapters``: run ids or folders, each with ``name=`` before it where wanted; every one is
    asked at every strength. Checkpoints and merges are asked at full strength, and strength 0
    is the base itself. Raises `InputError` and `NotFoundError`.
    """
    settings = settings or DialSettings.model_validate({})
    if not adapters and not checkpoints:
        raise InputError("there is nothing to turn", remedy="name an --adapter, or --checkpoints of a run")
    _check_roles(project, suite)
    scales = [scale for scale in settings.scales if scale > 0.0]
    if not scales and not checkpoints:
        raise InputError("strength 0 alone is the base itself", remedy="name a strength above 0")
    config = evaluation_config(
        project,
        base=base,
        suite=suite,
        adapters=[_at(given, scale) for given in adapters for scale in scales],
        checkpoints=checkpoints,
        prompt=prompt,
        limit=limit,
        allow_download=allow_download,
    )
    config["dial"] = {"settings": settings.model_dump(mode="json"), "merges": []}
    if settings.merges:
        _add_merges(project, config, settings)
    return create_run(project, "dial", config)


def _at(given: str, scale: float) -> str:
    name, separator, reference = given.partition("=")
    if _is_scaled(reference if separator else given):
        raise InputError(
            "a dial tries every strength of an adapter",
            where=given[:80],
            remedy="leave out the @, and name strengths with --scale",
        )
    if scale == 1.0:
        return given
    strength = f"{scale:g}".replace(".", "_")
    return f"{name}-at-{strength}={reference}@{scale:.6f}" if separator else f"{given}@{scale:.6f}"


def _is_scaled(reference: str) -> bool:
    tail = reference.rpartition("@")[2]
    folder = expanded(Path(reference)).is_dir()
    return "@" in reference and tail.replace(".", "", 1).isdigit() and not folder


def _check_roles(project: Project, suite: str) -> None:
    tasks = load_suite(suite, project).file.tasks
    for role in ("target", "retained"):
        if not any(task.role == role for task in tasks):
            raise InputError(
                f"the suite has no {role} task",
                where=suite,
                remedy="a dial weighs target tasks against retained tasks; name a suite with both",
            )


def _add_merges(project: Project, config: dict[str, object], settings: DialSettings) -> None:
    arms: list[dict[str, object]] = config["arms"]  # type: ignore[assignment]
    adapters = list(dict.fromkeys(str(arm["adapter"]) for arm in arms if arm["kind"] == "adapter"))
    check_mergeable(adapters)
    merges: list[dict[str, object]] = []
    for method in settings.merges:
        folder = merge_folder(
            project, str(config["base"]), adapters, method, density=settings.density, seed=settings.seed
        )
        name = free_name(f"merged-{method}", {str(arm["name"]) for arm in arms})
        arms.append(Arm(name, "adapter", adapter=str(folder)).as_dict())
        merges.append({"arm": name, "method": method, "adapters": adapters, "folder": str(folder)})
    config["dial"] = {"settings": settings.model_dump(mode="json"), "merges": merges}
