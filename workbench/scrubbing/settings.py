"""What a user chooses about scrubbing: an operator for each entity, and how pseudonyms behave."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Operator = Literal["redact", "tag", "mask", "hash", "pseudonym", "keep"]
ENTITY = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SAFE = re.compile(r"[^\"'\\`|\n\r]*")


class Scrubbing(BaseModel):
    """What stands in the place of a value.

    The operators are ``tag`` (``<PERSON_1>``, one number for each person or value of a row),
    ``redact`` (nothing, or the text of ``redacted``), ``mask`` (``J*** D**``), ``hash``
    (``<PERSON#…>``, the same for the same value in the whole project), ``pseudonym`` (another
    value of the same kind and form) and ``keep``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operators: dict[str, Operator] = Field({}, description="Operator by entity; others take the default.")
    default: Operator = Field("tag", description="Operator of entities that are not named.")
    scope: Literal["row", "dataset"] = Field(
        "row", description="Where a value keeps its pseudonym: in its row, or in the whole data set."
    )
    redacted: str = Field("", max_length=60, description="What redact writes; {entity} is the entity.")
    mask_last: int = Field(0, ge=0, le=4, description="How many last characters of a number a mask shows.")
    gender: Literal["matching", "neutral"] = Field(
        "matching", description="Whether a pseudonym keeps the gender that the first name suggests."
    )
    locale: str = Field("auto", description="Faker locale of names and places, or auto: by the value.")
    shift_days: int = Field(180, ge=1, le=3650, description="By how many days at most dates are moved.")
    keep_weekday: bool = Field(False, description="Move dates by whole weeks.")

    @field_validator("operators")
    @classmethod
    def _entities(cls, value: dict[str, Operator]) -> dict[str, Operator]:
        wrong = sorted(name for name in value if not ENTITY.fullmatch(name))
        if wrong:
            raise ValueError(f"{len(wrong)} of the entities are not in capitals such as EMAIL_ADDRESS")
        return value

    @field_validator("redacted")
    @classmethod
    def _safe(cls, value: str) -> str:
        if not _SAFE.fullmatch(value):
            raise ValueError("quotes, bars, backslashes and line breaks would break JSON or tables")
        return value

    @field_validator("locale")
    @classmethod
    def _known(cls, value: str) -> str:
        from faker.config import AVAILABLE_LOCALES

        if value != "auto" and value not in AVAILABLE_LOCALES:
            raise ValueError(f"unknown locale '{value}'; write auto, or one of Faker's such as en_GB")
        return value

    def operator(self, entity: str) -> Operator:
        """The operator of an entity."""
        return self.operators.get(entity, self.default)


class SecretScrubbing(Scrubbing):
    """What stands in the place of a secret: ``<AWS_ACCESS_KEY>`` by default, never a look-alike."""

    default: Operator = Field("redact", description="Operator of entities that are not named.")
    redacted: str = Field("<{entity}>", max_length=60, description="What redact writes.")

    @model_validator(mode="after")
    def _no_fakes(self) -> SecretScrubbing:
        if "pseudonym" in (self.default, *self.operators.values()):
            raise ValueError("a made-up secret looks live to whoever finds it; use redact or tag")
        return self
