"""The default recipe, less its steps with models, over generated chats of about 300 characters.

First every engine over a smaller version, side by side, with a check that the findings are
the same byte for byte; then the whole in worker processes. Prints seconds and rows a second
for each step, the CPU time, and the peak memory of all processes together (proportional set
size, so that a page that several share counts once).

    python benchmarks/propose_speed.py [ROWS [COMPARED_ROWS]]
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from made import chats, memory, tree

from workbench.importing import import_files
from workbench.projects import init_project

MODEL_STEPS = ("clusters", "semantic_duplicates", "outliers", "model_scores")
ENGINES = (
    ("in this process", "local", 1),
    ("worker processes", "workers", 2),
    ("Ray, this machine", "ray", 2),
)
PROPOSE = """
import json, sys
from pathlib import Path
from workbench.projects import Project
from workbench.proposing import propose
from workbench.recipes import load_recipe
from workbench.versions import open_dataset

if __name__ == "__main__":
    home, engine, workers, without = sys.argv[1:]
    project = Project(Path(home))
    recipe = load_recipe("clean")
    steps = [step for step in recipe.steps if step.name not in without.split(",")]
    for place, step in enumerate(steps):
        if step.name == "leakage":  # word by word, without its sentence model
            options = step.options.model_copy(update={"semantic": "off"})
            steps[place] = step.model_copy(update={"options": options})
    recipe = recipe.model_copy(update={"steps": steps})
    results = propose(project, open_dataset(project, "bench"), recipe, engine=engine, workers=int(workers))
    print(json.dumps([result.as_dict() for result in results]))
"""


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    compared = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    found: dict[str, set[str]] = {}
    for name, engine, workers in ENGINES:
        if engine == "ray" and importlib.util.find_spec("ray") is None:
            print("Ray is left out: the extra ray is not installed")
            continue
        for step, digest in show(name, compared, engine, workers).items():
            found.setdefault(step, set()).add(digest)
    unlike = sorted(step for step, digests in found.items() if len(digests) > 1)
    print(
        f"findings of all engines the same byte for byte: {'no: ' + ', '.join(unlike) if unlike else 'yes'}"
    )
    if rows:
        show("worker processes", rows, "workers", 2)
    return 1 if unlike else 0


def show(name: str, rows: int, engine: str, workers: int) -> dict[str, str]:
    """Run the recipe in a project of its own, print a table, return a hash of each step's findings."""
    path = chats(rows)
    with tempfile.TemporaryDirectory() as folder:
        project = init_project(Path(folder) / "p")
        import_files(project, [path], "bench")
        started, before = time.perf_counter(), os.times()
        steps, peak = watched([str(project.root), engine, str(workers), ",".join(MODEL_STEPS)])
        seconds, after = time.perf_counter() - started, os.times()
        files = sorted(project.folder("findings", "bench", "v0001").glob("*.parquet"))
        digests = {file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    told = f"{cpu:,.0f} CPU s, " if engine != "ray" else ""  # Ray's processes are no children of ours
    print(
        f"\n{name} ({workers}), {rows:,} rows: {seconds:,.1f} s, {rows / seconds:,.0f} rows/s, {told}", end=""
    )
    print(f"peak {peak:,.0f} MB")
    for step in steps:
        print(f"  {step['step']:20} {step['findings']:10,} findings {step['seconds']:9.1f} s", end="")
        print(f" {step['rows_per_s']:10,.0f} rows/s")
    return digests


def watched(arguments: list[str]) -> tuple[list[dict[str, Any]], float]:
    """Run the proposal as a process; return its results and the peak memory of its whole tree in MB."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "propose.py"
        script.write_text(PROPOSE, encoding="utf-8")
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
        process = subprocess.Popen(
            [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True, env=environment
        )
        peaks = [0.0]
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.5):
                peaks.append(sum(memory(number) for number in tree(process.pid)))

        thread = threading.Thread(target=watch)
        thread.start()
        out, _ = process.communicate()
        over.set()
        thread.join()
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads(out.splitlines()[-1]), max(peaks)


if __name__ == "__main__":
    sys.exit(main())
