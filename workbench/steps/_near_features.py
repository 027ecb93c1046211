"""What near duplicates are found by: gram sets and MinHash bands of each row, never its text."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from workbench.examples import Example, Message, answer_text
from workbench.steps._minhash import bands
from workbench.steps._shingles import PAIR_BIT, gram_sets, letter_grams, words

SHORT_WORDS = 12
"""Rows of fewer words are compared letter by letter; up to twice as many have letters at hand."""
LETTER_BANDS = 12
COURTESY_WORDS = 3
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Part = Literal["whole", "prompt", "answer"]


def near_features(rows: list[Example], compare: Part, seed: int) -> dict[str, Any]:
    """Gram sets and MinHash bands of each row; letter runs and their bands for short rows."""
    taken = _texts(rows, compare)
    found = words(taken.texts)
    sets = gram_sets(found, taken.rows, taken.parts, taken.last, len(rows))
    length = np.bincount(taken.rows[found.texts], minlength=len(rows))
    signed = np.add.reduceat(np.r_[sets.signed, False], _starts(sets.counts))
    signed = np.where(sets.counts > 0, signed, 0)
    columns: dict[str, Any] = {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "label": pa.array([row["label"] for row in rows], pa.string()),
        "length": [len(answer_text(row)) for row in rows],
        "words": length,
        "grams": _lists(sets.grams, sets.counts),
        "written": _lists(sets.written, sets.counts),
    }
    own = xxhash.xxh3_64_intdigest("".join(columns["id"]).encode())
    for band, keys in enumerate(bands(sets.grams[sets.signed], signed, seed, own)):
        columns[f"band{band:02d}"] = keys
    columns |= _letters(taken, length < 2 * SHORT_WORDS, seed, own)
    return columns


class Texts(NamedTuple):
    """The texts to compare, and for each its row, its part and whether it is of the last exchange."""

    texts: list[str]
    rows: npt.NDArray[np.int64]
    parts: npt.NDArray[np.int64]
    last: Bools


def _texts(rows: list[Example], compare: Part) -> Texts:
    """Take rows apart: part 0 is what the user says, 1 the answers (or chosen), 2 what is rejected."""
    found: list[tuple[str, int, int, bool]] = []
    for index, row in enumerate(rows):
        messages = row["messages"]
        end = _last_exchange(messages)
        answered = row.get("chosen")
        own = [
            (0, message, place >= end) for place, message in enumerate(messages) if message["role"] == "user"
        ]
        if answered:
            own += [(1, message, True) for message in answered]
            own += [(2, message, True) for message in row.get("rejected") or []]
        else:
            turns = enumerate(messages)
            own += [(1, message, place >= end) for place, message in turns if message["role"] == "assistant"]
        for part, message, last in own:
            if compare == "whole" or (compare == "prompt") == (part == 0):
                for text in (message["content"], message.get("tool_calls") or ""):
                    if text:
                        found.append((text, index, part, last))
    texts, numbers, parts, ends = zip(*found, strict=True) if found else ((), (), (), ())
    return Texts(
        list(texts), np.array(numbers, np.int64), np.array(parts, np.int64), np.array(ends, np.bool_)
    )


def _last_exchange(messages: list[Message]) -> int:
    """Where the last exchange begins that is more than a word of thanks."""
    starts = [place for place, message in enumerate(messages) if message["role"] == "user"]
    while len(starts) > 1 and len(messages[starts[-1]]["content"].split()) <= COURTESY_WORDS:
        starts.pop()
    return starts[-1] if starts else 0


def _letters(taken: Texts, short: Bools, seed: int, own: int) -> dict[str, Any]:
    """Runs of three letters of the short rows, coded as grams that are no words, and their bands."""
    chosen = np.flatnonzero(short[taken.rows])
    found = letter_grams([taken.texts[i] for i in chosen])
    sets: list[list[npt.NDArray[np.int32]]] = [[] for _ in short]
    for index, grams in zip(chosen.tolist(), found, strict=True):
        code = (grams & np.int32((1 << 28) - 1)) << np.int32(3)
        sets[taken.rows[index]].append(code | np.int32(PAIR_BIT) | np.int32(taken.parts[index]))
    empty = np.zeros(0, dtype=np.int32)
    merged = [np.unique(np.concatenate(own_sets)) if own_sets else empty for own_sets in sets]
    counts = np.array([len(grams) for grams in merged], dtype=np.int64)
    flat = np.concatenate([empty, *merged])
    columns: dict[str, Any] = {"letters": _lists(flat, counts), "short": short & (counts > 0)}
    for band, keys in enumerate(bands(flat, counts, seed + 1, own)[:LETTER_BANDS]):
        columns[f"letter{band:02d}"] = keys
    return columns


def _lists(values: npt.NDArray[Any], counts: npt.NDArray[np.int64]) -> pa.ListArray:
    offsets = np.concatenate([np.zeros(1, np.int32), np.cumsum(counts).astype(np.int32)])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def _starts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.asarray(np.minimum(np.cumsum(counts) - counts, counts.sum()))
