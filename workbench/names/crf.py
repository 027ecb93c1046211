"""The embedded model: a linear-chain CRF of python-crfsuite, checked against its card before it is used."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFoundError
from workbench.files import file_sha256, read_json
from workbench.names.features import Features
from workbench.names.lexicon import lexicon

MODEL = Path(__file__).parent / "model" / "names-en.crfsuite"
REBUILD = "install the package again, or train it with: python -m workbench.names.train"
KINDS = ("PERSON", "LOCATION", "ORGANIZATION")
_SURELY_NONE = 0.995
_NOTHING = (0.0, 0.0, 0.0)

Chances = tuple[float, float, float]
"""The marginal chances that a token is in the name of a person, a place, an organisation."""


@dataclass(frozen=True, slots=True)
class Card:
    """What the model's card says: its digests, its thresholds by preset, how to read its scores."""

    sha256: dict[str, str]
    thresholds: dict[str, dict[str, float]]
    calibration: dict[str, list[tuple[float, float]]]
    figures: dict[str, Any]


class Model:
    """A trained model and the features it was trained on; one per process and thread of reading."""

    def __init__(self, path: Path) -> None:
        self.card = card_of(path)
        self._tagger = opened(path)
        self._features = Features(lexicon(), attributes_of(path))
        labels = set(self._tagger.labels())
        self._labels = [[at + kind for at in ("B-", "I-") if at + kind in labels] for kind in KINDS]

    def chances(self, words: Sequence[str], before: str = "") -> list[tuple[Chances, bool]]:
        """For each token of a sentence its chances, and whether it rather begins a name than goes on with one."""
        if not self._features.may_hold(words):
            return [(_NOTHING, False)] * len(words)
        tagger = self._tagger
        tagger.set(self._features.of_sentence(words, before))
        found: list[tuple[Chances, bool]] = []
        for at in range(len(words)):
            if tagger.marginal("O", at) > _SURELY_NONE:
                found.append((_NOTHING, False))
                continue
            each = [[tagger.marginal(label, at) for label in pair] for pair in self._labels]
            person, place, organisation = (sum(pair) for pair in each)
            best = max(each, key=sum)
            found.append(((person, place, organisation), len(best) < 2 or best[0] > best[1]))
        return found


def opened(path: Path) -> Any:
    """A crfsuite tagger with the model of a file."""
    import pycrfsuite

    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    return tagger


def card_path(path: Path) -> Path:
    """Where the card of a model file lies: beside it, ending in ``.json``."""
    return path.with_suffix(".json")


def attributes_path(path: Path) -> Path:
    """Where the list of attributes that a model has weights for lies: beside it."""
    return path.with_suffix(".attributes.gz")


def attributes_of(path: Path) -> frozenset[str]:
    """The attributes that a model has weights for, from the list beside it."""
    with gzip.open(attributes_path(path), "rt", encoding="utf-8", newline="\n") as file:
        return frozenset(file.read().split("\n"))


def card_of(path: Path) -> Card:
    """Read a model's card and check the model's files against it.

    Raises `NotFoundError` when one is missing, `InputError` when one is not the card's.
    """
    files = (path, attributes_path(path))
    for needed in (card_path(path), *files):
        if not needed.is_file():
            raise NotFoundError("the model of names is not there", where=needed.name, remedy=REBUILD)
    said = read_json(card_path(path))
    for file in files:
        if file_sha256(file) != said["sha256"].get(file.suffix):
            raise InputError(
                "the model of names is not the one its card names", where=file.name, remedy=REBUILD
            )
    calibration = {kind: [(x, y) for x, y in knots] for kind, knots in said["calibration"].items()}
    return Card(said["sha256"], said["thresholds"], calibration, said["figures"])


@cache
def model(path: Path = MODEL) -> Model:
    """The model, opened and checked once per process."""
    return Model(path)


def calibrated(raw: float, knots: Sequence[tuple[float, float]]) -> float:
    """The share of spans of this raw score that were right on held-out text, between measured points."""
    if not knots:
        return raw
    if raw <= knots[0][0]:
        return knots[0][1]
    for (low, start), (high, end) in zip(knots, knots[1:], strict=False):
        if raw <= high:
            return start + (end - start) * (raw - low) / (high - low) if high > low else end
    return knots[-1][1]
