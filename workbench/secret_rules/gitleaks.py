"""Rules in gitleaks' format: a TOML file that the user names becomes rules of ours.

After the format that gitleaks documents (github.com/gitleaks/gitleaks, README, "Configuration",
version 8). A rule about paths alone, and allowances for paths and commits, say nothing about a
text and are left out. What would change the meaning of a rule is refused, never dropped.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError, NotFoundError
from workbench.secret_rules.re2 import UnsupportedError, from_re2
from workbench.secret_rules.rules import Allowance, Rule

Model = TypeVar("Model", bound=BaseModel)
SCORE = 0.9
LARGEST = 5_000_000


class _Allowlist(BaseModel):
    """``[[rules.allowlists]]`` or a global ``[[allowlists]]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = ""
    description: str = ""
    condition: Literal["OR", "AND", "or", "and", "||", "&&"] = "OR"
    commits: list[str] = []
    paths: list[str] = []
    regex_target: Literal["", "secret", "match", "line"] = Field(default="", alias="regexTarget")
    regexes: list[str] = []
    stopwords: list[str] = []
    target_rules: list[str] = Field(default=[], alias="targetRules")


class _Rule(BaseModel):
    """One ``[[rules]]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(min_length=1)
    description: str = ""
    regex: str = ""
    path: str = ""
    secret_group: int = Field(default=0, ge=0, alias="secretGroup")
    entropy: float = Field(default=0.0, ge=0.0)
    keywords: list[str] = []
    tags: list[str] = []
    allowlist: _Allowlist | None = None
    allowlists: list[_Allowlist] = []
    skip_report: bool = Field(default=False, alias="skipReport")


class _File(BaseModel):
    """The whole file. ``extend`` is looked at apart, because its remedy differs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str = ""
    description: str = ""
    min_version: str = Field(default="", alias="minVersion")
    rules: list[dict[str, Any]] = []
    allowlist: _Allowlist | None = None
    allowlists: list[_Allowlist] = []


def rules_of(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules.

    Raises `NotFoundError` when it is not there, and `InputError` that names the file, the rule
    and what is wrong or not supported in it.
    """
    content = _content(path)
    if content.pop("extend", None):
        raise InputError(
            "the file extends another one",
            where=f"{path}, [extend]",
            remedy="remove the section and name the other file under rules too",
        )
    file = _checked(_File, content, str(path))
    everywhere = [*file.allowlists, *([file.allowlist] if file.allowlist else [])]
    shared = [found for entry in everywhere if (found := _allowance(entry, f"{path}, allowlist"))]
    rules = [_checked(_Rule, raw, _where(path, number, raw)) for number, raw in enumerate(file.rules, 1)]
    if not any(rule.regex for rule in rules):
        raise InputError("there is no rule with a pattern in it", where=str(path), remedy="add [[rules]]")
    return tuple(_rule(rule, tuple(shared), path) for rule in rules if rule.regex)


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise NotFoundError(
            "the file of rules is not there",
            where=str(path),
            remedy="correct the path; it is taken from the project's folder",
        )
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("the file of rules is too large", where=str(path), remedy="stay under 5 MB")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            "the file of rules cannot be read", where=str(path), remedy="check its permissions"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(
            "the file of rules is no valid TOML",
            where=f"{path}:{line}" if line else str(path),
            remedy="write it as gitleaks documents its configuration",
        ) from error


def _checked(model: type[Model], content: dict[str, Any], where: str) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        what = "is not supported" if first["type"] == "extra_forbidden" else "is not as it should be"
        raise InputError(
            f"'{field}' {what} in a rule file",
            where=where,
            remedy=f"correct or remove it ({first['msg'].lower()})",
        ) from error


def _where(path: Path, number: int, raw: object) -> str:
    name = raw.get("id") if isinstance(raw, dict) else None
    return f"{path}, rule {number}" + (f" ({name})" if isinstance(name, str) else "")


def _rule(rule: _Rule, shared: tuple[Allowance, ...], path: Path) -> Rule:
    where = f"{path}, rule '{rule.id}'"
    pattern = _pattern(rule.regex, where, rule.secret_group)
    lists = [*rule.allowlists, *([rule.allowlist] if rule.allowlist else [])]
    own = [found for entry in lists if (found := _allowance(entry, where))]
    return Rule(
        name=entity_name(rule.id),
        pattern=pattern,
        keywords=tuple(word.lower() for word in rule.keywords if word),
        group=rule.secret_group,
        entropy=rule.entropy,
        score=SCORE,
        caution="none",
        allowances=(*own, *shared),
        family=path.name,
        users=True,
    )


def entity_name(rule: str) -> str:
    """The id of a rule as the name of an entity: ``aws-access-token`` is ``AWS_ACCESS_TOKEN``."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in rule.upper()).strip("_")
    return name if name[:1].isalpha() else f"RULE_{name}"


def _pattern(pattern: str, where: str, group: int = 0) -> str:
    import regex

    try:
        written = from_re2(pattern)
        compiled = regex.compile(written, regex.ASCII)
    except UnsupportedError as error:
        raise InputError(
            f"a pattern holds {error}", where=where, remedy="write the pattern without it"
        ) from error
    except regex.error as error:
        raise InputError(
            f"a pattern is not valid: {error.msg}", where=where, remedy="correct the pattern"
        ) from error
    if group > compiled.groups:
        raise InputError(
            f"secretGroup is {group}, and the pattern has {compiled.groups} groups",
            where=where,
            remedy="give the number of a group that is there",
        )
    return written


def _allowance(entry: _Allowlist, where: str) -> Allowance | None:
    """What an allowlist says about texts; None when it says nothing about them."""
    all_of = entry.condition.upper() in ("AND", "&&")
    if not (entry.regexes or entry.stopwords) or (all_of and (entry.paths or entry.commits)):
        return None  # a text has no path and no commit, so such a condition never holds
    return Allowance(
        patterns=tuple(_pattern(pattern, where) for pattern in entry.regexes),
        stopwords=tuple(word.lower() for word in entry.stopwords),
        target=entry.regex_target or "secret",
        all_of=all_of,
        rules=tuple(entity_name(rule) for rule in entry.target_rules),
    )
