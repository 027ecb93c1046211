"""Rows to the files of one export: a data file for each split, and the list of what was left out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from workbench.errors import InputError
from workbench.examples import Example
from workbench.formats.writers.layout import Format, Made, cannot_hold

_BATCH = 1000
_ONLY = "train"
_SPLIT = re.compile(r"[A-Za-z0-9_]{1,64}")
"""Splits become names of files."""


class Sinks:
    """The open files of one export, by split; rows are written as they come."""

    def __init__(self, format: Format, folder: Path, name: str) -> None:
        self.format = format
        self.built = folder / "out"
        self.skipped_file = folder / "skipped"
        self.name = name
        self.kind = ""
        self.rows: dict[str, int] = {}
        self.skipped = 0
        self.first_refusal: InputError | None = None
        self._notices: dict[str, int] = {}
        self._sinks: dict[str, _Lines | _Table] = {}

    @property
    def written(self) -> int:
        """How many rows are in the files."""
        return sum(self.rows.values())

    def write(self, examples: Iterable[Example]) -> None:
        """Write every example that the format takes, and list the others."""
        with ExitStack() as stack:
            skipped = stack.enter_context(self.skipped_file.open("w", encoding="utf-8", errors="replace"))
            for example in examples:
                self._check_kind(example)
                try:
                    self._check_split(example)
                    row = self.format.row(example)
                except InputError as error:
                    self.skipped += 1
                    self.first_refusal = self.first_refusal or error
                    entry = {"id": example.get("id", ""), "reason": error.what, "remedy": error.remedy}
                    skipped.write(json.dumps(entry, ensure_ascii=False) + "\n")
                    continue
                self._put(stack, example, row)

    def finish(self) -> list[str]:
        """Write a folder's other files; return what the provider's rules say of the whole."""
        if self.format.files is not None and self.rows:
            files = {split: self.format.data_file.format(split=split) for split in self.rows}
            made = Made(self.name, self.kind, self.rows, files)
            for name, text in self.format.files(made).items():
                (self.built / name).write_text(text, encoding="utf-8")
        return [*self._limit_warnings(), *(f"{count} {text}" for text, count in self._notices.items())]

    def _put(self, stack: ExitStack, example: Example, row: Mapping[str, Any]) -> None:
        split = (example.get("split") or _ONLY) if self.format.files is not None else _ONLY
        if split not in self._sinks:
            path = self._path(split)
            schema = self.format.schema(self.kind) if self.format.schema else None
            self._sinks[split] = (
                _Lines(stack, path, self.format.mark) if schema is None else _Table(stack, path, schema)
            )
        self._sinks[split].put(row)
        self.rows[split] = self.rows.get(split, 0) + 1
        notice = self.format.notice(example) if self.format.notice else None
        if notice:
            self._notices[notice] = self._notices.get(notice, 0) + 1

    def _path(self, split: str) -> Path:
        if self.format.files is None:
            return self.built
        path = self.built / self.format.data_file.format(split=split)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _check_kind(self, example: Example) -> None:
        self.kind = self.kind or example["kind"]
        if example["kind"] != self.kind and not self.format.mixed:
            raise cannot_hold(
                example,
                self.format.name,
                "both single answers and preference pairs in one export",
                "choose with --kind sft or --kind preference",
            )

    def _check_split(self, example: Example) -> None:
        split = example.get("split")
        if split and self.format.files is not None and not _SPLIT.fullmatch(split):
            raise cannot_hold(example, self.format.name, "a split of this name", "name splits with letters")

    def _limit_warnings(self) -> list[str]:
        limits, rows = self.format.limits, self.written
        size = sum(path.stat().st_size for path in [self.built, *self.built.rglob("*")] if path.is_file())
        found = []
        if limits.least_rows and rows < limits.least_rows:
            found.append(f"{limits.provider} wants at least {limits.least_rows} rows; these are {rows}")
        if limits.most_rows and rows > limits.most_rows:
            found.append(f"{limits.provider} takes at most {limits.most_rows:,} rows; these are {rows:,}")
        if limits.most_bytes and size > limits.most_bytes:
            found.append(
                f"{limits.provider} takes at most {limits.most_bytes // 10**6} MB; "
                f"this file has {size // 10**6} MB"
            )
        return found


class _Lines:
    """JSON lines."""

    def __init__(self, stack: ExitStack, path: Path, mark: bytes) -> None:
        self._file: BinaryIO = stack.enter_context(path.open("wb"))
        stack.callback(self._sync)
        self._file.write(mark)

    def put(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._file.write((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace"))

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


class _Table:
    """A Parquet file, written a thousand rows at a time."""

    def __init__(self, stack: ExitStack, path: Path, schema: Any) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._rows: list[Mapping[str, Any]] = []
        file = stack.enter_context(path.open("wb"))
        self._writer = stack.enter_context(pq.ParquetWriter(file, schema, compression="zstd"))
        stack.callback(self._flush)

    def put(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._rows.append(row)
        if len(self._rows) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []
