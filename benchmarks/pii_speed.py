"""The engine for personal data beside stock Presidio: the same findings, documents per CPU second.

``python benchmarks/pii_speed.py [--shared FOLDER] [--texts 1500] [--countries]``. Each way runs in a
process of its own; times are CPU seconds of that process, without loading. With ``--shared`` the texts
are those of the public sets in that folder, else made up: chats of about 290 characters, one in five with
personal data. ``--countries`` takes the recognizers of all countries.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

CHATS = (
    "sft_single/llamafactory_alpaca_en_demo.json.gz",
    "preference/llamafactory_dpo_en_demo.json.gz",
    "sft_multi/llamafactory_glaive_toolcall_en_demo.json.gz",
)
PREFERENCE = "preference/hh_rlhf_harmless_test_0-1499.jsonl.gz"
PLAIN = """the a of and to in is it for on with as this that you can we they one some result model report question
answer example reason water market history paint summer engine letter kitchen number list between because"""
WORDS = PLAIN.split()
VALUES = (
    "Call me at (212) 555-01{:02d}.",
    "My e-mail is user{:02d}@example.com.",
    "The card 4111 1111 1111 1111 expires 12/3{:d}.",
    "See https://www.example.org/page{:d} for more.",
    "The server is 192.0.2.{:d}.",
    "I was born on {:02d}.05.1987.",
)
WARM = "My phone number is (212) 555-0143, my e-mail jo@example.com."  # loads what is loaded on first use
WORKERS = 2

Row = dict[str, Any]


def made_chats(count: int, seed: int = 0) -> list[list[str]]:
    """Preference pairs as four messages: a prompt with two answers, and the prompt again."""
    random.seed(seed)
    chats = []
    for _ in range(count // 4 + 1):
        prompt, chosen, rejected = (_message() for _ in range(3))
        chats.append([prompt, chosen, prompt, rejected])
    return chats


def _message() -> str:
    words = random.choices(WORDS, k=random.randint(20, 90))
    if random.random() < 0.2:
        words.insert(random.randrange(len(words)), random.choice(VALUES).format(random.randint(10, 99)))
    if random.random() < 0.4:
        words.insert(random.randrange(len(words)), f"{random.randint(1, 2030)},")
    return " ".join(words).capitalize() + "."


def shared_texts(folder: Path, names: Sequence[str]) -> list[str]:
    """Every string of 20 to 4,000 characters in the files, in order."""
    found: list[str] = []
    for name in names:
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            values = [json.loads(line) for line in file] if ".jsonl" in name else json.load(file)
        found += [text for text in _strings(values) if 20 <= len(text) <= 4000]
    return found


def preference_messages(folder: Path) -> list[str]:
    """The messages of both sides of every pair, as a scrub meets them."""
    with gzip.open(folder / PREFERENCE, "rt", encoding="utf-8") as file:
        pairs = [json.loads(line) for line in file]
    turns = (
        pair[side].replace("\n\nAssistant:", "\n\nHuman:")
        for pair in pairs
        for side in ("chosen", "rejected")
    )
    return [message.strip() for turn in turns for message in turn.split("\n\nHuman:") if message.strip()]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def recognizers(countries: bool) -> list[Any]:
    """Presidio's recognizers, those on by default or those of all countries."""
    from workbench.personal_data.engine import default_recognizers, every_recognizer

    return every_recognizer() if countries else default_recognizers()


def stock_loop(texts: Sequence[str], countries: bool) -> Callable[[], int]:
    """`AnalyzerEngine.analyze`, one text after the other."""
    from workbench.personal_data.engine import stock_analyzer

    analyzer = stock_analyzer(recognizers(countries))
    analyzer.analyze(WARM, language="en")
    return lambda: sum(len(analyzer.analyze(text, language="en")) for text in texts)


def stock_batch(texts: Sequence[str], countries: bool) -> Callable[[], int]:
    """`BatchAnalyzerEngine`, 64 texts at a time."""
    from presidio_analyzer import BatchAnalyzerEngine

    from workbench.personal_data.engine import stock_analyzer

    analyzer = stock_analyzer(recognizers(countries))
    analyzer.analyze(WARM, language="en")
    batch = BatchAnalyzerEngine(analyzer)
    return lambda: sum(map(len, batch.analyze_iterator(texts, language="en", batch_size=64)))


def fast(texts: Sequence[str], countries: bool, remember: int = 0) -> Callable[[], int]:
    """`FastAnalyzer` without a memory of texts."""
    from workbench.personal_data.fast import FastAnalyzer

    analyzer = FastAnalyzer(recognizers(countries), remember=remember)
    analyzer.analyze(WARM)
    return lambda: sum(len(analyzer.analyze(text)) for text in texts)


def fast_remembering(texts: Sequence[str], countries: bool) -> Callable[[], int]:
    """`FastAnalyzer` as it is used: texts that come again are not read again."""
    return fast(texts, countries, remember=20_000)


def fast_scan(texts: Sequence[str], countries: bool) -> Callable[[], int]:
    """`FastAnalyzer.scan`: the same in bounded time."""
    from workbench.personal_data.fast import FastAnalyzer

    analyzer = FastAnalyzer(recognizers(countries), remember=0)
    analyzer.scan(WARM)
    return lambda: sum(len(analyzer.scan(text)[0]) for text in texts)


WAYS = {
    "stock, one by one": stock_loop,
    "stock, batches of 64": stock_batch,
    "fast": fast,
    "fast, bounded time": fast_scan,
    "fast, remembering": fast_remembering,
}


def measured(way: str, texts: Sequence[str], countries: bool) -> Row:
    """CPU seconds, documents per CPU second, peak memory (MB) and findings of one way."""
    run = WAYS[way](texts, countries)
    started = time.process_time()
    findings = run()
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "way": way,
        "cpu s": round(seconds, 2),
        "docs/CPU-s": round(len(texts) / seconds),
        "peak MB": round(peak),
        "findings": findings,
    }


def speed_table(
    texts: Sequence[str], ways: Sequence[str] = tuple(WAYS), countries: bool = False
) -> list[Row]:
    """One row a way, each from a process of its own, with the speed-up over the first."""
    rows: list[Row] = []
    for way in ways:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            rows.append(pool.submit(measured, way, list(texts), countries).result())
        rows[-1]["speed-up"] = round(rows[-1]["docs/CPU-s"] / rows[0]["docs/CPU-s"], 1)
    return rows


def worker_table(texts: Sequence[str], countries: bool = False) -> list[Row]:
    """The fast engine in one and in two processes: CPU seconds together, and on the clock."""
    rows: list[Row] = []
    for workers in (1, WORKERS):
        parts = [list(texts[at::workers]) for at in range(workers)]
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(measured, ["fast"] * workers, [list(texts[:5])] * workers, [countries] * workers))
            started = time.perf_counter()
            done = list(pool.map(measured, ["fast"] * workers, parts, [countries] * workers))
            clock = time.perf_counter() - started
        cpu = sum(row["cpu s"] for row in done)
        rows.append({"processes": workers, "cpu s": round(cpu, 2), "clock s, with loading": round(clock, 2)})
    return rows


def profile(texts: Sequence[str], countries: bool = False) -> list[Row]:
    """Milliseconds a text of each recognizer alone, stock and fast, the dearest first."""
    from workbench.personal_data.engine import stock_analyzer
    from workbench.personal_data.fast import FastAnalyzer

    FastAnalyzer(recognizers(countries)).analyze(WARM)
    rows: list[Row] = []
    for recognizer in recognizers(countries):
        stock, quick = stock_analyzer([recognizer]), FastAnalyzer([recognizer], remember=0)
        artifacts = [stock.nlp_engine.process_text(text, "en") for text in texts]
        entities = recognizer.supported_entities
        quick.analyze(WARM)
        started = time.process_time()
        for text, words in zip(texts, artifacts, strict=True):
            recognizer.analyze(text, entities, words)
        between = time.process_time()
        for text in texts:
            quick.analyze(text)
        ended = time.process_time()
        rows.append(
            {
                "recognizer": recognizer.name,
                "stock ms": round((between - started) / len(texts) * 1000, 3),
                "fast ms": round((ended - between) / len(texts) * 1000, 3),
            }
        )
    return sorted(rows, key=lambda row: -row["stock ms"])


def show(title: str, rows: Sequence[Row]) -> None:
    """Print rows under each other."""
    print(f"\n{title}")
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]]
    for line in [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)))
    sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shared", type=Path, help="folder of the public data sets")
    parser.add_argument("--texts", type=int, default=1500, help="how many texts of each kind")
    parser.add_argument("--countries", action="store_true", help="the recognizers of all countries")
    asked = parser.parse_args()
    if asked.shared:
        unique = sorted(set(shared_texts(asked.shared, CHATS)))
        random.Random(0).shuffle(unique)
        pairs = preference_messages(asked.shared)
    else:
        pairs = [message for chat in made_chats(asked.texts * 2) for message in chat]
        unique = sorted(set(pairs))
    unique, pairs = unique[: asked.texts], pairs[: asked.texts]
    mean = sum(map(len, unique)) / len(unique)
    show(
        f"{len(unique)} unique messages, {mean:.0f} characters each",
        speed_table(unique, countries=asked.countries),
    )
    again = len(set(pairs)) / len(pairs)
    show(
        f"{len(pairs)} messages of preference pairs, {again:.0%} of them unique",
        speed_table(pairs, ("stock, one by one", "fast, remembering"), asked.countries),
    )
    show("worker processes", worker_table(unique, asked.countries))
    show("recognizers alone, a message", profile(unique[:300], asked.countries)[:20])


if __name__ == "__main__":
    main()
