"""``SHA256SUMS``: every file of an export with its hash, and whether a folder still agrees."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import InputError, NotFoundError
from workbench.files import file_sha256, write_text

NAME = "SHA256SUMS"


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path with slashes; the list itself left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}
    return {name: digest for name, digest in found.items() if name != NAME}


def write_sums(folder: Path) -> None:
    """Write the list as ``sha256sum -c`` reads it."""
    write_text(folder / NAME, "".join(f"{digest}  {name}\n" for name, digest in hashes(folder).items()))


def check_sums(folder: Path) -> dict[str, str]:
    """The hashes of an export whose files are all as they were written.

    Raises `NotFoundError` where there is no list, and `InputError` naming what differs.
    """
    path = folder / NAME
    if not path.is_file():
        raise NotFoundError(
            "this folder is no export", where=str(folder), remedy="name one that `workbench export` wrote"
        )
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines if line)}
    found = hashes(folder)
    differing = sorted(name for name in {*listed, *found} if listed.get(name) != found.get(name))
    if differing:
        raise InputError(
            f"{len(differing)} files of the export are not what was exported",
            where=", ".join(differing[:5]),
            remedy="export again into a new folder",
        )
    return found
