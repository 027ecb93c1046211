"""Near duplicates: MinHash LSH finds candidates, the true Jaccard similarity decides.

MinHash: Broder 1997; banding: Leskovec, Rajaraman & Ullman, Mining of Massive Datasets,
chapter 3. Rows that differ in numbers, addresses or other slot-like tokens are examples of
one template, not duplicates: they are flagged, never dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from workbench.examples import Example, answer_text, prompt_text
from workbench.findings import Finding
from workbench.recipes import StepOptions
from workbench.steps._earlier import Earlier
from workbench.steps._hashing import text_hash

TITLE = "Near duplicates"
SCOPE = "group"

TOKEN = re.compile(r"[\w@.:/-]*\d[\w@.:/-]*|[^\W\d]+(?:['\u2019][^\W\d]+)?", re.UNICODE)
BANDS, ROWS = 32, 4
MAX_BUCKET = 24
Hashes = npt.NDArray[np.uint64]


class Options(StepOptions):
    """Similarity is Jaccard over word unigrams and bigrams of prompt and answer together.

    ``part_threshold`` must hold for the prompt and for the answer alone, so that one
    question with two different answers is not a duplicate.
    """

    threshold: float = Field(default=0.75, ge=0.3, le=1.0)
    part_threshold: float = Field(default=0.5, ge=0.0, le=1.0)
    min_words: int = Field(default=6, ge=1)
    seed: int = 0


def features(rows: list[Example], options: Options, _context: object = None) -> dict[str, list[Any]]:
    """MinHash bands, shingle hashes of prompt and answer, and a hash of the slot-like tokens."""
    prompts = [_tokens(prompt_text(row)) for row in rows]
    answers = [_tokens(answer_text(row)) for row in rows]
    prompt_hashes, answer_hashes = _shingles(prompts), _shingles(answers)
    bands: list[bytes] = []
    for prompt, answer in zip(prompt_hashes, answer_hashes, strict=True):
        both = np.union1d(prompt, answer)
        bands.append(_bands(both, options.seed).tobytes())
    words = [len(p) + len(a) for p, a in zip(prompts, answers, strict=True)]
    return {
        "id": [row["id"] for row in rows],
        "file": [row["source"]["file"] for row in rows],
        "line": [row["source"]["line"] for row in rows],
        "words": words,
        "bands": bands,
        "prompt": [hashes.tobytes() for hashes in prompt_hashes],
        "answer": [hashes.tobytes() for hashes in answer_hashes],
        "slots": [_slots(p, a) for p, a in zip(prompts, answers, strict=True)],
    }


def find(table: pa.Table, options: Options, earlier: Earlier) -> list[Finding]:
    """Keep the earliest row of a group; every duplicate is verified against its keeper."""
    table = _eligible(table, options, earlier)
    if table.num_rows < 2:
        return []
    columns = {name: table[name].to_pylist() for name in ("id", "file", "line", "slots")}
    neighbours: dict[int, list[tuple[int, float]]] = {}
    for left, right, similarity in verified_pairs(table, options):
        neighbours.setdefault(left, []).append((right, similarity))
    findings, settled, templated = [], set(), set()
    for keeper in sorted(neighbours):
        if keeper in settled:
            continue
        for row, similarity in sorted(neighbours[keeper]):
            if row in settled:
                continue
            if columns["slots"][row] == columns["slots"][keeper]:
                settled.add(row)
                kind, proposal = "near_duplicate", "drop"
            elif row not in templated:
                templated.add(row)
                kind, proposal = "template", "flag"
            else:
                continue
            evidence = {
                "keeper": columns["id"][keeper],
                "keeper_source": {"file": columns["file"][keeper], "line": columns["line"][keeper]},
                "keeper_rule": "first in file order that no earlier step drops",
                "similarity": round(similarity, 4),
            }
            source = {"file": columns["file"][row], "line": columns["line"][row]}
            findings.append(
                Finding("near_duplicates", kind, columns["id"][row], source, similarity, proposal, evidence)
            )
    return findings


def verified_pairs(table: pa.Table, options: Options) -> Iterator[tuple[int, int, float]]:
    """Yield ``(i, j, Jaccard)`` with i < j for candidate rows whose similarity holds."""
    prompt, answer = _arrays(table["prompt"]), _arrays(table["answer"])
    for left, right in candidates(table):
        shared_prompt = _shared(prompt[left], prompt[right])
        shared_answer = _shared(answer[left], answer[right])
        total = sum(len(part[i]) for part in (prompt, answer) for i in (left, right))
        shared = shared_prompt + shared_answer
        if not total:  # two rows without a word have nothing to compare
            continue
        similarity = shared / (total - shared)
        if similarity >= options.threshold and all(
            _jaccard(part[left], part[right], common) >= options.part_threshold
            for part, common in ((prompt, shared_prompt), (answer, shared_answer))
        ):
            yield left, right, similarity


def candidates(table: pa.Table) -> list[tuple[int, int]]:
    """Pairs of rows that share at least one band; large buckets are paired with their head."""
    bands = np.frombuffer(b"".join(table["bands"].to_pylist()), dtype=np.uint64).reshape(-1, BANDS)
    pairs: set[tuple[int, int]] = set()
    for band in range(BANDS):
        order = np.argsort(bands[:, band], kind="stable")
        values = bands[order, band]
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        ends = np.r_[starts[1:], len(values)]
        for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
            members = order[start:end].tolist()
            for position, left in enumerate(members[:MAX_BUCKET]):
                pairs.update((left, right) for right in members[position + 1 :])
    return sorted(pairs)


def _tokens(text: str) -> list[str]:
    return TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _slots(prompt: list[str], answer: list[str]) -> str:
    slots = [token for token in (*prompt, *answer) if any(map(str.isdigit, token)) or "@" in token]
    return " ".join(sorted({str(text_hash(token)) for token in slots}))


def _shingles(rows: list[list[str]]) -> list[Hashes]:
    hashed = []
    for tokens in rows:
        grams = {*tokens, *(f"{a} {b}" for a, b in zip(tokens, tokens[1:], strict=False))}
        values = np.fromiter((text_hash(gram) for gram in grams), np.uint64, len(grams))
        hashed.append(np.sort(values))
    return hashed


def _bands(hashes: Hashes, seed: int) -> Hashes:
    """MinHash signature of BANDS x ROWS permutations, folded to one hash a band."""
    if len(hashes) == 0:
        return np.arange(BANDS, dtype=np.uint64)
    generator = np.random.default_rng(seed)
    factors = generator.integers(1, 2**63, BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
    offsets = generator.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)
    mixed = hashes[:, None] * factors[None, :] + offsets[None, :]
    mixed ^= mixed >> np.uint64(29)
    signature = mixed.min(axis=0).reshape(BANDS, ROWS)
    folded = np.zeros(BANDS, dtype=np.uint64)
    for row in range(ROWS):
        folded = (folded ^ signature[:, row]) * np.uint64(0x9E3779B97F4A7C15)
        folded ^= folded >> np.uint64(31)
    return folded


def _eligible(table: pa.Table, options: Options, earlier: Earlier) -> pa.Table:
    keep = [
        words >= options.min_words and identity not in earlier.dropped
        for identity, words in zip(table["id"].to_pylist(), table["words"].to_pylist(), strict=True)
    ]
    return table.filter(pa.array(keep, pa.bool_()))


def _arrays(column: pa.ChunkedArray) -> list[Hashes]:
    return [np.frombuffer(value, dtype=np.uint64) for value in column.to_pylist()]


def _shared(left: Hashes, right: Hashes) -> int:
    return int(np.isin(left, right, assume_unique=True).sum()) if len(left) and len(right) else 0


def _jaccard(left: Hashes, right: Hashes, shared: int) -> float:
    total = len(left) + len(right) - shared
    return shared / total if total else 1.0
