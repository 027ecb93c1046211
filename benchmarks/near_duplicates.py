"""Near duplicates with planted truth, beside rensa, gaoya, datasketch and text-dedup.

``python benchmarks/near_duplicates.py [--rows 50000 200000] [--million] [--repeat 3]``. Peers that are not
installed are left out; text-dedup may live in an environment of its own, whose Python
``WORKBENCH_TEXT_DEDUP`` names.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from made import memory, tree
from planted import KINDS, planted

PEERS = Path(__file__).parent / "near_duplicate_peers.py"


class Run(NamedTuple):
    """What one tool did: wall and CPU seconds, peak memory (MB, its processes together), pairs."""

    seconds: float
    cpu: float
    memory: float
    pairs: list[tuple[int, int]]


def run(tool: str, chats: str) -> Run | None:
    """Run one tool as a process of its own, or None when it is not installed."""
    python = (
        os.environ.get("WORKBENCH_TEXT_DEDUP", sys.executable) if tool == "text-dedup" else sys.executable
    )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "pairs.json"
        before = os.times()
        started = time.perf_counter()
        process = subprocess.Popen(
            [python, str(PEERS), tool, chats, str(out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        peak = _watched(process)
        _, errors = process.communicate()
        seconds = time.perf_counter() - started
        after = os.times()
        if process.returncode:
            if "ModuleNotFoundError" in errors:
                return None
            raise SystemExit(errors)
        if tool == "workbench":
            print("   ", errors.strip().replace("\n", ", "))
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return Run(seconds, cpu, peak[0], json.loads(out.read_text()))


def _watched(process: subprocess.Popen[str]) -> list[float]:
    """Sample the memory (proportional set size) of a process and its children, ten times a second."""
    peak = [0.0]

    def watch() -> None:
        while process.poll() is None:
            peak[0] = max(peak[0], sum(map(memory, tree(process.pid))))
            time.sleep(0.1)

    threading.Thread(target=watch, daemon=True).start()
    return peak


def judged(pairs: list[tuple[int, int]], truth: list[dict[str, Any]]) -> dict[str, Any]:
    """Precision, recall by kind, hard negatives merged, unrelated rows lost."""
    right, lost, found = 0, Counter(), set()
    for row, keeper in pairs:
        if truth[row]["family"] == truth[keeper]["family"]:
            right += 1
            found |= {row, keeper}
        else:
            lost[truth[row]["kind"]] += 1
    by_kind: dict[str, list[bool]] = defaultdict(list)
    counts = Counter(entry["kind"] for entry in truth)
    families: dict[int, int] = Counter(entry["family"] for entry in truth)
    for row, entry in enumerate(truth):
        if entry["kind"] in KINDS and families[entry["family"]] > 1:
            by_kind[entry["kind"]].append(row in found)
    hits = [hit for column in by_kind.values() for hit in column]
    return {
        "precision": right / max(1, len(pairs)),
        "recall": statistics.mean(hits),
        "by_kind": {kind: statistics.mean(column) for kind, column in sorted(by_kind.items())},
        "merged": {kind: lost[kind] / max(1, counts[kind]) for kind in ("hn_slot", "hn_prompt", "hn_short")},
        "lost": lost.total(),
    }


def main() -> None:
    """Print one line a tool and size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="*", default=[50_000, 200_000])
    options.add_argument(
        "--tools", nargs="*", default=["workbench", "rensa", "gaoya", "datasketch", "text-dedup"]
    )
    options.add_argument("--million", action="store_true", help="Workbench alone on 1,000,000 rows.")
    options.add_argument("--repeat", type=int, default=1)
    asked = options.parse_args()
    plan = [(rows, tool) for rows in asked.rows for tool in asked.tools]
    plan += [(1_000_000, "workbench")] if asked.million else []
    for rows, tool in plan:
        path, truth = planted(rows)
        runs = []
        for _ in range(asked.repeat):
            with tempfile.TemporaryDirectory() as folder:
                chats = str(imported(path, Path(folder)) if tool == "workbench" else path)
                runs.append(run(tool, chats))
        done = [one for one in runs if one is not None]
        if not done:
            print(f"{tool:12} is not installed")
            continue
        middle = sorted(done, key=lambda one: one.seconds)[len(done) // 2]
        quality = judged(middle.pairs, truth)
        merged = ", ".join(f"{kind} {share:.2%}" for kind, share in quality["merged"].items())
        print(
            f"{rows:9,} {tool:11} {middle.seconds:7.1f} s {middle.cpu:7.1f} CPU s {rows / middle.seconds:8,.0f} rows/s "
            f"{middle.memory:7,.0f} MB  precision {quality['precision']:.4f}  recall {quality['recall']:.3f}  "
            f"lost {quality['lost']}  merged: {merged}"
        )
        print(
            "    recall: " + ", ".join(f"{kind} {share:.3f}" for kind, share in quality["by_kind"].items()),
            flush=True,
        )


def imported(path: Path, folder: Path) -> Path:
    """Import the chats into a project; not part of what is measured."""
    from workbench.importing import import_files
    from workbench.projects import init_project

    project = init_project(folder / "p")
    import_files(project, [path], "bench")
    return project.root / "bench"


if __name__ == "__main__":
    main()
