"""Log-likelihoods of given texts: the numbers of lm-evaluation-harness in less than half the work."""

from workbench.likelihood.encoding import encode_pairs
from workbench.likelihood.harness import Check, fast_answer, fast_harness
from workbench.likelihood.layout import Asked
from workbench.likelihood.scoring import Likelihood, score_choices, score_tokens
from workbench.likelihood.shift import Shift, gold_shift

__all__ = [
    "Asked",
    "Check",
    "Likelihood",
    "Shift",
    "encode_pairs",
    "fast_answer",
    "fast_harness",
    "gold_shift",
    "score_choices",
    "score_tokens",
]
