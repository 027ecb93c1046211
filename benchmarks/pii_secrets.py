"""Secrets in the forms their issuers publish, and strings that only look like them; drawn anew in each run.

Nothing here is a credential: every value is random, and the fixed parts are joined at run time so that no
scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
import zlib
from collections.abc import Callable

from pii_values import Piece

ALPHANUMERIC = string.digits + string.ascii_uppercase + string.ascii_lowercase
HEX = "0123456789abcdef"
URL_SAFE = ALPHANUMERIC + "-_"
WORDS = ["copper", "lantern", "Harbor", "velvet", "Quartz", "meadow", "Falcon", "ginger", "Tundra", "walnut"]


def drawn(generator: random.Random, length: int, signs: str = ALPHANUMERIC) -> str:
    """Random characters with at least one letter and one digit, as real keys have."""
    while True:
        text = "".join(generator.choices(signs, k=length))
        if any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text):
            return text


def checked(generator: random.Random, prefix: str) -> str:
    """Thirty random characters and six of their CRC-32 in base 62, as GitHub and npm issue them."""
    body = drawn(generator, 30)
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        check = ALPHANUMERIC[rest] + check
    return f"{prefix}_{body}{check}"


def token(generator: random.Random) -> str:
    """A signed JSON web token."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    return f"{head}.{part({'sub': drawn(generator, 10), 'exp': 1900000000})}.{drawn(generator, 43, URL_SAFE)}"


def private_key(generator: random.Random) -> str:
    """A private key as a text block."""
    kind = generator.choice(["RSA ", "EC ", "OPENSSH ", ""])
    dashes = "-" * 5
    body = base64.b64encode(generator.randbytes(480)).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{lines}\n{dashes}END {kind}PRIVATE KEY{dashes}"


def password(generator: random.Random) -> str:
    """A password as people choose them."""
    first, second = generator.sample(WORDS, 2)
    return generator.choice(
        [
            f"{first}{generator.randint(10, 9999)}!",
            f"{first}-{second}-{generator.randint(10, 99)}",
            f"{first[:3]}{drawn(generator, 6)}#{generator.randint(1, 9)}",
            drawn(generator, 14, ALPHANUMERIC + "!%+*"),
        ]
    )


def whole(kind: str, make: Callable[[random.Random], str]) -> Callable[[random.Random], list[Piece]]:
    """A secret that is the whole of its text."""
    return lambda generator: [Piece(make(generator), "SECRET", kind)]


def environment(generator: random.Random) -> list[Piece]:
    """A line of an environment file."""
    name = generator.choice(
        ["SECRET_KEY", "SESSION_SECRET", "PAYMENT_API_KEY", "AUTH_TOKEN", "ENCRYPTION_KEY"]
    )
    return [
        Piece(f"{name}="),
        Piece(drawn(generator, generator.choice([32, 40, 48])), "SECRET", "environment"),
    ]


def database(generator: random.Random) -> list[Piece]:
    """A connection string; the password in it is the secret."""
    scheme = generator.choice(["postgres", "postgresql", "mysql", "mongodb+srv", "redis", "amqp"])
    return [
        Piece(f"{scheme}://app:"),
        Piece(drawn(generator, 16), "SECRET", "database"),
        Piece("@db.example.com:5432/shop"),
    ]


def webhook(generator: random.Random) -> list[Piece]:
    """The address of a channel anyone may post to who knows it."""
    path = f"services/T{drawn(generator, 10).upper()}/B{drawn(generator, 10).upper()}/{drawn(generator, 24)}"
    return [Piece("https://hooks." + "slack.com/"), Piece(path, "SECRET", "webhook")]


SECRETS: dict[str, Callable[[random.Random], list[Piece]]] = {
    "bearer": whole("bearer", lambda g: drawn(g, 40, URL_SAFE[:-2])),
    "env": environment,
    "aws_id": whole("aws_id", lambda g: "AKIA" + "".join(g.choices(string.ascii_uppercase + "234567", k=16))),
    "aws_key": whole("aws_key", lambda g: drawn(g, 40, ALPHANUMERIC + "+/")),
    "github": whole("github", lambda g: checked(g, g.choice(["ghp", "gho", "ghs"]))),
    "api_key": whole("api_key", lambda g: drawn(g, g.choice([32, 40]), g.choice([HEX, ALPHANUMERIC]))),
    "database": database,
    "slack": whole(
        "slack",
        lambda g: f"xoxb-{g.randint(10**11, 10**12 - 1)}-{g.randint(10**12, 10**13 - 1)}-{drawn(g, 24)}",
    ),
    "stripe": whole("stripe", lambda g: "sk_" + "live_" + drawn(g, 24)),
    "pem": whole("pem", private_key),
    "jwt": whole("jwt", token),
    "password": whole("password", password),
    "openai": whole("openai", lambda g: "sk-proj-" + drawn(g, 20) + "T3Blbk" + "FJ" + drawn(g, 20)),
    "npm": whole("npm", lambda g: checked(g, "npm")),
    "sendgrid": whole("sendgrid", lambda g: f"SG.{drawn(g, 22, URL_SAFE)}.{drawn(g, 43, URL_SAFE)}"),
    "gitlab": whole("gitlab", lambda g: "glpat-" + drawn(g, 20, URL_SAFE[:-2])),
    "google": whole("google", lambda g: "AIza" + drawn(g, 35, URL_SAFE[:-2])),
    "huggingface": whole("huggingface", lambda g: "hf_" + "".join(g.choices(string.ascii_letters, k=34))),
    "webhook": webhook,
    "azure": whole("azure", lambda g: base64.b64encode(g.randbytes(64)).decode()),
    "telegram": whole("telegram", lambda g: f"{g.randint(10**8, 10**10 - 1)}:AA{drawn(g, 33, URL_SAFE)}"),
    "twilio": whole("twilio", lambda g: "SK" + drawn(g, 32, HEX)),
    "digitalocean": whole("digitalocean", lambda g: "dop_v1_" + drawn(g, 64, HEX)),
    "pypi": whole("pypi", lambda g: "pypi-" + "AgEIcHlwaS5vcmc" + drawn(g, 150, URL_SAFE)),
    "anthropic": whole("anthropic", lambda g: "sk-ant-" + f"api03-{drawn(g, 93, URL_SAFE)}AA"),
    "databricks": whole("databricks", lambda g: "dapi" + drawn(g, 32, HEX)),
    "shopify": whole("shopify", lambda g: "shpat_" + drawn(g, 32, HEX)),
    "vault": whole("vault", lambda g: "hvs." + drawn(g, 90, URL_SAFE[:-2])),
    "basic": whole("basic", lambda g: base64.b64encode(f"svc-build:{password(g)}".encode()).decode()),
    "url_password": whole("url_password", lambda g: drawn(g, g.choice([10, 14, 20]))),
}
FAKES: dict[str, Callable[[random.Random], str]] = {
    "placeholder": lambda g: g.choice(
        [
            "YOUR_API_KEY",
            "<your-token>",
            "xxxxxxxxxxxxxxxxxxxx",
            "changeme",
            "sk-...",
            "REPLACE_WITH_YOUR_KEY",
            "${API_KEY}",
        ]
    ),
    "env_read": lambda g: g.choice(
        [
            'os.environ["DB_PASSWORD"]',
            "process.env.API_TOKEN",
            "${{ secrets.DEPLOY_KEY }}",
            "settings.SECRET_KEY",
        ]
    ),
    "integrity": lambda g: "sha512-" + base64.b64encode(g.randbytes(64)).decode(),
    "md5": lambda g: "".join(g.choices(HEX, k=32)),
    "base64": lambda g: "iVBORw0KGgo" + base64.b64encode(g.randbytes(90)).decode(),
    "userpass": lambda g: g.choice(["user:password", "username:password", "USER:PASS", "<user>:<password>"]),
    "public_key": lambda g: "AAAAC3NzaC1lZDI1NTE5AAAAI" + drawn(g, 43, ALPHANUMERIC + "+/"),
    "publishable": lambda g: "pk_" + "live_" + drawn(g, 24),
    "video": lambda g: drawn(g, 11, URL_SAFE[:-2]),
    "nonce": lambda g: base64.b64encode(g.randbytes(16)).decode(),
    "slug": lambda g: "".join(g.choices(HEX, k=8)),
}
