"""Exact duplicates: equal after stated normalisation; and preferences that contradict each other.

Three kinds of duplicates need no similarity: rows that are equal, conversations that a
longer one begins with word for word, and pairs of answers that are preferred both ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from pydantic import Field

from workbench.examples import Example, columns_of
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._keepers import (
    DEFAULT,
    Criterion,
    is_dropped,
    keeper_ranks,
    label_codes,
    rule_in_words,
)
from workbench.steps._preferences import contradictions
from workbench.steps._taking import described, in_blocks

TITLE = "Exact duplicates"
SCOPE = "group"
COLUMNAR = True
MIRRORED = "the same answers preferred the other way round"
CIRCLE = "preferences in a circle"
Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


class Options(StepOptions):
    """What counts as equal, and which row of equal ones stays.

    ``unicode``: the normal form that characters are brought to first. ``continuations``:
    propose to drop a conversation that is the beginning of a longer one.
    """

    unicode: Literal["NFKC", "NFC", "none"] = "NFKC"
    ignore_case: bool = True
    ignore_white_space: bool = True
    ignore_punctuation: bool = False
    continuations: bool = True
    keeper: list[Criterion] = Field(default=list(DEFAULT))


def features(
    rows: pa.RecordBatch | list[Example], options: Options, _context: object = None
) -> dict[str, Any]:
    """128-bit hashes of the normalised row, and 64-bit ones of its beginnings and its answers."""
    batch = columns_of(rows)
    source = batch.column("source").flatten()
    paired = np.asarray(pc.equal(batch.column("kind"), "preference"))
    tools = _texts_hashed(batch.column("tools"))
    none = np.zeros_like(tools)
    messages = _hashed(batch.column("messages"), tools, options)
    chosen, rejected = (_hashed(batch.column(name), none, options) for name in ("chosen", "rejected"))
    answers = chosen.whole[:, 0] * _MULTIPLY ^ rejected.whole[:, 0]
    whole = np.where(paired[:, None], _mixed(messages.whole * _MULTIPLY + answers[:, None]), messages.whole)
    kept = messages.is_answer & ~messages.is_last_answer & ~paired[messages.rows]
    counts = np.bincount(messages.rows[kept], minlength=batch.num_rows)
    zero = np.uint64(0)
    return {
        "id": batch.column("id"),
        "file": source[0],
        "line": source[1],
        "label": batch.column("label"),
        "length": np.where(paired, chosen.length, messages.length),
        "turns": np.asarray(pc.list_value_length(batch.column("messages"))),
        "whole": whole[:, 0],
        "check": whole[:, 1],
        "beginnings": pa.ListArray.from_arrays(
            pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32()),
            pa.array(messages.beginnings[kept]),
        ),
        "prompt": np.where(paired, messages.whole[:, 0] | np.uint64(1), zero),
        "chosen": np.where(paired, chosen.whole[:, 0], zero),
        "rejected": np.where(paired, rejected.whole[:, 0], zero),
    }


def find(table: pa.Table, options: Options, earlier: Earlier) -> Iterator[Finding]:
    """Keep the best row of each group of equal ones; propose to drop the rest.

    Preferences that contradict each other are flagged: a person must say which is right.
    """
    groups = _groups(table, earlier)
    ranks = keeper_ranks(table, earlier, options.keeper, _agreement(table, groups))
    keepers = _best(groups, ranks)
    continued = (
        _continued(table, keepers, ranks, earlier) if options.continuations else np.full_like(keepers, -1)
    )
    against = contradictions(*(np.asarray(table[name]) for name in ("prompt", "chosen", "rejected")))
    rule = rule_in_words(options.keeper)
    other = np.where(keepers >= 0, keepers, np.where(continued >= 0, continued, against.partner))
    for chosen in in_blocks(np.flatnonzero(other >= 0)):
        for number, row, keeper in zip(
            chosen.tolist(), described(table, chosen), described(table, other[chosen]), strict=True
        ):
            evidence: dict[str, Any] = {
                "keeper": keeper["id"],
                "keeper_source": {"file": keeper["file"], "line": keeper["line"]},
                "similarity": 1.0,
            }
            if keepers[number] >= 0:
                verbatim = row["id"].partition("-")[0] == keeper["id"].partition("-")[0]
                kind, proposal = "exact_verbatim" if verbatim else "exact_normalised", "drop"
                evidence["keeper_rule"] = rule
                if row["label"] and keeper["label"] and row["label"] != keeper["label"]:
                    evidence["labels_differ"] = True
            elif continued[number] >= 0:
                kind, proposal = "continuation", "drop"
                evidence["keeper_rule"] = "the longest conversation that begins so"
            else:
                kind, proposal = "preference_conflict", "flag"
                evidence["reason"] = MIRRORED if against.swapped[number] else CIRCLE
            source = {"file": row["file"], "line": row["line"]}
            yield Finding("exact_duplicates", kind, row["id"], source, 1.0, proposal, evidence)


def normalised(texts: pa.StringArray, options: Options) -> pa.StringArray:
    """Apply the chosen normalisations to each text."""
    if options.unicode != "none":
        texts = pc.utf8_normalize(texts, form=options.unicode)
    if options.ignore_case:
        texts = pc.utf8_lower(texts)
    if options.ignore_punctuation:
        texts = pc.replace_substring_regex(texts, r"[^\pL\pN\pM_]+", " ")
    if options.ignore_white_space:
        texts = pc.binary_join(pc.utf8_split_whitespace(texts), " ")
        texts = pc.utf8_trim_whitespace(texts)
    return texts


class _Hashed(NamedTuple):
    """The conversations of a list column, hashed.

    For each row: ``whole`` (128 bits, shape ``(rows, 2)``) and ``length``, the characters of
    its answers. For each message: its row, the hash of the conversation up to and with it,
    whether it is an answer in words, and whether it is the row's last of these.
    """

    whole: Hashes
    length: Integers
    rows: Integers
    beginnings: Hashes
    is_answer: npt.NDArray[np.bool_]
    is_last_answer: npt.NDArray[np.bool_]


def _hashed(column: pa.ListArray, basis: Hashes, options: Options) -> _Hashed:
    """Hash conversations; ``basis``, shape ``(rows, 2)``, stands for what comes before the first turn."""
    role, content, _, calls, answered_call = column.flatten().flatten()
    rows = np.asarray(pc.list_parent_indices(column), dtype=np.int64)
    lines = pc.binary_join_element_wise(
        role, normalised(content, options), calls, answered_call, "\x1f", null_handling="replace"
    )
    hashes = _texts_hashed(lines)
    counts = np.bincount(rows, minlength=len(column))
    starts = np.cumsum(counts) - counts
    place = np.arange(len(rows)) - starts[rows]
    sums = np.concatenate(
        [np.zeros((1, 2), np.uint64), np.cumsum(_placed(hashes, place), axis=0, dtype=np.uint64)]
    )
    whole = _mixed(sums[starts + counts] - sums[starts] + basis)
    is_answer = np.asarray(pc.and_(pc.equal(role, "assistant"), pc.is_null(calls)))
    answers = np.flatnonzero(is_answer)
    is_last = np.zeros(len(rows), dtype=np.bool_)
    is_last[answers[np.r_[rows[answers][1:] != rows[answers][:-1], True]] if len(answers) else answers] = True
    length = np.bincount(rows, weights=np.asarray(pc.utf8_length(content)) * is_answer, minlength=len(column))
    beginnings = _mixed(sums[1:] - sums[starts[rows]] + basis[rows])[:, 0]
    return _Hashed(whole, length.astype(np.int64), rows, beginnings, is_answer, is_last)


def _texts_hashed(texts: pa.StringArray) -> Hashes:
    """128 bits of xxh3 for each text, 0 for none; shape ``(texts, 2)``."""
    nothing = bytes(16)
    values = texts.cast(pa.binary()).to_pylist()
    digests = [nothing if value is None else xxhash.xxh3_128_digest(value) for value in values]
    return np.frombuffer(b"".join(digests), dtype=np.uint64).reshape(-1, 2)


def _placed(hashes: Hashes, place: Integers) -> Hashes:
    """Hashes of messages, changed by the place that each has in its conversation."""
    turn = _mixed((place.astype(np.uint64) + np.uint64(1)) * _MULTIPLY)
    return _mixed(hashes ^ turn[:, None])


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of MurmurHash3 in 64 bits: every bit moves every bit."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(values ^ (values >> np.uint64(33)))


_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)


def _groups(table: pa.Table, earlier: Earlier) -> Integers:
    """A number for each group of equal rows, or -1 for a row that stands alone; shape ``(rows,)``."""
    shared = earlier.collisions(np.asarray(table["whole"]))
    check = np.asarray(table["check"])[shared.rows]
    order = np.lexsort((shared.rows, check, shared.keys))
    keys, check, rows = shared.keys[order], check[order], shared.rows[order]
    fresh = (
        np.r_[True, (keys[1:] != keys[:-1]) | (check[1:] != check[:-1])] if len(rows) else np.zeros(0, bool)
    )
    groups = np.full(table.num_rows, -1, dtype=np.int64)
    groups[rows] = np.cumsum(fresh) - 1
    return groups


def _best(groups: Integers, ranks: Integers) -> Integers:
    """For each row the best row of its group, or -1 when that is itself."""
    rows = np.flatnonzero(groups >= 0)
    order = rows[np.lexsort((ranks[rows], groups[rows]))]
    first = np.r_[True, groups[order][1:] != groups[order][:-1]] if len(order) else np.zeros(0, bool)
    best = order[first][np.cumsum(first) - 1] if len(order) else order
    keepers = np.full(len(groups), -1, dtype=np.int64)
    keepers[order[~first]] = best[~first]
    return keepers


def _continued(table: pa.Table, keepers: Integers, ranks: Integers, earlier: Earlier) -> Integers:
    """For each row the longest conversation that begins with it, or -1."""
    counts = np.asarray(table["beginnings"].combine_chunks().value_lengths(), dtype=np.int64)
    values = np.asarray(table["beginnings"].combine_chunks().flatten(), dtype=np.uint64)
    owners = np.repeat(np.arange(table.num_rows), counts)
    result = np.full(table.num_rows, -1, dtype=np.int64)
    stays = (keepers < 0) & ~is_dropped(table["id"], earlier)
    values, owners = values[stays[owners]], owners[stays[owners]]
    if not len(values):
        return result
    turns = np.asarray(table["turns"])
    order = np.lexsort((ranks[owners], -turns[owners], values))
    values, owners = values[order], owners[order]
    whole = np.asarray(table["whole"])
    place = np.minimum(np.searchsorted(values, whole), len(values) - 1)
    found = (values[place] == whole) & stays
    result[found] = owners[place[found]]
    return result


def _agreement(table: pa.Table, groups: Integers) -> Integers:
    """How many rows of its group have a row's label."""
    labels = label_codes(table["label"])
    counted = (groups >= 0) & (labels >= 0)
    pair = groups * (labels.max(initial=0) + 1) + labels
    _, place, sizes = np.unique(pair[counted], return_inverse=True, return_counts=True)
    agreement = np.zeros(len(groups), dtype=np.int64)
    agreement[counted] = sizes[place]
    return agreement
