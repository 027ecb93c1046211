"""Make the run directory of a long action, checked before anything starts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from workbench.engine import check_engine
from workbench.models import is_hub_name, pinned_model
from workbench.projects import Project
from workbench.proposing import preview
from workbench.recipes import load_recipe
from workbench.runs import Run, create_run
from workbench.training.settings import TrainSettings
from workbench.versions import open_dataset


def create_proposal(
    project: Project,
    ref: str,
    recipe: str,
    workers: int | None = None,
    *,
    engine: str = "local",
    ray_address: str | None = None,
) -> Run:
    """Make a proposal run; the recipe's whole text is kept in it.

    Raises for wrong names, and `MissingExtraError` for an engine that is not installed.
    """
    import yaml

    check_engine(engine, ray_address)
    dataset = open_dataset(project, ref)
    checked = load_recipe(recipe, project)
    config = {
        "dataset": dataset.ref,
        "recipe": checked.name,
        "recipe_text": yaml.safe_dump(checked.as_dict(), sort_keys=False),
        "engine": engine,
        "workers": workers,
        "ray_address": ray_address,
    }
    return create_run(project, "propose", config)


def preview_counts(project: Project, ref: str, recipe: str, rows: int) -> dict[str, Any]:
    """Count what a recipe would find in the first rows; nothing is written."""
    dataset = open_dataset(project, ref)
    checked = load_recipe(recipe, project)
    found = preview(project, dataset, checked, rows)
    steps = []
    for step in checked.steps:
        mine = [finding for finding in found if finding.step == step.name]
        counts = Counter(finding.proposal for finding in mine)
        steps.append({"step": step.name, "findings": len(mine), "by_proposal": dict(counts)})
    return {"dataset": dataset.ref, "sample": min(rows, dataset.rows), "steps": steps}


def create_training(project: Project, settings: TrainSettings, *, allow_download: bool = False) -> Run:
    """Make a training run. Raises when dataset, model or adapter are not there."""
    from workbench.training.session import find_adapter

    pinned = settings.model_copy(
        update={
            name: open_dataset(project, ref).ref
            for name in ("data", "replay", "retained_text")
            if (ref := getattr(settings, name))
        }
    )
    pinned = pinned.model_copy(update={"base": pinned_model(settings.base)})
    if settings.adapter:
        find_adapter(project, settings.adapter)
    config = {
        "settings": pinned.model_dump(),
        "allow_download": allow_download and is_hub_name(settings.base),
    }
    return create_run(project, settings.method, config)
