"""Overlap with a reference text: ROUGE (rouge-score), BLEU and chrF (sacrebleu).

Lin 2004 (ROUGE, without stemming), Papineni et al. 2002 and Post 2018 (BLEU), Popović 2015
(chrF). The tokens of ROUGE are letters and digits of any script, Chinese and Japanese
characters one by one; on ASCII texts they are the library's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workbench.task_evals.metrics.metric import Measure, Metric, Wanted

ROUGE = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
MOST_TOKENS = 2000
"""ROUGE-L compares every token with every other; of longer texts the beginning counts."""

CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"[{CJK}]|[^\W_{CJK}]+")
HAS_CJK = re.compile(f"[{CJK}]")


@dataclass(frozen=True)
class Corpus:
    """BLEU and chrF over a whole task, as papers give them, and how they were computed."""

    bleu: float
    bleu_signature: str
    chrf: float
    chrf_signature: str


class _Tokens:
    """What `rouge_score` asks for: a tokenizer for any script."""

    def tokenize(self, text: str) -> list[str]:
        return TOKEN.findall(text.lower())[:MOST_TOKENS]


def rouge(answer: str, reference: str, kind: str) -> float:
    """ROUGE F-measure of one answer; kind is ``rouge_1``, ``rouge_2`` or ``rouge_l``."""
    return float(_rouge(ROUGE[kind]).score(reference, answer)[ROUGE[kind]].fmeasure)


def bleu(answer: str, reference: str, _wanted: Wanted) -> float:
    """Sentence BLEU between 0 and 1: exponential smoothing, orders the answer can have."""
    return _unit(_bleu(_tokenizer([reference])).sentence_score(answer, [reference]).score)


def chrf(answer: str, reference: str, _wanted: Wanted) -> float:
    """Sentence chrF2 between 0 and 1."""
    return _unit(_chrf().sentence_score(answer, [reference]).score)


def corpus(answers: Sequence[str], references: Sequence[str]) -> Corpus:
    """BLEU and chrF of all answers together, between 0 and 1, with sacrebleu's signatures."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    whole_bleu, whole_chrf = BLEU(tokenize=_tokenizer(references)), CHRF()
    given, right = list(answers), [list(references)]
    return Corpus(
        _unit(whole_bleu.corpus_score(given, right).score),
        str(whole_bleu.get_signature()),
        _unit(whole_chrf.corpus_score(given, right).score),
        str(whole_chrf.get_signature()),
    )


def _measure(kind: str) -> Measure:
    return lambda answer, reference, _wanted: rouge(answer, reference, kind)


def _unit(percent: float) -> float:
    return min(1.0, max(0.0, float(percent) / 100))


def _tokenizer(references: Sequence[str]) -> str:
    return "zh" if any(map(HAS_CJK.search, references)) else "13a"


@lru_cache(maxsize=3)
def _rouge(kind: str) -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]

    return RougeScorer([kind], tokenizer=_Tokens())


@lru_cache(maxsize=2)
def _bleu(tokenize: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(effective_order=True, tokenize=tokenize)


@lru_cache(maxsize=1)
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


METRICS = (
    Metric("rouge_1", "words in common (ROUGE-1 F)", _measure("rouge_1")),
    Metric("rouge_2", "word pairs in common (ROUGE-2 F)", _measure("rouge_2")),
    Metric("rouge_l", "longest run of words in the same order (ROUGE-L F)", _measure("rouge_l")),
    Metric("bleu", "word runs in common, up to four (sentence BLEU; the corpus's is given too)", bleu),
    Metric("chrf", "character runs in common (chrF2; the corpus's is given too)", chrf),
)
