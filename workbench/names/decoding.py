"""From chances of single tokens to spans: thresholds, joined parts, trimmed titles and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.names.crf import KINDS, Chances
from workbench.names.dictionary import dictionary
from workbench.names.features import NAME_SUFFIXES, PARTICLES, TITLES, case_of
from workbench.names.lexicon import lexicon
from workbench.names.tokens import Token
from workbench.names.words import listed

WEAK = 1.6
"""A single word with nothing but its capital to speak for it must reach the threshold so many times."""

SMALL = 4
"""Words in small letters that may as well be no name must reach the threshold so many times."""

NO_NAME = 2
"""English words that are on no list of names must reach the threshold so many times."""

NO_NAMES = listed("no names")

GOING_ON = 0.4
"""A name begun goes on over neighbours that reach this part of the threshold."""


@dataclass(frozen=True, slots=True)
class Named:
    """Tokens ``first`` to ``last`` (exclusive) of a sentence, their kind, and the mean raw chance."""

    first: int
    last: int
    kind: str
    raw: float


def named(
    tokens: Sequence[Token], chances: Sequence[tuple[Chances, bool]], thresholds: dict[str, float]
) -> list[Named]:
    """The names in one sentence. ``thresholds`` are by kind; a kind without one is not looked for."""
    lowest = min(thresholds.values())
    kinds = [_kind(each, thresholds) if sum(each) >= lowest else "" for each, _ in chances]
    if not any(kinds):
        return []
    found: list[Named] = []
    at = 0
    while at < len(tokens):
        kind = kinds[at]
        if not kind:
            at += 1
            continue
        end = at + 1
        while end < len(tokens) and kinds[end] == kind and not (chances[end][1] and not _joined(tokens, end)):
            end += 1
        least = thresholds[kind] * GOING_ON
        column = KINDS.index(kind)
        last_found = found[-1].last if found else 0
        start = at
        while start > last_found and _goes_on(tokens, chances, start - 1, column, least, kinds):
            start -= 1
        while end < len(tokens) and _goes_on(tokens, chances, end, column, least, kinds):
            end += 1
        if kind == "PERSON":
            start, end = _completed(tokens, start, end, last_found, kinds)
        start, end = _trimmed(tokens, start, end)
        raws = [chances[i][0][column] for i in range(start, end)]
        if raws:
            name = Named(start, end, kind, max(sum(raws) / len(raws), chances[at][0][column] * 0.9))
            if max(raws) >= _needed(tokens, name, thresholds[kind]):
                found.append(name)
        at = max(end, at + 1)
    return found


def _kind(each: Chances, thresholds: dict[str, float]) -> str:
    """The likeliest wanted kind, when it or all wanted kinds together reach the threshold."""
    wanted = [(each[i], kind) for i, kind in enumerate(KINDS) if kind in thresholds]
    best, kind = max(wanted)
    if best >= thresholds[kind]:
        return kind
    for chance, other in sorted(wanted, reverse=True):
        if chance >= thresholds[other]:
            return other
    together = sum(chance for chance, other in wanted if other != "ORGANIZATION")
    return kind if kind != "ORGANIZATION" and together >= 1.2 * thresholds[kind] else ""


def _needed(tokens: Sequence[Token], name: Named, threshold: float) -> float:
    """The chance that one of the words of a name must reach: more for one word that may be none."""
    word = tokens[name.first][0]
    if all(case_of(each) == "I" for each, _ in tokens[name.first : name.last]):
        return 1.1
    threshold = _of_words([each for each, _ in tokens[name.first : name.last]], threshold)
    if name.last - name.first > 1:
        return threshold
    if word[0] in "@#":
        return (
            1.1
            if name.first and _touch(tokens, name.first - 1) and tokens[name.first - 1][0][-1].isalnum()
            else threshold
        )
    folded = word.lower().rstrip(".")
    if (folded in TITLES and case_of(word) != "A") or _is_identifier(tokens, name.first):
        return 1.1
    marks = lexicon().get(folded, "")
    common = any(mark in "wm" for mark in marks) or "1" in marks
    if name.kind == "LOCATION":
        weak = "P" not in marks and (len(word) <= 4 or common)
    else:
        on_a_list = any(mark in "FfLl" for mark in marks)
        if name.first == 0 and not on_a_list and any(mark in "wm" for mark in marks):
            return 1.1
        weak = (name.first == 0 or case_of(word) in "Al") and (common or not on_a_list)
    return min(WEAK * threshold, max(threshold, 0.75)) if weak else threshold


def _of_words(words: Sequence[str], threshold: float) -> float:
    """The chance to be reached when the words of a name are common words too."""
    if all(case_of(each) == "I" or _is_no_name(each) for each in words):
        if case_of(words[0]) == "I":  # "A. Summary" begins an item of a list
            return 1.1
        threshold = min(NO_NAME * threshold, max(threshold, 0.8))
    ordinary = sum(map(_is_ordinary, words))
    if ordinary == len(words):
        return 1.1
    if all(map(str.islower, words)) and not any("u" in lexicon().get(each, "") for each in words):
        if 2 * ordinary >= len(words):
            return 1.1
        if ordinary or len(set(words)) == 1 or all(map(_may_be_none, words)):
            threshold = min(SMALL * threshold, max(threshold, 0.6))
    return threshold


def _is_no_name(word: str) -> bool:
    """An English word that is on no list of names; in capitals it may be an abbreviation of one."""
    return case_of(word) != "A" and word.lower() in dictionary()


def _is_ordinary(word: str) -> bool:
    """A common English word in small letters: nearly always written so, or on no list of names."""
    if not word.islower():
        return False
    marks = lexicon().get(word, "")
    if "w" in marks or "m" in marks:
        return True
    return any(rank in marks for rank in "123") and not any(mark in "uFfLl" for mark in marks)


def _may_be_none(word: str) -> bool:
    """A word in small letters that is on a list of names and an English word as well."""
    marks = lexicon().get(word, "")
    return "u" not in marks and any(rank in marks for rank in "123")


def _touch(tokens: Sequence[Token], at: int) -> bool:
    """Whether nothing stands between a token and the next."""
    return at + 1 < len(tokens) and tokens[at][1] + len(tokens[at][0]) == tokens[at + 1][1]


def _is_identifier(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word is part of code such as ``Jordan(Base)`` or ``Berlin.EAST``."""
    if not (_touch(tokens, at) and _touch(tokens, at + 1)):
        return False
    return tokens[at + 1][0] in (".", "(", "=", "::", "_") and tokens[at + 2][0][0].isalnum()


def _goes_on(
    tokens: Sequence[Token],
    chances: Sequence[tuple[Chances, bool]],
    at: int,
    column: int,
    least: float,
    kinds: Sequence[str],
) -> bool:
    return not kinds[at] and chances[at][0][column] >= least and tokens[at][0][0].isalpha()


def _joined(tokens: Sequence[Token], at: int) -> bool:
    word, start = tokens[at]
    before, before_start = tokens[at - 1]
    return (before in "-'’." or word in "-'’.") and before_start + len(before) == start


def _completed(
    tokens: Sequence[Token], start: int, end: int, least: int, kinds: Sequence[str]
) -> tuple[int, int]:
    """Take in initials before, suffixes after, particles and hyphens between parts of one name."""
    while start > least and case_of(tokens[start - 1][0]) == "I":
        start -= 1
    while end < len(tokens):
        word = tokens[end][0]
        after = end + 1
        if word.lower().rstrip(".") in NAME_SUFFIXES and word[0].isupper():
            end = after
        elif (
            after < len(tokens)
            and kinds[after] == "PERSON"
            and (
                (word in "-'’" and _joined(tokens, end)) or word.lower() in PARTICLES or case_of(word) == "I"
            )
        ):
            end = after + 1
        else:
            break
    return start, end


def _trimmed(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    while start < end and (_is_mark(tokens[start][0]) or _is_title(tokens, start, end)):
        start += 1
    while end > start and (_is_mark(tokens[end - 1][0]) or tokens[end - 1][0].lower() in ("'s", "’s")):
        end -= 1
    if any(token[0][0].isupper() for token in tokens[start:end]):
        while end > start and (_is_common(tokens[end - 1][0]) or tokens[end - 1][0].lower() in NO_NAMES):
            end -= 1
        while start < end and _is_common(tokens[start][0]):
            start += 1
    return start, end


def _is_common(word: str) -> bool:
    """A word in small letters that nearly always is, beside one with a capital: not part of the name."""
    return word.islower() and (word in NO_NAMES or ("w" in lexicon().get(word, "") and word not in PARTICLES))


def _is_mark(word: str) -> bool:
    return not any(character.isalnum() for character in word)


def _is_title(tokens: Sequence[Token], at: int, end: int) -> bool:
    word = tokens[at][0]
    return end - at > 1 and (word[-1] == "." or word[0].isupper()) and word.lower().rstrip(".") in TITLES
