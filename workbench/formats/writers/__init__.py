"""Examples to files that trainers and providers read; one module per family of formats.

A row that a format has no place for, or that breaks a rule its provider publishes, is left out
and listed with its reason; what is written reads back as the same content. `WRITERS` names the
formats; docs/formats.md says what each keeps.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.errors import InputError
from workbench.examples import KINDS, Example
from workbench.files import not_a_folder, storage_errors, sync_folder, temporary_name
from workbench.formats.places import is_url, public_url, remote_errors
from workbench.formats.writers import alpaca, bedrock, messages, openai, sharegpt, tables, vertex
from workbench.formats.writers.layout import Format
from workbench.formats.writers.sinks import Sinks

__all__ = ["WRITERS", "ExportResult", "write_examples"]

WRITERS: dict[str, Format] = {
    written.name: written
    for module in (messages, sharegpt, alpaca, openai, bedrock, vertex, tables)
    for written in module.FORMATS
}
SKIPPED = ".skipped.jsonl"


@dataclass(frozen=True)
class ExportResult:
    """What was written: rows, where, and the rows left out with the file that says why."""

    rows: int
    path: str
    skipped: int
    skipped_path: str | None
    warnings: list[str]

    def as_dict(self) -> dict[str, object]:
        """The machine contract of ``workbench export-data``."""
        return asdict(self)


def write_examples(
    examples: Iterable[Example],
    format: str,
    out: Path | str,
    *,
    name: str = "data",
    split: str | None = None,
    kind: str | None = None,
    validate: bool = False,
) -> ExportResult:
    """Write examples to ``out``, a path or a URL, in one of `WRITERS`.

    Rows stream. Only rows of ``split`` and ``kind`` are written when these are given; ``name``
    is what a folder calls the data set. A row that is refused goes, as id, reason and remedy,
    to ``<out>.skipped.jsonl``; with ``validate`` one such row, or one broken rule about the
    whole file, refuses the export. The file or folder is whole or absent. Raises `InputError`
    for an unknown format, a name that does not fit it, or when no row can be written;
    `StorageError` when the disk refuses.
    """
    chosen = _checked(format, out, kind)
    target = str(out)
    with _workplace(out) as folder:
        sinks = Sinks(chosen, folder, name)
        sinks.write(_selected(examples, split, kind))
        warnings = sinks.finish()
        _refuse(sinks, chosen, validate, warnings)
        skipped_to = _publish(folder, sinks, out)
    shown = public_url(target) if is_url(target) else target
    return ExportResult(sinks.written, shown, sinks.skipped, skipped_to, warnings)


def _checked(name: str, out: Path | str, kind: str | None) -> Format:
    if name not in WRITERS:
        raise InputError(f"unknown format '{name}'", remedy=f"use one of {', '.join(WRITERS)}")
    if kind is not None and kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'", remedy=f"use one of {', '.join(KINDS)}")
    chosen = WRITERS[name]
    shown = public_url(out) if is_url(out) else str(out)
    if chosen.files is None:
        if Path(shown).suffix not in chosen.suffixes:
            raise InputError(
                f"the format '{name}' is not written to such a file",
                where=shown,
                remedy=f"let its name end in {' or '.join(chosen.suffixes)}",
            )
        if not is_url(out):
            not_a_folder(Path(out))
    elif not is_url(out) and Path(out).exists() and (not Path(out).is_dir() or any(Path(out).iterdir())):
        raise InputError(
            f"the format '{name}' is a folder, and there is something of this name",
            where=shown,
            remedy="name a folder that is empty or not there yet",
        )
    return chosen


def _selected(examples: Iterable[Example], split: str | None, kind: str | None) -> Iterator[Example]:
    for example in examples:
        if split in (None, example.get("split")) and kind in (None, example["kind"]):
            yield example


def _refuse(sinks: Sinks, chosen: Format, validate: bool, warnings: list[str]) -> None:
    """Raise when nothing was written, or when something must not be left out or bent."""
    first = sinks.first_refusal
    if not sinks.written:
        if first is not None:
            raise InputError(first.what, where=first.where, remedy=first.remedy)
        raise InputError("there is no row to write", remedy="check --split and --kind")
    if validate and first is not None:
        raise InputError(
            f"{sinks.skipped} rows do not fit the format {chosen.name}; the first: {first.what}",
            where=first.where,
            remedy=f"{first.remedy}; or export without --validate, which leaves them out",
        )
    if validate and warnings:
        raise InputError(
            f"the file breaks a rule: {warnings[0]}", remedy="change the data, or export without --validate"
        )


@contextmanager
def _workplace(out: Path | str) -> Iterator[Path]:
    """Give a folder to build in: beside a local target, so that one rename puts it in place."""
    if is_url(out):
        with tempfile.TemporaryDirectory(prefix="workbench-") as temporary:
            yield Path(temporary)
        return
    target = Path(out)
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = temporary_name(target)
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _publish(folder: Path, sinks: Sinks, out: Path | str) -> str | None:
    """Put what was built in place; return where the list of skipped rows is, if there is one."""
    built = sinks.built
    if is_url(out):
        url, listed = str(out), str(out).partition("?")[0].rstrip("/") + SKIPPED
        with remote_errors(public_url(url)):
            import fsspec

            system, path = fsspec.core.url_to_fs(url)
            system.put(str(built), path, recursive=built.is_dir())
            if sinks.skipped:
                system.put(str(sinks.skipped_file), fsspec.core.url_to_fs(listed)[1])
        return public_url(listed) if sinks.skipped else None
    target = Path(out)
    listed_file = target.with_name(target.name + SKIPPED)
    if built.is_dir() and target.is_dir():
        target.rmdir()
    built.replace(target)
    listed_file.unlink(missing_ok=True)
    if sinks.skipped:
        sinks.skipped_file.replace(listed_file)
    sync_folder(target.parent)
    return str(listed_file) if sinks.skipped else None
