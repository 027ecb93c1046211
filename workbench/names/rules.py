"""Phrases after which a name stands: greetings, introductions, mail headers, signatures, titles.

A word after such a phrase counts as a name only when it is written with a capital and is not a
word that is commonly written small, a role ("Customer", "Team") or a day; after "my name is" small
letters will do for a listed name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.names.features import ORGANISATION_WORDS, PARTICLES, PLACE_WORDS, TIMES, TITLES
from workbench.names.lexicon import lexicon
from workbench.names.words import listed
from workbench.personal_data.spans import Span

_WORD = r"[^\W\d_][\w'’-]{0,30}"
_PARTS = rf"({_WORD}(?:[ ](?:[^\W\d_]\.[ ]?)?{_WORD}){{0,3}})"
_INITIALS = 0.85
_OPENINGS = (
    (0.93, re.compile(rf"\b(?:[Mm]y (?:full |first |last )?(?:name|surname)(?: is|'s|’s)|I am called|[Cc]all me|I go by)[ ]{_PARTS}")),
    (0.90, re.compile(rf"^[ >*]{{0,4}}(?:Dear|Hi|Hello|Hey|hi|hey|hello)[ ]{_PARTS}[ ]?[,!:\n-]", re.MULTILINE)),
    (0.92, re.compile(rf"^[ >*]{{0,4}}(?:From|To|Cc|CC|Bcc|Attn|Attention)[ ]?:[ ]{{0,4}}{_PARTS}", re.MULTILINE)),
    (0.90, re.compile(rf"^[ >*]{{0,4}}(?:Full |Customer |Patient |Contact |First |Last )?[Nn]ame[ ]?:[ ]{_PARTS}", re.M)),
    (0.93, re.compile(rf"\b(?:Mr|Mrs|Ms|Dr|Prof|Mx|Miss|Messrs|Sgt|Lt|Capt|Rev|Sen|Rep|Gov)\.?[ ]{_PARTS}")),
    (
        0.88,
        re.compile(
            r"\b(?:Captain|Colonel|Major|Sergeant|Lieutenant|Detective|Officer|Judge|Justice|Senator|Governor|Mayor|"
            rf"Professor|Doctor|Nurse|Coach|Prince|Princess|Queen|Lord|Lady|Sir|Dame|Uncle|Aunt|Auntie|Father|Sister)[ ]{_PARTS}"
        ),
    ),
    (_INITIALS, re.compile(rf"(?<=[^\n\w.][ ])(?:[A-Z]\.[ ]?){{1,3}}(?:(?:van|von|der|den|de|la|al)[ ])*{_PARTS}")),
    (
        0.88,
        re.compile(
            r"\b(?:(?:man|woman|boy|girl|guy|person|somebody|someone|colleague|friend|neighbou?r|customer|patient|"
            rf"son|daughter|brother|sister|husband|wife|baby)[ ](?:called|named)|[Ss]urname(?::| is)?)[ ]{_PARTS}"
        ),
    ),
    (
        0.90,
        re.compile(
            r"^(?:[Bb]est|[Kk]ind|[Ww]arm|[Mm]any|[Yy]ours)?[ ]?(?:[Rr]egards|[Ss]incerely|[Cc]heers|[Tt]hanks|[Tt]hank you|"
            rf"[Ll]ove|[Bb]est|[Ww]ishes|[Ff]aithfully|[Tt]ruly)[ ]?[,.!]?[ ]?\r?\n\s{{0,4}}[-–]?[ ]?{_PARTS}[ ]{{0,4}}$",
            re.MULTILINE,
        ),
    ),
    (0.88, re.compile(rf"\b(?:[Tt]his is|[Ii]t's|[Ii]t’s)[ ]{_PARTS}[ ](?:calling|speaking|from|here)\b")),
)  # fmt: skip
_NOT_NAMES = listed("after a greeting but no name")
_NEVER_LAST = listed("never at the end of a name")


def openings(text: str) -> Iterator[Span]:
    """Names of people that such phrases announce, in the order of the rules; spans may overlap."""
    for score, pattern in _OPENINGS:
        for match in pattern.finditer(text):
            introduced = score == _OPENINGS[0][0] and pattern is _OPENINGS[0][1]
            end = _name_end(match[1], introduced)
            if end:
                start = match.start(1) if score != _INITIALS else match.start()
                yield Span(start, match.start(1) + end, "PERSON", score, "phrase")


def _name_end(parts: str, introduced: bool) -> int:
    """Where the name ends in the words after a phrase; 0 when there is none."""
    end = 0
    for match in re.finditer(r"\S+", parts):
        word = match.group().rstrip("'’-")
        if word.endswith(("'s", "’s")):
            word = word[:-2]
        if not _may_be_name(word, introduced, first=end == 0):
            break
        end = match.start() + len(word)
        if len(word) < len(match.group()) and word[-1] != ".":
            break
    return end


def _may_be_name(word: str, introduced: bool, *, first: bool) -> bool:
    folded = word.lower().rstrip(".")
    if folded in _NOT_NAMES or folded in TITLES or folded in ORGANISATION_WORDS or folded in TIMES:
        return not first and folded in PARTICLES
    if len(word) <= 2 and word[-1] == "." and not first:
        return True
    marks = lexicon().get(folded, "")
    on_a_list = any(mark in "FfLl" for mark in marks)
    if word[0].isupper():
        if folded in PLACE_WORDS and not on_a_list:
            return False
        return on_a_list or "1" not in marks if "w" not in marks else on_a_list and not first
    if folded in PARTICLES and not first:
        return True
    return introduced and on_a_list and "w" not in marks and folded not in _NEVER_LAST
