"""The file of a vault: a header that says nothing, then encrypted pieces in order.

::

    WBVAULT1 | salt (32) | check (16) | pieces … | last piece
    piece = length (4, big-endian) | AES-256-GCM of zstd of JSON lines

Each file has a key of its own, made of yours and its salt by HKDF-SHA-256 (RFC 5869), so the
nonce of a piece can be its number. A piece is bound to the file, its number, and whether it is
the last (associated data), so pieces cannot be changed, left out, moved or cut off unnoticed
(the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). ``check`` tells a
wrong key from a damaged file. Only encrypted bytes are ever written, also while writing.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import zstandard

from workbench.errors import InputError
from workbench.files import not_a_folder, storage_errors, sync_folder, temporary_name

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"WBVAULT1"
SALT_BYTES = 32
CHECK_BYTES = 16
PIECE_BYTES = 1 << 20
LONGEST_PIECE = 1 << 30
LONGEST_PLAIN = 1 << 31
_START = len(MAGIC) + SALT_BYTES + CHECK_BYTES


@dataclass
class VaultWriter:
    """Writes a vault beside its place and moves it there when the block ends without an error.

    Raises `InputError` when a file is there already: what it holds may be nowhere else.
    """

    path: Path
    key: bytes
    entries: int = 0
    _lines: list[bytes] = field(default_factory=list)
    _size: int = 0
    _pieces: int = 0

    def __enter__(self) -> VaultWriter:
        not_a_folder(self.path)
        if self.path.exists():
            raise InputError(
                "there is a file at the vault's place already",
                where=str(self.path),
                remedy="name another; a vault is never written over",
            )
        salt = secrets.token_bytes(SALT_BYTES)
        self._cipher, check = _opened(self.key, salt)
        self._bound = MAGIC + salt
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._temporary = temporary_name(self.path)
            descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file: IO[bytes] = os.fdopen(descriptor, "wb")
            self._file.write(MAGIC + salt + check)
        return self

    def add(self, entry: dict[str, Any]) -> None:
        """Take one entry, any JSON object."""
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._lines.append(line)
        self._size += len(line)
        self.entries += 1
        if self._size >= PIECE_BYTES:
            self._write(last=False)

    def finish(self) -> None:
        """Write what is left and move the file to its place."""
        if self._file.closed:
            return
        with storage_errors(self.path):
            self._write(last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._temporary.replace(self.path)
            sync_folder(self.path.parent)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def _write(self, *, last: bool) -> None:
        plain = b"\n".join(self._lines)
        self._lines, self._size = [], 0
        packed = zstandard.ZstdCompressor(level=6).compress(plain)
        sealed = self._cipher.encrypt(_nonce(self._pieces), packed, _bound(self._bound, self._pieces, last))
        with storage_errors(self.path):
            self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._pieces += 1


def read_entries(path: Path, key: bytes) -> Iterator[dict[str, Any]]:
    """The entries of a vault in the order in which they were added.

    Raises `InputError` for a file that is no vault, a wrong key, and a file that was changed.
    """
    for _, entries in read_pieces(path, key):
        yield from entries


def read_pieces(path: Path, key: bytes) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The pieces of a vault: where each begins in the file, and its entries. Raises as `read_entries`."""
    not_a_folder(path)
    with _opening(path) as file:
        cipher, bound = _header(file, path, key)
        number = 0
        size = path.stat().st_size
        while True:
            start = file.tell()
            length = int.from_bytes(file.read(4), "big")
            last = start + 4 + length >= size
            yield start, _piece(file, length, cipher, (bound, number, last), path)
            number += 1
            if last:
                return


def read_piece(path: Path, key: bytes, number: int, start: int, *, last: bool) -> list[dict[str, Any]]:
    """The entries of one piece, whose number and place `read_pieces` told."""
    with _opening(path) as file:
        cipher, bound = _header(file, path, key)
        file.seek(start)
        length = int.from_bytes(file.read(4), "big")
        return _piece(file, length, cipher, (bound, number, last), path)


def _opening(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError("there is no such vault", where=str(path), remedy="check the path") from error


def _header(file: IO[bytes], path: Path, key: bytes) -> tuple[AESGCM, bytes]:
    head = file.read(_START)
    if len(head) < _START or not head.startswith(MAGIC):
        raise InputError(
            "this is not a vault", where=str(path), remedy="name a file that `publish --vault` wrote"
        )
    salt, check = head[len(MAGIC) : len(MAGIC) + SALT_BYTES], head[-CHECK_BYTES:]
    cipher, own = _opened(key, salt)
    if not hmac.compare_digest(own, check):
        raise InputError(
            "the key is not the one this vault was made with",
            where=str(path),
            remedy="set the environment variable WORKBENCH_VAULT_KEY to that key; no other opens it",
        )
    return cipher, MAGIC + salt


def _piece(
    file: IO[bytes], length: int, cipher: AESGCM, place: tuple[bytes, int, bool], path: Path
) -> list[dict[str, Any]]:
    from cryptography.exceptions import InvalidTag

    bound, number, last = place
    damaged = InputError(
        "the vault was changed or cut short since it was written",
        where=str(path),
        remedy="restore the file from a copy; nothing of it can be trusted",
    )
    sealed = file.read(length) if 16 <= length <= LONGEST_PIECE else b""
    if len(sealed) != length or not sealed:
        raise damaged
    try:
        packed = cipher.decrypt(_nonce(number), sealed, _bound(bound, number, last))
    except InvalidTag as error:
        raise damaged from error
    plain = zstandard.ZstdDecompressor().decompress(packed, max_output_size=LONGEST_PLAIN)
    return [json.loads(line.decode("utf-8", "surrogatepass")) for line in plain.split(b"\n") if line]


def _opened(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    made = HKDF(SHA256(), 32 + CHECK_BYTES, salt, b"workbench vault 1").derive(key)
    return AESGCM(made[:32]), made[32:]


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(bound: bytes, number: int, last: bool) -> bytes:
    return bound + number.to_bytes(8, "big") + (b"\1" if last else b"\0")
