"""Canaries: made-up secrets planted before training and looked for in what the model says after it."""
