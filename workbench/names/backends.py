"""Other recognizers of names: a spaCy, transformers or GLiNER model that is already on this machine.

Nothing is downloaded and nothing is used in place of a model that is missing. Long texts are read
in pieces that overlap, cut at white space. Scores are the model's own; spaCy gives none, so every
span of it scores 0.85, as in Presidio.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import InputError, MissingExtraError, NotFoundError
from workbench.names.finding import NameFinder
from workbench.names.propagation import Spoken
from workbench.names.settings import Names
from workbench.names.tokens import tokens
from workbench.personal_data.spans import Span, without_overlaps

SPACY_SCORE = 0.85
PIECE, OVERLAP = 1200, 200
"""Characters of one piece of a long text, and of what two neighbouring pieces share."""

THRESHOLDS = {"strict": 0.2, "balanced": 0.4, "light": 0.6}
"""The least score that counts, by preset, for the models that give scores."""

_KINDS = {
    "per": "PERSON", "person": "PERSON", "name": "PERSON", "patient": "PERSON", "staff": "PERSON",
    "givenname": "PERSON", "surname": "PERSON", "firstname": "PERSON", "lastname": "PERSON",
    "loc": "LOCATION", "location": "LOCATION", "gpe": "LOCATION", "fac": "LOCATION", "city": "LOCATION",
    "state": "LOCATION", "country": "LOCATION", "address": "LOCATION", "street": "LOCATION",
    "org": "ORGANIZATION", "organization": "ORGANIZATION", "organisation": "ORGANIZATION",
}  # fmt: skip

Found = tuple[int, int, str, float]
"""Start, end, the model's label, its score."""


class OtherNames:
    """Names by a model of the user's, with names said before looked for in the whole conversation."""

    def __init__(self, settings: Names, read: Callable[[str], list[Found]]) -> None:
        self._settings = settings
        self._read = read
        self._wanted = {"PERSON", "LOCATION"} | ({"ORGANIZATION"} if settings.organisations else set())
        self._least = THRESHOLDS[settings.preset]

    def find(
        self,
        texts: Sequence[str],
        languages: Sequence[str] | None = None,
        roles: Sequence[str] | None = None,
    ) -> list[list[Span]]:
        """Spans for each text of one conversation. Languages are left to the model, as are roles."""
        spoken = Spoken()
        found: list[list[Span]] = []
        for text in texts:
            spans = self._in_text(text)
            found.append(spans)
            words = list(tokens(text)) if spans else []
            for span in spans:
                if span.entity == "PERSON":
                    spoken.learn(text, span, words)
                elif span.entity == "LOCATION":
                    spoken.learn_place(text, span)
        return [
            sorted([*spans, *spoken.again(list(tokens(text)), spans)], key=lambda span: span.start)
            for text, spans in zip(texts, found, strict=True)
        ]

    def about(self) -> dict[str, Any]:
        """Backend, preset and model; its quality was not measured here."""
        return {
            "backend": self._settings.backend,
            "preset": self._settings.preset,
            "model": self._settings.model,
            "figures": {},
            "misses": "not measured here: see the model's own card for what it finds and in which languages",
        }

    def _in_text(self, text: str) -> list[Span]:
        spans = []
        for start, piece in pieces(text):
            for first, last, label, score in self._read(piece):
                kind = _KINDS.get(label.partition("-")[2].lower() or label.lower().replace("_", ""), "")
                kind = kind or _KINDS.get(label.lower().replace("_", ""), "")
                if kind in self._wanted and score >= self._least and first < last:
                    spans.append(
                        Span(start + first, start + last, kind, round(score, 4), self._settings.backend)
                    )
        return without_overlaps(spans)


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text in pieces of about `PIECE` characters that share `OVERLAP`, with their offsets."""
    start = 0
    while start < len(text) or start == 0:
        end = min(start + PIECE, len(text))
        if end < len(text):
            end = (
                max(text.rfind(" ", start + PIECE // 2, end), text.rfind("\n", start + PIECE // 2, end), 0)
                or end
            )
        yield start, text[start:end]
        if end >= len(text):
            return
        back = text.find(" ", end - OVERLAP, end)
        start = max(start + 1, back + 1 if back >= 0 else end - OVERLAP)


def other_finder(settings: Names) -> NameFinder:
    """The finder of a named spaCy, transformers or GLiNER model.

    Raises `MissingExtraError` when the library is not installed, `NotFoundError` when the model is
    not on this machine, `InputError` when it cannot find names.
    """
    model = settings.model or ""
    readers = {"spacy": _spacy, "transformers": _transformers, "gliner": _gliner}
    return OtherNames(settings, readers[settings.backend](model))


def _absent(model: str, kind: str, error: Exception | None = None) -> NotFoundError:
    return NotFoundError(
        f"the {kind} model {model} is not on this machine",
        remedy="put it there yourself and name its folder, or use the embedded recognizer; nothing is downloaded",
    )


def _spacy(model: str) -> Callable[[str], list[Found]]:
    import spacy
    from spacy.util import is_package

    if not (is_package(model) or Path(model).is_dir()):
        raise _absent(model, "spaCy")
    nlp = spacy.load(model)
    if not ({"ner", "entity_ruler", "span_ruler", "transformer"} & set(nlp.pipe_names)):
        raise InputError(
            f"the spaCy model {model} does not look for names", remedy="name one with a component such as ner"
        )

    def read(text: str) -> list[Found]:
        return [(e.start_char, e.end_char, e.label_, SPACY_SCORE) for e in nlp(text).ents]

    return read


def local_folder(model: str, kind: str) -> Path:
    """The folder of a model: the one named, or the one in the cache of the Hugging Face hub."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise _absent(model, kind, error) from error


def _transformers(model: str) -> Callable[[str], list[Found]]:
    folder = local_folder(model, "transformers")
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the model {model} cannot be read as one that labels words",
            remedy="name a token-classification model",
        ) from error
    run = pipeline("token-classification", model=network, tokenizer=tokenizer, aggregation_strategy="first")

    def read(text: str) -> list[Found]:
        if not text.strip():
            return []
        return [(e["start"], e["end"], e["entity_group"], float(e["score"])) for e in run(text)]

    return read


def _gliner(model: str) -> Callable[[str], list[Found]]:
    if importlib.util.find_spec("gliner") is None:
        raise MissingExtraError(
            "GLiNER models need gliner", remedy="pip install 'finetune-workbench[names-gliner]'"
        )
    folder = local_folder(model, "GLiNER")
    from gliner import GLiNER

    network = GLiNER.from_pretrained(str(folder), local_files_only=True)
    labels = ["person", "location", "organization"]

    def read(text: str) -> list[Found]:
        found = network.predict_entities(text, labels, threshold=min(THRESHOLDS.values()))
        return [(e["start"], e["end"], e["label"], float(e["score"])) for e in found]

    return read
