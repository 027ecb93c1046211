"""What the steps before have proposed, read from their findings for steps that see the whole version."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.findings import Finding
from workbench.steps._earlier import Earlier
from workbench.steps._grouping import Collisions, Keys, collisions
from workbench.versions import reading

FAULT_STEPS = ("quality", "language", "model_scores", "outliers")
BATCH_ROWS = 65_536


class Lazy(Mapping[str, Any]):
    """A mapping that is read from disk when a step first asks for it; most never do."""

    def __init__(self, load: Callable[[], Mapping[str, Any]]) -> None:
        self._load = load
        self._loaded: Mapping[str, Any] | None = None

    @property
    def _known(self) -> Mapping[str, Any]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def __getitem__(self, key: str) -> Any:
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: object) -> bool:
        return key in self._known


def earlier_on_disk(
    folder: Path, steps: Sequence[str], group: Callable[[Keys], Collisions] = collisions
) -> Earlier:
    """Gather what the named steps' files in a findings folder propose, column by column.

    ``faults`` counts the findings of quality, language, model scores and outliers that flag
    an example; ``clusters`` and ``templates`` are the names in the evidence of findings of
    kind ``cluster`` and ``template``. Raises `InputError` for a damaged file.
    """
    paths = [folder / f"{step}.parquet" for step in steps]
    faulty = [path for path in paths if path.stem in FAULT_STEPS]
    return Earlier(
        _dropped(paths),
        Lazy(lambda: _faults(faulty)),
        Lazy(lambda: _named(paths, "cluster")),
        Lazy(lambda: _named(paths, "template")),
        group,
    )


def earlier_of(findings: Iterable[Finding]) -> Earlier:
    """The same of findings that are at hand."""
    dropped: set[str] = set()
    faults: Counter[str] = Counter()
    names: dict[str, dict[str, str]] = {"cluster": {}, "template": {}}
    for finding in findings:
        if finding.proposal == "drop":
            dropped.add(finding.example_id)
        elif finding.proposal == "flag" and finding.step in FAULT_STEPS:
            faults[finding.example_id] += 1
        if finding.kind in names and finding.kind in finding.evidence:
            names[finding.kind][finding.example_id] = str(finding.evidence[finding.kind])
    return Earlier(frozenset(dropped), faults, names["cluster"], names["template"])


def _dropped(paths: list[Path]) -> frozenset[str]:
    parts = [
        batch.filter(pc.equal(batch["proposal"], "drop"))["example_id"]
        for batch in _batches(paths, ["example_id", "proposal"])
    ]
    return frozenset(pa.chunked_array(parts, pa.string()).unique().to_pylist())


def _faults(paths: list[Path]) -> dict[str, int]:
    parts = [
        batch.filter(pc.equal(batch["proposal"], "flag"))["example_id"]
        for batch in _batches(paths, ["example_id", "proposal"])
    ]
    counts = pa.chunked_array(parts, pa.string()).value_counts()
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _named(paths: list[Path], kind: str) -> dict[str, str]:
    names: dict[str, str] = {}
    known: dict[str, str] = {}  # one text object for each name, not one for each row
    for batch in _batches(paths, ["example_id", "kind", "evidence"]):
        chosen = batch.filter(pc.equal(batch["kind"], kind))
        for identity, evidence in zip(
            chosen["example_id"].to_pylist(), chosen["evidence"].to_pylist(), strict=True
        ):
            name = json.loads(evidence).get(kind)
            if name is not None:
                names[identity] = known.setdefault(str(name), str(name))
    return names


def _batches(paths: list[Path], columns: list[str]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        with reading(path), pq.ParquetFile(path) as parquet:
            yield from parquet.iter_batches(batch_size=BATCH_ROWS, columns=columns)
