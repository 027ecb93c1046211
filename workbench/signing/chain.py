"""A chain of hashes over files: change one of them, and every later link is another.

Each link is the SHA-256 of the link before and of the file's name, size and SHA-256, so the
last one, the head, stands for all files and their order. A log that is only ever appended to
is taken up to its present size; what comes later does not break the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import InputError, NotFoundError
from workbench.files import read_json, write_json

CHAIN = "chain.json"
OWN = ("report.html", "report.json", "report.md")
"""The files of a report itself: a chain without one of them vouches for none."""
FORMAT = "workbench-chain/1"
START = "0" * 64
PIECE = 1 << 20
Place = Literal["project", "report"]


@dataclass(frozen=True)
class Source:
    """A file to be chained: below the project or beside the chain; ``grows`` is an append-only log."""

    name: str
    place: Place = "project"
    grows: bool = False


@dataclass(frozen=True)
class Link:
    """One file of the chain; ``link`` is the SHA-256 over the link before and all of this."""

    name: str
    place: Place
    grows: bool
    bytes: int
    sha256: str
    link: str


@dataclass(frozen=True)
class Chain:
    """The links in order. ``head`` identifies them all."""

    links: tuple[Link, ...]

    @property
    def head(self) -> str:
        """The last link, or 64 zeros of an empty chain."""
        return self.links[-1].link if self.links else START

    def as_dict(self) -> dict[str, Any]:
        """The content of ``chain.json``; it holds no time, so the same files give the same bytes."""
        return {"format": FORMAT, "head": self.head, "links": [asdict(link) for link in self.links]}


def extend(chain: Chain, sources: Iterable[Source], project: Path, report: Path) -> Chain:
    """The chain with a link for each source that is there. Raises `InputError` for a name given twice."""
    links, known = list(chain.links), {(link.place, link.name) for link in chain.links}
    previous = chain.head
    for source in sources:
        path = resolve(source.place, source.name, project, report)
        if not path.is_file():
            continue
        if (source.place, source.name) in known:
            raise InputError("a file is in the chain twice", where=source.name, remedy="name each file once")
        known.add((source.place, source.name))
        size = path.stat().st_size
        digest = prefix_sha256(path, size)
        previous = _link(previous, source.place, source.name, source.grows, size, digest)
        links.append(Link(source.name, source.place, source.grows, size, digest, previous))
    return Chain(tuple(links))


def whole(chain: Chain) -> bool:
    """Whether every link follows from the one before: an edited chain does not."""
    previous = START
    for link in chain.links:
        previous = _link(previous, link.place, link.name, link.grows, link.bytes, link.sha256)
        if link.link != previous:
            return False
    return True


def write_chain(folder: Path, chain: Chain) -> Path:
    """Write ``chain.json``, whole or not at all, and return its path."""
    write_json(folder / CHAIN, chain.as_dict())
    return folder / CHAIN


def read_chain(folder: Path) -> tuple[Chain, str]:
    """A folder's chain and the head it claims. Raises `NotFoundError`, and `InputError` when it is damaged."""
    path = folder / CHAIN
    if not path.is_file():
        raise NotFoundError(
            "there is no chain beside the report",
            where=str(path),
            remedy="name a report's folder or HTML file",
        )
    raw = read_json(path)
    try:
        if raw["format"] != FORMAT:
            raise InputError(
                "the chain is of another format",
                where=str(path),
                remedy="verify it with the version that wrote it",
            )
        links = tuple(_read_link(entry) for entry in raw["links"])
        return Chain(links), str(raw["head"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("the chain is damaged", where=str(path), remedy="build the report again") from error


def prefix_sha256(path: Path, size: int) -> str:
    """SHA-256 of a file's first ``size`` bytes, read in pieces."""
    digest, left = hashlib.sha256(), size
    with path.open("rb") as file:
        while left and (piece := file.read(min(left, PIECE))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def resolve(place: str, name: str, project: Path, report: Path) -> Path:
    """Where a link's file lies; an absolute name is a file outside the project."""
    return (project if place == "project" else report) / name


def sources_below(root: Path, folder: Path, patterns: Sequence[str]) -> list[Source]:
    """The files of a folder that match, by name, as sources named from ``root``."""
    found = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    return [Source(name_from(root, path)) for path in found]


def name_from(root: Path, path: Path) -> str:
    """A path as the chain names it: from the project's folder, or whole when it lies outside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _link(previous: str, place: str, name: str, grows: bool, size: int, digest: str) -> str:
    text = json.dumps([previous, place, name, grows, size, digest], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _read_link(entry: Any) -> Link:
    link = Link(**entry)
    fits = (
        isinstance(link.name, str)
        and link.place in ("project", "report")
        and isinstance(link.grows, bool)
        and isinstance(link.bytes, int)
        and link.bytes >= 0
        and isinstance(link.sha256, str)
        and isinstance(link.link, str)
    )
    if not fits or (link.place == "report" and Path(link.name).name != link.name):
        raise ValueError("a link has not the form of one")
    return link
