"""Writes that are whole or absent: temp file, fsync, rename."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import shutil
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from workbench.errors import InputError, StorageError

DAMAGED = "restore it from a copy, or move the folder it lies in out of the project"
LONGEST_NAME = 100
_OWNER = re.compile(r"(?:\.on-(?P<host>[\w-]+))?\.(?P<process>\d+)\.tmp\Z", re.ASCII)


@contextmanager
def storage_errors(where: Path) -> Iterator[None]:
    """Turn the disk's refusals inside the block into `StorageError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                "no space left on the disk",
                where=str(where),
                remedy="free some space and run the same command again; nothing was lost",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise StorageError(
                "the folder cannot be written",
                where=str(where),
                remedy="check its permissions, or choose another project folder",
            ) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically. Raises `StorageError`, and `InputError` for a folder."""
    _write_pieces(path, [text])


def write_text_lines(path: Path, lines: Iterable[str]) -> int:
    """Stream lines into a text file, atomically as `write_text` does, and return how many."""
    return _write_pieces(path, (line + "\n" for line in lines))


def write_json(path: Path, value: object) -> None:
    """Write JSON atomically, readable and with stable key order."""
    write_text(path, json_text(value, indent=2) + "\n")


def json_text(
    value: object, *, indent: int | None = None, default: Callable[[Any], object] | None = None
) -> str:
    """A value as JSON that every reader takes: a number that is not finite is null.

    ``default`` gives what stands for an object that JSON has no form for.
    """
    told = default or _plain
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, default=told, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), ensure_ascii=False, indent=indent, default=told, allow_nan=False)


def finite(value: object) -> object:
    """The same value with None for every number in it that is infinite or none at all."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    item = getattr(value, "item", None)
    return finite(item()) if callable(item) else value


def not_a_folder(path: Path) -> None:
    """Raise `InputError` when a file to be written is a folder."""
    if path.is_dir():
        raise InputError("this is a folder, not a file", where=str(path), remedy="name a file")


def expanded(path: Path) -> Path:
    """Replace a leading ``~``. Raises `InputError` when there is no such home folder."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InputError("there is no such home folder", where=str(path), remedy="check the path") from error


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Append one JSON line and fsync it, so that a crash loses at most this line."""
    append_lines(path, [value])


def append_lines(path: Path, values: Sequence[dict[str, Any]]) -> None:
    """Append JSON lines with one fsync.

    A line that an earlier crash left torn is ended first, or it would swallow the next.
    """
    if not values:
        return
    text = "".join(json.dumps(value, ensure_ascii=False, default=_plain) + "\n" for value in values)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (b"\n" if torn else b"") + text.encode("utf-8", "replace"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines; a last line that a crash cut short is left out."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that Workbench wrote. Raises `InputError` when it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError("the file is damaged", where=str(path), remedy=DAMAGED) from error
    if not isinstance(value, dict):
        raise InputError("the file is damaged", where=str(path), remedy=DAMAGED)
    return value


def temporary_name(path: Path) -> Path:
    """Name a file or folder beside ``path`` to write to until it is whole.

    No two calls give the same name, and the name tells `sweep` whose it is:
    ``.NAME.<8 hex digits>.on-<host>.<process id>.tmp``. A long ``NAME`` is cut, so that the
    whole fits where ``path`` does.
    """
    name = os.fsencode(path.name)[:LONGEST_NAME].decode("utf-8", "ignore")
    return path.with_name(f".{name}.{uuid.uuid4().hex[:8]}.on-{_host()}.{os.getpid()}.tmp")


def sweep(folder: Path) -> None:
    """Remove what writers of this machine that no longer live have left in a folder.

    Whether a writer of another machine lives cannot be told from here, so what it left
    stays. A name without a host is taken for this machine's.
    """
    for leftover in folder.glob(".*.tmp"):
        owner = _OWNER.search(leftover.name)
        if owner is None or owner["host"] not in (None, _host()):
            continue
        if not _is_alive(int(owner["process"])):
            shutil.rmtree(leftover, ignore_errors=True)
            with suppress(OSError):
                leftover.unlink()


def storable_name(path: Path) -> str:
    """A file's name as text that any file can hold (a name need not be UTF-8)."""
    return path.name.encode("utf-8", "replace").decode("utf-8")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex digits, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_pieces(path: Path, pieces: Iterable[str]) -> int:
    not_a_folder(path)
    count = 0
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(path)
        try:
            with temporary.open("w", encoding="utf-8") as file:
                for count, piece in enumerate(pieces, 1):  # noqa: B007 - told below
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    return count


@cache
def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:64] or "unnamed"


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    if hasattr(value, "_asdict"):
        return value._asdict()
    raise TypeError(f"{type(value).__name__} does not fit in JSON")
