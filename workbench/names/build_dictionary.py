"""Build the list of English words that are no names.

    python -m workbench.names.build_dictionary --words FILE [--out FILE]

``FILE`` has a word first on each line, as ``frequency_dictionary_en_82_765.txt`` of symspellpy does.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

from workbench.files import temporary_name
from workbench.names.dictionary import DICTIONARY
from workbench.names.lexicon import lexicon

NAME_MARKS = frozenset("FfLlPu")


def main() -> None:
    """Read the words, leave names out, write the list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=DICTIONARY)
    chosen = parser.parse_args()
    half = temporary_name(chosen.out)
    half.write_bytes(listed(chosen.words.read_text(encoding="utf-8-sig")))
    half.replace(chosen.out)


def listed(text: str) -> bytes:
    """The list, sorted and compressed; the same words give the same bytes."""
    known = lexicon()
    words = {line.split()[0].lower() for line in text.splitlines() if line.strip()}
    kept = sorted(word for word in words if word.isalpha() and not NAME_MARKS & set(known.get(word, "")))
    return gzip.compress(("\n".join(kept) + "\n").encode(), mtime=0)


if __name__ == "__main__":
    main()
