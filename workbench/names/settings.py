"""How names of people and places are looked for: which recognizer, how eagerly, and what is left alone."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Preset = Literal["strict", "balanced", "light"]
Backend = Literal["embedded", "none", "spacy", "transformers", "gliner"]


class Names(BaseModel):
    """The choice of recognizer for names; what a recipe says under ``names``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: Backend = Field(
        "embedded",
        description="What looks for names: the embedded recognizer (English), none, or a model of yours",
    )
    preset: Preset = Field(
        "balanced",
        description="strict misses least and errs most, light errs least and misses most",
    )
    model: str | None = Field(
        None,
        description="Folder or name of a model that is already on this machine; nothing is downloaded",
    )
    organisations: bool = Field(False, description="Look for organisations too; many of those found are none")
    public_figures: Literal["flag", "scrub", "keep"] = Field(
        "flag",
        description="Public figures and characters of fiction: put to a person, scrubbed, or kept",
    )

    @model_validator(mode="after")
    def _model_fits(self) -> Names:
        if self.model is not None and self.backend in ("embedded", "none"):
            raise ValueError(
                f"the backend {self.backend!r} takes no model: leave model out, or name its backend"
            )
        if self.model is None and self.backend in ("spacy", "transformers", "gliner"):
            raise ValueError(f"the backend {self.backend!r} needs a model: name one that is on this machine")
        return self
