"""The policy: thresholds of the gate, fixed before the run. YAML, unknown keys refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from workbench.errors import InputError

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Spending = Literal["obrien_fleming", "pocock"]
FlagLevel = Literal["ignore", "warn", "block"]

BLOCKING: dict[str, FlagLevel] = {
    "memorised": "block",
    "canaries": "block",
    "scrubbed_values": "block",
    "contamination": "block",
}
"""Flags that block unless a policy says otherwise: what leaks, and what makes scores untrue."""


class TaskPolicy(BaseModel):
    """What one task may lose, what guessing scores, and how its items are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    margin: float | None = Field(None, gt=0.0, description="Largest loss that is accepted")
    chance: float = Field(0.0, ge=0.0, lt=1.0, description="Score of guessing")
    role: Literal["target", "retained"] | None = None
    higher_is_better: bool | None = Field(None, description="Whether a higher score is a better one")
    filter: str | None = Field(None, description="The one filter of the harness that counts")
    cluster: str | None = Field(None, description="Slice or field whose value groups the items")


class Looks(BaseModel):
    """Item counts at which the gate is asked, fixed before the first; alpha is spent over them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    plan: list[int] = Field(min_length=1, description="Items of each task at every look, rising")
    spending: Spending = "obrien_fleming"

    @model_validator(mode="after")
    def _rising(self) -> Looks:
        if any(later <= earlier for earlier, later in zip([0, *self.plan], self.plan, strict=False)):
            raise ValueError("the numbers of items must rise from look to look")
        return self


class Control(BaseModel):
    """What the base may differ from itself when it is asked twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    max_flip_rate: float = Field(0.005, ge=0.0, lt=1.0)


class Waiver(BaseModel):
    """A rule that a named person lets go, with the reason; printed wherever the verdict is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: Said = Field(description="A task, `average`, `control` or `flag:NAME`")
    by: Said = Field(description="Who takes the responsibility")
    reason: Said = Field(description="Why")


class Policy(BaseModel):
    """Thresholds of the gate, fixed before the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = "default"
    alpha: float = Field(0.05, gt=0.0, lt=0.5, description="One-sided error of each statement")
    power: float = Field(0.8, gt=0.5, lt=1.0, description="Power for the advice on further items")
    default_margin: float = Field(0.05, gt=0.0, lt=1.0, description="Largest loss accepted on a task")
    macro_margin: float = Field(0.02, gt=0.0, lt=1.0, description="Largest loss accepted on average")
    tasks: dict[str, TaskPolicy] = Field(default_factory=dict, description="Exceptions by task")
    multiplicity: Literal["holm"] = Field("holm", description="Correction over tasks and the average")
    require: Literal["all", "macro"] | list[str] = Field(
        "all", description="Every task retained, the average, or the tasks named"
    )
    on_inconclusive: Literal["block", "warn"] = Field("block", description="What an open question does")
    target_gain: float = Field(0.0, ge=0.0, lt=1.0, description="Gain a target task must show over the base")
    beat_prompt: bool = Field(True, description="Target tasks must also beat the prompted base")
    beat_prompt_by: float = Field(0.0, ge=0.0, lt=1.0, description="Gain over the prompted base")
    looks: Looks | None = Field(None, description="Planned looks; without, one look at all items")
    unplanned_looks: Literal["label", "refuse"] = Field("label", description="A further look without a plan")
    aa_control: Control | None = Field(None, description="The base must agree with itself")
    flags: dict[str, FlagLevel] = Field(
        default={}, description="What a red flag may do; without, leaks and contamination block"
    )
    slice_fdr: float = Field(0.1, gt=0.0, lt=1.0, description="False discoveries among slices")
    slice_items: int = Field(20, ge=2, description="Items below which a slice is not looked at")
    waivers: list[Waiver] = Field(default_factory=list, description="Rules let go, by whom and why")

    def role(self, task: str) -> str | None:
        """The role a task was given, if any."""
        own = self._of(task)
        return own.role if own is not None else None

    def margin(self, task: str) -> float:
        """The margin of a task."""
        own = self._of(task)
        return own.margin if own is not None and own.margin is not None else self.default_margin

    def has_margin(self, task: str) -> bool:
        """Whether a task was given a margin of its own."""
        own = self._of(task)
        return own is not None and own.margin is not None

    def chance(self, task: str) -> float:
        """The score of guessing on a task."""
        own = self._of(task)
        return own.chance if own is not None else 0.0

    def higher_is_better(self, task: str) -> bool | None:
        """The direction of a task's score as the policy has it; None when it does not say."""
        own = self._of(task)
        return own.higher_is_better if own is not None else None

    def cluster(self, task: str) -> str | None:
        """The field that groups the items of a task, if the policy names one."""
        own = self._of(task)
        return own.cluster if own is not None else None

    def wants(self, task: str) -> bool:
        """Whether a task's filter is the one that counts; without a choice all of them do."""
        own = self._of(task)
        given = task.partition(":")[2]
        return own is None or own.filter is None or not given or given == own.filter

    def requires(self, task: str) -> bool:
        """Whether a retained task must be shown to be retained."""
        if isinstance(self.require, list):
            return task in self.require or task.split(":")[0] in self.require
        return self.require == "all"

    def flag(self, name: str) -> FlagLevel:
        """What a red flag may do: as the policy says, else as `BLOCKING`, else warn."""
        return self.flags.get(name, BLOCKING.get(name, "warn"))

    @property
    def sha256(self) -> str:
        """Identifies the thresholds that were applied; waivers are no threshold."""
        return hashlib.sha256(self.model_dump_json(exclude={"waivers"}).encode()).hexdigest()

    def _of(self, task: str) -> TaskPolicy | None:
        """A task with several filters, ``task:filter``, follows its task."""
        return self.tasks.get(task) or self.tasks.get(task.split(":")[0])


def load_policy(path: Path) -> Policy:
    """Read a policy's YAML. Raises `InputError` naming the key."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Policy.model_validate({"name": path.stem, **_thresholds(raw or {}, path)})
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError("there is no such policy", where=str(path), remedy="check the path") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        keys = ", ".join(Policy.model_fields)
        raise InputError(
            f"policy key '{key}': {first['msg']}", where=str(path), remedy=f"a policy has {keys}"
        ) from error
    except (yaml.YAMLError, AttributeError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("the policy is not valid YAML", where=str(path), remedy="mend it") from error


def _thresholds(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """What stands under ``gate:``, or the whole file; nothing beside ``gate:`` is passed over."""
    if "gate" not in raw:
        return raw
    beside = sorted(str(key) for key in raw if key != "gate")
    if beside:
        raise InputError(
            f"policy keys beside 'gate': {', '.join(beside)}"[:200],
            where=str(path),
            remedy="move them under gate:, or leave out the line gate:",
        )
    return raw["gate"] or {}
