"""Labelled sentences to learn names from: four licensed corpora, as tokens of `workbench.names.tokens`.

A sentence is a list of words and a list of labels (``B-PERSON``, ``I-PERSON``, ``B-LOCATION`` …,
``O``). The corpora are not part of the package; their licences and authors stand in the model card.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import NotFoundError
from workbench.names.lexicon import lexicon
from workbench.names.tokens import tokens
from workbench.names.words import listed

FILES = ("wnut17_train.jsonl.gz", "btc_abegh.jsonl.gz", "crossner.jsonl.gz", "sec_fin5.jsonl.gz")
_PEOPLE = {"person", "per", "politician", "writer", "musicalartist", "scientist", "researcher"}
_PLACES = {"location", "loc", "country"}
_ORGANISATIONS = {"organisation", "org", "politicalparty", "university", "band", "corporation", "group"}
_ROLES = listed("roles in contracts")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One labelled sentence; ``source`` and ``part`` say where it is from and which tenth it falls in."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    source: str
    part: int = 0
    before: str = ""


def kind_of(tag: str) -> str:
    """The workbench's name for a corpus's tag, or ``""``."""
    name = tag.partition("-")[2].lower()
    if name in _PEOPLE:
        return "PERSON"
    if name in _PLACES:
        return "LOCATION"
    return "ORGANIZATION" if name in _ORGANISATIONS else ""


def read(folder: Path) -> Iterator[Sentence]:
    """Sentences of the corpora in ``folder``, in order. Raises `NotFoundError` when there is none."""
    present = [folder / name for name in FILES if (folder / name).is_file()]
    if not present:
        raise NotFoundError(
            "no corpus of labelled names is there",
            where=str(folder),
            remedy="name a folder that holds one or more of: " + ", ".join(FILES),
        )
    for file in present:
        source = file.name.partition("_")[0].partition(".")[0]
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for at, line in enumerate(lines):
                row = json.loads(line)
                # whole stretches fall into one part: neighbours come from one page
                yield labelled(row["tokens"], row["tags"], source, at // 25 % 10)


def labelled(words: Sequence[str], tags: Sequence[str], source: str, part: int = 0) -> Sentence:
    """A corpus's tokens and tags as our tokens and labels. Split ``@ handle`` tokens are joined."""
    text = ""
    spans: list[tuple[int, int, str]] = []
    kind_before = ""
    for at, (word, tag) in enumerate(zip(words, tags, strict=True)):
        handle = at > 0 and words[at - 1] == "@" and word[0].isalnum()
        if text and not handle:
            text += " "
        kind = _kind(word, tag, source)
        start = len(text) - handle
        text += word
        if kind and kind == kind_before and not tag.startswith("B-") and spans:
            spans[-1] = (spans[-1][0], len(text), kind)
        elif kind:
            spans.append((start, len(text), kind))
        kind_before = kind
    return from_spans(text, spans, source, part)


def _kind(word: str, tag: str, source: str) -> str:
    kind = kind_of(tag)
    if source == "sec" and word.lower() in _ROLES:
        return ""
    if source == "wnut17" and not kind and word[0] == "@" and _names_a_person(word):
        return "PERSON"
    return kind


def _names_a_person(handle: str) -> bool:
    known = lexicon()
    return any("F" in known.get(handle[1:n].lower(), "") for n in range(6, min(len(handle), 11)))


def from_spans(
    text: str, spans: Sequence[tuple[int, int, str]], source: str, part: int = 0, before: str = ""
) -> Sentence:
    """Label the tokens of a text by the spans (start, end, kind; in order) that they touch."""
    words, labels = [], []
    left = list(spans)
    inside = -1
    for word, at in tokens(text):
        while left and left[0][1] <= at:
            left.pop(0)
        touched = bool(left) and at + len(word) > left[0][0]
        words.append(word)
        labels.append(("I-" if inside == left[0][0] else "B-") + left[0][2] if touched else "O")
        inside = left[0][0] if touched else -1
    return Sentence(tuple(words), tuple(labels), source, part, before)
