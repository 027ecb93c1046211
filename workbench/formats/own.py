"""The columns of ours that other formats have no field for, kept as one text beside the row.

Label, group, tags, weight, split and meta travel as JSON text under the key ``workbench``, which
trainers ignore. Text and not an object, because loaders that work out one type for a column
would stumble over rows whose meta differ.
"""

from __future__ import annotations

import json
import math
from typing import Any

from workbench.examples import Example
from workbench.formats.fields import parsed

OWN = "workbench"
_TEXTS = ("label", "group", "split", "meta")


def own_field(example: Example, *without: str) -> dict[str, str]:
    """Return ``{"workbench": JSON text}`` of what a row has of these columns, or ``{}``."""
    kept: dict[str, Any] = {name: example.get(name) for name in _TEXTS if example.get(name)}
    if example.get("tags"):
        kept["tags"] = example["tags"]
    if example.get("weight", 1.0) != 1.0:
        kept["weight"] = example["weight"]
    kept = {name: value for name, value in kept.items() if name not in without}
    return {OWN: json.dumps(kept, ensure_ascii=False, sort_keys=True)} if kept else {}


def own_columns(value: object) -> Example | None:
    """Return the columns that a field ``workbench`` holds; None when it is not one of ours."""
    given = parsed(value)
    if not isinstance(given, dict) or not given.keys() <= {*_TEXTS, "tags", "weight"}:
        return None
    texts = all(isinstance(given[name], str) for name in _TEXTS if name in given)
    tags, weight = given.get("tags", []), given.get("weight", 1.0)
    plain_tags = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
    number = isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight)
    if not (texts and plain_tags and number and isinstance(parsed(given.get("meta", "{}")), dict)):
        return None
    columns: Example = {**given}  # type: ignore[typeddict-item]
    if "weight" in given:
        columns["weight"] = float(weight)
    return columns
