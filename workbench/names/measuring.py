"""How well names are found in labelled sentences: precision by overlap, share of names wholly masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.names.corpora import Sentence
from workbench.names.crf import KINDS, Chances
from workbench.names.decoding import Named, named
from workbench.names.features import Features
from workbench.names.tokens import Token

LOWEST = 0.03
_KNOTS = 12

Reading = tuple[Sentence, list[tuple[Chances, bool]]]


def read_with(tagger: Any, features: Features, sentences: Sequence[Sentence]) -> list[Reading]:
    """The chances a tagger gives the tokens of labelled sentences."""
    read = []
    for one in sentences:
        tagger.set(features.of_sentence(one.words, one.before))
        labels = set(tagger.labels())
        chances: list[tuple[Chances, bool]] = []
        for at in range(len(one.words)):
            pairs = [
                [tagger.marginal(label, at) for label in ("B-" + kind, "I-" + kind) if label in labels]
                for kind in KINDS
            ]
            person, place, organisation = (sum(pair) for pair in pairs)
            best = max(pairs, key=sum)
            chances.append(((person, place, organisation), len(best) < 2 or best[0] > best[1]))
        read.append((one, chances))
    return read


def gold(one: Sentence, kind: str) -> list[tuple[int, int]]:
    """The token ranges (first, last exclusive) that are labelled as of a kind."""
    found: list[tuple[int, int]] = []
    for at, label in enumerate(one.labels):
        if label == "I-" + kind and found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + 1)
        elif label in ("B-" + kind, "I-" + kind):
            found.append((at, at + 1))
    return found


def spaced(one: Sentence) -> list[Token]:
    """The words as tokens of a text with single spaces between."""
    tokens, at = [], 0
    for word in one.words:
        tokens.append((word, at))
        at += len(word) + 1
    return tokens


def figures(read: Sequence[Reading], thresholds: dict[str, float]) -> dict[str, Any]:
    """By kind: spans found, the share that touch a labelled one, names, the share wholly masked.

    ``handles`` (@name) count neither way: corpora disagree on them.
    """
    measured: dict[str, Any] = {}
    for kind in ("PERSON", "LOCATION"):
        found = right = names = masked = 0
        for one, chances in read:
            spans = named(spaced(one), chances, {k: v for k, v in thresholds.items() if k != "ORGANIZATION"})
            truth = gold(one, kind)
            mine = [s for s in spans if s.kind == kind and one.words[s.first][0] != "@"]
            found += len(mine)
            right += sum(_touches(span, truth) for span in mine)
            covered = {at for span in spans for at in range(span.first, span.last)}
            counted = [range(a, b) for a, b in truth if one.words[a][0] != "@"]
            names += len(counted)
            masked += sum(
                all(at in covered or not one.words[at][0].isalnum() for at in each) for each in counted
            )
        measured[kind] = {
            "found": found,
            "precision": round(right / found, 4) if found else None,
            "names": names,
            "masked": round(masked / names, 4) if names else None,
        }
    return measured


def calibration(read: Sequence[Reading]) -> dict[str, list[tuple[float, float]]]:
    """By kind, points (raw score, share of spans that were right), rising (isotonic regression)."""
    from sklearn.isotonic import IsotonicRegression

    points: dict[str, list[tuple[float, float]]] = {}
    for kind in KINDS:
        raw: list[float] = []
        right: list[float] = []
        for one, chances in read:
            truth = gold(one, kind)
            for span in named(spaced(one), chances, dict.fromkeys(KINDS, LOWEST)):
                if span.kind == kind:
                    raw.append(span.raw)
                    right.append(float(_touches(span, truth)))
        if not raw:
            points[kind] = []
            continue
        fitted = IsotonicRegression(y_min=0.02, y_max=0.99, out_of_bounds="clip").fit(raw, right)
        low, high = min(raw), max(raw)
        at = [low + (high - low) * step / (_KNOTS - 1) for step in range(_KNOTS)]
        points[kind] = [
            (round(x, 4), round(float(y), 4)) for x, y in zip(at, fitted.predict(at), strict=True)
        ]
    return points


def _touches(span: Named, truth: Sequence[tuple[int, int]]) -> bool:
    return any(span.first < last and first < span.last for first, last in truth)
