"""Model-based scores of rows: perplexity, instruction-following difficulty, a judge's marks.

A score is a file of columns beside a version, ``scores/<name>/<version>/<score>.parquet``,
written by a run of the kind ``score``. Nothing is changed by it; the step ``model_scores``
turns scores into findings.
"""
