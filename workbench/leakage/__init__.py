"""Evaluation leakage: which items there are, and which of them a training row holds."""
