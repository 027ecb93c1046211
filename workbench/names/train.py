"""Train the embedded recognizer of names. One flat script.

    python -m workbench.names.train --corpora FOLDER --out FILE [--templates 10000] [--swapped 15000]

FOLDER holds the labelled corpora (see `workbench.names.corpora`). One tenth of each corpus is kept
out of training, and of the templates likewise: on the corpora's the scores are calibrated and the
presets measured. FILE (``.crfsuite``) gets a card beside it (``.json``) with its digest,
thresholds, calibration and figures.
"""

from __future__ import annotations

import argparse
import gzip
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.files import file_sha256, temporary_name, write_json
from workbench.names import corpora, generating
from workbench.names.corpora import Sentence
from workbench.names.crf import attributes_of, attributes_path, card_path, opened
from workbench.names.features import Features
from workbench.names.lexicon import lexicon
from workbench.names.measuring import calibration, figures, read_with

THRESHOLDS = {
    "strict": {"PERSON": 0.03, "LOCATION": 0.2, "ORGANIZATION": 0.3},
    "balanced": {"PERSON": 0.15, "LOCATION": 0.35, "ORGANIZATION": 0.45},
    "light": {"PERSON": 0.5, "LOCATION": 0.5, "ORGANIZATION": 0.6},
}
"""Raw chances from which on a token counts, by preset and kind."""

HELD_OUT = 0
"""The part (tenth) of the corpora that training never sees."""

LOWERED, RAISED = 0.12, 0.03
UNLISTED = 0.2
"""Of made sentences this share is learnt from without the lists of names."""

SETTINGS = {"c1": 0.3, "c2": 0.01, "feature.minfreq": 2}


def material(folder: Path, templates: int, swapped: int, seed: int) -> tuple[list[Sentence], list[Sentence]]:
    """Sentences to train on, and those held out. Raises `NotFoundError` without any corpus."""
    real = [one for one in corpora.read(folder) if one.words]
    held = [one for one in real if one.part == HELD_OUT]
    train = [one for one in real if one.part != HELD_OUT]
    made = list(generating.from_templates(templates, seed))
    train += [one for one in made if one.part != HELD_OUT]
    train += list(generating.swapped([one for one in real if one.part != HELD_OUT], swapped, seed + 1))
    rng = random.Random(seed + 2)
    return train + list(_other_cases(train, rng)), held


def _other_cases(train: Sequence[Sentence], rng: random.Random) -> Iterator[Sentence]:
    for one in train:
        drawn = rng.random()
        if drawn < LOWERED:
            yield generating.other_case(one, "lower")
        elif drawn < LOWERED + RAISED:
            yield generating.other_case(one, "upper")


def fit(train: Sequence[Sentence], out: Path, iterations: int, seed: int, *, verbose: bool = False) -> None:
    """Fit the CRF by L-BFGS and write it in crfsuite's own format."""
    import pycrfsuite

    listed, unlisted = Features(lexicon()), Features({})
    rng = random.Random(seed + 3)
    trainer = pycrfsuite.Trainer("lbfgs", {**SETTINGS, "max_iterations": iterations}, verbose=verbose)
    for one in train:
        made = one.source == "template" or "swapped" in one.source
        features = unlisted if made and rng.random() < UNLISTED else listed
        trainer.append(features.of_sentence(one.words, one.before), list(one.labels))
    half = temporary_name(out)
    trainer.train(str(half))
    half.replace(out)


def list_attributes(model: Path) -> None:
    """Write the list of attributes the model has weights for, which is slow to ask of crfsuite."""
    present = {attribute for attribute, _ in opened(model).info().state_features}
    half = temporary_name(model)
    half.write_bytes(gzip.compress("\n".join(sorted(present)).encode(), 9, mtime=0))
    half.replace(attributes_path(model))


def card(model: Path, held: Sequence[Sentence], options: dict[str, Any]) -> dict[str, Any]:
    """The model's card: digest, thresholds, calibration and figures on what was held out."""
    read = read_with(opened(model), Features(lexicon(), attributes_of(model)), held)
    return {
        "sha256": {file.suffix: file_sha256(file) for file in (model, attributes_path(model))},
        "options": options,
        "thresholds": THRESHOLDS,
        "calibration": calibration(read),
        "held_out_sentences": len(held),
        "figures": {preset: figures(read, THRESHOLDS[preset]) for preset in THRESHOLDS},
    }


def main() -> None:
    """Train, measure on what was held out, write the model and its card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, required=True, help="folder of labelled corpora")
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    parser.add_argument("--templates", type=int, default=10_000, help="messages made from templates")
    parser.add_argument("--swapped", type=int, default=15_000, help="real sentences with other names")
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    train, held = material(chosen.corpora, chosen.templates, chosen.swapped, chosen.seed)
    print(f"{len(train):,} sentences to train on, {len(held):,} held out")
    fit(train, chosen.out, chosen.iterations, chosen.seed, verbose=False)
    list_attributes(chosen.out)
    options = {name: getattr(chosen, name) for name in ("templates", "swapped", "iterations", "seed")}
    said = card(chosen.out, held, {**options, **SETTINGS, "sentences": len(train)})
    write_json(card_path(chosen.out), said)
    for preset, measured in said["figures"].items():
        print(preset, measured)


if __name__ == "__main__":
    main()
