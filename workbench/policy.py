"""The policy: thresholds of the gate, fixed before the run. YAML, unknown keys refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError


class TaskPolicy(BaseModel):
    """What one task may lose, and what guessing scores."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    margin: float | None = Field(None, gt=0.0, lt=1.0, description="Largest loss that is accepted")
    chance: float = Field(0.0, ge=0.0, lt=1.0, description="Score of guessing")
    role: Literal["target", "retained"] | None = None


class Policy(BaseModel):
    """Thresholds of the gate, fixed before the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = "default"
    alpha: float = Field(0.05, gt=0.0, lt=0.5, description="One-sided error of each statement")
    power: float = Field(0.8, gt=0.5, lt=1.0, description="Power for the advice on further items")
    default_margin: float = Field(0.05, gt=0.0, lt=1.0, description="Largest loss accepted on a task")
    macro_margin: float = Field(0.02, gt=0.0, lt=1.0, description="Largest loss accepted on average")
    tasks: dict[str, TaskPolicy] = Field(default_factory=dict, description="Exceptions by task")
    require: Literal["all", "macro"] = Field("all", description="Every task retained, or the average")
    on_inconclusive: Literal["block", "warn"] = Field("block", description="What an open question does")
    target_gain: float = Field(0.0, ge=0.0, lt=1.0, description="Gain a target task must show over the base")
    beat_prompt: bool = Field(True, description="Target tasks must also beat the prompted base")

    def role(self, task: str) -> str | None:
        """The role a task was given, if any."""
        own = self._of(task)
        return own.role if own is not None else None

    def _of(self, task: str) -> TaskPolicy | None:
        """A task with several filters, ``task:filter``, follows its task."""
        return self.tasks.get(task) or self.tasks.get(task.split(":")[0])

    def margin(self, task: str) -> float:
        """The margin of a task."""
        own = self._of(task)
        return own.margin if own is not None and own.margin is not None else self.default_margin

    def chance(self, task: str) -> float:
        """The score of guessing on a task."""
        own = self._of(task)
        return own.chance if own is not None else 0.0

    @property
    def sha256(self) -> str:
        """Identifies the thresholds that were applied."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_policy(path: Path) -> Policy:
    """Read a policy's YAML. Raises `InputError` naming the key."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Policy.model_validate({"name": path.stem, **(raw.get("gate", raw) if raw else {})})
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
