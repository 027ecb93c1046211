"""How well and how fast the embedded recognizer finds names.

    python benchmarks/names.py --corpora FOLDER [--without btc] [--templates 3000] [--iterations 40]

For the shipped model: precision (a span touches a labelled one) and the share of names wholly
masked, by preset and corpus, on the tenth of the corpora that its training never saw, and the CPU
time for a message of 292 characters. ``--without`` trains a model of its own without one corpus and
measures it on that corpus: an estimate for text of a kind never seen.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from workbench.names import corpora, crf, generating, train
from workbench.names.corpora import Sentence
from workbench.names.features import Features
from workbench.names.finding import EmbeddedNames
from workbench.names.lexicon import lexicon
from workbench.names.measuring import figures, read_with
from workbench.names.settings import Names

MESSAGE = 292


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--without", choices=["btc", "crossner", "wnut17", "sec"])
    parser.add_argument("--templates", type=int, default=3000)
    parser.add_argument("--iterations", type=int, default=40)
    chosen = parser.parse_args()
    real = [one for one in corpora.read(chosen.corpora) if one.words]
    if chosen.without:
        unseen(real, chosen.without, chosen.templates, chosen.iterations)
        return
    held = [one for one in real if one.part == train.HELD_OUT]
    for source in [None, *sorted({one.source for one in held})]:
        measure(crf.MODEL, [one for one in held if source in (None, one.source)], source or "all")
    speed(held)


def measure(model: Path, held: list[Sentence], named: str) -> None:
    present = crf.attributes_of(model)
    read = read_with(crf.opened(model), Features(lexicon(), present), held)
    for preset, thresholds in train.THRESHOLDS.items():
        for kind, row in figures(read, thresholds).items():
            print(
                f"{named:10} {preset:9} {kind:9} precision {row['precision'] or 0:.3f}  "
                f"masked {row['masked'] or 0:.3f}  names {row['names']:5}  found {row['found']:5}"
            )


def unseen(real: list[Sentence], without: str, templates: int, iterations: int) -> None:
    rest = [one for one in real if one.source != without]
    made = [*generating.from_templates(templates, 1), *generating.swapped(rest, templates, 2)]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "without.crfsuite"
        train.fit([*rest, *made], model, iterations, seed=0)
        train.list_attributes(model)
        measure(model, [one for one in real if one.source == without], f"-{without}")


def speed(held: list[Sentence]) -> None:
    finder = EmbeddedNames(Names())
    texts = [
        " ".join(word for one in held[at : at + 4] for word in one.words) for at in range(0, len(held), 4)
    ]
    for named in ("first time", "again"):
        start = time.process_time()
        for text in texts:
            finder.find([text])
        spent = time.process_time() - start
        characters = sum(map(len, texts))
        print(f"{named}: {1000 * spent / characters * MESSAGE:.2f} ms CPU for {MESSAGE} characters")


if __name__ == "__main__":
    main()
