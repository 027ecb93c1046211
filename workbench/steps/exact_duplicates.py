"""Exact duplicates: equal after stated normalisation."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

import pyarrow as pa

from workbench.examples import Example, answer_text, parts
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier

TITLE = "Exact duplicates"
SCOPE = "group"
NOT_WORDS = re.compile(r"[^\w]+", re.UNICODE)


class Options(StepOptions):
    """What counts as equal: Unicode NFKC always; case, white space, punctuation by choice."""

    ignore_case: bool = True
    ignore_white_space: bool = True
    ignore_punctuation: bool = False


def features(rows: list[Example], options: Options, _context: object = None) -> dict[str, list[Any]]:
    """Hashes of the normalised and of the verbatim row, and the answer's length."""
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "normalised": [_hash(row, options, ordered=True) for row in rows],
        "unordered": [_hash(row, options, ordered=False) for row in rows],
        "verbatim": [row["id"].split("-")[0] for row in rows],
        "length": [len(answer_text(row)) for row in rows],
    }


def find(table: pa.Table, _options: Options, earlier: Earlier) -> list[Finding]:
    """Keep the first row of each group that no earlier step drops; propose to drop the rest.

    Two pairs with the same answers, preferred the other way round, are flagged.
    """
    columns = table.to_pydict()
    keepers: dict[str, int] = {}
    pairs: dict[str, int] = {}
    findings = []
    order = sorted(range(table.num_rows), key=lambda i: columns["id"][i] in earlier.dropped)
    for i in order:
        keeper = keepers.setdefault(columns["normalised"][i], i)
        other = pairs.setdefault(columns["unordered"][i], i)
        if keeper != i:
            verbatim = columns["verbatim"][i] == columns["verbatim"][keeper]
            kind, proposal = "exact_verbatim" if verbatim else "exact_normalised", "drop"
        elif other != i:
            keeper, kind, proposal = other, "preference_conflict", "flag"
        else:
            continue
        findings.append(
            Finding(
                "exact_duplicates",
                kind,
                columns["id"][i],
                {"file": columns["file"][i], "line": columns["line"][i]},
                1.0,
                proposal,
                {
                    "keeper": columns["id"][keeper],
                    "keeper_source": {"file": columns["file"][keeper], "line": columns["line"][keeper]},
                    "keeper_rule": "first in file order that no earlier step drops",
                    "similarity": 1.0,
                },
            )
        )
    return findings


def normalise(text: str, options: Options) -> str:
    """Apply the chosen normalisations to one message."""
    text = unicodedata.normalize("NFKC", text)
    if options.ignore_case:
        text = text.casefold()
    if options.ignore_punctuation:
        text = NOT_WORDS.sub(" ", text)
    if options.ignore_white_space:
        text = " ".join(text.split())
    return text


def _hash(row: Example, options: Options, *, ordered: bool) -> str:
    turns = [
        "\x1f".join(
            (
                part if ordered or part == "messages" else "answer",
                entry["role"],
                normalise(entry["content"], options),
                entry.get("tool_calls") or "",
            )
        )
        for part, _, entry in parts(row)
    ]
    if not ordered and row["kind"] == "preference":
        turns.sort()
    return hashlib.sha256("\x1e".join(turns).encode()).hexdigest()[:24]
