"""What the steps before have proposed, read from their findings for steps that see the whole version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.findings import SCHEMA, Finding
from workbench.steps._earlier import Earlier
from workbench.steps._grouping import Collisions, Keys, collisions
from workbench.versions import reading

FAULT_STEPS = ("quality", "language", "model_scores", "outliers")
BATCH_ROWS = 65_536
Read = Callable[[list[str]], Iterable[pa.RecordBatch]]


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
    return _gathered(lambda columns: _batches([folder / f"{step}.parquet" for step in steps], columns), group)


def earlier_of(findings: Iterable[Finding]) -> Earlier:
    """The same of findings that are at hand."""
    rows = [finding.as_dict() | {"evidence": json.dumps(finding.evidence)} for finding in findings]
    table = pa.Table.from_pylist(rows, SCHEMA)
    return _gathered(lambda columns: table.select(columns).to_batches(), collisions)


def _gathered(read: Read, group: Callable[[Keys], Collisions]) -> Earlier:
    return Earlier(
        _dropped(read),
        Lazy(lambda: _faults(read)),
        Lazy(lambda: _named(read, "cluster")),
        Lazy(lambda: _named(read, "template")),
        group,
    )


def _dropped(read: Read) -> frozenset[str]:
    parts = [
        batch.filter(pc.equal(batch["proposal"], "drop"))["example_id"]
        for batch in read(["example_id", "proposal"])
    ]
    return frozenset(pa.chunked_array(parts, pa.string()).unique().to_pylist())


def _faults(read: Read) -> dict[str, int]:
    steps = pa.array(FAULT_STEPS)
    parts = []
    for batch in read(["step", "example_id", "proposal"]):
        flagged = pc.and_(pc.equal(batch["proposal"], "flag"), pc.is_in(batch["step"], value_set=steps))
        parts.append(batch.filter(flagged)["example_id"])
    counts = pa.chunked_array(parts, pa.string()).value_counts()
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _named(read: Read, kind: str) -> dict[str, str]:
    names: dict[str, str] = {}
    known: dict[str, str] = {}  # one text object for each name, not one for each row
    for batch in read(["example_id", "kind", "evidence"]):
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
