"""Personal data found, missed and wrongly found; by entity, preset and locale, beside stock Presidio.

``python benchmarks/pii.py [--rows 3450] [--quick] [--seed 0]`` measures on generated chats (`pii_generated`;
labels exact, names from Faker and from a list Faker lacks). ``--jsonl FILE`` or ``--conll FILE`` measures on a
labelled set of yours instead (formats: see `pii_sets`), ``--held-out FOLDER`` on the parts of the public
corpora in FOLDER that training never saw, ``--misses N`` prints N misses and N wrong findings of each entity
to read, ``--only detection secrets end-to-end speed`` runs a part. How agreement is counted: `pii_scores`.

Each system runs in a process of its own, whose CPU seconds and peak memory are its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pii_generated import templates
from pii_scores import Labelled, Mark, Scores, masked, scored, touches
from pii_sets import chats, from_conll, from_json_lines, held_out

SYSTEMS = ("strict", "balanced", "light", "patterns", "stock")
PARTS = ("detection", "secrets", "end-to-end", "speed")
EVERY_COUNTRY = ["us", "gb", "de", "fr", "es", "it", "pl", "fi", "se", "in", "nl", "br", "tr"]
COUNTED_BY_KIND = ("PERSON", "PHONE_NUMBER", "EMAIL_ADDRESS", "DATE_OF_BIRTH", "STREET_ADDRESS", "SECRET")


@dataclass(frozen=True)
class Source:
    """Where labelled conversations come from; small enough to be sent to another process."""

    kind: str
    rows: int = 0
    seed: int = 0
    path: Path | None = None

    def read(self) -> Iterator[Labelled]:
        """The conversations, in order."""
        if self.path is None:
            return chats(self.rows, self.seed)
        return {"jsonl": from_json_lines, "conll": from_conll, "held-out": held_out}[self.kind](self.path)


@dataclass
class Measured:
    """One system over one source: its scores and what they cost."""

    scores: Scores
    texts: int
    characters: int
    not_scanned: int
    seconds: float
    memory: float
    misses: list[str] = field(default_factory=list)


def found_by(system: str) -> Callable[[Labelled], tuple[list[Mark], int]]:
    """What looks for personal data: a preset of ours (``patterns``: without names), ``stock`` Presidio, ``secrets``."""
    if system == "stock":
        return _by_presidio
    return _by_rules if system == "secrets" else _by_preset(system)


def _by_preset(preset: str) -> Callable[[Labelled], tuple[list[Mark], int]]:
    from workbench.names.settings import Names
    from workbench.personal_data.detecting import detector
    from workbench.personal_data.settings import Detection

    names = Names(backend="none") if preset == "patterns" else Names(preset=preset)
    ours = detector(Detection(countries=EVERY_COUNTRY, names=names))

    def find(labelled: Labelled) -> tuple[list[Mark], int]:
        scans = ours.scan(labelled.texts, roles=labelled.roles)
        marks = [
            Mark(at, span.start, span.end, span.entity)
            for at, scan in enumerate(scans)
            for span in scan.spans
        ]
        return marks, sum(scan.not_scanned is not None for scan in scans)

    return find


def _by_presidio(labelled: Labelled) -> tuple[list[Mark], int]:
    marks = []
    for at, text in enumerate(labelled.texts):
        for result in presidio().analyze(text, language="en", score_threshold=0.4):
            marks.append(Mark(at, result.start, result.end, result.entity_type))
    return marks, 0


@cache
def presidio() -> Any:
    """Presidio as it comes, on an empty spaCy pipeline: no model can be downloaded here."""
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__()
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Nothing to load."""

    return AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"])


def _by_rules(labelled: Labelled) -> tuple[list[Mark], int]:
    from workbench.secret_rules.scanning import scanner
    from workbench.secret_rules.settings import Secrets

    scans = [scanner(Secrets()).scan(text) for text in labelled.texts]
    marks = [Mark(at, span.start, span.end, "SECRET") for at, scan in enumerate(scans) for span in scan.spans]
    return marks, sum(scan.not_scanned is not None for scan in scans)


def measured(system: str, source: Source, misses: int = 0) -> Measured:
    """Run one system over one source in this process."""
    find = found_by(system)
    find(Labelled(["Please write to jane.roe@example.com."], ["user"], []))  # models and rules are read here
    not_scanned, texts, characters, seconds = 0, 0, 0, 0.0
    read: list[str] = []

    def pairs() -> Iterator[tuple[Labelled, list[Mark]]]:
        nonlocal not_scanned, texts, characters, seconds
        for labelled in source.read():
            if system == "secrets":
                labelled = _secrets_alone(labelled)
            started = time.process_time()
            found, unread = find(labelled)
            seconds += time.process_time() - started
            not_scanned, texts = not_scanned + unread, texts + len(labelled.texts)
            characters += sum(map(len, labelled.texts))
            if misses:
                read.extend(_errors(labelled, found))
            yield labelled, found

    scores = scored(pairs(), aside=()) if system == "secrets" else scored(pairs())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(scores, texts, characters, not_scanned, seconds, peak, _sampled(read, misses))


def _secrets_alone(labelled: Labelled) -> Labelled:
    """A conversation of which only the secrets count; they are what is looked for."""
    gold = [mark for mark in labelled.gold if mark.entity == "SECRET"]
    return Labelled(
        labelled.texts, labelled.roles, gold, labelled.look_alikes, labelled.language, labelled.name
    )


def _errors(labelled: Labelled, found: Sequence[Mark]) -> Iterator[str]:
    for mark in labelled.gold:
        text = labelled.texts[mark.text]
        if mark.entity != "PUBLIC_FIGURE" and not masked(text, mark, found):
            yield f"missed {mark.entity:18} {_shown(text, mark)}  [{mark.kind}]"
    for mark in found:
        if not any(touches(mark, other) for other in labelled.gold):
            yield f"wrong  {mark.entity:18} {_shown(labelled.texts[mark.text], mark)}"


def _shown(text: str, mark: Mark) -> str:
    before, after = text[max(0, mark.start - 40) : mark.start], text[mark.end : mark.end + 25]
    return repr(f"{before}⟦{text[mark.start : mark.end]}⟧{after}")


def _sampled(lines: list[str], each: int) -> list[str]:
    order = random.Random(0)
    kinds: dict[str, list[str]] = {}
    for line in lines:
        kinds.setdefault(line[:26], []).append(line)
    return [line for kind in sorted(kinds) for line in order.sample(kinds[kind], min(each, len(kinds[kind])))]


def in_own_process(system: str, source: Source, misses: int) -> Measured:
    """Run one system in a fresh process, so that its memory is its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measured, system, source, misses).result()


def show(system: str, done: Measured) -> None:
    """Print the tables of one system."""
    rate = 1000 * done.seconds / max(1, done.texts)
    print(
        f"\n## {system}: {done.texts:,} texts, {done.characters / max(1, done.texts):.0f} characters each, "
        f"{rate:.2f} CPU ms a text, {done.memory:,.0f} MB peak, {done.not_scanned} not wholly scanned"
    )
    print(f"{'entity':28} {'true':>6} {'found':>6}   exact P     R    F2   overlap P     R    F2  masked")
    for entity, counts in sorted(done.scores.entities.items()):
        if counts.gold or counts.found > 4:
            shown = ["     –" if value is None else f"{value:6.3f}" for value in counts.ratios().values()]
            print(
                f"{entity:28} {counts.gold:6,} {counts.found:6,}    {' '.join(shown[:3])}    {' '.join(shown[3:])}"
            )
    for group in sorted({name for name, _ in done.scores.groups}):
        if group.split()[0] in COUNTED_BY_KIND and "(" not in group:
            cells = [
                f"{value} {hidden / true:.2f} ({true})"
                for (name, value), (true, hidden) in sorted(done.scores.groups.items())
                if name == group and value
            ]
            print(f"{group}, masked: " + ", ".join(cells))
    touched = {kind: tally for kind, tally in sorted(done.scores.look_alikes.items()) if tally[1]}
    alike = sum(true for true, _ in done.scores.look_alikes.values())
    wrong = ", ".join(f"{kind} {hits}/{true}" for kind, (true, hits) in touched.items())
    print(
        f"look-alikes touched: {sum(tally[1] for tally in touched.values())} of {alike:,}: {wrong or 'none'}"
    )
    for line in done.misses:
        print("   ", line)


def speed(rows: int) -> None:
    """Print the engine's speed beside Presidio's, each recognizer's share, and what names cost."""
    import pii_speed

    conversations = [labelled.texts for labelled in chats(rows, 0)]
    texts = [text for conversation in conversations for text in conversation]
    pii_speed.show("patterns, on the generated chats", pii_speed.speed_table(texts))
    pii_speed.show("each recognizer", pii_speed.profile(texts))
    from workbench.names.finding import name_finder
    from workbench.names.settings import Names

    finder = name_finder(Names())
    finder.find(conversations[0])
    started = time.process_time()
    for conversation in conversations:
        finder.find(conversation)
    each = 1000 * (time.process_time() - started) / len(texts)
    print(f"names: {each:.2f} CPU ms a message of {sum(map(len, texts)) / len(texts):.0f} characters")


def main() -> None:
    """Print the tables that were asked for."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, default=3_450, help="345: each template once.")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--quick", action="store_true", help="Each template once.")
    options.add_argument("--jsonl", type=Path)
    options.add_argument("--conll", type=Path)
    options.add_argument("--held-out", type=Path, metavar="FOLDER")
    options.add_argument("--systems", nargs="*", default=SYSTEMS, choices=SYSTEMS)
    options.add_argument("--only", nargs="*", default=PARTS, choices=PARTS)
    options.add_argument("--misses", type=int, default=0, metavar="N")
    asked = options.parse_args()
    source = chosen_source(asked)
    if "detection" in asked.only:
        for system in asked.systems:
            show(system, in_own_process(system, source, asked.misses))
    if source.path is not None:
        return
    if "secrets" in asked.only:
        show("secrets", in_own_process("secrets", source, asked.misses))
    if "end-to-end" in asked.only:
        from pii_end_to_end import compare

        agreement = compare(min(source.rows, 345), source.seed)
        print(f"\n## both doors: {agreement.places} places, {agreement.both} seen by both")
        print("command line alone:", dict(agreement.command_line_alone) or "none")
        print("library alone:", dict(agreement.library_alone) or "none")
        print("put to a person, not rewritten:", dict(agreement.only_flagged) or "none")
    if "speed" in asked.only:
        speed(min(source.rows, 345))


def chosen_source(asked: argparse.Namespace) -> Source:
    """What to measure on: a file of labels, the held-out corpora, or generated chats."""
    for kind in ("jsonl", "conll", "held_out"):
        if getattr(asked, kind):
            return Source(kind.replace("_", "-"), path=getattr(asked, kind))
    return Source("generated", len(templates()) if asked.quick else asked.rows, asked.seed)


if __name__ == "__main__":
    main()
