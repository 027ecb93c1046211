"""What is looked for in a text: the settings of detection, as a person writes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench.names.settings import Names
from workbench.personal_data.packs import COUNTRIES, ENTITIES

LANGUAGES = ("en", "de", "fr", "es")
Check = Literal["luhn", "mod97"]


class UserPattern(BaseModel):
    """A reference number of one's own. ``name`` is in capitals, as ``TICKET_NUMBER``.

    ``check`` names the check digits that a match must have. Context words nearby raise the score
    to 0.45 and more, so a pattern that scores below the threshold counts only next to one of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")
    regex: str = Field(min_length=1, max_length=500)
    score: float = Field(default=0.8, gt=0.0, le=1.0)
    context: list[str] = []
    check: Check | None = None
    description: str = ""

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        import regex

        try:
            pattern = regex.compile(value)
        except regex.error as error:
            raise ValueError(f"this is no regular expression: {error}") from error
        if pattern.match("") is not None:
            raise ValueError("the pattern matches nothing at all, which is everywhere")
        return value


class Detection(BaseModel):
    """What is looked for.

    ``entities`` None: those that are on by default. ``countries``: whose numbers are looked for,
    ISO 3166 codes. ``threshold``: the least score. ``languages``: found for each text, or the ones
    given. ``short_phones``: also telephone numbers of four to six digits. ``private_addresses``: also
    IP addresses of private networks (RFC 1918). ``seconds``: the longest time for one text; what
    takes longer is reported as not scanned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    entities: list[str] | None = None
    countries: list[str] = ["us", "gb", "de", "fr", "es"]
    patterns: list[UserPattern] = []
    names: Names = Names()
    threshold: float = Field(default=0.4, ge=0.0, le=1.0)
    languages: Literal["auto"] | list[Literal["en", "de", "fr", "es"]] = "auto"
    short_phones: bool = False
    private_addresses: bool = True
    seconds: float = Field(default=2.0, gt=0.0, le=600.0)

    @field_validator("countries")
    @classmethod
    def _countries(cls, value: list[str]) -> list[str]:
        codes = ["gb" if code.lower() == "uk" else code.lower() for code in value]
        if unknown := sorted(set(codes) - set(COUNTRIES)):
            raise ValueError(f"unknown {unknown}; there are {sorted(COUNTRIES)}")
        return codes

    @field_validator("entities")
    @classmethod
    def _entities(cls, value: list[str] | None) -> list[str] | None:
        # User patterns bring entities of their own; those are always looked for.
        if value is not None and (unknown := sorted(set(value) - set(ENTITIES))):
            raise ValueError(f"unknown {unknown}; there are {sorted(ENTITIES)}")
        return value
