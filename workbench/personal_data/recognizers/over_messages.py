"""Values that are told in pieces: a card number over two turns, a telephone number over three.

The pieces are the runs of digits at the end of one message and in the next messages of the same
speaker. Joined they must pass a card's check, or have the length of what is being talked about;
words nearby must say what it is, since any two numbers can be joined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.personal_data.decoding import DIGIT_WORDS, spoken_numbers
from workbench.personal_data.recognizers.checks import card, digits_of
from workbench.personal_data.spans import Span

MOST_PIECES = 5
LONGEST_MESSAGE = 400
LONGEST_PIECE = 6
MOST_LETTERS = 30
"""Beside a piece, in a message that goes on with a number without a check digit."""

SCORE = 0.6
RUN = re.compile(r"(?<![\w.,$€£/])\+?\(?\d(?:[ ().\-]{0,2}\d){0,17}(?![\w%])")
DECIMAL = re.compile(r"\d+\.\d+")
SHORT_SPOKEN = re.compile(
    r"(?<!\w)(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"
    r"(?:[ ,-]{1,2}(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)){1,9}(?!\w)",
    re.IGNORECASE,
)
WORDS = {word: digit for word, digit in DIGIT_WORDS.items() if word.isascii()}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of digits in one message."""

    message: int
    start: int
    end: int
    digits: str


def over_messages(
    texts: Sequence[str], roles: Sequence[str] | None, topics: Sequence[frozenset[str]]
) -> list[tuple[int, Span]]:
    """Spans of the pieces, each with the number of its message. ``topics``: what each message talks about."""
    found: dict[tuple[int, int, int], tuple[int, Span]] = {}
    for speaker in dict.fromkeys(roles or ["" for _ in texts]):
        own = [n for n in range(len(texts)) if roles is None or roles[n] == speaker]
        pieces = {n: _pieces(texts[n], n) for n in own}
        for place, first in enumerate(own):
            for chain in _chains(own[place:], pieces):
                said = frozenset().union(*topics[max(0, first - 1) : chain[-1].message + 1])
                if (entity := _joined(chain, said, texts)) is not None:
                    for piece in chain:
                        span = Span(piece.start, piece.end, entity, SCORE, "over messages")
                        found.setdefault((piece.message, piece.start, piece.end), (piece.message, span))
    return list(found.values())


def _pieces(text: str, message: int) -> list[Piece]:
    """The runs of digits of a message that is short enough to be an answer."""
    if len(text) > LONGEST_MESSAGE:
        return []
    runs = [
        Piece(message, *match.span(), digits_of(match.group()))
        for match in RUN.finditer(text)
        if not DECIMAL.fullmatch(match.group())
    ]
    runs += [
        Piece(
            message,
            *match.span(),
            "".join(WORDS[word.lower()] for word in re.findall(r"[a-z]+", match.group(), re.I)),
        )
        for match in SHORT_SPOKEN.finditer(text)
    ]
    runs += [Piece(message, n.start, n.end, n.digits) for n in spoken_numbers(text)]
    return sorted((run for run in runs if 2 <= len(run.digits) <= 15), key=lambda run: run.start)


def _chains(messages: Sequence[int], pieces: dict[int, list[Piece]]) -> list[list[Piece]]:
    """The last run of the first message with the first run of each of the next, two to five long."""
    if not pieces[messages[0]]:
        return []
    chain = [pieces[messages[0]][-1]]
    chains = []
    for message in messages[1:MOST_PIECES]:
        if not pieces[message]:
            break
        chain = [*chain, pieces[message][0]]
        chains.append(chain)
        if len(pieces[message]) > 1:
            break
    return chains


def _is_told(piece: Piece, texts: Sequence[str]) -> bool:
    """Whether a message is hardly more than its piece, so that it goes on with a number."""
    text = texts[piece.message]
    return sum(map(str.isalpha, text[: piece.start] + text[piece.end :])) <= MOST_LETTERS


def _joined(chain: Sequence[Piece], said: frozenset[str], texts: Sequence[str]) -> str | None:
    digits = "".join(piece.digits for piece in chain)
    longest = max(len(piece.digits) for piece in chain)
    if "card" in said and 13 <= len(digits) <= 19 and longest <= 12 and card(digits):
        return "CREDIT_CARD"
    if longest > LONGEST_PIECE:  # a number that is whole by itself
        return None
    if len({piece.digits for piece in chain}) == 1 or not all(_is_told(piece, texts) for piece in chain[1:]):
        return None
    if "ssn" in said and len(digits) == 9 and digits[0] != "9" and digits[:3] not in ("000", "666"):
        return "US_SSN"
    shortest = min(len(piece.digits) for piece in chain)
    if "phone" in said and 9 <= len(digits) <= 12 and shortest >= 3 and len(set(digits)) > 2:
        return "PHONE_NUMBER"
    return None
