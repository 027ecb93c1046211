"""Which names and places need no scrubbing: public figures, characters of fiction, places by themselves.

A name is personal data when it is a private person's. In chat data most names are Kant's,
Romeo's or those of a story that the user asked for, and scrubbing them harms the data. They are
still reported, as findings that change nothing, so that a person can judge otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workbench.personal_data.spans import Scan, Span
from workbench.value_lists import RECOGNIZER as DENIED

PUBLIC, FICTION, PLACE = "PUBLIC_FIGURE", "FICTION", "PLACE"
KINDS = {PUBLIC: "public_figure", FICTION: "fiction", PLACE: "place"}
"""Kinds of findings that only flag, by the entity that `set_apart` gives their spans."""
ENTITY_OF = {PUBLIC: "PERSON", FICTION: "PERSON", PLACE: "LOCATION"}
NOT_IDENTIFYING = {"LOCATION", "ORGANIZATION", "DATE_TIME", "AGE", "NRP", "URL", *KINDS}
STORY = re.compile(
    r"\b(?:(?:write|tell|compose|create|continue|finish|generate|invent|make\s+up|come\s+up\s+with|rewrite)\b"
    r"[^.?!\n]{0,80}?\b(?:stor(?:y|ies)|poem|tale|novel|fiction|fable|limerick|haiku|screenplay|script|scene|"
    r"dialogue|song|lyrics|myth|legend|character|plot|joke|sonnet|fanfic\w*|monologue)"
    r"|once upon a time|role-?play(?:ing)?\b|fictional|pretend (?:to be|you are|that you)|act as (?:if|a|an|the)\b)",
    re.IGNORECASE,
)
INTRODUCED = re.compile(
    r"\b(?:i am|i['’]?m|my name is|this is|call me|name['’]?s|regards,|sincerely,|thanks,|cheers,)\s*$",
    re.IGNORECASE,
)
WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Leniency:
    """What is only reported: names that are public, names of a story, places that tell of nobody."""

    public_figures: Literal["flag", "scrub", "keep"] = "flag"
    fiction: Literal["flag", "scrub"] = "flag"
    places: Literal["with_person", "all"] = "with_person"


def set_apart(
    texts: Sequence[str], roles: Sequence[str], scans: Sequence[Scan], rule: Leniency
) -> list[Scan]:
    """Give the spans of one row that need no scrubbing entities of `KINDS`; other spans stay.

    A name is public when the list of public figures has it, or when it is part of such a name
    of the same row (*Swift* beside *Taylor Swift*), and nobody bears it by their own word
    (*I am Will Smith*). Names are of fiction when a user or system message asks for a story, a
    poem or a role. Neither holds in a row with another identifier, such as an e-mail address:
    there a name is somebody's. A place counts only in a row that tells of a person. ``keep``
    leaves public figures out altogether. A value of the deny list always stays as it is.
    """
    entities = {span.entity for scan in scans for span in scan.spans}
    identified = bool(entities - NOT_IDENTIFYING - {"PERSON"})
    public = _public_words(texts, scans) if rule.public_figures != "scrub" and not identified else set()
    story = rule.fiction == "flag" and not identified and _asks_for_a_story(texts, roles)
    marked = [
        [_entity(span, _words(text[span.start : span.end]), public, story) for span in scan.spans]
        for text, scan in zip(texts, scans, strict=True)
    ]
    private = identified or any("PERSON" in row for row in marked)
    return [_with(scan, entities, rule, private) for scan, entities in zip(scans, marked, strict=True)]


def _with(scan: Scan, entities: list[str], rule: Leniency, private: bool) -> Scan:
    kept = []
    for span, entity in zip(scan.spans, entities, strict=True):
        if entity == PUBLIC and rule.public_figures == "keep":
            continue
        lenient = rule.places == "with_person" and not private and span.recognizer != DENIED
        if entity == "LOCATION" and lenient:
            entity = PLACE
        kept.append(span if entity == span.entity else replace(span, entity=entity))
    return Scan(tuple(kept), scan.not_scanned)


def _entity(span: Span, words: tuple[str, ...], public: set[str], story: bool) -> str:
    if span.entity != "PERSON" or span.recognizer == DENIED:
        return span.entity
    if words and all(word in public for word in words):
        return PUBLIC
    return FICTION if story else span.entity


def _public_words(texts: Sequence[str], scans: Sequence[Scan]) -> set[str]:
    """Words of the public names of a row, less those that are denied or by which somebody introduces themselves."""
    from workbench.names.public import is_public

    found: set[str] = set()
    own: set[str] = set()
    for text, scan in zip(texts, scans, strict=True):
        for span in scan.spans:
            if span.entity != "PERSON":
                continue
            name = text[span.start : span.end]
            if span.recognizer == DENIED or INTRODUCED.search(text[max(span.start - 30, 0) : span.start]):
                own.update(_words(name))
            elif is_public(name):
                found.update(_words(name))
    return found - own


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in WORDS.findall(name) if word.casefold() != "s")


def _asks_for_a_story(texts: Sequence[str], roles: Sequence[str]) -> bool:
    asked = (text for text, role in zip(texts, roles, strict=True) if role in ("user", "system"))
    return any(STORY.search(text[:20_000]) for text in asked)
