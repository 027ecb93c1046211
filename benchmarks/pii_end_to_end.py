"""Both doors agree: what the command line finds in imported chats, and what the library finds in their texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pii_generated import Chat, generated, write
from pii_scores import Labelled, Mark, masked
from pii_sets import labelled_of

RECIPE = "steps:\n  - personal_data\n  - secrets\n"


class Agreement(NamedTuple):
    """Of the true places: how many, seen by both doors, by one alone, and put to a person rather than rewritten."""

    places: int
    both: int
    command_line_alone: Counter[str]
    library_alone: Counter[str]
    only_flagged: Counter[str]


def compare(rows: int, seed: int) -> Agreement:
    """Run import and propose on generated chats, scan the same chats by the library, and count."""
    with tempfile.TemporaryDirectory() as folder:
        written = by_command_line(Path(folder), rows, seed)
    places, both = 0, 0
    alone, library_alone, flagged = Counter[str](), Counter[str](), Counter[str]()
    for number, chat in enumerate(generated(rows, seed), 1):
        labelled = labelled_of(chat)
        told = placed(chat, labelled, written.get(number, ()))
        rewritten = [mark for mark in told if mark.kind == "rewrite"]
        seen = by_library(labelled)
        for mark in labelled.gold:
            text = labelled.texts[mark.text]
            one, other = masked(text, mark, told), masked(text, mark, seen)
            places += 1
            both += one and other
            alone[mark.entity] += one and not other
            library_alone[mark.entity] += other and not one
            flagged[mark.entity] += one and not masked(text, mark, rewritten)
    return Agreement(places, both, +alone, +library_alone, +flagged)


def by_command_line(folder: Path, rows: int, seed: int) -> dict[int, list[dict[str, Any]]]:
    """The evidence spans of every chat, by its line, as ``workbench findings`` prints them."""
    chats, _ = write(folder / "made", rows, seed)
    project = folder / "project"
    recipe = folder / "scrub.yaml"
    recipe.write_text(RECIPE)
    _workbench("init", project)
    _workbench("import", chats, "--name", "made", "--project", project)
    _workbench("propose", "made", "--recipe", recipe, "--workers", "1", "--project", project)
    spans: dict[int, list[dict[str, Any]]] = {}
    for line in _workbench("findings", "made", "--project", project).splitlines():
        finding = json.loads(line)
        for span in finding["evidence"].get("spans", ()):
            spans.setdefault(finding["source"]["line"], []).append({**span, "proposal": finding["proposal"]})
    return spans


def by_library(labelled: Labelled) -> list[Mark]:
    """The same chat through the detector and the scanner of secrets."""
    from workbench.personal_data.detecting import detector
    from workbench.personal_data.settings import Detection
    from workbench.secret_rules.scanning import scanner
    from workbench.secret_rules.settings import Secrets

    scans = list(detector(Detection()).scan(labelled.texts, roles=labelled.roles))
    scans += [scanner(Secrets()).scan(text) for text in labelled.texts]
    texts = len(labelled.texts)
    return [
        Mark(at % texts, span.start, span.end, span.entity)
        for at, scan in enumerate(scans)
        for span in scan.spans
    ]


def placed(chat: Chat, labelled: Labelled, spans: Sequence[dict[str, Any]]) -> list[Mark]:
    """Evidence spans as places in the texts of a chat; those of other parts of the row are left out."""
    marks = []
    for span in spans:
        for at, text in enumerate(chat.texts):
            path = tuple(span.get("path", ()))
            here = path[len(path) - len(text.path) :] == text.path if text.path else not path
            if span["part"] == "messages" and span["message"] == text.message and here:
                ahead = len(labelled.texts[at]) - len(text.text)
                place = (at, span["start"] + ahead, span["end"] + ahead)
                marks.append(Mark(*place, span["entity"], span["proposal"]))
    return marks


def _workbench(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout
