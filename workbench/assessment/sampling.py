"""Tokens and languages, counted on all rows or on a seeded sample of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np

from workbench.assessment.results import Rate, Spread, Tokens, rate
from workbench.errors import InputError
from workbench.examples import Example, answer_text, full_text, prompt_text
from workbench.versions import Dataset

BYTES_PER_TOKEN = 4.0
"""Of UTF-8. English in the tokenizers of current models is near this; other scripts are not."""

LIMITS = (512, 1024, 2048, 4096, 8192)
PERCENTILES = (5, 25, 50, 75, 95, 99, 100)
LANGUAGE_ROWS = 5000
Tick = Callable[[int, int], None]


class Sizes(NamedTuple):
    """Tokens of one row."""

    prompt: int
    answer: int
    whole: int


Counter_ = Callable[[Example], Sizes]


@dataclass(frozen=True)
class Sampled:
    """What one pass over the sampled rows found."""

    tokens: Tokens
    languages: list[Rate]
    languages_rows: int


def measure_sample(
    dataset: Dataset, base: str | None, sample_rows: int, seed: int, tick: Tick | None = None
) -> Sampled:
    """Count tokens of at most ``sample_rows`` rows and languages of at most 5,000 of them."""
    count, name = token_counter(base)
    sizes: list[Sizes] = []
    languages: Counter[str] = Counter()
    for example, for_language in sampled_examples(dataset, sample_rows, seed):
        sizes.append(count(example))
        if for_language:
            languages[_language(example)] += 1
        if tick and len(sizes) % 200 == 0:
            tick(len(sizes), min(sample_rows, dataset.rows))
    judged = sum(languages.values())
    found = [
        rate(code, number, judged) for code, number in sorted(languages.items(), key=lambda i: (-i[1], i[0]))
    ]
    return Sampled(summarise(sizes, dataset.rows, name, base is not None), found, judged)


def sampled_examples(dataset: Dataset, rows: int, seed: int) -> Iterator[tuple[Example, bool]]:
    """The rows with the smallest seeded hashes of their ids, in order; True marks the language sample."""
    import pyarrow as pa
    from xxhash import xxh64_intdigest

    keys = np.fromiter(
        (
            xxh64_intdigest(identity.encode(), seed)
            for batch in dataset.batches(columns=["id"])
            for identity in batch["id"].to_pylist()
        ),
        dtype=np.uint64,
        count=dataset.rows,
    )
    limit, language_limit = _smallest(keys, rows), _smallest(keys, min(rows, LANGUAGE_ROWS))
    position = 0
    for batch in dataset.batches():
        mine = keys[position : position + batch.num_rows]
        position += batch.num_rows
        chosen = mine <= limit
        for example, key in zip(batch.filter(pa.array(chosen)).to_pylist(), mine[chosen], strict=True):
            yield cast("Example", example), bool(key <= language_limit)


def token_counter(base: str | None) -> tuple[Counter_, str]:
    """How tokens are counted, and what to call it."""
    if base is None:
        return _estimated, f"estimated as UTF-8 bytes ÷ {BYTES_PER_TOKEN:g} (name a base model to count them)"
    from workbench.models import load_tokenizer
    from workbench.training.encoding import encode, encode_pair

    tokenizer = load_tokenizer(base)

    def counted(example: Example) -> Sizes:
        try:
            if example["kind"] == "preference":
                pair = encode_pair(tokenizer, example)
                prompt, answer = len(pair.prompt_ids), len(pair.chosen_ids)
                return Sizes(prompt, answer, prompt + answer)
            row = encode(tokenizer, example, "all")
            return Sizes(len(row.input_ids) - row.supervised, row.supervised, len(row.input_ids))
        except InputError:
            # The chat template refuses this row, so that its texts are all there is to count.
            texts = (prompt_text(example), answer_text(example), full_text(example))
            return Sizes(*(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts))

    return counted, f"counted with the tokenizer and chat template of {base}"


def summarise(sizes: list[Sizes], rows: int, name: str, exact: bool) -> Tokens:
    """Percentiles, a histogram by doublings, and the total of all rows.

    The total's bounds are those of a mean (normal approximation) with the correction for a
    sample from a finite set, so that they meet when every row was counted.
    """
    table = np.asarray(sizes, dtype=np.int64).reshape(-1, 3)
    whole = table[:, 2]
    n = len(whole)
    mean = float(whole.mean()) if n else 0.0
    spread = float(whole.std(ddof=1)) if n > 1 else 0.0
    half = 1.959964 * spread / math.sqrt(n) * math.sqrt(max(0.0, 1 - n / rows)) if n else 0.0
    return Tokens(
        counted_with=name,
        exact=exact,
        rows_counted=n,
        rows=rows,
        prompt=_spread(table[:, 0]),
        answer=_spread(table[:, 1]),
        whole=_spread(whole),
        total=round(mean * rows),
        total_low=round((mean - half) * rows),
        total_high=round((mean + half) * rows),
        total_answer=round(float(table[:, 1].mean()) * rows) if n else 0,
        histogram=_histogram(whole),
        longer_than=[rate(f"{limit:,}", int((whole > limit).sum()), n) for limit in LIMITS],
    )


def _spread(values: Any) -> Spread:
    from scipy.stats import quantile_test

    if not len(values):
        return Spread(0.0, {f"p{p}": 0.0 for p in PERCENTILES}, 0.0, 0.0)
    found = np.percentile(values, PERCENTILES)
    bounds = quantile_test(values, p=0.5).confidence_interval(confidence_level=0.95)
    low, high = float(bounds.low), float(bounds.high)
    return Spread(
        round(float(values.mean()), 1),
        {f"p{p}": round(float(value), 1) for p, value in zip(PERCENTILES, found, strict=True)},
        float(values.min()) if math.isnan(low) else low,
        float(values.max()) if math.isnan(high) else high,
    )


def _histogram(values: Any) -> list[tuple[str, int]]:
    """Rows by length; the bins double at every second."""
    if not len(values):
        return []
    edges = [0, 8, 12]
    while edges[-1] <= int(values.max()):
        edges.append(2 * edges[-2])
    counts, _ = np.histogram(values, bins=edges)
    bins = list(zip(edges[:-1], edges[1:], counts.tolist(), strict=True))
    while len(bins) > 1 and bins[0][2] == 0:
        bins.pop(0)
    return [(f"{low:,}–{high - 1:,}", count) for low, high, count in bins]


def _smallest(keys: Any, rows: int) -> Any:
    return np.partition(keys, rows - 1)[rows - 1] if len(keys) > rows else np.uint64(2**64 - 1)


def _language(example: Example) -> str:
    from workbench.steps.language import language_of

    found = language_of(f"{prompt_text(example)}\n{answer_text(example)}", 25, 0.8)
    return found[0] if found else "too short or not sure"


def _estimated(example: Example) -> Sizes:
    prompt, answer = (
        sum(len(entry["content"].encode()) for entry in entries)
        for entries in (
            [m for m in example["messages"] if m["role"] != "assistant"],
            [m for m in [*example["messages"], *(example.get("chosen") or [])] if m["role"] == "assistant"],
        )
    )
    sizes = math.ceil(prompt / BYTES_PER_TOKEN), math.ceil(answer / BYTES_PER_TOKEN)
    return Sizes(*sizes, sum(sizes))
