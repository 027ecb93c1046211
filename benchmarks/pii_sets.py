"""Labelled conversations to measure on: generated ones, and files of published sets.

Read are: JSON lines with ``{"tokens": [...], "tags": [...]}`` (BIO tags), JSON lines with
``{"text": ..., "spans": [{"start", "end", "label"}]}`` (``entity``, ``entity_type`` and ``type`` are read for
``label``, and presidio-evaluator's ``full_text``, ``start_position``, ``end_position``), and CoNLL files
(one token a line, a blank line between sentences). Tokens are joined into text as they would have been
written: one space between two, none before punctuation, a possessive or a contraction, none after an opening
bracket or a lone @ or #.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pii_generated import Chat, Place, generated
from pii_scores import Labelled, Mark, touches

NAMES = {
    "per": "PERSON", "person": "PERSON", "pers": "PERSON", "name": "PERSON", "name_student": "PERSON",
    "first_name": "PERSON", "last_name": "PERSON", "firstname": "PERSON", "lastname": "PERSON", "musicalartist": "PERSON",
    "loc": "LOCATION", "location": "LOCATION", "gpe": "LOCATION", "geo-loc": "LOCATION", "city": "LOCATION",
    "country": "LOCATION", "facility": "LOCATION", "state": "LOCATION",
    "org": "ORGANIZATION", "organisation": "ORGANIZATION", "organization": "ORGANIZATION",
    "corporation": "ORGANIZATION", "group": "ORGANIZATION", "company": "ORGANIZATION",
    "email": "EMAIL_ADDRESS", "phone": "PHONE_NUMBER", "phone_num": "PHONE_NUMBER", "telephonenum": "PHONE_NUMBER",
    "street": "STREET_ADDRESS", "address": "STREET_ADDRESS", "street_address": "STREET_ADDRESS",
    "ssn": "US_SSN", "socialnum": "US_SSN", "creditcardnumber": "CREDIT_CARD", "iban": "IBAN_CODE",
    "ip": "IP_ADDRESS", "dateofbirth": "DATE_OF_BIRTH", "zip_code": "POSTCODE", "zipcode": "POSTCODE",
}  # fmt: skip
PERSON_FIELDS = ("scientist", "politician", "writer", "musicalartist", "researcher")
CLOSING = re.compile(r"[.,;:!?%)\]}…]+$|['’](?:s|S|re|ve|ll|d|m|t)$|n['’]t$|N['’]T$")
HANDLE = re.compile(r"@\s?\w+")
PARTIES = {
    "borrower",
    "lender",
    "bank",
    "executive",
    "employee",
    "employer",
    "company",
    "guarantor",
    "tenant",
}
PARTIES |= {"landlord", "lessor", "lessee", "holder", "buyer", "seller", "director", "president", "secretary"}
ENDINGS = {"s", "S", "re", "ve", "ll", "d", "m", "t"}
OPENING = set("([{@#$£€")


def chats(rows: int, seed: int, having: str = "") -> Iterator[Labelled]:
    """Generated chats; see `pii_generated`."""
    for chat in generated(rows, seed, having):
        yield labelled_of(chat)


def labelled_of(chat: Chat) -> Labelled:
    """A generated chat as a conversation. A leaf of a tool call is read as "key: value"."""
    keys = [_key(text.path) for text in chat.texts]
    place = {(text.message, text.path): at for at, text in enumerate(chat.texts)}

    def mark(one: Place) -> Mark:
        at = place[one.message, one.path]
        ahead = len(keys[at])
        return Mark(at, one.start + ahead, one.end + ahead, one.entity, one.kind, one.locale)

    return Labelled(
        [key + text.text for key, text in zip(keys, chat.texts, strict=True)],
        [text.role for text in chat.texts],
        [mark(one) for one in chat.gold],
        [mark(one) for one in chat.look_alikes],
        chat.language,
        chat.id,
    )


def from_json_lines(path: Path) -> Iterator[Labelled]:
    """Each line of a file of JSON lines as a conversation of one message."""
    for row in map(json.loads, _lines(path)):
        if "tokens" in row:
            tags = row.get("tags", row.get("labels", row.get("ner_tags")))
            yield from_tokens(row["tokens"], [str(tag) for tag in tags])
        else:
            yield from_spans(row)


def from_conll(path: Path) -> Iterator[Labelled]:
    """Each sentence of a CoNLL file as a conversation of one message.

    Columns are parted by blanks or tabs: the token first and the tag last, or, when the first column counts
    the tokens (as in Universal NER), the second and the third.
    """
    tokens: list[str] = []
    tags: list[str] = []
    for line in (*_lines(path, keep_blank=True), ""):
        if line.startswith(("# ", "-DOCSTART-")):
            continue
        columns = line.split("\t") if "\t" in line else line.split()
        if len(columns) > 2 and columns[0].isdigit():
            columns = columns[1:3]
        if len(columns) > 1:
            tokens.append(columns[0])
            tags.append(columns[-1].strip())
        elif tokens:
            yield from_tokens(tokens, tags)
            tokens, tags = [], []


def held_out(folder: Path) -> Iterator[Labelled]:
    """The sentences of the training corpora that training never saw, as text.

    Two habits of the corpora are undone: parties of a contract (Borrower) are labelled as people there, and
    some of the @handles; the first count as no names, the second are set aside.
    """
    from workbench.names.corpora import FILES, kind_of
    from workbench.names.train import HELD_OUT

    for path in (folder / name for name in FILES if (folder / name).is_file()):
        source = path.name.partition("_")[0].partition(".")[0]
        for at, line in enumerate(_lines(path)):
            if at // 25 % 10 == HELD_OUT:
                row = json.loads(line)
                tags = [f"{tag[:2]}{kind_of(tag)}" if kind_of(tag) else "O" for tag in row["tags"]]
                labelled = from_tokens(row["tokens"], tags)
                text = labelled.texts[0]
                handles = [Mark(0, *found.span(), "USERNAME", "handle") for found in HANDLE.finditer(text)]
                gold = [
                    mark._replace(kind=source)
                    for mark in labelled.gold
                    if text[mark.start : mark.end].lower() not in PARTIES
                    and not any(touches(mark, handle) for handle in handles)
                ]
                yield Labelled(labelled.texts, labelled.roles, [*gold, *handles], name=source)


def from_tokens(tokens: Sequence[str], tags: Sequence[str]) -> Labelled:
    """Tokens joined into text, and their BIO tags as spans of it."""
    text, gold, open_name = "", [], ""
    for at, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
        if text and not CLOSING.match(token) and not _opens(text) and not _contracts(tokens, at):
            text += " "
        start, text = len(text), text + token
        prefix, _, name = (
            tag.partition("-") if tag[:2] in ("B-", "I-", "S-", "E-", "L-", "U-") else ("B", "", tag)
        )
        name = "" if tag in ("O", "") else entity_of(name)
        if name and name == open_name and prefix in ("I", "E", "L"):
            gold[-1] = gold[-1]._replace(end=len(text))
        elif name:
            gold.append(Mark(0, start, len(text), name, "mention"))
        open_name = name
    return Labelled([text], ["user"], gold)


def from_spans(row: dict[str, Any]) -> Labelled:
    """A text with its spans."""
    gold = []
    for span in row.get("spans", row.get("entities", ())):
        label = span.get("label") or span.get("entity") or span.get("entity_type") or span.get("type")
        start = span.get("start", span.get("start_position"))
        end = span.get("end", span.get("end_position"))
        gold.append(Mark(0, int(start), int(end), entity_of(str(label)), "mention"))
    return Labelled(
        [row.get("text", row.get("full_text"))], ["user"], gold, language=row.get("language", "en")
    )


def entity_of(label: str) -> str:
    """The name an entity has here, of the label it has there."""
    folded = label.lower().strip()
    if folded in PERSON_FIELDS:
        return "PERSON"
    return NAMES.get(folded, label.upper())


def _key(path: tuple[str | int, ...]) -> str:
    names = [step for step in path if isinstance(step, str)]
    return f"{names[-1].replace('_', ' ')}: " if names else ""


def _contracts(tokens: Sequence[str], at: int) -> bool:
    """Whether a token is one of the two of a possessive or contraction, split as ``'`` and ``s``."""
    first = at if tokens[at] in "'’" else at - 1
    return first > 0 and first + 1 < len(tokens) and tokens[first] in "'’" and tokens[first + 1] in ENDINGS


def _opens(text: str) -> bool:
    return text[-1] in OPENING and (len(text) == 1 or text[-2] == " ")


def _lines(path: Path, keep_blank: bool = False) -> Iterator[str]:
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8") as file:
        for line in file:
            if keep_blank or line.strip():
                yield line.rstrip("\n")
