"""Checks: what a format says about its own content, beyond its characters.

A check gets the match and the text before and after it, and returns the factor on the rule's
score: 0 when it is no secret, 1 when all is as it should be, between when in doubt.
"""

from __future__ import annotations

import base64
import binascii
import json
import string
import zlib
from collections.abc import Callable
from typing import Any

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
DOUBT = 0.9
LONG_KEY = 200


def base62_crc(body: str) -> str:
    """CRC-32 of a text as six base-62 digits.

    The last characters of tokens of GitHub ("Behind GitHub's new authentication token formats",
    2021) and npm are this.
    """
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def decoded(text: str) -> bytes | None:
    """What base64 of either alphabet says, with or without padding; None when it says nothing."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def checksum_of_token(secret: str, _match: Any) -> float:
    """Whether 30 characters and their checksum follow the prefix; else in doubt, not dismissed."""
    body = secret.rsplit("_", 1)[-1]
    return 1.0 if len(body) == 36 and base62_crc(body[:30]) == body[30:] else DOUBT


def json_web_token(secret: str, _match: Any) -> float:
    """Whether the first part is the JSON header that RFC 7515 asks for."""
    header = _json_object(secret.split(".", 1)[0])
    return 1.0 if header is not None and ("alg" in header or "typ" in header) else 0.0


def json_after_prefix(secret: str, _match: Any) -> float:
    """Whether base64 of a JSON object is in it, where ``eyJ`` begins."""
    start = secret.find("eyJ")
    body = secret[start:].split("_", 1)[0] if start >= 0 else ""
    raw = decoded(body[: len(body) // 4 * 4]) if body else None
    return 1.0 if raw is not None and raw.startswith(b'{"') else 0.0


def user_and_password(secret: str, _match: Any) -> float:
    """Whether it is base64 of ``user:password`` (RFC 7617) that is no placeholder."""
    from workbench.secret_rules.placeholders import stands_for_a_password

    raw = decoded(secret)
    if raw is None or b":" not in raw or not raw.isascii() or not raw.decode("ascii").isprintable():
        return 0.0
    password = raw.decode("ascii").split(":", 1)[1]
    return 0.0 if len(password) < 3 or stands_for_a_password(password) else 1.0


def number_first(secret: str, _match: Any) -> float:
    """Whether the first part is base64 of a decimal number, as in bot tokens of Discord."""
    raw = decoded(secret.split(".", 1)[0])
    return 1.0 if raw is not None and raw.isdigit() else 0.0


def mixed(secret: str, _match: Any) -> float:
    """Whether it has a digit and a letter, which a random string of some length nearly always has."""
    return float(any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret))


def key_block(secret: str, _match: Any) -> float:
    """Whether something is between the lines of a PEM block, and not the word that something goes there."""
    from workbench.secret_rules.placeholders import is_placeholder

    body = secret.split("KEY", 1)[-1].split("-----END", 1)[0]
    letters = "".join(c for c in body if c.isalnum())
    if len(letters) < 5 or (len(letters) < LONG_KEY and is_placeholder(body.strip("- \r\n\\n\"'"))):
        return 0.0
    return 1.0


def _json_object(part: str) -> dict[str, Any] | None:
    raw = decoded(part)
    try:
        value = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def check_named(name: str) -> Callable[[str, Any], float]:
    """The check of a rule."""
    from workbench.secret_rules import assignments

    known: dict[str, Callable[[str, Any], float]] = {
        "assigned_secret": assignments.assigned_secret,
        "assigned_password": assignments.assigned_password,
        "connection_password": assignments.connection_password,
        "checksum_of_token": checksum_of_token,
        "json_after_prefix": json_after_prefix,
        "json_web_token": json_web_token,
        "key_block": key_block,
        "mixed": mixed,
        "number_first": number_first,
        "password_in_url": assignments.password_in_url,
        "said_password": assignments.said_password,
        "typed_password": assignments.typed_password,
        "user_and_password": user_and_password,
    }
    return known[name]
