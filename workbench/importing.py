"""Import: any supported file into a new dataset version, bad rows into a rejects file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.errors import InputError
from workbench.examples import Example
from workbench.files import storage_errors, temporary_name
from workbench.formats import Accepted, detect_file, read_examples
from workbench.formats.sources import Source, sources
from workbench.projects import Project, check_name
from workbench.versions import Dataset, dataset_names, open_dataset, with_unique_ids, write_version

Progress = Callable[[int], None]


@dataclass(frozen=True)
class ImportResult:
    """What an import did; ``rows_in = rows_out + rejects`` always."""

    dataset: str
    format: str
    rows_in: int
    rows_out: int
    rejects: int
    rejects_path: str | None
    duplicates_of_existing: int

    def as_dict(self) -> dict[str, object]:
        """The machine contract of ``workbench import``."""
        return asdict(self)


def import_files(
    project: Project,
    files: Sequence[Path | str | Source],
    name: str,
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    append: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Import files as the next version of dataset ``name``.

    A file is a path, a URL of any protocol of fsspec, a pattern with ``*``, a data set
    (``hf://datasets/ORG/NAME``, or a folder that was saved), or a `Source`. Nothing secret in
    a URL reaches the version, the rejects or an error.

    Rows stream from file to Parquet. With ``append`` the rows of the newest version come
    first. Rows that cannot be read are written, as file, line, reason and remedy, to
    ``datasets/<name>/rejects-*.jsonl``; their text is not copied. Raises `InputError` when
    a file cannot be read at all or nothing in it can be used.
    """
    check_name(name)
    if not files:
        raise InputError("no file was named", remedy="workbench import FILE --name NAME")
    given = [one for file in files for one in ([file] if isinstance(file, Source) else sources(file))]
    detections = [detect_file(source, format, mapping) for source in given]
    existing = open_dataset(project, name) if name in dataset_names(project) else None
    known = set(existing.table(["id"])["id"].to_pylist()) if existing else set()
    counter = _Counter(known, progress)
    rejects = temporary_name(project.folder("datasets", name, "rejects"))
    with storage_errors(rejects), ExitStack() as cleanup:
        cleanup.callback(rejects.unlink, missing_ok=True)
        rejects.parent.mkdir(parents=True, exist_ok=True)
        with rejects.open("w", encoding="utf-8") as sink:

            def rows() -> Iterator[Example]:
                if append and existing:
                    yield from existing.examples()
                for source, detected in zip(given, detections, strict=True):
                    yield from counter.accepted(source, detected, mapping, sink.write)
                if counter.rows_out == 0:
                    raise InputError(
                        "not one row of the file can be used",
                        where=", ".join(source.name for source in given),
                        remedy=f"first reason: {counter.first_reason or 'the file is empty'}",
                    )

            dataset = write_version(
                project,
                name,
                with_unique_ids(rows()),
                parent=existing if append else None,
                origin={
                    "verb": "import",
                    "files": [source.origin for source in given],
                    "formats": detections,
                    "mapping": dict(mapping or {}),
                    "append": append,
                },
            )
        rejects_path = _keep_rejects(rejects, dataset, counter.rejects)
    return ImportResult(
        dataset=dataset.ref,
        format=detections[0] if len(set(detections)) == 1 else ",".join(detections),
        rows_in=counter.rows_in,
        rows_out=counter.rows_out,
        rejects=counter.rejects,
        rejects_path=str(rejects_path) if rejects_path else None,
        duplicates_of_existing=counter.known_rows,
    )


class _Counter:
    """Counts rows as they stream by."""

    def __init__(self, known: set[str], progress: Progress | None) -> None:
        self.known = known
        self.progress = progress
        self.rows_in = self.rows_out = self.rejects = self.known_rows = 0
        self.first_reason = ""

    def accepted(
        self,
        source: Source,
        detected: str,
        mapping: Mapping[str, str] | None,
        write: Callable[[str], object],
    ) -> Iterator[Example]:
        for row in read_examples(source, detected, mapping):
            self.rows_in += 1
            if self.progress and self.rows_in % 1000 == 0:
                self.progress(self.rows_in)
            if isinstance(row, Accepted):
                self.rows_out += 1
                self.known_rows += row.example["id"] in self.known
                yield row.example
            else:
                self.rejects += 1
                self.first_reason = self.first_reason or row.reason
                reject = {
                    "file": source.name,
                    "line": row.line,
                    "reason": row.reason,
                    "remedy": row.remedy,
                }
                write(json.dumps(reject, ensure_ascii=False) + "\n")


def _keep_rejects(temporary: Path, dataset: Dataset, count: int) -> Path | None:
    if not count:
        temporary.unlink(missing_ok=True)
        return None
    path = dataset.path.parent / f"rejects-v{dataset.version:04d}.jsonl"
    temporary.replace(path)
    return path
