"""Precision and recall with intervals, from the answers to a double check.

Points are stratified estimates (Cochran, Sampling Techniques, 1977, chapter 5): every stratum
counts by its size. Precision of one entity has Wilson's interval (1927). What joins strata has a
95 % interval by simulation: shares are drawn from their Beta posterior under Jeffreys' prior
(Brown, Cai and DasGupta, Statistical Science 16, 2001), missed values a passage from their Gamma
posterior, widened where they come in clusters (quasi-Poisson: McCullagh and Nelder, Generalized
Linear Models, 1989, chapter 6). What was read in full is known and adds nothing to an interval.

Recall is of mentions: true ones found ÷ (true ones found + missed ones), in the texts of messages.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.double_check.samples import Answer, Item, Sample, Stratum
from workbench.paired import wilson

DRAWS = 20_000
PRIOR = 0.5
"""Jeffreys' prior as a number of answers each way, shared out among the strata by their size."""

METHOD = (
    "stratified random sample; precision of one entity by Wilson's interval; precision and recall over "
    "strata by simulation from Jeffreys posteriors (Beta for findings, overdispersed Gamma for missed values)"
)
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Share:
    """A share from 0 to 1 with its 95 % interval; ``answered`` questions of ``of`` findings."""

    name: str
    answered: int
    right: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Recall:
    """Mentions found and truly there, mentions missed (both estimated), and recall's interval."""

    name: str
    found: float
    missed: float
    missed_low: float
    missed_high: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What a double check says so far.

    ``precision`` counts the right kind only, ``precision_any_kind`` also what is personal but of
    another kind. ``recall`` is None while a stratum of passages has no answer. ``more`` is about
    how many answers would bring the intervals within ``within`` on either side.
    """

    check: str
    dataset: str
    answered: int
    unsure: int
    of: int
    precision: Share | None
    precision_any_kind: Share | None
    precision_by_entity: tuple[Share, ...]
    recall: Recall | None
    recall_by_entity: tuple[Recall, ...]
    within: float
    more: dict[str, int]
    method: str = METHOD

    def as_dict(self) -> dict[str, Any]:
        """The machine contract of ``workbench double-check estimate``."""
        return asdict(self)

    def words(self) -> str:
        """How far the check is, what recall means, and how many more answers would help."""
        lines = [
            f"{self.answered} of {self.of} questions answered" + f", {self.unsure} unsure" * bool(self.unsure)
        ]
        if self.recall is None:
            lines.append("recall needs an answer in every stratum of passages, and to one finding")
        if more := [f"{count} about {name}" for name, count in self.more.items() if count]:
            lines.append(f"about {' and '.join(more)} more for ± {self.within:g}")
        return "; ".join(lines) + f"\nmethod: {self.method}"


@dataclass(frozen=True)
class _Stratum:
    """A stratum with what was said about its units: ``(item, answer)``."""

    stratum: Stratum
    said: list[tuple[Item, Answer]]

    @property
    def unread(self) -> int:
        return self.stratum.population - len(self.said)


def estimate(sample: Sample, answers: dict[int, Answer], *, within: float = 0.05) -> Estimate:
    """Precision and recall from the answers so far; unsure ones are left out, and counted.

    ``within`` is the half width of the interval that is wanted, as a share.
    """
    findings, passages = _read(sample, answers, "finding"), _read(sample, answers, "passage")
    rng = np.random.default_rng(0)
    by_entity = tuple(_share(one) for one in findings if one.said)
    strict = _overall("all", findings, ("right",), rng)
    loose = _overall("all, any kind", findings, ("right", "wrong-kind"), rng)
    recall = _recall("all", findings, passages, None, rng)
    entities = _entities(findings, passages) if recall else []
    recalls = [_recall(name, findings, passages, name, rng) for name in entities]
    unsure = sum(answer.said == "unsure" for answer in answers.values())
    return Estimate(
        check=sample.id,
        dataset=sample.dataset,
        answered=len(answers) - unsure,
        unsure=unsure,
        of=len(sample.items),
        precision=strict,
        precision_any_kind=loose,
        precision_by_entity=by_entity,
        recall=recall,
        recall_by_entity=tuple(one for one in recalls if one is not None),
        within=within,
        more={
            "findings": _more(strict, sum(len(one.said) for one in findings), findings, within),
            "passages": _more(recall, sum(len(one.said) for one in passages), passages, within),
        },
    )


def table_rows(found: Estimate) -> list[dict[str, Any]]:
    """Every share of an estimate as a line: ``{name, answered, share, interval}``."""
    shares = [found.precision, found.precision_any_kind, *found.precision_by_entity]
    lines = [
        {"name": f"precision, {one.name}", "answered": f"{one.right} of {one.answered}"} | _numbers(one)
        for one in shares
        if one is not None
    ]
    recalls = [found.recall, *found.recall_by_entity]
    return lines + [
        {"name": f"recall, {one.name}", "answered": f"~{one.missed:,.0f} missed"} | _numbers(one)
        for one in recalls
        if one is not None
    ]


def _numbers(one: Share | Recall) -> dict[str, str]:
    return {"share": f"{one.value:.3f}", "interval": f"{one.low:.3f}–{one.high:.3f}"}


def _read(sample: Sample, answers: dict[int, Answer], ask: str) -> list[_Stratum]:
    said: dict[str, list[tuple[Item, Answer]]] = {}
    for item in sample.items:
        answer = answers.get(item.number)
        if item.ask == ask and answer is not None and answer.said != "unsure":
            said.setdefault(item.stratum, []).append((item, answer))
    return [_Stratum(one, said.get(one.name, [])) for one in sample.strata if one.ask == ask]


def _share(one: _Stratum) -> Share:
    n, right = len(one.said), sum(answer.said == "right" for _, answer in one.said)
    value = right / n
    low, high = (value, value) if not one.unread else wilson(right, n)[1:]
    return Share(one.stratum.name, n, right, one.stratum.population, value, low, high)


def _overall(name: str, findings: list[_Stratum], said: tuple[str, ...], rng: Any) -> Share | None:
    """Share of all findings that are right, each entity by its size."""
    answered = sum(len(one.said) for one in findings)
    if not answered:
        return None
    rights = [sum(answer.said in said for _, answer in one.said) for one in findings]
    pooled = sum(rights) / answered
    total = sum(one.stratum.population for one in findings)
    point, draws = 0.0, np.zeros(DRAWS)
    for one, right in zip(findings, rights, strict=True):
        n, prior = len(one.said), PRIOR * one.stratum.population / total
        point += right + one.unread * (right / n if n else pooled)
        draws += right + one.unread * rng.beta(right + prior, n - right + prior, DRAWS)
    low, high = _bounds(draws / total, point / total)
    # With nothing wrong (or right) in the sample that end is the end of the scale.
    high = 1.0 if sum(rights) == answered else high
    low = 0.0 if not sum(rights) else low
    return Share(name, answered, sum(rights), total, point / total, low, high)


def _recall(
    name: str, findings: list[_Stratum], passages: list[_Stratum], entity: str | None, rng: Any
) -> Recall | None:
    """Recall of one entity, or of everything whatever its kind."""
    if any(not one.said for one in passages) or not any(one.said for one in findings if one.stratum.places):
        return None
    places = sum(one.stratum.places for one in findings if entity in (None, one.stratum.name))
    texts = sum(one.stratum.population for one in passages)
    found = missed = 0.0
    found_draws, missed_draws = np.zeros(DRAWS), np.zeros(DRAWS)
    seen_missed = 0
    for one in findings:
        mine = entity in (None, one.stratum.name)
        kinds = ("right", "wrong-kind") if entity is None else ("right",)
        if mine:
            right = [answer.said in kinds for _, answer in one.said]
            point, draws = _mentions(one, right, one.stratum.places / places if places else 0.0, rng)
            found, found_draws = found + point, found_draws + draws
        if entity is not None:
            wrong = [answer.said == "wrong-kind" and answer.entity == entity for _, answer in one.said]
            if any(wrong):
                point, draws = _mentions(one, wrong, one.stratum.places / places, rng)
                missed, missed_draws, seen_missed = missed + point, missed_draws + draws, seen_missed + 1
    for one in passages:
        counts = [_missed(answer, entity) for _, answer in one.said]
        point, draws = _overlooked(one, counts, one.stratum.population / texts, rng)
        missed, missed_draws, seen_missed = missed + point, missed_draws + draws, seen_missed + sum(counts)
    every = found + missed
    value = found / every if every else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.nan_to_num(found_draws / (found_draws + missed_draws), nan=1.0)
    low, high = _bounds(shares, value)
    missed_low, missed_high = _bounds(missed_draws, missed)
    if not seen_missed:
        high, missed_low = 1.0, 0.0
    return Recall(name, found, missed, missed_low, missed_high, value, low, high)


def _mentions(one: _Stratum, right: Sequence[bool], part: float, rng: Any) -> tuple[float, Floats]:
    """How many of a stratum's spans belong to findings that are ``right``: the point, and draws.

    ``part`` is the stratum's share of all spans.
    """
    n = len(one.said)
    places = [item.places for item, _ in one.said]
    checked = sum(places)
    true = sum(count for count, yes in zip(places, right, strict=True) if yes)
    share = true / checked if checked else 0.0
    rest = one.stratum.places - checked
    prior = PRIOR * part
    draws = true + rest * rng.beta(n * share + prior, n * (1 - share) + prior, DRAWS)
    return true + rest * share, draws


def _overlooked(one: _Stratum, counts: list[int], part: float, rng: Any) -> tuple[float, Floats]:
    """How many values a stratum's passages hide in all: the point, and draws.

    ``part`` is the stratum's share of all passages.
    """
    n, seen = len(counts), sum(counts)
    mean = seen / n
    spread = float(np.var(counts, ddof=1)) / mean if n > 1 and mean else 1.0
    clumped = max(1.0, spread)
    rates = rng.gamma(seen / clumped + PRIOR * part, clumped / n, DRAWS)
    return seen + one.unread * mean, seen + rng.poisson(one.unread * rates).astype(float)


def _missed(answer: Answer, entity: str | None) -> int:
    return sum(count for name, count in answer.missed.items() if entity in (None, name))


def _entities(findings: list[_Stratum], passages: list[_Stratum]) -> list[str]:
    """Kinds that were found and judged, or missed; most questions first."""
    counts: Counter[str] = Counter()
    for one in findings:
        counts[one.stratum.name] += len(one.said)
        counts.update(answer.entity for _, answer in one.said if answer.entity)
    for one in passages:
        for _, answer in one.said:
            counts.update(answer.missed)
    return [name for name, count in counts.most_common() if count]


def _bounds(draws: Floats, point: float) -> tuple[float, float]:
    low, high = np.quantile(draws, (0.025, 0.975))
    return min(float(low), point), max(float(high), point)


def _more(got: Share | Recall | None, answered: int, strata: list[_Stratum], within: float) -> int:
    """About how many more answers: the half width shrinks with the root of their number."""
    left = sum(one.unread for one in strata)
    if got is None or not answered:
        return min(left, 30)
    half = (got.high - got.low) / 2
    return min(left, max(0, math.ceil(answered * ((half / within) ** 2 - 1))))
