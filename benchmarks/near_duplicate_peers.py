"""One tool on one file of chats: writes the rows it would remove, each with the row it is like.

``python benchmarks/near_duplicate_peers.py TOOL CHATS.jsonl PAIRS.json``. All peers get the
same: the chat as one text, lower-case word 3-grams, 128 permutations, Jaccard 0.7, and
rows are taken in order: a row goes when it is like an earlier one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

THRESHOLD, PERMUTATIONS, SIZE = 0.7, 128, 3
WORD = re.compile(r"\w+")
Pairs = list[tuple[int, int]]


def texts(path: str) -> list[str]:
    """Each chat as one text."""
    with Path(path).open(encoding="utf-8") as file:
        return ["\n".join(turn["content"] for turn in json.loads(line)["messages"]) for line in file]


def shingles(text: str) -> list[str]:
    """Its distinct word 3-grams."""
    words = WORD.findall(text.lower())
    return list({" ".join(words[i : i + SIZE]) for i in range(max(1, len(words) - SIZE + 1))})


def in_order(index: Any, signatures: Any) -> Pairs:
    """Take rows in order: one that the index knows a like of goes, the others enter the index."""
    pairs = []
    for row, signature in enumerate(signatures):
        found = [
            other for other in index.query(signature) if signatures[other].jaccard(signature) >= THRESHOLD
        ]
        if found:
            pairs.append((row, min(found)))
        else:
            index.insert(row, signature)
    return pairs


def rensa(path: str) -> Pairs:
    """rensa: R-MinHash and its LSH, candidates verified by the signatures."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=16)
    signatures = RMinHash.from_token_sets([shingles(text) for text in texts(path)], PERMUTATIONS, 42)
    return in_order(index, signatures)


def gaoya(path: str) -> Pairs:
    """gaoya: its own tokeniser, index and parallel query."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=16,
        band_size=8,
        analyzer="word",
        lowercase=True,
        ngram_range=(SIZE, SIZE),
    )
    documents = texts(path)
    index.par_bulk_insert_docs(list(range(len(documents))), documents)
    found = index.par_bulk_query(documents)
    return [(row, min(others)) for row, others in enumerate(found) if others and min(others) < row]


def datasketch(path: str) -> Pairs:
    """datasketch: MinHash in bulk, its LSH, candidates verified by the signatures."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    sets = [[gram.encode() for gram in shingles(text)] for text in texts(path)]
    signatures = MinHash.bulk(sets, num_perm=PERMUTATIONS)
    return in_order(index, signatures)


def text_dedup(path: str) -> Pairs:
    """text-dedup: its command, and the clusters it leaves in memory."""
    import tempfile

    from text_dedup import minhash

    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for text in texts(path):
                file.write(json.dumps({"text": text}) + "\n")
        arguments = f"--path json --data_files {rows} --split train --cache_dir {folder}/cache --output {folder}/out --column text --ngram {SIZE} --min_length 1 --num_perm {PERMUTATIONS} --threshold {THRESHOLD} --num_proc 2"
        minhash.main.main(arguments.split(), standalone_mode=False)
    found = minhash.uf
    return [(row, found.find(row)) for row in list(found.parent) if found.find(row) != row]


def workbench(path: str) -> Pairs:
    """Workbench: the step on the imported rows, as a run would propose them, written to disk."""
    from workbench.findings import read_findings
    from workbench.projects import Project
    from workbench.proposing import propose
    from workbench.recipes import parse_recipe
    from workbench.versions import open_dataset

    project = Project(Path(path).parent)
    dataset = open_dataset(project, Path(path).name)
    recipe = parse_recipe("steps: [near_duplicates]", "bench", where="bench")
    for result in propose(project, dataset, recipe, workers=2):
        print(result.step, result.seconds, "s", file=sys.stderr)
    return list(_dropped(read_findings(project, dataset, proposals=("drop",))))


def _dropped(findings: Iterator) -> Iterator[tuple[int, int]]:  # type: ignore[type-arg]
    for finding in findings:
        yield finding.source["line"] - 1, finding.evidence["keeper_source"]["line"] - 1


TOOLS: dict[str, Callable[[str], Pairs]] = {
    "workbench": workbench,
    "rensa": rensa,
    "gaoya": gaoya,
    "datasketch": datasketch,
    "text-dedup": text_dedup,
}

if __name__ == "__main__":
    name, chats, out = sys.argv[1:]
    Path(out).write_text(json.dumps(TOOLS[name](chats)))
