"""Keys and signatures: Ed25519 through ``cryptography``, written as minisign writes them.

A signature here can be checked by ``minisign -V``, and one made by minisign can be checked
here. Format: https://jedisct1.github.io/minisign/ (prehashed with BLAKE2b-512; the legacy
kind without prehash is read too). The secret key is a PKCS #8 PEM file, encrypted with a
password unless that is refused. The key's id is the start of the BLAKE2b hash of the public key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InputError, NotFoundError
from workbench.files import write_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "WORKBENCH_KEY_PASSWORD"
SIGNATURE = ".minisig"
LEGACY, PREHASHED = b"Ed", b"ED"
ID, KEY, SIGNED = 8, 32, 64


@dataclass(frozen=True)
class PublicKey:
    """A key that checks signatures; ``identity`` are 8 bytes that name it."""

    identity: bytes
    raw: bytes

    @property
    def name(self) -> str:
        """The id as minisign prints it: 16 hex digits, the bytes from last to first."""
        return self.identity[::-1].hex().upper()

    def line(self) -> str:
        """The key in base64, as minisign's ``-P`` takes it."""
        return base64.b64encode(LEGACY + self.identity + self.raw).decode()


@dataclass(frozen=True)
class Signature:
    """Who signed (the key's id), what was added in words, and the two signatures."""

    identity: bytes
    prehashed: bool
    signature: bytes
    comment: str
    comment_signature: bytes


@dataclass(frozen=True)
class NewKey:
    """Where a new key lies, and its public half."""

    secret: Path
    public: Path
    key: PublicKey


def new_key(folder: Path, name: str, password: str | None) -> NewKey:
    """Write ``NAME.key`` (secret, readable by its owner alone) and ``NAME.pub``. Raises `InputError`."""
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not name or Path(name).name != name:
        raise InputError("this cannot be a key's name", where=name[:80], remedy="use letters and digits")
    secret, public = folder / f"{name}.key", folder / f"{name}.pub"
    if secret.exists() or public.exists():
        raise InputError("there is a key of this name", where=str(secret), remedy="choose another name")
    private = Ed25519PrivateKey.generate()
    protection: forms.KeySerializationEncryption = (
        forms.BestAvailableEncryption(password.encode()) if password else forms.NoEncryption()
    )
    pem = private.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, protection)
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    key = public_of(private)
    write_text(public, f"untrusted comment: minisign public key {key.name}\n{key.line()}\n")
    return NewKey(secret, public, key)


def read_secret(path: Path, password: str | None) -> Ed25519PrivateKey:
    """A secret key. Raises `NotFoundError`, and `InputError`, which shows nothing of it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not path.is_file():
        raise NotFoundError("there is no key", where=str(path), remedy="make one with `workbench keys new`")
    try:
        key = load_pem_private_key(path.read_bytes(), password.encode() if password else None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            "the key cannot be opened",
            where=str(path),
            remedy=f"give its password in {VARIABLE}, and a key of ours",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(
            "this is not an Ed25519 key", where=str(path), remedy="make one with `workbench keys new`"
        )
    return key


def read_public(given: str) -> PublicKey:
    """A public key from a file or from its line of base64. Raises `InputError`."""
    path = Path(given)
    text = path.read_text(encoding="utf-8", errors="replace") if _is_file(path) else given
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("untrusted comment:")]
    packet = _unpacked(lines[0] if lines else "", len(LEGACY) + ID + KEY)
    if packet is None or packet[:2] != LEGACY:
        raise InputError(
            "this is no public key in minisign's form",
            where=given[:80],
            remedy="name the .pub file, or its second line",
        )
    return PublicKey(packet[2 : 2 + ID], packet[2 + ID :])


def secret_is_locked(path: Path) -> bool:
    """Whether a secret key's file needs a password."""
    return path.is_file() and b"ENCRYPTED" in path.read_bytes()[:100]


def password_from(environment: Mapping[str, str] = os.environ) -> str | None:
    """The password of a key from the environment variable ``WORKBENCH_KEY_PASSWORD``."""
    return environment.get(VARIABLE) or None


def public_of(secret: Ed25519PrivateKey) -> PublicKey:
    """The public half of a key; its id is made from it."""
    raw = secret.public_key().public_bytes_raw()
    return PublicKey(hashlib.blake2b(raw, digest_size=ID).digest(), raw)


def sign_file(path: Path, secret: Ed25519PrivateKey, comment: str) -> Path:
    """Write ``PATH.minisig`` over a file and a trusted comment of one line."""
    if "\n" in comment or "\r" in comment:
        raise InputError("the comment of a signature is one line", remedy="leave out line breaks")
    key = public_of(secret)
    signature = secret.sign(hashlib.blake2b(path.read_bytes()).digest())
    own = secret.sign(signature + comment.encode())
    lines = [
        f"untrusted comment: signature by key {key.name}",
        base64.b64encode(PREHASHED + key.identity + signature).decode(),
        f"trusted comment: {comment}",
        base64.b64encode(own).decode(),
    ]
    target = path.with_name(path.name + SIGNATURE)
    write_text(target, "\n".join(lines) + "\n")
    return target


def read_signature(path: Path) -> Signature:
    """A signature's file. Raises `InputError` when it has not the form of one."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    packet = _unpacked(lines[1], 2 + ID + SIGNED) if len(lines) == 4 else None
    own = _unpacked(lines[3], SIGNED) if len(lines) == 4 else None
    form = "trusted comment: "
    if (
        packet is None
        or own is None
        or packet[:2] not in (LEGACY, PREHASHED)
        or not lines[2].startswith(form)
    ):
        raise InputError("the signature is damaged", where=str(path), remedy="sign the report again")
    return Signature(
        packet[2 : 2 + ID], packet[:2] == PREHASHED, packet[2 + ID :], lines[2].removeprefix(form), own
    )


def signature_is_good(signature: Signature, key: PublicKey, content: bytes) -> bool:
    """Whether the key signed this content and the comment."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if signature.identity != key.identity:
        return False
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    signed = hashlib.blake2b(content).digest() if signature.prehashed else content
    try:
        public.verify(signature.signature, signed)
        public.verify(signature.comment_signature, signature.signature + signature.comment.encode())
    except InvalidSignature:
        return False
    return True


def _unpacked(line: str, length: int) -> bytes | None:
    try:
        packet = base64.b64decode(line.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return packet if len(packet) == length else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
