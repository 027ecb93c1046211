"""What a person can say about looking for the data behind failures."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FailureSettings(BaseModel):
    """How failures are compared with training rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    embedder: str = Field("auto", description="auto, minilm, static, lexical or a model")
    near: float | None = Field(
        None, gt=0.0, lt=1.0, description="Similarity from which a row is near; else from the rows"
    )
    neighbours: int = Field(8, ge=2, le=50, description="Training rows that are linked to a failure")
    items: int = Field(500, ge=1, le=5000, description="Failures of an arm that are looked at, flips first")
