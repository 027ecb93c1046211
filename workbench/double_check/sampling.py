"""Draw a sample to double-check: findings by entity, and passages by risk.

Stratified random sampling (Cochran, Sampling Techniques, 1977, chapter 5). Every unit gets a
seeded hash, and the smallest of each stratum are drawn, so that one pass over the rows is enough
and the same seed gives the same sample.
"""

from __future__ import annotations

import heapq
import json
import math
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.decisions import current_user, timestamp
from workbench.double_check.passages import STRATA, Passage, passages
from workbench.double_check.samples import Item, Sample, Stratum, sample_file
from workbench.errors import InputError
from workbench.examples import Example
from workbench.files import write_json
from workbench.finding_queries import listed
from workbench.findings import proposed_recipe, proposed_steps
from workbench.projects import Project
from workbench.reviewing import SENSITIVE_STEPS
from workbench.sql import rows, stream
from workbench.versions import Dataset

if TYPE_CHECKING:
    from workbench.sql import Connection

SMALLEST, LARGEST = 10, 5000
FLOOR = 5
"""Questions that every entity gets, if it has as many findings and the size allows."""

EXPECTED = dict(zip(STRATA, (0.3, 0.2, 0.05), strict=True))
"""Guessed spread of missed values a passage: it steers only where questions go, not the estimate."""

_PART = """listed WHERE step IN (SELECT unnest($steps)) AND proposal = 'rewrite'
    AND state NOT IN ('overruled', 'row kept')"""
_FINDINGS = f"""SELECT id, example_id, entity, places FROM (
    SELECT id, example_id, coalesce(json_extract_string(evidence, '$.entity'),
        json_extract_string(evidence, '$.spans[0].entity'), 'UNKNOWN') AS entity,
    coalesce(json_array_length(evidence, '$.spans'), 0) AS places FROM {_PART})"""  # noqa: S608
Tick = Callable[[int, int], None]


class Draw(NamedTuple):
    """The units of one stratum that may be asked about, and how many there are in all."""

    population: int
    places: int
    units: list[Any]


def draw(
    project: Project,
    dataset: Dataset,
    *,
    size: int = 200,
    seed: int = 0,
    who: str | None = None,
    progress: Tick | None = None,
) -> Sample:
    """Draw about ``size`` questions, half about findings and half about passages, and store them.

    Findings that a person overruled are out: the sample is about what publishing would rewrite.
    Raises `InputError` when no step has looked for personal data or secrets in the version.
    """
    if not SMALLEST <= size <= LARGEST:
        raise InputError("the size of the sample is out of range", remedy=f"give {SMALLEST} to {LARGEST}")
    if not set(proposed_steps(proposed_recipe(project, dataset))) & set(SENSITIVE_STEPS):
        raise InputError(
            f"nobody has looked for personal data in {dataset.ref}",
            remedy="run a recipe with the step personal_data or secrets",
        )
    with listed(project, dataset) as connection:
        found = _findings(connection, size, seed)
        texts = _passages(connection, size, seed, dataset.rows, progress)
    half = size // 2 if found else 0
    counts = _shared(half, {name: (one.population, math.sqrt(one.population)) for name, one in found.items()})
    weights = {name: (one.population, one.population * EXPECTED[name]) for name, one in texts.items()}
    counts_of_texts = _shared(size - sum(counts.values()), weights)
    return _stored(project, dataset, seed, who, _items(found, counts), _items(texts, counts_of_texts))


def _stored(
    project: Project,
    dataset: Dataset,
    seed: int,
    who: str | None,
    *parts: tuple[list[Stratum], list[Item]],
) -> Sample:
    items = [item for _, drawn in parts for item in drawn]
    if not items:
        raise InputError("the version holds nothing to ask about", where=dataset.ref, remedy="import rows")
    items.sort(key=lambda item: _hash(seed, "order", item.model_dump_json()))
    identity = f"check-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    sample = Sample(
        id=identity,
        dataset=dataset.ref,
        created=timestamp(),
        who=who or current_user(),
        seed=seed,
        strata=tuple(stratum for strata, _ in parts for stratum in strata),
        items=tuple(item.model_copy(update={"number": n}) for n, item in enumerate(items, 1)),
    )
    write_json(sample_file(project, identity), sample.model_dump())
    return sample


def _items(found: dict[str, Draw], counts: dict[str, int]) -> tuple[list[Stratum], list[Item]]:
    strata, items = [], []
    for name, one in found.items():
        drawn = [_item(name, unit) for unit in one.units[: counts[name]]]
        items += drawn
        ask = drawn[0].ask
        strata.append(
            Stratum(ask=ask, name=name, population=one.population, places=one.places, drawn=len(drawn))
        )
    return strata, items


def _item(stratum: str, unit: Any) -> Item:
    if isinstance(unit, dict):
        return Item(
            number=1,
            ask="finding",
            stratum=stratum,
            example_id=unit["example_id"],
            finding=unit["id"],
            places=unit["places"],
        )
    identity, place = unit
    return Item(number=1, ask="passage", example_id=identity, **place._asdict())


def _findings(connection: Connection, size: int, seed: int) -> dict[str, Draw]:
    """By entity: counts, and the findings with the smallest hashes, smallest first."""
    bound = {"steps": list(SENSITIVE_STEPS)}
    counts = f"""SELECT entity, count(*) AS findings, sum(places)::BIGINT AS places
        FROM ({_FINDINGS}) GROUP BY entity ORDER BY entity"""  # noqa: S608
    drawn = f"""SELECT id, example_id, entity, places FROM ({_FINDINGS})
        QUALIFY row_number() OVER (PARTITION BY entity ORDER BY md5($seed || id), id) <= $size
        ORDER BY md5($seed || id), id"""  # noqa: S608
    units: dict[str, list[dict[str, Any]]] = {}
    for row in rows(connection, drawn, {**bound, "seed": f"{seed}:", "size": size}):
        units.setdefault(row["entity"], []).append(row)
    return {
        row["entity"]: Draw(row["findings"], row["places"], units[row["entity"]])
        for row in rows(connection, counts, bound)
    }


def _passages(
    connection: Connection, size: int, seed: int, total: int, progress: Tick | None
) -> dict[str, Draw]:
    """By stratum: how many passages there are, and those with the smallest hashes, smallest first."""
    populations = dict.fromkeys(STRATA, 0)
    heaps: dict[str, list[tuple[int, str, Passage]]] = {name: [] for name in STRATA}
    for number, (example, spans) in enumerate(_rows(connection), 1):
        for passage in passages(example, spans):
            populations[passage.stratum] += 1
            rank = -_hash(seed, example["id"], f"{passage.part}:{passage.message}:{passage.start}")
            heap, unit = heaps[passage.stratum], (rank, example["id"], passage)
            if len(heap) < size:
                heapq.heappush(heap, unit)
            elif unit > heap[0]:
                heapq.heapreplace(heap, unit)
        if progress and number % 500 == 0:
            progress(number, total)
    return {
        name: Draw(populations[name], 0, [unit[1:] for unit in sorted(heaps[name], reverse=True)])
        for name in STRATA
        if populations[name]
    }


def _rows(connection: Connection) -> Iterator[tuple[Example, list[dict[str, Any]]]]:
    """Every row of the version with the spans of its findings, a batch at a time."""
    query = f"""SELECT examples.id, examples.messages, examples.chosen, examples.rejected, said.all_of
        FROM examples LEFT JOIN (SELECT example_id, list(evidence ORDER BY id) AS all_of
        FROM {_PART} GROUP BY example_id) AS said ON said.example_id = examples.id"""  # noqa: S608
    for batch in stream(connection, query, {"steps": list(SENSITIVE_STEPS)}):
        for row in batch.to_pylist():
            evidence = row.pop("all_of") or []
            yield row, [span for text in evidence for span in json.loads(text).get("spans") or []]


def _shared(size: int, weights: dict[str, tuple[int, float]]) -> dict[str, int]:
    """Share questions out by weight, at most as many as there are units and at least a few each."""
    if not weights:
        return {}
    floor = max(1, min(FLOOR, size // len(weights)))
    counts = {name: min(floor, population) for name, (population, _) in weights.items()}
    while sum(counts.values()) < size:
        open_ = [name for name, (population, _) in weights.items() if counts[name] < population]
        if not open_:
            break
        # Sainte-Laguë: the next question goes where its share is furthest behind.
        counts[max(open_, key=lambda name: weights[name][1] / (2 * counts[name] + 1))] += 1
    return counts


def _hash(seed: int, *words: Sequence[str]) -> int:
    from xxhash import xxh64_intdigest

    return xxh64_intdigest("\0".join(map(str, words)).encode(), seed % 2**64)
