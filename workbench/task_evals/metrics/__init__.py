"""Metrics of one answer against one reference; a file for each family."""

from workbench.task_evals.metrics import (
    classification,
    json_answers,
    matching,
    numbers,
    overlap,
    patterns,
)
from workbench.task_evals.metrics.metric import Metric, Wanted

METRICS: dict[str, Metric] = {
    metric.name: metric
    for family in (matching, classification, json_answers, numbers, patterns, overlap)
    for metric in family.METRICS
}

__all__ = ["METRICS", "Metric", "Wanted"]
