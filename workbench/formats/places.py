"""Where files lie: on this machine, or behind a URL of any protocol that fsspec knows.

Nothing here opens a connection unless a URL was given. A URL's user name, password, query and
fragment may hold secrets, so only `public_url` of it is ever shown, stored or raised.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from workbench.errors import InputError, MissingExtraError, NotFoundError, WorkbenchError
from workbench.files import storable_name

_START = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*(://|::)")
_LOCAL = ("file", "local")
_BUFFER = 2**17


@dataclass(frozen=True)
class Place:
    """One file: ``name`` for rows, ``where`` for errors and manifests, and how to open it.

    ``path`` is set for a file of this machine; only such a file may be read at any offset.
    """

    name: str
    where: str
    open: Callable[[], io.BufferedIOBase]
    path: Path | None = None


def is_url(given: object) -> TypeGuard[str]:
    """Say whether something is the URL of a file and not a path."""
    return isinstance(given, str) and "://" in given and bool(_START.match(given))


def public_url(url: str) -> str:
    """Return a URL without anything that may be a secret: user, password, query, fragment."""
    return "::".join(_public_part(part) for part in url.split("::"))


def _public_part(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return re.split(r"[?#@]", url)[0]
    rest = re.split(r"[?#]", rest)[0]
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    if ":" in host and not host.endswith("]") and not host.rpartition(":")[2].isdigit():
        # A password with a slash in it: what looks like the host is the user and half of it.
        return f"{scheme}://…/{path.rpartition('/')[2].rpartition('@')[2]}"
    return f"{scheme}://{host}{slash}{path}"


def local_place(path: Path) -> Place:
    """Describe a file of this machine; raises `InputError` when there is none."""
    if not path.is_file():
        raise InputError(
            "this is a folder, not a file" if path.is_dir() else "there is no such file",
            where=str(path),
            remedy="name one file; check the path",
        )
    return Place(storable_name(path), str(path), lambda: io.BufferedReader(io.FileIO(path), _BUFFER), path)


def places(given: Path | str) -> list[Place]:
    """Return the files that a path, a URL or a pattern with ``*`` names, sorted by name.

    Raises `NotFoundError` for a pattern that nothing fits, `MissingExtraError` when the
    protocol needs a package that is not installed, and `InputError`.
    """
    if not is_url(given):
        return [local_place(path) for path in _local_paths(Path(given))]
    url = str(given)
    where = public_url(url)
    with remote_errors(where):
        import fsspec

        system, path = fsspec.core.url_to_fs(url)
        if system.protocol == "file" or set(_LOCAL) & set(system.protocol):
            return [local_place(found) for found in _local_paths(Path(path))]
        if not re.search(r"[*]", path.partition("?")[0]):
            return [_remote_place(system, path, where)]
        found = sorted(str(one) for one in system.glob(path))
        if not found:
            raise NotFoundError("no file fits the pattern", where=where, remedy="check the pattern")
        return [_remote_place(system, one, public_url(system.unstrip_protocol(one))) for one in found]


def _local_paths(path: Path) -> Sequence[Path]:
    if "*" not in str(path) or path.exists():
        return [path]
    try:
        fitting = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        found = sorted(one for one in fitting if one.is_file())
    except (ValueError, NotImplementedError):
        found = []
    if not found:
        raise NotFoundError("no file fits the pattern", where=str(path), remedy="check the pattern")
    return found


def _remote_place(system: Any, path: str, where: str) -> Place:
    def opened() -> io.BufferedIOBase:
        with remote_errors(where):
            return io.BufferedReader(_RemoteFile(system.open(path, "rb"), where), _BUFFER)

    name = where.partition("::")[0].rstrip("/").rpartition("/")[2] or where
    return Place(storable_name(Path(name)), where, opened)


@contextmanager
def on_disk(place: Place) -> Iterator[Path]:
    """Give a path to a file's bytes: its own, or a copy that is removed afterwards.

    For what cannot be read in one pass. Memory holds one block, the disk the whole file.
    """
    if place.path is not None:
        yield place.path
        return
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        copy = Path(folder, "copy")
        with place.open() as source, copy.open("wb") as sink:
            shutil.copyfileobj(source, sink, 2**20)
        yield copy


@contextmanager
def remote_errors(where: str) -> Iterator[None]:
    """Turn whatever a storage library raises into a `WorkbenchError` that quotes none of it.

    Their messages hold URLs with signatures and keys; only the kind of error is told.
    """
    try:
        yield
    except WorkbenchError:
        raise
    except ImportError:
        raise MissingExtraError(
            f"the package for '{where.partition(':')[0]}' addresses is not installed",
            where=where,
            remedy='install the extra cloud: pip install "finetune-workbench[cloud]", '
            "or the fsspec package of this protocol",
        ) from None
    except FileNotFoundError as error:
        raise _explained(error, where) from None
    except PermissionError:
        raise InputError(
            "access was refused", where=where, remedy="sign in, or check the rights of the account"
        ) from None
    except Exception as error:  # noqa: BLE001 - every storage library has errors of its own
        known = isinstance(error, ValueError) and "rotocol not known" in str(error)
        raise InputError(
            "the protocol is not known" if known else f"the file cannot be read ({type(error).__name__})",
            where=where,
            remedy="check the address, the network and your credentials, then run the command again",
        ) from None


class _RemoteFile(io.RawIOBase):
    """A remote file as a plain stream of bytes, whatever the library's object can do."""

    def __init__(self, file: Any, where: str) -> None:
        self._file = file
        self._where = where

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer``; raises `InputError` when the connection fails."""
        with remote_errors(self._where):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the connection beneath."""
        if not self.closed:
            with remote_errors(self._where):
                self._file.close()
        super().close()


def _explained(error: BaseException, where: str) -> WorkbenchError:
    """Say why a file that "was not found" was not: fsspec's HTTP hides every other failure so."""
    cause: BaseException | None = error
    while cause is not None:
        status = getattr(cause, "status", None)
        if status in (401, 403):
            return InputError(
                f"access was refused (HTTP {status})",
                where=where,
                remedy="sign in, or check the rights of the account",
            )
        if isinstance(status, int) and status >= 500:
            return InputError(
                f"the server failed (HTTP {status})", where=where, remedy="run the command again later"
            )
        if isinstance(cause, ConnectionError) or type(cause).__name__.startswith(
            ("ClientConnect", "InvalidURL")
        ):
            return InputError(
                "the server cannot be reached", where=where, remedy="check the address and the network"
            )
        cause = cause.__cause__ or cause.__context__
    return NotFoundError("there is no such file", where=where, remedy="check the address")
