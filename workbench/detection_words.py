"""What looked for personal data in a version, in words: the backend of names, and what it misses."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from workbench.findings import proposed_recipe
from workbench.names.settings import Names
from workbench.projects import Project
from workbench.versions import Dataset


def looked_with(project: Project, dataset: Dataset) -> list[str]:
    """One sentence for each step that looked for personal data or secrets; none when none did.

    Read from the recipe that ran, so that it says what was done and not what would be done now.
    Raises `InputError` when no recipe ran to its end.
    """
    found = []
    for step in proposed_recipe(project, dataset)["steps"]:
        (name, options), *_ = step.items()
        if name == "personal_data":
            found.append(_patterns(options or {}))
            found.append(_names(options or {}))
        elif name == "secrets":
            found.append("Secrets by the formats that their issuers publish.")
    return found


def _patterns(options: dict[str, Any]) -> str:
    countries = ", ".join(str(code).upper() for code in options.get("countries") or [])
    own = len(options.get("patterns") or [])
    words = "Numbers and addresses by Presidio's patterns" + (f" for {countries}" if countries else "")
    return words + (f", and {own} of your own" if own else "") + "."


def _names(options: dict[str, Any]) -> str:
    if "names" not in options:
        return "Names and places were not looked for."
    try:
        names = Names.model_validate(options["names"] or {})
    except ValidationError:
        return "How names were looked for cannot be told from the recipe that ran."
    if names.backend == "none":
        return "Names and places were not looked for."
    figures = {
        "flag": "Public figures are put to you.",
        "scrub": "Public figures are scrubbed.",
        "keep": "Public figures are kept.",
    }[names.public_figures]
    organisations = "" if names.organisations else " Organisations were not looked for."
    if names.backend != "embedded":
        return f"Names and places by the {names.backend} model {names.model}. {figures}{organisations}"
    from workbench.names.finding import name_finder

    misses = name_finder(names).about()["misses"]
    return f"Names and places by the embedded recognizer, {names.preset}. {misses} {figures}{organisations}"
