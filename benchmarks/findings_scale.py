"""Two million findings over a million rows: counted, filtered, decided in bulk, published.

Every action runs in a process of its own; its time and peak memory are beside those of what
it replaces, all findings as Python objects.

    python benchmarks/findings_scale.py [ROWS]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from made import FOLDER, WORDS, measured, show

from workbench.examples import Example, make_example, message
from workbench.files import write_json
from workbench.findings import findings_folder, write_findings
from workbench.projects import Project, init_project
from workbench.versions import Dataset, open_dataset, write_version

START = """
from pathlib import Path
from workbench.finding_filter import parse_filter
from workbench.finding_queries import count_by, count_findings, listed, page, stream_findings
from workbench.projects import Project
from workbench.versions import open_dataset
project = Project(Path(sys.argv[1]))
dataset = open_dataset(project, "bench@v1")
"""
OBJECTS = """
from workbench.findings import read_findings
found = list(read_findings(project, dataset))
"""
COUNT = """
with listed(project, dataset) as connection:
    count_by(connection, parse_filter(""), ["step", "kind", "proposal", "state"])
"""
PAGE = """
with listed(project, dataset) as connection:
    chosen = parse_filter("state=waiting proposal=drop min_score=0.8")
    count_findings(connection, chosen)
    assert page(connection, chosen, order="least-sure", limit=50, offset=1000)
"""
STREAM = """
with listed(project, dataset) as connection:
    assert sum(batch.num_rows for batch in stream_findings(connection, parse_filter(""), order="least-sure"))
"""
BULK = """
from workbench.bulk import decide_where
assert decide_where(project, dataset, parse_filter("kind=template"), "accept", why="all of one form")
assert decide_where(project, dataset, parse_filter("step=clusters"), "accept")
"""
PLAN = """
from workbench.reviewing import publish_plan
with listed(project, dataset) as connection:
    print(publish_plan(connection, project, dataset), file=sys.stderr)
"""
PUBLISH = """
from workbench.publishing import publish
publish(project, dataset)
"""
DIFF = """
from workbench.comparing import diff
diff(project, dataset, open_dataset(project, "bench"))
"""


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        project = init_project(Path(folder) / "project")
        dataset = write_version(project, "bench", _examples(rows), origin={"verb": "benchmark"})
        count = _write_all(project, open_dataset(project, dataset.ref))
        print(f"{count:,} findings over {rows:,} rows")
        table = []
        for name, code in (
            ("all findings as Python objects", OBJECTS),
            ("count by reason and state", COUNT),
            ("count and show page 21 of a filter", PAGE),
            ("stream all, sorted by score", STREAM),
            ("decide in bulk, twice", BULK),
            ("count by reason and state, decided", COUNT),
            ("page 21 of a filter, decided", PAGE),
            ("plan: what publishing would do", PLAN),
            ("publish", PUBLISH),
            ("diff of both versions", DIFF),
        ):
            table.append((name, count, measured(START + code, str(project.root))))
            show(table[-1:])
    print()
    show(table)
    return 0


def _examples(rows: int) -> Iterator[Example]:
    for number in range(rows):
        words = [WORDS[(number // step) % len(WORDS)] for step in (1, 7, 49, 343, 2401, 16807)]
        turns = [
            message({"role": "user", "content": " ".join(words) + f" {number}?"}),
            message({"role": "assistant", "content": "Yes, " + " ".join(reversed(words)) + "."}),
        ]
        made = make_example("sft", turns, label="abcdefgh"[number % 8])
        made["source"] = {"file": "bench.jsonl", "line": number + 1}
        yield made


def _write_all(project: Project, dataset: Dataset) -> int:
    """A tag for every row; a duplicate, a template or a rewrite for most rows."""
    folder = findings_folder(project, dataset)
    shares = {
        "personal_data": ("personal_data", "rewrite", 6, 1),
        "near_duplicates": ("near_duplicate", "drop", 6, 2),
        "quality": ("refusal", "flag", 6, 3),
        "templates": ("template", "flag", 2, 1),
        "clusters": ("cluster", "tag", 1, 0),
    }
    total = 0
    for step, (kind, proposal, each, rest) in shares.items():
        found = _findings(dataset, step, kind, proposal, each, rest)
        total += write_findings(folder / f"{step}.parquet", found, "benchmark")
    recipe = {"name": "bench", "steps": [{step: {}} for step in shares]}
    write_json(folder / "propose.json", {"recipe": recipe, "dataset": dataset.ref})
    return total


def _findings(
    dataset: Dataset, step: str, kind: str, proposal: str, each: int, rest: int
) -> Iterator[pa.Table]:
    number = 0
    for batch in dataset.batches(["id", "source"], rows=50_000):
        places = [i for i in range(batch.num_rows) if (number + i) % each == rest % each]
        part = pa.table(batch).take(places)
        evidence = [_evidence(kind, number + i, batch["id"][0].as_py()) for i in places]
        score = [(number + i) * 7919 % 1000 / 1000 for i in places]
        number += batch.num_rows
        yield pa.table(
            {
                "step": pa.repeat(step, len(places)),
                "kind": pa.repeat(kind, len(places)),
                "example_id": part["id"],
                "source": part["source"],
                "score": pa.array(score, pa.float64()),
                "proposal": pa.repeat(proposal, len(places)),
                "evidence": pa.array(evidence, pa.string()),
            }
        )


def _evidence(kind: str, number: int, keeper: str) -> str:
    span = {"part": "messages", "message": 0, "start": 0, "end": 4, "entity": "X", "replacement": "<X>"}
    found = {
        "personal_data": {"spans": [span]},
        "near_duplicate": {"keeper": keeper, "similarity": 0.9},
        "cluster": {"cluster": str(number % 50), "tags": [f"cluster:{number % 50}"]},
    }
    return json.dumps(found.get(kind, {"template": str(number % 999), "rows": 1000}))


if __name__ == "__main__":
    sys.exit(main())
