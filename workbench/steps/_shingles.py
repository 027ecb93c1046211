"""Words and word pairs of a batch of texts, as arrays of hashes: what duplicates are compared by.

Everything that is done for every word is done by Arrow or NumPy; Python sees only the
distinct words of a batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from workbench.embedding import STOP_WORDS

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Grams = npt.NDArray[np.int32]

PLAIN, CAPITAL, QUOTED, NUMBER, FIRST_CAPITAL = 1, 2, 3, 4, 5
"""How a word is written here: what a slot of a template may hold is not ``PLAIN``."""

LAST = 8
"""Set beside the way of writing: the gram is in the last exchange of its row."""

PAIR_BIT, HASH_BITS = 4, 28
"""A gram is an int32: part (2 bits), whether it is a word pair (1 bit), 28 bits of hash."""

_WORD = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)
_ENDS = tuple(".!?:;。！？")
_LETTERS_WITHOUT_SPACES = r"([\x{0E00}-\x{0EFF}\x{1000}-\x{109F}\x{1780}-\x{17FF}\x{3040}-\x{30FF}\x{3400}-\x{9FFF}\x{F900}-\x{FAFF}])"
_LINE, _OPEN, _CLOSE = "\x02", "\x03", "\x04"
_LETTERS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d|@|://|^www\.|_")
_MEMO_WORDS = 500_000
_memo: dict[str, tuple[int, int, bool, bool, int]] = {}


class Words(NamedTuple):
    """The words of some texts, flat: text number, 32-bit hash, way of writing, stop word or not."""

    texts: Integers
    hashes: npt.NDArray[np.uint32]
    written: Codes
    stop: npt.NDArray[np.bool_]


class GramSets(NamedTuple):
    """Distinct grams of each row, flat and sorted within a row.

    ``counts`` has the grams of each row, ``signed`` marks those that a signature is made of.
    """

    grams: Grams
    written: Codes
    signed: npt.NDArray[np.bool_]
    counts: Integers


def words(texts: Sequence[str]) -> Words:
    """Split texts into words in Unicode NFKC and lower case; punctuation at their edges is left out.

    Scripts without spaces are taken letter by letter. A word is ``NUMBER`` when it holds a
    digit, ``@`` or a web address, ``QUOTED`` between double quotes, ``CAPITAL`` within a
    sentence and ``FIRST_CAPITAL`` at its start.
    """
    column = pa.array(texts, pa.string())
    if not pc.all(pc.string_is_ascii(column)).as_py():
        column = pc.utf8_normalize(column, form="NFKC")
        column = pc.replace_substring_regex(column, _LETTERS_WITHOUT_SPACES, r" \1 ")
    column = pc.replace_substring_regex(column, r'["“]([^"“”\n]{1,80})["”]', rf" {_OPEN} \1 {_CLOSE} ")
    column = pc.replace_substring(column, "\n", f" {_LINE} ")
    lists = pc.utf8_split_whitespace(column)
    counts = np.asarray(pc.list_value_length(lists), dtype=np.int64)
    encoded = lists.flatten().dictionary_encode()
    known = [_memo.get(word) or _described(word) for word in encoded.dictionary.to_pylist()]
    if len(_memo) > _MEMO_WORDS:
        _memo.clear()
    table = np.array(known, dtype=np.int64).reshape(-1, 5)
    found = table[np.asarray(encoded.indices)]
    number = np.repeat(np.arange(len(texts)), counts)
    written = found[:, 1].copy()
    first = (
        np.r_[True, (found[:-1, 2] == 1) | (number[1:] != number[:-1])] if len(found) else np.zeros(0, bool)
    )
    written[(written == CAPITAL) & first] = FIRST_CAPITAL
    written[np.cumsum(found[:, 4]) > 0] = QUOTED
    kept = found[:, 1] > 0
    return Words(
        number[kept],
        found[kept, 0].astype(np.uint32),
        written[kept].astype(np.uint8),
        found[kept, 3].astype(bool),
    )


def gram_sets(
    found: Words, rows: Integers, parts: Integers, last: npt.NDArray[np.bool_], count: int
) -> GramSets:
    """Make the set of words and word pairs of each row.

    ``rows``, ``parts`` and ``last`` give, for each text, the row it belongs to
    (0 … count - 1), its part (0 … 3) and whether it is of the last exchange; equal words in
    different parts are different grams.
    """
    row, part, earlier = rows[found.texts], parts[found.texts], ~last[found.texts]
    single = _gram(found.hashes, part, pair=False)
    follows = found.texts[1:] == found.texts[:-1] if len(found.texts) else np.zeros(0, dtype=np.bool_)
    mixed = found.hashes[:-1][follows] * np.uint32(0x9E3779B1) ^ _mixed(found.hashes[1:][follows])
    double = _gram(_mixed(mixed), part[1:][follows], pair=True)
    plain = np.full(len(double), PLAIN, dtype=np.uint8)
    keys = np.concatenate(
        [
            _key(row, single, earlier, found.written, found.stop),
            _key(
                row[1:][follows], double, earlier[1:][follows], plain, np.zeros(len(double), dtype=np.bool_)
            ),
        ]
    )
    keys.sort()
    first = np.r_[True, keys[1:] >> np.uint64(5) != keys[:-1] >> np.uint64(5)] if len(keys) else []
    keys = keys[np.asarray(first, dtype=np.bool_)]
    written = ((keys >> np.uint64(1)) & np.uint64(7)).astype(np.uint8)
    written |= np.where((keys >> np.uint64(4)) & np.uint64(1), 0, LAST).astype(np.uint8)
    return GramSets(
        ((keys >> np.uint64(5)) & np.uint64(0x7FFFFFFF)).astype(np.int32),
        written,
        (keys & np.uint64(1)) == 0,
        np.bincount((keys >> np.uint64(36)).astype(np.int64), minlength=count),
    )


def letter_grams(texts: Sequence[str], size: int = 3) -> list[Grams]:
    """The distinct runs of ``size`` letters of each text, sorted; for texts of a few words."""
    found = []
    for text in texts:
        line = f" {' '.join(_LETTERS.findall(text.casefold()))} "
        runs = {line[i : i + size] for i in range(max(1, len(line) - size + 1))}
        values = [xxhash.xxh32_intdigest(run.encode()) & 0x7FFFFFFF for run in runs]
        found.append(np.array(sorted(values), dtype=np.int32))
    return found


def _described(raw: str) -> tuple[int, int, bool, bool, int]:
    """Hash, way of writing (0: no word), sentence end, stop word, quote depth change."""
    match = _WORD.search(raw)
    if match is None:
        depth = {_OPEN: 1, _CLOSE: -1}.get(raw, 0)
        described = (0, 0, raw == _LINE or raw.endswith(_ENDS), False, depth)
    else:
        word = match.group()
        lower = word.lower()
        written = NUMBER if _NUMBER.search(word) else CAPITAL if word[0].isupper() else PLAIN
        code = xxhash.xxh32_intdigest(lower.encode())
        described = (code, written, raw.endswith(_ENDS), lower in STOP_WORDS, 0)
    _memo[raw] = described
    return described


def _mixed(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The finaliser of MurmurHash3: every input bit moves every output bit."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def _gram(hashes: npt.NDArray[np.uint32], part: Integers, *, pair: bool) -> npt.NDArray[np.uint64]:
    code = (hashes & np.uint32((1 << HASH_BITS) - 1)).astype(np.uint64) << np.uint64(3)
    return code | np.uint64(PAIR_BIT if pair else 0) | part.astype(np.uint64)


def _key(
    row: Integers,
    gram: npt.NDArray[np.uint64],
    earlier: npt.NDArray[np.bool_],
    written: Codes,
    stop: npt.NDArray[np.bool_],
) -> npt.NDArray[np.uint64]:
    """One sortable number for a gram: of the same gram in a row, that of the last exchange is first."""
    key = (row.astype(np.uint64) << np.uint64(31)) | gram
    key = (key << np.uint64(1)) | earlier.astype(np.uint64)
    key = (key << np.uint64(3)) | written.astype(np.uint64)
    return np.asarray((key << np.uint64(1)) | stop.astype(np.uint64), dtype=np.uint64)
