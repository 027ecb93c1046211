"""Calibration: whether the candidate knows when it is wrong.

Confidence is, for a choice among given answers, the softmax of their log-likelihoods at the
likeliest; for a written answer the geometric mean probability of its tokens. Right means that
the likeliest choice is the right one (without length normalisation), or that the answer scored 1.
"""

from __future__ import annotations

import math
from typing import Any

from workbench.paired import Interval
from workbench.red_flags.bounds import told as bounds_told
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, level_of, not_measured
from workbench.red_flags.formats import is_rendered
from workbench.red_flags.pools import sampled, written_pairs
from workbench.red_flags.reliability import Told, bands, chance_error, curve, error_change, error_of
from workbench.scores import Score

NAME = "calibration"
WARN = 0.05
LEAST = 50
Sides = tuple[list[Told], list[Told]]


def measure(candidate: Candidate) -> Flag:
    """By how much calibration error grew over the base's, for choices or written answers, whichever more."""
    arm = candidate.arm.name
    kinds = {"choices": _choices(candidate), "answers": _answers(candidate)}
    kinds = {name: sides for name, sides in kinds.items() if len(sides[1]) >= LEAST}
    if not kinds:
        return not_measured(NAME, arm, f"fewer than {LEAST} items have a confidence")
    alpha = ALPHA / len(kinds)
    changes: dict[str, Interval] = {}
    evidence: dict[str, Any] = {}
    for name, (old, new) in kinds.items():
        own, changes[name] = error_change(old, new, alpha)
        evidence[name] = {
            "items": len(new),
            "error": bounds_told(own),
            "error_by_chance": chance_error(new, ALPHA),
            "base_error": error_of(old),
            "curve": curve(new),
            "base_curve": curve(old),
            **bands(new, ALPHA),
        }
    name, change = max(changes.items(), key=lambda pair: (pair[1].low, pair[1].value))
    found = evidence[name]
    by_chance = found["error"]["value"] <= found["error_by_chance"]
    level = "ok" if by_chance else level_of(change.low, WARN)
    answer = found["bands"]["answer"]
    sure = f"{100 * answer['coverage']:.0f} % of {name} are sure enough to answer alone"
    statement = f"confidence is off by {found['error']['value']:.3f} (base {found['base_error']:.3f}); {sure}"
    evidence |= {
        "unit": "expected calibration error",
        "thresholds": {"warn": WARN},
        "kind": name,
        "change": {key: bounds_told(value) for key, value in changes.items()},
        "method": "ten bins of equal width, bootstrap over items; thresholds chosen on one half of the items",
    }
    return Flag(NAME, arm, level, statement, *change, evidence)


def confidence_of(choices: list[float]) -> tuple[int, float]:
    """The likeliest choice and its softmax."""
    best = max(range(len(choices)), key=lambda number: choices[number])
    return best, 1.0 / sum(math.exp(value - choices[best]) for value in choices)


def _choices(candidate: Candidate) -> Sides:
    sides: Sides = ([], [])
    for task in candidate.tasks:
        old, new = candidate.old[task], candidate.new[task]
        for item in sorted(set(old) & set(new)):
            pair = _chosen(task, old[item]), _chosen(task, new[item])
            if pair[0] and pair[1]:
                sides[0].append(pair[0])
                sides[1].append(pair[1])
    return sides


def _chosen(task: str, score: Score) -> Told | None:
    if not score.choices or score.gold is None or not all(map(math.isfinite, score.choices)):
        return None
    best, confidence = confidence_of(score.choices)
    return Told(f"{task} {score.item}", confidence, best == score.gold)


def _answers(candidate: Candidate) -> Sides:
    """Written answers that score 0 or 1 and are not empty; each arm's own answer is scored again."""
    pairs = [
        (f"{task} {before.item}", before, after)
        for task in candidate.tasks
        for before, after in written_pairs(candidate.old[task], candidate.new[task], candidate.settings.items)
        if {before.score, after.score} <= {0.0, 1.0}
        and before.response
        and after.response
        and before.question
    ]
    wanted = set(sampled([name for name, _, _ in pairs], candidate.settings.items))
    pairs = [pair for pair in pairs if pair[0] in wanted]
    sides: list[list[Told]] = []
    for arm, place in ((candidate.base, 1), (candidate.arm, 2)):
        scores: list[Any] = [pair[place] for pair in pairs]
        prompts = [(str(score.question), is_rendered(score)) for score in scores]
        found = candidate.asking.likelihood(arm, prompts, [[str(score.response)] for score in scores])
        sides.append(
            [
                Told(pair[0], math.exp(own[0].logprob / own[0].tokens), score.score == 1.0)
                for pair, score, own in zip(pairs, scores, found, strict=True)
            ]
        )
    return sides[0], sides[1]
