"""How well spans that were found agree with spans that are there.

Three ways of counting, each by entity:

- *exact*: same entity and an intersection over union of at least 0.75, one to one (the matching of
  presidio-evaluator's ``SpanEvaluator``); precision, recall and F2 (recall counts four times);
- *overlap*: a found span touches a true one of the same entity;
- *masked*: every letter and digit of the true span is covered by found spans of whatever entity. This is
  the measure of leaks.

Titles (Mr, Dr.) and a possessive 's count in neither direction. A found span that touches somebody
everybody knows, a secret or a handle (labelled, but not looked for here) is no error of precision. Names in
other languages than English have rows of their own, for they are not promised.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

IOU = 0.75
SAME = {"UK_POSTCODE": "POSTCODE", "DE_PLZ": "POSTCODE", "CA_POSTAL_CODE": "POSTCODE"}
ASIDE = ("PUBLIC_FIGURE", "SECRET", "USERNAME")
MODEL_ENTITIES = ("PERSON", "LOCATION", "ORGANIZATION")
TITLE = re.compile(
    r"(?:mr|mrs|ms|miss|dr|prof|professor|judge|captain|uncle|aunt|grandma|sir|herr|frau|monsieur|madame"
    r"|señora?)\.?\s+",
    re.IGNORECASE,
)
POSSESSIVE = re.compile(r"['’]s?$")


class Mark(NamedTuple):
    """Characters ``start`` to ``end`` of the text number ``text``, true or found."""

    text: int
    start: int
    end: int
    entity: str
    kind: str = ""
    locale: str = ""


@dataclass(frozen=True)
class Labelled:
    """The texts of one conversation and what is personal in them."""

    texts: list[str]
    roles: list[str]
    gold: list[Mark]
    look_alikes: list[Mark] = field(default_factory=list)
    language: str = "en"
    name: str = ""


@dataclass
class Counts:
    """What was counted for one entity."""

    gold: int = 0
    found: int = 0
    exact: int = 0
    overlap_gold: int = 0
    overlap_found: int = 0
    masked: int = 0

    def ratios(self) -> dict[str, float | None]:
        """Precision, recall and F2 of both ways, and the share masked; None where there is nothing."""
        precision, recall = _share(self.exact, self.found), _share(self.exact, self.gold)
        near, seen = _share(self.overlap_found, self.found), _share(self.overlap_gold, self.gold)
        return {
            "precision": precision,
            "recall": recall,
            "f2": f2(precision, recall),
            "overlap precision": near,
            "overlap recall": seen,
            "overlap f2": f2(near, seen),
            "masked": _share(self.masked, self.gold),
        }


def _tally() -> list[int]:
    return [0, 0]


def _tallies() -> dict[Any, list[int]]:
    return defaultdict(_tally)


@dataclass
class Scores:
    """Counts by entity, names and look-alikes by kind and locale, public figures named."""

    entities: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    groups: dict[tuple[str, str], list[int]] = field(default_factory=_tallies)
    look_alikes: dict[str, list[int]] = field(default_factory=_tallies)
    found_in_look_alikes: Counter[tuple[str, str]] = field(default_factory=Counter)


def f2(precision: float | None, recall: float | None) -> float | None:
    """The F measure with beta 2; 0 when one is 0, None when one is unknown."""
    if precision is None or recall is None:
        return None
    return 5 * precision * recall / (4 * precision + recall) if precision and recall else 0.0


def scored(pairs: Iterable[tuple[Labelled, Sequence[Mark]]], aside: Collection[str] = ASIDE) -> Scores:
    """Count what was found in each conversation against what is there.

    Found spans that touch a true one of the entities ``aside`` are not judged.
    """
    scores = Scores()
    for labelled, found in pairs:
        gold = [_trimmed(labelled.texts[mark.text], mark) for mark in labelled.gold]
        seen = [_trimmed(labelled.texts[mark.text], mark) for mark in found]
        _count(scores, labelled, gold, seen, aside)
    return scores


def touches(one: Mark, other: Mark) -> bool:
    """Whether both have a character in common."""
    return one.text == other.text and one.start < other.end and other.start < one.end


def masked(text: str, mark: Mark, found: Sequence[Mark]) -> bool:
    """Whether every letter and digit of a span is covered."""
    covered = {
        at for other in found if touches(mark, other) for at in range(other.start, min(other.end, mark.end))
    }
    return all(at in covered for at in range(mark.start, mark.end) if text[at].isalnum())


def _count(
    scores: Scores, labelled: Labelled, gold: list[Mark], found: list[Mark], aside: Collection[str]
) -> None:
    ignored = [mark for mark in gold if mark.entity in aside]
    wanted = [mark for mark in gold if mark.entity not in aside]
    judged = [mark for mark in found if not any(touches(mark, other) for other in ignored)]
    for one, _ in _matched(wanted, judged):
        scores.entities[_row(one, labelled)].exact += 1
    for mark in judged:
        counts = scores.entities[_row(mark, labelled)]
        counts.found += 1
        counts.overlap_found += any(touches(mark, other) and other.entity == mark.entity for other in wanted)
    for mark in gold:
        counts = scores.entities[_row(mark, labelled)]
        counts.gold += 1
        counts.overlap_gold += any(touches(mark, other) and other.entity == mark.entity for other in found)
        hidden = masked(labelled.texts[mark.text], mark, found)
        counts.masked += hidden
        row = _row(mark, labelled)
        for group in (f"{row} by locale", f"{row} by kind"):
            tally = scores.groups[group, mark.locale if group.endswith("locale") else mark.kind]
            tally[0] += 1
            tally[1] += hidden
    for mark in labelled.look_alikes:
        hits = [other.entity for other in found if touches(mark, other)]
        scores.look_alikes[mark.kind][0] += 1
        scores.look_alikes[mark.kind][1] += bool(hits)
        scores.found_in_look_alikes.update((mark.kind, entity) for entity in hits)


def _row(mark: Mark, labelled: Labelled) -> str:
    if mark.entity in MODEL_ENTITIES and labelled.language != "en":
        return f"{mark.entity} (not English)"
    return mark.entity


def _matched(gold: list[Mark], found: list[Mark]) -> list[tuple[Mark, Mark]]:
    """True and found spans one to one, the best overlap first."""
    pairs = []
    for one in gold:
        for other in found:
            if one.entity == other.entity and touches(one, other):
                both = min(one.end, other.end) - max(one.start, other.start)
                share = both / (one.end - one.start + other.end - other.start - both)
                if share >= IOU:
                    pairs.append((share, one, other))
    chosen, used = [], set()
    for _, one, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if ("gold", one) not in used and ("found", other) not in used:
            used |= {("gold", one), ("found", other)}
            chosen.append((one, other))
    return chosen


def _trimmed(text: str, mark: Mark) -> Mark:
    mark = mark._replace(entity=SAME.get(mark.entity, mark.entity))
    if mark.entity != "PERSON":
        return mark
    start, end = mark.start, mark.end
    title = TITLE.match(text, start, end)
    if title and title.end() < end:
        start = title.end()
    possessive = POSSESSIVE.search(text[start:end])
    return mark._replace(start=start, end=start + possessive.start() if possessive else end)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
