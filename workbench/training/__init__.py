"""Training: settings, how rows become tokens, and the checks before a run."""
