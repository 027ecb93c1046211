"""Items as sorted arrays: their words, n-grams and rarities, small enough to send to workers.

N-gram overlap after Brown et al. 2020 (GPT-3, appendix C), with each n-gram weighted by its
inverse document frequency over the items (Spärck Jones 1972), so that wording which many
items share says little. A word that no item has can match nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.embedding import content_words
from workbench.leakage.items import Item
from workbench.leakage.words import SMALL_NUMBERS, is_number, stem, words_of
from workbench.steps._hashing import text_hash

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Weights = npt.NDArray[np.float64]

LEAST_ITEMS = 1000
"""With fewer items than this, rarity is counted as if there were this many."""
STOP_SHARE = 1 / 3
COMMON_ITEMS, COMMON_SHARE = 64, 1 / 50
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
TEXT_CHARACTERS = 4000


@dataclass(frozen=True)
class Index:
    """What the rows are compared with. Item ``i`` is ``names[i]``, asking ``texts[i]``.

    ``vocabulary``: word to its number (from 1); ``stems``: word number to stem number.
    ``weights``: rarity of each stem, ``weights[0]`` that of a word no item has.
    ``gram_*``: sorted n-gram hashes, the items that hold each (``gram_items`` between two
    ``gram_starts``) and their rarities; ``gram_totals``: the sum of an item's rarities.
    ``items``: the stems of each item (sparse, shape ``(items, stems)``), ``figures`` which stems
    are numbers, and ``rare`` the weights of the rare ones, shape ``(stems, items)``.
    """

    ngram: int
    names: list[tuple[str, int]]
    texts: list[str]
    lengths: Numbers
    vocabulary: dict[str, int]
    stems: Numbers
    weights: Weights
    item_weights: Weights
    gram_sizes: tuple[int, ...]
    gram_keys: Hashes
    gram_starts: Numbers
    gram_items: Numbers
    gram_weights: Weights
    gram_totals: Weights
    exact: dict[int, int]
    items: Any
    figures: Weights
    rare: Any


def build_index(items: Iterable[Item], ngram: int, least_words: int) -> Index:
    """Index the items that have at least ``least_words`` words; of equal ones, the first."""
    names: list[tuple[str, int]] = []
    texts: list[str] = []
    vocabulary: dict[str, int] = {}
    words: list[Numbers] = []
    exact: dict[int, int] = {}
    for task, number, text in items:
        own = words_of(text)
        if len(own) < least_words or exact.setdefault(text_hash(" ".join(own)), len(names)) != len(names):
            continue
        names.append((task, number))
        texts.append(text[:TEXT_CHARACTERS])
        numbers = [vocabulary.setdefault(word, len(vocabulary) + 1) for word in own]
        words.append(np.array(numbers, dtype=np.int64))
    stems, stem_words = _stems(vocabulary)
    pairs = _item_stems(words, stems)
    weights = _rarity(pairs[:, 0], stem_words, len(names))
    return Index(
        ngram,
        names,
        texts,
        np.array([len(coded) for coded in words], dtype=np.int64),
        vocabulary,
        stems,
        weights,
        np.bincount(pairs[:, 1], weights=weights[pairs[:, 0]], minlength=len(names)).astype(np.float64),
        *_grams(words, ngram),
        exact,
        *_matrices(pairs, stem_words, weights, len(names)),
    )


def rolled(words: Numbers, size: int) -> Hashes:
    """Hash of every run of ``size`` words, shape ``(len(words) - size + 1,)``."""
    mixed = _mixed(words)
    places = max(0, len(words) - size + 1)
    total = np.zeros(places, dtype=np.uint64)
    for offset in range(size):
        total = total * MULTIPLIER + mixed[offset : offset + places]
    return total


def _mixed(words: Numbers) -> Hashes:
    """Spread small numbers over 64 bits (splitmix64; Steele, Lea & Flood 2014)."""
    mixed = words.astype(np.uint64) * MULTIPLIER
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _stems(vocabulary: dict[str, int]) -> tuple[Numbers, list[str]]:
    """Stem number of each word number, and the stems; other forms of the words join the vocabulary."""
    numbers: dict[str, int] = {}
    stems = [0]
    for word in vocabulary:
        stems.append(numbers.setdefault(stem(word), len(numbers) + 1))
    spelled = {figure: word for word, figure in SMALL_NUMBERS.items()}
    for base, number in numbers.items():
        for form in (base, f"{base}s", spelled.get(base, base)):
            if form not in vocabulary and stem(form) == base:
                vocabulary[form] = len(vocabulary) + 1
                stems.append(number)
    return np.array(stems, dtype=np.int64), ["", *numbers]


def _item_stems(words: list[Numbers], stems: Numbers) -> Numbers:
    """Distinct pairs of stem and item, shape ``(pairs, 2)``."""
    if not words:
        return np.zeros((0, 2), dtype=np.int64)
    item = np.repeat(np.arange(len(words)), [len(coded) for coded in words])
    return np.unique(np.stack([stems[np.concatenate(words)], item], axis=1), axis=0)


def _rarity(stems_held: Numbers, stem_words: list[str], items: int) -> Weights:
    """log((n + 1) / items that hold the stem); function words count as held by a third more."""
    size = max(items, LEAST_ITEMS)
    held = np.maximum(np.bincount(stems_held, minlength=len(stem_words)), 1).astype(np.float64)
    for number, word in enumerate(stem_words):
        if number and not is_number(word) and word.isascii() and not content_words(word):
            held[number] += size * STOP_SHARE
    weights = np.maximum(np.log((size + 1) / held), 0.0)
    weights[0] = np.log(size + 1)
    return weights


def _matrices(
    pairs: Numbers, stem_words: list[str], weights: Weights, items: int
) -> tuple[Any, Weights, Any]:
    from scipy.sparse import csr_matrix

    stem_number, item = pairs[:, 0], pairs[:, 1]
    ones = np.ones(len(pairs), dtype=np.float32)
    whole = csr_matrix((ones, (item, stem_number)), shape=(items, len(weights)))
    held = np.bincount(stem_number, minlength=len(weights))
    kept = held[stem_number] <= max(COMMON_ITEMS, items * COMMON_SHARE)
    data = weights[stem_number[kept]].astype(np.float32)
    rare = csr_matrix((data, (stem_number[kept], item[kept])), shape=(len(weights), items))
    return whole, np.array([is_number(word) for word in stem_words], dtype=np.float64), rare


def _grams(
    words: list[Numbers], ngram: int
) -> tuple[tuple[int, ...], Hashes, Numbers, Numbers, Weights, Weights]:
    sizes = [min(ngram, len(coded)) for coded in words]
    own = [np.unique(rolled(coded, size)) for coded, size in zip(words, sizes, strict=True)]
    grams = np.concatenate(own) if own else np.zeros(0, dtype=np.uint64)
    item = np.repeat(np.arange(len(own)), [len(found) for found in own])
    order = np.argsort(grams, kind="stable")
    keys, starts, counts = np.unique(grams[order], return_index=True, return_counts=True)
    weights = np.log((len(words) + 1) / counts).astype(np.float64)
    held = np.bincount(item[order], weights=np.repeat(weights, counts), minlength=len(words))
    ends = np.append(starts, len(grams)).astype(np.int64)
    return (
        tuple(sorted(set(sizes))),
        keys,
        ends,
        item[order].astype(np.int64),
        weights,
        held.astype(np.float64),
    )
