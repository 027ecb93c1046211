"""Readers and writers of data formats, one file per format.

A format is a module with ``NAME``, ``TITLE``, ``matches(record)`` and ``read(record)``;
`FORMATS` lists them, the most specific first, because a row may fit several. One record
gives one example or one reject, so rows in are always rows out plus rejects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, Protocol

from workbench.errors import InputError
from workbench.examples import Example
from workbench.formats import (
    abcd,
    alpaca,
    alpaca_eval,
    bedrock,
    columns,
    hh_rlhf,
    kto,
    llmbar,
    oasst,
    openai_messages,
    openai_preference,
    persona_chat,
    preference_explicit,
    preference_implicit,
    prompt_completion,
    self_instruct,
    sgd,
    sharegpt,
    taskmaster,
    topical_chat,
    vertex,
    workbench_rows,
)
from workbench.formats.fields import Record
from workbench.formats.jsonlines import BadRecord
from workbench.formats.own import OWN, own_columns
from workbench.formats.sources import Source, file_source

__all__ = ["FORMATS", "Accepted", "Detection", "Rejected", "detect", "detect_file", "read_examples"]

SAMPLE = 100
"""How many records detection looks at."""


class Format(Protocol):
    """What a module of this package offers."""

    NAME: str
    TITLE: str

    def matches(self, record: Record) -> bool:
        """Say, from the names and types of fields alone, whether a record is of this format."""

    def read(self, record: Record) -> Example:
        """Read one record; raises `InputError` for a row that this format cannot hold."""


_MODULES: tuple[Format, ...] = (
    workbench_rows,
    openai_preference,
    vertex,
    alpaca_eval,
    llmbar,
    kto,
    oasst,
    self_instruct,
    sgd,
    taskmaster,
    topical_chat,
    abcd,
    persona_chat,
    sharegpt,
    preference_explicit,
    hh_rlhf,
    preference_implicit,
    bedrock,
    openai_messages,
    alpaca,
    prompt_completion,
    columns,
)
FORMATS: dict[str, Format] = {module.NAME: module for module in _MODULES}


class Detection(NamedTuple):
    """Which format a sample has: the share of its records that fit, why, and what else fits."""

    name: str
    share: float
    why: str
    alternatives: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """A record that became an example; its line or row number in the file."""

    line: int
    example: Example


@dataclass(frozen=True)
class Rejected:
    """A record that did not, with the reason and the remedy; never its text."""

    line: int
    reason: str
    remedy: str


Row = Accepted | Rejected


def detect(records_sample: list[Record]) -> Detection:
    """Name the format that most records of a sample fit; of equals, the most specific.

    Raises `InputError` listing the names of the fields when none fits.
    """
    size = len(records_sample)
    votes = {
        name: count
        for name, module in FORMATS.items()
        if (count := sum(module.matches(record) for record in records_sample))
    }
    if not votes:
        seen = _field_names(records_sample)
        raise InputError(
            f"no known format has these fields: {seen}" if seen else "no record is an object",
            remedy="say which column is what (--map user=COLUMN --map assistant=COLUMN) "
            "or name the format (--format openai_messages|sharegpt|alpaca|…)",
        )
    best = max(votes, key=lambda name: votes[name])
    return Detection(
        best,
        votes[best] / size,
        f"{votes[best]} of {size} sampled records: {FORMATS[best].TITLE}",
        tuple(name for name in votes if name != best),
    )


def detect_file(
    given: Path | Source,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> str:
    """Return the name of the format a file is read as; a mapping means columns.

    Raises `InputError` for a file that cannot be read, or a format that is not known.
    """
    source = given if isinstance(given, Source) else file_source(given)
    name, _ = _choose(source, _sample(source.records()), format, mapping)
    return name


def read_examples(
    given: Path | Source,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """Yield one `Accepted` or `Rejected` for every record of a file, in its order.

    The format is the one given, or the one detected from the first records. Raises
    `InputError` at once when the file or the format cannot be used.
    """
    source = given if isinstance(given, Source) else file_source(given)
    stream = source.records()
    sample = _sample(stream)
    _, read = _choose(source, sample, format, mapping)
    return (_row(source, line, record, read) for line, record in chain(sample, stream))


def _sample(stream: Iterator[tuple[int, object]]) -> list[tuple[int, object]]:
    return list(islice(stream, SAMPLE))


def _choose(
    source: Source,
    sample: list[tuple[int, object]],
    name: str | None,
    mapping: Mapping[str, str] | None,
) -> tuple[str, Callable[[Record], Example]]:
    objects = [record for _, record in sample if isinstance(record, dict)]
    if mapping and name not in (None, columns.NAME):
        raise InputError(
            f"a mapping of columns does not go with the format '{name}'",
            where=source.where,
            remedy="leave out --map or --format",
        )
    if name is not None and name not in FORMATS:
        raise InputError(f"unknown format '{name}'", remedy=f"use one of {', '.join(FORMATS)}")
    try:
        if mapping:
            columns.check_mapping(mapping, objects)
            return columns.NAME, partial(columns.read, mapping=mapping)
        name = name or _detected(sample, objects)
    except InputError as error:
        raise InputError(error.what, where=source.where, remedy=error.remedy) from error
    return name, FORMATS[name].read


def _detected(sample: list[tuple[int, object]], objects: list[Record]) -> str:
    first = sample[0][1] if sample else None
    if not sample:
        raise InputError("the file holds no record", remedy="name a file with rows in it")
    if not objects and isinstance(first, BadRecord):
        raise InputError(
            f"no record can be parsed; the first, at {sample[0][0]}: {first.reason}",
            remedy=first.remedy,
        )
    return detect(objects).name


def _row(source: Source, line: int, record: object, read: Callable[[Record], Example]) -> Row:
    if isinstance(record, BadRecord):
        return Rejected(line, record.reason, record.remedy)
    if not isinstance(record, dict):
        return Rejected(line, "the record is not an object", 'write {"field": value, …}')
    try:
        own = own_columns(record.get(OWN)) if OWN in record else None
        if own is not None:
            record = {name: value for name, value in record.items() if name != OWN}
        example = read(record)
        example.update(own or {})
    except InputError as error:
        return Rejected(line, error.what, error.remedy)
    except (RecursionError, ValueError, TypeError):
        return Rejected(line, "a field holds a value that cannot be kept", "simplify the record")
    example["source"] = {"file": source.name, "line": line}
    return Accepted(line, source.finish(example) if source.finish else example)


def _field_names(sample: Iterable[Record]) -> str:
    """List the fields' names; what does not look like a name may be text, and is left out."""
    names = list(dict.fromkeys(str(name) for record in sample for name in record))
    shown = [name for name in names if len(name) <= 32 and name.replace("_", "a").isalnum()][:20]
    hidden = len(names) - len(shown)
    return ", ".join([*shown, f"{hidden} more"] if hidden else shown)
