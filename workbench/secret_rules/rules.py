"""Rules: what a format of secrets looks like, as data, and the pack that comes with Workbench."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.errors import InputError

PACKS = "packs"
Caution = Literal["format", "value", "none"]
SEPARATOR = (
    r"""(?:\\{0,3}["'`])?(?:\]|\)\.?)?[ \t]{0,8}(?:===?|=>|:=|\?=|[:=]|,(?=[ \t]?["'`][^"'`\n]+["'`][ \t]?\))|\bis\b|[ \t]lautet\b|[ \t]est\b)"""
    r"""[ \t]{0,8}(?:(?i:bearer|token|basic)[ ])?(?:\\{0,3}["'`])?"""
)
"""What stands between the name of a key and the key in code, JSON, YAML, shells and prose."""

NEAR = 400
OPTIONAL = re.compile(r"\[[ _-]+\]\?|[_-]\?")
BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Where a token may begin: also after an escaped break of lines."""
AFTER = r"(?![A-Za-z0-9_])"


@dataclass(frozen=True, slots=True)
class Allowance:
    """When a match is no secret after all: one of the patterns or stopwords is in the ``target``.

    ``all_of`` asks for a pattern and a stopword. ``rules`` limits it to those rules (none: all).
    """

    patterns: tuple[str, ...] = ()
    stopwords: tuple[str, ...] = ()
    target: Literal["secret", "match", "line"] = "secret"
    all_of: bool = False
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One format.

    ``keywords``: in lower case; one must be in the text before ``pattern`` is tried (none: always).
    ``reach``: how many characters after a keyword a match may end; 0 for anywhere in the text.
    ``group``: name or number of the group that is the secret; 0 is the first that matched, as
    gitleaks has it. ``entropy``: the floor in bits per character. ``caution``: how hard a match is
    looked at (`workbench.secret_rules.placeholders`). ``check``: a function of
    `workbench.secret_rules.checks` that judges it. ``users``: from a file that the user named.
    """

    name: str
    pattern: str
    keywords: tuple[str, ...] = ()
    reach: int = 0
    group: str | int = "secret"
    entropy: float = 0.0
    score: float = 0.95
    caution: Caution = "format"
    check: str = ""
    allowances: tuple[Allowance, ...] = ()
    family: str = ""
    issuer: str = ""
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    users: bool = False


class _Entry(BaseModel):
    """One ``[[rule]]`` of a pack.

    One of ``token``, the form of a key that is known by itself and stands alone; ``pattern`` with a
    group ``secret``; or ``near`` and ``value``: words of which one is in the name of the variable,
    and the form of the key that is assigned to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$")
    issuer: str
    keywords: tuple[str, ...] = ()
    token: str = ""
    pattern: str = ""
    near: tuple[str, ...] = ()
    value: str = ""
    reach: int = Field(default=0, ge=0)
    entropy: float = Field(default=0.0, ge=0.0, le=8.0)
    score: float | None = Field(default=None, gt=0.0, le=1.0)
    caution: Caution | None = None
    check: str = ""
    allow: tuple[str, ...] = ()
    true: tuple[str, ...] = Field(min_length=1)
    false: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_form(self) -> _Entry:
        if bool(self.pattern) + bool(self.token) + bool(self.near and self.value) != 1:
            raise ValueError("give token, or pattern, or near and value")
        if not self.near and not self.keywords:
            raise ValueError("a token or pattern needs keywords")
        return self

    def as_rule(self, family: str) -> Rule:
        """The rule that it stands for."""
        keywords, caution = self.keywords, self.caution or "format"
        pattern = self.pattern or f"{BEFORE}(?P<secret>{self.token}){AFTER}"
        if self.near:
            pattern = assigned_to(self.near, self.value)
            keywords = self.keywords or self.near
            caution = self.caution or "value"
        return Rule(
            name=self.name,
            pattern=pattern,
            keywords=tuple(sorted({spelled for word in keywords for spelled in _spelled(word)})),
            reach=self.reach or (NEAR if self.near else 0),
            entropy=self.entropy or (3.0 if self.near else 0.0),
            score=self.score or (0.9 if self.near else 0.95),
            caution=caution,
            check=self.check,
            allowances=(Allowance(self.allow),) if self.allow else (),
            family=family,
            issuer=self.issuer,
            true=self.true,
            false=self.false,
        )


class _Pack(BaseModel):
    """One file of the pack."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    about: str
    rule: tuple[_Entry, ...]


def assigned_to(near: tuple[str, ...], value: str) -> str:
    """The pattern of a key without a form of its own: it is assigned to a name with a telling word."""
    names = "|".join(near)
    return (
        rf"(?<![A-Za-z0-9])(?i:[A-Za-z0-9_.]{{0,24}}?(?:{names})[ \w.\-]{{0,28}}?){SEPARATOR}"
        rf"(?P<secret>{value})(?![A-Za-z0-9_+/=-])"
    )


def _spelled(word: str) -> list[str]:
    """A word with every way to write its optional separators, such as ``_?`` or ``[_-]?``."""
    found = [""]
    for number, piece in enumerate(OPTIONAL.split(word)):
        between = ("", *"_- ") if number else ("",)
        found = [start + separator + piece.lower() for start in found for separator in between]
    return found


@cache
def own_rules() -> tuple[Rule, ...]:
    """The rules that come with Workbench, by family and in the order of their files.

    Raises `InputError` when a pack was damaged.
    """
    found: list[Rule] = []
    for name, content in _pack_files():
        try:
            pack = _Pack.model_validate(tomllib.loads(content))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise InputError(
                "a rule pack of the installation is damaged",
                where=name,
                remedy="install Workbench again",
            ) from error
        found += [entry.as_rule(name.removesuffix(".toml")) for entry in pack.rule]
    return tuple(found)


@cache
def pack_hash() -> str:
    """16 hex digits that change with any rule that comes with Workbench."""
    digest = hashlib.sha256()
    for name, content in _pack_files():
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()[:16]


def _pack_files() -> list[tuple[str, str]]:
    folder = files("workbench.secret_rules") / PACKS
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return [(entry.name, entry.read_text(encoding="utf-8")) for entry in sorted(found, key=_by_name)]


def _by_name(entry: Any) -> str:
    return str(entry.name)
