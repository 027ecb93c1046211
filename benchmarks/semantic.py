"""Semantic duplicates: precision and recall on published rewordings, beside a plain threshold.

Sets of ../shared/data (or WORKBENCH_SHARED_DATA) with known truth:

* gsm8k: 1,319 questions and a published rewording of each
* T0: the same item under several templates (same data set, row and answer); without gigaword
  and common_gen, where several rows say the same, so that the truth is not known
* edits: 6,000 Alpaca rows, 10 or 20 % of the words of every third row replaced
* slots: 1,500 made rows of five templates that differ in names and numbers: no duplicates

The peers: the same vectors with a plain threshold of 0.9 on prompt and answer, as SemDeDup
does; and semhash with its defaults and our static model, when WORKBENCH_SEMHASH_PYTHON names
a Python that has it.

    python benchmarks/semantic.py [gsm8k|t0|edits|slots …]
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.embedding import make_ready, static
from workbench.embedding.matrix import matrix
from workbench.embedding.neighbours import nearest
from workbench.examples import make_example, message
from workbench.steps import semantic_duplicates
from workbench.steps._earlier import Earlier

DATA = Path(os.environ.get("WORKBENCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
Row = tuple[str, str, Any]
SEMHASH = """
import json, sys
from model2vec import StaticModel
from semhash import SemHash
rows = [{"n": n, "prompt": p, "answer": a} for n, (p, a) in enumerate(json.load(open(sys.argv[1])))]
model = StaticModel.from_pretrained(sys.argv[2])
found = SemHash.from_records(rows, columns=["prompt", "answer"], model=model).self_deduplicate()
pairs = []
for gone in found.filtered:
    pairs.append([gone.record["n"], gone.duplicate_of["n"]])
json.dump(pairs, open(sys.argv[3], "w"))
"""


def lines(name: str) -> list[Any]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def gsm8k() -> list[Row]:
    asked = lines("eval/gsm8k_test.jsonl.gz")
    rows: list[Row] = [(r["question"], r["answer"].split("####")[1].strip(), i) for i, r in enumerate(asked)]
    for i, row in enumerate(lines("near_dup/rephrase_gsm8k.jsonl.gz")):
        question, answer = row["text"].split("Answer:")
        rows.append((question.removeprefix("Question:").strip(), answer.split("####")[1].strip(), i))
    return rows


def t0() -> list[Row]:
    rows = []
    for row in lines("sft_single/t0_templates_shared.jsonl.gz"):
        if row["t0_dataset"] in ("gigaword", "common_gen"):
            continue
        answer = row["completion"].replace("<|endoftext|>", "").strip()
        rows.append((row["prompt"], answer, (row["t0_dataset"], row["t0_row"], answer.lower())))
    return rows


def edits() -> list[Row]:
    with gzip.open(DATA / "sft_single/alpaca_random_6000.json.gz", "rt", encoding="utf-8") as file:
        known = json.load(file)
    generator = random.Random(0)
    words = [word for row in known for word in row["output"].split()]

    def edited(text: str, share: float) -> str:
        own = text.split()
        for place in generator.sample(range(len(own)), min(len(own), max(1, round(len(own) * share)))):
            own[place] = generator.choice(words)
        return " ".join(own)

    rows: list[Row] = []
    for number, row in enumerate(known):
        prompt = f"{row['instruction']}\n{row['input']}".strip()
        rows.append((prompt, row["output"], number))
        if number % 6 < 2:
            share = (0.2, 0.1)[number % 6]
            rows.append((edited(prompt, share), edited(row["output"], share), number))
    return rows


def slots() -> list[Row]:
    generator = random.Random(0)
    names = [
        "Anna",
        "Boris",
        "Carla",
        "Dmitri",
        "Elena",
        "Farid",
        "Greta",
        "Hugo",
        "Irina",
        "Jonas",
        "Kemal",
        "Lucia",
    ]
    cities = ["Berlin", "Paris", "Madrid", "Oslo", "Vienna", "Lisbon", "Dublin", "Prague", "Athens", "Warsaw"]
    rows: dict[str, Row] = {}
    for number in range(1500):
        who, city = generator.choice(names), generator.choice(cities)
        order, days = generator.randint(1000, 99_999), generator.randint(2, 29)
        prompt, answer = (
            (
                f"Where is my order {order}? It should have been here {days} days ago.",
                f"Order {order} left our warehouse and arrives within {days} days.",
            ),
            (
                f"Hello, my name is {who} and I would like to fly from {city} to London.",
                f"Dear {who}, the next flight from {city} to London leaves in the morning.",
            ),
            (
                f"Translate the name {who} into Greek and tell me whether it is used in {city}.",
                f"{who} is used in {city} by many families.",
            ),
            (f"What is {order} plus {days}?", f"{order} plus {days} is {order + days}."),
            (
                f"What is the capital of the country that {city} lies in, {who} asked.",
                f"{who}, the city of {city} lies in a country with a capital.",
            ),
        )[number % 5]
        rows.setdefault(prompt, (prompt, answer, number))
    return list(rows.values())


def ours(rows: list[Row]) -> tuple[list[tuple[int, int]], pa.Table]:
    options = semantic_duplicates.Options(embedder="static")
    tables = []
    for start in range(0, len(rows), 512):
        batch = []
        for number, (prompt, answer, _) in enumerate(rows[start : start + 512], start):
            turns = [
                message({"role": "user", "content": prompt}),
                message({"role": "assistant", "content": answer}),
            ]
            made = make_example("sft", turns)
            made["id"], made["source"] = f"{number:024x}", {"file": "rows", "line": number}
            batch.append(made)
        tables.append(pa.table(semantic_duplicates.features(batch, options, "static")))
    table = pa.concat_tables(tables)
    found = semantic_duplicates.find(table, options, Earlier())
    return [(hit.source["line"], hit.evidence["keeper_source"]["line"]) for hit in found], table


def threshold(table: pa.Table, least: float = 0.9) -> list[tuple[int, int]]:
    """Each row with its first earlier neighbour whose prompt and answer are both alike enough."""
    vectors = matrix(table, ("prompt", "answer"), np.arange(table.num_rows), float("inf"))
    places, _ = nearest(vectors, semantic_duplicates.NEIGHBOURS)
    left = np.repeat(np.arange(len(places)), places.shape[1])
    pairs = np.stack([left, places.ravel()], axis=1)
    pairs = pairs[(pairs[:, 1] >= 0) & (pairs[:, 1] < pairs[:, 0])]
    alike = (vectors.similarity(pairs, 0) >= least) & (vectors.similarity(pairs, 1) >= least)
    first: dict[int, int] = {}
    for row, other in pairs[alike].tolist():
        first.setdefault(row, other)
    return list(first.items())


def semhash(rows: list[Row], folder: Path) -> list[tuple[int, int]] | None:
    python = os.environ.get("WORKBENCH_SEMHASH_PYTHON")
    if not python:
        return None
    given, back = folder / "rows.json", folder / "pairs.json"
    given.write_text(json.dumps([(prompt or " ", answer or " ") for prompt, answer, _ in rows]))
    subprocess.run(
        [python, "-c", SEMHASH, str(given), str(static.made("minilm")), str(back)],
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    return [(a, b) for a, b in json.loads(back.read_text())]


def report(name: str, method: str, rows: list[Row], pairs: list[tuple[int, int]], seconds: float) -> None:
    groups = Counter(truth for _, _, truth in rows)
    wanted = sum(count - 1 for count in groups.values())
    right = sum(rows[a][2] == rows[b][2] for a, b in pairs)
    precision = f"{right / len(pairs):9.4f}" if pairs else "        –"
    recall = f"{right / wanted:7.3f}" if wanted else "      –"
    wrong = len(pairs) - right
    print(
        f"{name:7} {method:34} {len(rows):7,} {len(pairs):8,} {wrong:7,} {precision} {recall} {seconds:7.1f}"
    )


def main() -> int:
    if not (DATA / "eval" / "gsm8k_test.jsonl.gz").exists():
        raise SystemExit(
            f"no data in {DATA}: set WORKBENCH_SHARED_DATA to the folder with gsm8k, T0 and Alpaca"
        )
    import tempfile

    make_ready("static")
    sets = {"gsm8k": gsm8k, "t0": t0, "edits": edits, "slots": slots}
    print(
        f"{'set':7} {'method':34} {'rows':>7} {'flagged':>8} {'wrong':>7} {'precision':>9} {'recall':>7} {'CPU s':>7}"
    )
    for name in sys.argv[1:] or sets:
        rows = sets[name]()
        started = time.process_time()
        pairs, table = ours(rows)
        report(name, "workbench semantic_duplicates", rows, pairs, time.process_time() - started)
        started = time.process_time()
        report(name, "same vectors, threshold 0.9", rows, threshold(table), time.process_time() - started)
        with tempfile.TemporaryDirectory() as folder:
            before = os.times()
            peer = semhash(rows, Path(folder))
            after = os.times()
        if peer is not None:
            spent = after.children_user + after.children_system
            report(
                name,
                "semhash, defaults, same model",
                rows,
                peer,
                spent - before.children_user - before.children_system,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
