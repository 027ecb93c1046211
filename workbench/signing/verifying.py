"""Verify a report: what has changed since among the files it rests on, and who signed it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import InputError, NotFoundError
from workbench.signing.chain import CHAIN, OWN, Chain, Link, prefix_sha256, read_chain, resolve, whole
from workbench.signing.keys import (
    SIGNATURE,
    PublicKey,
    public_of,
    read_public,
    read_secret,
    read_signature,
    sign_file,
    signature_is_good,
)

State = Literal["same", "grown", "changed", "missing", "not here"]
Signed = Literal["none", "good", "bad", "not checked"]


@dataclass(frozen=True)
class Verification:
    """What became of every file of the chain.

    ``verdict``: ``unchanged`` when every file is as it was; ``changed`` when one is not, or the
    chain itself was edited or leaves out the report's own files, or a signature does not hold; ``incomplete`` when nothing differs
    but the project that the report was made from is not here. ``grown``: logs to which lines
    were added since. ``signature``: ``none``, ``good``, ``bad`` or ``not checked`` (no key given).
    """

    verdict: str
    head: str
    files: int
    chain_edited: bool
    changed: list[str]
    missing: list[str]
    grown: list[str]
    not_here: list[str]
    signature: Signed
    key: str | None
    comment: str | None

    @property
    def exit_code(self) -> int:
        """0 unchanged, 1 changed, 3 incomplete."""
        return {"unchanged": 0, "changed": 1, "incomplete": 3}[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench verify``."""
        return asdict(self)


def verify_report(report: Path, project: Path | None = None, key: str | None = None) -> Verification:
    """Compare a report's chain with the files there are now.

    ``report`` is its folder or any file in it, ``project`` the folder of the project it was
    made from, ``key`` a public key (file or line): with one, a report without a good signature
    counts as changed. Raises `NotFoundError` and `InputError`.
    """
    folder = report_folder(report)
    chain, claimed = read_chain(folder)
    edited = not _in_order(chain, claimed)
    root = project if project is not None and _is_home(chain, project) else None
    states = [(link, _state(link, root, folder)) for link in chain.links]
    signature, identity, comment = _signature(folder, read_public(key) if key else None)
    by_state = {
        state: [link.name for link, own in states if own == state]
        for state in ("changed", "missing", "grown", "not here")
    }
    wrong = edited or by_state["changed"] or by_state["missing"] or signature == "bad"
    wrong = wrong or (key is not None and signature != "good")
    verdict = "changed" if wrong else "incomplete" if by_state["not here"] else "unchanged"
    return Verification(
        verdict=verdict,
        head=chain.head,
        files=len(chain.links),
        chain_edited=edited,
        changed=by_state["changed"],
        missing=by_state["missing"],
        grown=by_state["grown"],
        not_here=by_state["not here"],
        signature=signature,
        key=identity,
        comment=comment,
    )


def sign_report(report: Path, key: Path, by: str, password: str | None) -> tuple[Path, PublicKey]:
    """Sign a report's chain with a secret key and return the signature's path.

    The name of the person, the time and the head of the chain are signed too. Raises
    `InputError` for a chain that was edited or a report whose own files have changed.
    """
    folder = report_folder(report)
    if not by.strip():
        raise InputError("a signature needs a person", remedy="--by NAME")
    chain, claimed = read_chain(folder)
    own = [link for link in chain.links if link.place == "report"]
    broken = [link.name for link in own if _state(link, None, folder) != "same"]
    if broken or not _in_order(chain, claimed):
        raise InputError(
            "the report is not as it was built",
            where=", ".join(broken) or CHAIN,
            remedy="build it again, then sign",
        )
    secret = read_secret(key, password)
    name = " ".join("".join(c if c.isprintable() else " " for c in by).split())
    comment = f"timestamp:{int(time.time())}\tfile:{CHAIN}\tby:{name}\thead:{chain.head}"
    return sign_file(folder / CHAIN, secret, comment), public_of(secret)


def report_folder(report: Path) -> Path:
    """The folder of a report that was named by any of its files. Raises `NotFoundError`."""
    if not report.exists():
        raise NotFoundError("there is no such report", where=str(report), remedy="check the path")
    return report if report.is_dir() else report.parent


def _in_order(chain: Chain, claimed: str) -> bool:
    """Whether the links follow, end in the head that is claimed, and list the report's own files."""
    own = {link.name for link in chain.links if link.place == "report"}
    return set(OWN) <= own and whole(chain) and claimed == chain.head


def _is_home(chain: Chain, project: Path) -> bool:
    """Whether a project holds at least one of the chain's files."""
    names = [link.name for link in chain.links if link.place == "project"]
    return any(resolve("project", name, project, project).is_file() for name in names) or not names


def _state(link: Link, project: Path | None, folder: Path) -> State:
    if link.place == "project" and project is None:
        return "not here"
    path = resolve(link.place, link.name, project or folder, folder)
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    if size < link.bytes or (size > link.bytes and not link.grows):
        return "changed"
    if prefix_sha256(path, link.bytes) != link.sha256:
        return "changed"
    return "grown" if size > link.bytes else "same"


def _signature(folder: Path, key: PublicKey | None) -> tuple[Signed, str | None, str | None]:
    path = folder / (CHAIN + SIGNATURE)
    if not path.is_file():
        return "none", None, None
    found = read_signature(path)
    name = found.identity[::-1].hex().upper()
    if key is None:
        return "not checked", name, found.comment
    good = signature_is_good(found, key, (folder / CHAIN).read_bytes())
    return ("good" if good else "bad"), name, found.comment
