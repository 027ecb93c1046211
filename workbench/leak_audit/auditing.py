"""Audit a published version: whether anything that was taken out is still there, anywhere.

Two looks that do not trust the scrubbing. The values that were replaced, read back from the
rows before, are searched for in the version's rows and in every other file of the project,
by name and by content. And detectors that took no part read the rows anew.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.examples import Example
from workbench.leak_audit.choosing import Chosen, chosen_values
from workbench.leak_audit.forms import fold, forms
from workbench.leak_audit.places import Piece, Place, pieces, places
from workbench.leak_audit.replaced import Replaced, is_shared, replaced_values
from workbench.leak_audit.residual import Residue, residue, stock_residue
from workbench.leak_audit.results import Audit, Tally, Verdict, audit_file, save_audit
from workbench.leak_audit.searching import Hit, Searcher, Value, searchers
from workbench.projects import Project
from workbench.scrubbing.fields import FORMER_ID, ID_FORM, MARK_FORM, MARKS, marks_of
from workbench.scrubbing.marks import is_own
from workbench.value_keys import ValueKey, value_key
from workbench.value_lists import ValueLists, load_lists
from workbench.versions import Dataset

Progress = Callable[[str, int, int], None]
PRESIDIO_ROWS = 2000
OWN_META = re.compile(rf'"{FORMER_ID}": "{ID_FORM}"|"{MARKS}": \[(?:"{MARK_FORM}"(?:, "{MARK_FORM}")*)?\]')
"""What Workbench itself writes into ``meta``: hexadecimal digits that mean nothing to a detector."""

BINARY_SHORTEST = 8
"""In binary data shorter forms turn up by chance."""


def audit(
    project: Project,
    dataset: Dataset,
    *,
    values: Iterable[Value] = (),
    also: Sequence[Path] = (),
    presidio_rows: int = PRESIDIO_ROWS,
    progress: Progress | None = None,
) -> Audit:
    """Search for what was replaced on the way to a version, and keep the result in the project.

    ``values`` are searched for besides (a vault's); ``also`` names files and folders outside the
    project that are searched too (exports). Presidio's stock recognizers read ``presidio_rows``
    rows, the same ones each time. Rows stream: memory grows with the number of distinct values
    only. The same project gives the same result. Raises `InputError`.
    """
    key = value_key(project)
    replaced = replaced_values(project, dataset, key)
    lists = load_lists(project)
    chosen = chosen_values([*replaced.values, *values], replaced.kept, lists, key)
    look = _Look(project, dataset, key, replaced, lists, chosen)
    for searcher in searchers(chosen.values):
        look.rows(searcher, progress)
        look.files(searcher, list(also), progress)
    if not chosen.values:
        look.files(Searcher([]), list(also), progress)
    look.detectors(presidio_rows, progress)
    found = look.result()
    save_audit(project, dataset, found)
    return found


@dataclass
class _Look:
    project: Project
    dataset: Dataset
    key: ValueKey
    replaced: Replaced
    lists: ValueLists
    chosen: Chosen
    leaks: Tally = field(default_factory=Tally)
    residual: Tally = field(default_factory=Tally)
    sure: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    searched: dict[str, Counter[str]] = field(default_factory=dict)
    not_searched: Counter[str] = field(default_factory=Counter)
    not_read: dict[str, None] = field(default_factory=dict)
    presidio: int = 0

    def rows(self, searcher: Searcher, progress: Progress | None) -> None:
        counts = self.searched["rows"] = Counter()
        for number, example in enumerate(self.dataset.examples()):
            if progress and number % 1000 == 0:
                progress("rows", number, self.dataset.rows)
            for where, text in texts_of(example):
                counts.update(texts=1, characters=len(text))
                for hit in searcher.hits(text):
                    at = {"example": example["id"], **where, "start": hit.start, "encoding": hit.encoding}
                    if self._is_other_word(hit, text):
                        self.passed_over["a common word that is written otherwise"] += 1
                    else:
                        self._leak("rows", hit, at, example)

    def files(self, searcher: Searcher, also: list[Path], progress: Progress | None) -> None:
        self.not_searched.clear()
        self.searched = {"rows": self.searched.get("rows", Counter())}
        for number, place in enumerate(places(self.project, self.dataset, also)):
            if progress and number % 20 == 0:
                progress("files", number, 0)
            shown = _shown(place.path, self._root(place), searcher)
            for hit in _of_name(place.path.name, searcher):
                self._leak("file names", hit, {"file": shown})
            if place.by_design:
                self.not_searched[place.by_design] += 1
            elif not self._is_part(place.path) and place.path != audit_file(self.project, self.dataset):
                self._file(place, shown, searcher)
        self._folders(searcher, also)

    def detectors(self, presidio_rows: int, progress: Progress | None) -> None:
        step = max(1, self.dataset.rows // presidio_rows) if presidio_rows else 0
        for number, example in enumerate(self.dataset.examples()):
            if progress and number % 1000 == 0:
                progress("rows read by other detectors", number, self.dataset.rows)
            by_presidio = bool(step) and int(_digest(example["id"])[:8], 16) % step == 0
            self.presidio += by_presidio
            for where, given in texts_of(example):
                text = (
                    OWN_META.sub(lambda own: " " * len(own[0]), given) if where["part"] == "meta" else given
                )
                seen = list(residue(text))
                if by_presidio and where.get("field") != "tool_call_id":
                    known = [(one.start, one.end) for one in seen]
                    seen += [r for r in stock_residue(text) if not _touches(r, known)]
                for one in seen:
                    self._residue(example, where, text, one)

    def result(self) -> Audit:
        verdict, reasons = self._verdict()
        by_entity = Counter(value.entity for value in self.chosen.values)
        return Audit(
            dataset=self.dataset.ref,
            content_hash=self.dataset.content_hash,
            verdict=verdict,
            reasons=reasons,
            values={
                "searched": len(self.chosen.values),
                "by_entity": dict(sorted(by_entity.items())),
                "left_out": dict(sorted(self.chosen.left_out.items())),
            },
            leaks=self.leaks.as_dict(),
            residual={
                **self.residual.as_dict(),
                "sure": self.sure,
                "rows_read_by_presidio": self.presidio,
                "rows": self.dataset.rows,
                "passed_over": dict(sorted(self.passed_over.items())),
            },
            searched={name: dict(sorted(count.items())) for name, count in sorted(self.searched.items())},
            not_searched=dict(sorted(self.not_searched.items())),
            not_read=list(self.not_read),
        )

    def _verdict(self) -> tuple[Verdict, list[str]]:
        found = self.leaks.counted.total()
        reasons = []
        if found:
            reasons.append(f"{len(self.leaks.values)} replaced values are still there, in {found} places")
        if self.sure:
            reasons.append(
                f"other detectors see {self.sure} personal data in the rows that were not replaced"
            )
        if reasons:
            return "leaks", reasons
        if not self.replaced.scrubbed:
            reasons.append("no step for personal data or secrets was published on the way to this version")
        if self.replaced.lost:
            reasons.append(
                f"the values of {self.replaced.lost} changes are not known: their findings are gone"
            )
        if self.not_read:
            reasons.append(f"{len(self.not_read)} files could not be read")
        return ("not complete", reasons) if reasons else ("clean", ["nothing that was replaced was found"])

    def _file(self, place: Place, shown: str, searcher: Searcher) -> None:
        counts = self.searched.setdefault(place.name, Counter())
        counts["files"] += 1
        try:
            for piece in pieces(place.path):
                counts["characters"] += len(piece.text)
                for hit in searcher.hits(piece.text):
                    if not (piece.binary and self._is_chance(hit)):
                        self._leak(place.name, hit, {"file": shown, **_line(piece, hit)})
        except InputError:
            self.not_read[shown] = None

    def _folders(self, searcher: Searcher, also: list[Path]) -> None:
        for root in (self.project.root, *also):
            for path in sorted(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink()):
                for hit in _of_name(path.name, searcher):
                    self._leak("file names", hit, {"file": _shown(path, root, searcher)})

    def _leak(self, place: str, hit: Hit, location: dict[str, Any], row: Example | None = None) -> None:
        """Count a hit. A row names its own pseudonyms; elsewhere any that is in use may stand."""
        value = self.chosen.values[hit.value]
        name = self.key.name_of(*value)
        in_use = bool(self.replaced.stand_ins.intersection(forms(*value)))
        if row is not None and name in self.replaced.flagged.get(row["id"], ()):
            self.passed_over["only put to a person in this row"] += 1
        elif is_shared(value) and (row is None or row["id"] not in self.replaced.rows.get(value, ())):
            self.passed_over["a place or a single name, which another row may hold as well"] += 1
        elif in_use and (row is None or is_own(value.text, marks_of(row), self.key)):
            self.passed_over["the same as a pseudonym in use"] += 1
        else:
            self.leaks.add(place, value.entity, name, location)

    def _residue(self, example: Example, where: dict[str, Any], text: str, one: Residue) -> None:
        value = text[one.start : one.end]
        name = self.key.name_of(one.entity, value)
        if fold(value) in self.replaced.stand_ins:
            self.passed_over["written by the scrubbing"] += 1
        elif name in self.replaced.kept or self.lists.allows(one.entity, value, self.key):
            self.passed_over["kept by a person"] += 1
        elif name in self.replaced.flagged.get(example["id"], ()):
            self.passed_over["only put to a person in this row"] += 1
        else:
            self.sure += one.sure
            at = {"example": example["id"], **where, "start": one.start, "end": one.end}
            self.residual.add("rows", one.entity, name, {**at, "sure": one.sure, "detector": one.detector})

    def _root(self, place: Place) -> Path:
        inside = place.path.is_relative_to(self.project.root)
        return self.project.root if inside else place.path.parent

    def _is_part(self, path: Path) -> bool:
        """The rows themselves are read column by column."""
        return path.parent == self.dataset.path and path.name in self.dataset.manifest["files"]

    def _is_other_word(self, hit: Hit, text: str) -> bool:
        """Whether a name of one word, such as Rose, stands there in other letters, such as rose."""
        value = self.chosen.values[hit.value]
        if not is_shared(value) or hit.encoding != "plain":
            return False
        return text[hit.start : hit.start + len(value.text)].swapcase()[:1] == value.text[:1]

    def _is_chance(self, hit: Hit) -> bool:
        return len(fold(self.chosen.values[hit.value].text)) < BINARY_SHORTEST


def texts_of(example: Example) -> Iterator[tuple[dict[str, Any], str]]:
    """Every text of a row with its place ``{part, message, field}``: contents, calls, labels, names."""
    for name, value in example.items():
        if name == "id":
            continue
        if isinstance(value, str):
            yield {"part": name}, value
        elif isinstance(value, dict):
            yield from (({"part": name, "field": k}, v) for k, v in value.items() if isinstance(v, str))
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                inner = entry.items() if isinstance(entry, dict) else [("", entry)]
                for key, text in inner:
                    if isinstance(text, str) and text:
                        yield {"part": name, "message": index, **({"field": key} if key else {})}, text


def _shown(path: Path, root: Path, searcher: Searcher) -> str:
    """A path without the values that its names may hold: those are told by their place in their folder."""
    shown = []
    for part in path.relative_to(root).parts:
        if any(True for _ in _of_name(part, searcher)):
            names = sorted(entry.name for entry in root.iterdir())
            shown.append(f"(entry {names.index(part) + 1} of {len(names)})")
        else:
            shown.append(part)
        root = root / part
    return "/".join(shown)


def _of_name(name: str, searcher: Searcher) -> Iterator[Hit]:
    yield from searcher.hits(name.encode("utf-8", "replace").decode("utf-8"))


def _line(piece: Piece, hit: Hit) -> dict[str, Any]:
    line = piece.line + piece.text.count("\n", 0, hit.start) if piece.line else None
    return {"line": line, "encoding": hit.encoding}


def _touches(one: Residue, known: list[tuple[int, int]]) -> bool:
    return any(one.start < end and start < one.end for start, end in known)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
