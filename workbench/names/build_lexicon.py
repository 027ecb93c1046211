"""Build the word list of the embedded recognizer. One flat script.

    python -m workbench.names.build_lexicon --out FILE [--vocabulary FILE] [--raw FILE ...]

``--vocabulary`` is a ``tokenizer.json`` with an uncased WordPiece vocabulary, which is ordered by
frequency (such as BERT's): its whole words are marked by how common they are.
``--raw`` are plain or gzipped text files of any kind: of every word in them only one thing is kept,
how often it is written small.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.files import temporary_name
from workbench.names.tokens import sentences
from workbench.names.words import listed

ENGLISH = ("en", "en_AU", "en_CA", "en_GB", "en_IE", "en_IN", "en_KE", "en_NG", "en_NZ", "en_PH", "en_US")
NO_NAMES = listed("no names")
"""Words of lists of names (cities called "The …", the Chinese name He) that nearly never are one in English."""

SEEN_OFTEN = 8
"""Times a word must stand inside a sentence before its spelling is believed."""


def name_parts(kinds: Sequence[str], locales: Iterable[str]) -> set[str]:
    """The Latin-script words of Faker's name or city lists of some locales."""
    import importlib

    found: set[str] = set()
    for locale in locales:
        for kind in kinds:
            module, _, wanted = kind.partition(":")
            try:
                provider = importlib.import_module(f"faker.providers.{module}.{locale}").Provider
            except ImportError:
                continue
            for attribute in dir(provider):
                if re.fullmatch(wanted, attribute):
                    found.update(_texts(getattr(provider, attribute)))
    return {unicodedata.normalize("NFC", text) for text in found if _latin(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value:
            yield from _texts(item)


def _latin(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_a-z][A-Za-zÀ-ɏḀ-ỿ'’ .-]+", text)) and "{" not in text


FIRST_NAMES = (
    "person:first_names?(_(male|female|nonbinary|unisex))?(_.*)?|male_first_names?|female_first_names?",
)
LAST_NAMES = ("person:last_names?(_.*)?|surnames?",)
CITIES = (
    "address:cities|city_names?|towns?|villages?|municipalities|states|counties|countries|provinces|regions|cantons",
)


def places() -> set[str]:
    """Place names of phonenumbers' English geocoding data and of Faker's address lists."""
    from faker.config import AVAILABLE_LOCALES
    from phonenumbers.geodata import GEOCODE_DATA

    found = name_parts(CITIES, AVAILABLE_LOCALES)
    for names in GEOCODE_DATA.values():
        text = names.get("en")
        if text:
            found.update(part.strip() for part in re.split(r"[,/()]| and ", text) if _latin(part.strip()))
    return found


def spellings(files: Iterable[Path]) -> dict[str, str]:
    """For each word seen often inside sentences of the files: ``w``, ``m`` or ``u`` (see `MARKS`)."""
    small: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for file in files:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                for sentence in sentences(line.replace("\\n", "\n")):
                    words = [word for word, _ in sentence if word[0].isalpha()]
                    if sum(word[0].isupper() for word in words) > 0.4 * len(words):
                        continue
                    for word in words[1:]:
                        (large if word[0].isupper() else small)[word.lower()] += 1
    marks = {}
    for word in small.keys() | large.keys():
        total = small[word] + large[word]
        if total >= SEEN_OFTEN:
            share = small[word] / total
            marks[word] = "w" if share > 0.95 else "m" if share > 0.3 else "u"
    return marks


def ranks(tokenizer: Path) -> dict[str, str]:
    """How common the whole words of a WordPiece vocabulary are, which is ordered by frequency: 1 to 3."""
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    words = (word for word, _ in sorted(vocabulary.items(), key=lambda item: item[1]))
    whole = (word for word in words if re.fullmatch(r"[^\W\d_]{2,}", word))
    return {word: "1" if rank < 3000 else "2" if rank < 10_000 else "3" for rank, word in enumerate(whole)}


def lines(tokenizer: Path | None, raw: Sequence[Path]) -> Iterator[str]:
    """The list's lines, sorted: word, tab, marks."""
    from faker.config import AVAILABLE_LOCALES

    marks: dict[str, str] = {}

    def mark(words: Iterable[str], letter: str, besides: str = "") -> None:
        for word in words:
            folded = word.lower()
            if folded in NO_NAMES:
                continue
            present = marks.get(folded, "")
            if letter not in present and not any(other in present for other in besides):
                marks[folded] = present + letter

    elsewhere = [locale for locale in AVAILABLE_LOCALES if locale not in ENGLISH]
    for kinds, ours, theirs in ((FIRST_NAMES, "F", "f"), (LAST_NAMES, "L", "l")):
        mark(_words(name_parts(kinds, ENGLISH)), ours)
        mark(_words(name_parts(kinds, elsewhere)), theirs, ours)
    named = places()
    mark((place for place in named if len(_words([place])) == 1), "P")
    mark((word for place in named for word in _words([place]) if len(_words([place])) > 1), "p", "P")
    for word, rank in (ranks(tokenizer) if tokenizer is not None else {}).items():
        marks[word] = marks.get(word, "") + rank
    for word, letter in spellings(raw).items():
        marks[word] = marks.get(word, "") + letter
    for word in sorted(marks):
        if "\t" not in word and len(word) > 1:
            yield f"{word}\t{marks[word]}\n"


def _words(texts: Iterable[str]) -> list[str]:
    return [w for text in texts for s in sentences(text) for w, _ in s if len(w) > 1 and w[0].isalpha()]


def main() -> None:
    """Write the list; the same inputs give the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, default=None)
    parser.add_argument("--raw", type=Path, nargs="*", default=[])
    chosen = parser.parse_args()
    text = "".join(lines(chosen.vocabulary, sorted(chosen.raw)))
    half = temporary_name(chosen.out)
    half.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    half.replace(chosen.out)


if __name__ == "__main__":
    main()
