"""Secrets and look-alikes that this script makes: how many are found, and what else is.

Formats are those that issuers document; contexts (settings, code, commands, logs, chat, arguments
of tools) and look-alikes are this script's own, and none is an example of the rules. A secret
counts as found when one span covers all of it; a span that touches no secret is a false one.

    python benchmarks/secrets_found.py [--count 4000] [--shared FOLDER] [--show]
"""

from __future__ import annotations

import argparse
import base64
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from workbench.examples import parts
from workbench.formats import Accepted, read_examples
from workbench.secret_rules.examples import expanded
from workbench.secret_rules.scanning import scanner
from workbench.secret_rules.settings import Secrets

KNOWN = {
    "cloud": [
        "AKIA⟨base32:16⟩", "ASIA⟨base32:16⟩", "AIza⟨base64url:34⟩x", "GOCSPX-⟨base62:28⟩", "ya29.⟨base64url:150⟩a",
        "⟨base62:3⟩8Q~⟨base62:34⟩", "dop_v1_⟨hex:64⟩", "dapi⟨hex:32⟩", "LTAI⟨base62:20⟩", "nfp_⟨base62:36⟩",
        "sbp_⟨hex:40⟩", "pscale_pw_⟨base62:43⟩", "HRKU-⟨uuid⟩", "fo1_⟨base62:43⟩", "sha256~⟨base62:43⟩",
    ],
    "code_hosting": [
        "⟨checksummed:ghp_⟩", "⟨checksummed:ghs_⟩", "github_pat_⟨base62:22⟩_⟨base62:59⟩", "glpat-⟨base62:20⟩",
        "gldt-⟨base62:20⟩", "glrt-⟨base62:20⟩", "⟨checksummed:npm_⟩", "pypi-AgEIcHlwaS5vcmc⟨base64url:160⟩",
        "rubygems_⟨hex:48⟩", "dckr_pat_⟨base64url:26⟩w", "cio⟨base62:32⟩", "oy2⟨base32lower:43⟩", "squ_⟨hex:40⟩",
        "ATBB⟨base62:24⟩⟨hexupper:8⟩", "CCIPAT_⟨base62:22⟩_⟨hex:40⟩", "bkua_⟨hex:40⟩", "sgp_⟨hex:40⟩",
    ],
    "messaging": [
        "xoxb-⟨digits:12⟩-⟨digits:13⟩-⟨base62:24⟩", "xoxp-⟨digits:12⟩-⟨digits:12⟩-⟨digits:13⟩-⟨hex:32⟩",
        "xapp-1-A⟨upper:10⟩-⟨digits:13⟩-⟨hex:64⟩", "https://hooks.slack.com/services/T⟨upper:10⟩/B⟨upper:10⟩/⟨base62:24⟩",
        "https://discord.com/api/webhooks/⟨digits:19⟩/⟨base62:68⟩", "⟨digits:10⟩:AA⟨base62:33⟩", "SK⟨hex:32⟩",
        "SG.⟨base62:22⟩.⟨base62:43⟩", "key-⟨hex:32⟩", "⟨hex:32⟩-us7", "xkeysib-⟨hex:64⟩-⟨base62:16⟩",
    ],
    "payments": [
        "sk_live_⟨base62:24⟩", "sk_test_⟨base62:99⟩", "rk_live_⟨base62:99⟩", "whsec_⟨base62:32⟩", "sq0csp-⟨base62:43⟩",
        "EAAA⟨base62:60⟩", "shpat_⟨hex:32⟩", "access_token$production$⟨lower:16⟩$⟨hex:32⟩", "access-production-⟨uuid⟩",
    ],
    "models": [
        "sk-⟨base62:20⟩T3BlbkFJ⟨base62:20⟩", "sk-proj-⟨base64url:73⟩aT3BlbkFJ⟨base64url:73⟩b", "sk-ant-api03-⟨base64url:92⟩QAA",
        "hf_⟨letters:34⟩", "r8_⟨base62:37⟩", "gsk_⟨base62:52⟩", "pplx-⟨base62:48⟩", "xai-⟨base62:80⟩", "sk-or-v1-⟨hex:64⟩",
        "lsv2_pt_⟨hex:32⟩_⟨hex:10⟩", "nvapi-⟨base62:64⟩", "tvly-⟨base62:32⟩", "sk-⟨hex:32⟩",
    ],
    "infrastructure": [
        "⟨base62:14⟩.atlasv1.⟨base62:67⟩", "hvs.⟨base62:95⟩", "pul-⟨hex:40⟩", "dp.pt.⟨base62:43⟩", "AGE-SECRET-KEY-1⟨bech32:58⟩",
        "tskey-auth-⟨base62:12⟩CNTRL-⟨base62:32⟩", "PMAK-⟨hex:24⟩-⟨hex:34⟩", "dt0c01.⟨upper:24⟩.⟨upper:64⟩", "NRAK-⟨upper:27⟩",
        "glsa_⟨base62:32⟩_⟨hex:8⟩", "sntryu_⟨hex:64⟩", "A3-⟨upper:6⟩-⟨upper:6⟩-⟨upper:5⟩-⟨upper:5⟩-⟨upper:5⟩-⟨upper:5⟩",
    ],
    "apps": [
        "pat-eu1-⟨uuid⟩", "pat⟨base62:14⟩.⟨hex:64⟩", "ntn_⟨digits:11⟩⟨base62:35⟩", "lin_api_⟨base62:40⟩", "figd_⟨base62:43⟩",
        "ATATT3xFfGF0⟨base62:171⟩=⟨hexupper:8⟩", "sl.⟨base62:138⟩", "EAAB⟨base62:150⟩ZD", "CFPAT-⟨base62:43⟩", "tfp_⟨base62:44⟩",
    ],
    "keys": ["⟨pem:RSA⟩", "⟨pem:OPENSSH⟩", "⟨pem:⟩", "⟨pem:EC⟩", "⟨jwt⟩"],
}  # fmt: skip
"""By themselves."""

NAMED = [
    ("AWS_SECRET_ACCESS_KEY", "⟨base64:40⟩"), ("DATADOG_API_KEY", "⟨hex:32⟩"), ("TWILIO_AUTH_TOKEN", "⟨hex:32⟩"),
    ("HEROKU_API_KEY", "⟨uuid⟩"), ("MISTRAL_API_KEY", "⟨base62:32⟩"), ("COHERE_API_KEY", "⟨base62:40⟩"),
    ("CLOUDFLARE_API_KEY", "⟨hex:37⟩"), ("PAGERDUTY_TOKEN", "⟨base62:20⟩"), ("AUTH0_CLIENT_SECRET", "⟨base62:64⟩"),
    ("SHOP_API_KEY", "⟨base62:32⟩"), ("SERVICE_TOKEN", "⟨hex:40⟩"), ("CLIENT_SECRET", "⟨base62:36⟩"), ("ENCRYPTION_KEY", "⟨base64:43⟩="),
    ("accessToken", "⟨base62:28⟩"), ("apiSecret", "⟨lower:24⟩"), ("webhook_secret", "⟨hex:64⟩"), ("auth_token", "⟨base64url:31⟩k"),
]  # fmt: skip
"""By the name they are given to."""

NAMING = [
    "{name}={value}\n", "export {name}={value}", '{name} = "{value}"', "  {name}: {value}\n", "'{name}': '{value}',",
    '{{"name": "shop", "{name}": "{value}", "n": 3}}', "const {name} = '{value}';", '"{{\\"{name}\\": \\"{value}\\"}}"',
    "{name}: \"{value}\" # from the console", "config['{name}'] = '{value}'", "docker run -e {name}={value} shop:latest",
    'os.environ["{name}"] = "{value}"',
]  # fmt: skip
ALONE = [
    "{value}", "Here is what I use: {value}", "curl -H 'X-Key: {value}' https://example.com/v1/items",
    "2026-03-04 10:11:12 WARN retry after 401 for {value} (attempt 2)", "client = Client('{value}')\nprint(client.items())",
    "It says `{value}` is not valid any more, what now?", "| key | {value} |", 'call({{"credential": "{value}"}})', "<code>{value}</code>",
    "Bitte prüfe {value}, danke!",
]  # fmt: skip
SEEN_AS = ["{value}", "plain", "base64", "percent"]

PASSWORDS = [
    "Tide{n}!", "b1ue{n}Sea", "x9$kQ{n}w", "Sommer{n}?x", "river{n}", "Gr33n_{n}", "{n}Kiwi#", "pA55{n}wEr", "m00n&{n}", "Zug{n}-nach-X",
]  # fmt: skip
TELLING = [
    ("my password is {value}", 0), ("The wifi password is {value}, connect please.", 0), ("pwd: {value}", 0), ("Mein Passwort ist {value}.", 0),
    ("mon mot de passe est {value}", 0), ("mi contraseña es {value}", 0), ("password={value}", 0), ('"password": "{value}"', 0),
    ("DB_PASSWORD={value}\n", 0), ("Login: lumen / password: {value}", 0), ("mysql -u root -p{value} shop", 0), ("user lumen, passwd = '{value}'", 0),
    ("postgres://lumen:{value}@db.example.com:5432/shop", 1), ("redis://:{value}@cache.example.com/0", 1), ("https://lumen:{value}@files.example.com/a", 1),
    ("Server=db.example.com;Database=shop;User Id=lumen;Password={value};", 0), ("jdbc:mysql://db.example.com/shop?user=lumen&password={value}&useSSL=true", 1),
    ("curl -u lumen:{value} https://example.com/api", 0), ("sshpass -p '{value}' ssh lumen@host.example.com", 0), ("I changed the password to {value} today", 0),
    ("spring.datasource.password={value}", 0), ("password: {value}\n", 0), ("$config['db_pass'] = '{value}';", 0), ("The temporary password is: {value}", 0),
]  # fmt: skip

LOOK_ALIKES = [
    "commit ⟨hex:40⟩", "sha256:⟨hex:64⟩", "integrity sha512-⟨base64:86⟩==", "md5 ⟨hex:32⟩  setup.exe", "request id ⟨uuid⟩", "color: #⟨hex:6⟩;",
    "ISBN 978-3-16-148410-0", "API_KEY=YOUR_API_KEY", "api_key: <your-api-key>", "token = os.environ['API_TOKEN']", "password = process.env.DB_PASSWORD",
    "SECRET_KEY=${SECRET_KEY}", "const apiKey = config.get('apiKey')", "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "password: changeme", "password: ********", "The password must have 8 characters and 1 digit.", "My password is not working since yesterday.",
    "Please reset my password, it is too short.", "max_tokens=4096, temperature=0.2", "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
    "data:image/png;base64,iVBORw0KGgo⟨base64:200⟩", "def get_access_token(self, client_secret: str) -> str:", "next_page_token: ⟨base62:30⟩",
    "publicKeyToken=⟨hex:16⟩", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI⟨base64:43⟩ lumen@host", "-----BEGIN CERTIFICATE-----\n⟨base64:64⟩\n-----END CERTIFICATE-----",
    "pk_live_⟨base62:24⟩", "etag: \"⟨hex:32⟩\"", "x-request-id: ⟨uuid⟩", "order_id=⟨digits:12⟩", "version 1.2.3-beta.4+build.⟨digits:5⟩", "token: str | None = None",
    "secret_name = 'orders-database-credentials'", "password_hash = '⟨hex:64⟩'", "the secret of the old house by the river", "api_key_path: /run/secrets/api_key",
    "https://example.com/reset?lang=en", "postgres://user:password@localhost:5432/db", "mongodb://<user>:<password>@host/db", "git+https://${TOKEN}@example.com/a.git",
    "password = getpass.getpass('Password: ')", "if password == confirm_password:", "{\"type\": \"string\", \"name\": \"password\"}", "<input type=\"password\" name=\"password\">",
    "npm_config_registry=https://registry.example.com", "\"resolved\": \"https://registry.example.com/a/-/a-1.2.3.tgz#⟨hex:40⟩\"", "AWS_REGION=eu-central-1", "the key is under the mat",
    "Authorization: Bearer <token>", "Authorization: Bearer $ACCESS_TOKEN", "Bearer token authentication is described below", "session = requests.Session()",
    "aws_access_key_id = YOUR_ACCESS_KEY_ID", "private_key = load_private_key('server.pem')", "user_id=⟨base62:20⟩", "digest ⟨base64:43⟩=", "trace_id=⟨hex:32⟩",
    "the word supercalifragilisticexpialidocious", "AbstractSingletonProxyFactoryBeanTokenProvider1", "passwort vergessen?", "Le mot de passe est obligatoire.",
    "La contraseña es demasiado corta.", "token=token, secret=secret", "credentials: include", "api_key='test'", "password='password'", "PASSWORD=",
    "The API key is stored in the vault.", "the pin is 12 mm long", "0x⟨hex:64⟩ was mined in block ⟨digits:8⟩", "eyJ is how many tokens begin", "UUID ⟨uuid⟩ of the device",
    "⟨encoded:The quick brown fox jumps over the lazy dog [digits/4]⟩", "cursor=⟨encoded:{\"offset\": [digits/3], \"limit\": 20}⟩", "password: { type: String, required: true }",
]  # fmt: skip


def made(count: int, seed: int = 11) -> list[tuple[str, str, tuple[int, int] | None]]:
    """``(family, text, where the secret is)``; look-alikes have no secret, and the family ``look_alikes``."""
    rng = random.Random(seed)
    rows: list[tuple[str, str, tuple[int, int] | None]] = []
    for number in range(count):
        mark = f"{seed}/{number}"
        rows.append(_secret(rng, mark) if number % 2 else _look_alike(rng, mark))
    return rows


def measure(count: int = 4000, seed: int = 11) -> dict[str, Any]:
    """Precision, recall and their counts over all, recall by family, and microseconds a text."""
    rows = made(count, seed)
    search = scanner(Secrets())
    search.scan("password token secret api_key sk- eyJ")
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    false: list[tuple[str, str, str]] = []
    missed: list[tuple[str, str]] = []
    spent = 0.0
    for family, text, place in rows:
        start = time.process_time()
        spans = search.scan(text).spans
        spent += time.process_time() - start
        if place is not None:
            planted[family] += 1
            covered = any(span.start <= place[0] and place[1] <= span.end for span in spans)
            found[family] += covered
            if not covered:
                missed.append((family, text))
        beside = [s for s in spans if place is None or s.end <= place[0] or s.start >= place[1]]
        false += [(family, span.entity, text) for span in beside]
    hits, total = sum(found.values()), sum(planted.values())
    return {
        "texts": len(rows),
        "secrets": total,
        "precision": hits / max(1, hits + len(false)),
        "recall": hits / max(1, total),
        "false": len(false),
        "families": {
            name: {"secrets": planted[name], "recall": found[name] / planted[name]}
            for name in sorted(planted)
        },
        "microseconds": 1e6 * spent / max(1, len(rows)),
        "missed": missed,
        "wrong": false,
    }


def _secret(rng: random.Random, mark: str) -> tuple[str, str, tuple[int, int]]:
    kind = rng.random()
    if kind < 0.55:
        family = rng.choice(sorted(KNOWN))
        value = expanded(rng.choice(KNOWN[family]), mark)
        if "\n" not in value and rng.random() < 0.1:
            return _encoded(rng, family, value)
        template = rng.choice(ALONE) if rng.random() < 0.6 else rng.choice(NAMING).replace("{name}", "KEY")
    elif kind < 0.78:
        family, (name, form) = "named", rng.choice(NAMED)
        value = expanded(form, mark)
        template = rng.choice(NAMING).replace("{name}", name)
    else:
        family = "passwords"
        value = rng.choice(PASSWORDS).replace("{n}", str(rng.randint(10, 9999)))
        template, plain = rng.choice(TELLING)
        value = "".join(c for c in value if c.isalnum()) if plain else value
        start = template.index("{value}")
        return family, template.replace("{value}", value), (start, start + len(value))
    before, after = template.replace("{{", "{").replace("}}", "}").split("{value}")
    return family, before + value + after, (len(before), len(before) + len(value))


def _encoded(rng: random.Random, family: str, value: str) -> tuple[str, str, tuple[int, int]]:
    """A secret within base64, as in a secret of Kubernetes."""
    token = base64.b64encode(f"key: {value}\n".encode()).decode()
    before = rng.choice(["data:\n  config.yaml: ", "The header was ", "payload="])
    return f"{family} (base64)", before + token, (len(before), len(before) + len(token))


def _look_alike(rng: random.Random, mark: str) -> tuple[str, str, None]:
    text = expanded(rng.choice(LOOK_ALIKES), mark)
    around = rng.choice(
        ["{}", "{}\n", "I see this: {}", "```\n{}\n```", "log> {}", "Can you explain {} to me?"]
    )
    return "look_alikes", around.replace("{}", text), None


def shared(folder: Path) -> None:
    """The rate of hits on real chats, which hold next to no secrets."""
    search = scanner(Secrets())
    print(f"{'file':58}{'messages':>10}{'with a hit':>12}{'µs a message':>14}")
    for path in sorted(folder.glob("*/*.json*")):
        count = hits = 0
        start = time.process_time()
        for row in read_examples(path):
            if isinstance(row, Accepted):
                for _, _, entry in parts(row.example):
                    count += 1
                    hits += bool(search.scan(entry["content"]).spans)
        if count:
            spent = 1e6 * (time.process_time() - start) / count
            print(f"{path.name:58}{count:10}{hits:12}{spent:14.0f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--shared", type=Path, help="folder of published chats")
    parser.add_argument("--show", action="store_true", help="print what was missed and what was wrong")
    given = parser.parse_args()
    result = measure(given.count, given.seed)
    print(f"{'family':28}{'secrets':>9}{'recall':>9}")
    for name, family in result["families"].items():
        print(f"{name:28}{family['secrets']:9}{family['recall']:9.3f}")
    print(f"{'all':28}{result['secrets']:9}{result['recall']:9.3f}   precision {result['precision']:.3f}")
    print(f"{result['false']} false spans, {result['microseconds']:.0f} µs a text")
    if given.show:
        for family, text in result["missed"][:60]:
            print("missed", family, repr(text[:160]))
        for family, entity, text in result["wrong"][:60]:
            print("wrong ", family, entity, repr(text[:160]))
    if given.shared:
        shared(given.shared)


if __name__ == "__main__":
    main()
