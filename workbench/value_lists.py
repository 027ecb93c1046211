"""Allow and deny lists of values: what is never personal data here, and what always is.

They lie in ``lists/values.jsonl``, append-only, with who, when and why. A value is stored as a
keyed hash alone (`workbench.value_keys`), so the file shows none. An allowed value may also be
a pattern, which is stored as it was typed; a denied value is looked for as a run of words,
whatever their case and what separates them.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.decisions import current_user, timestamp
from workbench.errors import InputError, NotFoundError
from workbench.files import append_lines
from workbench.journals import read_journal
from workbench.personal_data.spans import Span
from workbench.projects import Project
from workbench.value_keys import ValueKey, folded, value_key
from workbench.value_patterns import checked_pattern, fits
from workbench.value_words import Word, run_hash, words_of

ANY = "*"
ENTITY = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
LONGEST = 12
"""Words of a denied value."""
RECOGNIZER = "deny list"

Kind = Literal["allow", "deny"]


class Entry(BaseModel):
    """One line of the lists. ``entity`` is ``*`` for every kind of value; ``hash`` or ``pattern`` is set.

    ``words`` and ``first`` belong to a denied value: how many words it has, and four hex digits of
    the keyed hash of the first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    list: Kind
    action: Literal["add", "remove"] = "add"
    entity: str = ANY
    hash: str = ""
    words: int = 0
    first: str = ""
    pattern: str = ""
    reason: str = ""
    who: str
    when: str


class Wanted(BaseModel):
    """A value, or for ``allow`` a pattern, that a person wants on a list."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    list: Kind
    value: str = Field(default="", max_length=1000, repr=False)
    pattern: str = Field(default="", max_length=300)
    entity: str = ANY
    reason: str = ""


@dataclass(frozen=True)
class ValueLists:
    """The entries in force. It can be sent to worker processes, and holds no value."""

    entries: tuple[Entry, ...] = ()

    def allowed(self, entity: str, value_hash: str) -> str | None:
        """Why a value, named as findings name it, is allowed; None when it is not listed."""
        entry = self._allowed.get((entity, value_hash))
        return None if entry is None else entry.reason or "allowed"

    def allows(self, entity: str, text: str, key: ValueKey) -> str | None:
        """Why the text of a span is allowed: by its hash, for every kind, or by a pattern."""
        if not self._allowed and not self._patterns:
            return None
        for kind in (entity, ANY):
            if (entry := self._allowed.get((kind, key.name_of(kind, text)))) is not None:
                return entry.reason or "allowed"
        for entry in self._patterns:
            if entry.entity in (entity, ANY) and fits(entry.pattern, text):
                return entry.reason or "allowed by a pattern"
        return None

    def denied(self, text: str, key: ValueKey) -> list[Span]:
        """Where denied values stand in a text, in order and without overlaps; the longest counts.

        Costs one look-up a word, and a hash only where the first word of an entry stands.
        """
        if not self._denied:
            return []
        words = words_of(text, key)
        found, position = [], 0
        while position < len(words):
            entry = self._at(words, position, key)
            if entry is None:
                position += 1
                continue
            last = position + entry.words
            entity = "PERSONAL_DATA" if entry.entity == ANY else entry.entity
            found.append(Span(words[position].start, words[last - 1].end, entity, 1.0, RECOGNIZER))
            position = last
        return found

    def fingerprint(self) -> str:
        """16 hex digits that change whenever what is allowed or denied does."""
        facts = sorted(
            json.dumps([e.list, e.entity, e.hash, e.words, e.pattern, e.reason]) for e in self.entries
        )
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]

    def _at(self, words: Sequence[Word], position: int, key: ValueKey) -> Entry | None:
        for count, entries in self._denied.get(words[position].first, {}).items():  # longest first
            if position + count <= len(words):
                run = [word.plain for word in words[position : position + count]]
                if (entry := entries.get(run_hash(key, run))) is not None:
                    return entry
        return None

    @cached_property
    def _allowed(self) -> dict[tuple[str, str], Entry]:
        return {(e.entity, e.hash): e for e in self.entries if e.list == "allow" and e.hash}

    @cached_property
    def _patterns(self) -> list[Entry]:
        return [e for e in self.entries if e.list == "allow" and e.pattern]

    @cached_property
    def _denied(self) -> dict[str, dict[int, dict[str, Entry]]]:
        found: dict[str, dict[int, dict[str, Entry]]] = {}
        for entry in sorted((e for e in self.entries if e.list == "deny"), key=lambda e: -e.words):
            found.setdefault(entry.first, {}).setdefault(entry.words, {})[entry.hash] = entry
        return found


def load_lists(project: Project) -> ValueLists:
    """The lists of a project. Raises `InputError` when a line of them is damaged."""
    lines = read_journal(lists_path(project), Entry)
    gone = {line.id for line in lines if line.action == "remove"}
    return ValueLists(tuple(line for line in lines if line.action == "add" and line.id not in gone))


def add_values(
    project: Project, wanted: Sequence[Wanted], *, who: str | None = None, places: Sequence[str] = ()
) -> list[Entry]:
    """Put values on the lists, all or none; what is there already is left out of the answer.

    ``places`` says where each came from. Raises `InputError` that names the place, never the value.
    """
    key = value_key(project)
    by, now = who or current_user(), timestamp()
    there = {_identity(entry) for entry in load_lists(project).entries}
    new: list[Entry] = []
    for number, value in enumerate(wanted):
        entry = _entry(value, key, places[number] if places else "", by, now)
        if _identity(entry) not in there:
            there.add(_identity(entry))
            new.append(entry)
    append_lines(lists_path(project), [entry.model_dump(exclude_defaults=True) for entry in new])
    return new


def allow_hash(project: Project, entity: str, value_hash: str, reason: str, *, who: str | None = None) -> str:
    """Allow a value that a finding names, without knowing it; return the entry's id."""
    if not re.fullmatch(r"[0-9a-f]{16}", value_hash) or not ENTITY.fullmatch(entity):
        raise InputError("this names no value", remedy="see `workbench values list`")
    entries = load_lists(project).entries
    for entry in entries:
        if entry.list == "allow" and (entry.entity, entry.hash) == (entity, value_hash):
            return entry.id
    by = who or current_user()
    made = Entry(
        id=_new_id(), list="allow", entity=entity, hash=value_hash, reason=reason, who=by, when=timestamp()
    )
    append_lines(lists_path(project), [made.model_dump(exclude_defaults=True)])
    return made.id


def remove_entry(
    project: Project, identity: str, *, who: str | None = None, why: str = "", kind: Kind | None = None
) -> None:
    """Take an entry off its list; the lines about it stay. Raises `NotFoundError`."""
    for entry in load_lists(project).entries:
        if entry.id == identity and kind in (None, entry.list):
            line = Entry(
                id=identity,
                list=entry.list,
                action="remove",
                reason=why,
                who=who or current_user(),
                when=timestamp(),
            )
            append_lines(lists_path(project), [line.model_dump(exclude_defaults=True)])
            return
    raise NotFoundError(
        f"no entry '{identity[:40]}' is in force", remedy="see `workbench values allow list` and `deny list`"
    )


def lists_path(project: Project) -> Path:
    """Where the lists lie."""
    return project.folder("lists", "values.jsonl")


def _entry(wanted: Wanted, key: ValueKey, place: str, who: str, when: str) -> Entry:
    if wanted.entity != ANY and not ENTITY.fullmatch(wanted.entity):
        raise InputError(
            "the entity is no name in capitals",
            where=place,
            remedy="write PERSON, EMAIL_ADDRESS, … or * for all",
        )
    made = Entry(
        id=_new_id(), list=wanted.list, entity=wanted.entity, reason=wanted.reason, who=who, when=when
    )
    if bool(wanted.value.strip()) == bool(wanted.pattern):
        raise InputError(
            "give a value or a pattern", where=place, remedy="one of the two, and not an empty one"
        )
    if wanted.value and folded(wanted.value) in folded(wanted.reason):
        raise InputError("the reason holds the value", where=place, remedy="say why without it")
    if wanted.pattern and wanted.list == "deny":
        raise InputError(
            "a pattern cannot be denied here",
            where=place,
            remedy="give the recipe's personal_data step a pattern of yours instead",
        )
    if wanted.pattern:
        return made.model_copy(update={"pattern": checked_pattern(wanted.pattern, place)})
    if wanted.list == "allow":
        if not folded(wanted.value):
            raise InputError("the value has no letter or digit", where=place, remedy="give the whole value")
        return made.model_copy(update={"hash": key.name_of(wanted.entity, wanted.value)})
    words = words_of(wanted.value, key)
    if not 1 <= len(words) <= LONGEST:
        raise InputError(
            f"a denied value has 1 to {LONGEST} words",
            where=place,
            remedy="give each name or number by itself",
        )
    run = [word.plain for word in words]
    facts = {"hash": run_hash(key, run), "words": len(run), "first": words[0].first}
    return made.model_copy(update=facts)


def _identity(entry: Entry) -> tuple[str, str, str, str]:
    return entry.list, entry.entity, entry.hash, entry.pattern


def _new_id() -> str:
    return f"list-{uuid.uuid4().hex[:12]}"
