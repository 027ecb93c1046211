"""Which items a batch of texts holds word for word, or nearly.

``exact``: the text is the item. ``ngram``: it holds the item's word n-grams, weighted by
rarity. ``near``: words and word pairs of the two have a high Jaccard index, and every number
of the item is there. The Jaccard index is computed, not estimated by MinHash: the inverted
index of the items' rare words finds the candidates that a MinHash sketch would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.leakage.index import Hashes, Index, Numbers, Weights, rolled
from workbench.leakage.words import is_number, words_of
from workbench.steps._hashing import text_hash

Bools = npt.NDArray[np.bool_]
PASSAGE, STEP = 160, 80
"""Longer texts are compared piece by piece, in words, so that a long row can hold a short item."""
CANDIDATES = 4
ITEMS_AT_ONCE = 512
COPY = 0.6
RARE_SHARE = 0.5
"""Of the likeness that a pair needs, what its rare words alone must show."""


@dataclass(frozen=True)
class Coded:
    """Texts as word numbers, one after the other; text ``i`` from ``starts[i]`` to ``starts[i + 1]``.

    A word that no item has is below 0, the same number for the same word of these texts.
    """

    words: list[list[str]]
    numbers: Numbers
    starts: Numbers


@dataclass(frozen=True)
class Passage:
    """A text, or a piece of a long one: words ``start`` to ``end`` of text ``text``."""

    text: int
    start: int
    end: int


@dataclass(frozen=True)
class Candidate:
    """A passage and the item most like it, before any decision.

    ``alike``: Jaccard index of the stems, weighted by rarity. ``numbers``: the share of the
    numbers on which the two agree (one half when neither has any).
    """

    passage: Passage
    item: int
    alike: float
    numbers: float
    shared_words: int
    shared_numbers: int

    @property
    def agreement(self) -> float:
        """Both measures as one number between 0 and 1: what is worth a closer look."""
        return self.alike * (0.5 + 0.5 * self.numbers)


def coded(texts: Sequence[str], index: Index) -> Coded:
    """Turn texts into the index's word numbers."""
    words = [words_of(text) for text in texts]
    known, unknown = index.vocabulary.get, _Unknown()
    numbers = [known(word) or unknown[word] for own in words for word in own]
    counts = [len(own) for own in words]
    return Coded(words, np.array(numbers, dtype=np.int64), np.concatenate([[0], np.cumsum(counts)]))


def exact_hits(texts: Coded, index: Index) -> dict[int, int]:
    """``{text: item}`` for texts that are an item, word for word."""
    lengths = np.diff(texts.starts)
    possible = np.isin(lengths, index.lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    possible[owner[texts.numbers < 0]] = False
    found = {
        text: index.exact.get(text_hash(" ".join(texts.words[text])))
        for text in np.flatnonzero(possible).tolist()
    }
    return {text: item for text, item in found.items() if item is not None}


def ngram_hits(texts: Coded, index: Index, least: float) -> dict[int, tuple[int, float]]:
    """``{text: (item, overlap)}``: the best item of which a text holds the share ``least``."""
    text, gram = _grams_held(texts, index)
    counts = index.gram_starts[gram + 1] - index.gram_starts[gram]
    place = np.repeat(index.gram_starts[gram] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    item = index.gram_items[place]
    pair, where = np.unique(np.repeat(text, counts) * len(index.names) + item, return_inverse=True)
    weight = np.bincount(where, weights=np.repeat(index.gram_weights[gram], counts), minlength=len(pair))
    overlap = weight / index.gram_totals[pair % len(index.names)] if len(pair) else weight
    best: dict[int, tuple[int, float]] = {}
    for number in np.flatnonzero(overlap >= least).tolist():
        of, found = divmod(int(pair[number]), len(index.names))
        if of not in best or overlap[number] > best[of][1]:
            best[of] = found, float(overlap[number])
    return best


def candidates(texts: Coded, wanted: Sequence[int], index: Index, least: float) -> list[Candidate]:
    """For each wanted text, the passage and item with most `Candidate.agreement`, at least ``least``."""
    passages = [passage for text in wanted for passage in _passages(text, texts)]
    if not passages or not index.names:
        return []
    held, weight = _held(passages, texts, index)
    row, item = _rare_pairs(held, weight, index, least)
    alike, shared, numbers, agreeing = _compared(held[row], weight[row], item, index)
    agreement = alike * (0.5 + 0.5 * agreeing)
    text = np.array([passage.text for passage in passages], dtype=np.int64)[row]
    kept = np.flatnonzero(agreement >= least)
    order = kept[np.lexsort((item[kept], row[kept], -agreement[kept], text[kept]))]
    first = np.unique(text[order], return_index=True)[1]
    return [
        Candidate(
            passages[row[n]],
            int(item[n]),
            float(alike[n]),
            float(agreeing[n]),
            int(shared[n]),
            int(numbers[n]),
        )
        for n in order[first].tolist()
    ]


def crowds(index: Index) -> Weights:
    """How alike each item is to the nearest other item that is no copy of it: what its domain shares."""
    found = np.zeros(len(index.names))
    for start in range(0, len(index.names), ITEMS_AT_ONCE):
        texts = coded(index.texts[start : start + ITEMS_AT_ONCE], index)
        passages = [Passage(text, 0, len(own)) for text, own in enumerate(texts.words)]
        held, weight = _held(passages, texts, index)
        row, item = _rare_pairs(held, weight, index, 0.0)
        alike, _, _, agreeing = _compared(held[row], weight[row], item, index)
        agreement = alike * (0.5 + 0.5 * agreeing)
        others = (row + start != item) & (agreement < COPY)
        np.maximum.at(found, row[others] + start, agreement[others])
    return found


def near_similarity(candidate: Candidate, texts: Coded, index: Index) -> float:
    """Jaccard index of words and word pairs, or 0 when a number of the item is not in the passage."""
    passage = candidate.passage
    own = texts.words[passage.text][passage.start : passage.end]
    grams, numbers = _item(index.texts[candidate.item])
    if not numbers <= set(own):
        return 0.0
    mine = _with_pairs(own)
    return len(mine & grams) / len(mine | grams)


def _grams_held(texts: Coded, index: Index) -> tuple[Numbers, Numbers]:
    """Distinct pairs of text and n-gram (its place in ``gram_keys``) that the texts hold."""
    owner = np.repeat(np.arange(len(texts.words)), np.diff(texts.starts))
    unknown = np.concatenate([[0], np.cumsum(texts.numbers < 0)])
    pairs = []
    for size in index.gram_sizes:
        places = max(0, len(texts.numbers) - size + 1)
        begins = np.arange(places)
        whole = owner[begins] == owner[begins + size - 1]
        begins = begins[whole & (unknown[begins + size] == unknown[begins])]
        hashes = rolled(texts.numbers, size)[begins]
        gram, found = _found(hashes, index.gram_keys)
        pairs.append(np.stack([owner[begins[found]], gram], axis=1))
    held = np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), dtype=np.int64)
    return held[:, 0], held[:, 1]


def _found(hashes: Hashes, keys: Hashes) -> tuple[Numbers, Bools]:
    place = np.minimum(np.searchsorted(keys, hashes), max(0, len(keys) - 1))
    found = keys[place] == hashes if len(keys) else np.zeros(len(hashes), dtype=np.bool_)
    return place[found], found


def _passages(text: int, texts: Coded) -> list[Passage]:
    length = len(texts.words[text])
    if length <= PASSAGE + STEP:
        return [Passage(text, 0, length)]
    starts = range(0, length - PASSAGE + STEP, STEP)
    return [Passage(text, start, min(start + PASSAGE, length)) for start in starts]


def _held(passages: list[Passage], texts: Coded, index: Index) -> tuple[Any, Weights]:
    """Stems of each passage (sparse, shape ``(passages, stems)``) and the weight of all its words."""
    from scipy.sparse import csr_matrix

    places = np.concatenate([np.arange(p.start, p.end) + texts.starts[p.text] for p in passages])
    passage = np.repeat(np.arange(len(passages)), [p.end - p.start for p in passages])
    numbers = texts.numbers[places]
    known = numbers > 0
    keys = np.unique(passage[known] * len(index.weights) + index.stems[numbers[known]])
    row, stems = np.divmod(keys, len(index.weights))
    held = csr_matrix(
        (np.ones(len(keys), dtype=np.float32), (row, stems)), shape=(len(passages), len(index.weights))
    )
    others = np.unique(np.stack([passage[~known], numbers[~known]]), axis=1)[0]
    weight = np.bincount(row, weights=index.weights[stems], minlength=len(passages))
    return held, weight + index.weights[0] * np.bincount(others, minlength=len(passages))


def _rare_pairs(held: Any, weight: Weights, index: Index, least: float) -> tuple[Numbers, Numbers]:
    """Passages and the few items each that share most of their rare words, by sparse product."""
    shared = (held @ index.rare).tocoo()
    alike = shared.data / (weight[shared.row] + index.item_weights[shared.col] - shared.data)
    kept = np.flatnonzero(alike >= RARE_SHARE * least)
    order = kept[np.lexsort((shared.col[kept], -alike[kept], shared.row[kept]))]
    rank = np.arange(len(order)) - np.searchsorted(shared.row[order], shared.row[order])
    order = order[rank < CANDIDATES]
    return shared.row[order].astype(np.int64), shared.col[order].astype(np.int64)


def _compared(
    held: Any, weight: Weights, item: Numbers, index: Index
) -> tuple[Weights, Numbers, Numbers, Weights]:
    """For each pair: Jaccard index by weight, shared stems, shared numbers, agreement of numbers."""
    both = held.multiply(index.items[item]).tocsr()
    common = both @ index.weights
    alike = common / np.maximum(weight + index.item_weights[item] - common, 1e-9)
    shared, numbers = np.diff(both.indptr), both @ index.figures
    either = held @ index.figures + index.items[item] @ index.figures - numbers
    return alike, shared.astype(np.int64), numbers.astype(np.int64), (numbers + 0.5) / (either + 1.0)


@lru_cache(maxsize=4096)
def _item(text: str) -> tuple[frozenset[object], frozenset[str]]:
    """An item's words with its word pairs, and its numbers."""
    words = words_of(text)
    return frozenset(_with_pairs(words)), frozenset(word for word in words if is_number(word))


def _with_pairs(words: list[str]) -> set[object]:
    return {*words, *zip(words, words[1:], strict=False)}


class _Unknown(dict[str, int]):
    """Numbers below 0 for words, in the order they are met."""

    def __missing__(self, word: str) -> int:
        number = self[word] = -1 - len(self)
        return number
