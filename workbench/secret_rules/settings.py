"""Settings of the search for secrets, as a person writes them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Secrets(BaseModel):
    """What is looked for.

    ``min_entropy``: bits per character that every secret must have, in addition to its rule's own
    floor. ``rules``: files of rules in gitleaks' format, in addition to those of Workbench; a path
    is taken from the project's folder. ``ignore``: names of rules that are not used. ``encoded``:
    also look into base64, hex and percent-encoded text. ``seconds``: the longest processor time for
    one text; what takes longer is reported as not scanned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    min_entropy: float = Field(default=0.0, ge=0.0, le=8.0)
    rules: list[str] = []
    ignore: list[str] = []
    encoded: bool = True
    seconds: float = Field(default=2.0, gt=0.0, le=600.0)
