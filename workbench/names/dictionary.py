"""English words that are no names: lettuce, radius, casserole.

Built by ``python -m workbench.names.build_dictionary`` from the word list of symspellpy (MIT), less
every word that `workbench.names.lexicon` knows as part of a name or that is nearly always written
with a capital.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from workbench.errors import NotFoundError

DICTIONARY = Path(__file__).parent / "model" / "dictionary.txt.gz"


@cache
def dictionary(path: Path = DICTIONARY) -> frozenset[str]:
    """The words in small letters, read once per process. Raises `NotFoundError` when the list is missing."""
    if not path.is_file():
        raise NotFoundError(
            "the list of English words is missing", where=str(path), remedy="install Workbench again"
        )
    return frozenset(gzip.decompress(path.read_bytes()).decode().splitlines())
