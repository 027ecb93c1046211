"""A red flag: what was measured of a candidate, how bad it is, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.files import read_json, write_json

Level = Literal["ok", "warn", "block"]
LEVELS: tuple[Level, ...] = ("ok", "warn", "block")
ALPHA = 0.05
"""One-sided error of every bound; shared equally where a flag looks at several sets of answers."""


class FlagSettings(BaseModel):
    """How much is looked at; the field texts are the command's help."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rows: int = Field(
        128, ge=8, le=5000, description="Training rows, and as many held-out rows, that are read"
    )
    prompts: int = Field(48, ge=8, le=1000, description="Held-out questions that are answered freely")
    tokens: int = Field(96, ge=16, le=1024, description="Longest free answer in tokens")
    items: int = Field(
        200, ge=20, le=20000, description="Answers of a task that are scored again or compared"
    )


@dataclass(frozen=True)
class Flag:
    """One finding about one candidate.

    ``value`` with its one-sided 95 % bounds is what the level was decided on, in the unit that
    ``statement`` names; all three are None when it could not be measured, which is no alarm:
    the level is then ``ok`` and the statement says why. ``evidence`` holds counts, hashes and
    ids, never a text.
    """

    name: str
    arm: str
    level: Level
    statement: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether there was enough to measure it."""
        return self.value is not None

    def as_dict(self) -> dict[str, Any]:
        """As it is kept in ``flags/`` and shown by the command."""
        return asdict(self)


def not_measured(name: str, arm: str, why: str) -> Flag:
    """A flag that could not be measured, and why."""
    return Flag(name, arm, "ok", f"not measured: {why}")


def level_of(low: float, warn: float, block: float | None = None) -> Level:
    """The level that a lower bound reaches: a threshold counts only when chance is ruled out."""
    if block is not None and low > block:
        return "block"
    return "warn" if low > warn else "ok"


def worst(levels: Sequence[Level]) -> Level:
    """The highest of several levels."""
    return max(levels, key=LEVELS.index, default="ok")


def flag_file(folder: Path, flag: str, arm: str) -> Path:
    """Where a flag is kept; an arm's name is a file's name already."""
    return folder / f"{flag}.{arm}.json"


def write_flag(folder: Path, flag: Flag) -> None:
    """Keep a flag, whole or not at all."""
    write_json(flag_file(folder, flag.name, flag.arm), flag.as_dict())


def read_flag(path: Path) -> Flag:
    """Read a flag back. Raises `InputError` for a damaged file."""
    return Flag(**read_json(path))
