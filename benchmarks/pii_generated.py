"""Chats with personal data at known places, made from templates; and strings that only look personal.

``python benchmarks/pii_generated.py FOLDER [--rows 2000] [--seed 0]`` writes ``chats.jsonl`` (chats in the
OpenAI shape, ready for ``workbench import``) and ``gold.jsonl`` (one line a chat: what is personal, where).
The same seed gives the same bytes, as long as Faker stays the same.

The templates are text: ``S:``, ``U:``, ``A:``, ``T:`` open a message of the system, user, assistant and tool,
``C name: {…}`` is a call of a tool. ``[[p.full]]`` is an attribute of a person (p, q, r), ``[[n.order]]`` a
look-alike, ``[[secret.github]]`` a secret, ``[[fake.slug]]`` what only looks like one, ``[[=May]]`` a word that
could be a name and is none, ``[[public]]`` somebody everybody knows, ``[[org]]`` a company.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pii_look_alikes import look_alike, organisation, public
from pii_secrets import FAKES, SECRETS
from pii_values import Person, Piece, faker

FOLDER = Path(__file__).parent / "pii_templates"
SLOT = re.compile(r"\[\[([^\[\]]+)\]\]")
OPENING = re.compile(r"^(?:([SUAT]):|C (\w+):)(?: |$)")
ROLES = {"S": "system", "U": "user", "A": "assistant", "T": "tool"}
PROSE = {
    "support",
    "banking",
    "travel",
    "medical",
    "hr",
    "school",
    "real_estate",
    "legal",
    "forum",
    "everyday",
}
LOWERED = 0.08
CASE_MATTERS = ("SECRET", "CRYPTO")


@dataclass(frozen=True)
class Template:
    """One chat with slots: pairs of a role (or ``call NAME``) and a text."""

    domain: str
    language: str
    turns: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """All turns in one text."""
        return "\n".join(text for _, text in self.turns)


@dataclass(frozen=True)
class Place:
    """Characters of one text of a chat: a message, or (with ``path``) a leaf of its tool call's arguments.

    ``entity`` is empty for a look-alike; ``kind`` says which sort it is.
    """

    message: int
    path: tuple[str | int, ...]
    start: int
    end: int
    entity: str
    kind: str
    locale: str = ""


@dataclass(frozen=True)
class Text:
    """One readable text of a chat."""

    message: int
    path: tuple[str | int, ...]
    role: str
    text: str


@dataclass(frozen=True)
class Chat:
    """A generated chat: its messages, its readable texts in order, and what is where in them."""

    id: str
    domain: str
    language: str
    locale: str
    messages: list[dict[str, Any]]
    texts: list[Text]
    gold: list[Place]
    look_alikes: list[Place] = field(default_factory=list)


@cache
def templates() -> tuple[Template, ...]:
    """All templates, by file and in the order of the files."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        sheet = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [
            Template(sheet["domain"], sheet["language"], tuple(_turns(text))) for text in sheet["templates"]
        ]
    return tuple(found)


def generated(rows: int, seed: int = 0, having: str = "") -> Iterator[Chat]:
    """``rows`` chats: the templates in turn (those whose text has the pattern), each time with other people."""
    chosen = [one for one in templates() if re.search(having, one.text)]
    for number in range(rows):
        yield filled(chosen[number % len(chosen)], f"{seed}:{number}")


def filled(template: Template, seed: str) -> Chat:
    """A template with people in its slots. The same seed gives the same chat."""
    pen = _Pen(template, seed)
    messages: list[dict[str, Any]] = []
    calls = 0
    for number, (role, text) in enumerate(template.turns):
        if role.startswith("call "):
            calls += 1
            arguments = pen.tree(number, json.loads(text))
            call = {
                "id": f"call_{calls}",
                "type": "function",
                "function": {
                    "name": role.removeprefix("call "),
                    "arguments": json.dumps(arguments, ensure_ascii=False),
                },
            }
            messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        else:
            written = pen.written(number, (), role, text)
            extra = {"tool_call_id": f"call_{calls}"} if role == "tool" else {}
            messages.append({"role": role, "content": written, **extra})
    return Chat(
        f"{template.domain}-{seed}",
        template.domain,
        template.language,
        pen.people["p"].locale,
        messages,
        pen.texts,
        pen.gold,
        pen.look_alikes,
    )


class _Pen:
    """Writes one chat and notes where it put what."""

    def __init__(self, template: Template, seed: str) -> None:
        self.random = random.Random(seed)
        self.people = {name: Person(self.random, template.language) for name in "pqr"}
        self.values = faker("en_US")
        self.values.seed_instance(f"{seed}:values")
        self.lowered = template.domain in PROSE and self.random.random() < LOWERED
        self.famous = ""
        self.texts: list[Text] = []
        self.gold: list[Place] = []
        self.look_alikes: list[Place] = []

    def tree(self, message: int, value: Any, path: tuple[str | int, ...] = ()) -> Any:
        """The arguments of a call with every text leaf written."""
        if isinstance(value, dict):
            return {key: self.tree(message, inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.tree(message, inner, (*path, at)) for at, inner in enumerate(value)]
        return self.written(message, path, "assistant", value) if isinstance(value, str) else value

    def written(self, message: int, path: tuple[str | int, ...], role: str, text: str) -> str:
        """One text with its slots filled; places are noted as they arise."""
        done, length = [], 0
        for piece in self._pieces(text):
            shown = piece.text.lower() if self.lowered and role == "user" else piece.text
            if piece.entity in CASE_MATTERS or len(shown) != len(piece.text):
                shown = piece.text
            kind = piece.kind if shown == piece.text else f"{piece.kind}, lower case"
            place = (message, path, length, length + len(shown))
            if piece.entity:
                self._note(Place(*place, piece.entity, kind, piece.locale), "".join(done))
            elif piece.kind:
                self.look_alikes.append(Place(*place, "", kind))
            done.append(shown)
            length += len(shown)
        self.texts.append(Text(message, path, role, "".join(done)))
        return "".join(done)

    def _note(self, place: Place, before: str) -> None:
        """Keep a place; a first name and a last name side by side are one mention."""
        last = self.gold[-1] if self.gold else None
        if (
            last is not None
            and (last.message, last.path, last.entity) == (place.message, place.path, "PERSON")
            and place.entity == "PERSON"
            and before[last.end :] == " "
        ):
            self.gold[-1] = replace(last, end=place.end, kind=last.kind.replace("first", "full"))
        else:
            self.gold.append(place)

    def _pieces(self, text: str) -> Iterator[Piece]:
        for at, part in enumerate(SLOT.split(text)):
            if at % 2 == 0:
                yield Piece(part)
            else:
                yield from self._slot(part)

    def _slot(self, slot: str) -> Iterator[Piece]:
        name, _, case = slot.partition("|")
        owner, _, what = name.partition(".")
        if name.startswith("="):
            yield Piece(name[1:], None, "word")
        elif owner in self.people:
            for piece in self.people[owner].slot(what):
                yield _cased(piece, case)
        elif owner == "public":
            self.famous = self.famous if what == "same" else public(self.random).text
            yield Piece(self.famous, "PUBLIC_FIGURE", "public")
        elif owner == "n":
            yield look_alike(what, self.random, self.values)
        elif owner == "secret":
            yield from SECRETS[what](self.random)
        elif owner == "fake":
            yield Piece(FAKES[what](self.random), None, f"fake {what}")
        else:
            yield organisation(self.random)


def _cased(piece: Piece, case: str) -> Piece:
    changed = {"lower": str.lower, "upper": str.upper, "title": str.title}.get(case, str)(piece.text)
    if not case or not piece.entity:
        return piece
    return piece._replace(text=changed, kind=f"{piece.kind}, {case} case")


def _turns(text: str) -> Iterator[tuple[str, str]]:
    role, lines = "user", []
    for line in text.rstrip("\n").split("\n"):
        opening = OPENING.match(line)
        if opening:
            if lines:
                yield role, "\n".join(lines)
            role = ROLES[opening[1]] if opening[1] else f"call {opening[2]}"
            lines = [line[opening.end() :]]
        else:
            lines.append(line)
    yield role, "\n".join(lines)


def write(folder: Path, rows: int, seed: int) -> tuple[Path, Path]:
    """Write the chats and what is personal in them; gives both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    chats, gold = folder / "chats.jsonl", folder / "gold.jsonl"
    with chats.open("w", encoding="utf-8") as rows_file, gold.open("w", encoding="utf-8") as gold_file:
        for chat in generated(rows, seed):
            row = {"messages": chat.messages, "label": chat.domain}
            rows_file.write(json.dumps(row, ensure_ascii=False) + "\n")
            known = {
                "id": chat.id,
                "domain": chat.domain,
                "language": chat.language,
                "locale": chat.locale,
                "gold": [asdict(place) for place in chat.gold],
                "look_alikes": [asdict(place) for place in chat.look_alikes],
            }
            gold_file.write(json.dumps(known, ensure_ascii=False) + "\n")
    return chats, gold


def main() -> None:
    """Write a set and say what is in it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--rows", type=int, default=2_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    paths = write(asked.folder, asked.rows, asked.seed)
    print(f"{asked.rows:,} chats of {len(templates())} templates in {paths[0]}, places in {paths[1]}")


if __name__ == "__main__":
    main()
