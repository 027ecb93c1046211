"""What a person can say about a dial."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MergeMethod = Literal["linear", "ties", "dare"]
SCALES = (0.0, 0.25, 0.5, 0.75, 1.0)


class DialSettings(BaseModel):
    """Which strengths and merges are tried, and how the items are divided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scales: tuple[float, ...] = Field(SCALES, min_length=1, max_length=20, description="Adapter strengths")
    merges: tuple[MergeMethod, ...] = Field((), description="How the adapters are merged, if they are")
    density: float = Field(0.5, gt=0.0, le=1.0, description="Share of weights that TIES and DARE keep")
    selection: float = Field(0.5, ge=0.1, le=0.9, description="Share of the items that chooses")
    seed: int = Field(0, ge=0, description="Of the division of the items, and of DARE")
    red_flags: bool = Field(True, description="Measure the red flags of the recommended point")

    @field_validator("scales")
    @classmethod
    def _are_strengths(cls, scales: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0.0 <= scale <= 2.0 for scale in scales):
            raise ValueError("a strength lies between 0 and 2")
        return tuple(sorted(set(scales)))

    @field_validator("merges")
    @classmethod
    def _are_different(cls, merges: tuple[MergeMethod, ...]) -> tuple[MergeMethod, ...]:
        return tuple(dict.fromkeys(merges))
