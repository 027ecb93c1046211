"""A project is a folder with a ``workbench.toml``; everything else lives below it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.files import expanded, write_text

MARKER = "workbench.toml"
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])([.].*)?")
OWN_FOLDERS = (
    "datasets",
    "findings",
    "decisions",
    "runs",
    "scores",
    "scores_by_content",
    "keys",
    "lists",
    "double_checks",
    "audits",
    "canaries",
)
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Project:
    """A project folder."""

    root: Path

    @property
    def name(self) -> str:
        """The name written in ``workbench.toml``, else the folder's."""
        return str(self.settings().get("name", self.root.name))

    def settings(self) -> dict[str, Any]:
        """Read ``workbench.toml``. Raises `InputError` when it is not valid TOML."""
        path = self.root / MARKER
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"the project file is not valid TOML: {error}",
                where=str(path),
                remedy="mend the line named, or restore the file",
            ) from error

    def folder(self, *names: str) -> Path:
        """A path below the project."""
        return self.root.joinpath(*names)

    def refuse_own(self, path: Path) -> None:
        """Raise `InputError` when a file to be written would lie among the project's own."""
        target = path.resolve()
        for name in OWN_FOLDERS:
            if target.is_relative_to(self.folder(name).resolve()):
                raise InputError(
                    f"the folder {name} of the project is written by Workbench alone",
                    where=str(path),
                    remedy="name a file somewhere else",
                )


def init_project(folder: Path, name: str | None = None) -> Project:
    """Make a project in ``folder`` (created if need be); an existing one is left as it is."""
    folder = expanded(folder).resolve()
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise InputError("this is a file, not a folder", where=str(folder), remedy="name a folder")
    if not marker.exists():
        title = re.sub(r"[^A-Za-z0-9 ._-]", "-", name or folder.name)
        write_text(marker, f'name = "{title}"\n')
    return Project(folder)


def find_project(start: Path | None = None) -> Project:
    """Find the project of a folder, looking upward.

    Without ``start``: the environment's ``WORKBENCH_PROJECT``, else the current folder.
    Raises `NotFoundError`.
    """
    named = start or (Path(os.environ["WORKBENCH_PROJECT"]) if "WORKBENCH_PROJECT" in os.environ else None)
    folder = expanded(named or Path.cwd()).resolve()
    if named is not None and not folder.exists():
        raise NotFoundError("there is no such folder", where=str(folder), remedy="check --project")
    for candidate in (folder, *folder.parents):
        if (candidate / MARKER).exists():
            return Project(candidate)
    raise NotFoundError(
        "there is no Workbench project here",
        where=str(folder),
        remedy="run `workbench init` there, or name one with --project",
    )


def check_name(name: str) -> str:
    """Return a dataset's name if it can be one on every file system. Raises `InputError`."""
    if not NAME_PATTERN.fullmatch(name) or name.endswith(".") or RESERVED.fullmatch(name):
        raise InputError(
            f"'{name[:80]}' cannot be a name",
            remedy="use lower-case letters, digits, '-', '_' or '.', at most 64 characters",
        )
    return name
