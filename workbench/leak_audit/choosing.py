"""Which of the replaced values are worth a search: short and everyday ones would be found anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from workbench.leak_audit.forms import SHORTEST, fold
from workbench.leak_audit.searching import Value
from workbench.value_keys import ValueKey
from workbench.value_lists import ValueLists

CALENDAR = (
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday"
)


@dataclass
class Chosen:
    """The values to search for, and how many were left out, by reason. Its text form shows none."""

    values: list[Value] = field(default_factory=list, repr=False)
    left_out: Counter[str] = field(default_factory=Counter)


def chosen_values(values: Iterable[Value], kept: set[str], lists: ValueLists, key: ValueKey) -> Chosen:
    """Sort out what is too short, an everyday word, kept by a person, or on the allow list."""
    found = Chosen()
    for value in sorted(set(values)):
        reason = _reason(value, kept, lists, key)
        if reason:
            found.left_out[reason] += 1
        else:
            found.values.append(value)
    return found


def _reason(value: Value, kept: set[str], lists: ValueLists, key: ValueKey) -> str:
    name = key.name_of(value.entity, value.text)
    if name in kept:
        return "kept by a person"
    if lists.allows(value.entity, value.text, key):
        return "on the allow list"
    if len(fold(value.text)) < SHORTEST:
        return "shorter than 4 characters"
    return "an everyday word" if fold(value.text) in everyday_words() else ""


@lru_cache(maxsize=1)
def everyday_words() -> frozenset[str]:
    """About a thousand of the commonest English words (Faker's word list), and the calendar's."""
    from faker.providers.lorem.en_US import Provider

    return frozenset(map(fold, (*Provider.word_list, *CALENDAR.split())))
