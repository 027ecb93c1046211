"""Assignments: whether what is given to a name such as ``api_key`` or ``password`` is a secret.

A key without a format of its own is known by the name it is given to, and by looking like no
word, path, call or reference. The pattern only proposes; what is here decides.
"""

from __future__ import annotations

import re
from typing import Any

from workbench.secret_rules.placeholders import (
    INVENTED,
    NO_PASSWORDS,
    UUID,
    entropy,
    is_placeholder,
    is_wordy,
    stands_for_a_password,
    words_in,
)

NAME_PARTS = re.compile(r"[A-Z]+(?![a-zß-ɏ])|[A-ZÀ-Þ]?[a-zß-ɏ]+|\d+")
SECRET_WORDS = words_in(
    "secret secrets token apikey apitoken appkey appsecret authkey authtoken accesskey accesstoken secretkey privatekey "
    "clientsecret sessionkey sessiontoken credential credentials creds refreshtoken masterkey"
)
KEY_OWNERS = words_in(
    "api access auth secret private encryption encrypt signing sign account master service app application consumer "
    "client storage shared session admin webhook subscription deploy deployment function jwt hmac aes crypto security rest "
    "server write ingest project bot integration instrumentation license user oauth developer dev cipher decryption"
)
PASSWORD_WORDS = words_in(
    "password passwords passwd pwd passphrase passwort kennwort contraseña contrasena motdepasse mdp senha passcode pass pw "
    "psw pword userpassword dbpassword"
)
LAST_WORDS = words_in(
    "value val string str prod production dev development staging live test env new old current default raw base64 b64 hex "
    "main primary secondary backup admin user db 0 1 2 3 4 5"
)
OTHER_THINGS = words_in(
    "public pub hash hashed hashes next page continuation max min num total pad eos bos unk special mask sep cls count "
    "digest checksum fingerprint tokenizer cancellation idempotency cache foreign object s3object row sort partition "
    "selector translation message event"
)
REFERENCE = re.compile(r"\$?[A-Za-z_]\w*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)+\.?|[A-Za-z_]\w*\[.*|\w+\(.*")
CALL = re.compile(r"[A-Za-z_][\w.]*\(")
PATH = re.compile(
    r"(?:https?:|file:|ftp:|\.{0,2}/[\w.]|~/|[A-Za-z]:\\)|.*://|.*\.(?:json|pem|py|js|ts|txt|key|crt|ya?ml|env|xml|php)$"
)
OTHER_FORM = re.compile(
    r"\d{4}-\d\d-\d\d.*|v?\d+(?:\.\d+)+\S{0,12}|[\w.+-]+@[\w-]+\.[\w.]+|[\d.,:/-]+|(?:sha(?:1|256|384|512)|md5)[-:=].*"
)
KEY_BYTES = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9+/]{40,}={0,2}")
SETTING = re.compile(
    r"(?:server|data source|host|database|initial catalog|uid|user(?: ?id|name)?|dbname|driver|port|dsn|jdbc:\w+)\s*[=:]",
    re.I,
)
SYMBOL = re.compile(r"[!@#$%^&*+=~?€£§]")
STATES = re.compile(
    r"(?:[a-zà-ÿ]+(?:ed|ing|ly|en|ble|ful|less|ive|ic|ous|al|est|er|ant|ent|iert|ert|bar|lich|ée?s?|ido|ado|ada|oire|ble|ct|rt)"
    r"|[a-zà-ÿ]+-[a-zà-ÿ-]+|[a-zà-ÿ]+[’'][a-zà-ÿ]+|[a-zà-ÿ]{1,4}|longer|still|also|only|never|always|usually|often|about"
    r"|stolen|unique|simple|secure|strong|weak|short|wrong|private|secret|needed|something|nothing|anything|either|neither"
    r"|because|between|before|after|under|where|there|their|these|those|which|would|could|should|might|nicht|nur|immer|falsch"
    r"|faux|exact|please|sensible|obligatoire|segura|fuerte|really|quite|rather|pretty|super|sicher|geheim|crypt\w*|safe)"
)


def assigned_secret(secret: str, match: Any) -> float:
    """The factor for a key or token assigned to a name."""
    if not names_a_secret(match["name"]) or OTHER_FORM.fullmatch(secret) or _is_code(secret, match):
        return 0.0
    if is_placeholder(secret) or INVENTED.search(secret) or stands_for_a_password(secret) or is_wordy(secret):
        return 0.0
    if UUID.fullmatch(secret) or re.fullmatch(r"[0-9a-fA-F]{16,128}", secret):
        return 1.0 if entropy(secret) > 2.8 else 0.0
    digits = sum(character.isdigit() for character in secret)
    if entropy(secret) < 3.0 or (not digits and (len(secret) < 16 or _is_one_case(secret))):
        return 0.0
    return 1.0 if entropy(secret) >= 3.4 else 0.8


def assigned_password(secret: str, match: Any) -> float:
    """The factor for a password assigned to a name in code, settings or a form."""
    name = _words(match["name"])
    if not names_a_password(match["name"]) or _is_code(secret, match) or stands_for_a_password(secret):
        return 0.0
    if match["quote"] or _is_whole(match):
        return _quoted_password(secret, name)
    if stands_for_a_password(secret.rstrip("0123456789")):  # the name of another variable
        return 0.0
    if not _like_password(secret):
        plain = match["name"].isupper() and "=" in match["between"] and _ends_line(match) and len(secret) >= 6
        return 0.75 if plain and not is_placeholder(secret) else 0.0
    return 0.0 if _ends_line(match) is None else 1.0


def connection_password(secret: str, match: Any) -> float:
    """The factor for ``Password=…;`` in a connection string: another setting stands beside it."""
    line = match.string[max(0, match.start() - 300) : match.end() + 100]
    if (
        stands_for_a_password(secret)
        or is_placeholder(secret)
        or REFERENCE.fullmatch(secret)
        or PATH.match(secret)
    ):
        return 0.0
    return 1.0 if SETTING.search(line) else 0.0


def typed_password(secret: str, _match: Any) -> float:
    """The factor for a password typed in a command or a file of log-ins."""
    if stands_for_a_password(secret) or is_placeholder(secret) or PATH.match(secret):
        return 0.0
    return 1.0 if _like_password(secret) else 0.7


def said_password(secret: str, match: Any) -> float:
    """The factor for a password that a person tells: *my password is …*."""
    if stands_for_a_password(secret) or is_placeholder(secret) or PATH.match(secret) or CALL.match(secret):
        return 0.0
    if match["quote"]:
        return 0.0 if " " in secret and not re.search(r"\d", secret) else 0.95
    if _like_password(secret):
        return 1.0
    alone = re.match(
        r"\s*(?:[.!,;]?\s*$|[.!]\s|,\s(?:but|and|can|please|i)\b|\n)", match.string[match.end() :][:40], re.M
    )
    told = match["whose"] is not None and alone
    return 0.6 if told and len(secret) >= 5 and not STATES.fullmatch(secret.casefold()) else 0.0


def password_in_url(secret: str, match: Any) -> float:
    """The factor for the part between user and host of a URL."""
    if is_placeholder(secret) and not re.fullmatch(r"[\w!$%*&@#-]{4,12}", secret):
        return 0.0
    return 0.0 if stands_for_a_password(secret) or (secret.isdigit() and len(secret) < 6) else 1.0


def names_a_secret(name: str) -> bool:
    """Whether a name is that of a key or token itself, not of its length, path or type."""
    words = _words(name)
    if OTHER_THINGS.intersection(words):
        return False
    for place in range(len(words) - 1, -1, -1):
        word, before = words[place], words[place - 1] if place else ""
        if word in SECRET_WORDS or (word == "key" and before in KEY_OWNERS):
            return True
        if word not in LAST_WORDS:
            return False
    return False


def names_a_password(name: str) -> bool:
    """Whether a name is that of a password itself."""
    words = _words(name)
    if OTHER_THINGS.intersection(words):
        return False
    for word in reversed(words):
        if word in PASSWORD_WORDS:
            return True
        if word not in LAST_WORDS:
            return False
    return False


def _words(name: str) -> list[str]:
    return [part.casefold() for part in NAME_PARTS.findall(name)]


def _is_code(secret: str, match: Any) -> bool:
    """Whether a value is a reference, a call, a path or a comparison rather than a literal."""
    if PATH.match(secret) and not KEY_BYTES.fullmatch(secret):
        return True
    return not match["quote"] and bool(
        REFERENCE.fullmatch(secret) or match.string[match.end() :][:1] in ("(", "[")
    )


def _quoted_password(secret: str, name: list[str]) -> float:
    folded = secret.casefold()
    if (
        " " in secret
        or "|" in secret
        or folded in name
        or (INVENTED.search(secret) and not _like_password(secret))
    ):
        return 0.0
    if re.fullmatch(r"[a-z]+(?:[_-][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+", secret):
        return 0.0 if any(part in folded for part in ("pass", "pwd", "secret", "user")) else 0.7
    return 1.0 if _like_password(secret) else 0.75


def _like_password(value: str) -> bool:
    """Whether a word would be odd as anything but a password: a digit or a sign in it."""
    if re.fullmatch(r"[\d.,%:/-]+", value):
        return value.isdigit() and len(value) >= 4
    if OTHER_FORM.fullmatch(value) or re.fullmatch(r"\W+", value):
        return False
    if (
        re.fullmatch(r"\d+(?:st|nd|rd|th|min|s|h|d|px|em|%|\+)?|[a-z]+\d(?:st|nd)?|(?:\w+-)+\w+", value)
        and len(value) < 6
    ):
        return False
    inner = value[:-1] if value[-1:] in "?!" else value
    return bool(re.search(r"\d", value) and re.search(r"[^\W\d]", value)) or bool(SYMBOL.search(inner))


def _ends_line(match: Any) -> bool | None:
    """True at the end of a line, False before a separator or further text, None within an expression."""
    after = match.string[match.end() :][:24]
    if re.match(r"\s*(?:$|\n|#|//|\\n)", after):
        return True
    return None if re.match(r"\s*(?:[(\[+?*]|characters|chars|digits|letters|if\b|or\b)", after) else False


def _is_whole(match: Any) -> bool:
    """Whether the assignment is all of the text, as a leaf of JSON is read: ``password: swordfish``."""
    return (
        ": " in match["between"]
        and not match.string[: match.start()].strip()
        and match.end() == len(match.string)
    )


def _is_one_case(secret: str) -> bool:
    letters = "".join(character for character in secret if character.isalpha())
    return letters.islower() or letters.isupper() or letters in NO_PASSWORDS
