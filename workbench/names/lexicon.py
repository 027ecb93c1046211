"""What is known of words before any text is read: which are names or places, and how common they are.

The list is built by ``python -m workbench.names.build_lexicon`` from Faker (MIT) and phonenumbers
(Apache-2.0), and, where they are given, from a vocabulary ordered by frequency and raw text (how
often a word is written small). It ships as one sorted, compressed text: a word and its marks.
"""

from __future__ import annotations

import gzip
import sys
from functools import cache
from pathlib import Path

from workbench.errors import NotFoundError

LEXICON = Path(__file__).parent / "model" / "lexicon.txt.gz"
MARKS = {
    "F": "first name of an English-speaking country",
    "f": "first name elsewhere",
    "L": "last name of an English-speaking country",
    "l": "last name elsewhere",
    "P": "a whole place name",
    "p": "a word of a longer place name",
    "w": "written small nearly always",
    "m": "written small about as often as not",
    "u": "written with a capital nearly always",
    "1": "among the 3,000 commonest English words",
    "2": "among the 10,000 commonest",
    "3": "a rarer English word",
}


@cache
def lexicon(path: Path = LEXICON) -> dict[str, str]:
    """Every listed word in small letters with its marks (see `MARKS`), read once per process.

    Raises `NotFoundError` when the list is missing.
    """
    if not path.is_file():
        raise NotFoundError(
            "the list of names is not there",
            where=path.name,
            remedy="install the package again, or build the list with: python -m workbench.names.build_lexicon",
        )
    with gzip.open(path, "rt", encoding="utf-8") as file:
        pairs = (line.rstrip("\n").split("\t") for line in file)
        return {word: sys.intern(marks) for word, marks in pairs}
