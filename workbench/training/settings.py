"""What a person can choose about a training run; the field texts are the page's help."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError

Method = Literal["sft", "dpo"]


class TrainSettings(BaseModel):
    """Settings of one SFT or DPO run. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method
    data: str = Field(description="Dataset version to train on, as name@v0001")
    base: str = Field(description="Base model: a local folder, a hub name, or tiny-chat")
    adapter: str | None = Field(None, description="Run or folder of an adapter to go on from")
    replay: str | None = Field(None, description="Dataset mixed in so that old skills are kept")
    replay_share: float = Field(0.3, ge=0.0, lt=1.0, description="Share of training rows that are replay")
    retained_text: str | None = Field(
        None, description="Dataset whose loss is watched as the forgetting curve"
    )
    lora_r: int = Field(16, ge=1, le=1024, description="Rank of the LoRA matrices")
    lora_alpha: int = Field(32, ge=1, description="LoRA scale; the effect is alpha / r")
    lora_dropout: float = Field(0.0, ge=0.0, lt=1.0, description="Dropout on the LoRA input")
    target_modules: str = Field("all-linear", description="Layers that get LoRA matrices")
    learning_rate: float = Field(2e-4, gt=0.0, description="Peak learning rate")
    epochs: float = Field(3.0, gt=0.0, description="Passes over the training rows")
    max_steps: int = Field(-1, ge=-1, description="Stop after this many steps; -1 follows epochs")
    batch_size: int = Field(8, ge=1, description="Examples in one forward pass")
    group_by_length: bool = Field(False, description="Batches of like length: faster, but less well mixed")
    accumulation: int = Field(1, ge=1, description="Forward passes to one optimizer step")
    max_length: int = Field(1024, ge=16, description="Longest example in tokens")
    too_long: Literal["drop", "truncate", "error"] = Field(
        "drop", description="What happens to examples longer than max_length"
    )
    loss_on: Literal["all", "last"] = Field(
        "all", description="Answers that are learned: all turns or the last"
    )
    warmup: float = Field(0.03, ge=0.0, description="Share of steps (below 1) or number of warm-up steps")
    scheduler: Literal[
        "cosine", "linear", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"
    ] = Field("cosine", description="Learning-rate schedule")
    eval_every: int = Field(0, ge=0, description="Steps between evaluations; 0 makes about ten")
    patience: int = Field(3, ge=1, description="Evaluations without improvement before stopping")
    beta: float = Field(0.1, gt=0.0, description="DPO: how closely to stay with the reference")
    sft_weight: float = Field(
        0.0, ge=0.0, description="DPO: weight of an added SFT loss on the chosen answer"
    )
    load_in_4bit: bool = Field(False, description="QLoRA: load the base in 4-bit (extra gpu)")
    gradient_checkpointing: bool = Field(False, description="Less memory for about a third more time")
    seed: int = Field(0, ge=0, description="Seed of every random choice")


def make_settings(
    method: Method, config: Path | None = None, overrides: dict[str, Any] | None = None
) -> TrainSettings:
    """Merge a YAML file and ``key=value`` overrides. Raises `InputError` naming the key."""
    values: dict[str, Any] = {"method": method}
    if method == "dpo":
        values["learning_rate"] = 5e-5
        values["epochs"] = 1.0
    if config is not None:
        values.update(_read(config))
    values.update({key: value for key, value in (overrides or {}).items() if value is not None})
    try:
        return TrainSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"training setting '{key}': {first['msg']}",
            where=str(config or "--set"),
            remedy=f"settings: {', '.join(TrainSettings.model_fields)}",
        ) from error


def parse_overrides(pairs: list[str]) -> dict[str, Any]:
    """Parse ``key=value`` words; values are read as YAML scalars."""
    values = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise InputError(f"'{pair[:60]}' is not key=value", remedy="for example --set epochs=2")
        try:
            values[key.strip()] = _scalar(value)
        except yaml.YAMLError as error:
            raise InputError(f"the value of '{key}' cannot be read", remedy="quote it") from error
    return values


def _scalar(value: str) -> Any:
    try:
        return float(value) if "e" in value.lower() and value[0] in "0123456789.-" else yaml.safe_load(value)
    except ValueError:
        return yaml.safe_load(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            "there is no such settings file", where=str(path), remedy="check the path"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("the settings file is not valid YAML", where=str(path), remedy="mend it") from error
    if not isinstance(values, dict):
        raise InputError(
            "the settings file has no settings", where=str(path), remedy="write key: value lines"
        )
    return values
