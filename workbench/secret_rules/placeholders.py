"""Placeholders: what stands where a secret would be, and what only looks random."""

from __future__ import annotations

import math
import re
from collections import Counter

from workbench.secret_rules.rules import Caution


def words_in(text: str) -> frozenset[str]:
    """The words of a text, for a table that reads like one."""
    return frozenset(text.split())


DOCUMENTED = 0.55
"""Factor on the score of a key that its issuer's documentation marks as an example."""
LONGEST_SEQUENCE = 14
TEMPLATED = re.compile(
    r"^[<\[{(%$#@!&*|\\]|^`|\$\{|\$\(|\{\{|\}\}|%\(|#\{|^%s$|^:\w+$|…|\.{3}"
    r"|(?i:\b(?:process\.env|os\.environ|getenv|env\.|secrets\.|vault:|ssm:|arn:|op://|config\.|settings\.|self\.|this\.|\$env:))"
)
WRITTEN = re.compile(
    r"x{4,}|\*{3,}|your|placeholder|redacted|change[_-]?(?:me|it|this)|replace[_-]?(?:me|with|this)"
    r"|insert[_-]|goes[_-]?here|[_-]here\b|<[^>]*>|-{5,}|_{4,}|0{10,}|todo\b|tbd\b",
    re.I,
)
EXAMPLE = re.compile(r"EXAMPLE")
INVENTED = re.compile(
    r"example|sample|dummy|foo_?bar|lorem|^(?:my|the|some|any|a|test|fake|mock)[_-]"
    r"|[_-](?:example|sample|test|demo)$|^(?:test|fake|mock|abc|dev|local)[_-]?(?:secret|token|key|password)?\d*$|hidden|censored",
    re.I,
)
NO_PASSWORDS = frozenset((
    "password", "passwd", "pass", "pwd", "passwort", "kennwort", "contraseña", "contrasena", "motdepasse", "senha",
    "passphrase", "secret", "token", "string", "str", "text", "null", "none", "nil", "undefined", "true", "false",
    "yes", "no", "required", "optional", "nullable", "varchar", "char", "hidden", "masked", "user", "username",
    "name", "login", "email", "mail", "value", "key", "confirm", "confirmation", "confirmed", "new", "old", "current",
    "forgot", "reset", "change", "hash", "hashed", "hash_password", "encrypted", "encrypt", "bcrypt", "plaintext",
    "plain", "input", "output", "field", "form", "data", "get", "set", "type", "int", "bool", "object", "any", "self",
    "args", "kwargs", "default", "empty", "blank", "unknown", "n", "a", "na", "invalid", "valid", "incorrect", "wrong",
    "correct", "missing", "prompt", "ask", "placeholder", "example", "my", "your", "the", "here", "enter", "type",
    "min", "max", "length", "label", "error", "message", "request", "req", "body", "params", "query", "db", "root",
    "admin", "config", "env", "test", "credentials", "credential", "random", "generated", "auto", "options", "props",
    "state", "event", "target", "item", "row", "result", "res", "response", "this", "todo", "strong", "weak", "len",
    "number", "format", "basic", "bearer", "oauth", "auth", "not", "for", "and", "or", "is", "be", "to", "in", "of",
    "with", "at", "if", "it",
))  # fmt: skip
NAMED = re.compile(
    r"(?:my|some|secure|strong|super|safe|user|test|db|new|old|the|plain|simple)?[_-]?(?:secret|secure|strong|safe|root|user)?"
    r"[_-]?(?:password|passwd|passwort|pass|pwd)",
    re.I,
)
WORD = re.compile(r"[A-Za-zÀ-ɏ]+|\d+")
PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
COMMON_PAIRS = words_in(
    "th he in er an re nd on en at ou ed ha to or it is hi es ng st ar te se me ea ne ti nt al le ve co de ra ro ri io "
    "ic as ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa "
    "ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp "
    "fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da "
    "yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib "
    "tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz "
    "ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks xt bs ik dd pg rp rb "
)


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def certainty(secret: str, caution: Caution) -> float:
    """The factor on a rule's score: 0 for a placeholder, less than 1 for a documented example."""
    if caution == "none":
        return 1.0
    if is_placeholder(secret):
        return 0.0
    if caution == "value" and (INVENTED.search(secret) or is_wordy(secret)):
        return DOCUMENTED if EXAMPLE.search(secret) and not is_wordy(secret) else 0.0
    return DOCUMENTED if EXAMPLE.search(secret) else 1.0


def is_placeholder(secret: str) -> bool:
    """Whether a text stands for a secret to be filled in: a template, ``xxxx``, ``YOUR_KEY``, ``1234…``."""
    return bool(
        TEMPLATED.search(secret) or WRITTEN.search(secret) or _low_variety(secret) or _is_sequence(secret)
    )


def stands_for_a_password(value: str) -> bool:
    """Whether a value that was given as a password is none: a template, or only words that name one."""
    if TEMPLATED.search(value) or WRITTEN.search(value) or (len(value) > 5 and len(set(value)) < 2):
        return True
    if NAMED.fullmatch(value):
        return True
    words = [word.casefold() for part in WORD.findall(value) for word in (PIECES.findall(part) or [part])]
    return value.casefold() in NO_PASSWORDS or (bool(words) and all(word in NO_PASSWORDS for word in words))


def is_wordy(secret: str) -> bool:
    """Whether a text is made of words: long runs of letters, most of whose pairs are common in English.

    A random string of both cases and digits has runs of fewer than two letters of one case, and
    half of its pairs are in the table; words have four and more, and nine pairs of ten. Texts with
    many digits, and short ones, are not judged by it.
    """
    runs = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", secret).lower())
    pairs = [run[i : i + 2] for run in runs for i in range(len(run) - 1)]
    letters = sum(map(len, runs))
    if letters < 0.6 * len(secret) or len(pairs) < 5 or letters < 3 * len(runs):
        return False
    return sum(pair in COMMON_PAIRS for pair in pairs) >= 0.82 * len(pairs)


def _low_variety(secret: str) -> bool:
    """Few characters, or one piece again and again."""
    if len(secret) < 8:
        return False
    if len(set(secret)) <= max(2, min(4, len(secret) // 5)):
        return True
    return any(
        secret[n:] == secret[:-n] for n in range(1, min(len(secret) // 3, 16) + 1) if secret[n] == secret[0]
    )


def _is_sequence(secret: str) -> bool:
    """Whether it counts up: ``1234567890abcdef``, ``abcdefghijklmnop``."""
    longest = run = 1
    for one, two in zip(secret, secret[1:], strict=False):
        follows = ord(two) - ord(one) == 1 or (one in "90zZfF" and two in "01aA")
        run = run + 1 if follows and one.isalnum() and two.isalnum() else 1
        longest = max(longest, run)
    return longest >= min(LONGEST_SEQUENCE, max(8, len(secret) - 4))
