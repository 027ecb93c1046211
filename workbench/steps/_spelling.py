"""Words of a batch of texts as places in their bytes, with hashes and ways of writing.

Texts are read byte by byte in NumPy, all texts of a batch at once; Python sees no word.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from workbench.embedding import STOP_WORDS

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint32]
Wide = npt.NDArray[np.uint64]

PLAIN, CAPITAL, QUOTED, NUMBER, FIRST_CAPITAL = 1, 2, 3, 4, 5
"""How a word is written here: what a slot of a template may hold is not ``PLAIN``."""

LONGEST_QUOTATION = 82
_FEW_MARKS = 16
_BYTES_AT_ONCE = 1 << 16
_LETTERS_WITHOUT_SPACES = r"([\x{0E00}-\x{0EFF}\x{1000}-\x{109F}\x{1780}-\x{17FF}\x{3040}-\x{30FF}\x{3400}-\x{9FFF}\x{F900}-\x{FAFF}])"
_NO_LETTERS = r"[\p{So}\p{Cf}\x{2010}-\x{205E}\x{3001}-\x{3003}\x{3008}-\x{3011}\x{00BF}\x{00A1}\x{FE0F}]"
_BASE = 0xD6E8FEB86659FD93
_NEWLINE, _QUOTE, _COLON, _SLASH = 10, 34, 58, 47


class Words(NamedTuple):
    """The words of some texts, flat: text number, 32-bit hash, way of writing, stop word or not."""

    texts: Integers
    hashes: npt.NDArray[np.uint32]
    written: Codes
    stop: npt.NDArray[np.bool_]


def words(texts: pa.StringArray) -> Words:
    """Split texts into words in Unicode NFKC and lower case; punctuation at their edges is left out.

    Scripts without spaces are taken letter by letter. A word is ``NUMBER`` when it holds a
    digit, ``@``, ``_`` or a web address, ``QUOTED`` between double quotes, ``CAPITAL``
    within a sentence and ``FIRST_CAPITAL`` at its start.
    """
    found = spelled(texts)
    data, first, last = found.lower, found.starts, found.ends - 1
    written = np.full(len(first), PLAIN, dtype=np.uint8)
    after = np.minimum(first + 1, len(data) - 1)
    capital = found.written[first] != data[first]
    capital |= (data[first] >= 128) & (found.written[after] != data[after])
    written[capital] = CAPITAL
    written[capital & found.begins] = FIRST_CAPITAL
    written[_within(_FIGURE_BYTES[data] | _addresses(data), first, last + 1)] = NUMBER
    written[_quoted(data, found.places, first, found.texts)] = QUOTED
    hashes = _hashes(data, first, last + 1)
    return Words(found.texts, hashes, written, _is_stop(hashes))


class Spelled(NamedTuple):
    """The words of some texts as places in their bytes: small letters, and as they are written."""

    lower: Bytes
    written: Bytes
    places: Integers
    texts: Integers
    starts: Integers
    ends: Integers
    begins: Bools


def spelled(texts: pa.StringArray) -> Spelled:
    texts = _readable(texts)
    lower = pc.utf8_lower(texts)
    # A few letters change their length in bytes with their case; such texts have no capitals here.
    texts = pc.if_else(pc.equal(pc.binary_length(texts), pc.binary_length(lower)), texts, lower)
    data, places = _flat_bytes(lower)
    written, _ = _flat_bytes(texts)
    starts, ends = _runs(data, places)
    own = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(starts, places)))
    first, last = _trimmed(_LETTER_BYTES[data], starts, ends)
    kept = first <= last
    breaks = _breaks(data, starts, ends) | np.r_[own[1:] != own[:-1], True] if len(starts) else kept
    begins = np.r_[True, breaks[:-1]] if len(starts) else kept
    return Spelled(data, written, places, own[kept], first[kept], last[kept] + 1, begins[kept])


def _readable(texts: pa.StringArray) -> pa.StringArray:
    """Bring texts that are not plain ASCII to one normal form, letters of words apart from the rest."""
    plain = pc.string_is_ascii(texts)
    if pc.all(plain).as_py() is not False:
        return texts
    other = pc.invert(plain)
    chosen = pc.utf8_normalize(texts.filter(other), form="NFKC")
    chosen = pc.replace_substring_regex(chosen, "[“”„«»]", '"')
    chosen = pc.replace_substring_regex(chosen, _LETTERS_WITHOUT_SPACES, r" \1 ")
    chosen = pc.replace_substring_regex(chosen, _NO_LETTERS, " ")
    return pc.replace_with_mask(texts, other, chosen)


def _flat_bytes(texts: pa.StringArray) -> tuple[Bytes, Integers]:
    """The UTF-8 bytes of all texts, and where each begins (and the last ends)."""
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(
        np.int64
    )
    flat = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, np.uint8)
    return flat[places[0] : places[-1]], places - places[0]


def _runs(data: Bytes, places: Integers) -> tuple[Integers, Integers]:
    """First and last byte of each run of bytes that are not white space, within one text."""
    if not len(data):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    apart = np.zeros(len(data) + 1, dtype=np.bool_)
    apart[places] = True
    solid = data > 32
    starts = solid & (np.r_[True, ~solid[:-1]] | apart[:-1])
    ends = solid & (np.r_[~solid[1:], True] | apart[1:])
    return np.flatnonzero(starts), np.flatnonzero(ends)


def _trimmed(is_letter: Bools, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """First and last letter or digit of each run; where there is none, first is after last."""
    first, last = starts.copy(), ends.copy()
    for places, step in ((first, 1), (last, -1)):
        wrong = np.flatnonzero(~is_letter[places])
        for _ in range(_FEW_MARKS):
            places[wrong] += step
            wrong = wrong[(first[wrong] <= last[wrong])]
            wrong = wrong[~is_letter[places[wrong]]]
            if not len(wrong):
                break
        else:
            known = np.flatnonzero(is_letter)
            if step == 1:
                places[wrong] = np.r_[known, len(is_letter)][np.searchsorted(known, starts[wrong])]
            else:
                places[wrong] = np.r_[-1, known][np.searchsorted(known, ends[wrong], side="right")]
    return first, last


def _breaks(data: Bytes, starts: Integers, ends: Integers) -> Bools:
    """Whether a sentence or line ends with a run."""
    lines = np.cumsum(data == _NEWLINE, dtype=np.int32)
    following = np.r_[starts[1:], len(data) - 1]
    return np.asarray(_END_BYTES[data[ends]] | (lines[following] > lines[ends]))


def _hashes(data: Bytes, starts: Integers, ends: Integers) -> Hashes:
    """A 32-bit hash of each run of bytes: a polynomial in 64 bits, then mixed."""
    sizes = ends - starts
    if len(sizes) and int(sizes.max()) > _BYTES_AT_ONCE:
        value = _long_polynomials(data, starts, sizes)
    else:
        value = _polynomials(data, starts, ends)
    value ^= sizes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return np.asarray((value ^ (value >> np.uint64(29))) >> np.uint64(32), dtype=np.uint32)


def _long_polynomials(data: Bytes, starts: Integers, sizes: Integers) -> Wide:
    """The same value with long runs cut in pieces, so that no table is as long as the longest run."""
    counts = np.maximum(-(-sizes // _BYTES_AT_ONCE), 1)
    first = np.cumsum(counts) - counts
    number = np.arange(int(counts.sum())) - np.repeat(first, counts)
    begins = np.repeat(starts, counts) + number * _BYTES_AT_ONCE
    ends = np.minimum(begins + _BYTES_AT_ONCE, np.repeat(starts + sizes, counts))
    step = pow(_BASE, _BYTES_AT_ONCE, 1 << 64)
    value = _polynomials(data, begins, ends) * _powers_of(step, int(counts.max()))[number]
    return np.asarray(np.add.reduceat(value, first), dtype=np.uint64)


def _polynomials(data: Bytes, starts: Integers, ends: Integers) -> Wide:
    """The polynomial of each run of at most ``_BYTES_AT_ONCE`` bytes.

    It is the difference of two running sums over all bytes, brought back to the run's own
    powers by the inverse (every odd number has one modulo 2^64).
    """
    powers, inverse = _powers()
    value = np.zeros(len(starts), dtype=np.uint64)
    for low in range(0, len(data), _BYTES_AT_ONCE):
        here = slice(*np.searchsorted(starts, (low, low + _BYTES_AT_ONCE)))
        if here.start == here.stop:
            continue
        high = int(ends[here].max())
        sums = np.zeros(high - low + 1, dtype=np.uint64)
        np.cumsum((data[low:high].astype(np.uint64) + np.uint64(1)) * powers[: high - low], out=sums[1:])
        value[here] = (sums[ends[here] - low] - sums[starts[here] - low]) * inverse[starts[here] - low]
    return value


def ranges(starts: Integers, sizes: Integers) -> Integers:
    """``starts[0], starts[0] + 1, …`` for ``sizes[0]`` numbers, then the same for the next."""
    begins = np.cumsum(sizes) - sizes
    return np.asarray(np.arange(int(sizes.sum())) + np.repeat(starts - begins, sizes))


@cache
def _powers() -> tuple[Wide, Wide]:
    """The powers of the base and those of its inverse, for every place of a window of two pieces."""
    return _powers_of(_BASE, 2 * _BYTES_AT_ONCE), _powers_of(pow(_BASE, -1, 1 << 64), 2 * _BYTES_AT_ONCE)


def _powers_of(base: int, count: int) -> Wide:
    """The powers of a number modulo 2^64, from 0 to ``count - 1``."""
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _within(marked: Bools, starts: Integers, ends: Integers) -> Bools:
    """Whether a run has a marked byte."""
    before = np.concatenate([np.zeros(1, np.int32), np.cumsum(marked, dtype=np.int32)])
    return np.asarray(before[ends] > before[starts])


def _addresses(data: Bytes) -> Bools:
    return np.r_[(data[:-1] == _COLON) & (data[1:] == _SLASH), False] if len(data) else np.zeros(0, np.bool_)


def _quoted(data: Bytes, places: Integers, starts: Integers, own: Integers) -> Bools:
    """Whether a word stands between two double quotes that are near each other in its text."""
    quotes = np.flatnonzero(data == _QUOTE)
    if not len(quotes):
        return np.zeros(len(starts), dtype=np.bool_)
    earliest = np.searchsorted(quotes, places[:-1])[own]
    after = np.searchsorted(quotes, starts)
    odd = (after - earliest) % 2 == 1
    close = quotes[np.minimum(after, len(quotes) - 1)]
    near = (after < len(quotes)) & (close < places[own + 1])
    return np.asarray(odd & near & (close - quotes[np.maximum(after - 1, 0)] <= LONGEST_QUOTATION))


@cache
def _stop_hashes() -> tuple[Hashes, Bools]:
    """The hashes of the stop words, sorted, and which lower halves of a hash they have."""
    data, places = _flat_bytes(pa.array(sorted(STOP_WORDS), pa.string()))
    hashes = np.sort(_hashes(data, places[:-1], places[1:]))
    halves = np.zeros(1 << 16, dtype=np.bool_)
    halves[hashes & np.uint32(0xFFFF)] = True
    return hashes, halves


def _is_stop(hashes: Hashes) -> Bools:
    known, halves = _stop_hashes()
    result = halves[hashes & np.uint32(0xFFFF)]
    maybe = hashes[result]
    result[result] = known[np.minimum(np.searchsorted(known, maybe), len(known) - 1)] == maybe
    return np.asarray(result)


def _byte_table(*ranges: tuple[int, int]) -> Bools:
    table = np.zeros(256, dtype=np.bool_)
    for low, high in ranges:
        table[low : high + 1] = True
    return table


_LETTER_BYTES = _byte_table((48, 57), (65, 90), (97, 122), (128, 255))
_FIGURE_BYTES = _byte_table((48, 57), (64, 64), (95, 95))
_END_BYTES = _byte_table((33, 33), (46, 46), (58, 59), (63, 63))
