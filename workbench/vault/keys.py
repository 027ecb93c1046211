"""The key of a vault: 32 bytes from the environment variable ``WORKBENCH_VAULT_KEY``."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping

from workbench.errors import InputError

VARIABLE = "WORKBENCH_VAULT_KEY"
BYTES = 32


def new_key() -> str:
    """A new key as it is put into the environment: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(BYTES)).decode()


def key_from_environment(environment: Mapping[str, str] = os.environ) -> bytes:
    """The key. Raises `InputError`, which never shows any of it, when it is absent or no key."""
    written = environment.get(VARIABLE, "").strip()
    if not written:
        raise InputError(
            f"the vault needs a key in the environment variable {VARIABLE}",
            remedy=f"export {VARIABLE}=$(workbench vault new-key), and keep the key where you keep passwords",
        )
    try:
        key = base64.b64decode(written.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != BYTES:
        raise InputError(
            f"{VARIABLE} is not a key of {BYTES} bytes in base64",
            remedy="copy the whole line that `workbench vault new-key` printed",
        )
    return key
