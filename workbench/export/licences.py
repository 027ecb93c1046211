"""Licences of base, data and model: found or told, their files carried along, and "unknown" said."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from workbench.errors import InputError, NotFoundError
from workbench.evaluation.hashes import model_folder
from workbench.export.sources import Source
from workbench.files import expanded, storable_name, write_text
from workbench.models import TINY_CHAT

PARTS = ("base", "data", "model")
UNKNOWN = "unknown"
FILES = ("LICENSE", "LICENCE", "NOTICE", "COPYING", "COPYRIGHT", "USE_POLICY", "ATTRIBUTION")
LARGEST = 4 * 1024**2
SPDX = {
    "apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0", "cc-by-3.0": "CC-BY-3.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-3.0": "CC-BY-SA-3.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0", "cc-by-nc-4.0": "CC-BY-NC-4.0", "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "odc-by": "ODC-By-1.0", "odbl": "ODbL-1.0", "mpl-2.0": "MPL-2.0", "unlicense": "Unlicense", "isc": "ISC",
    "agpl-3.0": "AGPL-3.0-only", "gpl-3.0": "GPL-3.0-only", "lgpl-3.0": "LGPL-3.0-only",
}  # fmt: skip
"""The hub's names of licences that SPDX has too."""


@dataclass(frozen=True)
class Licence:
    """One thing's licence: what it is of, its name, how it is known, and its files in the export."""

    part: str
    of: str
    name: str
    known_by: str
    files: list[str] = field(default_factory=list)

    def cyclonedx(self) -> list[dict[str, Any]]:
        """As CycloneDX writes it; empty when it is not known."""
        if self.name == UNKNOWN:
            return []
        spdx = SPDX.get(self.name.lower())
        return [{"license": {"id": spdx} if spdx else {"name": self.name}}]


class Told(NamedTuple):
    """What a person says of licences: names and files, by part (base, data, model)."""

    names: dict[str, str]
    files: dict[str, list[Path]]


def told_licences(names: Sequence[str] = (), files: Sequence[str] = ()) -> Told:
    """Read ``PART=ID`` and ``PART=FILE``, where a part is base, data or model.

    Raises `InputError`, and `NotFoundError` for a file that is not there.
    """
    by_part: dict[str, list[Path]] = {}
    for part, name in map(_told, files):
        path = expanded(Path(name))
        if not path.is_file():
            raise NotFoundError("there is no such licence file", where=str(path), remedy="check the path")
        by_part.setdefault(part, []).append(path)
    return Told(dict(map(_told, names)), by_part)


def _told(entry: str) -> tuple[str, str]:
    part, separator, value = entry.partition("=")
    if part not in PARTS or not separator or not value.strip():
        raise InputError(
            "a licence is told as base=…, data=… or model=…", where=entry[:60], remedy="as data=cc-by-4.0"
        )
    return part, value.strip()


def carry_licences(source: Source, work: Path, told: Told) -> list[Licence]:
    """Copy the licence files of base, data and model into ``licences/`` and say what is known.

    What a person told goes before what the base's card says. What nobody says is ``unknown``:
    a data set in a project does not know the licence of the file it was imported from.
    """
    found = [_base(source, work, told)]
    refs = dict.fromkeys(str(manifest["dataset"]["ref"]) for manifest in source.trainings)
    for part, names in (("data", list(refs)), ("model", [source.name])):
        files = _carry(told.files.get(part, []), work, part)
        name = told.names.get(part, UNKNOWN)
        known = "told" if part in told.names else "nobody said"
        found += [Licence(part, of, name, known, files) for of in names]
    write_text(work / "LICENCES.md", _page(found))
    return found


def _base(source: Source, work: Path, told: Told) -> Licence:
    folder = model_folder(source.base)
    beside = sorted(folder.iterdir()) if folder.is_dir() else []
    named = [path for path in beside if path.is_file() and path.name.upper().startswith(FILES)]
    files = _carry([*told.files.get("base", []), *named], work, "base")
    if source.base == TINY_CHAT and not files:
        files = _carry(_own_licence(), work, "base")
    name = told.names.get("base") or _card_licence(folder / "README.md")
    known = "told" if "base" in told.names else "the model's card" if name else "nobody said"
    return Licence("base", source.base_name, name or UNKNOWN, known, files)


def _carry(paths: Sequence[Path], work: Path, part: str) -> list[str]:
    carried = []
    for path in paths:
        target = work / "licences" / part / storable_name(path)
        if target.exists() or path.stat().st_size > LARGEST:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        carried.append(target.relative_to(work).as_posix())
    return carried


def _own_licence() -> list[Path]:
    """The licence of Workbench, which tiny-chat is part of."""
    try:
        listed = importlib.metadata.files("finetune-workbench") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [Path(str(entry.locate())) for entry in listed if entry.name == "LICENSE"]
    checkout = Path(__file__).parents[2] / "LICENSE"
    return [path for path in [*found, checkout] if path.is_file()][:1]


def _card_licence(card: Path) -> str | None:
    """What the front matter of a hub card says; the licence's own name where it is ``other``."""
    import yaml
    from huggingface_hub import metadata_load

    if not card.is_file():
        return None
    try:
        told = metadata_load(card) or {}
    except (OSError, ValueError, yaml.YAMLError):
        return None
    name = told.get("license")
    if name == "other" and told.get("license_name"):
        name = told["license_name"]
    return str(name) if isinstance(name, str) and name else None


def _page(found: list[Licence]) -> str:
    from workbench.export.cards import plain

    lines = ["# Licences", ""]
    for licence in found:
        files = f"; files: {', '.join(f'`{name}`' for name in licence.files)}" if licence.files else ""
        lines.append(
            f"- {licence.part} {plain(licence.of)}: **{plain(licence.name)}** ({licence.known_by}){files}"
        )
    if any(licence.name == UNKNOWN for licence in found):
        lines += ["", "Unknown means that nothing here says it: find out before this goes to anybody."]
    return "\n".join(lines) + "\n"
