"""Generated chats for the benchmarks, and a measured child process."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(os.environ.get("WORKBENCH_BENCH_DATA", "bench-data"))
WORDS = [
    first + second
    for first in ("or", "de", "re", "in", "ac", "su", "pa", "mo", "ti", "lo", "ca", "be")
    for second in (
        "der",
        "live",
        "fund",
        "voice",
        "count",
        "port",
        "cel",
        "ney",
        "tem",
        "gin",
        "rd",
        "st",
        "ming",
    )
]


class Measured(NamedTuple):
    """Wall seconds, CPU seconds and peak resident memory (MB) of a child process."""

    seconds: float
    cpu: float
    memory: float


def chats(rows: int, words: int = 24, seed: int = 0) -> Path:
    """A JSONL of chats in the OpenAI shape; 5 % are copies, 5 % have an e-mail address."""
    path = FOLDER / f"chats-{rows}-{words}.jsonl"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    generator = random.Random(seed)
    kept: list[str] = []
    with path.with_suffix(".tmp").open("w", encoding="utf-8") as file:
        for number in range(rows):
            if kept and generator.random() < 0.05:
                file.write(generator.choice(kept))
                continue
            question = " ".join(generator.choices(WORDS, k=words)) + f" {number}?"
            if generator.random() < 0.05:
                question += f" Write to user{number}@example.com please."
            answer = " ".join(generator.choices(WORDS, k=words)) + "."
            turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            line = json.dumps({"messages": turns, "label": generator.choice("abcdefgh")}) + "\n"
            if len(kept) < 1000:
                kept.append(line)
            file.write(line)
    path.with_suffix(".tmp").rename(path)
    return path


def measured(code: str, *arguments: str) -> Measured:
    """Run Python code in a fresh process (its workers counted) and measure it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    wrapper = (
        "import resource, sys\n" + code + "\n"
        "own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "kids = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print('PEAK', max(own, kids))"
    )
    done = subprocess.run(
        [sys.executable, "-c", wrapper, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = next(line for line in reversed(done.stdout.splitlines()) if line.startswith("PEAK"))
    return Measured(seconds, cpu, int(peak.split()[1]) / 1024)


def show(rows: list[tuple[str, int, Measured]]) -> None:
    """Print one line a measurement."""
    print(f"{'what':44} {'rows':>9} {'seconds':>8} {'CPU s':>7} {'rows/s':>9} {'peak MB':>8}")
    for name, count, found in rows:
        rate = count / found.seconds
        print(f"{name:44} {count:9,} {found.seconds:8.1f} {found.cpu:7.1f} {rate:9,.0f} {found.memory:8,.0f}")


def tree(process_id: int) -> list[int]:
    """A process and all below it."""
    below = []
    for path in Path(f"/proc/{process_id}/task").glob("*/children"):
        try:
            below += [int(child) for child in path.read_text().split()]
        except OSError:
            continue
    return [process_id, *(deeper for child in below for deeper in tree(child))]


def memory(process_id: int) -> float:
    """The proportional set size of a process in MB; 0 when it has ended."""
    try:
        text = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0) / 1024
