"""What near duplicates are found by: gram sets and MinHash bands of each row, never its text."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from workbench.steps._minhash import bands
from workbench.steps._shingles import PAIR_BIT, gram_sets, letter_grams
from workbench.steps._spelling import words

SHORT_WORDS = 12
"""Rows of fewer words are compared letter by letter; up to twice as many have letters at hand."""
SHORT_BYTES = 2048
"""What is longer is not short, however few its words: a row may be one word of megabytes."""
LETTER_BANDS = 12
MORE_THAN_COURTESY = r"^\s*(\S+\s+){3}\S"
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
ROLES = ("user", "assistant")
Part = Literal["whole", "prompt", "answer"]


class Texts(NamedTuple):
    """The texts to compare, and for each its row, its part and whether it is of the last exchange."""

    texts: pa.StringArray
    rows: Integers
    parts: Integers
    last: Bools


def near_features(rows: pa.RecordBatch, compare: Part, seed: int) -> dict[str, Any]:
    """Gram sets and MinHash bands of each row; letter runs and their bands for short rows."""
    count = rows.num_rows
    taken = _texts(rows, compare)
    found = words(taken.texts)
    sets = gram_sets(found, taken.rows, taken.parts, taken.last, count)
    length = np.bincount(taken.rows[found.texts], minlength=count)
    own = np.repeat(np.arange(count), sets.counts)
    source = rows.column("source").flatten()
    answered = taken.parts == 1
    letters = np.asarray(pc.utf8_length(taken.texts))[answered]
    columns: dict[str, Any] = {
        "id": rows.column("id"),
        "file": source[0],
        "line": source[1],
        "label": rows.column("label"),
        "tools": np.array(
            [xxhash.xxh3_64_intdigest((tools or "").encode()) for tools in rows.column("tools").to_pylist()],
            dtype=np.uint64,
        ),
        "length": np.bincount(taken.rows[answered], weights=letters, minlength=count).astype(np.int64),
        "words": length,
        "grams": _lists(sets.grams, sets.counts),
        "written": _lists(sets.written, sets.counts),
    }
    salt = xxhash.xxh3_64_intdigest("".join(rows.column("id").to_pylist()).encode())
    signed = np.bincount(own[sets.signed], minlength=count)
    for band, keys in enumerate(bands(sets.grams[sets.signed], signed, seed, salt)):
        columns[f"band{band:02d}"] = keys
    size = np.bincount(taken.rows, weights=np.asarray(pc.binary_length(taken.texts)), minlength=count)
    return columns | _letters(taken, (length < 2 * SHORT_WORDS) & (size <= SHORT_BYTES), seed, salt)


def _texts(rows: pa.RecordBatch, compare: Part) -> Texts:
    """Take rows apart: part 0 is what the user says, 1 the answers (or chosen), 2 what is rejected."""
    found: list[tuple[pa.Array, Integers, Integers, Bools]] = []
    paired = np.asarray(rows.column("kind")) == "preference"
    for column in ("messages", "chosen", "rejected"):
        owner, role, content, calls = _messages(rows.column(column))
        if not len(owner):
            continue
        user, assistant = (np.asarray(pc.fill_null(pc.equal(role, name), False)) for name in ROLES)
        if column == "messages":
            part = np.where(user, 0, 1)
            wanted = user | (assistant & ~paired[owner])
            last = np.arange(len(owner)) >= _last_exchange(owner, user, content, rows.num_rows)[owner]
        else:
            part = np.full(len(owner), 1 if column == "chosen" else 2)
            wanted, last = assistant, np.ones(len(owner), dtype=np.bool_)
        if compare != "whole":
            wanted &= (part == 0) == (compare == "prompt")
        for texts in (content, calls):
            if texts.null_count == len(texts):
                continue
            kept = wanted & np.asarray(pc.fill_null(pc.greater(pc.binary_length(texts), 0), False))
            found.append((texts.filter(pa.array(kept)), owner[kept], part[kept], last[kept]))
    if not found:
        empty = np.zeros(0, dtype=np.int64)
        return Texts(pa.array([], pa.string()), empty, empty, empty.astype(np.bool_))
    texts, owners, parts, lasts = zip(*found, strict=True)
    return Texts(
        pa.concat_arrays(texts), np.concatenate(owners), np.concatenate(parts), np.concatenate(lasts)
    )


def _messages(column: pa.ListArray) -> tuple[Integers, pa.Array, pa.Array, pa.Array]:
    """Row, role, content and tool calls of every message of a list column."""
    fields = column.flatten().flatten()
    owner = np.asarray(pc.list_parent_indices(column), dtype=np.int64)
    return owner, fields[0], fields[1], fields[3]


def _last_exchange(owner: Integers, user: Bools, content: pa.Array, rows: int) -> Integers:
    """Where, for each row, the last exchange begins that is more than a word of thanks."""
    place = np.arange(len(owner))
    long = np.flatnonzero(user)
    asked = content.filter(pa.array(user))
    long = long[np.asarray(pc.fill_null(pc.match_substring_regex(asked, MORE_THAN_COURTESY), False))]
    start = np.full(rows, len(owner), dtype=np.int64)
    np.minimum.at(start, owner[user], place[user])
    latest = np.full(rows, -1, dtype=np.int64)
    np.maximum.at(latest, owner[long], place[long])
    return np.asarray(np.maximum(np.where(start == len(owner), 0, start), latest))


def _letters(taken: Texts, short: Bools, seed: int, salt: int) -> dict[str, Any]:
    """Runs of three letters of the short rows, coded as grams that are no words, and their bands."""
    chosen = np.flatnonzero(short[taken.rows])
    runs, text = letter_grams(taken.texts.take(pa.array(chosen)))
    coded = ((runs << 3) | PAIR_BIT | taken.parts[chosen][text]).astype(np.int64)
    keys = np.unique((taken.rows[chosen][text] << 32) | coded)
    counts = np.bincount(keys >> 32, minlength=len(short)).astype(np.int64)
    flat = (keys & 0x7FFFFFFF).astype(np.int32)
    columns: dict[str, Any] = {"letters": _lists(flat, counts), "short": counts > 0}
    for band, keys in enumerate(bands(flat, counts, seed + 1, salt, LETTER_BANDS)):
        columns[f"letter{band:02d}"] = keys
    return columns


def _lists(values: npt.NDArray[Any], counts: Integers) -> pa.ListArray:
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(counts).astype(np.int32)])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
