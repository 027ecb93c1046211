"""Examples of secrets, made when they are needed, so that no file holds one that looks alive.

An example is written with marks, as ``ghp_⟨base62:36⟩``; a mark becomes random characters of an
alphabet, the same for the same seed. A broken bar stands within fixed parts that scanners of
repositories would report, and is taken out.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable

from workbench.secret_rules.checks import base62_crc

BREAK = "¦"
MARK = re.compile(r"⟨([a-z0-9_]+)(?::([^⟩]*))?⟩")
ALPHABETS = {
    "base62": string.ascii_letters + string.digits,
    "base64": string.ascii_letters + string.digits + "+/",
    "base64url": string.ascii_letters + string.digits + "-_",
    "base32": string.ascii_uppercase + "234567",
    "base32lower": string.ascii_lowercase + "234567",
    "bech32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "digits": string.digits,
    "hex": "0123456789abcdef",
    "hexupper": "0123456789ABCDEF",
    "letters": string.ascii_letters,
    "lower": string.ascii_lowercase + string.digits,
    "upper": string.ascii_uppercase + string.digits,
}


def expanded(example: str, seed: str) -> str:
    """An example with every mark filled in. The same example and seed give the same text."""
    rng = random.Random(seed)
    return MARK.sub(lambda match: _filled(match[1], match[2] or "", rng), example.replace(BREAK, ""))


def _filled(kind: str, argument: str, rng: random.Random) -> str:
    if kind in ALPHABETS:
        return "".join(rng.choices(ALPHABETS[kind], k=int(argument)))
    return _MAKERS[kind](argument, rng)


def _uuid(_argument: str, rng: random.Random) -> str:
    return "-".join("".join(rng.choices(ALPHABETS["hex"], k=n)) for n in (8, 4, 4, 4, 12))


def _jwt(_argument: str, rng: random.Random) -> str:
    claims = {"sub": str(rng.randrange(10**9)), "iat": 1_700_000_000 + rng.randrange(10**6)}
    signature = "".join(rng.choices(ALPHABETS["base64url"], k=43))
    return f"{_json_part({'alg': 'HS256', 'typ': 'JWT'})}.{_json_part(claims)}.{signature}"


def _json(argument: str, rng: random.Random) -> str:
    """``eyJ…``: base64 of an object whose first key is the argument."""
    value = "".join(rng.choices(ALPHABETS["base62"], k=32))
    return base64.b64encode(json.dumps({argument: value, "n": 1}, separators=(",", ":")).encode()).decode()


def _json_part(value: object) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _checksummed(argument: str, rng: random.Random) -> str:
    """A prefix, 30 characters and their CRC-32, as GitHub and npm make tokens."""
    body = "".join(rng.choices(ALPHABETS["base62"], k=30))
    return argument + body + base62_crc(body)


def _encoded(argument: str, rng: random.Random) -> str:
    """Base64 of an inner example, whose marks are written as ``[base62/20]``."""
    inner = re.sub(r"\[([a-z0-9_]+)/(\w+)\]", lambda match: _filled(match[1], match[2], rng), argument)
    return base64.b64encode(inner.encode()).decode()


def _pem(argument: str, rng: random.Random) -> str:
    """A PEM block; an argument that ends in ``escaped`` has its breaks of lines escaped."""
    kind = argument.removesuffix("escaped").strip()
    name = " ".join(part for part in (kind, "PRIV" + "ATE KEY") if part)
    lines = ["".join(rng.choices(ALPHABETS["base64"], k=64)) for _ in range(4)]
    edge = "-" * 5
    block = [f"{edge}BEGIN {name}{edge}", *lines, f"{edge}END {name}{edge}"]
    return ("\\n" if argument.endswith("escaped") else "\n").join(block)


def _bot(_argument: str, rng: random.Random) -> str:
    """A bot token of Discord: base64 of a number, then two random parts."""
    number = base64.b64encode(str(rng.randrange(4 * 10**17, 10**18)).encode()).decode()
    parts = ("".join(rng.choices(ALPHABETS["base64url"], k=n)) for n in (6, 38))
    return ".".join((number, *parts))


_MAKERS: dict[str, Callable[[str, random.Random], str]] = {
    "uuid": _uuid,
    "jwt": _jwt,
    "json": _json,
    "bot": _bot,
    "checksummed": _checksummed,
    "encoded": _encoded,
    "pem": _pem,
}
