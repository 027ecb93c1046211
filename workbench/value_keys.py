"""The project's secret key, and what is made of it: hashes that name a value without showing it.

A finding names the personal datum it is about by a keyed hash, so that "this value, 41 times"
can be said and decided about while no file holds the value. Whoever has the key can try
guesses against a hash; it stays in the project, readable by its owner alone, and is never
exported.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from workbench.errors import InputError
from workbench.files import storage_errors
from workbench.projects import Project

BYTES = 32
SEPARATORS = re.compile(r"[\s().,/_-]+")


@dataclass(frozen=True)
class ValueKey:
    """The key of a project. Its text form shows nothing."""

    secret: bytes

    def __repr__(self) -> str:
        return "ValueKey(…)"

    def name_of(self, entity: str, value: str) -> str:
        """The 16 hex digits that name a value of one kind, whatever its case and separators."""
        return self.digest(f"value\0{entity}\0{folded(value)}")[:16]

    def digest(self, text: str) -> str:
        """HMAC-SHA-256 of a text, 64 hex digits; what other uses of the key are made of."""
        return hmac.new(self.secret, text.encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def number(self, text: str) -> int:
        """A whole number below 2⁶⁴ that depends on the key and the text alone."""
        return int(self.digest(text)[:16], 16)


def value_key(project: Project) -> ValueKey:
    """The key of a project, made when it is first asked for. Raises `InputError` when it is damaged."""
    path = key_file(project)
    if not path.exists():
        _make(path)
    with storage_errors(path):
        key = path.read_bytes()
    if len(key) != BYTES:
        raise InputError(
            "the key that names personal data is damaged",
            where=str(path),
            remedy="restore the file; without it earlier decisions about values cannot be matched",
        )
    return ValueKey(key)


def key_file(project: Project) -> Path:
    """Where the key lies."""
    return project.folder("keys", "values.key")


def folded(value: str) -> str:
    """A value as it is compared: compatibility form, folded case, no separators."""
    plain = unicodedata.normalize("NFKC", value).casefold()
    return SEPARATORS.sub("", plain) or plain.strip()


def _make(path: Path) -> None:
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: its key counts
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
