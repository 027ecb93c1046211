"""Evaluation leakage: what each way of looking finds, and how often it is wrong, side by side.

Items are the 1,319 questions of GSM8K's test set. Rows that hold one: the question itself,
the question inside a longer text, the question with one word in ten changed, and its
published rephrasing (Yang et al. 2023). Rows that hold none: GSM8K's own training problems,
which are as like as problems can be, and general instructions.

Even lines fit the rules and choose the peers' thresholds; every figure is of odd lines.

    python benchmarks/leakage.py            # reads ../shared/data, or $WORKBENCH_SHARED_DATA
    python benchmarks/leakage.py --fit      # also fits the two rules anew and prints them
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from made import FOLDER
from scipy.stats import binomtest

from workbench.embedding import embed
from workbench.examples import Example, make_example
from workbench.leakage import rephrased
from workbench.leakage.index import build_index
from workbench.leakage.items import Item
from workbench.leakage.matching import Candidate, candidates, coded, crowds
from workbench.steps import leakage

DATA = Path(os.environ.get("WORKBENCH_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
FILES = (
    "eval/gsm8k_test.jsonl.gz",
    "near_dup/rephrase_gsm8k.jsonl.gz",
    "math/gsm8k_train.jsonl.gz",
    "sft_single/alpaca_random_6000.json.gz",
)
GENERAL = 2000
HELD = ("verbatim", "inside", "edited", "rephrased")
CLEAN = ("gsm8k train", "alpaca")
Sets = dict[str, list[str]]
Flags = dict[str, list[bool]]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--fit", action="store_true")
    fit = options.parse_args().fit
    missing = [name for name in FILES if not (DATA / name).exists()]
    if missing:
        print(f"not run: {missing[0]} is not in {DATA}; set WORKBENCH_SHARED_DATA")
        return 0
    items, sets = texts()
    vectors = {name: embedded(sets[name]) for name in ("rephrased", *CLEAN)}
    vectors["items"] = embedded(items)
    if fit:
        fitted(items, sets, vectors)
    table: list[tuple[str, Flags]] = peers(items, sets, vectors) + ours(items, sets)
    show(table)
    return 0


def texts() -> tuple[list[str], Sets]:
    """The items, and for each set a text a row; row i of a held set holds item i."""
    items = [row["question"] for row in lines(FILES[0])]
    again = [row["text"].split("Question: ")[1].split("\nAnswer")[0] for row in lines(FILES[1])]
    with gzip.open(DATA / FILES[3], "rt", encoding="utf-8") as file:
        general = [f"{row['instruction']} {row['input']}".strip() for row in json.load(file)]
    generator = random.Random(0)
    vocabulary = sorted({word for item in items for word in item.split()})
    return items, {
        "verbatim": items,
        "inside": [f"Solve this for my class. {item} Show every step, please." for item in items],
        "edited": [edited(item, vocabulary, generator) for item in items],
        "rephrased": again,
        "gsm8k train": [row["question"] for row in lines(FILES[2])],
        "alpaca": general[:GENERAL],
    }


def lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def edited(text: str, vocabulary: list[str], generator: random.Random) -> str:
    """One plain word in ten replaced; numbers stay, or it would be another problem."""
    return " ".join(
        generator.choice(vocabulary) if word.isalpha() and generator.random() < 0.1 else word
        for word in text.split()
    )


def embedded(rows: list[str]) -> Any:
    """Vectors of all rows, kept from run to run: they cost far more than all the rest."""
    kept = FOLDER / f"minilm-{hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}.npy"
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        np.save(kept, embed([row[: rephrased.CHARACTERS] for row in rows], rephrased.EMBEDDER))
    return np.load(kept)


def peers(items: list[str], sets: Sets, vectors: dict[str, Any]) -> list[tuple[str, Flags]]:
    """Whole-text equality, n-gram overlap as large models report it, MinHash, embeddings alone."""
    whole = {" ".join(words(item)) for item in items}
    found = [("exact, normalised", flags(sets, lambda text: " ".join(words(text)) in whole))]
    for size, who in ((13, "GPT-3"), (8, "any one")):
        known = {gram for item in items for gram in grams(item, size)}
        found.append(
            (f"{size}-gram ({who})", flags(sets, lambda text, s=size, k=known: bool(grams(text, s) & k)))
        )
    if sketched := minhash(items, sets):
        found.append(("MinHash, 128, Jaccard 0.75", sketched))
    nearest = {name: (vectors[name] @ vectors["items"].T).max(axis=1) for name in ("rephrased", *CLEAN)}
    for rate in (0.0005, 0.01):
        limit = np.quantile(nearest["gsm8k train"][::2], 1 - rate)
        found.append(
            (
                f"MiniLM alone, at {rate:.2%} false alarms",
                {name: (near > limit).tolist()[1::2] for name, near in nearest.items()},
            )
        )
    return found


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def grams(text: str, size: int) -> set[str]:
    found = words(text)
    return {" ".join(found[i : i + size]) for i in range(len(found) - size + 1)}


def flags(sets: Sets, holds: Callable[[str], bool]) -> Flags:
    """What a way of looking says of each odd line."""
    return {name: [holds(text) for text in rows[1::2]] for name, rows in sets.items()}


def minhash(items: list[str], sets: Sets) -> Flags | None:
    """A MinHash estimate of the Jaccard index of words and word pairs, when rensa is installed."""
    try:
        from rensa import RMinHash
    except ImportError:
        print("rensa is not installed: no MinHash line")
        return None

    def signature(text: str) -> list[int]:
        sketch = RMinHash(num_perm=128, seed=1)
        sketch.update(sorted(grams(text, 1) | grams(text, 2)))
        return sketch.digest()

    known = np.array([signature(item) for item in items], dtype=np.uint32)
    return flags(
        sets,
        lambda text: bool(((known == np.array(signature(text), dtype=np.uint32)).mean(axis=1) >= 0.75).any()),
    )


def ours(items: list[str], sets: Sets) -> list[tuple[str, Flags]]:
    """The step: kinds that need no model, then rephrasings by words, then with the embedder."""
    index = build_index((Item("gsm8k", number, text) for number, text in enumerate(items)), 8, 6)
    crowd = crowds(index)
    found = []
    settings: tuple[tuple[str, Any], ...] = ((None, "off"), ("words", "auto"), ("model", "on"))
    for embedder, semantic in settings:
        context = leakage.Items(index, crowd, embedder)
        options = leakage.Options(semantic=semantic)
        kinds: dict[str, list[str | None]] = {}
        speed = []
        for name, rows in sets.items():
            examples = [example(text, number) for number, text in enumerate(rows[1::2])]
            started = time.process_time()
            kinds[name] = kinds_of(examples, options, context)
            speed.append(f"{name} {len(examples) / (time.process_time() - started):,.0f}")
        print(f"rows a second of one core, rephrasings by {embedder or 'nothing'}: {', '.join(speed)}")
        if embedder is None:
            for kind in ("exact", "ngram", "near"):
                held = {name: [one == kind for one in own] for name, own in kinds.items()}
                found.append((f"ours: {kind}", held))
        any_kind = {name: [one is not None for one in own] for name, own in kinds.items()}
        found.append((f"ours: all, rephrasings by {embedder or 'nothing'}", any_kind))
    return found


def example(text: str, number: int) -> Example:
    made = make_example("sft", [{"role": "user", "content": text or "?"}])
    made["id"] = str(number)
    made["source"] = {"file": "bench", "line": number}
    return made


def kinds_of(rows: list[Example], options: leakage.Options, context: leakage.Items) -> list[str | None]:
    kinds: list[str | None] = [None] * len(rows)
    for start in range(0, len(rows), 512):
        for finding in leakage.find(rows[start : start + 512], options, context):
            kinds[finding.source["line"]] = finding.kind
    return kinds


def show(table: list[tuple[str, Flags]]) -> None:
    """Share of the odd lines flagged, with its 95 % Wilson interval."""
    names = (*HELD, *CLEAN)
    print("\n| way of looking | " + " | ".join(names) + " |")
    print("| --- |" + " --- |" * len(names))
    for label, found in table:
        print(f"| {label} | " + " | ".join(cell(found.get(name)) for name in names) + " |")


def cell(found: list[bool] | None) -> str:
    if found is None:
        return "–"
    interval = binomtest(sum(found), len(found)).proportion_ci(method="wilson")
    return f"{100 * sum(found) / len(found):.2f} % ({100 * interval.low:.2f}–{100 * interval.high:.2f})"


def fitted(items: list[str], sets: Sets, vectors: dict[str, Any]) -> None:
    """Fit both rules on the even lines of what passes the gate, and print them."""
    from sklearn.linear_model import LogisticRegression

    index = build_index((Item("gsm8k", number, text) for number, text in enumerate(items)), 8, 6)
    crowd = crowds(index)
    features, held = [], []
    for name in ("rephrased", *CLEAN):
        rows = sets[name]
        for found in candidates(coded(rows, index), range(0, len(rows), 2), index, rephrased.GATE):
            if rephrased.stands_out(found, crowd[found.item]):
                cosine = float(vectors[name][found.passage.text] @ vectors["items"][found.item])
                features.append([found.alike, found.numbers, cosine])
                held.append(is_held(name, found))
    for label, columns in (("model", [0, 1, 2]), ("words", [0, 1])):
        rule = LogisticRegression(C=100.0, max_iter=5000).fit(np.array(features)[:, columns], held)
        print(f"rule by {label}: {rule.intercept_[0]:.1f}, {np.round(rule.coef_[0], 1).tolist()}")
    print(f"fitted on {sum(held)} rephrasings and {len(held) - sum(held)} other rows")


def is_held(name: str, found: Candidate) -> bool:
    return name == "rephrased" and found.item == found.passage.text


if __name__ == "__main__":
    sys.exit(main())
