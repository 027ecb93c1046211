"""Names that everybody knows: people of public life and history, and characters of fiction.

The list was written for this project from general knowledge; it is not complete, and someone may
bear the same name. So it only says why a name may be left alone: what happens is the user's choice.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

LIST = Path(__file__).parent / "public_names.txt"
_REASONS = {"# public": "public figure", "# fiction": "fiction"}
_POSSESSIVE = re.compile(r"['’]s?$")
_HONORIFIC = re.compile(
    r"^(?:mr|mrs|ms|dr|prof|professor|sir|president|prime minister|chancellor|senator|general|king|queen|pope|saint)\.? "
)


def folded(name: str) -> str:
    """A name without case, accents, possessive ending, marks and doubled spaces."""
    plain = unicodedata.normalize("NFKD", _POSSESSIVE.sub("", name.strip()))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'").casefold()
    return " ".join(re.sub(r"[^\w' -]", " ", plain).split())


@cache
def known_names() -> dict[str, str]:
    """Every listed name, folded, with the reason ("public figure" or "fiction")."""
    names: dict[str, str] = {}
    reason = ""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            reason = _REASONS.get(line, reason)
            continue
        for entry in filter(None, (each.strip() for each in line.split(";"))):
            name = entry.strip("=*")
            if " " not in name and "-" not in name and not entry.startswith("="):
                continue
            names.setdefault(folded(name), reason)
            if entry.endswith("*"):
                names.setdefault(folded(name.split()[-1]), reason)
    return names


def is_public(name: str) -> str | None:
    """Why a name may be public ("public figure" or "fiction"), or None.

    The whole name must be listed, or be one word by which someone is known (Einstein, Romeo); a
    title before it does not matter. A first name alone is never public.
    """
    names = known_names()
    plain = folded(name)
    return names.get(plain) or names.get(_HONORIFIC.sub("", plain))
