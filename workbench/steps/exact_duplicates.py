"""Exact duplicates: equal after stated normalisation; and preferences that contradict each other.

Three kinds of duplicates need no similarity: rows that are equal, conversations that a
longer one begins with word for word, and pairs of answers that are preferred both ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash
from pydantic import Field

from workbench.examples import Example, Message, answer_text
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._keepers import DEFAULT, Criterion, keeper_ranks, rule_in_words
from workbench.steps._preferences import contradictions

TITLE = "Exact duplicates"
SCOPE = "group"
NOT_WORDS = re.compile(r"[^\w]+", re.UNICODE)
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


def features(rows: list[Example], options: Options, _context: object = None) -> dict[str, Any]:
    """128-bit hashes of the normalised row, and 64-bit ones of its beginnings and its answers."""
    hashed = [_hashed(row, options) for row in rows]
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "label": pa.array([row["label"] for row in rows], pa.string()),
        "length": [len(answer_text(row)) for row in rows],
        "turns": [len(row["messages"]) for row in rows],
        "whole": np.array([own["whole"] & _LOW for own in hashed], dtype=np.uint64),
        "check": np.array([own["whole"] >> 64 for own in hashed], dtype=np.uint64),
        "beginnings": pa.array([own["beginnings"] for own in hashed], pa.list_(pa.uint64())),
        "prompt": np.array([own["prompt"] for own in hashed], dtype=np.uint64),
        "chosen": np.array([own["chosen"] for own in hashed], dtype=np.uint64),
        "rejected": np.array([own["rejected"] for own in hashed], dtype=np.uint64),
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
    ids, files, lines = (table[name].to_pylist() for name in ("id", "file", "line"))
    for row in np.flatnonzero((keepers >= 0) | (continued >= 0) | (against.partner >= 0)).tolist():
        evidence: dict[str, Any] = {"keeper_rule": rule}
        if keepers[row] >= 0:
            keeper, proposal = int(keepers[row]), "drop"
            verbatim = ids[row].partition("-")[0] == ids[keeper].partition("-")[0]
            kind = "exact_verbatim" if verbatim else "exact_normalised"
        elif continued[row] >= 0:
            keeper, kind, proposal = int(continued[row]), "continuation", "drop"
            evidence["keeper_rule"] = "the longest conversation that begins so"
        else:
            keeper, kind, proposal = int(against.partner[row]), "preference_conflict", "flag"
            swapped = bool(against.swapped[row])
            evidence = {
                "reason": "the same answers preferred the other way round"
                if swapped
                else "preferences in a circle"
            }
        evidence = {
            "keeper": ids[keeper],
            "keeper_source": {"file": files[keeper], "line": lines[keeper]},
            "similarity": 1.0,
        } | evidence
        source = {"file": files[row], "line": lines[row]}
        yield Finding("exact_duplicates", kind, ids[row], source, 1.0, proposal, evidence)


def normalise(text: str, options: Options) -> str:
    """Apply the chosen normalisations to one message."""
    if options.unicode != "none" and not text.isascii():
        text = unicodedata.normalize(options.unicode, text)
    if options.ignore_case:
        text = text.casefold()
    if options.ignore_punctuation:
        text = NOT_WORDS.sub(" ", text)
    if options.ignore_white_space:
        text = " ".join(text.split())
    return text


_LOW = (1 << 64) - 1


def _hashed(row: Example, options: Options) -> dict[str, Any]:
    running = xxhash.xxh3_128(row["kind"].encode())
    prompt = xxhash.xxh3_64()
    beginnings = []
    for message in row["messages"]:
        line = _line(message, options)
        running.update(line)
        prompt.update(line)
        if message["role"] == "assistant" and not message.get("tool_calls"):
            beginnings.append(running.intdigest() & _LOW)
    answers = [_answer(row.get("chosen") or [], options), _answer(row.get("rejected") or [], options)]
    if row["kind"] == "preference":
        running.update(b"".join(number.to_bytes(8, "big") for number in answers))
    return {
        "whole": running.intdigest(),
        "beginnings": beginnings[:-1] if row["kind"] == "sft" else [],
        "prompt": prompt.intdigest() if row["kind"] == "preference" else 0,
        "chosen": answers[0],
        "rejected": answers[1],
    }


def _answer(messages: list[Message], options: Options) -> int:
    return xxhash.xxh3_64_intdigest(b"".join(_line(message, options) for message in messages))


def _line(message: Message, options: Options) -> bytes:
    text = normalise(message["content"], options)
    return "\x1f".join((message["role"], text, message.get("tool_calls") or "", "\x1e")).encode()


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
    dropped = np.fromiter((i in earlier.dropped for i in table["id"].to_pylist()), bool, table.num_rows)
    stays = (keepers < 0) & ~dropped
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
    labels = np.asarray(
        table["label"].combine_chunks().dictionary_encode().indices.fill_null(-1), dtype=np.int64
    )
    counted = (groups >= 0) & (labels >= 0)
    pair = groups * (labels.max(initial=0) + 1) + labels
    _, place, sizes = np.unique(pair[counted], return_inverse=True, return_counts=True)
    agreement = np.zeros(len(groups), dtype=np.int64)
    agreement[counted] = sizes[place]
    return agreement
